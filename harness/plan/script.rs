//! The script: what one case does, with every name resolved and every expression worked out.
//!
//! A history carries its script, so that judging and reporting need neither the scenario file nor an expression evaluator,
//! and a history recorded last year is judged by today's properties.

use super::value::Value;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Number of an actor within its case; 0 is the root.
pub type ActorId = u16;
/// Stands for the subject's own process where steps of started programs mean it. It is no actor: no case has so many.
pub const SUBJECT: ActorId = 4095;
/// Number of a step within its case, unique over all actors, in the order of the scenario file.
pub type StepId = u32;

/// Rounds of a native loop of which every step is recorded; of later ones only failures are.
pub const RECORDED_ROUNDS: u64 = 64;

/// A case as the judge sees it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Script {
    /// `family/name` of the scenario file without its ending.
    pub scenario: String,
    /// The property in a sentence.
    pub title: String,
    /// On which plane the root works.
    pub plane: Plane,
    /// Parameter names with their values.
    pub bindings: BTreeMap<String, Value>,
    /// Every actor; position = id.
    pub actors: Vec<ActorDecl>,
    /// Every step; position = id.
    pub steps: Vec<StepDecl>,
    /// Properties that the scenario asks for beside the universal ones, in file order.
    pub checks: Vec<CheckDecl>,
    /// The case's deadline in milliseconds.
    pub deadline_ms: u64,
    /// Universal properties that the scenario lifts, each with its reason.
    #[serde(default)]
    pub permits: BTreeMap<String, String>,
}

/// Who performs the root's steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Plane {
    /// The case root itself, by system calls.
    #[default]
    Platform,
    /// A library, through its adapter.
    Library,
}

/// One actor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActorDecl {
    /// Its number.
    pub id: ActorId,
    /// Its name as reports print it: `writer`, or `worker[2]` for one of several.
    pub name: String,
    /// The name in the scenario file: `worker`.
    pub family: String,
    /// Which one of its family, from 0.
    pub index: u32,
    /// Who starts it; `None` for the root.
    pub parent: Option<ActorId>,
    /// How it comes to be.
    pub origin: Origin,
}

/// How an actor comes to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The case root.
    Root,
    /// By fork, from its parent.
    Forked,
    /// By exec in its parent's process: the same pid under a new image, played by the agent.
    Image,
    /// Started by the subject; played by the agent.
    Spawned,
    /// Started by the subject as a stage of a pipeline: it has a process and no handle.
    Stage,
    /// A pipeline as a whole: it has a handle and no process of its own.
    Pipeline,
    /// Started by the subject to run a function: a worker, or a main program with workers.
    Worker,
    /// A pool or a job: it has a handle and no process of its own.
    Handle,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepDecl {
    /// Its number.
    pub id: StepId,
    /// Who performs it.
    pub actor: ActorId,
    /// The step's keyword in the language: `write`, `spawn`.
    pub kind: String,
    /// The step in words with its values: `write 4096 bytes to p.write`.
    pub label: String,
    /// Line in the scenario file, from 1; 0 when there is none.
    pub line: u32,
    /// What must come of it; the first clause counts (conditions were worked out when binding). Empty: it must succeed.
    pub expect: Vec<Outcome>,
    /// Any outcome is accepted (`expect: any`); what came of it is recorded.
    pub any: bool,
    /// The stream, object or actor it works on: `p.write`, `child.stdout`, `counter`.
    pub on: Option<String>,
    /// For `write-records`: how many, and bytes each.
    pub records: Option<Records>,
    /// Numbers that the step was given, where judges need them: those of `repeat` (rounds), of a `wait` with WNOWAIT (1), and of steps on
    /// shared objects, in the order that `judge/linear/operations.rs` reads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub operands: Vec<i64>,
    /// For `spawn` and `exec`: what was asked for, so that properties can compare it with what arrived.
    pub asked: Option<Box<Asked>>,
    /// For `pipeline` and `run`: what was asked for of each stage, from left to right.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<Asked>,
}

/// Records that a step writes; see [`super::record`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Records {
    /// How many records.
    pub count: u32,
    /// Bytes of each, newline included.
    pub size: u32,
}

/// What a start was asked to hand to the started program.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// The actor that plays the started program; `None` when the start is to fail.
    pub child: Option<ActorId>,
    /// The program as handed over.
    pub program: String,
    /// Arguments including `argv[0]`, as handed over.
    pub argv: Vec<Value>,
    /// The environment handed over: `None` = inherited unchanged; otherwise names with values, and whether it replaces.
    pub env: Option<AskedEnv>,
    /// Descriptor number in the child → what it must be.
    pub fds: BTreeMap<i32, AskedFd>,
    /// Working directory asked for.
    pub cwd: Option<String>,
    /// Who and where among processes the program is to be.
    #[serde(default)]
    pub identity: AskedIdentity,
    /// What else posix_spawn was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spawn: Option<AskedSpawn>,
}

/// File actions and signal attributes of posix_spawn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AskedSpawn {
    /// The actions in their order, in the words of the scenario: `dup2 20 1`.
    pub actions: Vec<String>,
    /// The mask asked for; `None`: the caller's.
    pub mask: Option<Vec<i32>>,
    /// Signals that are to have their default disposition.
    pub defaults: Vec<i32>,
}

/// The part of a start that is about the process itself. What was not asked for is absent or false.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AskedIdentity {
    /// To lead a new session.
    pub session: bool,
    /// To lead a new process group.
    pub group: bool,
    /// To be detached, by the library's daemonising call.
    pub daemon: bool,
    /// File mode creation mask.
    pub umask: Option<u32>,
    /// User id.
    pub uid: Option<u32>,
    /// Group id.
    pub gid: Option<u32>,
    /// Supplementary groups.
    pub groups: Option<Vec<u32>>,
}

/// An environment asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AskedEnv {
    /// `true`: exactly these; `false`: these over the inherited ones.
    pub replace: bool,
    /// Names with values, in the order given.
    pub vars: Vec<(Value, Value)>,
}

/// What a descriptor of a started program must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AskedFd {
    /// The same open file as the subject's own descriptor of this number.
    Inherit(i32),
    /// The null device.
    Null,
    /// One end of a pipe or socket pair that leads to the subject.
    Pipe,
    /// This file.
    File(String),
    /// The same open file as the child's own descriptor of this number.
    SameAs(i32),
    /// A new pseudo-terminal.
    Terminal,
    /// Not open.
    Closed,
}

/// One requested property with its arguments worked out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckDecl {
    /// The property's name.
    pub property: String,
    /// Arguments by name.
    pub args: BTreeMap<String, Value>,
    /// Line in the scenario file, from 1.
    pub line: u32,
}

/// What came, or must come, of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It succeeded, with a number where the call returns one (a pid, a count of bytes, a value read).
    Done(Option<i64>),
    /// It failed with this errno name (`EPIPE`); an error of a library without one is `Other`.
    Error(String),
    /// A library's error that names no errno; its text.
    Other(String),
    /// A process ended or changed state so.
    Ended(Ended),
    /// The other side is at its end (a read of 0 bytes).
    Eof,
    /// There is nothing to report yet (WNOHANG, poll on a running child).
    Pending,
    /// The subject does not offer the operation.
    Unsupported(String),
    /// The platform does not offer it here; with the reason.
    Unavailable(String),
    /// A time limit that was asked for ran out.
    TimedOut,
}

/// How a process ended, or which state it changed to; exact where the C macros blend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// `WIFEXITED`, with the code 0..=255.
    Exited(i32),
    /// `WIFSIGNALED`, with the signal's number (real-time ones too) and `WCOREDUMP`.
    Killed {
        /// Signal number on this platform.
        signal: i32,
        /// Whether a core was dumped.
        core: bool,
    },
    /// Asked for only, and never seen: [`Ended::Killed`] with its core as it is said here. Without this a death is right whether or not
    /// it dumped one, which limits of the machine decide.
    KilledExactly {
        /// Signal number on this platform.
        signal: i32,
        /// Whether a core is to be dumped.
        core: bool,
    },
    /// `WIFSTOPPED`, with the signal's number.
    Stopped(i32),
    /// `WIFCONTINUED`.
    Continued,
}
