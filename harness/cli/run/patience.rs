//! When to give a subject up, so that one that hangs does not make the whole run take hours.
//!
//! What counts is the time that was lost in cases that came to no end (hang, crash, broken protocol), not their number: a
//! crash is found in milliseconds, while each hang costs its whole limit, whether it is in a start, an operation or a reset.
//! A case that was lost says so itself; those that are left out after it are `not-run`, which is never a pass.

use crate::judge::verdict::{CaseOutcome, Verdict};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What one scenario may lose: two operations without an answer.
pub const OF_A_SCENARIO: Duration = Duration::from_secs(15);
/// What a subject may lose in all scenarios together.
pub const OF_A_SUBJECT: Duration = Duration::from_secs(45);

/// Time lost so far.
#[derive(Default)]
pub struct Lost(AtomicU64);

impl Lost {
    /// Adds the time of a case that came to no end.
    pub fn add(&self, took: Duration) {
        self.0.fetch_add(u64::try_from(took.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Whether more than `limit` was lost.
    pub fn exceeds(&self, limit: Duration) -> bool {
        Duration::from_millis(self.0.load(Ordering::Relaxed)) > limit
    }
}

/// Whether it ended before its steps did.
pub fn came_to_no_end(verdict: &Verdict) -> bool {
    matches!(verdict.outcome, CaseOutcome::Hang | CaseOutcome::Crash | CaseOutcome::Protocol)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_cases_without_an_end_count() {
        let verdict = |outcome| Verdict { outcome, reason: None, judgements: Vec::new(), hygiene: Vec::new() };
        assert!(!came_to_no_end(&verdict(CaseOutcome::Completed)) && came_to_no_end(&verdict(CaseOutcome::Hang)));
        let lost = Lost::default();
        assert!(!lost.exceeds(OF_A_SCENARIO));
        lost.add(OF_A_SCENARIO * 2);
        assert!(lost.exceeds(OF_A_SCENARIO) && !lost.exceeds(OF_A_SUBJECT));
    }
}
