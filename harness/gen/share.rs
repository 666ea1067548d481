//! Acts on what processes share: counters, locks on files, message queues, and the names of all that.

use super::act::{FdRef, SharedVia, Slot};
use serde::{Deserialize, Serialize};

/// The name of an object that others find it by: its number within the case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Public {
    /// Which.
    pub number: u16,
    /// Make it, where none may be; otherwise open what is there.
    pub create: bool,
}

/// Names of a case at most: each is a bit of a word in the arena.
pub const NAMES: u16 = 64;

/// How long to wait for what is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Patience {
    /// For ever.
    Endless,
    /// Not at all.
    None,
    /// So many milliseconds.
    Limit(u32),
}

/// What a name is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Named {
    /// A shared counter.
    Shared(SharedVia),
    /// A semaphore.
    Semaphore,
    /// A message queue.
    Queue(QueueVia),
}

/// The kind of a lock on a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LockBy {
    /// flock(2)
    Flock,
    /// fcntl(F_SETLK)
    Fcntl,
    /// fcntl(F_OFD_SETLK)
    Ofd,
}

/// What a lock is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LockMode {
    /// For one alone.
    Exclusive,
    /// For all who want it shared.
    Shared,
    /// None.
    Unlocked,
}

/// The kind of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum QueueVia {
    /// mq_open
    Posix,
    /// msgget
    Sysv,
}

/// A lock on a range of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileLock {
    /// The open file.
    pub fd: FdRef,
    /// Its kind.
    pub by: LockBy,
    /// What it is to be.
    pub mode: LockMode,
    /// First byte.
    pub from: i64,
    /// Bytes; 0: to the end.
    pub bytes: i64,
    /// Not to be waited for.
    pub nohang: bool,
}

/// A message queue to be made or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageQueue {
    /// Its kind.
    pub via: QueueVia,
    /// Messages of full size that it holds at most, where the scenario says so.
    pub messages: Option<u32>,
    /// Bytes of a message at most.
    pub size: u32,
    /// The name that it keeps.
    pub public: Option<Public>,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are named after the steps' fields, documented in plan/step")]
pub enum Share {
    /// `Done(value before)`; `torn`: load, let others run, store.
    FetchAdd { slot: Slot, by: i64, torn: bool },
    /// `Done(value before)`
    Exchange { slot: Slot, value: i64 },
    /// munmap or shmdt.
    Detach { slot: Slot },
    /// shm_unlink, sem_unlink, mq_unlink, IPC_RMID.
    Remove { number: u16, of: Named },
    /// flock or fcntl.
    Lock(FileLock),
    /// mq_open or msgget; known by a slot of the table of mappings.
    Queue { slot: Slot, queue: MessageQueue },
    /// `bytes` 0: the size of the queue.
    Send { slot: Slot, number: i64, priority: i64, bytes: u32, nohang: bool },
    /// `Done(number)`; `room` 0: the size of the queue.
    Receive { slot: Slot, wish: i64, room: u32, nohang: bool },
}
