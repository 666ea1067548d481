//! No process outlives its case.
//!
//! A process that is still alive when the root has performed its last step holds pipes open, keeps a port, eats a CPU, and
//! nobody will ever wait for it. Scenarios that are about orphans lift this with `permits:`.
//!
//! # References
//! POSIX.1-2024 `_exit()`: children of a terminated process are assigned a new parent, they do not end. Observed only.

use crate::judge::verdict::{Finding, Hygiene};
use crate::judge::{Property, view};
use crate::plan::script::CheckDecl;
use crate::trace::state::LeftProcess;
use crate::trace::{End, History};

/// See the module.
pub struct NothingSurvives;

impl Property for NothingSurvives {
    fn name(&self) -> &'static str {
        "nothing-survives"
    }
    fn says(&self) -> &'static str {
        "no process of the case is alive when its last step is done"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 _exit(); observed only"
    }
    fn universal(&self) -> bool {
        true
    }
    fn flag(&self) -> Option<Hygiene> {
        Some(Hygiene::Orphan)
    }
    fn judge(&self, history: &History, _: &CheckDecl) -> Finding {
        if let Err(unseen) = view::observed(history) {
            return unseen;
        }
        if matches!(history.end, End::Hang { .. } | End::Protocol { .. }) {
            return view::undecided("the case was cut short: its processes were still at work when they were killed");
        }
        let alive = history.observed.left.iter().filter(|left| left.state != "zombie");
        let words: Vec<String> = alive.map(|left| words(history, left)).collect();
        if words.is_empty() { Finding::Pass } else { Finding::fail("no process left", view::list(words, 8), "warden", vec![]) }
    }
}

/// A process that was left, in words.
pub fn words(history: &History, left: &LeftProcess) -> String {
    let who = left.actor.map(|actor| format!("{}, ", view::name(history, actor))).unwrap_or_default();
    format!("pid {} ({who}{}, {}, parent {})", left.pid, left.command, left.state, left.ppid)
}
