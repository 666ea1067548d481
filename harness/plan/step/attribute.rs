//! What a process is beside its program and its descriptors: limits, mask of file modes, directory, priority, group, session.

use crate::plan::ast::Expect;
use crate::plan::expr::{Arg, Expr};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `limit: {set: NOFILE, soft: 64}`: set a resource limit of the process.
/// `limit: {of: subject, set: NPROC, soft: 1}`: set one of the subject from outside, with the subject going on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Limit {
    /// `subject` where the root drives a library; absent: the process itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// The resource without RLIMIT_: `NOFILE`, `FSIZE`, `CPU`.
    pub set: Arg<String>,
    /// The soft limit, in the resource's own unit; -1: none; absent: as high as the hard limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soft: Option<Expr>,
    /// The hard limit; absent: as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hard: Option<Expr>,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `umask: 18`: set the file mode creation mask (decimal; 18 is 022).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Umask(pub Expr);

/// `chdir: place`: go into a directory of the case directory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Chdir(pub String);

/// `nice: 3`: add so much to the nice value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Nice(pub Expr);

/// `new-session: {}`: lead a new session.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NewSession {
    /// What must come of it; success returns the session's id.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `group: {of: self, join: self}`: put a process into a process group; its own (`self` twice) or that of another actor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Group {
    /// The process: an actor, or `self`.
    pub of: String,
    /// Whose group: an actor that leads one, or the same as `of` for a new group.
    pub join: String,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `kill-group: {of: leader, signal: TERM}`: send a signal to every process of the group that an actor leads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KillGroup {
    /// Its leader.
    pub of: String,
    /// The signal.
    pub signal: Arg<String>,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `control-group: {processes: 5}`: go into a control group of its own, in which no more than so many processes and threads can be;
/// `unavailable` where none can be made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ControlGroup {
    /// How many, this process included.
    pub processes: Expr,
}

/// `spin: {}`: use the processor until a signal ends the process; an endless loop is an outcome that limits are to prevent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Spin {}

/// `become: {uid: 1000, gid: 1000, groups: []}`: take another identity for good, the groups first and the user last; needs root.
/// `become: {ordinary: true}`: be nobody that the system makes exceptions for; who is not root stays who it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Become {
    /// Any ordinary user.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ordinary: bool,
    /// Real, effective and saved user id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<Expr>,
    /// Real, effective and saved group id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gid: Option<Expr>,
    /// Supplementary groups: a list of numbers, or a parameter; absent: as they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<Expr>>,
    /// What must come of it.
    #[serde(skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}
