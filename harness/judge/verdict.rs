//! Verdicts: four separate questions, never blended. Closed sets with reasons.

use serde::{Deserialize, Serialize};

/// What a property says of one history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum Finding {
    /// It held.
    Pass,
    /// It did not.
    Fail(Evidence),
    /// It cannot be told from this history (a budget ran out, something was not visible).
    Undecided {
        /// Why.
        reason: String,
    },
    /// The standard leaves it open; what was seen is recorded.
    Unspecified {
        /// What was seen.
        seen: String,
    },
    /// It says nothing of such a history.
    NotApplicable,
}

/// What a person in doubt needs to see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What was expected.
    pub expected: String,
    /// What was seen.
    pub seen: String,
    /// By whom: the actor's name, or `warden`.
    pub by: String,
    /// Positions in `History::events` that show it.
    pub events: Vec<usize>,
}

impl Finding {
    /// A failure.
    pub fn fail(expected: impl Into<String>, seen: impl Into<String>, by: impl Into<String>, events: Vec<usize>) -> Finding {
        Finding::Fail(Evidence { expected: expected.into(), seen: seen.into(), by: by.into(), events })
    }
}

/// How the case itself came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaseOutcome {
    /// It ran to its end and can be judged.
    Completed,
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

/// Hygiene flags on any outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hygiene {
    /// A process outlived the case.
    Orphan,
    /// A dead child was not reaped.
    Zombie,
    /// A descriptor was left open.
    FdLeak,
    /// Mask or dispositions changed.
    SignalDrift,
    /// Flags or termios of a shared description changed.
    TtyDrift,
    /// A shared memory object was left.
    ShmLeak,
    /// A file was left.
    TmpLeak,
    /// It took more than half its deadline.
    Slow,
}

/// Against what is known of the subject or platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// As it should be, and nothing else was declared.
    Expected,
    /// It fails and nothing was declared.
    Regression,
    /// It fails as declared.
    Xfail,
    /// It fails, but not as declared.
    XfailChanged,
    /// It was declared to fail and holds: the entry is stale.
    Xpass,
    /// Declared to vary.
    FlakyDeclared,
    /// Nothing is known to compare with.
    New,
}

/// The judgement of one property over one history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// Its name.
    pub property: String,
    /// What it says.
    pub finding: Finding,
}

/// Everything said of one history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// How the case came out.
    pub outcome: CaseOutcome,
    /// The reason, where the outcome is not `completed`.
    pub reason: Option<String>,
    /// One per property that was asked for or is universal, in the order of the slice.
    pub judgements: Vec<Judgement>,
    /// Hygiene flags, ascending.
    pub hygiene: Vec<Hygiene>,
}
