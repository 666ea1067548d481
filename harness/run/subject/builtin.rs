//! Subjects that are this program itself, started as `childproof __subject NAME`: nothing needs to be installed or built for them.

use crate::reference;

#[path = "../../../fixtures/subjects/rust-std/adapter.rs"]
mod rust_std;

/// Becomes the adapter of that name for the rest of the process's life.
pub fn main(name: &str) -> ! {
    match name.split_once(':').unwrap_or((name, "")) {
        ("rust-std", "") => rust_std::main(),
        ("raw", "") => reference::adapter::main(None),
        ("raw", fault) => match fault.parse() {
            Ok(fault) => reference::adapter::main(Some(fault)),
            Err(message) => unknown(&message),
        },
        ("raw-worker", "") => reference::worker::main(None),
        ("raw-worker", fault) => reference::worker::main(fault.parse().ok()),
        ("not", why) => {
            eprintln!("childproof: {why}");
            std::process::exit(127)
        }
        ("broken", how) => super::broken::main(how),
        _ => unknown(&format!("`{name}` is not built in: rust-std, raw, raw:FAULT")),
    }
}

fn unknown(message: &str) -> ! {
    eprintln!("childproof __subject: {message}");
    std::process::exit(2)
}
