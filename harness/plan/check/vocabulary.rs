//! The words that are not names: signals, errors, dispositions, kinds of files. One list each, for checking and suggesting.

use crate::plan::diagnostic::suggest;

/// Signals, without SIG. Real-time ones are `RTMIN+N` and `RTMAX-N`.
pub const SIGNALS: &[&str] = &[
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD",
    "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS", "EMT", "INFO",
];

/// Names of errors.
pub const ERRORS: &[&str] = &[
    "E2BIG",
    "EACCES",
    "EADDRINUSE",
    "EADDRNOTAVAIL",
    "EAFNOSUPPORT",
    "EAGAIN",
    "EALREADY",
    "EBADF",
    "EBADMSG",
    "EBUSY",
    "ECANCELED",
    "ECHILD",
    "ECONNABORTED",
    "ECONNREFUSED",
    "ECONNRESET",
    "EDEADLK",
    "EDESTADDRREQ",
    "EDOM",
    "EDQUOT",
    "EEXIST",
    "EFAULT",
    "EFBIG",
    "EHOSTUNREACH",
    "EIDRM",
    "EILSEQ",
    "EINPROGRESS",
    "EINTR",
    "EINVAL",
    "EIO",
    "EISCONN",
    "EISDIR",
    "ELOOP",
    "EMFILE",
    "EMLINK",
    "EMSGSIZE",
    "ENAMETOOLONG",
    "ENETDOWN",
    "ENETRESET",
    "ENETUNREACH",
    "ENFILE",
    "ENOBUFS",
    "ENODEV",
    "ENOENT",
    "ENOEXEC",
    "ENOLCK",
    "ENOMEM",
    "ENOMSG",
    "ENOPROTOOPT",
    "ENOSPC",
    "ENOSYS",
    "ENOTCONN",
    "ENOTDIR",
    "ENOTEMPTY",
    "ENOTRECOVERABLE",
    "ENOTSOCK",
    "ENOTSUP",
    "ENOTTY",
    "ENXIO",
    "EOPNOTSUPP",
    "EOVERFLOW",
    "EOWNERDEAD",
    "EPERM",
    "EPIPE",
    "EPROTO",
    "EPROTONOSUPPORT",
    "EPROTOTYPE",
    "ERANGE",
    "EROFS",
    "ESPIPE",
    "ESRCH",
    "ETIMEDOUT",
    "ETXTBSY",
    "EWOULDBLOCK",
    "EXDEV",
];

/// What `signal: {to: ...}` may set.
pub const DISPOSITIONS: &[&str] = &["default", "ignore", "count", "inform", "nest", "reap"];
/// What `timer: {set: ...}` may be.
pub const TIMERS: &[&str] = &["alarm", "setitimer", "timer-create"];
/// What `identity: {of: ...}` may be.
pub const IDENTITIES: &[&str] = &["real-user", "effective-user", "saved-user", "real-group", "effective-group", "saved-group", "groups"];
/// What `block-in: {call: ...}` may be.
pub const CALLS: &[&str] =
    &["pause", "sigsuspend", "nanosleep", "clock-nanosleep", "poll", "select", "epoll", "semop", "msgrcv", "flock", "lock"];
/// What `thread-crash: {signal: ...}` may be.
pub const CRASHES: &[&str] = &["SEGV", "ABRT", "BUS", "FPE", "ILL"];
/// What `needs: {what: ...}` may be, beside a program.
pub const NEEDS: &[&str] = &["other-users", "chroot", "terminal", "full-backlog"];
/// What `wait: {via: ...}` may use.
pub const WAITS: &[&str] = &["wait", "waitpid", "waitid", "pidfd", "waitpid-group", "waitid-group"];
/// What `listen: {family: ...}` may be.
pub const FAMILIES: &[&str] = &["unix", "tcp4", "tcp6"];
/// What `bind: {family: ...}` may be.
pub const DATAGRAM_FAMILIES: &[&str] = &["udp4", "udp6", "unix-dgram"];
/// What `shutdown: {how: ...}` may be.
pub const SHUTDOWNS: &[&str] = &["read", "write", "both"];
/// What `socketpair: {type: ...}` may be.
pub const PAIRS: &[&str] = &["stream", "dgram", "seqpacket"];
/// What `send-file: {via: ...}` may be.
pub const CARRIERS: &[&str] = &["sendfile", "mmap"];
/// What `query: {what: ...}` may be.
pub const FACTS: &[&str] = &["close-on-exec", "nonblock", "offset", "available"];
/// What `ready: {for: ...}` may be.
pub const INTERESTS: &[&str] = &["read", "write", "hang-up", "error"];
/// What `ready: {via: ...}` may be.
pub const TELLERS: &[&str] = &["select", "poll", "queue"];
/// Where a `shared` counter may live.
pub const SHARED: &[&str] = &["shm_open", "anonymous", "sysv"];
/// How a `semaphore` may be made.
pub const SEMAPHORES: &[&str] = &["unnamed", "named"];
/// By what an open file may be locked.
pub const LOCKS: &[&str] = &["flock", "fcntl", "ofd"];
/// How it may be locked.
pub const LOCK_MODES: &[&str] = &["exclusive", "shared"];
/// How a `queue` may be made.
pub const QUEUES: &[&str] = &["posix", "sysv"];
/// What `remove` may remove.
pub const REMOVABLE: &[&str] = &["shared", "semaphore", "queue"];
/// How `subject: {stdin: ...}` may be opened.
pub const WAYS_TO_OPEN: &[&str] = &["read-only", "write-only"];
/// What `spawn: {env-mode: ...}` may be.
pub const ENV_MODES: &[&str] = &["inherit", "replace"];
/// Resource limits, without RLIMIT_.
pub const LIMITS: &[&str] = &[
    "AS",
    "CORE",
    "CPU",
    "DATA",
    "FSIZE",
    "LOCKS",
    "MEMLOCK",
    "MSGQUEUE",
    "NICE",
    "NOFILE",
    "NPROC",
    "RSS",
    "RTPRIO",
    "RTTIME",
    "SIGPENDING",
    "STACK",
];
/// What `spawn: {group: ...}` may be.
pub const GROUPS: &[&str] = &["default", "new", "own"];
/// What `spawn: {malformed: ...}` may be.
pub const PLACES: &[&str] = &["program", "argument", "variable", "directory"];
/// The standard descriptors.
pub const STREAMS: &[&str] = &["stdin", "stdout", "stderr"];
/// The kinds of `file`.
pub const FILES: &[&str] = &[
    "plain",
    "directory",
    "symlink",
    "fifo",
    "missing",
    "not-executable",
    "under-a-file",
    "loop",
    "name-too-long",
    "not-a-program",
    "busy",
    "bad-interpreter",
    "unsearchable",
    "agent",
];

/// Advice for a word that is not in a list; `Ok` for one that is.
pub fn among(word: &str, list: &'static [&'static str]) -> Result<(), String> {
    if list.contains(&word) { Ok(()) } else { Err(suggest(word, list.iter().copied())) }
}

/// Advice for what a case cannot need.
pub fn need(word: &str) -> Result<(), String> {
    match word.strip_prefix("program ") {
        Some(path) if path.starts_with('/') => Ok(()),
        Some(_) => Err("write the program's whole path: `program /bin/sh`".to_owned()),
        None => among(word, NEEDS),
    }
}

/// Advice for what is no signal's name.
pub fn signal(word: &str) -> Result<(), String> {
    let real_time = word.strip_prefix("RTMIN").map(|rest| (rest, '+')).or_else(|| word.strip_prefix("RTMAX").map(|rest| (rest, '-')));
    if let Some((rest, sign)) = real_time {
        let offset = rest.strip_prefix(sign).map(str::parse::<u8>);
        return if rest.is_empty() || matches!(offset, Some(Ok(0..=30))) { Ok(()) } else { Err("write `RTMIN+N` or `RTMAX-N`".to_owned()) };
    }
    match word.strip_prefix("SIG") {
        Some(rest) if SIGNALS.contains(&rest) => Err(format!("signals are named without SIG: write `{rest}`")),
        _ if SIGNALS.contains(&word) => Ok(()),
        _ => Err(crate::plan::diagnostic::nearest(word, SIGNALS.iter().copied()).map_or_else(
            || "write a signal's name such as `PIPE`, `USR1` or `RTMIN+2`".to_owned(),
            |near| format!("did you mean `{near}`?"),
        )),
    }
}

/// Advice for what is no error's name.
pub fn errno(word: &str) -> Result<(), String> {
    if ERRORS.contains(&word) {
        return Ok(());
    }
    let near = crate::plan::diagnostic::nearest(word, ERRORS.iter().copied());
    Err(near.map_or_else(|| "write an errno's name such as `EPIPE`".to_owned(), |near| format!("did you mean `{near}`?")))
}

/// Advice for what a standard descriptor of a spawned program cannot be.
pub fn stdio(word: &str) -> Result<(), String> {
    let is_number = |text: &str| text.trim().parse::<i32>().is_ok_and(|n| n >= 0);
    match word.split_once(' ') {
        Some(("file", name)) if !name.trim().is_empty() => Ok(()),
        Some(("fd", number)) if is_number(number) => Ok(()),
        Some(_) => Err("write `file NAME` or `fd N`".to_owned()),
        None => among(word, &["default", "inherit", "null", "pipe", "pty"]).map_err(|advice| format!("{advice}, `file NAME`, `fd N`")),
    }
}

/// As [`stdio`], where the standard error may also follow the standard output.
pub fn stderr(word: &str) -> Result<(), String> {
    if word == "stdout" { Ok(()) } else { stdio(word) }
}

/// The capability that a form of standard descriptor needs; `None` for the library's default.
pub fn stdio_capability(word: &str) -> Option<&'static str> {
    match word.split(' ').next()? {
        "inherit" => Some("stdio-inherit"),
        "null" => Some("stdio-null"),
        "pipe" => Some("stdio-pipe"),
        "file" => Some("stdio-file"),
        "fd" => Some("stdio-fd"),
        "stdout" => Some("stdio-merge"),
        "pty" => Some("stdio-pty"),
        _ => None,
    }
}

/// Advice for what is no file mode creation mask.
pub fn umask(word: &str) -> Result<(), String> {
    let mask = u32::from_str_radix(word, 8).is_ok_and(|mask| mask <= 0o777);
    if mask { Ok(()) } else { Err("write it in octal digits, in quotes: `\"027\"`".to_owned()) }
}
