//! What is kept of the cases of a pair: the sums, and the histories that a report can come to need.
//!
//! A run of a hundred thousand cases must not need a hundred thousand histories. Failures are explained by the first case
//! that shows them, so of each property the first failing case is kept, and nothing of the others.
//!
//! Cases end in any order and are added in the order of their numbers, so that the same seed gives the same report.

use super::engine::Ran;
use super::fail::evidence;
use super::tally::Tally;
use crate::judge::verdict::CaseOutcome;
use crate::report::Row;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The cases of one pair so far.
#[derive(Default)]
pub struct Kept {
    waiting: BTreeMap<usize, Ran>,
    next: usize,
    shown: BTreeSet<String>,
    /// The sums.
    pub tally: Tally,
    /// The first case that shows each failure.
    pub failing: Vec<Ran>,
    /// Version that the subject gave, from the first case that has one.
    pub version: Option<String>,
    /// Cases that were run.
    pub cases: u32,
    /// Time that they took.
    pub took: Duration,
}

impl Kept {
    /// Adds the case of this number.
    pub fn add(&mut self, number: usize, ran: Ran) {
        self.waiting.insert(number, ran);
        while let Some(ran) = self.waiting.remove(&self.next) {
            self.next += 1;
            self.count(ran);
        }
    }

    fn count(&mut self, ran: Ran) {
        self.tally.add(&ran.verdict);
        self.took += ran.took;
        self.cases += u32::from(ran.verdict.outcome != CaseOutcome::NotRun);
        let version = &ran.history.subject.version;
        if self.version.is_none() && !version.is_empty() {
            self.version = Some(version.clone());
        }
        let named = ran.verdict.judgements.iter().map(|judgement| judgement.property.as_str());
        let failed = named.chain([Row::COMPLETES]).filter(|property| evidence(&ran.verdict, property).is_some());
        let fresh: Vec<String> = failed.filter(|property| !self.shown.contains(*property)).map(str::to_owned).collect();
        if !fresh.is_empty() {
            self.shown.extend(fresh);
            self.failing.push(ran);
        }
    }
}
