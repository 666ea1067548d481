//! One descriptor that becomes readable whenever a child changes: ended, stopped, or an orphan was handed over.
//!
//! A pidfd only tells of an end, and a case root tells "I have done my last step, and there are still children" by stopping;
//! so the warden blocks SIGCHLD and reads it from a signalfd. Its children must unblock it ([`Watch::forget`]).

use super::super::check;
use std::io;
use std::mem::zeroed;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// The watch over this process's children.
#[derive(Debug)]
pub struct Watch(OwnedFd);

fn sigchld() -> libc::sigset_t {
    // SAFETY: an all-zero set is valid.
    let mut set: libc::sigset_t = unsafe { zeroed() };
    // SAFETY: `set` is a valid place for one set.
    unsafe {
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, libc::SIGCHLD);
    }
    set
}

impl Watch {
    /// Blocks SIGCHLD and begins to watch.
    ///
    /// # Errors
    /// Those of signalfd(2).
    pub fn begin() -> io::Result<Watch> {
        let set = sigchld();
        // SAFETY: `set` is a valid set.
        unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()) };
        // SAFETY: `set` is a valid set; a fresh descriptor comes back, which is owned from here on.
        let fd = check(unsafe { libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) })?;
        // SAFETY: as above.
        Ok(Watch(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// The descriptor to poll.
    pub fn fd(&self) -> i32 {
        self.0.as_raw_fd()
    }

    /// Takes the news away; the changes themselves are then to be had from [`super::super::reap`].
    pub fn drain(&self) {
        // SAFETY: an all-zero record is valid, and it is a valid place for one. SIGCHLD is not queued twice: one read is all.
        let mut news: libc::signalfd_siginfo = unsafe { zeroed() };
        // SAFETY: as above.
        unsafe { libc::read(self.fd(), (&raw mut news).cast(), size_of::<libc::signalfd_siginfo>()) };
    }

    /// For a forked child: unblocks what [`Watch::begin`] blocked.
    pub fn forget() {
        let set = 1u64 << (libc::SIGCHLD - 1);
        // SAFETY: `set` is a valid kernel set of 8 bytes; a null old set is not written to. Why no function of the C library is called
        // says the head of process.rs.
        unsafe { libc::syscall(libc::SYS_rt_sigprocmask, libc::SIG_UNBLOCK, &raw const set, std::ptr::null_mut::<u64>(), 8) };
    }
}
