//! Waiting for the end of a process with `poll`, beside other descriptors, whoever its parent is.
//!
//! The driver of a case is not the adapter's parent and its FIFOs never come to an end of file, so the adapter's death must be
//! told by its process. A pidfd or a kqueue can be polled; polling pids in turns would mean sleeping between the turns.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "linux")]
use linux as platform;
#[cfg(target_os = "macos")]
use macos as platform;

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// A descriptor that becomes readable when a process has ended (reaped or not).
#[derive(Debug)]
pub struct Watch(OwnedFd);

impl Watch {
    /// Watches process `pid`. The descriptor is close-on-exec.
    ///
    /// # Errors
    /// `ESRCH` when there is no such process; others where the platform refuses.
    pub fn of(pid: i32) -> io::Result<Watch> {
        platform::watch(pid).map(Watch)
    }
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
