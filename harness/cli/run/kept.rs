//! What is kept of the cases of a pair: the sums, and the histories that a report can come to need.
//!
//! A run of a hundred thousand cases must not need a hundred thousand histories. Failures are explained by the first case
//! that shows them, so of each property the first failing case is kept, and nothing of the others.
//!
//! Cases end in any order and are added in the order of their numbers, so that the same seed gives the same report. While one worker
//! is held up in a case the others finish thousands; of those that wait for their turn only what failed keeps its history.

use super::engine::Ran;
use super::fail::evidence;
use super::tally::Tally;
use crate::judge::verdict::{CaseOutcome, Verdict};
use crate::report::Row;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The cases of one pair so far.
#[derive(Default)]
pub struct Kept {
    waiting: BTreeMap<usize, Waiting>,
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

/// A case that has ended, before those with lower numbers have.
enum Waiting {
    /// It shows failures: all of it.
    Failed(Box<Ran>),
    /// It does not.
    Held(Verdict, String, Duration),
}

impl Waiting {
    fn of(ran: Ran) -> Waiting {
        let failed = properties(&ran.verdict).any(|property| evidence(&ran.verdict, property).is_some());
        if failed { Waiting::Failed(Box::new(ran)) } else { Waiting::Held(ran.verdict, ran.history.subject.version, ran.took) }
    }
}

/// Whatever may have failed in a case.
fn properties(verdict: &Verdict) -> impl Iterator<Item = &str> {
    verdict.judgements.iter().map(|judgement| judgement.property.as_str()).chain([Row::COMPLETES])
}

impl Kept {
    /// Adds the case of this number.
    pub fn add(&mut self, number: usize, ran: Ran) {
        self.waiting.insert(number, Waiting::of(ran));
        while let Some(waiting) = self.waiting.remove(&self.next) {
            self.next += 1;
            match waiting {
                Waiting::Held(verdict, version, took) => self.count(&verdict, &version, took),
                Waiting::Failed(ran) => {
                    self.count(&ran.verdict, &ran.history.subject.version, ran.took);
                    self.show(*ran);
                }
            }
        }
    }

    fn count(&mut self, verdict: &Verdict, version: &str, took: Duration) {
        self.tally.add(verdict);
        self.took += took;
        self.cases += u32::from(verdict.outcome != CaseOutcome::NotRun);
        if self.version.is_none() && !version.is_empty() {
            self.version = Some(version.to_owned());
        }
    }

    fn show(&mut self, ran: Ran) {
        let failed = properties(&ran.verdict).filter(|property| evidence(&ran.verdict, property).is_some());
        let fresh: Vec<String> = failed.filter(|property| !self.shown.contains(*property)).map(str::to_owned).collect();
        if !fresh.is_empty() {
            self.shown.extend(fresh);
            self.failing.push(ran);
        }
    }
}
