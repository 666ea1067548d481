//! macOS: a kqueue with one `EVFILT_PROC` filter.
//!
//! # References
//! kqueue(2): `NOTE_EXIT` works for processes that are not our children; a kqueue can itself be polled. It is not inherited
//! by fork, and is made close-on-exec here for symmetry with a pidfd.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

pub(super) fn watch(pid: i32) -> io::Result<OwnedFd> {
    // SAFETY: the call takes no arguments.
    let fd = unsafe { libc::kqueue() };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel just made this descriptor and nobody else has it.
    let queue = unsafe { OwnedFd::from_raw_fd(fd) };
    let change = libc::kevent {
        ident: usize::try_from(pid).map_err(|_| io::Error::from_raw_os_error(libc::ESRCH))?,
        filter: libc::EVFILT_PROC,
        flags: libc::EV_ADD,
        fflags: libc::NOTE_EXIT,
        data: 0,
        udata: std::ptr::null_mut(),
    };
    // SAFETY: `change` is one valid entry, no events are asked for, and the descriptor is ours.
    let done = unsafe {
        libc::fcntl(queue.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC);
        libc::kevent(queue.as_raw_fd(), &raw const change, 1, std::ptr::null_mut(), 0, std::ptr::null())
    };
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(queue) }
}
