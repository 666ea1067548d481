//! Making processes, and taking rights from them.
//!
//! What a case root does before its first step goes through `syscall` even where the C library has a function for it. Each of those
//! lies somewhere else, and the first call of each in a fresh fork maps sixteen pages, which costs twenty times the call itself.

use super::super::{Listed, check, kill, limit, limit_cores, processes};
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// So many processes at one time beside its actors, and the case is ended: no subject needs more, and a fork bomb soon has them.
pub const MOST_AT_ONCE: usize = 512;
/// So many processes and threads the kernel gives an ordinary user's case. It is more than a case may have for long: a bomb that
/// met this limit first would go on failing to fork, with all the CPU that there is, until its deadline.
const MOST_TASKS: u64 = 1024;

/// Orphans become children of this process (a subreaper, or process 1): no children left means that nobody is.
pub const ORPHANS_COME_HERE: bool = true;

/// Orphans come here by themselves; their sessions need not be known.
pub fn remember_session(_sid: i32) {}

/// This process is killed when its parent ends.
///
/// # Errors
/// Those of prctl(2).
pub fn die_with_parent() -> io::Result<()> {
    // SAFETY: takes no memory.
    check(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0) }).map(drop)
}

/// Forks into new user, pid, mount, ipc, uts and net namespaces: 0 in the child, which is process 1 of its namespace.
///
/// # Errors
/// Those of clone(2).
///
/// # Safety
/// As [`super::super::fork`].
pub unsafe fn clone_isolated() -> io::Result<i32> {
    let spaces =
        libc::CLONE_NEWUSER | libc::CLONE_NEWPID | libc::CLONE_NEWNS | libc::CLONE_NEWIPC | libc::CLONE_NEWUTS | libc::CLONE_NEWNET;
    // SAFETY: without CLONE_VM and with no stack given this is a fork; the caller upholds the rule about threads.
    let pid = unsafe { libc::syscall(libc::SYS_clone, spaces | libc::SIGCHLD, 0, 0, 0, 0) };
    check(i32::try_from(pid).unwrap_or(-1))
}

/// Whether [`fork_bare`] leaves a process whole here: a C library that remembers the process's id (glibc before 2.25) answers with its
/// parent's in a child that it did not make. `isolated`: this process was itself made so, and knows.
pub fn forks_bare(isolated: bool) -> bool {
    // SAFETY: both only read an id.
    isolated && unsafe { i64::from(libc::getpid()) == libc::syscall(libc::SYS_getpid) }
}

/// Forks without what the C library does before and after it for programs with threads: it touches half a dozen pages that the child
/// then has to copy. For a child that uses no threads and nothing that knows them by their ids; it may fork on in the usual way.
///
/// # Errors
/// Those of clone(2).
///
/// # Safety
/// As [`super::super::fork`].
pub unsafe fn fork_bare() -> io::Result<i32> {
    // SAFETY: without CLONE_VM and with no stack given this is a fork; the caller upholds the rule about threads.
    let pid = unsafe { libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0) };
    check(i32::try_from(pid).unwrap_or(-1))
}

/// A handle on a process that no reuse of its number can redirect.
#[derive(Debug)]
struct Pidfd(OwnedFd);

impl Pidfd {
    /// Opens it.
    fn open(pid: i32) -> io::Result<Pidfd> {
        // SAFETY: pidfd_open takes no memory; a fresh descriptor comes back, which is owned from here on.
        let fd = check(i32::try_from(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) }).unwrap_or(-1))?;
        // SAFETY: as above.
        Ok(Pidfd(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Sends a signal through it.
    fn signal(&self, signal: i32) -> io::Result<()> {
        // SAFETY: a null siginfo is allowed.
        let done =
            unsafe { libc::syscall(libc::SYS_pidfd_send_signal, self.0.as_raw_fd(), signal, std::ptr::null::<libc::siginfo_t>(), 0) };
        check(i32::try_from(done).unwrap_or(-1)).map(drop)
    }
}

/// Waits until a process, whosever child it is, has ended, reaped or not, for at most so many milliseconds.
pub fn await_end_elsewhere(pid: i32, limit_ms: i32) {
    // One that cannot be opened is gone.
    let Ok(handle) = Pidfd::open(pid) else { return };
    let mut ended = libc::pollfd { fd: handle.0.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: `ended` is one valid pollfd.
    unsafe { libc::poll(&raw mut ended, 1, limit_ms) };
}

/// Orphans below this process become its children.
///
/// # Errors
/// Those of prctl(2).
pub fn subreaper() -> io::Result<()> {
    // SAFETY: takes no memory.
    check(unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }).map(drop)
}

/// No exec of this process or its descendants gains rights any more.
///
/// # Errors
/// Those of prctl(2).
pub fn no_new_privileges() -> io::Result<()> {
    // SAFETY: takes no memory.
    check(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }).map(drop)
}

/// Lets this process and what it forks be [`urgent`]. Root is bound by no limit on processes, and a warden that had to share its CPU
/// with a thousand processes of a bomb would never come to end it. The namespaces' owner has no right to urgency any more, but is
/// left the limit that was raised before. Who may not raise it is bound by the limit on processes, and needs urgency less.
pub fn may_be_urgent() {
    let wanted = libc::rlimit { rlim_cur: 1, rlim_max: 1 };
    // SAFETY: `wanted` is a valid rlimit; a refusal leaves everything as it was.
    unsafe { libc::setrlimit(libc::RLIMIT_RTPRIO, &raw const wanted) };
}

/// From now on this process runs before all ordinary ones, or no longer does; what it forks is ordinary. Not for good: whoever is
/// woken before all others interrupts those that woke it, main in the middle of its call, two times in every case.
pub fn urgent(wanted: bool) {
    let policy = if wanted { libc::SCHED_FIFO } else { libc::SCHED_OTHER };
    let priority = libc::sched_param { sched_priority: i32::from(wanted) };
    // SAFETY: `priority` is a valid parameter of these policies; a refusal leaves everything as it was.
    unsafe { libc::sched_setscheduler(0, policy | libc::SCHED_RESET_ON_FORK, &raw const priority) };
}

/// Takes back [`may_be_urgent`], for a process that is to run what nobody knows.
pub fn never_urgent() {
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `none` is a valid rlimit, and a limit can always be lowered.
    unsafe { libc::setrlimit(libc::RLIMIT_RTPRIO, &raw const none) };
}

/// No other process without rights over the machine may trace this one or read its memory, whoever its user is; the processes
/// that it forks are the same until they say otherwise or execute a program. Without it a case, which has the same user and as
/// root the right to trace, could take its warden over.
pub fn let_nobody_look() {
    // SAFETY: takes no memory; only wrong numbers are refused.
    unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) };
}

/// Undoes [`let_nobody_look`] in a fork, so that its state can be seen from outside.
pub fn let_others_look() {
    // SAFETY: as above.
    unsafe { libc::syscall(libc::SYS_prctl, libc::PR_SET_DUMPABLE, 1, 0, 0, 0) };
}

/// When memory runs out this process and its descendants go first. Best effort: a kernel without the file has no choice either.
pub fn easy_to_kill() {
    let _ = fs::write("/proc/self/oom_score_adj", "1000");
}

/// Closes every descriptor from `first` up.
pub fn close_from(first: u32) {
    // SAFETY: descriptors are numbers; nobody uses the closed ones any more, which is what the callers see to.
    if unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, 0) } != 0 {
        for fd in super::open_fds().into_iter().filter(|fd| fd.unsigned_abs() >= first) {
            // SAFETY: as above.
            unsafe { libc::close(fd) };
        }
    }
}

/// The CPUs that this process may run on.
pub fn cpus() -> Vec<usize> {
    // SAFETY: an all-zero set is valid and a valid place for one.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: as above; CPU_ISSET only reads bits within the set.
    unsafe {
        libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &raw mut set);
        (0..libc::CPU_SETSIZE.unsigned_abs() as usize).filter(|cpu| libc::CPU_ISSET(*cpu, &set)).collect()
    }
}

/// Lets this thread (and what it forks) run on these CPUs alone.
///
/// # Errors
/// Those of sched_setaffinity(2).
pub fn pin(cpus: &[usize]) -> io::Result<()> {
    // SAFETY: an all-zero set is valid; CPU_SET only writes bits within it.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    for cpu in cpus {
        // SAFETY: as above.
        unsafe { libc::CPU_SET(*cpu, &mut set) };
    }
    // SAFETY: `set` is a valid set.
    check(unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set) }).map(drop)
}

/// Capabilities that root keeps in a sandbox (numbers of capabilities(7)): those by which it is root towards files and
/// processes, SYS_CHROOT, which leads nowhere that the mounts do not, and CHECKPOINT_RESTORE, by which a process id can be chosen
/// within the namespace. Without SYS_ADMIN nothing can be mounted writable again, without SYS_RESOURCE no limit be raised.
const KEPT: [u32; 15] = [0, 1, 3, 4, 5, 6, 7, 8, 10, 14, 15, 18, 19, 23, 40];

/// Takes from this process for good what a case must not have: for root all but the capabilities by which it is root
/// towards its own files and processes, for others all (a fresh user namespace gives them out generously).
///
/// # Errors
/// Those of capset(2).
pub fn drop_privileges() -> io::Result<()> {
    // SAFETY: only reads an id.
    let root = unsafe { libc::geteuid() } == 0;
    let kept = if root { KEPT.iter().fold(0u64, |set, bit| set | 1 << bit) } else { 0 };
    for capability in (0..64).filter(|bit| kept & 1 << bit == 0) {
        // SAFETY: takes no memory. Numbers that this kernel does not know are refused, which is as good.
        unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) };
    }
    // SAFETY: takes no memory.
    unsafe { libc::prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) };
    set_capabilities(kept, 0)
}

/// Whether a core lands in the working directory of the process that dumps it, and so within its case; else it would go to a program
/// or to a directory of the machine's (core(5)).
pub fn cores_stay() -> bool {
    let pattern = fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap_or_default();
    let pattern = pattern.trim_end();
    !pattern.is_empty() && !pattern.contains(['/', '|'])
}

/// The limits that every case runs under, set before anything runs; none of them binds a sane scenario.
///
/// `own_processes`: whether the count of this user's processes starts at nothing (own user namespace).
///
/// # Errors
/// Those of setrlimit(2).
pub fn limit_cases(own_processes: bool) -> io::Result<()> {
    const GIB: u64 = 1 << 30;
    limit_cores(if cores_stay() { crate::sys::MOST_CORE } else { 0 })?;
    limit(libc::RLIMIT_FSIZE, GIB / 4)?;
    limit(libc::RLIMIT_NOFILE, 4096)?;
    // Not RLIMIT_AS: JavaScript engines reserve more than a hundred GiB of addresses that they never touch.
    limit(libc::RLIMIT_DATA, 8 * GIB)?;
    let before = if own_processes { 0 } else { processes().unwrap_or_default().len() as u64 };
    limit(libc::RLIMIT_NPROC, before * 4 + MOST_TASKS)
}

/// Kills every process below this one. In a pid namespace of our own (`alone`) one call reaches all of them at once; outside
/// of one `kill(-1)` would reach the whole machine, so the tree is walked, each process held by a handle against reuse of
/// its number, until a walk finds nobody new.
pub fn kill_everything(alone: bool) {
    if alone {
        let _ = kill(-1, libc::SIGKILL);
        return;
    }
    let own = std::process::id().cast_signed();
    kill_groups(own);
    stop_a_crowd(own);
    let mut killed = BTreeSet::new();
    loop {
        let alive = super::super::below(own).into_iter().filter(|line| line.state != "zombie");
        let fresh: Vec<Listed> = alive.filter(|line| killed.insert((line.pid, line.started))).collect();
        if fresh.is_empty() {
            return;
        }
        fresh.iter().for_each(|process| signal_exactly(process, libc::SIGKILL));
    }
}

/// More processes than this may be a fork bomb, which refills what is killed of it; stopped, it refills nothing.
const CROWD: usize = 64;

/// Kills a crowd by its process groups, each with one call that no fork slips through. A shell's bomb is one group, and listed and
/// killed process by process it grows faster than it dies: as root it took a machine of 32,768 numbers in half a minute.
///
/// A group below us has no members elsewhere: a session began with one of ours, and nobody joins a group of another session. Its
/// number stays taken for as long as it has a member, so one is stopped in it first, through its handle.
fn kill_groups(own: i32) {
    let all = super::super::below(own);
    if all.len() < CROWD {
        return;
    }
    // SAFETY: only reads an id. Of 0 and 1 kill(2) would make other groups: the caller's, and everybody.
    let mut done = BTreeSet::from([0, 1, unsafe { libc::getpgrp() }]);
    for process in all.iter().filter(|line| line.state != "zombie") {
        if !done.contains(&process.pgid) {
            signal_exactly(process, libc::SIGSTOP);
            if super::listed(process.pid).is_some_and(|now| now.started == process.started && now.pgid == process.pgid) {
                done.insert(process.pgid);
                let _ = kill(-process.pgid, libc::SIGKILL);
            }
        }
    }
}

/// What is left of one that went into groups of their own.
fn stop_a_crowd(own: i32) {
    let mut stopped = BTreeSet::new();
    loop {
        let all = super::super::below(own);
        if all.len() < CROWD {
            return;
        }
        let fresh: Vec<Listed> =
            all.into_iter().filter(|line| line.state != "zombie" && stopped.insert((line.pid, line.started))).collect();
        if fresh.is_empty() {
            return;
        }
        fresh.iter().for_each(|process| signal_exactly(process, libc::SIGSTOP));
    }
}

/// Signals this process and no other that may have its number by now: the handle is opened first, then the start time compared.
fn signal_exactly(process: &Listed, signal: i32) {
    let Ok(handle) = Pidfd::open(process.pid) else { return };
    if super::listed(process.pid).is_some_and(|now| now.started == process.started) {
        // A process that has just ended needs no signal.
        let _ = handle.signal(signal);
    }
}

/// Limits CPU seconds of this process and of each that it starts; the count starts at nothing in a fresh fork.
///
/// # Errors
/// Those of setrlimit(2).
pub fn limit_cpu(seconds: u64) -> io::Result<()> {
    let wanted = libc::rlimit64 { rlim_cur: seconds, rlim_max: seconds };
    // SAFETY: `wanted` is a valid rlimit64; a null old limit is not written to. Mostly there is no limit yet, and asking for it first
    // would be a call for nothing.
    let done =
        unsafe { libc::syscall(libc::SYS_prlimit64, 0, libc::RLIMIT_CPU, &raw const wanted, std::ptr::null_mut::<libc::rlimit64>()) };
    if done == 0 { Ok(()) } else { limit(libc::RLIMIT_CPU, seconds) }
}

/// Whether this platform has a level of isolation of this name at all.
///
/// # Errors
/// With the reason when it has not.
pub fn level_exists(name: &str) -> io::Result<()> {
    if name == "group" {
        Err(super::super::unsupported("Linux has stronger levels than a process group: subreaper needs no rights"))
    } else {
        Ok(())
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

/// Sets a soft limit of another process: as high as its hard limit where none is given.
///
/// # Errors
/// Those of prlimit(2).
pub fn limit_of(pid: i32, resource: super::Resource, soft: Option<u64>) -> io::Result<()> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a valid place for one rlimit; a null new limit changes nothing.
    check(unsafe { libc::prlimit(pid, resource, std::ptr::null(), &raw mut limit) })?;
    limit.rlim_cur = soft.map_or(limit.rlim_max, |soft| soft.min(limit.rlim_max));
    // SAFETY: `limit` is a valid rlimit; a null old limit is not written to.
    check(unsafe { libc::prlimit(pid, resource, &raw const limit, std::ptr::null_mut()) }).map(drop)
}

/// Makes this process an ordinary user's for good, for a program that is executed next. Of root's rights it keeps the one to reach
/// root's files, which the program and whatever it starts may be: it is no right over processes or limits.
///
/// # Errors
/// Those of setuid(2), capset(2) and prctl(2).
pub fn become_ordinary(id: u32) -> io::Result<()> {
    const DAC_OVERRIDE: u32 = 1;
    // SAFETY: none of the calls keeps what it is given; the list of groups is empty.
    unsafe {
        check(libc::prctl(libc::PR_SET_KEEPCAPS, 1, 0, 0, 0))?;
        check(libc::setgroups(0, std::ptr::null()))?;
        check(libc::setgid(id))?;
        check(libc::setuid(id))?;
    }
    set_capabilities(1 << DAC_OVERRIDE, 1 << DAC_OVERRIDE)?;
    // SAFETY: takes no memory.
    check(unsafe { libc::prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_RAISE, DAC_OVERRIDE, 0, 0) }).map(drop)
}

/// Sets the capabilities of this process, effective and permitted ones alike.
fn set_capabilities(own: u64, inheritable: u64) -> io::Result<()> {
    let header = [0x2008_0522_u32, 0];
    #[expect(clippy::cast_possible_truncation, reason = "the kernel takes the sets in two halves")]
    let halves = |set: u64| [set as u32, (set >> 32) as u32];
    let ([low, high], [low_inherited, high_inherited]) = (halves(own), halves(inheritable));
    let sets = [low, low, low_inherited, high, high, high_inherited];
    // SAFETY: header and sets have the layout of version 3 of capset(2).
    check(i32::try_from(unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), sets.as_ptr()) }).unwrap_or(-1)).map(drop)
}
