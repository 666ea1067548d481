//! Pools of workers, the jobs that they are given, and the doors at which workers are met.

use super::worker::Deed;
use crate::plan::ast::Expect;
use crate::plan::expr::Expr;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `pool: {as: crew, workers: $n}`: a pool of so many workers. Capability `pool`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Pool {
    /// Its name.
    #[serde(rename = "as")]
    pub name: String,
    /// How many.
    pub workers: Option<Expr>,
    /// A worker is replaced after so many tasks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tasks: Option<Expr>,
    /// It is relied on that a worker that died is replaced.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub respawn: bool,
    /// What must come of it.
    #[serde(skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `submit: {as: job, to: crew, item: $i}`: one item; its result is the item's square. Capability `submit`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Submit {
    /// Name of the job.
    #[serde(rename = "as")]
    pub name: String,
    /// The pool.
    pub to: String,
    /// The item.
    pub item: Option<Expr>,
    /// What the worker does with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub task: Vec<Deed>,
    /// So many bytes travel with it, and with its result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pad: Option<Expr>,
    /// What must come of it.
    #[serde(skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `map: {as: job, to: crew, items: $n}`: the items 0, 1, ... in one call; the results are their squares. Capability `map`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Map {
    /// Name of the job.
    #[serde(rename = "as")]
    pub name: String,
    /// The pool.
    pub to: String,
    /// How many items.
    pub items: Option<Expr>,
    /// What a worker does with each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub task: Vec<Deed>,
    /// So many bytes travel with each, and with its result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pad: Option<Expr>,
    /// What must come of it.
    #[serde(skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `result: {of: job}`: wait for what came of a job.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Result {
    /// The job, or `every job`.
    pub of: String,
    /// Limit in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Expr>,
    /// What must come of it.
    #[serde(skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `close-pool: {of: crew}`: the pool takes no more work; its work is waited for, and its workers' end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ClosePool {
    /// The pool.
    pub of: String,
    /// Without waiting for its work.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub now: bool,
    /// What must come of it.
    #[serde(skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `meet: {at: door, count: $n}`: wait until so many more workers have come to the door, and record them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Meet {
    /// The door.
    pub at: String,
    /// How many; 1 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<Expr>,
}

/// `release: {at: door}`: let workers through a door, also such as come later: `count` (1 by default), the one with this `item`, or
/// `all: true` that will ever come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Release {
    /// The door.
    pub at: String,
    /// How many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<Expr>,
    /// The item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<Expr>,
    /// Everybody.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
}
