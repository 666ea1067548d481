//! A hanging case as plain data: everything that was seen from outside before anything was killed.
//!
//! The warden collects it, and what it means (who waits for whom, and why nobody can go on) is worked out from it by
//! [`crate::judge::hang`] alone, on any machine and at any later time.

use super::state::FdState;
use crate::plan::script::{ActorId, StepId};
use serde::{Deserialize, Serialize};

/// What was seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Nanoseconds since the case began.
    pub at: u64,
    /// Nanoseconds since the last event of anybody.
    pub idle: u64,
    /// Every process of the case, by pid.
    pub processes: Vec<Process>,
    /// How many more there were.
    pub more: u32,
    /// What the scenario made and how it is found among the descriptors.
    pub made: Vec<Made>,
    /// File locks that are held or waited for.
    pub locks: Vec<Lock>,
    /// Connected sockets: the inode of one end and that of the other.
    pub peers: Vec<(u64, u64)>,
}

/// One process.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Process {
    /// Process id.
    pub pid: i32,
    /// Parent's id.
    pub ppid: i32,
    /// The actor it is, where it is one.
    pub actor: Option<ActorId>,
    /// It is the subject's adapter.
    pub adapter: bool,
    /// Command name.
    pub command: String,
    /// `zombie`, `sleeping`, `running`, `stopped`, `other`.
    pub state: String,
    /// The step that the actor is in.
    pub doing: Option<Doing>,
    /// Its threads, the first one first.
    pub threads: Vec<Thread>,
    /// Its descriptors, and whether each is a FIFO.
    pub fds: Vec<(FdState, bool)>,
    /// Numbers of pending signals.
    pub pending: Vec<i32>,
    /// Numbers of blocked signals.
    pub blocked: Vec<i32>,
}

/// A step under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doing {
    /// Which.
    pub step: StepId,
    /// It waits at a gate in it.
    pub gate: bool,
}

/// One thread.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Thread {
    /// Thread id.
    pub tid: i32,
    /// As that of a process.
    pub state: String,
    /// What it is blocked in.
    pub call: Call,
}

/// A system call that does not return.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// `read`, `wait4`; `running` when it is in none, empty when the platform does not tell.
    pub name: String,
    /// Its arguments as numbers.
    pub args: Vec<u64>,
    /// Descriptors that a call on several looks at (`poll`, `select`, `epoll_wait`).
    pub watched: Vec<Watched>,
    /// The process that a wait is for; `None`: any, or no wait.
    pub whom: Option<i32>,
    /// The path that an open is for.
    pub path: String,
    /// It gives up by itself after a time.
    pub limited: bool,
    /// The kernel function that it sleeps in.
    pub kernel: String,
}

/// A descriptor that is looked at for being ready.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    /// Its number.
    pub fd: i32,
    /// For reading.
    pub read: bool,
    /// For writing.
    pub write: bool,
    /// The process whose end it tells; 0 for any other descriptor.
    pub process: i32,
}

/// A pipe, file or socket that a step of the scenario made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// The step.
    pub step: StepId,
    /// Inode.
    pub ino: u64,
}

/// A file lock, as the kernel lists it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// Who holds it or waits for it.
    pub pid: i32,
    /// Inode of the file.
    pub ino: u64,
    /// It is waited for.
    pub waits: bool,
}
