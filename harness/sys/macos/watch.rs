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
        let watch = Watch(queue()?);
        let fd = watch.fd();
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

/// Waits until a process, whosever child it is, has ended, reaped or not, for at most so many milliseconds.
pub fn await_end_elsewhere(pid: i32, limit_ms: i32) {
    let Ok(queue) = queue() else { return };
    let exit = libc::kevent {
        ident: pid.unsigned_abs() as usize,
        filter: libc::EVFILT_PROC,
        flags: libc::EV_ADD | libc::EV_ONESHOT,
        fflags: libc::NOTE_EXIT,
        data: 0,
        udata: std::ptr::null_mut(),
    };
    let limit = libc::timespec { tv_sec: (limit_ms / 1000).into(), tv_nsec: (limit_ms % 1000 * 1_000_000).into() };
    // SAFETY: one valid change, and an all-zero event is a valid place for one; one that is gone comes back as an error at once.
    unsafe {
        let mut event: libc::kevent = std::mem::zeroed();
        libc::kevent(queue.as_raw_fd(), &raw const exit, 1, &raw mut event, 1, &raw const limit);
    }
}

fn queue() -> io::Result<OwnedFd> {
    // SAFETY: kqueue takes no memory; a fresh descriptor comes back, which is owned from here on.
    let queue = unsafe { OwnedFd::from_raw_fd(check(libc::kqueue())?) };
    super::set_cloexec(queue.as_raw_fd())?;
    Ok(queue)
}
