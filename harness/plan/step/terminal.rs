//! Pseudo-terminals and who may use them.

use crate::plan::ast::Expect;
use crate::plan::expr::Expr;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `pty: tty`: make a pseudo-terminal, nobody's controlling one yet; its sides are NAME.master and NAME.slave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Pty(pub String);

/// `take-terminal: {of: tty.slave}`: make it the controlling terminal of the session that this process leads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TakeTerminal {
    /// The terminal.
    pub of: String,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `foreground: {of: tty.slave, group: front}`: make the group that an actor leads the foreground one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Foreground {
    /// The terminal.
    pub of: String,
    /// The actor that leads the group, or `self`.
    pub group: String,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `terminal-mode: {of: tty.slave, echo: false, tostop: true}`: set flags of a terminal; those that are not named stay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TerminalMode {
    /// The terminal.
    pub of: String,
    /// ECHO
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub echo: Option<Expr>,
    /// TOSTOP
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tostop: Option<Expr>,
    /// ISIG: keys send signals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signals: Option<Expr>,
    /// OPOST: a newline that is written goes out with a carriage return.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post: Option<Expr>,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `read-until: {from: tty.master, text: "$ "}`: read until this text has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ReadUntil {
    /// The endpoint.
    pub from: String,
    /// The text.
    pub text: Expr,
    /// What must come of it; success returns how many bytes were read.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}
