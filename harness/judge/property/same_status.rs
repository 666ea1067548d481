//! Whoever asks how a child ended, and however often, gets the same answer.
//!
//! A library keeps the status of a child that it has reaped; asking again must neither wait for ever, nor say "still
//! running", nor turn the status into an error, from no thread.
//!
//! Rules:
//! 1. All statuses reported of one child are equal. (Whether a core was dumped is not compared: libraries cannot tell.)
//! 2. Once it is known, no later step says that there is nothing to report, or fails, unless its own `expect` says so.
//! 3. At least one child was asked about twice; otherwise nothing was shown.
//!
//! # References
//! Observed only: the libraries' documentation of `wait` and `poll`; POSIX.1-2024 `waitpid()` for the status itself.

use crate::judge::verdict::Finding;
use crate::judge::{Property, args, outcome, view};
use crate::plan::check::ArgDecl;
use crate::plan::script::{ActorId, CheckDecl, Ended, Outcome, StepDecl};
use crate::trace::History;
use std::collections::BTreeMap;

/// See the module.
pub struct SameStatus;

impl Property for SameStatus {
    fn name(&self) -> &'static str {
        "same-status"
    }
    fn says(&self) -> &'static str {
        "every status reported for one child is the same, whoever asks and however often"
    }
    fn clause(&self) -> &'static str {
        "observed only; POSIX.1-2024 waitpid() for the status"
    }
    fn args(&self) -> &'static [ArgDecl] {
        &[args::OF_ACTOR]
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        let only = view::text(asked, "of").map(|name| view::named(history, name));
        let mut known: BTreeMap<ActorId, Known> = BTreeMap::new();
        for (at, event, seen, of) in view::returns(history) {
            let Some(step) =
                view::step_of(history, event).filter(|step| matches!(step.kind.as_str(), "wait" | "poll" | "communicate" | "parallel"))
            else {
                continue;
            };
            let Some(child) = of.filter(|child| only.as_ref().is_none_or(|only| only.contains(child))) else { continue };
            if let Some(failure) = compared(history, &mut known, step, child, seen, at) {
                return failure;
            }
        }
        if known.values().any(|known| known.times > 1) { Finding::Pass } else { view::undecided("no child was asked about twice") }
    }
}

struct Known {
    ended: Ended,
    at: usize,
    step: u32,
    times: usize,
}

fn compared(
    history: &History,
    known: &mut BTreeMap<ActorId, Known>,
    step: &StepDecl,
    child: ActorId,
    seen: &Outcome,
    at: usize,
) -> Option<Finding> {
    let name = view::name(history, child);
    let fails = |known: &Known| {
        let expected = format!("{} to report {} again for {name}", view::place(step), outcome::ended_words(known.ended));
        Some(Finding::fail(expected, outcome::words(seen), "the subject", vec![known.at, at]))
    };
    match (seen, known.get_mut(&child)) {
        (Outcome::Ended(Ended::Stopped(_) | Ended::Continued), _) => None,
        (Outcome::Ended(ended), None) => {
            known.insert(child, Known { ended: *ended, at, step: step.id, times: 1 });
            None
        }
        (Outcome::Ended(ended), Some(known)) => {
            known.times += 1;
            if same(*ended, known.ended) { None } else { fails(known) }
        }
        (Outcome::Pending | Outcome::Error(_) | Outcome::Other(_) | Outcome::TimedOut, Some(known)) => {
            let declared = step.any || step.expect.iter().any(|expected| outcome::matches(expected, seen));
            if declared || step.id == known.step { None } else { fails(known) }
        }
        _ => None,
    }
}

fn same(a: Ended, b: Ended) -> bool {
    match (a, b) {
        (Ended::Killed { signal: a, .. }, Ended::Killed { signal: b, .. }) => a == b,
        _ => a == b,
    }
}
