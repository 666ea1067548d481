//! The subject's signal state after a case is the one from before it.
//!
//! Libraries block signals around fork and set dispositions while they start or wait; one that forgets to restore them
//! leaves a program that cannot be interrupted, or that dies where it used to get EPIPE.
//!
//! Rules: the mask, the set of ignored signals and the set of caught signals are as before, each without the signals that
//! the root's own `signal` and `mask` steps named (platform plane), and without the two that the C library keeps for itself.
//!
//! # References
//! POSIX.1-2024 `sigaction()`, `pthread_sigmask()`; signal(7).

use crate::judge::verdict::{Finding, Hygiene};
use crate::judge::{Property, drift, signals, view};
use crate::plan::script::CheckDecl;
use crate::trace::History;
use std::collections::BTreeSet;

/// See the module.
pub struct SubjectSignals;

impl Property for SubjectSignals {
    fn name(&self) -> &'static str {
        "subject-signals"
    }
    fn says(&self) -> &'static str {
        "the subject blocks, ignores and catches the same signals after the case as before it"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 sigaction(), pthread_sigmask(); signal(7)"
    }
    fn universal(&self) -> bool {
        true
    }
    fn flag(&self) -> Option<Hygiene> {
        Some(Hygiene::SignalDrift)
    }
    fn judge(&self, history: &History, _: &CheckDecl) -> Finding {
        let (before, after) = match view::subject_states(history) {
            Ok(states) => states,
            Err(unseen) => return unseen,
        };
        let mut asked = drift::asked_signals(history);
        // glibc installs its handlers for these with the first thread that a process starts.
        asked.extend(signals::GLIBC_OWN);
        let sets = [
            ("blocked", &before.blocked, &after.blocked),
            ("ignored", &before.ignored, &after.ignored),
            ("caught", &before.caught, &after.caught),
        ];
        let differences: Vec<String> = sets.iter().flat_map(|(word, was, now)| differences(word, was, now, &asked)).collect();
        if differences.is_empty() {
            return Finding::Pass;
        }
        Finding::fail("the signal state from before the case", view::list(differences, 8), "warden", vec![])
    }
}

fn differences(word: &str, was: &[i32], now: &[i32], asked: &BTreeSet<i32>) -> Vec<String> {
    let only = |these: &[i32], those: &[i32]| -> Vec<i32> {
        these.iter().copied().filter(|signal| !those.contains(signal) && !asked.contains(signal)).collect()
    };
    let (more, fewer) = (only(now, was), only(was, now));
    let more = (!more.is_empty()).then(|| format!("newly {word}: {}", drift::signal_words(more)));
    let fewer = (!fewer.is_empty()).then(|| format!("no longer {word}: {}", drift::signal_words(fewer)));
    more.into_iter().chain(fewer).collect()
}
