//! Totals of a run, and the sentence that ends it.

use super::entry::{Entry, Row, Word};
use super::text::plural;
use crate::judge::verdict::Standing;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Totals of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Subjects that ran.
    pub subjects: usize,
    /// Scenarios that ran.
    pub scenarios: usize,
    /// Cases that ran, shrinking not counted.
    pub cases: u64,
    /// Number of results by verdict.
    pub verdicts: Counts,
    /// Number of results by expectation.
    pub expectations: Counts,
    /// Number of declared deviations that were seen, by class: `ok` are those by the subject's own documentation, `bug` and
    /// `not-implemented` its defects, `platform` nobody's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub deviations: Counts,
    /// Wall clock seconds.
    pub seconds: f64,
    /// Isolation level.
    pub isolation: String,
    /// Ended before its time, by a signal.
    pub interrupted: bool,
    /// Exit status of the run.
    pub exit: u8,
}

/// A number by name; absent is 0.
pub type Counts = BTreeMap<String, u64>;

impl Summary {
    /// Adds one entry's results.
    pub fn add(&mut self, entry: &Entry) {
        self.cases += u64::from(entry.cases);
        for row in entry.rows.iter().filter(|row| counts(row)) {
            *self.verdicts.entry(row.word.name().to_owned()).or_default() += 1;
            *self.expectations.entry(super::entry::standing(row.standing).to_owned()).or_default() += 1;
            if let Some(class) = row.class.filter(|_| row.is_declared()) {
                *self.deviations.entry(class.to_owned()).or_default() += 1;
            }
        }
    }

    /// How many results have this verdict.
    pub fn verdict(&self, word: Word) -> u64 {
        self.verdicts.get(word.name()).copied().unwrap_or(0)
    }

    /// How many results stand so.
    pub fn standing(&self, standing: Standing) -> u64 {
        self.expectations.get(super::entry::standing(standing)).copied().unwrap_or(0)
    }

    /// Results that make the run fail.
    pub fn breaking(&self) -> u64 {
        [Standing::Regression, Standing::XfailChanged, Standing::Xpass].iter().map(|of| self.standing(*of)).sum()
    }

    /// `2 subjects · 31 scenarios · 940 cases · 12.3 s · isolation userns`.
    pub fn sizes(&self) -> String {
        format!(
            "{} · {} · {} · {:.1} s · isolation {}",
            plural(self.subjects as u64, "subject"),
            plural(self.scenarios as u64, "scenario"),
            plural(self.cases, "case"),
            self.seconds,
            self.isolation
        )
    }
}

/// A case that simply ran to its end is no result of its own.
fn counts(row: &Row) -> bool {
    row.property != Row::COMPLETES || row.word != Word::Pass
}
