//! Locks on files: three kinds that look alike and belong to three different things.

use crate::plan::ast::Expect;
use crate::plan::expr::{Arg, Expr};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `lock: {file: log, by: flock, mode: exclusive}`: lock an open file, or change the lock that is there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Lock {
    /// The open file.
    pub file: String,
    /// `flock` (belongs to the open file description), `fcntl` (to the process) or `ofd` (to the description, with ranges).
    pub by: Arg<String>,
    /// `exclusive` or `shared`.
    pub mode: Arg<String>,
    /// First byte of the range, from 0; not with `flock`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Expr>,
    /// Bytes of the range; absent or 0: to the end, however far the file grows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Expr>,
    /// Do not wait for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nohang: bool,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `unlock: {file: log, by: flock}`: give a lock on an open file up, or a range of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Unlock {
    /// The open file.
    pub file: String,
    /// As it was locked.
    pub by: Arg<String>,
    /// First byte of the range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Expr>,
    /// Bytes of the range; absent or 0: to the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Expr>,
}
