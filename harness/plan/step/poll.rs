//! Readiness: asking what could be done with an endpoint without doing it, and waiting for it.

use crate::plan::ast::Expect;
use crate::plan::expr::{Arg, Expr};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `ready: {of: p.read, for: read, via: poll}`: whether it is ready; `pending` where not.
///
/// For `read` and `write` it is asked whether the call would not block, be it that it fails or meets the end: for poll POLLIN or POLLOUT,
/// or POLLHUP or POLLERR, which are told unasked. `hang-up` asks for POLLHUP alone, `error` for POLLERR, of which select does not tell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Ready {
    /// The endpoint.
    pub of: String,
    /// `read`, `write`, `hang-up` or `error`.
    #[serde(rename = "for")]
    pub what: Arg<String>,
    /// `select`, `poll` or `queue` (epoll on Linux, kqueue on macOS).
    pub via: Arg<String>,
    /// Wait until it is ready.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wait: bool,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `event-queue: {as: q}`: an epoll set; `unavailable` on macOS, where a kqueue is not inherited by fork.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct EventQueue {
    /// Its name.
    #[serde(rename = "as")]
    pub name: String,
}

/// `watch: {with: q, of: p.read, for: read, tag: 1}`: enter an endpoint into an epoll set, level-triggered; what is reported of it
/// carries the tag.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Watch {
    /// The epoll set.
    pub with: String,
    /// The endpoint.
    pub of: String,
    /// `read` or `write`.
    #[serde(rename = "for")]
    pub what: Arg<String>,
    /// A number that events of it carry.
    pub tag: Expr,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `next-event: {from: q, expect: {value: 1}}`: the tag of one endpoint that is ready; `pending` where none is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NextEvent {
    /// The epoll set.
    pub from: String,
    /// Wait until one is ready.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wait: bool,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}
