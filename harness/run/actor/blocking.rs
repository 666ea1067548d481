//! Calls that sleep until something comes. Limits are of an hour or none: no case waits for one to run out.

use super::{DONE, failed, number, platform};
use crate::generate::act::system::Call;
use crate::plan::script::Outcome;

const HOUR: libc::timespec = libc::timespec { tv_sec: 3600, tv_nsec: 0 };

pub fn block_in(call: Call, fd: i32) -> Result<Outcome, Outcome> {
    match call {
        Call::Pause => pause(),
        Call::Sigsuspend => sigsuspend(),
        Call::Nanosleep => nanosleep(),
        Call::ClockNanosleep => platform::clock_nanosleep(HOUR),
        Call::Poll => poll(fd),
        Call::Select => select(fd),
        Call::Epoll => platform::epoll(fd),
        Call::Semop => platform::semop(),
        Call::Msgrcv => platform::msgrcv(),
        // SAFETY: takes numbers.
        Call::Flock => number(unsafe { libc::flock(fd, libc::LOCK_EX) }),
        Call::Lock => lock(fd),
    }
}

fn pause() -> Result<Outcome, Outcome> {
    // SAFETY: no arguments.
    if unsafe { libc::pause() } == -1 { failed() } else { DONE }
}

/// With the mask as it is.
fn sigsuspend() -> Result<Outcome, Outcome> {
    let mut mask = super::signal::set_of(&[]);
    // SAFETY: a valid place for the present mask, which is then waited with.
    unsafe {
        libc::sigprocmask(libc::SIG_BLOCK, std::ptr::null(), &raw mut *mask);
        if libc::sigsuspend(&raw const *mask) == -1 { failed() } else { DONE }
    }
}

/// An interrupted sleep says how much of it is left.
fn nanosleep() -> Result<Outcome, Outcome> {
    let (hour, mut rest) = (HOUR, libc::timespec { tv_sec: -1, tv_nsec: 0 });
    // SAFETY: two valid timespecs.
    let result = unsafe { libc::nanosleep(&raw const hour, &raw mut rest) };
    let told = (0..=HOUR.tv_sec).contains(&rest.tv_sec);
    match (result, failed()) {
        (0, _) => DONE,
        (_, Err(Outcome::Error(name))) if name == "EINTR" && !told => {
            Err(Outcome::Other("interrupted, and the rest of the time is not told".to_owned()))
        }
        (_, failed) => failed,
    }
}

fn poll(fd: i32) -> Result<Outcome, Outcome> {
    let mut watched = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    // SAFETY: one pollfd.
    number(unsafe { libc::poll(&raw mut watched, 1, -1) })
}

fn select(fd: i32) -> Result<Outcome, Outcome> {
    if !(0..libc::FD_SETSIZE as i32).contains(&fd) {
        return Err(Outcome::Error("EBADF".to_owned()));
    }
    // SAFETY: an all-zero set is valid, and `fd` is a number that it has room for.
    unsafe {
        let mut watched: libc::fd_set = std::mem::zeroed();
        libc::FD_SET(fd, &raw mut watched);
        number(libc::select(fd + 1, &raw mut watched, std::ptr::null_mut(), std::ptr::null_mut(), std::ptr::null_mut()))
    }
}

fn lock(fd: i32) -> Result<Outcome, Outcome> {
    // SAFETY: an all-zero flock means the whole file.
    let mut wish: libc::flock = unsafe { std::mem::zeroed() };
    wish.l_type = libc::F_WRLCK as _;
    wish.l_whence = libc::SEEK_SET as _;
    // SAFETY: a complete flock.
    number(unsafe { libc::fcntl(fd, libc::F_SETLKW, &raw const wish) })
}
