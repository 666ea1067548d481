//! No dead child is left unreaped.
//!
//! A zombie keeps its process id and counts against the process limit until its parent waits or ends. A long-running program
//! that leaves one per start runs out of processes one day.
//!
//! # References
//! POSIX.1-2024 `waitpid()`, `_exit()` "Consequences of Process Termination"; wait(2) NOTES on zombies.

use super::nothing_survives::words;
use crate::judge::verdict::{Finding, Hygiene};
use crate::judge::{Property, view};
use crate::plan::script::CheckDecl;
use crate::trace::History;

/// See the module.
pub struct NoZombie;

impl Property for NoZombie {
    fn name(&self) -> &'static str {
        "no-zombie"
    }
    fn says(&self) -> &'static str {
        "every child that ended was waited for by the last step"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 waitpid(), _exit(); wait(2)"
    }
    fn universal(&self) -> bool {
        true
    }
    fn flag(&self) -> Option<Hygiene> {
        Some(Hygiene::Zombie)
    }
    fn judge(&self, history: &History, _: &CheckDecl) -> Finding {
        if let Err(unseen) = view::observed(history) {
            return unseen;
        }
        let dead = history.observed.left.iter().filter(|left| left.state == "zombie");
        let words: Vec<String> = dead.map(|left| words(history, left)).collect();
        if words.is_empty() { Finding::Pass } else { Finding::fail("no zombie left", view::list(words, 8), "warden", vec![]) }
    }
}
