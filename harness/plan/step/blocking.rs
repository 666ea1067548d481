//! Calls that sleep, threads of one process, and what a case needs of the platform.

use crate::plan::ast::Expect;
use crate::plan::expr::{Arg, Expr};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `block-in: {call: poll, on: p.read, expect: {error: EINTR}}`: sleep in this call, for good if nothing comes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct BlockIn {
    /// `pause`, `sigsuspend`, `nanosleep`, `clock-nanosleep`, `poll`, `select`, `epoll`, `semop`, `msgrcv`, `flock`, `lock` (fcntl).
    pub call: Arg<String>,
    /// The endpoint that is waited for or locked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `trace: {who: child}`: follow this actor as a debugger does, without stopping it (PTRACE_SEIZE); its end is then told to its parent only
/// when the tracer has taken it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Trace {
    /// The actor, of the same user.
    pub who: String,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `take-traced: {who: child}`: take the end of an actor that this process traces, waiting for it; it is its parent's business from then on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TakeTraced {
    /// The actor.
    pub who: String,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `needs: {what: chroot}`: where this is not to be had the case is unavailable, with the reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Needs {
    /// `other-users`, `chroot`, `terminal`, `full-backlog` (a unix connection that waits while the backlog is full), `program /bin/sh`.
    pub what: Arg<String>,
}

/// `thread-memory: {count: 4, in: heap}`: so many threads write to one mapping, each its own number into its own page and into its own
/// stack, and then read what the others wrote; success returns the number of different stacks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ThreadMemory {
    /// How many.
    pub count: Expr,
    /// The mapping, of as many pages at least.
    #[serde(rename = "in")]
    pub place: String,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `thread-crash: {count: 4, signal: SEGV}`: start so many threads, the last of which does what brings this signal (a bad address, an
/// abort, ...); the others, and the first, wait for ever.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ThreadCrash {
    /// How many.
    pub count: Expr,
    /// `SEGV`, `ABRT`, `BUS`, `FPE`, `ILL`.
    pub signal: Arg<String>,
}

/// `thread-relay: {rounds: 20}`: a second thread reads so many bytes, each of which the first one writes when it sees the other asleep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ThreadRelay {
    /// How many.
    pub rounds: Expr,
}

/// `thread-write: {to: p.write, bytes: 10}`: a second thread makes one call that writes so many bytes, with PIPE blocked in both.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ThreadWrite {
    /// The endpoint.
    pub to: String,
    /// How many.
    pub bytes: Expr,
    /// What must come of it; success returns the count of bytes, or, where the call failed with EPIPE, 0 while PIPE is pending for
    /// the writing thread and for no other; `EIO` where it is pending for both, for the first alone, or for neither.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `report-switches: blocked`: record how often the process was switched away from, of its own will and against it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ReportSwitches(pub String);
