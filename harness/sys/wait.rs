//! Exact wait statuses. nix's `waitpid` loses a death by real-time signal, so statuses are decoded here from the raw word.

use super::check;
use crate::plan::script::Ended;
use std::io;

/// A child that changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub pid: i32,
    /// To what.
    pub ended: Ended,
}

/// What a status word of wait(2) says.
pub fn decode(status: i32) -> Ended {
    if libc::WIFEXITED(status) {
        Ended::Exited(libc::WEXITSTATUS(status))
    } else if libc::WIFSTOPPED(status) {
        Ended::Stopped(libc::WSTOPSIG(status))
    } else if libc::WIFCONTINUED(status) {
        Ended::Continued
    } else {
        Ended::Killed { signal: libc::WTERMSIG(status), core: libc::WCOREDUMP(status) }
    }
}

/// Takes one change of a child (`pid` −1: of any), without waiting: an end (reaped by this) or a stop. `Ok(None)`: there are
/// children, none of them changed.
///
/// # Errors
/// `ECHILD` when there is no such child.
pub fn reap(pid: i32) -> io::Result<Option<Change>> {
    let mut status = 0;
    // SAFETY: `status` is a valid place for one int.
    let pid = check(unsafe { libc::waitpid(pid, &raw mut status, libc::WNOHANG | libc::WUNTRACED) })?;
    Ok((pid != 0).then(|| Change { pid, ended: decode(status) }))
}

/// Waits until this child has ended, and reaps it.
///
/// # Errors
/// `ECHILD` when there is no such child.
pub fn wait_for(pid: i32) -> io::Result<Ended> {
    let mut status = 0;
    loop {
        // SAFETY: `status` is a valid place for one int.
        match check(unsafe { libc::waitpid(pid, &raw mut status, 0) }) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other.map(|_| decode(status)),
        }
    }
}

/// Waits until this child has ended, and leaves it to be reaped: until then its number is nobody else's.
pub fn await_end_of(pid: i32) {
    // SAFETY: an all-zero siginfo_t is valid, and it is a valid place for one.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: as above.
        let waited = unsafe { libc::waitid(libc::P_PID, pid.cast_unsigned(), &raw mut info, libc::WEXITED | libc::WNOWAIT) };
        if waited == 0 || io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
            return;
        }
    }
}

/// Waits until any child has ended, and leaves it to be reaped. `false` when there is none.
pub fn await_end() -> bool {
    // SAFETY: an all-zero siginfo_t is valid, and it is a valid place for one.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    // SAFETY: as above.
    unsafe { libc::waitid(libc::P_ALL, 0, &raw mut info, libc::WEXITED | libc::WNOWAIT) == 0 }
}

/// Whether this process has children at all, ended or alive, without taking anything from them.
pub fn peek() -> bool {
    // SAFETY: an all-zero siginfo_t is valid, and it is a valid place for one.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    // SAFETY: `info` is a valid place for one siginfo_t.
    unsafe { libc::waitid(libc::P_ALL, 0, &raw mut info, options) == 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_death_by_a_real_time_signal_keeps_its_number() {
        assert_eq!(decode(34), Ended::Killed { signal: 34, core: false });
        assert_eq!(decode(64), Ended::Killed { signal: 64, core: false });
        assert_eq!(decode(11 | 0x80), Ended::Killed { signal: 11, core: true });
        assert_eq!(decode(7 << 8), Ended::Exited(7));
        assert_eq!(decode(0x7f | 19 << 8), Ended::Stopped(19));
    }
}
