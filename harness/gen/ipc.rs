//! Acts on sockets, descriptors that travel and readiness: a part of [`Act`](super::act::Act), in a file of its own.

use super::act::{Family, FdRef, Slot};
use serde::{Deserialize, Serialize};

/// Type of a socket pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PairKind {
    /// SOCK_STREAM
    Stream,
    /// SOCK_DGRAM
    Dgram,
    /// SOCK_SEQPACKET
    Seqpacket,
}

/// How bytes get from a file to a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Carrier {
    /// sendfile
    Sendfile,
    /// mmap and write
    Mmap,
}

/// What can be asked of a descriptor; each a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
    /// FD_CLOEXEC: 0 or 1.
    CloseOnExec,
    /// O_NONBLOCK: 0 or 1.
    Nonblock,
    /// File offset.
    Offset,
    /// FIONREAD: bytes that can be read.
    Available,
}

/// What an endpoint is to be ready for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Interest {
    /// A read would not block.
    Read,
    /// A write would not block.
    Write,
    /// POLLHUP
    HangUp,
    /// POLLERR
    Error,
}

/// The call that tells of readiness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Teller {
    /// select
    Select,
    /// poll
    Poll,
    /// epoll, kqueue
    Queue,
}

/// Options of a listener.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reuse {
    /// SO_REUSEADDR
    pub address: bool,
    /// SO_REUSEPORT
    pub port: bool,
    /// The listener whose address it takes.
    pub at: Option<u16>,
}

/// Where the unix listener of this number lies.
pub fn unix_path(listener: u16) -> String {
    format!("{{case}}/s{listener}")
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are named after the steps' fields, documented in plan/step")]
pub enum Ipc {
    SocketPair {
        a: Slot,
        b: Slot,
        kind: PairKind,
    },
    /// As [`Act::Listen`](super::act::Act::Listen), for datagrams.
    Bind {
        slot: Slot,
        listener: u16,
        family: Family,
    },
    /// As [`Act::Listen`](super::act::Act::Listen), with options.
    Listen {
        slot: Slot,
        listener: u16,
        family: Family,
        backlog: u32,
        reuse: Reuse,
    },
    /// Lets everybody know of a unix listener that the subject was started with.
    Announce {
        listener: u16,
    },
    /// shutdown
    Shutdown {
        fd: FdRef,
        read: bool,
        write: bool,
    },
    /// `Done(descriptors sent)`
    SendFds {
        over: FdRef,
        fds: Vec<FdRef>,
        times: u32,
    },
    /// Into `room` slots from `first` on. `Done(descriptors received)`
    ReceiveFds {
        over: FdRef,
        first: Slot,
        room: u16,
        cloexec: bool,
        truncated: bool,
    },
    /// `Done(bytes)`
    SendFile {
        from: FdRef,
        to: FdRef,
        via: Carrier,
        offset: u64,
        bytes: u64,
    },
    /// `Done(number)`
    Query {
        of: FdRef,
        what: Fact,
    },
    /// `Pending` where it is not ready.
    Ready {
        of: FdRef,
        what: Interest,
        via: Teller,
        wait: bool,
    },
    EventQueue {
        slot: Slot,
    },
    Watch {
        queue: FdRef,
        of: FdRef,
        what: Interest,
        tag: u32,
    },
    /// `Done(tag)`, or `Pending`.
    NextEvent {
        queue: FdRef,
        wait: bool,
    },
}
