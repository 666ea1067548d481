//! Linux: `pipe2`, `close_range` and `TIOCGPTPEER`.

use nix::fcntl::OFlag;
use nix::pty::{grantpt, posix_openpt, unlockpt};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};

/// A pipe, both ends close-on-exec from the first moment.
pub(in crate::reference) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(nix::unistd::pipe2(OFlag::O_CLOEXEC)?)
}

/// Marks every descriptor from 3 up to be closed by exec, those above a lowered limit too. Async-signal-safe.
///
/// Marked, not closed: the error pipe must live until exec succeeds.
pub(in crate::reference) fn close_others_at_exec() {
    // SAFETY: the call takes three integers and touches no memory of ours.
    let done = unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    if done != 0 {
        // Before Linux 5.11, or forbidden by a filter.
        super::close_one_by_one(1 << 20);
    }
}

/// Has this process killed when the thread ends that forked it, what a faulty start may do. Async-signal-safe.
pub(in crate::reference) fn die_with_thread() {
    // SAFETY: takes no memory.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0) };
}

/// Sends a signal to the process that this pidfd means, which is never another one.
///
/// # References
/// pidfd_send_signal(2), Linux 5.1.
pub(in crate::reference) fn signal(watch: BorrowedFd<'_>, _pid: i32, signal: i32) -> io::Result<()> {
    // SAFETY: no siginfo is handed over; the descriptor is open.
    let done = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, watch.as_raw_fd(), signal, std::ptr::null::<libc::siginfo_t>(), 0) };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The real-time signal with this offset.
pub(in crate::reference) fn realtime(offset: i32) -> Option<i32> {
    let signal = libc::SIGRTMIN() + offset;
    (libc::SIGRTMIN()..=libc::SIGRTMAX()).contains(&signal).then_some(signal)
}

/// A new terminal, master first, both close-on-exec from the first moment; it becomes nobody's controlling one by being opened.
///
/// The slave is had from the master and not by its name, which means something else where /dev/pts is another one's.
pub(in crate::reference) fn terminal() -> io::Result<(OwnedFd, OwnedFd)> {
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let master = posix_openpt(flags)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    // SAFETY: the call takes integers; the kernel makes the new descriptor, which nobody else has.
    let slave = unsafe {
        let slave = nix::errno::Errno::result(libc::ioctl(master.as_raw_fd(), libc::TIOCGPTPEER, flags.bits()))?;
        OwnedFd::from_raw_fd(slave)
    };
    // SAFETY: the master gives its descriptor up.
    Ok((unsafe { OwnedFd::from_raw_fd(master.into_raw_fd()) }, slave))
}
