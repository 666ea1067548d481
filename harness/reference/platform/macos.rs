//! macOS: neither `pipe2` nor `close_range`.

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

/// A pipe, both ends close-on-exec; a start in another thread may come between, whose child closes them by
/// [`close_others_at_exec`].
pub(in crate::reference) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (read, write) = nix::unistd::pipe()?;
    fcntl(&read, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    fcntl(&write, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    Ok((read, write))
}

/// Marks descriptors from 3 up to be closed by exec. Async-signal-safe. The hard limit is often infinite here, and a process
/// with more than this many descriptors is none that the suite makes.
pub(in crate::reference) fn close_others_at_exec() {
    super::close_one_by_one(1 << 16);
}

/// macOS knows no signal at a parent's end.
pub(in crate::reference) fn die_with_thread() {}

/// Sends a signal by process id; there is nothing else to send it by.
pub(in crate::reference) fn signal(_watch: BorrowedFd<'_>, pid: i32, signal: i32) -> io::Result<()> {
    // SAFETY: takes no memory.
    if unsafe { libc::kill(pid, signal) } == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// There are no real-time signals here.
pub(in crate::reference) fn realtime(_: i32) -> Option<i32> {
    None
}

/// A new terminal, master first, both close-on-exec; between the two calls as with [`pipe`].
pub(in crate::reference) fn terminal() -> io::Result<(OwnedFd, OwnedFd)> {
    let pair = nix::pty::openpty(None, None)?;
    fcntl(&pair.master, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    fcntl(&pair.slave, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    Ok((pair.master, pair.slave))
}
