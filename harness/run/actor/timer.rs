//! Timers that send SIGALRM, and those that are read.

use super::{DONE, failed, platform};
use crate::generate::act::system::TimerVia;
use crate::plan::script::Outcome;

/// A forked process has no timers: the one that its parent made is not its own.
pub fn forget() {
    platform::forget_timer();
}

pub fn set(via: TimerVia, after_ms: u64, every_ms: u64) -> Result<Outcome, Outcome> {
    match via {
        TimerVia::Alarm => {
            // SAFETY: takes a number.
            unsafe { libc::alarm((after_ms / 1000) as libc::c_uint) };
            DONE
        }
        TimerVia::Setitimer => {
            let timer = libc::itimerval { it_interval: timeval(every_ms), it_value: timeval(after_ms) };
            // SAFETY: a complete itimerval; the old one is not asked for.
            if unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const timer, std::ptr::null_mut()) } == -1 { failed() } else { DONE }
        }
        TimerVia::Create => platform::create_timer(after_ms, every_ms),
    }
}

pub fn armed(via: TimerVia) -> Result<Outcome, Outcome> {
    if via == TimerVia::Create {
        return platform::timers().map(|count| Outcome::Done(Some(count)));
    }
    let mut timer = libc::itimerval { it_interval: timeval(0), it_value: timeval(0) };
    // SAFETY: a valid place for an itimerval. An alarm is the same timer.
    if unsafe { libc::getitimer(libc::ITIMER_REAL, &raw mut timer) } == -1 {
        return failed();
    }
    let runs = timer.it_value.tv_sec != 0 || timer.it_value.tv_usec != 0;
    Ok(Outcome::Done(Some(runs.into())))
}

/// Reads until there were so many expirations.
pub fn expirations(fd: i32, at_least: u64) -> Result<Outcome, Outcome> {
    let mut total = 0;
    while total < at_least.max(1) {
        let mut count = [0; 8];
        // SAFETY: eight bytes of ours.
        if unsafe { libc::read(fd, count.as_mut_ptr().cast(), count.len()) } != 8 {
            return failed();
        }
        total += u64::from_ne_bytes(count);
    }
    Ok(Outcome::Done(Some(total as i64)))
}

fn timeval(ms: u64) -> libc::timeval {
    libc::timeval { tv_sec: (ms / 1000) as libc::time_t, tv_usec: (ms % 1000 * 1000) as libc::suseconds_t }
}
