//! Signals: dispositions, mask, sending, waiting for them. Signals are named without SIG: `PIPE`, `USR1`, `RTMIN+2`.

use crate::plan::ast::Expect;
use crate::plan::expr::{Arg, Expr};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `signal: {set: PIPE, to: ignore}`: set a disposition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Signal {
    /// The signal.
    pub set: Arg<String>,
    /// `default`, `ignore`, `count` (a handler that counts and returns), `inform` (one with SA_SIGINFO, which also keeps what it
    /// is told), `nest` (one that sends its own signal again from within, once), or `reap` (the `while waitpid(-1, WNOHANG)` handler).
    pub to: Arg<String>,
    /// SA_RESTART (only with a handler).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart: Option<Expr>,
    /// SA_RESETHAND: back to the default action when the handler is entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reset: Option<Expr>,
    /// SA_NODEFER: the signal is not blocked while its handler runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_defer: Option<Expr>,
    /// SA_NOCLDSTOP: no SIGCHLD for stops and continuations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_child_stop: Option<Expr>,
}

/// `mask: {block: [USR1]}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Mask {
    /// Signals to block.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub block: Vec<String>,
    /// Signals to unblock.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unblock: Vec<String>,
}

/// `kill: {who: reader, signal: USR1}`; a spawned actor is signalled through the subject's handle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Kill {
    /// An actor, or `self`.
    pub who: String,
    /// The signal; absent on a spawned actor: the library's own `kill` (SIGKILL).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<Arg<String>>,
    /// Send this number along (sigqueue; platform plane).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Expr>,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `sigwait: {any-of: [USR1, RTMIN+1], expect: {signal: USR1}}`: take one of these signals, which are blocked; what it tells is recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Sigwait {
    /// The signals.
    pub any_of: Vec<String>,
    /// Do not block: `pending` when none of them has come.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nohang: bool,
    /// What must come of it; success returns the signal.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `pending: {signal: USR1, expect: {value: 1}}`: whether this signal is pending for the process: 1 or 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Pending {
    /// The signal.
    pub signal: Arg<String>,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `handled: {signal: USR1, at-least: 2, expect: {value: 2}}`: how often the handler has run in this process. What an `inform` handler
/// was told last is recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Handled {
    /// The signal.
    pub signal: Arg<String>,
    /// Wait until it has run so often.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Expr>,
    /// Instead of how often: how deep it has ever been nested in itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub depth: bool,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}
