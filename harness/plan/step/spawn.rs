//! Starting a program by `posix_spawn`, the platform's own library call, with its file actions and attributes.
//!
//! On the platform plane: the C library that childproof is linked with is what is tested.

use super::Step;
use crate::plan::ast::Expect;
use crate::plan::expr::{Arg, Expr};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `posix-spawn: {as: child, actions: ["dup2 20 1", "close 21"], do: [...]}`: start the agent, which then performs `do`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PosixSpawn {
    /// Name of the new actor.
    #[serde(rename = "as")]
    pub name: String,
    /// Path of a program instead of the agent, relative to the case directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<Arg<String>>,
    /// By posix_spawnp: a name without a slash is searched for in the caller's PATH.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub search: bool,
    /// Arguments after `argv[0]`; a list parameter is spliced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<Expr>,
    /// Environment as `NAME=value` texts; absent: that of the caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env: Option<Vec<Expr>>,
    /// File actions in their order: `close N`, `dup2 FROM TO`, `open N PATH` (`create N PATH`: for writing, made where it is not
    /// there), `chdir PATH`. Numbers are descriptors; paths are relative to the directory reached. A list parameter is spliced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<Expr>,
    /// It leads a new process group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Expr>,
    /// It leads a new session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Expr>,
    /// Its mask is these signals and no others; absent: the caller's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<Vec<String>>,
    /// These signals have their default disposition in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub defaults: Vec<String>,
    /// What it does; it then exits with 0.
    #[serde(rename = "do", default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// What must come of it; success returns the child's pid.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}
