//! Each item of a job is done once, by its workers' own account.
//!
//! What a library tells of a job says nothing of work that was done twice, or of an item whose result somebody made up.
//!
//! # References
//! The library's documentation of its pools; observed only.

use super::results_in_order::{ITEMS, OF_JOB};
use crate::judge::verdict::Finding;
use crate::judge::{Property, view, workers};
use crate::plan::check::ArgDecl;
use crate::plan::script::CheckDecl;
use crate::trace::History;
use std::collections::BTreeMap;

/// See the module.
pub struct ItemsOnce;

impl Property for ItemsOnce {
    fn name(&self) -> &'static str {
        "items-once"
    }
    fn says(&self) -> &'static str {
        "each item of a job is done exactly once, and no other"
    }
    fn clause(&self) -> &'static str {
        "the library's documentation of its pools; observed only"
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
        let mut done: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
        for (at, _, told) in workers::beginnings(history, &jobs) {
            done.entry(told.item.unwrap_or(-1)).or_default().push(at);
        }
        if done.is_empty() {
            return view::undecided("no worker told that it began");
        }
        if let Some((item, places)) = done.iter().find(|(item, places)| places.len() > 1 || !(0..items).contains(*item)) {
            let seen = format!("item {item} begun {} times", places.len());
            return Finding::fail(format!("each of {items} items begun once"), seen, "the workers", places.clone());
        }
        match (0..items).find(|item| !done.contains_key(item)) {
            Some(item) => Finding::fail(format!("each of {items} items begun once"), format!("item {item} never"), "the workers", vec![]),
            None => Finding::Pass,
        }
    }
}
