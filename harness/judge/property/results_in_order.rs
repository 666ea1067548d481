//! The results of a job come in the order of its items, whichever worker is done first.
//!
//! Rules:
//! 1. Each item's result is its square: that of no other item, and whole.
//! 2. They are told in the order in which the items were given: of one job all of its own, of a family one after the other.
//! 3. There are as many as items.
//!
//! # References
//! The library's documentation of `map` and of results; observed only.

use crate::judge::verdict::Finding;
use crate::judge::{Property, view, workers};
use crate::plan::check::{ArgDecl, ArgKind};
use crate::plan::script::CheckDecl;
use crate::trace::{History, What};

/// See the module.
pub struct ResultsInOrder;

/// The job.
pub const OF_JOB: ArgDecl = ArgDecl { name: "of", kind: ArgKind::Actor, required: true, help: "the job, or the family of jobs" };
/// How many items.
pub const ITEMS: ArgDecl = ArgDecl { name: "items", kind: ArgKind::Expr, required: true, help: "how many items, from 0" };

impl Property for ResultsInOrder {
    fn name(&self) -> &'static str {
        "results-in-order"
    }
    fn says(&self) -> &'static str {
        "the results of a job are those of its items, in their order"
    }
    fn clause(&self) -> &'static str {
        "the library's documentation of map"
    }
    fn args(&self) -> &'static [ArgDecl] {
        &[OF_JOB, ITEMS]
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        let jobs = match workers::asked_about(history, asked) {
            Ok(jobs) => jobs,
            Err(nothing) => return nothing,
        };
        let Some(items) = view::int(asked, "items") else { return view::wants("items") };
        let names: Vec<String> = jobs.iter().map(|job| format!("result of {}", view::name(history, *job))).collect();
        let results: Vec<(usize, i64)> = history
            .events
            .iter()
            .enumerate()
            .filter_map(|(at, event)| match &event.what {
                What::Number { name, value } if names.contains(name) => Some((at, *value)),
                _ => None,
            })
            .collect();
        if results.is_empty() {
            return view::undecided("no result was told");
        }
        let wanted = (0..items).map(|item| item.saturating_mul(item));
        let seen = results.iter().map(|(_, value)| *value);
        if wanted.clone().eq(seen.clone()) {
            return Finding::Pass;
        }
        let wrong = results.iter().zip(wanted.clone()).find(|((_, value), wanted)| value != wanted).map(|((at, _), _)| *at);
        Finding::fail(view::list(wanted, 12), view::list(seen, 12), "the subject", wrong.into_iter().collect())
    }
}
