//! Several programs connected by pipes, and programs that are started, collected and waited for in one call.

use super::Step;
use crate::plan::ast::Expect;
use crate::plan::expr::{Arg, Expr};
use crate::plan::step::library::Surroundings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `pipeline: {as: line, stages: [{as: first, do: [...]}, {as: second}], stdin: pipe, stdout: pipe}`: the subject starts all
/// stages, each one's output connected to the next one's input. `line` takes what a started program takes: its stdin is the
/// first stage's, its stdout the last one's. Capability `pipeline`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Pipeline {
    /// Name of the whole.
    #[serde(rename = "as")]
    pub name: String,
    /// The stages from left to right.
    pub stages: Vec<Stage>,
    /// Of the first stage: as for `spawn`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdin: Option<Arg<String>>,
    /// Of the last stage: as for `spawn`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdout: Option<Arg<String>>,
    /// Of all stages together. Capability `pipeline-stderr`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stderr: Option<Arg<String>>,
    /// What must come of the start.
    #[serde(skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `{as: filter, times: $n, args: [a], do: [...]}`: a stage, played by the agent; with `times` a family of stages one after the other.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Stage {
    /// Its name.
    #[serde(rename = "as")]
    pub name: String,
    /// The stage is there only where this holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<Expr>,
    /// So many such stages, a family.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<Expr>,
    /// Program instead of the agent: a path relative to the case directory, or a bare name with `search: true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<Arg<String>>,
    /// Hand the program over as a bare name, to be found through PATH; the case is unavailable where there is none.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub search: bool,
    /// Arguments after `argv[0]`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<Expr>,
    /// Of this stage alone: as for `spawn`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stderr: Option<Arg<String>>,
    /// What it does; it then exits with 0.
    #[serde(rename = "do", skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
}

/// `run: {as: child, do: [...], bytes: 4096}`, or with `stages` in the place of `do`: start, give the input, collect the output and
/// wait, as one call of the library; its status is what comes of it. Output is recorded as read from `child.stdout` and
/// `child.stderr`. Capability `run`; with several stages `run-pipeline`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Run {
    /// Name of the started program, or of the whole.
    #[serde(rename = "as")]
    pub name: String,
    /// Bytes of input (a fixed pattern).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Expr>,
    /// Milliseconds after which the call gives up and ends what it started (capability `run-timeout`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Expr>,
    /// As for a stage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<Arg<String>>,
    /// As for a stage.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub search: bool,
    /// Arguments after `argv[0]`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<Expr>,
    /// Environment variables by name, as for `spawn`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env: Option<BTreeMap<String, Expr>>,
    /// One variable `CHILDPROOF_TEXT` with this value, when it is bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_text: Option<Expr>,
    /// `inherit` (default) or `replace`, as for `spawn`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_mode: Option<Arg<String>>,
    /// Working directory, relative to the case directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<Arg<String>>,
    /// What the program does; it then exits with 0.
    #[serde(rename = "do", skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// Several programs from left to right.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<Stage>,
    /// What must come of it; without it the program must exit with 0.
    #[serde(skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

impl Run {
    /// Where the program is to find itself.
    pub fn surroundings(&self) -> Surroundings<'_> {
        let Run { env, env_text, env_mode, cwd, .. } = self;
        Surroundings { env: env.as_ref(), env_text: env_text.as_ref(), env_mode: env_mode.as_ref(), cwd: cwd.as_ref() }
    }
}

/// The stages that a step starts.
pub fn stages(step: &Step) -> &[Stage] {
    match step {
        Step::Pipeline(pipeline) => &pipeline.stages,
        Step::Run(run) => &run.stages,
        _ => &[],
    }
}

/// The name that a step gives to several stages as a whole.
pub fn whole(step: &Step) -> Option<&str> {
    match step {
        Step::Pipeline(pipeline) => Some(&pipeline.name),
        Step::Run(run) if !run.stages.is_empty() => Some(&run.name),
        _ => None,
    }
}
