//! The program of a case: what the interpreter performs, with nothing left to look up.
//!
//! The [`Script`](crate::plan::script::Script) is the judge's half of a bound case, this is the performer's half. It travels to
//! the warden in postcard, is decoded there before anything forks, and is only read afterwards: memory prepared by the parent.

use crate::plan::script::{ActorId, StepId};
use serde::{Deserialize, Serialize};

/// What one case does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Program {
    /// Performed by the case root.
    pub root: Vec<Op>,
    /// The parts that agents play; written to files before the case starts.
    pub agents: Vec<AgentPart>,
    /// Number of actors (ids 0..actors).
    pub actors: u16,
    /// Number of descriptor slots.
    pub fd_slots: u16,
    /// Number of memory slots (mappings, counters, semaphores).
    pub memory_slots: u16,
    /// Number of gates.
    pub gates: u16,
    /// Milliseconds after which the case is a hang.
    pub deadline_ms: u64,
    /// Not to be pinned to one CPU.
    pub parallel: bool,
    /// The root's operations are requests to a subject.
    pub library: bool,
    /// How the subject is to be started, when not as usual.
    pub subject_start: Option<SubjectStart>,
}

/// How a subject is to be started, with every expression worked out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectStart {
    /// Which of 0, 1, 2 are closed.
    pub closed: Vec<i32>,
    /// Descriptor 0 is the null device opened for writing alone.
    pub write_only_stdin: bool,
    /// Signal numbers blocked.
    pub blocked: Vec<i32>,
    /// Signal numbers ignored.
    pub ignored: Vec<i32>,
    /// Supplementary groups; none: those that it has anyway.
    pub groups: Vec<u32>,
    /// Stray inheritable descriptors, opened on the null device from 3 up after the adapter's own needs.
    pub stray: u32,
    /// Soft RLIMIT_NOFILE.
    pub nofile: Option<u64>,
    /// Inheritable descriptors of these numbers, each a file of its own.
    pub hold: Vec<i32>,
    /// Put before its PATH; `{case}` is the case directory.
    pub path: Option<String>,
    /// Descriptors that it can still open when it has said hello.
    pub spare: Option<u64>,
    /// Path and number of an inheritable unix listener; `{case}` is the case directory.
    pub listen: Option<(String, i32)>,
    /// Numbers of two inheritable, connected unix sockets.
    pub pair: Option<(i32, i32)>,
    /// As an ordinary user, also where everything else is done by root.
    pub ordinary: bool,
}

/// The part of one exec'd actor. Its program file `bin/<file>` is the agent; `bin/<file>.part` holds this value in postcard.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AgentPart {
    /// Which actor it is.
    pub actor: ActorId,
    /// Name of its file in `bin/`.
    pub file: String,
    /// What it does after it has reported what it was given.
    pub ops: Vec<Op>,
    /// Sizes of its slot tables.
    pub fd_slots: u16,
    /// Sizes of its slot tables.
    pub memory_slots: u16,
}

/// One operation: a step as performed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Op {
    /// The step it performs.
    pub step: StepId,
    /// A failure is an outcome, not a reason to give up (the step has an `expect:`).
    pub lenient: bool,
    /// What to do.
    pub act: super::act::Act,
}
