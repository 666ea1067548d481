//! The operating system: everything that differs from platform to platform, behind one set of functions.
//!
//! `linux/` and `macos/` are twins: the same names, no `cfg` inside bodies. What a platform has none of is an error with a
//! reason ([`unsupported`]), which the levels of isolation turn into "does not work here, because".
//!
//! The contract, by file:
//!
//! | file | functions |
//! |---|---|
//! | `process` | [`clone_isolated`], [`subreaper`], [`no_new_privileges`], [`close_from`], [`pin`], [`cpus`], [`drop_privileges`], [`easy_to_kill`], [`limit_of`], [`become_ordinary`], [`let_nobody_look`], [`let_others_look`], [`fork_bare`], [`cores_stay`] |
//! | `berth` | [`Berth`]: a child that needs no memory of its own |
//! | `cgroup` | [`confine`], [`release`] |
//! | `namespace` | [`write_id_maps`], [`limit_numbers`], [`mount_sandbox`], [`loopback_up`] |
//! | `list` | [`processes`], [`state_of`], [`descriptor_count`], [`usage`], [`own_memory`] |
//! | `blocked` | [`threads`], [`is_fifo`], [`file_locks`], [`socket_peers`] |
//! | `own` | [`SIGNALS`], [`LIMITS`], [`dispositions`], [`own_ids`], [`open_fds`], [`open_fds_into`], [`fd_target`], [`fd_target_into`], [`thread_count`] |
//! | `ipc` | [`unlink_queue`], [`remove_queue`]; [`names`] has the rest of it |
//! | `watch` | [`Watch`] : the one thing to `poll` for changes of children |
//!
//! This file and those beside it hold what POSIX itself makes the same everywhere: exact wait statuses, own state, limits,
//! dispositions, patience, the guard of a mapping.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub use linux::*;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "macos")]
pub use macos::*;

mod guard;
pub mod names;
mod own;
mod patience;
mod sample;
mod wait;

pub use guard::{guard, lost, unguard};
pub use own::{fd_state, own_state};
pub use patience::Patience;
pub use sample::{Known, Sample};
pub use wait::{Change, await_end, await_end_of, decode, peek, reap, wait_for};

use std::collections::{BTreeMap, BTreeSet};
use std::io;

/// One line of a process listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// Process id.
    pub pid: i32,
    /// Parent's id.
    pub ppid: i32,
    /// Process group.
    pub pgid: i32,
    /// Session.
    pub sid: i32,
    /// Effective user id.
    pub uid: u32,
    /// `zombie`, `sleeping`, `running`, `stopped`, `other`.
    pub state: &'static str,
    /// When it was started, in units of the platform: with the pid it names a process for good.
    pub started: u64,
    /// Command name.
    pub command: String,
}

/// What some processes use of the machine, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// How many they are.
    pub processes: usize,
    /// Their threads.
    pub threads: u64,
    /// Bytes of memory; what they share counts for each of them.
    pub memory: u64,
}

/// What a file system holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Used {
    /// Files of any kind.
    pub files: u64,
    /// Blocks.
    pub blocks: u64,
}

/// What a sandbox of namespaces is to look like.
#[derive(Clone, Debug)]
pub struct Mounts<'a> {
    /// The run directory: gets a tmpfs of its own.
    pub run: &'a std::path::Path,
    /// Size of that tmpfs in bytes; shared memory counts against it too.
    pub bytes: u64,
    /// Number of files that it can hold.
    pub files: u64,
}

/// The error of a function that this platform has no means for.
pub fn unsupported(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, what.to_owned())
}

/// Turns a C return value into a result: −1 is `errno`.
///
/// # Errors
/// The error that `errno` holds.
pub fn check(returned: libc::c_int) -> io::Result<i32> {
    if returned == -1 { Err(io::Error::last_os_error()) } else { Ok(returned) }
}

/// `fork()`: 0 in the child.
///
/// # Errors
/// Those of fork(2).
///
/// # Safety
/// The child of a process with several threads may only perform async-signal-safe operations; the second thread of a warden never runs.
pub unsafe fn fork() -> io::Result<i32> {
    // SAFETY: the caller upholds the rule about threads.
    check(unsafe { libc::fork() })
}

/// Ends the process at once: no destructors, no `atexit`, no flushing of what a parent has buffered.
pub fn exit_now(code: i32) -> ! {
    // SAFETY: _exit takes any code and does not return.
    unsafe { libc::_exit(code) }
}

/// `kill(pid, signal)`.
///
/// # Errors
/// Those of kill(2).
pub fn kill(pid: i32, signal: i32) -> io::Result<()> {
    // SAFETY: kill has no memory effects.
    check(unsafe { libc::kill(pid, signal) }).map(drop)
}

/// Soft and hard limit of one resource at once. What lies above the present hard limit is lowered to it, so that an
/// ordinary user's wish never fails.
///
/// # Errors
/// Those of setrlimit(2).
pub fn limit(resource: Resource, most: u64) -> io::Result<()> {
    let mut now = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `now` is a valid place for one rlimit.
    check(unsafe { libc::getrlimit(resource, &raw mut now) })?;
    let most = most.min(now.rlim_max);
    let wanted = libc::rlimit { rlim_cur: most, rlim_max: most };
    // SAFETY: `wanted` is a valid rlimit.
    check(unsafe { libc::setrlimit(resource, &raw const wanted) }).map(drop)
}

/// The most bytes of a core that a case may dump where [`cores_stay`].
pub const MOST_CORE: u64 = 64 << 20;

/// Nobody dumps a core unless it asks for one, which may then have so many bytes.
///
/// # Errors
/// Those of setrlimit(2).
pub fn limit_cores(most: u64) -> io::Result<()> {
    limit(libc::RLIMIT_CORE, most)?;
    let wanted = libc::rlimit { rlim_cur: 0, rlim_max: most };
    // SAFETY: `wanted` is a valid rlimit; a hard limit that is lower already refuses it.
    let set = unsafe { libc::setrlimit(libc::RLIMIT_CORE, &raw const wanted) };
    if set == 0 { Ok(()) } else { limit(libc::RLIMIT_CORE, 0) }
}

/// Every process below this one, from a listing of the machine. A bomb is what it must not become slow on: each process of the
/// listing is looked at once.
pub fn below(root: i32) -> Vec<Listed> {
    let all = processes().unwrap_or_default();
    let mut children: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
    for line in all.iter().filter(|line| line.pid != root) {
        children.entry(line.ppid).or_default().push(line.pid);
    }
    let mut found = BTreeSet::new();
    let mut next = vec![root];
    while let Some(parent) = next.pop() {
        // Numbers are reused while a listing is made: a circle of parents must not be walked for ever.
        next.extend(children.remove(&parent).into_iter().flatten().filter(|pid| found.insert(*pid)));
    }
    all.into_iter().filter(|line| found.contains(&line.pid)).collect()
}

/// Device and number of the file of this name, by one call; `None` when there is none.
pub fn file_at(path: &std::ffi::CStr) -> Option<(u64, u64)> {
    // SAFETY: an all-zero stat is valid.
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: a C string, and a valid place for one stat.
    let done = unsafe { libc::stat(path.as_ptr(), &raw mut stat) };
    (done == 0).then_some((stat.st_dev as u64, stat.st_ino as u64))
}

/// Whether the file system under this descriptor has room for another block and another file. One that does not count has.
pub fn has_room(fd: i32) -> bool {
    // SAFETY: an all-zero statvfs is valid.
    let mut stat: libc::statvfs = unsafe { std::mem::zeroed() };
    // SAFETY: a valid place for one statvfs; geteuid only reads an id.
    let (done, root) = unsafe { (libc::fstatvfs(fd, &raw mut stat), libc::geteuid() == 0) };
    let (blocks, files) = if root { (stat.f_bfree, stat.f_ffree) } else { (stat.f_bavail, stat.f_favail) };
    done != 0 || ((stat.f_blocks == 0 || blocks > 0) && (stat.f_files == 0 || files > 0))
}

/// Bytes of memory that this machine has.
pub fn total_memory() -> u64 {
    // SAFETY: constants of the system.
    let (pages, size) = unsafe { (libc::sysconf(libc::_SC_PHYS_PAGES), libc::sysconf(libc::_SC_PAGESIZE)) };
    u64::try_from(pages).unwrap_or(0) * u64::try_from(size).unwrap_or(0)
}

/// Nanoseconds of the monotonic clock.
pub fn now_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid place for one timespec.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs()
}

/// Waits until one of `fds` can be read (or its other side is gone) or `timeout_ms` (−1: for ever) has passed; tells which.
/// A signal counts as nothing ready.
pub fn readable<const N: usize>(fds: [i32; N], timeout_ms: i32) -> [bool; N] {
    let mut polled = fds.map(|fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 });
    // SAFETY: `polled` is a valid array of N entries.
    let ready = unsafe { libc::poll(polled.as_mut_ptr(), N as libc::nfds_t, timeout_ms) };
    polled.map(|entry| ready > 0 && entry.revents != 0)
}
