//! Signals, timers, terminals and sleeping calls as Linux has them. Twin of `macos.rs`.

use crate::plan::script::Outcome;
use crate::run::actor::{DONE, failed, number, os};
use std::sync::atomic::{AtomicI32, Ordering};

/// The number under which the system tells of the calling thread.
pub fn thread_number() -> i32 {
    // SAFETY: no arguments.
    unsafe { libc::gettid() }
}

/// How a signal was sent, as the number that histories hold (see `judge/property/signal_info.rs`).
fn how(signal: i32, code: i32) -> i64 {
    if signal == libc::SIGCHLD && code > 0 && code <= libc::CLD_CONTINUED {
        return match code {
            libc::CLD_EXITED => 4,
            libc::CLD_KILLED => 5,
            libc::CLD_DUMPED => 6,
            libc::CLD_CONTINUED => 8,
            _ => 7,
        };
    }
    match code {
        libc::SI_USER => 0,
        libc::SI_QUEUE => 1,
        libc::SI_TIMER => 2,
        libc::SI_KERNEL => 3,
        libc::SI_TKILL => 9,
        _ => 10,
    }
}

/// Process, user, how it was sent, and the number sent along (0 where there is none). Async-signal-safe.
pub fn told(signal: i32, info: &libc::siginfo_t) -> [i64; 4] {
    let how = how(signal, info.si_code);
    // SAFETY: the fields are read as what the code says they are; of a timer's or the kernel's signal they mean nothing.
    let (pid, uid, value) = unsafe { (info.si_pid(), info.si_uid(), info.si_value()) };
    match how {
        0 | 9 => [pid.into(), uid.into(), how, 0],
        1 => [pid.into(), uid.into(), how, value.sival_ptr as i64 as i32 as i64],
        4..=8 => [pid.into(), uid.into(), how, 0],
        _ => [0, 0, how, 0],
    }
}

/// sigqueue
pub fn queue(pid: i32, signal: i32, value: i32) -> Result<Outcome, Outcome> {
    let value = libc::sigval { sival_ptr: value as usize as *mut libc::c_void };
    // SAFETY: a positive pid of this case; the value is handed on as it is.
    number(unsafe { libc::sigqueue(pid, signal, value) })
}

/// A signal with what it tells.
pub type Taken = (i32, Option<[i64; 4]>);

/// Takes a pending signal of the set with what it tells; `None` when there is none and it may not wait.
pub fn take(set: &libc::sigset_t, nohang: bool) -> Result<Option<Taken>, Outcome> {
    let now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: an all-zero siginfo_t is a valid place for one; set and time are complete.
    let (signal, info) = unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        let signal = if nohang { libc::sigtimedwait(set, &raw mut info, &raw const now) } else { libc::sigwaitinfo(set, &raw mut info) };
        (signal, info)
    };
    match signal {
        -1 if nohang && os::errno() == libc::EAGAIN => Ok(None),
        -1 => failed(),
        signal => Ok(Some((signal, Some(told(signal, &info))))),
    }
}

/// The one timer that this process has made; −1 before.
static TIMER: AtomicI32 = AtomicI32::new(-1);

/// The numbers that timers of a process are looked for under.
const TIMERS: i32 = 256;

pub fn forget_timer() {
    TIMER.store(-1, Ordering::Relaxed);
}

/// By the calls themselves: the C library gives timers names of its own, which mean nothing to another process.
pub fn create_timer(after_ms: u64, every_ms: u64) -> Result<Outcome, Outcome> {
    if TIMER.load(Ordering::Relaxed) == -1 {
        let mut made: libc::c_int = -1;
        // SAFETY: a valid place for an id; without an event the timer sends SIGALRM.
        let result =
            unsafe { libc::syscall(libc::SYS_timer_create, libc::CLOCK_MONOTONIC, std::ptr::null::<libc::sigevent>(), &raw mut made) };
        if result == -1 {
            return failed();
        }
        TIMER.store(made, Ordering::Relaxed);
    }
    let times = times(after_ms, every_ms);
    let (timer, none) = (TIMER.load(Ordering::Relaxed), std::ptr::null_mut::<libc::itimerspec>());
    // SAFETY: a complete itimerspec; the old one is not asked for.
    if unsafe { libc::syscall(libc::SYS_timer_settime, timer, 0, &raw const times, none) } == -1 { failed() } else { DONE }
}

/// How many timers this process has that run.
pub fn timers() -> Result<i64, Outcome> {
    let mut left = times(0, 0);
    // SAFETY: a valid place for an itimerspec; a number that is no timer's is an error.
    let runs = |timer: &i32| unsafe { libc::syscall(libc::SYS_timer_gettime, *timer, &raw mut left) } == 0 && left.it_value.tv_sec > 0;
    Ok((0..TIMERS).filter(runs).count() as i64)
}

/// Follows a process without stopping it.
///
/// # References
/// ptrace(2) PTRACE_SEIZE
pub fn trace(pid: i32) -> Result<Outcome, Outcome> {
    // SAFETY: with these arguments it reads and writes no memory of ours.
    match unsafe { libc::ptrace(libc::PTRACE_SEIZE, pid, std::ptr::null_mut::<libc::c_void>(), std::ptr::null_mut::<libc::c_void>()) } {
        -1 if std::io::Error::last_os_error().raw_os_error() == Some(libc::EPERM) => {
            Err(Outcome::Unavailable("no process may trace another one here".to_owned()))
        }
        -1 => failed(),
        _ => DONE,
    }
}

/// Takes the end of a process that this one traces, and has it go on wherever it stops before. `Done(status)`.
///
/// # References
/// ptrace(2) "Death under ptrace": the tracer's wait comes before that of the parent.
pub fn take_traced(pid: i32) -> Result<Outcome, Outcome> {
    let mut status = 0;
    loop {
        // SAFETY: only a number is written, to a place that is there.
        if unsafe { libc::waitpid(pid, &raw mut status, libc::__WALL) } == -1 {
            return failed();
        }
        if libc::WIFSTOPPED(status) {
            let signal = libc::WSTOPSIG(status) as usize;
            // SAFETY: with these arguments it reads and writes no memory of ours.
            unsafe { libc::ptrace(libc::PTRACE_CONT, pid, std::ptr::null_mut::<libc::c_void>(), signal) };
        } else {
            return Ok(Outcome::Done(Some(status.into())));
        }
    }
}

/// A descriptor of a timer.
pub fn timerfd(after_ms: u64, every_ms: u64) -> Result<i32, Outcome> {
    // SAFETY: takes numbers.
    let fd = unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, 0) };
    if fd == -1 {
        return failed();
    }
    let times = times(after_ms, every_ms);
    // SAFETY: a complete itimerspec; the old one is not asked for.
    if unsafe { libc::timerfd_settime(fd, 0, &raw const times, std::ptr::null_mut()) } == -1 { failed() } else { Ok(fd) }
}

fn times(after_ms: u64, every_ms: u64) -> libc::itimerspec {
    let spec = |ms: u64| libc::timespec { tv_sec: (ms / 1000) as libc::time_t, tv_nsec: (ms % 1000 * 1_000_000) as libc::c_long };
    libc::itimerspec { it_interval: spec(every_ms), it_value: spec(after_ms) }
}

/// A new terminal, master first, both close-on-exec and nobody's controlling one. The slave is had from the master and not by its
/// name, which means something else where /dev/pts is another one's.
pub fn terminal() -> Result<[i32; 2], Outcome> {
    let flags = libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC;
    // SAFETY: takes numbers; the descriptors are the scenario's from here on.
    unsafe {
        let master = libc::posix_openpt(flags);
        if master == -1 {
            return Err(Outcome::Unavailable(format!("no terminal can be made here: errno {}", os::errno())));
        }
        if libc::grantpt(master) == -1 || libc::unlockpt(master) == -1 {
            return failed();
        }
        match libc::ioctl(master, libc::TIOCGPTPEER, flags) {
            -1 => failed(),
            slave => Ok([master, slave]),
        }
    }
}

pub fn full_backlog_waits() -> Result<(), String> {
    Ok(())
}

/// It returns its error instead of setting errno.
pub fn clock_nanosleep(time: libc::timespec) -> Result<Outcome, Outcome> {
    let mut rest = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: two valid timespecs.
    match unsafe { libc::clock_nanosleep(libc::CLOCK_MONOTONIC, 0, &raw const time, &raw mut rest) } {
        0 => DONE,
        errno => Err(crate::run::actor::error(errno)),
    }
}

pub fn epoll(fd: i32) -> Result<Outcome, Outcome> {
    let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: 0 };
    // SAFETY: valid events; the set's descriptor is ours and closed again.
    unsafe {
        let set = libc::epoll_create1(libc::EPOLL_CLOEXEC);
        let added = libc::epoll_ctl(set, libc::EPOLL_CTL_ADD, fd, &raw mut event);
        let result = if added == -1 { failed() } else { number(libc::epoll_wait(set, &raw mut event, 1, -1)) };
        libc::close(set);
        result
    }
}

/// Takes a semaphore that nobody gives.
pub fn semop() -> Result<Outcome, Outcome> {
    let mut take = libc::sembuf { sem_num: 0, sem_op: -1, sem_flg: 0 };
    // SAFETY: a set of one semaphore, our own, removed again.
    unsafe {
        let set = libc::semget(libc::IPC_PRIVATE, 1, 0o600);
        let result = if set == -1 { failed() } else { number(libc::semop(set, &raw mut take, 1)) };
        libc::semctl(set, 0, libc::IPC_RMID);
        result
    }
}

/// Waits for a message that nobody sends.
pub fn msgrcv() -> Result<Outcome, Outcome> {
    let mut message = [0 as libc::c_long; 8];
    // SAFETY: a queue of our own, removed again; room for a type and a few bytes.
    unsafe {
        let queue = libc::msgget(libc::IPC_PRIVATE, 0o600);
        let result = if queue == -1 { failed() } else { number(libc::msgrcv(queue, message.as_mut_ptr().cast(), 16, 0, 0) as i64) };
        libc::msgctl(queue, libc::IPC_RMID, std::ptr::null_mut());
        result
    }
}
