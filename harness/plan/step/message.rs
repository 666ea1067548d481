//! Messages: sockets that keep their boundaries, and descriptors that travel over sockets.

use crate::plan::ast::Expect;
use crate::plan::expr::{Arg, Expr};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `socketpair: {as: p, type: dgram}`: two connected unix sockets, `p.a` and `p.b`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SocketPair {
    /// Its name; its ends are NAME.a and NAME.b.
    #[serde(rename = "as")]
    pub name: String,
    /// `stream`, `dgram` or `seqpacket` (`unavailable` on macOS).
    #[serde(rename = "type")]
    pub kind: Arg<String>,
}

/// `bind: {as: inbox, family: udp4}`: a socket that datagrams can be sent to by whoever connects to it; `udp4` and `udp6` on a
/// free loopback port, `unix-dgram` in the case directory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Bind {
    /// Its name.
    #[serde(rename = "as")]
    pub name: String,
    /// `udp4`, `udp6` or `unix-dgram`.
    pub family: Arg<String>,
}

/// `send-fds: {over: p.a, fds: [log], times: 3}`: one message of one byte with descriptors (SCM_RIGHTS).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SendFds {
    /// The unix socket.
    pub over: String,
    /// The endpoints whose descriptors are sent, in this order.
    pub fds: Vec<String>,
    /// The whole list so many times over (default 1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<Expr>,
    /// What must come of it; success returns the number of descriptors sent.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `receive-fds: {over: p.b, as: got, room: 3}`: receive one such message; the descriptors are `got[0]`, `got[1]`, ..., and `got` is
/// the first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ReceiveFds {
    /// The unix socket.
    pub over: String,
    /// Their name.
    #[serde(rename = "as")]
    pub name: String,
    /// Room in the control buffer for so many descriptors (default 1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<Expr>,
    /// Close-on-exec from the start, by MSG_CMSG_CLOEXEC (`unavailable` where there is none).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub close_on_exec: Option<Expr>,
    /// Whether the message must be told to be cut (MSG_CTRUNC); one that is cut otherwise is the error EMSGSIZE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truncated: Option<Expr>,
    /// What must come of it; success returns the number of descriptors received, `eof` when the other side is closed.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}
