//! Starting, ending and waiting by system call.

use super::Step;
use crate::plan::ast::Expect;
use crate::plan::expr::{Arg, Expr};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `fork: {as: writer, do: [...]}`: the steps of `do` run in the forked process, which then exits with 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Fork {
    /// Name of the new actor; inside an unrolled `repeat` the name of a family.
    #[serde(rename = "as")]
    pub name: String,
    /// The child is to have the process id that this actor had, which is gone. Needs a pid namespace, and root in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid_of: Option<String>,
    /// What the child does.
    #[serde(rename = "do", default)]
    pub steps: Vec<Step>,
    /// What must come of the fork in the parent; success returns the child's pid.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `fork-tree: {as: leaf, levels: 3, do: [...]}`: fork `levels` times with both processes going on, so that 2^levels
/// processes perform `do` once each; those that were forked exit with 0, every parent reaps its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ForkTree {
    /// Family name of the processes; member 0 is the actor that performs this step.
    #[serde(rename = "as")]
    pub name: String,
    /// Number of forks in a row, 0..=6.
    pub levels: Expr,
    /// What each of the 2^levels processes does.
    #[serde(rename = "do")]
    pub steps: Vec<Step>,
}

/// `exec: {as: image, do: [...]}`: replace the process's program by the agent, which then performs `do`; or by `program`.
/// Nothing after a successful exec runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Exec {
    /// Name of the new image as an actor.
    #[serde(rename = "as", default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Path of the program instead of the agent; relative to the case directory. Together with `as` it is a wrapper that
    /// executes the agent, `bin/NAME`, in its turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<Arg<String>>,
    /// By execvp: a name without a slash is searched for in PATH, that of `env` where there is one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub search: bool,
    /// Arguments after `argv[0]`: each an expression or text; a list parameter is spliced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<Expr>,
    /// One argument of this many bytes more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub long_arg: Option<Expr>,
    /// Environment as `NAME=value` texts, replacing the inherited one; absent: inherited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env: Option<Vec<Expr>>,
    /// What the new image does.
    #[serde(rename = "do", default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// What must come of it in the caller; absent: it must not return.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `exit: 3`: `_exit` with this code (its low 8 bits reach the parent).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Exit(pub Expr);

/// `vfork: {as: child, do: [...]}`: a child that borrows the caller's memory; the caller goes on when the child has ended or has
/// executed another program. The child runs on a stack of its own, as that of `posix_spawn` does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Vfork {
    /// Name of the new actor.
    #[serde(rename = "as")]
    pub name: String,
    /// What the child does; it then exits with 0.
    #[serde(rename = "do", default)]
    pub steps: Vec<Step>,
    /// What must come of it in the parent; success returns the child's pid.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `quit: 3`: end by exit(3), which runs exit handlers and flushes what the C library has buffered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Quit(pub Expr);

/// `wait: {for: writer}`, `{for: every worker}`, `{for: any}`: wait for a child's change of state.
/// For a `spawn`ed actor the subject's own wait is used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Wait {
    /// An actor, `every FAMILY`, or `any`.
    #[serde(rename = "for")]
    pub target: String,
    /// With `any`: how many children, one after the other in the order in which they end (default 1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<Expr>,
    /// The system call to use (platform plane): `wait`, `waitpid`, `waitid`, `pidfd`; `waitpid-group` and `waitid-group` take any child of
    /// the process group that the named one leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<Arg<String>>,
    /// Do not block: `pending` when there is nothing to report.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nohang: bool,
    /// Leave the child waitable (waitid only).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nowait: bool,
    /// Report stops too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub untraced: bool,
    /// Report continuations too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub continued: bool,
    /// Limit in milliseconds (library plane: the library's own timed wait).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Expr>,
    /// What must come of it; without it a wait must report an exit with code 0.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `report-state: before`: record the whole state of the process (see `trace::ProcState`) under this label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ReportState(pub String);
