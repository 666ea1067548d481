//! The calls that the platforms spell differently.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "linux")]
pub(super) use linux::{close_others_at_exec, die_with_thread, pipe, realtime, signal, terminal};
#[cfg(target_os = "macos")]
pub(super) use macos::{close_others_at_exec, die_with_thread, pipe, realtime, signal, terminal};

/// Sets close-on-exec one by one on `3..end`; the fallback where there is no call for all of them. Async-signal-safe.
fn close_one_by_one(end: libc::rlim_t) {
    // SAFETY: a zeroed rlimit is a valid place for the answer.
    let limit = unsafe {
        let mut limit: libc::rlimit = std::mem::zeroed();
        libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit);
        limit.rlim_max.min(end)
    };
    for fd in 3..i32::try_from(limit).unwrap_or(i32::MAX) {
        // SAFETY: setting the flag of a descriptor that is not open only fails.
        unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
}
