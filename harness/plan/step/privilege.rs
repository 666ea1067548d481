//! Who a process is, and where its root directory is.

use crate::plan::ast::Expect;
use crate::plan::expr::{Arg, Expr};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `set-id: {user: 4711}`: one of setuid, setgid, setgroups.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SetId {
    /// setuid
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Expr>,
    /// setgid
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Expr>,
    /// setgroups
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<Expr>>,
    /// seteuid or setegid instead: the way back stays open.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub effective: bool,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `identity: {of: saved-user, expect: {value: 4711}}`: one of the ids of the process, or the number of its supplementary groups.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Identity {
    /// `real-user`, `effective-user`, `saved-user`, `real-group`, `effective-group`, `saved-group`, `groups`.
    pub of: Arg<String>,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `chroot: {to: jail}`: have a directory of the case directory as root directory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Chroot {
    /// The directory.
    pub to: String,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `reach: {path: ../secret, expect: {error: ENOENT}}`: whether a path, taken as it is, can be opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Reach {
    /// The path, relative to the process's own working directory, or absolute.
    pub path: String,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}
