//! The acts that the interpreter (`run/actor`) can perform: the contract between lowering and performing.

pub mod system;

use super::ipc::Ipc;
use super::program::Op;
use super::share::{Patience, Public, Share};
pub use super::state::State;
use crate::plan::script::ActorId;
use crate::wire::message::Operation;
use serde::{Deserialize, Serialize};

/// A descriptor as the interpreter finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FdRef {
    /// The descriptor kept in this slot of the process's own table.
    Slot(u16),
    /// This number itself.
    Fixed(i32),
}

/// Number of a slot in the process's own table of descriptors or of mappings.
pub type Slot = u16;

/// Which children a wait is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Whom {
    /// These, one after the other (each gives one `Return`).
    These(Vec<ActorId>),
    /// Any children, so many of them, in the order in which they end.
    Any(u32),
}

/// The system call that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Via {
    /// `wait` (only with [`Whom::Any`])
    Wait,
    /// `waitpid`
    Waitpid,
    /// `waitid(P_PID | P_ALL)`
    Waitid,
    /// `pidfd_open` + `waitid(P_PIDFD)`; unavailable where there is none
    Pidfd,
    /// `waitpid(-group)`: any child of the group that the named one leads
    WaitpidGroup,
    /// `waitid(P_PGID)`: likewise
    WaitidGroup,
}

/// How much a read reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Amount {
    /// To end of file.
    ToEof,
    /// So many bytes, fewer only at end of file.
    Exactly(u64),
    /// One call with a buffer of so many bytes.
    Once(u64),
}

/// What a write writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Payload {
    /// So many bytes of the pattern `0123456789abcdef...` (see `actor`).
    Pattern(u64),
    /// These.
    Bytes(Vec<u8>),
}

/// A signal disposition that a step can set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Disposition {
    /// SIG_DFL
    Default,
    /// SIG_IGN
    Ignore,
    /// A handler that counts (reported as `handled NAME` when the actor ends) and returns.
    Count,
    /// The `while waitpid(-1, WNOHANG)` handler; counts what it reaps.
    Reap,
    /// Counts, and keeps what SA_SIGINFO tells it.
    Inform,
    /// Counts, and sends its own signal once more from within.
    Nest,
}

/// Flags of a disposition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignalFlags {
    /// SA_RESTART
    pub restart: bool,
    /// SA_RESETHAND
    pub reset: bool,
    /// SA_NODEFER
    pub no_defer: bool,
    /// SA_NOCLDSTOP
    pub no_child_stop: bool,
}

/// Address family of a listener, and whether it takes connections or datagrams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Family {
    /// AF_UNIX, in the case directory.
    Unix,
    /// AF_INET, 127.0.0.1, port chosen by the system.
    Tcp4,
    /// AF_INET6, ::1, port chosen by the system.
    Tcp6,
    /// AF_UNIX, in the case directory, datagrams.
    UnixDgram,
    /// AF_INET, 127.0.0.1, datagrams.
    Udp4,
    /// AF_INET6, ::1, datagrams.
    Udp6,
}

/// Where a shared counter lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SharedVia {
    /// `shm_open`, unlinked as soon as it is mapped.
    ShmOpen,
    /// MAP_SHARED | MAP_ANONYMOUS
    Anonymous,
    /// `shmget`, marked for removal as soon as it is attached.
    Sysv,
}

/// Access mode of an open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// O_RDONLY
    Read,
    /// O_WRONLY
    Write,
    /// O_RDWR
    ReadWrite,
    /// O_WRONLY | O_APPEND
    Append,
}

/// A kind of file to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileKind {
    /// With its text.
    Plain,
    /// A directory.
    Directory,
    /// A symbolic link to its text.
    Symlink,
    /// A FIFO.
    Fifo,
    /// Not made at all: ENOENT.
    Missing,
    /// A script without execute permission: EACCES.
    NotExecutable,
    /// `path/x` where `path` is a plain file: ENOTDIR. (Lowering appends `/x` to the program's path.)
    UnderAFile,
    /// A symbolic link to itself: ELOOP.
    Loop,
    /// Nothing made; the name is longer than NAME_MAX: ENAMETOOLONG. (Lowering makes the name long.)
    NameTooLong,
    /// Executable text without an interpreter line, not a binary: ENOEXEC.
    NotAProgram,
    /// An executable that a process holds open for writing: ETXTBSY. (Held by the performing actor.)
    Busy,
    /// A script whose interpreter does not exist: ENOENT.
    BadInterpreter,
    /// A program in a directory without search permission: EACCES (not for root). (Lowering appends `/x`.)
    Unsearchable,
    /// A copy of the agent as an ordinary program at this path (its part is `<path>.part`).
    Agent,
}

/// Calls that change what a process is beside its program and descriptors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Attribute {
    /// setrlimit; `u64::MAX`: none. The hard limit stays where none is given.
    Limit {
        /// Without RLIMIT_.
        name: String,
        /// Soft limit; `None`: as high as the hard limit.
        soft: Option<u64>,
        /// Hard limit.
        hard: Option<u64>,
    },
    /// prlimit of the subject; unavailable where no process can set another one's limits.
    LimitSubject {
        /// Without RLIMIT_.
        name: String,
        /// Soft limit; `None`: as high as the hard limit.
        soft: Option<u64>,
    },
    /// umask
    Umask(u32),
    /// chdir
    Chdir(Template),
    /// nice
    Nice(i32),
    /// setsid; `Done(session)`
    NewSession,
    /// A control group in which no more than so many processes and threads can be.
    ControlGroup {
        /// This process included.
        most: u32,
    },
    /// setpgid
    Group {
        /// Which process.
        of: ActorId,
        /// Whose group.
        join: ActorId,
    },
    /// killpg
    KillGroup {
        /// Its leader.
        leader: ActorId,
        /// By number.
        signal: i32,
    },
    /// An endless loop.
    Spin,
    /// setgroups, setresgid, setresuid, in this order; unavailable to others than root.
    Become {
        /// User id.
        uid: Option<u32>,
        /// Group id.
        gid: Option<u32>,
        /// Supplementary groups.
        groups: Option<Vec<u32>>,
    },
    /// The same to a user of no rights, where the process is root; otherwise nothing.
    BecomeOrdinary,
}

/// A file action of posix_spawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of the calls")]
pub enum FileAction {
    /// addopen, for reading, or for writing and made with mode 0600.
    Open { fd: i32, path: Template, create: bool },
    /// addclose
    Close(i32),
    /// adddup2
    Dup2 { from: i32, to: i32 },
    /// addchdir
    Chdir(Template),
}

/// What posix_spawn is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are named after the step's fields, documented in plan/step/spawn.rs")]
pub struct PosixSpawn {
    pub actor: ActorId,
    pub program: Template,
    pub search: bool,
    pub argv: Vec<Vec<u8>>,
    pub env: Option<Vec<Vec<u8>>>,
    pub actions: Vec<FileAction>,
    pub group: bool,
    pub session: bool,
    pub mask: Option<Vec<i32>>,
    pub defaults: Vec<i32>,
}

/// What lives within one process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Within {
    /// Threads that sleep until the process ends.
    Threads {
        /// How many.
        count: u32,
        /// The first takes the lock and keeps it.
        hold: bool,
    },
    /// pthread_mutex_trylock, and unlock where it was taken.
    TryLock,
    /// fwrite to a fully buffered stream.
    Buffer {
        /// The descriptor beneath.
        fd: FdRef,
        /// The bytes.
        text: Vec<u8>,
    },
    /// fflush of all streams.
    Flush,
}

/// Strings that `{case}` may occur in: the case directory is put in its place when performed.
pub type Template = String;

/// What to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are named after the steps' fields, documented in plan/step")]
pub enum Act {
    // --- process
    /// fork; the child performs `body` and exits with 0. `Done(pid)`. `pid_of`: under the process id that this actor had.
    Fork {
        actor: ActorId,
        pid_of: Option<ActorId>,
        body: Vec<Op>,
    },
    /// fork `levels` times with both going on; process k > 0 (bit i of k = child of fork i) is actor `first + k`, process 0 is
    /// the performer under its own number (`first` itself is no actor of the tree); each performs `bodies[k]`; the forked ones
    /// then reap their own children and exit with 0.
    ForkTree {
        first: ActorId,
        levels: u8,
        bodies: Vec<Vec<Op>>,
    },
    /// A child in the caller's memory, on a stack of its own; the caller sleeps until it ends or executes a program. `Done(pid)`.
    Vfork {
        actor: ActorId,
        body: Vec<Op>,
    },
    /// posix_spawn. `Done(pid)`.
    PosixSpawn(Box<PosixSpawn>),
    /// exit(3)
    Quit {
        code: i32,
    },
    /// Threads, lock, buffers.
    Within(Within),
    /// execve, or execvp with `search`; `argv` without `argv[0]`, which is `program`; `long_arg`: one more argument of so many bytes.
    Exec {
        program: Template,
        search: bool,
        argv: Vec<Vec<u8>>,
        long_arg: u64,
        env: Option<Vec<Vec<u8>>>,
    },
    /// `_exit(code)`
    Exit {
        code: i32,
    },
    /// One `Return` per child, `of` = the child, `Ended(...)`; a failed call `Error`; WNOHANG with nothing: `Pending`.
    Wait {
        whom: Whom,
        via: Via,
        nohang: bool,
        nowait: bool,
        untraced: bool,
        continued: bool,
    },
    /// A `State` event.
    ReportState {
        label: String,
    },
    // --- descriptors
    Pipe {
        read: Slot,
        write: Slot,
        cloexec: bool,
        nonblock: bool,
        capacity: Option<u64>,
    },
    Open {
        slot: Slot,
        path: Template,
        mode: Mode,
        create: bool,
        cloexec: bool,
        nonblock: bool,
    },
    Close {
        fd: FdRef,
    },
    Dup2 {
        from: FdRef,
        to: FdRef,
    },
    /// `Done(bytes written)`
    Write {
        fd: FdRef,
        payload: Payload,
        once: bool,
        no_signal: bool,
    },
    /// `Done(bytes written)`; `piece` 0 = one call per record.
    WriteRecords {
        fd: FdRef,
        count: u32,
        size: u32,
        piece: u32,
    },
    /// `Data` events under the name `stream`, one per call; `Done(bytes)` or `Eof` when there were none.
    Read {
        fd: FdRef,
        stream: String,
        amount: Amount,
        chunk: u32,
    },
    /// To the end, in pieces; `Done(bytes)`.
    Copy {
        from: FdRef,
        to: FdRef,
    },
    SetFlags {
        fd: FdRef,
        nonblock: Option<bool>,
        cloexec: Option<bool>,
    },
    // --- files
    MakeFile {
        path: Template,
        kind: FileKind,
        text: Vec<u8>,
        mode: u32,
    },
    // --- attributes of the process
    /// One call on what the process is.
    Attribute(Attribute),
    // --- signals
    SetSignal {
        signal: i32,
        to: Disposition,
        flags: SignalFlags,
    },
    Mask {
        block: Vec<i32>,
        unblock: Vec<i32>,
    },
    /// `actor` `None`: the performer itself.
    Kill {
        actor: Option<ActorId>,
        signal: i32,
    },
    /// Signals awaited, timers, terminals, ids, calls that sleep.
    System(system::System),
    // --- sockets (`listener` numbers the case's listeners; the address goes through the arena)
    Listen {
        slot: Slot,
        listener: u16,
        family: Family,
        backlog: u32,
    },
    Connect {
        slot: Slot,
        listener: u16,
    },
    Accept {
        slot: Slot,
        from: FdRef,
    },
    /// `Done(frames sent)`
    SendFrames {
        fd: FdRef,
        count: u32,
        size: u32,
        sends: u8,
        lock: Option<Slot>,
    },
    /// Everything else on sockets, travelling descriptors and readiness.
    Ipc(Ipc),
    // --- memory
    Memory {
        slot: Slot,
        pages: u32,
        shared: bool,
    },
    Poke {
        slot: Slot,
        value: u8,
    },
    /// `Done(byte)`, or `Error("EIO")` when the pages differ.
    Peek {
        slot: Slot,
    },
    /// A `Number` event `memory LABEL`: private memory in KiB; `Unavailable` where the platform does not tell.
    ReportMemory {
        label: String,
    },
    /// `public`: the name that it keeps; without one it is removed as soon as it is mapped.
    Shared {
        slot: Slot,
        via: SharedVia,
        public: Option<Public>,
    },
    Add {
        slot: Slot,
        by: i64,
    },
    /// A `Number` event under `name` and `Done(value)`.
    Load {
        slot: Slot,
        name: String,
    },
    Semaphore {
        slot: Slot,
        value: u32,
        named: bool,
        public: Option<Public>,
    },
    /// EINTR is an outcome only when the op is lenient.
    Down {
        slot: Slot,
        patience: Patience,
    },
    Up {
        slot: Slot,
    },
    /// What else is done to objects that processes share.
    Share(Share),
    // --- ordering and control
    Gate {
        gate: u16,
    },
    OpenGate {
        gate: u16,
    },
    Await {
        who: ActorId,
        state: State,
        /// Who forks it: once that one has ended and it is not there, it never will be, which is as good as gone.
        maker: Option<ActorId>,
    },
    /// `Number` events `burnt` and `beside`, in microseconds of CPU time, and `Done(beside)`.
    Burn {
        ms: u32,
        beside: ActorId,
    },
    /// Run natively. Rounds beyond the first 64 record only failures.
    Repeat {
        times: u64,
        body: Vec<Op>,
    },
    // --- library plane
    /// Ask the subject. Where the operation has a handle, `actor` says whose: the handle field is filled in when performed.
    /// Program paths, cwd, file names and arguments may hold `{case}`. Data events of `Read` go to `<name>.stdout`/`.stderr`, `name`
    /// being the started actor's.
    Ask {
        actor: Option<ActorId>,
        name: String,
        #[serde(with = "as_json")]
        operation: Box<Operation>,
    },
    /// `parallel`: one list of [`Act::Ask`]s, and [`Act::AskPipeline`]s that run, which every thread performs, or one for each thread. Each has its own step, under which its
    /// `Return`s are recorded, `of` = actor.
    AskParallel {
        threads: u32,
        lists: Vec<Vec<Op>>,
    },
    /// Wait until so many more have come to a door; each is recorded, with its state. `Done(count)`
    Meet {
        name: String,
        door: Template,
        count: u32,
    },
    /// Let through a door: so many, or the one with this item.
    Release {
        door: Template,
        item: Option<i64>,
        count: u32,
    },
    /// `pipeline` or `run` (where `stages` is empty when the actor is itself what is run). Besides the whole's, `Return`s are
    /// recorded for each stage of which the subject tells, then and by later operations on the whole, `of` = stage: `Done(pid)`
    /// and `Ended`.
    AskPipeline {
        actor: ActorId,
        name: String,
        stages: Vec<ActorId>,
        #[serde(with = "as_json")]
        operation: Box<Operation>,
    },
}

/// Operations are internally tagged for the adapters' sake, which only self-describing formats can read back; inside a
/// postcard program they travel as JSON text.
mod as_json {
    use serde::de::{DeserializeOwned, Error as _};
    use serde::ser::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<T: Serialize, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::to_string(value).map_err(S::Error::custom)?.serialize(serializer)
    }

    pub fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        serde_json::from_str(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
