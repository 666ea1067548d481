//! Every kind of step in one table: what `list steps` prints, what the checker asks, what diagnostics name.

use super::step::Step;

/// One kind of step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its keyword.
    pub keyword: &'static str,
    /// Its family, the file of `plan/step/` that defines it.
    pub family: &'static str,
    /// Where a root may perform it.
    pub plane: Planes,
    /// The capability that the subject must claim for it on the library plane; empty where it needs none.
    pub capability: &'static str,
    /// What it does, in a line.
    pub summary: &'static str,
}

/// On which planes the root may perform a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planes {
    /// By system call only.
    Platform,
    /// Through a library only.
    Library,
    /// Either.
    Both,
}

impl std::fmt::Display for Planes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Planes::Platform => "platform",
            Planes::Library => "library",
            Planes::Both => "both",
        })
    }
}

const fn kind(family: &'static str, keyword: &'static str, plane: Planes, capability: &'static str, summary: &'static str) -> Kind {
    Kind { keyword, family, plane, capability, summary }
}

/// All kinds, in the order of [`Step`].
pub const KINDS: &[Kind] = &[
    kind("process", "fork", Planes::Platform, "", "start a child by fork; `do` runs in the child, which then exits with 0"),
    kind(
        "process",
        "fork-tree",
        Planes::Platform,
        "",
        "fork `levels` times with both processes going on; each of the 2^levels performs `do` once",
    ),
    kind("process", "exec", Planes::Platform, "", "replace the program by the agent, which performs `do`, or by `program`"),
    kind("process", "exit", Planes::Platform, "", "end at once with this code"),
    kind("process", "wait", Planes::Both, "wait", "wait for a child to end or to change its state"),
    kind("process", "report-state", Planes::Platform, "", "record the state of the process under a label"),
    kind("process", "vfork", Planes::Platform, "", "start a child that borrows the caller's memory until it ends or executes a program"),
    kind("process", "quit", Planes::Platform, "", "end by exit(), which flushes the C library's buffers"),
    kind("spawn", "posix-spawn", Planes::Platform, "", "start the agent by posix_spawn with file actions and attributes"),
    kind("within", "threads", Planes::Platform, "", "start threads that sleep; the first may take the process's lock"),
    kind("within", "try-lock", Planes::Platform, "", "take the process's lock and give it back"),
    kind("within", "buffer", Planes::Platform, "", "write into a buffer of the C library"),
    kind("within", "flush", Planes::Platform, "", "hand the C library's buffers over to the system"),
    kind("fd", "pipe", Planes::Platform, "", "make a pipe; its ends are NAME.read and NAME.write"),
    kind("fd", "open", Planes::Platform, "", "open a file of the case directory"),
    kind("fd", "close", Planes::Both, "stdin", "close an endpoint; on CHILD.stdin the subject closes it"),
    kind("fd", "dup2", Planes::Platform, "", "make the target another name of an endpoint"),
    kind("fd", "write", Planes::Both, "stdin", "write so many bytes, or a text"),
    kind("fd", "write-records", Planes::Platform, "", "write numbered records that name their writer"),
    kind("fd", "read", Planes::Both, "stdout", "read to the end, so many bytes, or once; what was read is recorded"),
    kind("fd", "copy", Planes::Platform, "", "read one endpoint to its end and write everything to another; only the count is recorded"),
    kind("fd", "set-flags", Planes::Platform, "", "set O_NONBLOCK or close-on-exec of an endpoint"),
    kind("file", "file", Planes::Both, "", "make a file, directory, link, FIFO or flawed program in the case directory"),
    kind("attribute", "limit", Planes::Both, "", "set a resource limit; `of: subject`: the subject's, from outside"),
    kind("attribute", "umask", Planes::Platform, "", "set the file mode creation mask"),
    kind("attribute", "chdir", Planes::Platform, "", "go into a directory of the case directory"),
    kind("attribute", "nice", Planes::Platform, "", "add to the nice value"),
    kind("attribute", "new-session", Planes::Platform, "", "lead a new session"),
    kind("attribute", "control-group", Planes::Platform, "", "go into a control group of its own that limits processes"),
    kind("attribute", "group", Planes::Platform, "", "put a process into a process group"),
    kind("attribute", "kill-group", Planes::Platform, "", "send a signal to every process of a group"),
    kind("attribute", "spin", Planes::Platform, "", "use the processor until a signal comes"),
    kind("attribute", "become", Planes::Platform, "", "take another user and groups for good"),
    kind("signal", "signal", Planes::Platform, "", "set the disposition of a signal"),
    kind("signal", "mask", Planes::Platform, "", "block and unblock signals"),
    kind("signal", "kill", Planes::Both, "kill", "send a signal to an actor; without `signal` the library's own kill"),
    kind("signal", "sigwait", Planes::Platform, "", "take one of several blocked signals, waiting for it; what it tells is recorded"),
    kind("signal", "pending", Planes::Platform, "", "tell whether a signal is pending"),
    kind("signal", "handled", Planes::Platform, "", "tell how often a handler has run, or wait until it has"),
    kind("timer", "timer", Planes::Platform, "", "have SIGALRM sent: alarm, setitimer or timer_create"),
    kind("timer", "armed", Planes::Platform, "", "tell whether such a timer is running"),
    kind("timer", "timerfd", Planes::Platform, "", "make a timer that is read"),
    kind("timer", "expirations", Planes::Platform, "", "read how often a timerfd has expired"),
    kind("terminal", "pty", Planes::Platform, "", "make a pseudo-terminal; its sides are NAME.master and NAME.slave"),
    kind("terminal", "take-terminal", Planes::Platform, "", "make it the controlling terminal of the session that this process leads"),
    kind("terminal", "foreground", Planes::Platform, "", "make the group that an actor leads the terminal's foreground one"),
    kind("terminal", "terminal-mode", Planes::Platform, "", "set flags of a terminal"),
    kind("terminal", "read-until", Planes::Platform, "", "read until a text has come"),
    kind("privilege", "set-id", Planes::Platform, "", "setuid, setgid or setgroups"),
    kind("privilege", "identity", Planes::Platform, "", "tell one of the ids of the process"),
    kind("privilege", "chroot", Planes::Platform, "", "have a directory as root directory"),
    kind("privilege", "reach", Planes::Platform, "", "tell whether a path, taken as it is, can be opened"),
    kind("blocking", "block-in", Planes::Platform, "", "sleep in this call until something comes"),
    kind("blocking", "trace", Planes::Platform, "", "follow an actor as a debugger does"),
    kind("blocking", "take-traced", Planes::Platform, "", "take the end of an actor that is traced, which its parent is told of only then"),
    kind("blocking", "needs", Planes::Platform, "", "make the case unavailable where the platform lacks this"),
    kind("blocking", "thread-memory", Planes::Platform, "", "have threads write to one mapping and to their own stacks"),
    kind("blocking", "thread-crash", Planes::Platform, "", "have one of several threads crash"),
    kind("blocking", "thread-relay", Planes::Platform, "", "have a second thread sleep in so many reads, and wake it each time"),
    kind("blocking", "thread-write", Planes::Platform, "", "have a second thread write, and tell for whom PIPE is pending"),
    kind("blocking", "report-switches", Planes::Platform, "", "record how often the process was switched away from"),
    kind("socket", "listen", Planes::Platform, "", "make a listener: unix, tcp4 or tcp6"),
    kind("socket", "connect", Planes::Platform, "", "connect to a listener"),
    kind("socket", "accept", Planes::Platform, "", "accept a connection"),
    kind("socket", "send-frames", Planes::Platform, "", "send numbered frames of a length and a record"),
    kind("socket", "shutdown", Planes::Platform, "", "end a connection in one direction or both, for everybody who has it"),
    kind("message", "socketpair", Planes::Platform, "", "make two connected unix sockets, NAME.a and NAME.b"),
    kind("message", "bind", Planes::Platform, "", "make a socket that datagrams can be sent to: udp4, udp6 or unix-dgram"),
    kind("message", "send-fds", Planes::Platform, "", "send descriptors over a unix socket"),
    kind("message", "receive-fds", Planes::Platform, "", "receive descriptors over a unix socket: NAME[0], NAME[1], ..."),
    kind("fd", "send-file", Planes::Platform, "", "send a part of a file by sendfile, or by mmap and write"),
    kind("fd", "query", Planes::Platform, "", "ask a descriptor for a flag, its offset, or how much can be read"),
    kind("poll", "ready", Planes::Platform, "", "ask select, poll or epoll whether an endpoint is ready, or wait for it"),
    kind("poll", "event-queue", Planes::Platform, "", "make an epoll set"),
    kind("poll", "watch", Planes::Platform, "", "enter an endpoint into an epoll set"),
    kind("poll", "next-event", Planes::Platform, "", "take one endpoint that is ready from an epoll set"),
    kind("memory", "memory", Planes::Platform, "", "map memory, private or shared, and touch every page"),
    kind("memory", "poke", Planes::Platform, "", "write a byte to every page"),
    kind("memory", "peek", Planes::Platform, "", "read a byte of every page; they must agree"),
    kind("memory", "report-memory", Planes::Platform, "", "record the private memory of the process under a label"),
    kind("memory", "shared", Planes::Platform, "", "make a shared counter, 0 at first"),
    kind("memory", "detach", Planes::Platform, "", "unmap a shared counter"),
    kind("memory", "remove", Planes::Platform, "", "remove the name of a shared counter, semaphore or queue"),
    kind("memory", "add", Planes::Platform, "", "add to a counter, not atomically"),
    kind("memory", "fetch-add", Planes::Platform, "", "add to a counter at once, and record the value before"),
    kind("memory", "exchange", Planes::Platform, "", "store another value in a counter at once, and record the value before"),
    kind("memory", "load", Planes::Platform, "", "record the value of a counter"),
    kind("memory", "semaphore", Planes::Platform, "", "make a process-shared semaphore"),
    kind("memory", "down", Planes::Platform, "", "take a semaphore, waiting for it"),
    kind("memory", "up", Planes::Platform, "", "give a semaphore back"),
    kind("lock", "lock", Planes::Platform, "", "lock an open file, or a range of it: flock, fcntl or ofd"),
    kind("lock", "unlock", Planes::Platform, "", "give a lock on an open file up"),
    kind("queue", "queue", Planes::Platform, "", "make or open a message queue: posix or sysv"),
    kind("queue", "send-message", Planes::Platform, "", "send a numbered message with a priority"),
    kind("queue", "receive-message", Planes::Platform, "", "receive a message whole; its number is recorded"),
    kind("control", "gate", Planes::Both, "", "wait until somebody opens this gate"),
    kind("control", "open-gate", Planes::Both, "", "open a gate for everybody, for good"),
    kind("control", "await", Planes::Both, "", "wait until an actor is in a state, seen from outside"),
    kind("control", "burn", Planes::Platform, "", "use so much CPU, and record how much another actor used meanwhile"),
    kind("control", "repeat", Planes::Both, "", "perform the steps so many times"),
    kind("control", "when", Planes::Both, "", "perform `do` where a condition on the parameters holds, `else` where not"),
    kind("library", "spawn", Planes::Library, "spawn", "have the subject start a program; the agent plays it and performs `do`"),
    kind("library", "communicate", Planes::Library, "communicate", "have the subject write input, read both outputs and wait, in one call"),
    kind("library", "poll", Planes::Library, "poll", "have the subject ask without blocking whether a child has ended"),
    kind("library", "terminate", Planes::Library, "terminate", "have the subject terminate a child in its own way"),
    kind("library", "drop", Planes::Library, "drop", "have the subject give a handle up"),
    kind("library", "parallel", Planes::Library, "threads", "have threads of the subject perform the steps at once, or each its own list"),
    kind("library", "handle", Planes::Library, "handlers", "have the subject handle a signal from now on"),
    kind("library", "fill", Planes::Library, "memory", "have the subject write to so much memory of its own, and tell what was there"),
    kind(
        "library",
        "at-exit",
        Planes::Library,
        "exit-handlers",
        "have the subject handle its orderly end, and tell how many processes have done so",
    ),
    kind(
        "pipeline",
        "pipeline",
        Planes::Library,
        "pipeline",
        "have the subject start programs, each one's output connected to the next one's input",
    ),
    kind("pipeline", "run", Planes::Library, "run", "have the subject start, feed, collect and wait in one call"),
    kind("worker", "worker", Planes::Library, "worker", "have the subject start a process that runs a function"),
    kind("worker", "main", Planes::Library, "main", "have the subject start a main program of its own that starts workers and ends"),
    kind("pool", "pool", Planes::Library, "pool", "have the subject make a pool of workers"),
    kind("pool", "submit", Planes::Library, "submit", "have the subject give a pool one item"),
    kind("pool", "map", Planes::Library, "map", "have the subject give a pool many items in one call"),
    kind("pool", "result", Planes::Library, "", "have the subject wait for what came of a job; it is recorded"),
    kind("pool", "close-pool", Planes::Library, "", "have the subject end a pool"),
    kind("pool", "meet", Planes::Library, "", "wait until so many workers have come to a door, and look at them there"),
    kind("pool", "release", Planes::Library, "", "let so many workers, or those with one item, or all, through a door"),
];

/// The kind of a step.
pub fn describe(step: &Step) -> &'static Kind {
    &KINDS[index(step)]
}

/// The place of each variant in [`KINDS`], which is in the same order.
macro_rules! places {
    ($step:expr; $($variant:ident)*) => {{
        #[derive(Clone, Copy)]
        enum Place { $($variant),* }
        match $step {
            $(Step::$variant(_) => Place::$variant as usize,)*
        }
    }};
}

fn index(step: &Step) -> usize {
    places! { step;
        Fork
        ForkTree
        Exec
        Exit
        Wait
        ReportState
        Vfork
        Quit
        PosixSpawn
        Threads
        TryLock
        Buffer
        Flush
        Pipe
        Open
        Close
        Dup2
        Write
        WriteRecords
        Read
        Copy
        SetFlags
        File
        Limit
        Umask
        Chdir
        Nice
        NewSession
        ControlGroup
        Group
        KillGroup
        Spin
        Become
        Signal
        Mask
        Kill
        Sigwait
        Pending
        Handled
        Timer
        Armed
        Timerfd
        Expirations
        Pty
        TakeTerminal
        Foreground
        TerminalMode
        ReadUntil
        SetId
        Identity
        Chroot
        Reach
        BlockIn
        Trace
        TakeTraced
        Needs
        ThreadMemory
        ThreadCrash
        ThreadRelay
        ThreadWrite
        ReportSwitches
        Listen
        Connect
        Accept
        SendFrames
        Shutdown
        SocketPair
        Bind
        SendFds
        ReceiveFds
        SendFile
        Query
        Ready
        EventQueue
        Watch
        NextEvent
        Memory
        Poke
        Peek
        ReportMemory
        Shared
        Detach
        Remove
        Add
        FetchAdd
        Exchange
        Load
        Semaphore
        Down
        Up
        Lock
        Unlock
        Queue
        SendMessage
        ReceiveMessage
        Gate
        OpenGate
        Await
        Burn
        Repeat
        When
        Spawn
        Communicate
        Poll
        Terminate
        Drop
        Parallel
        Handle
        Fill
        AtExit
        Pipeline
        Run
        Worker
        Main
        Pool
        Submit
        Map
        Result
        ClosePool
        Meet
        Release
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// serde tells the keywords of the enum in the error for an unknown one; the table must name the same, in the same order.
    #[test]
    fn every_step_is_in_the_table_under_its_keyword() {
        let error = serde_json::from_str::<Step>(r#"{"?": 1}"#).unwrap_err().to_string();
        let named: Vec<&str> = error.split('`').skip(3).step_by(2).collect();
        let listed: Vec<&str> = KINDS.iter().map(|kind| kind.keyword).collect();
        assert_eq!(named, listed);
    }

    #[test]
    fn a_step_is_described_by_its_own_row() {
        let step: Step = serde_json::from_str(r#"{"drop": "child"}"#).unwrap();
        assert_eq!(describe(&step).keyword, "drop");
        let step: Step = serde_json::from_str(r#"{"up": "lock"}"#).unwrap();
        assert_eq!(describe(&step).keyword, "up");
    }
}
