//! Acts on signals that are awaited, timers, terminals, ids, and calls that sleep.

use super::{FdRef, Slot, Template};
use crate::plan::script::ActorId;
use serde::{Deserialize, Serialize};

/// What to do. Each comes to one outcome in the same process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are named after the steps' fields, documented in plan/step")]
pub enum System {
    // --- signals
    /// sigqueue, and a `Number` event `sent NAME` of the value; `actor` `None`: the performer itself.
    Queue {
        actor: Option<ActorId>,
        signal: i32,
        value: i32,
    },
    /// `Done(signal)`, with `Number` events: `took NAME` and what siginfo tells.
    Sigwait {
        signals: Vec<i32>,
        nohang: bool,
    },
    /// `Done(0 or 1)`
    Pending {
        signal: i32,
    },
    /// `Done(how often)`, or how deep.
    Handled {
        signal: i32,
        at_least: u32,
        depth: bool,
    },
    // --- timers
    /// `Number` events `timer after` and `timer every`, in milliseconds.
    Timer {
        via: TimerVia,
        after_ms: u64,
        every_ms: u64,
    },
    /// `Done(0 or 1)`; of [`TimerVia::Create`] how many there are.
    Armed {
        via: TimerVia,
    },
    /// The descriptor of a timer; also `timer after` and `timer every`.
    Timerfd {
        slot: Slot,
        after_ms: u64,
        every_ms: u64,
    },
    /// `Done(expirations)`
    Expirations {
        fd: FdRef,
        at_least: u64,
    },
    // --- terminals
    Pty {
        master: Slot,
        slave: Slot,
    },
    TakeTerminal {
        fd: FdRef,
    },
    Foreground {
        fd: FdRef,
        leader: ActorId,
    },
    TerminalMode {
        fd: FdRef,
        flags: TerminalFlags,
    },
    /// `Data` events like those of a read; `Done(bytes)`.
    ReadUntil {
        fd: FdRef,
        stream: String,
        text: Vec<u8>,
    },
    // --- who a process is
    SetUser {
        id: u32,
        effective: bool,
    },
    SetGroup {
        id: u32,
        effective: bool,
    },
    SetGroups {
        ids: Vec<u32>,
    },
    /// `Done(id)`
    Identity {
        of: Identity,
    },
    Chroot {
        to: Template,
    },
    Reach {
        path: Template,
    },
    // --- sleeping, threads, switches
    BlockIn {
        call: Call,
        on: Option<FdRef>,
    },
    Trace {
        actor: ActorId,
    },
    TakeTraced {
        actor: ActorId,
    },
    Needs {
        what: Need,
    },
    /// `Done(different stacks)`, `EIO` where a thread saw anything else than was written.
    ThreadMemory {
        count: u32,
        slot: Slot,
    },
    ThreadCrash {
        count: u32,
        signal: i32,
    },
    /// A second thread sleeps in so many reads; `Done(rounds)`.
    ThreadRelay {
        rounds: u32,
    },
    /// One write by a second thread with PIPE blocked; `Done(bytes)`, `Done(0)` where PIPE is then pending for that thread alone.
    ThreadWrite {
        fd: FdRef,
        bytes: u32,
    },
    /// `Number` events `voluntary switches LABEL` and `involuntary switches LABEL`; `Done(voluntary)`.
    Switches {
        label: String,
    },
}

/// How a timer is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TimerVia {
    /// `alarm`, in whole seconds.
    Alarm,
    /// `setitimer(ITIMER_REAL)`
    Setitimer,
    /// `timer_create(CLOCK_MONOTONIC)` with SIGALRM.
    Create,
}

/// Flags of a terminal; `None` leaves one as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalFlags {
    /// ECHO
    pub echo: Option<bool>,
    /// TOSTOP
    pub tostop: Option<bool>,
    /// ISIG
    pub signals: Option<bool>,
    /// OPOST
    pub post: Option<bool>,
}

/// Which id of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Identity {
    /// Real (0), effective (1) or saved (2) user id.
    User(u8),
    /// The same of the group.
    Group(u8),
    /// How many supplementary groups.
    Groups,
}

/// A call that sleeps until something comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "named after the call")]
pub enum Call {
    Pause,
    Sigsuspend,
    /// An hour.
    Nanosleep,
    /// An hour of CLOCK_MONOTONIC.
    ClockNanosleep,
    /// For input, without a limit.
    Poll,
    Select,
    Epoll,
    /// On a semaphore of its own, which is 0.
    Semop,
    /// From a queue of its own, which is empty.
    Msgrcv,
    /// LOCK_EX
    Flock,
    /// `fcntl(F_SETLKW)` of the whole file for writing.
    Lock,
}

/// What a case may need of the platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Need {
    /// To become another user.
    OtherUsers,
    /// chroot
    Chroot,
    /// A pseudo-terminal.
    Terminal,
    /// connect of a unix socket waits while the backlog is full.
    FullBacklog,
    /// This program.
    Program(String),
}
