//! What a run found out about one subject on one scenario: the value that every form of report prints from.

use crate::judge::verdict::{Evidence, Hygiene, Standing};
use crate::plan::value::Value;
use crate::trace::{History, SubjectId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// One subject on one scenario.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Who was tested.
    pub subject: SubjectId,
    /// `family/name`.
    pub scenario: String,
    /// Cases that were run.
    pub cases: u32,
    /// Time spent on them, added up over the workers.
    pub duration: Duration,
    /// One per property, in the order of the slice of properties; the first is about the cases themselves.
    pub rows: Vec<Row>,
    /// What failed, explained.
    pub failures: Vec<Failure>,
}

/// One property over all cases of an entry.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its name; [`Row::COMPLETES`] is about the cases themselves.
    pub property: String,
    /// What was found.
    pub word: Word,
    /// Against what is known of the subject.
    pub standing: Standing,
    /// Cases that did not hold.
    pub k: u32,
    /// Cases that it was judged on.
    pub n: u32,
    /// What was left behind in any case.
    pub hygiene: Vec<Hygiene>,
    /// Why, where the word needs a reason: the first one met, or the declared one.
    pub reason: Option<String>,
    /// The class of a declared deviation: `ok` is one by the subject's own documentation.
    pub class: Option<&'static str>,
}

impl Row {
    /// The row that says how the cases themselves came out.
    pub const COMPLETES: &'static str = "completes";

    /// Whether it is bad, and declared.
    pub fn is_declared(&self) -> bool {
        self.word.is_bad() && matches!(self.standing, Standing::Xfail | Standing::FlakyDeclared)
    }

    /// Whether it makes the run fail.
    pub fn breaks_the_run(&self) -> bool {
        matches!(self.standing, Standing::Regression | Standing::XfailChanged | Standing::Xpass)
    }
}

/// The verdicts of a property (the first four) and of a case (the rest), in one closed set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// It held in every case.
    Pass,
    /// It did not hold in `k` of `n` cases.
    Fail,
    /// It could not be told in at least one case; never a pass.
    Undecided,
    /// The standard leaves it open.
    Unspecified,
    /// The subject cannot.
    Unsupported,
    /// The platform may not.
    Unavailable,
    /// Subject or root died.
    Crash,
    /// The deadline ran out.
    Hang,
    /// The subject broke the protocol.
    Protocol,
    /// The harness failed.
    Harness,
    /// Not run.
    NotRun,
}

impl Word {
    /// As reports spell it.
    pub fn name(self) -> &'static str {
        match self {
            Word::Pass => "pass",
            Word::Fail => "fail",
            Word::Undecided => "undecided",
            Word::Unspecified => "unspecified",
            Word::Unsupported => "unsupported",
            Word::Unavailable => "unavailable",
            Word::Crash => "crash",
            Word::Hang => "hang",
            Word::Protocol => "protocol",
            Word::Harness => "harness",
            Word::NotRun => "not-run",
        }
    }

    /// Whether the subject or the platform is at fault.
    pub fn is_bad(self) -> bool {
        matches!(self, Word::Fail | Word::Crash | Word::Hang | Word::Protocol)
    }
}

/// The spelling of a standing.
pub(super) fn standing(of: Standing) -> &'static str {
    match of {
        Standing::Expected => "expected",
        Standing::Regression => "regression",
        Standing::Xfail => "xfail",
        Standing::XfailChanged => "xfail-changed",
        Standing::Xpass => "xpass",
        Standing::FlakyDeclared => "flaky-declared",
        Standing::New => "new",
    }
}

/// One failure with all that a person in doubt needs.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The property that failed.
    pub property: String,
    /// Its sentence.
    pub says: String,
    /// Its clause.
    pub clause: String,
    /// What was expected and seen, and by whom.
    pub evidence: Evidence,
    /// Parameters of the smallest case.
    pub bindings: BTreeMap<String, Value>,
    /// How often the smallest case failed.
    pub failed: u32,
    /// Of how many runs.
    pub of: u32,
    /// A failing history of the smallest case.
    pub history: History,
    /// Where the smallest case was saved.
    pub replay: Option<PathBuf>,
    /// The command that runs it again.
    pub again: Option<String>,
    /// Who is charged.
    pub blame: Blame,
    /// How it stands against what is declared.
    pub standing: Standing,
    /// The declared reason, where there is one.
    pub reason: Option<String>,
}

/// Who is charged with a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Blame {
    /// The same case holds on `raw` here: the library.
    Library,
    /// It fails on `raw` here too, or `raw` is the subject.
    Platform,
    /// `raw` could not be asked (cancelled, or its case did not complete).
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_standings_are_spelt_as_in_json() {
        for word in [Word::Pass, Word::NotRun, Word::Unavailable, Word::Harness] {
            assert_eq!(serde_json::to_value(word).unwrap(), word.name());
        }
        for of in [Standing::XfailChanged, Standing::FlakyDeclared, Standing::Xpass] {
            assert_eq!(serde_json::to_value(of).unwrap(), standing(of));
        }
    }
}
