//! The parts of a process's own state that only macOS has in this form.

use super::list::fd_numbers;
use std::mem::zeroed;

/// The type that setrlimit takes.
pub type Resource = libc::c_int;

/// The highest signal number.
pub const SIGNALS: i32 = 31;

/// Every resource limit by its name without `RLIMIT_`.
pub const LIMITS: &[(&str, Resource)] = &[
    ("AS", libc::RLIMIT_AS),
    ("CORE", libc::RLIMIT_CORE),
    ("CPU", libc::RLIMIT_CPU),
    ("DATA", libc::RLIMIT_DATA),
    ("FSIZE", libc::RLIMIT_FSIZE),
    ("MEMLOCK", libc::RLIMIT_MEMLOCK),
    ("NOFILE", libc::RLIMIT_NOFILE),
    ("NPROC", libc::RLIMIT_NPROC),
    ("STACK", libc::RLIMIT_STACK),
];

/// Signals ignored, and signals with a handler, a bit each.
pub fn dispositions() -> (u64, u64) {
    let (mut ignored, mut caught) = (0, 0);
    for signal in 1..=SIGNALS {
        // SAFETY: an all-zero sigaction is valid and a valid place for one; a null new action changes nothing.
        let mut action: libc::sigaction = unsafe { zeroed() };
        // SAFETY: as above.
        let done = unsafe { libc::sigaction(signal, std::ptr::null(), &raw mut action) };
        match action.sa_sigaction {
            _ if done != 0 => {}
            libc::SIG_DFL => {}
            libc::SIG_IGN => ignored |= 1 << (signal - 1),
            _ => caught |= 1 << (signal - 1),
        }
    }
    (ignored, caught)
}

/// Every signal to its default action and none blocked.
pub fn reset_signals() {
    for signal in (1..=SIGNALS).filter(|signal| ![libc::SIGKILL, libc::SIGSTOP].contains(signal)) {
        // SAFETY: SIG_DFL is a valid disposition.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    // SAFETY: an all-zero set is an empty one.
    unsafe {
        let none: libc::sigset_t = zeroed();
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
    }
}

/// The default action for one signal.
pub fn default_action(signal: i32) {
    // SAFETY: SIG_DFL is a valid disposition.
    unsafe { libc::signal(signal, libc::SIG_DFL) };
}

/// Real, effective and saved ids: users, then groups. macOS does not tell a process its saved ids by a call; the effective ones
/// stand in their place, as they are after an exec.
pub fn own_ids() -> ([u32; 3], [u32; 3]) {
    // SAFETY: these calls only read ids.
    unsafe {
        let (user, group) = (libc::geteuid(), libc::getegid());
        ([libc::getuid(), user, user], [libc::getgid(), group, group])
    }
}

/// Numbers of the open descriptors, ascending.
pub fn open_fds() -> Vec<i32> {
    fd_numbers(std::process::id().cast_signed()).unwrap_or_default()
}

/// Writes the numbers of the open descriptors, and tells how many there are; `None` when they are too many.
pub fn open_fds_into(numbers: &mut [i32]) -> Option<usize> {
    let open = open_fds();
    numbers.get_mut(..open.len())?.copy_from_slice(&open);
    Some(open.len())
}

/// What a descriptor refers to, into these bytes; `None` when it does not fit.
pub fn fd_target_into(fd: i32, place: &mut [u8]) -> Option<usize> {
    let target = fd_target(fd);
    place.get_mut(..target.len())?.copy_from_slice(target.as_bytes());
    Some(target.len())
}

/// What a descriptor of this process refers to: its path, where it has one.
pub fn fd_target(fd: i32) -> String {
    let mut path = [0u8; libc::PATH_MAX as usize];
    // SAFETY: F_GETPATH writes at most PATH_MAX bytes.
    if unsafe { libc::fcntl(fd, libc::F_GETPATH, path.as_mut_ptr()) } < 0 {
        return String::new();
    }
    let length = path.iter().position(|byte| *byte == 0).unwrap_or(path.len());
    String::from_utf8_lossy(&path[..length]).into_owned()
}

/// Number of threads of this process.
pub fn thread_count() -> u32 {
    super::list::threads_of(std::process::id().cast_signed())
}
