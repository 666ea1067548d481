//! Message queues: POSIX and System V.

use crate::plan::ast::Expect;
use crate::plan::expr::{Arg, Expr};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `queue: {as: box, via: posix, messages: 4}`: a message queue.
///
/// Without `name` only its maker and what it forks afterwards have it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Queue {
    /// Its name.
    #[serde(rename = "as")]
    pub name: String,
    /// `posix` (mq_open; macOS has none) or `sysv` (msgget).
    pub via: Arg<String>,
    /// Messages of full size that it holds at most (default: 8 with `posix`, of which Linux allows an ordinary user 10; the system's
    /// limit of bytes with `sysv`, which macOS lets nobody change).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages: Option<Expr>,
    /// Bytes of a message at most (default 64).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Expr>,
    /// The name under which others find it, until somebody removes it; the scenario's own, not a path.
    #[serde(rename = "name", default, skip_serializing_if = "Option::is_none")]
    pub public: Option<String>,
    /// With `name`: make it, where none of that name may be; otherwise what is there is opened.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub create: bool,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `send-message: {to: box, number: 3, priority: 1}`: send a message that holds its number, its priority and its length.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SendMessage {
    /// The queue.
    pub to: String,
    /// The number by which it is known again.
    pub number: Expr,
    /// Its priority, or its type with System V, which begins at 1 (default 1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Expr>,
    /// Its length (default: the `size` of the queue; at least 24).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Expr>,
    /// Do not wait for room.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nohang: bool,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `receive-message: {from: box, expect: {value: 3}}`: receive one message whole; success returns its number, `EBADMSG` when it is not as it was sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ReceiveMessage {
    /// The queue.
    pub from: String,
    /// System V `msgtyp`: 0 any (the default), N of type N, -N of the lowest type up to N.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wish: Option<Expr>,
    /// Bytes of the buffer (default: the `size` of the queue).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<Expr>,
    /// Do not wait for a message.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nohang: bool,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}
