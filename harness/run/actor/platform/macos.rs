//! Signals, timers, terminals and sleeping calls as macOS has them. Twin of `linux.rs`. Unconfirmed until a run there.

use crate::plan::script::Outcome;
use crate::run::actor::failed;

/// macOS tells nothing of a single thread: no number at all.
pub fn thread_number() -> i32 {
    -1
}

/// How a signal was sent, as the number that histories hold (see `judge/property/signal_info.rs`). sigaction(2): of a signal that
/// another process sent the code is SI_USER, 0x10001, or 0.
fn how(signal: i32, code: i32) -> i64 {
    if signal == libc::SIGCHLD {
        return match code {
            libc::CLD_EXITED => 4,
            libc::CLD_KILLED => 5,
            libc::CLD_DUMPED => 6,
            libc::CLD_CONTINUED => 8,
            libc::CLD_STOPPED | libc::CLD_TRAPPED => 7,
            _ => 0,
        };
    }
    match code {
        0 | 0x10001 => 0,
        0x10002 => 1,
        0x10003 => 2,
        _ => 10,
    }
}

/// Process, user, how it was sent, and the number sent along (0: there is none here). Async-signal-safe.
pub fn told(signal: i32, info: &libc::siginfo_t) -> [i64; 4] {
    [info.si_pid.into(), info.si_uid.into(), how(signal, info.si_code), 0]
}

/// macOS has no sigqueue.
pub fn queue(_pid: i32, _signal: i32, _value: i32) -> Result<Outcome, Outcome> {
    Err(Outcome::Unavailable("macOS has no sigqueue".to_owned()))
}

/// A signal with what it tells.
pub type Taken = (i32, Option<[i64; 4]>);

/// Takes a pending signal of the set; there is no sigwaitinfo, so that it tells nothing else. `None` when none is pending and it may
/// not wait.
pub fn take(set: &libc::sigset_t, nohang: bool) -> Result<Option<Taken>, Outcome> {
    let mut signal = 0;
    // SAFETY: complete sets and valid places. Nobody else in this process takes signals between the look and the wait.
    unsafe {
        if nohang {
            let mut pending: libc::sigset_t = std::mem::zeroed();
            libc::sigpending(&raw mut pending);
            if (1..32).all(|number| libc::sigismember(&raw const pending, number) != 1 || libc::sigismember(set, number) != 1) {
                return Ok(None);
            }
        }
        if libc::sigwait(set, &raw mut signal) != 0 {
            return failed();
        }
    }
    Ok(Some((signal, None)))
}

pub fn forget_timer() {}

pub fn create_timer(_after_ms: u64, _every_ms: u64) -> Result<Outcome, Outcome> {
    Err(Outcome::Unavailable("macOS has no timer_create".to_owned()))
}

pub fn timers() -> Result<i64, Outcome> {
    Err(Outcome::Unavailable("macOS has no timer_create".to_owned()))
}

pub fn trace(_pid: i32) -> Result<Outcome, Outcome> {
    Err(Outcome::Unavailable("macOS has no PTRACE_SEIZE".to_owned()))
}

pub fn take_traced(_pid: i32) -> Result<Outcome, Outcome> {
    Err(Outcome::Unavailable("macOS has no PTRACE_SEIZE".to_owned()))
}

pub fn timerfd(_after_ms: u64, _every_ms: u64) -> Result<i32, Outcome> {
    Err(Outcome::Unavailable("macOS has no timerfd".to_owned()))
}

/// A new terminal, master first, both close-on-exec and nobody's controlling one.
pub fn terminal() -> Result<[i32; 2], Outcome> {
    // SAFETY: takes numbers and the name that the call before it gave; the descriptors are the scenario's from here on.
    unsafe {
        let master = libc::posix_openpt(libc::O_RDWR | libc::O_NOCTTY);
        if master == -1 || libc::grantpt(master) == -1 || libc::unlockpt(master) == -1 {
            return failed();
        }
        let name = libc::ptsname(master);
        let slave = if name.is_null() { -1 } else { libc::open(name, libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC) };
        libc::fcntl(master, libc::F_SETFD, libc::FD_CLOEXEC);
        if slave == -1 { failed() } else { Ok([master, slave]) }
    }
}

/// connect(2) there fails with ECONNREFUSED while the backlog is full.
pub fn full_backlog_waits() -> Result<(), String> {
    Err("on macOS a connection is refused while the backlog is full".to_owned())
}

pub fn clock_nanosleep(_time: libc::timespec) -> Result<Outcome, Outcome> {
    Err(Outcome::Unavailable("macOS has no clock_nanosleep".to_owned()))
}

pub fn epoll(_fd: i32) -> Result<Outcome, Outcome> {
    Err(Outcome::Unavailable("macOS has no epoll".to_owned()))
}

pub fn semop() -> Result<Outcome, Outcome> {
    Err(Outcome::Unavailable("System V semaphores are not used on macOS".to_owned()))
}

pub fn msgrcv() -> Result<Outcome, Outcome> {
    Err(Outcome::Unavailable("System V queues are not used on macOS".to_owned()))
}
