//! A process that waits uses no CPU.
//!
//! A child closes its output and lives on; a library that keeps asking the closed pipe, which is always ready, or that asks for the
//! child's end in a loop without sleeping, heats the machine and tells nobody.
//!
//! Rules:
//! 1. While somebody used a known amount of CPU time (`burn`), the process beside it used less than a quarter of that, in one of the
//!    times at least that this was measured. A process that runs in circles is given as much as the one that it is compared with, each
//!    time; going to sleep a few times costs next to nothing. A runtime that compiles or collects garbage does so now and then.
//! 2. Something was measured.
//!
//! # References
//! Observed only; POSIX.1-2024 `poll()`: POLLHUP is reported whether asked for or not, which is how such loops come about.

use crate::judge::verdict::Finding;
use crate::judge::{Property, view};
use crate::plan::script::CheckDecl;
use crate::trace::{Event, History};
use std::collections::BTreeMap;

/// See the module.
pub struct NoBusyLoop;

/// CPU time in microseconds, and where it is told.
#[derive(Clone, Copy)]
struct Measure<'a> {
    at: usize,
    later: usize,
    event: &'a Event,
    burnt: i64,
    used: i64,
}

impl Property for NoBusyLoop {
    fn name(&self) -> &'static str {
        "no-busy-loop"
    }
    fn says(&self) -> &'static str {
        "who waits uses no CPU, compared with somebody who does not"
    }
    fn clause(&self) -> &'static str {
        "observed only; POSIX.1-2024 poll() POLLHUP"
    }
    fn judge(&self, history: &History, _: &CheckDecl) -> Finding {
        // By whom it was measured, and the measure in which the other used least for what its measurer did.
        let mut least: BTreeMap<_, Measure> = BTreeMap::new();
        for (at, event, burnt) in view::numbers(history, "burnt") {
            let same_step = |(_, other, _): &(usize, &Event, i64)| other.actor == event.actor && other.step == event.step;
            let Some((later, _, used)) = view::numbers(history, "beside").filter(same_step).find(|(later, ..)| *later > at) else {
                continue;
            };
            let measure = Measure { at, later, event, burnt, used };
            let known = least.entry(event.actor).or_insert(measure);
            if used.saturating_mul(known.burnt) < known.used.saturating_mul(burnt) {
                *known = measure;
            }
        }
        for Measure { at, later, event, burnt, used } in least.values() {
            if used.saturating_mul(4) >= *burnt {
                let whom = view::step_of(history, event).and_then(|step| step.on.clone()).unwrap_or_else(|| "the other".to_owned());
                let expected = format!("{whom} to use less than {} us of CPU while it waits", burnt / 4);
                return Finding::fail(expected, format!("{used} us, beside somebody who used {burnt} us"), whom, vec![*at, *later]);
            }
        }
        if least.is_empty() { view::undecided("nobody measured CPU time") } else { Finding::Pass }
    }
}
