//! The state of a process as one value, and what was observed around a case.

use crate::plan::value::Value;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All of a process's inheritable state, as itself or an observer saw it. What the platform does not show is empty or `None`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProcState {
    /// Process id.
    pub pid: i32,
    /// Parent's id.
    pub ppid: i32,
    /// Process group.
    pub pgid: i32,
    /// Session.
    pub sid: i32,
    /// Real, effective, saved user id.
    pub uids: [u32; 3],
    /// Real, effective, saved group id.
    pub gids: [u32; 3],
    /// Supplementary groups, sorted.
    pub groups: Vec<u32>,
    /// Working directory.
    pub cwd: String,
    /// File mode creation mask.
    pub umask: u32,
    /// Nice value.
    pub nice: i32,
    /// Signals blocked, by number, ascending.
    pub blocked: Vec<i32>,
    /// Signals ignored.
    pub ignored: Vec<i32>,
    /// Signals with a handler.
    pub caught: Vec<i32>,
    /// Signals pending.
    pub pending: Vec<i32>,
    /// Open descriptors, ascending.
    pub fds: Vec<FdState>,
    /// Resource limits by name without RLIMIT_ (`NOFILE`): soft, hard; `u64::MAX` = unlimited.
    pub limits: BTreeMap<String, [u64; 2]>,
    /// Number of threads.
    pub threads: u32,
    /// Arguments (agents only).
    pub argv: Vec<Value>,
    /// Environment as `NAME=value`, in order (agents only).
    pub env: Vec<Value>,
    /// The controlling terminal, where one of 0, 1, 2 is it (agents only).
    #[serde(default)]
    pub terminal: Option<Terminal>,
}

/// A controlling terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terminal {
    /// The descriptor by which it was found.
    pub fd: i32,
    /// The session that it controls.
    pub session: i32,
    /// Its foreground process group.
    pub foreground: i32,
}

/// One open descriptor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FdState {
    /// Its number.
    pub fd: i32,
    /// What it refers to, as the platform names it: `/dev/null`, `pipe:[4711]`.
    pub target: String,
    /// Device and inode: the same pair = the same file, pipe or socket.
    pub dev: u64,
    /// Inode.
    pub ino: u64,
    /// `read`, `write`, `read-write`, `none`.
    pub access: String,
    /// O_NONBLOCK of its open file description.
    pub nonblock: bool,
    /// O_APPEND of its open file description.
    pub append: bool,
    /// FD_CLOEXEC; `None` where an observer cannot see it.
    pub cloexec: Option<bool>,
}

/// What was seen from outside.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Observations {
    /// The subject process (root or adapter) before the first step.
    pub before: Option<ProcState>,
    /// The same after the last step.
    pub after: Option<ProcState>,
    /// Descriptors of the root that the scenario itself opened and left open (platform plane).
    pub accounted_fds: Vec<i32>,
    /// Processes left when the root had performed its last step.
    pub left: Vec<LeftProcess>,
    /// Paths left in the case's temporary directory that the scenario did not make.
    pub files: Vec<String>,
    /// Shared memory objects, semaphores and queues left under a name.
    pub shared: Vec<String>,
    /// Flags and termios of the shared standard descriptions before, by name (`stdout O_NONBLOCK`).
    pub terminal_before: BTreeMap<String, String>,
    /// The same after.
    pub terminal_after: BTreeMap<String, String>,
    /// Nanoseconds from the first step to the end of the last.
    pub elapsed_ns: u64,
    /// Isolation level it ran at.
    pub isolation: String,
    /// Of a hang: what was seen before anything was killed.
    #[serde(default)]
    pub hang: Option<Box<super::hang::Snapshot>>,
}

/// A process that was left over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftProcess {
    /// Process id.
    pub pid: i32,
    /// Parent's id.
    pub ppid: i32,
    /// The actor it is, where known.
    pub actor: Option<u16>,
    /// `zombie`, `sleeping`, `running`, `stopped`, `other`.
    pub state: String,
    /// Command name.
    pub command: String,
}
