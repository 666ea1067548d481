//! Tells the `rust-std` subject which version of std it was built with; the standard library itself does not say.

use std::process::Command;

fn main() {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let said = Command::new(rustc).arg("--version").output().map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let version = said.ok().and_then(|text| text.split(' ').nth(1).map(|word| word.trim().to_owned())).unwrap_or_else(|| "unknown".into());
    println!("cargo::rustc-env=CHILDPROOF_RUSTC_VERSION={version}");
    println!("cargo::rerun-if-changed=build.rs");
    // These folders are embedded, and the macro that does it cannot tell cargo of new files.
    println!("cargo::rerun-if-changed=fixtures/subjects");
    println!("cargo::rerun-if-changed=scenarios");
}
