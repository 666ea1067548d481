//! Timers: those that send a signal, and those that are read.

use crate::plan::ast::Expect;
use crate::plan::expr::{Arg, Expr};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `timer: {set: setitimer, after: 20, every: 5}`: have SIGALRM sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Timer {
    /// `alarm` (whole seconds, upwards), `setitimer` (ITIMER_REAL), or `timer-create` (CLOCK_MONOTONIC).
    pub set: Arg<String>,
    /// Milliseconds; 0 disarms it.
    pub after: Expr,
    /// Milliseconds from one to the next; absent or 0: once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Expr>,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `armed: {timer: setitimer, expect: {value: 0}}`: whether the process has such a timer running: 1 or 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Armed {
    /// As in `timer`. With `timer-create`: how many the process has.
    pub timer: Arg<String>,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `timerfd: {as: clock, after: 20, every: 5}`: make a timer that is read (Linux).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Timerfd {
    /// Its name.
    #[serde(rename = "as")]
    pub name: String,
    /// Milliseconds.
    pub after: Expr,
    /// Milliseconds from one to the next; absent or 0: once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Expr>,
}

/// `expirations: {of: clock, at-least: 3}`: read how often a `timerfd` has expired since it was last read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Expirations {
    /// The timer.
    pub of: String,
    /// Read until there were so many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Expr>,
    /// What must come of it; success returns the number, of all reads together.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}
