//! So many processes have come to a door: all workers of a pool, and those that took the place of dead ones.
//!
//! # References
//! The library's documentation of its pools: how many workers there are, and what becomes of one that dies.

use crate::judge::verdict::Finding;
use crate::judge::{Property, view, workers};
use crate::plan::check::{ArgDecl, ArgKind};
use crate::plan::script::CheckDecl;
use crate::trace::History;
use std::collections::BTreeMap;

/// See the module.
pub struct DistinctWorkers;

const AT: ArgDecl = ArgDecl { name: "at", kind: ArgKind::Expr, required: true, help: "the door" };
const COUNT: ArgDecl = ArgDecl { name: "count", kind: ArgKind::Expr, required: true, help: "how many processes" };

impl Property for DistinctWorkers {
    fn name(&self) -> &'static str {
        "distinct-workers"
    }
    fn says(&self) -> &'static str {
        "exactly so many processes, none of them the caller, have come to the door"
    }
    fn clause(&self) -> &'static str {
        "the library's documentation of its pools"
    }
    fn args(&self) -> &'static [ArgDecl] {
        &[AT, COUNT]
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        let Some(door) = view::text(asked, "at") else { return view::wants("at") };
        let Some(count) = view::int(asked, "count") else { return view::wants("count") };
        let mut seen: BTreeMap<i32, usize> = BTreeMap::new();
        for (at, _, told) in workers::told(history).filter(|(_, _, told)| told.door.as_deref() == Some(door)) {
            seen.entry(told.pid).or_insert(at);
        }
        if seen.is_empty() {
            return view::undecided(format!("nobody came to `{door}`"));
        }
        let expected = format!("{count} processes at `{door}`");
        if let Some((pid, at)) = workers::subject(history).and_then(|pid| seen.get_key_value(&pid)) {
            return Finding::fail(expected, format!("the caller itself, {pid}"), "the worker", vec![*at]);
        }
        if i64::try_from(seen.len()) == Ok(count) {
            return Finding::Pass;
        }
        let words = format!("{}: {}", seen.len(), view::list(seen.keys(), 8));
        Finding::fail(expected, words, "the workers", seen.values().copied().take(4).collect())
    }
}
