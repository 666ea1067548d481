//! Signals: dispositions, mask, sending. Signals are named without SIG: `PIPE`, `USR1`, `RTMIN+2`.

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
    /// `default`, `ignore`, `count` (a handler that counts and returns), or `reap` (the `while waitpid(-1, WNOHANG)` handler).
    pub to: Arg<String>,
    /// SA_RESTART (only with a handler).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart: Option<Expr>,
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
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}
