//! Ordering by named gates and awaited states, never by sleeping; loops and conditions.

use super::Step;
use crate::plan::expr::Expr;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `gate: reader-gone`: wait until somebody opens this gate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Gate(pub String);

/// `open-gate: reader-gone`: open it for everybody, for good.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct OpenGate(pub String);

/// `await: {who: reader, state: blocked-in-read}`: wait until another actor is in a state, observed from outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Await {
    /// The actor (`worker[$i]`: that one of a family); `self` with `reaped`.
    pub who: String,
    /// The state.
    pub state: AwaitState,
    /// With `reaped`: how many children its handler has reaped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<Expr>,
}

/// States that can be awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AwaitState {
    /// Running the program that it was started with: what its starter has open for itself alone is closed in it.
    Begun,
    /// Asleep in its current step (which is a blocking call).
    Blocked,
    /// Ended and not reaped.
    Zombie,
    /// Ended, reaped or not.
    Ended,
    /// Stopped.
    Stopped,
    /// No such process any more.
    Gone,
    /// Asleep, for whatever reason: also where the system suspends it until another process has done something.
    Asleep,
    /// Its `reap` handler has reaped `count` children.
    Reaped,
}

/// `burn: {ms: 200, beside: subject}`: use so many milliseconds of CPU, and record how much CPU the other used meanwhile. What is
/// compared is CPU time with CPU time, so that a loaded machine makes no difference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Burn {
    /// Milliseconds of CPU time.
    pub ms: Expr,
    /// The actor that is watched, or `subject`.
    pub beside: String,
}

/// `repeat: {times: $n, index: i, do: [...]}`. A body that only computes runs natively (250000 rounds cost no messages); one
/// that makes actors or names, or uses its index, is unrolled when the case is bound.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Repeat {
    /// How often.
    pub times: Expr,
    /// Name under which the round's number, from 0, is known in the body as `$name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    /// The body.
    #[serde(rename = "do")]
    pub steps: Vec<Step>,
}

/// `when: {holds: $disposition == ignore, do: [...]}`, decided when the case is bound.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct When {
    /// The condition.
    pub holds: Expr,
    /// Performed when it holds.
    #[serde(rename = "do")]
    pub steps: Vec<Step>,
    /// Performed when it does not.
    #[serde(rename = "else", default, skip_serializing_if = "Vec::is_empty")]
    pub otherwise: Vec<Step>,
}
