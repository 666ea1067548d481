//! `childproof doctor`: which isolation levels work here.

use super::exit::{Ended, Exit};
use super::out;
use std::fmt::Write;

/// Performs it; 3 where no level works at all.
///
/// # Errors
/// A closed pipe.
pub fn run() -> Ended {
    let lines = crate::run::doctor();
    let mut text = format!("{} {}, {} CPUs\n", std::env::consts::OS, std::env::consts::ARCH, super::run::cpus());
    for line in &lines {
        let works = if line.works { "works" } else { "does not work" };
        let _ = writeln!(text, "{}", format!("  {:10} {works:14} {}", line.level.name(), line.why).trim_end());
    }
    let best = lines.iter().find(|line| line.works);
    let _ = match best {
        Some(line) => writeln!(text, "`childproof run` uses {}", line.level),
        None => writeln!(text, "no isolation level works here"),
    };
    out::print(&text)?;
    Ok(if best.is_some() { Exit::AsExpected } else { Exit::Harness })
}
