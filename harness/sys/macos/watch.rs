//! One descriptor that becomes readable whenever a child changes: a kqueue that notes SIGCHLD, delivered or not.

use super::super::check;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// The watch over this process's children.
#[derive(Debug)]
pub struct Watch(OwnedFd);

impl Watch {
    /// Begins to watch.
    ///
    /// # Errors
    /// Those of kqueue(2) and kevent(2).
    pub fn begin() -> io::Result<Watch> {
        // SAFETY: kqueue takes no memory; a fresh descriptor comes back, which is owned from here on.
        let fd = check(unsafe { libc::kqueue() })?;
        // SAFETY: as above.
        let watch = Watch(unsafe { OwnedFd::from_raw_fd(fd) });
        super::set_cloexec(fd)?;
        let signal = libc::kevent {
            ident: libc::SIGCHLD.unsigned_abs() as usize,
            filter: libc::EVFILT_SIGNAL,
            flags: libc::EV_ADD | libc::EV_CLEAR,
            fflags: 0,
            data: 0,
            udata: std::ptr::null_mut(),
        };
        // SAFETY: one valid change and no room for events.
        check(unsafe { libc::kevent(fd, &raw const signal, 1, std::ptr::null_mut(), 0, std::ptr::null()) })?;
        Ok(watch)
    }

    /// The descriptor to poll.
    pub fn fd(&self) -> i32 {
        self.0.as_raw_fd()
    }

    /// Takes the news away; the changes themselves are then to be had from [`super::super::reap`].
    pub fn drain(&self) {
        let at_once = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: an all-zero event is valid and a valid place for one.
        unsafe {
            let mut event: libc::kevent = std::mem::zeroed();
            libc::kevent(self.fd(), std::ptr::null(), 0, &raw mut event, 1, &raw const at_once);
        }
    }

    /// Nothing was changed for the watch's sake, and forks do not inherit a kqueue.
    pub fn forget() {}
}
