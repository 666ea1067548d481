//! Making processes, and taking rights from them, as far as macOS can.

use super::super::{Listed, check, limit, limit_cores, unsupported};
use std::collections::BTreeSet;
use std::io;

/// So many processes at one time beside its actors, and the case is ended: no subject needs more, and a fork bomb soon has them.
pub const MOST_AT_ONCE: usize = 512;

/// Orphans go to launchd: that this process has no children left says nothing of what a case left.
pub const ORPHANS_COME_HERE: bool = false;

/// macOS has no choice to influence.
pub fn easy_to_kill() {}

/// macOS has no call below fork(2).
pub fn forks_bare(_isolated: bool) -> bool {
    false
}

/// The usual fork.
///
/// # Errors
/// Those of fork(2).
///
/// # Safety
/// As [`super::super::fork`].
pub unsafe fn fork_bare() -> io::Result<i32> {
    // SAFETY: the caller upholds the rule about threads.
    unsafe { super::super::fork() }
}

/// macOS gives no process the right to run before all others.
pub fn may_be_urgent() {}

/// The second half of that.
pub fn urgent(_wanted: bool) {}

/// The third.
pub fn never_urgent() {}

/// macOS lets nobody trace a process of somebody else, and has no way to keep one's own user from it.
pub fn let_nobody_look() {}

/// The other half of that.
pub fn let_others_look() {}

/// Closes every descriptor from `first` up.
pub fn close_from(first: u32) {
    for fd in super::open_fds().into_iter().filter(|fd| fd.unsigned_abs() >= first) {
        // SAFETY: descriptors are numbers; nobody uses the closed ones any more, which is what the callers see to.
        unsafe { libc::close(fd) };
    }
}

/// The CPUs: macOS tells how many there are, and pins nothing to any.
pub fn cpus() -> Vec<usize> {
    (0..std::thread::available_parallelism().map_or(1, usize::from)).collect()
}

/// macOS does not pin.
///
/// # Errors
/// Always.
pub fn pin(_cpus: &[usize]) -> io::Result<()> {
    Err(unsupported("macOS pins no process to a CPU"))
}

/// Cores go to one directory of the machine (core(5), `kern.corefile`).
pub fn cores_stay() -> bool {
    false
}

/// The limits that every case runs under, set before anything runs; none of them binds a sane scenario. Processes are counted
/// per user, so the number of our own is watched instead of limited.
///
/// # Errors
/// Those of setrlimit(2).
pub fn limit_cases(_own_processes: bool) -> io::Result<()> {
    limit_cores(if cores_stay() { crate::sys::MOST_CORE } else { 0 })?;
    limit(libc::RLIMIT_FSIZE, 256 << 20)?;
    limit(libc::RLIMIT_NOFILE, 4096)
}

/// Limits CPU seconds of this process and of each that it starts; the count starts at nothing in a fresh fork.
///
/// # Errors
/// Those of setrlimit(2).
pub fn limit_cpu(seconds: u64) -> io::Result<()> {
    limit(libc::RLIMIT_CPU, seconds)
}

/// Kills every process below this one, walk after walk until one finds nobody new. Process ids are reused late here; the start
/// time is compared all the same.
pub fn kill_everything(_alone: bool) {
    let own = std::process::id().cast_signed();
    let mut killed = BTreeSet::new();
    loop {
        let alive = super::super::below(own).into_iter().filter(|line| line.state != "zombie");
        let fresh: Vec<Listed> = alive.filter(|line| killed.insert((line.pid, line.started))).collect();
        if fresh.is_empty() {
            return;
        }
        for process in fresh.iter().filter(|line| super::listed(line.pid).is_some_and(|now| now.started == line.started)) {
            // A process that has just ended needs no signal.
            let _ = super::super::kill(process.pid, libc::SIGKILL);
        }
    }
}

/// Sends bytes over a socket; a peer that is gone is an error, not a SIGPIPE.
///
/// # Errors
/// Those of send(2).
pub fn send_quietly(fd: i32, bytes: &[u8]) -> io::Result<usize> {
    // SAFETY: pointer and length are those of a valid slice.
    let sent = unsafe { libc::send(fd, bytes.as_ptr().cast(), bytes.len(), libc::MSG_NOSIGNAL) };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

/// Sets close-on-exec.
///
/// # Errors
/// Those of fcntl(2).
pub fn set_cloexec(fd: i32) -> io::Result<()> {
    // SAFETY: F_SETFD takes no memory.
    check(unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) }).map(drop)
}

/// No process can change another one's limits here.
///
/// # Errors
/// Always.
pub fn limit_of(_pid: i32, _resource: super::Resource, _soft: Option<u64>) -> io::Result<()> {
    Err(unsupported("macOS has no call that limits another process"))
}

/// Makes this process an ordinary user's for good, for a program that is executed next.
///
/// # Errors
/// Those of setuid(2).
pub fn become_ordinary(id: u32) -> io::Result<()> {
    // SAFETY: none of the calls keeps what it is given; the list of groups is empty.
    unsafe {
        check(libc::setgroups(0, std::ptr::null()))?;
        check(libc::setgid(id))?;
        check(libc::setuid(id)).map(drop)
    }
}
