//! The smallest case that still fails: our own loop over proptest's `ValueTree`.
//!
//! proptest's loop runs each candidate once and believes it. On a failure that shows in one run of five it therefore takes four
//! of five good steps for bad ones, and ends near where it began. Here:
//!
//! 1. The case as found is run until it has failed [`ENOUGH`] times; the rate decides how often candidates run ([`super::trial`]).
//! 2. A candidate is kept at its first failure of the *same* property, and given up after k runs that hold.
//! 3. A pass makes one parameter after the other simpler. Passes are repeated from the best case, with fresh trees (jump to the
//!    minimum, then binary search), until one changes nothing: a step that was missed by chance gets another chance, and a
//!    parameter may become smaller after another one has.
//! 4. What was tried is remembered; no binding is tried twice.
//! 5. The best case is run [`MEASURE`] times more, so that its reader knows what to expect of a replay.
//!
//! Whatever ends it early (runs, time), the best case so far is returned, never nothing.

use super::draw::{Bindings, tree_at};
use super::trial::{Trial, rate_bounds, runs_per_candidate};
use crate::plan::case::{Case, Plan};
use proptest::strategy::ValueTree;
use std::collections::BTreeSet;
use std::fmt;
use std::time::{Duration, Instant};

/// Failures after which the rate is known well enough.
const ENOUGH: u32 = 4;
/// Runs in which the first case must have failed once, or the failure counts as vanished: a rate of 0.05 shows with probability 0.95.
const PATIENCE: u32 = 60;
/// Runs that measure the reliability of the result.
pub const MEASURE: u32 = 40;

/// What shrinking may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Runs, the measurement at the end included.
    pub runs: u32,
    /// Wall-clock time, the measurement included; checked between runs.
    pub time: Duration,
}

impl Default for Budget {
    fn default() -> Self {
        Budget { runs: 3000, time: Duration::from_secs(20) }
    }
}

/// Why shrinking ended before nothing simpler was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GaveUp {
    /// The case as found did not fail again.
    Vanished {
        /// Runs that held.
        runs: u32,
    },
    /// The budget in runs was spent.
    Runs,
    /// The budget in time was spent.
    Time,
}

impl fmt::Display for GaveUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GaveUp::Vanished { runs } => write!(f, "the failure did not come again in {runs} runs of the same case"),
            GaveUp::Runs => f.write_str("the budget of runs was spent; a smaller case may exist"),
            GaveUp::Time => f.write_str("the time for shrinking was spent; a smaller case may exist"),
        }
    }
}

/// The result.
#[derive(Clone, Debug, PartialEq)]
pub struct Shrunk {
    /// The smallest case found.
    pub case: Case,
    /// How often it failed in the last measurement.
    pub failed: u32,
    /// Of how many runs.
    pub of: u32,
    /// Runs spent in all.
    pub runs_spent: u32,
    /// Why it ended early, if it did.
    pub gave_up: Option<GaveUp>,
}

impl Shrunk {
    /// `fails 37 of 40 (79 % to 98 % with 95 % confidence)`.
    pub fn reliability(&self) -> String {
        let (low, high) = rate_bounds(self.failed, self.of);
        format!("fails {} of {} ({:.0} % to {:.0} % with 95 % confidence)", self.failed, self.of, low * 100.0, high * 100.0)
    }
}

/// Makes a case that failed `property` as small as can be. `run` performs a case once and says what failed.
pub fn shrink(plan: &Plan, case: &Case, property: &str, budget: Budget, run: &mut dyn FnMut(&Case) -> Trial) -> Shrunk {
    let mut search = Search { property, budget, run, began: Instant::now(), spent: 0, tried: BTreeSet::new() };
    let (failed, of) = search.measure_until(case, ENOUGH, PATIENCE);
    if failed == 0 {
        let gave_up = search.exhausted(0).unwrap_or(GaveUp::Vanished { runs: of });
        return Shrunk { case: case.clone(), failed, of, runs_spent: search.spent, gave_up: Some(gave_up) };
    }
    let mut best = case.clone();
    let gave_up = search.descend(plan, &mut best, runs_per_candidate(failed, of)).err();
    let (failed, of) = if best == *case && gave_up.is_some() { (failed, of) } else { search.reliability(&best) };
    Shrunk { case: best, failed, of, runs_spent: search.spent, gave_up }
}

struct Search<'a> {
    property: &'a str,
    budget: Budget,
    run: &'a mut dyn FnMut(&Case) -> Trial,
    began: Instant,
    spent: u32,
    tried: BTreeSet<Bindings>,
}

impl Search<'_> {
    /// Passes from the best case until one changes nothing.
    fn descend(&mut self, plan: &Plan, best: &mut Case, k: u32) -> Result<(), GaveUp> {
        self.tried.insert(best.bindings.clone());
        while self.pass(plan, best, k)? {}
        Ok(())
    }

    /// One walk over all parameters; whether it made the case simpler.
    fn pass(&mut self, plan: &Plan, best: &mut Case, k: u32) -> Result<bool, GaveUp> {
        let mut tree = tree_at(plan, &best.bindings);
        let mut changed = false;
        let mut more = tree.simplify();
        while more {
            let candidate = Case { bindings: tree.current(), ..best.clone() };
            let fails = self.fails(&candidate, k)?;
            if fails {
                *best = candidate;
                changed = true;
            }
            more = if fails { tree.simplify() } else { tree.complicate() };
        }
        Ok(changed)
    }

    /// Whether a candidate fails in k runs; one that was tried before has held then (or is the best itself).
    fn fails(&mut self, candidate: &Case, k: u32) -> Result<bool, GaveUp> {
        if !self.tried.insert(candidate.bindings.clone()) {
            return Ok(false);
        }
        for _ in 0..k {
            // The measurement at the end is part of the budget: a result of unknown reliability helps nobody.
            if let Some(reason) = self.exhausted(MEASURE) {
                return Err(reason);
            }
            if self.once(candidate) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Measures the result. One that holds [`MEASURE`] times in a row (0.2: once in 7500 results) is measured three times longer,
    /// as "fails 0 of 40" would send its reader away from a failure that was seen.
    fn reliability(&mut self, best: &Case) -> (u32, u32) {
        let (failed, of) = self.measure_until(best, u32::MAX, MEASURE);
        if failed > 0 {
            return (failed, of);
        }
        let (failed, more) = self.measure_until(best, u32::MAX, 3 * MEASURE);
        (failed, of + more)
    }

    /// Runs a case until it has failed `enough` times, at most `most` times: (failed, of).
    fn measure_until(&mut self, case: &Case, enough: u32, most: u32) -> (u32, u32) {
        let (mut failed, mut of) = (0, 0);
        while failed < enough && of < most && self.exhausted(0).is_none() {
            failed += u32::from(self.once(case));
            of += 1;
        }
        (failed, of)
    }

    fn once(&mut self, case: &Case) -> bool {
        self.spent += 1;
        (self.run)(case).fails(self.property)
    }

    fn exhausted(&self, reserve: u32) -> Option<GaveUp> {
        if self.spent.saturating_add(reserve) >= self.budget.runs {
            return Some(GaveUp::Runs);
        }
        (self.began.elapsed() >= self.budget.time).then_some(GaveUp::Time)
    }
}
