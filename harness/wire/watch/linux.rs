//! Linux: `pidfd_open`.
//!
//! # References
//! pidfd_open(2): a pidfd is close-on-exec and polls readable once the process has become a zombie.

use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

pub(super) fn watch(pid: i32) -> io::Result<OwnedFd> {
    // SAFETY: the call takes two integers and touches no memory of ours.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    match i32::try_from(fd) {
        // SAFETY: the kernel just made this descriptor and nobody else has it.
        Ok(fd) if fd >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
        _ => Err(io::Error::last_os_error()),
    }
}
