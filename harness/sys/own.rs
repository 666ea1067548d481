//! A process's own inheritable state, by system calls alone: the same on both platforms but for the parts that the twins give.
//!
//! It costs about a hundred cheap calls and reads nothing from /proc that a call can tell. What every case needs of it is
//! taken by [`Sample`](super::Sample), which shares its parts.

use super::{LIMITS, Resource, SIGNALS, dispositions, fd_target, open_fds, own_ids, thread_count};
use crate::trace::state::{FdState, ProcState, Terminal};
use std::collections::BTreeMap;
use std::mem::zeroed;

/// The state of this process. `full` adds what only an exec can have changed: supplementary groups and the number of threads.
/// Arguments and environment are the caller's to add: only a program's entry knows them untouched.
pub fn own_state(full: bool) -> ProcState {
    let (uids, gids) = own_ids();
    let (ignored, caught) = dispositions();
    let (blocked, pending) = masks();
    let [blocked, pending, ignored, caught] = [blocked, pending, ignored, caught].map(words_of);
    ProcState {
        // SAFETY: these calls only read ids of this process.
        pid: unsafe { libc::getpid() },
        // SAFETY: as above.
        ppid: unsafe { libc::getppid() },
        // SAFETY: as above.
        pgid: unsafe { libc::getpgid(0) },
        // SAFETY: as above.
        sid: unsafe { libc::getsid(0) },
        uids,
        gids,
        groups: if full { groups() } else { Vec::new() },
        cwd: std::env::current_dir().map(|path| path.to_string_lossy().into_owned()).unwrap_or_default(),
        umask: umask(),
        // SAFETY: reads the nice value of this process; −1 is a value like any other here.
        nice: unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) },
        blocked,
        ignored,
        caught,
        pending,
        fds: open_fds().into_iter().filter_map(fd_state).collect(),
        limits: limits(),
        threads: if full { thread_count() } else { 0 },
        argv: Vec::new(),
        env: Vec::new(),
        terminal: if full { terminal() } else { None },
    }
}

/// tcgetsid answers for the caller's own controlling terminal alone.
fn terminal() -> Option<Terminal> {
    (0..3).find_map(|fd| {
        // SAFETY: both calls take a number; one that is no terminal fails.
        let (session, foreground) = unsafe { (libc::tcgetsid(fd), libc::tcgetpgrp(fd)) };
        (session > 0).then_some(Terminal { fd, session, foreground })
    })
}

/// One descriptor of this process, or `None` when it is not open.
pub fn fd_state(fd: i32) -> Option<FdState> {
    // SAFETY: F_GETFL and F_GETFD take no memory.
    let (flags, cloexec) = unsafe { (libc::fcntl(fd, libc::F_GETFL), libc::fcntl(fd, libc::F_GETFD)) };
    if flags < 0 || cloexec < 0 {
        return None;
    }
    // SAFETY: an all-zero stat is valid.
    let mut stat: libc::stat = unsafe { zeroed() };
    // SAFETY: `stat` is a valid place for one stat.
    unsafe { libc::fstat(fd, &raw mut stat) };
    let (dev, ino) = (stat.st_dev as u64, stat.st_ino as u64);
    Some(FdState { fd, target: fd_target(fd), dev, ino, cloexec: Some(cloexec & libc::FD_CLOEXEC != 0), ..described(flags) })
}

/// The part of a descriptor that its open file description's flags tell.
pub(super) fn described(flags: i32) -> FdState {
    let access = match flags & libc::O_ACCMODE {
        libc::O_RDONLY => "read",
        libc::O_WRONLY => "write",
        libc::O_RDWR => "read-write",
        _ => "none",
    };
    FdState {
        access: access.to_owned(),
        nonblock: flags & libc::O_NONBLOCK != 0,
        append: flags & libc::O_APPEND != 0,
        ..FdState::default()
    }
}

/// There is no call that only reads it; the two of this thread are as near to that as POSIX lets.
#[expect(clippy::useless_conversion, reason = "mode_t has 16 bits on macOS and 32 on Linux")]
pub(super) fn umask() -> u32 {
    // SAFETY: umask has no memory effects.
    let mask = unsafe { libc::umask(0o022) };
    // SAFETY: as above.
    unsafe { libc::umask(mask) };
    u32::from(mask)
}

fn groups() -> Vec<u32> {
    // SAFETY: a count of zero only asks for the number.
    let count = unsafe { libc::getgroups(0, std::ptr::null_mut()) };
    let mut groups = vec![0; usize::try_from(count).unwrap_or(0)];
    // SAFETY: the vector has `count` places.
    let got = unsafe { libc::getgroups(count, groups.as_mut_ptr()) };
    groups.truncate(usize::try_from(got).unwrap_or(0));
    groups.sort_unstable();
    groups
}

fn limits() -> BTreeMap<String, [u64; 2]> {
    LIMITS.iter().filter_map(|(name, resource)| Some(((*name).to_owned(), limit_now(*resource)?))).collect()
}

/// Soft and hard limit of one resource.
pub(super) fn limit_now(resource: Resource) -> Option<[u64; 2]> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a valid place for one rlimit.
    let done = unsafe { libc::getrlimit(resource, &raw mut limit) };
    (done == 0).then(|| [unlimited(limit.rlim_cur), unlimited(limit.rlim_max)])
}

fn unlimited(value: libc::rlim_t) -> u64 {
    if value == libc::RLIM_INFINITY { u64::MAX } else { value }
}

/// The working directory's length in these bytes; `None` when it does not fit.
pub(super) fn getcwd_into(place: &mut [u8]) -> Option<usize> {
    // SAFETY: pointer and length are those of a valid slice.
    let done = unsafe { libc::getcwd(place.as_mut_ptr().cast(), place.len()) };
    if done.is_null() { None } else { place.iter().position(|byte| *byte == 0) }
}

/// Signals blocked and pending, a bit each: signal 1 is the lowest.
pub(super) fn masks() -> (u64, u64) {
    // SAFETY: all-zero sets are valid.
    let (mut blocked, mut pending): (libc::sigset_t, libc::sigset_t) = unsafe { (zeroed(), zeroed()) };
    // SAFETY: both are valid places for one set; a null set changes nothing.
    unsafe {
        libc::pthread_sigmask(libc::SIG_BLOCK, std::ptr::null(), &raw mut blocked);
        libc::sigpending(&raw mut pending);
    }
    (members(&blocked), members(&pending))
}

fn members(set: &libc::sigset_t) -> u64 {
    // glibc's sigismember answers for 32 and 33 too: it only reads the bit.
    // SAFETY: the set is valid and the numbers are in range.
    let has = |signal: &i32| unsafe { libc::sigismember(set, *signal) } == 1;
    (1..=SIGNALS).filter(has).fold(0, |bits, signal| bits | 1 << (signal - 1))
}

/// The numbers of the signals in a set of bits.
pub(super) fn words_of(bits: u64) -> Vec<i32> {
    (1..=64).filter(|signal| bits & 1 << (signal - 1) != 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_state_agrees_with_what_an_observer_sees() {
        let (own, seen) = (own_state(true), super::super::state_of(std::process::id().cast_signed()).unwrap());
        assert_eq!((own.pid, own.ppid, own.pgid, own.sid), (seen.pid, seen.ppid, seen.pgid, seen.sid));
        assert_eq!((own.uids, own.gids, own.groups, own.umask), (seen.uids, seen.gids, seen.groups, seen.umask));
        assert_eq!((own.cwd, own.ignored, own.caught), (seen.cwd, seen.ignored, seen.caught));
        assert_eq!(own.limits, seen.limits);
        for fd in own.fds.iter().filter(|fd| fd.fd < 3) {
            assert!(seen.fds.contains(fd), "{fd:?} not in {:?}", seen.fds);
        }
    }
}
