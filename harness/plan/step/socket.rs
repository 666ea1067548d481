//! Sockets on the loopback and in the case directory.

use crate::plan::ast::Expect;
use crate::plan::expr::{Arg, Expr};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `listen: {as: server, family: unix}`: a stream listener; `unix` in the case directory, `tcp4`/`tcp6` on a free loopback port,
/// or on that of another listener (`at`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Listen {
    /// Its name.
    #[serde(rename = "as")]
    pub name: String,
    /// `unix`, `tcp4` or `tcp6`.
    pub family: Arg<String>,
    /// Backlog (default 64).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backlog: Option<Expr>,
    /// The listener, made earlier, whose address it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// SO_REUSEADDR.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reuse_address: Option<Expr>,
    /// SO_REUSEPORT (`unavailable` on macOS, which does not say that it spreads).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reuse_port: Option<Expr>,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `connect: {as: c, to: server}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Connect {
    /// Name of the connection on this side.
    #[serde(rename = "as")]
    pub name: String,
    /// The listener.
    pub to: String,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `accept: {as: a, from: server}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Accept {
    /// Name of the connection on this side.
    #[serde(rename = "as")]
    pub name: String,
    /// The listener.
    pub from: String,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `send-frames: {to: c, count: 20, size: 48, sends: 2}`: numbered frames; a frame is a 4-digit decimal length followed by a
/// record (`plan::record`). With `sends: 2` length and record go in two sends, with 1 in one; `lock` names a semaphore held
/// around each frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SendFrames {
    /// The connection.
    pub to: String,
    /// How many frames.
    pub count: Expr,
    /// Bytes of each record, 17..=9999.
    pub size: Expr,
    /// 1 or 2.
    pub sends: Expr,
    /// Semaphore to hold around each frame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<String>,
}

/// `shutdown: {of: line, how: write}`: end a connection, in whatever processes it is open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Shutdown {
    /// The connection.
    pub of: String,
    /// `read`, `write` or `both`.
    pub how: Arg<String>,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}
