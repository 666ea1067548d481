//! The JSON lines of a run and their published schema: a header, one result per property, a summary.

use super::entry::{Blame, Entry, Failure, Row, Word};
use super::summary::Summary;
use crate::judge::verdict::{Hygiene, Standing};
use crate::judge::{crash, hang};
use crate::plan::value::Value;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "record", rename_all = "kebab-case")]
#[expect(clippy::large_enum_variant, reason = "nearly every line of a run is a result, and each lives no longer than its line")]
pub enum Record {
    /// The first line.
    Run(Header),
    /// One subject, scenario and property.
    Result(ResultLine),
    /// The last line.
    Summary(Summary),
}

/// What holds for the whole run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Header {
    /// Version of childproof.
    pub childproof: String,
    /// `linux x86_64`.
    pub platform: String,
    /// Isolation level: `root`, `userns`, `subreaper` or `group`.
    pub isolation: String,
    /// Seed that every case was drawn from.
    pub seed: u64,
    /// Cases run side by side.
    pub jobs: usize,
    /// Subjects, in the order of the run.
    pub subjects: Vec<String>,
    /// Number of scenarios.
    pub scenarios: usize,
}

/// One property over all cases of one subject and scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResultLine {
    /// Name of the subject.
    pub subject: String,
    /// The version it gave; empty when it never said.
    pub version: String,
    /// `family/name`.
    pub scenario: String,
    /// The property; `completes` is about the cases themselves.
    pub property: String,
    /// What was found.
    pub verdict: Word,
    /// Against what is known of the subject.
    #[schemars(with = "String", regex(pattern = r"^(expected|regression|xfail|xfail-changed|xpass|flaky-declared|new)$"))]
    pub expectation: Standing,
    /// Cases that did not hold.
    pub k: u32,
    /// Cases that it was judged on.
    pub n: u32,
    /// Seed of the run.
    pub seed: u64,
    /// Milliseconds spent on the cases of this subject and scenario, added up over the workers.
    pub duration_ms: f64,
    /// `orphan`, `zombie`, `fd-leak`, `signal-drift`, `tty-drift`, `shm-leak`, `tmp-leak`, `slow`.
    #[schemars(with = "Vec<String>")]
    pub hygiene: Vec<Hygiene>,
    /// Why, where the verdict needs a reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Of a declared deviation: `ok` (by its own documentation), `bug`, `not-implemented`, `platform`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason_class: Option<String>,
    /// On failure: what was expected and seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Evidence>,
    /// On failure: the file for `childproof replay`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<String>,
    /// On failure: parameters of the smallest case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bindings: Option<BTreeMap<String, Value>>,
    /// On failure: how often the smallest case failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reliability: Option<Reliability>,
    /// On failure: who is charged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blame: Option<Blame>,
}

/// What a failure looked like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// What was expected.
    pub expected: String,
    /// What was seen.
    pub seen: String,
    /// By which actor, or `warden`.
    pub by: String,
    /// Of a hang: who waits for whom, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hang: Option<Box<hang::Explanation>>,
    /// Of a crash: the last events before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub last_events: Vec<String>,
}

/// `failed` of `of` runs of the smallest case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reliability {
    /// Runs that failed.
    pub failed: u32,
    /// Runs.
    pub of: u32,
}

impl ResultLine {
    /// The line of one row.
    pub fn new(entry: &Entry, row: &Row, seed: u64) -> ResultLine {
        let failure = entry.failures.iter().find(|failure| failure.property == row.property);
        ResultLine {
            subject: entry.subject.name.clone(),
            version: entry.subject.version.clone(),
            scenario: entry.scenario.clone(),
            property: row.property.clone(),
            verdict: row.word,
            expectation: row.standing,
            k: row.k,
            n: row.n,
            seed,
            duration_ms: (entry.duration.as_secs_f64() * 1e6).round() / 1e3,
            hygiene: row.hygiene.clone(),
            reason: row.reason.clone(),
            reason_class: row.class.map(str::to_owned),
            message: failure.map(evidence),
            replay: failure.and_then(|failure| failure.replay.as_ref()).map(|path| path.display().to_string()),
            bindings: failure.map(|failure| failure.bindings.clone()),
            reliability: failure.map(|failure| Reliability { failed: failure.failed, of: failure.of }),
            blame: failure.map(|failure| failure.blame),
        }
    }
}

fn evidence(failure: &Failure) -> Evidence {
    let from = &failure.evidence;
    let of_case = failure.property == Row::COMPLETES;
    Evidence {
        expected: from.expected.clone(),
        seen: from.seen.clone(),
        by: from.by.clone(),
        hang: of_case.then(|| hang::explain(&failure.history)).flatten().map(Box::new),
        last_events: if of_case { crash::last_events(&failure.history) } else { Vec::new() },
    }
}

/// The JSON Schema of one line.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Record).to_value()
}
