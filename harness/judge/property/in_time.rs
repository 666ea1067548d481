//! The case ends within its deadline.
//!
//! A hang is the commonest fault of process code: a pipe nobody reads, a write end nobody closed, a lock held across fork.
//! The evidence is the snapshot that was taken before anything was killed: who sleeps in which call, who holds which pipe.
//!
//! # References
//! Observed only; the deadline is the scenario's.

use crate::judge::verdict::Finding;
use crate::judge::{Property, hang, view};
use crate::plan::script::CheckDecl;
use crate::trace::{End, History};

/// See the module.
pub struct InTime;

impl Property for InTime {
    fn name(&self) -> &'static str {
        "in-time"
    }
    fn says(&self) -> &'static str {
        "the case ends within its deadline"
    }
    fn clause(&self) -> &'static str {
        "observed only"
    }
    fn universal(&self) -> bool {
        true
    }
    fn judge(&self, history: &History, _: &CheckDecl) -> Finding {
        let deadline = history.script.deadline_ms;
        let expected = format!("an end within {deadline} ms");
        if let End::Hang { evidence } = &history.end {
            let unended = history.events.len().checked_sub(1).into_iter().collect();
            let seen = hang::explain(history).map_or_else(|| view::list(evidence, 12), |explained| explained.sentence);
            return Finding::fail(expected, format!("a hang: {seen}"), "warden", unended);
        }
        if deadline == 0 || history.observed.elapsed_ns == 0 {
            return view::undecided("the history has no deadline or no duration");
        }
        let took = history.observed.elapsed_ns / 1_000_000;
        if took > deadline { Finding::fail(expected, format!("{took} ms"), "warden", vec![]) } else { Finding::Pass }
    }
}

/// Whether more than half of the deadline was used.
pub fn slow(history: &History) -> bool {
    let half = history.script.deadline_ms.saturating_mul(500_000);
    half > 0 && history.observed.elapsed_ns > half
}
