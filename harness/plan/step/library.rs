//! Operations of the subject's library. Each names the capability that an adapter claims for it.

use super::Step;
use crate::plan::ast::Expect;
use crate::plan::expr::{Arg, Expr};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `spawn: {as: child, args: [a, b], stdout: pipe, do: [...]}`: the subject starts a program; the agent plays it.
/// Capability `spawn`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Spawn {
    /// Name of the started process.
    #[serde(rename = "as")]
    pub name: String,
    /// Program instead of the agent: a path relative to the case directory (made absolute), or a bare name with `search: true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<Arg<String>>,
    /// Hand the program over as a bare name, to be found through PATH.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub search: bool,
    /// Arguments after `argv[0]`: texts, `$parameters`; a list parameter is spliced.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<Expr>,
    /// Environment variables by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env: Option<BTreeMap<String, Expr>>,
    /// One variable `CHILDPROOF_TEXT` with this value, when it is bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_text: Option<Expr>,
    /// `inherit` (default: `env` is laid over the inherited environment) or `replace`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_mode: Option<Arg<String>>,
    /// Working directory, relative to the case directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<Arg<String>>,
    /// `default`, `inherit`, `null`, `pipe`, `pty`, `file NAME`, `fd N`; on stderr also `stdout`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdin: Option<Arg<String>>,
    /// As `stdin`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdout: Option<Arg<String>>,
    /// As `stdin`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stderr: Option<Arg<String>>,
    /// Descriptors of the subject that the child has under the same numbers: a list of numbers, or a parameter.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pass: Vec<Expr>,
    /// What the child sees as `argv[0]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arg0: Option<Expr>,
    /// The child leads a new session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<Expr>,
    /// `default`; `new`: the child leads a new process group; `own`: moreover kill, terminate, signal and wait mean all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<Arg<String>>,
    /// Started detached, in a session of its own; the handle is only there to be dropped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub daemon: Option<Expr>,
    /// Giving the handle up kills the child and reaps it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kill_on_drop: Option<Expr>,
    /// File mode creation mask of the child, in octal digits: `"027"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub umask: Option<Arg<String>>,
    /// User and groups of the child.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<User>,
    /// Where a value of a type stands that nothing there can be: `program`, `argument`, `variable`, `directory` (capability `malformed`,
    /// of languages that find out as they run).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub malformed: Option<Arg<String>>,
    /// What the started program does; it then exits with 0.
    #[serde(rename = "do", skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// What must come of the start.
    #[serde(skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// Environment and working directory of a start, as `spawn` and `run` have them.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'s> {
    /// Variables by name.
    pub env: Option<&'s BTreeMap<String, Expr>>,
    /// One more variable, when its value is bytes.
    pub env_text: Option<&'s Expr>,
    /// `inherit` or `replace`.
    pub env_mode: Option<&'s Arg<String>>,
    /// Working directory.
    pub cwd: Option<&'s Arg<String>>,
}

impl Surroundings<'_> {
    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.env.is_none() && self.env_text.is_none() && self.env_mode.is_none() && self.cwd.is_none()
    }
}

impl Spawn {
    /// Where the program is to find itself.
    pub fn surroundings(&self) -> Surroundings<'_> {
        let Spawn { env, env_text, env_mode, cwd, .. } = self;
        Surroundings { env: env.as_ref(), env_text: env_text.as_ref(), env_mode: env_mode.as_ref(), cwd: cwd.as_ref() }
    }
}

/// Who a started program is to be, as `user: {uid: 1000, gid: 1000, groups: [10, 20]}`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct User {
    /// User id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<Expr>,
    /// Group id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gid: Option<Expr>,
    /// Supplementary groups: a list of numbers, or a parameter; absent: the library's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<Expr>>,
}

/// `communicate: {with: child, bytes: 200000, timeout: 2000}`: write, read both outputs and wait, as one library call.
/// Output is recorded as read from `child.stdout` and `child.stderr`. Capability `communicate`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Communicate {
    /// The started actor.
    pub with: String,
    /// Bytes of input (a fixed pattern).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Expr>,
    /// Limit in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Expr>,
    /// What must come of it; without it the child must exit with 0.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `poll: {who: child}`: ask without blocking. Capability `poll`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Poll {
    /// The started actor.
    pub who: String,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `terminate: {who: child}`: the library's own `terminate`. Capability `terminate`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Terminate {
    /// The started actor.
    pub who: String,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `drop: child`: give the handle up (and collect it where the language collects). Capability `drop`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Drop(pub String);

/// `parallel: {threads: 4, do: [...]}`: each of so many threads of the subject performs the library steps of `do`;
/// `parallel: {lists: [[...], [...]]}`: one thread for each list. All begin together. Capability `threads`.
///
/// A `spawn` inside starts a child of its own in each thread: a family, thread after thread.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Parallel {
    /// How many threads; absent with `lists`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threads: Option<Expr>,
    /// Name under which the thread's number, from 0, is known in `do` as `$name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    /// Library steps, which every thread performs.
    #[serde(rename = "do", skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// Library steps of each thread.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lists: Vec<Vec<Step>>,
}

/// `fill: {pages: 4096, value: 7}`: the subject writes this byte to so many pages (of 4 KiB) of memory of its own and keeps them; the value is
/// what all of them held before, 0 at first, -1 where they differ. Capability `memory`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Fill {
    /// How many; as many each time.
    pub pages: Expr,
    /// The byte.
    pub value: Expr,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `at-exit: {expect: {value: 0}}`: the subject has a handler of its language's for the orderly end of a process from now on; the value is how
/// many processes have run it so far. Capability `exit-handlers`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AtExit {
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `handle: {signal: USR1}`: the subject handles this signal from now on, with a handler that returns. Capability `handlers`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Handle {
    /// The signal.
    pub signal: Arg<String>,
}
