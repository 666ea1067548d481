//! Detached programs: started by a process in between that ends at once, so that they are nobody's children.
//!
//! The process in between leads the new session and the program does not, so that a terminal which the program opens never
//! becomes its controlling one. The error pipe is held by both: its silence still means that exec succeeded.
//!
//! # References
//! daemon(7) "SysV Daemons", steps 4 to 9; POSIX.1-2024 `open()` O_NOCTTY, `setsid()`.

use super::{Command, Fault, Library, process};
use std::io;
use std::os::fd::RawFd;

impl Library {
    /// Starts a program as a daemon.
    ///
    /// # Errors
    /// As [`Library::spawn`].
    pub fn daemonise(self, command: &Command) -> io::Result<()> {
        let (between, _) = self.start(command)?;
        if !self.has(Fault::DaemonLeavesZombie) {
            process::reap(between);
        }
        Ok(())
    }
}

/// In the forked child: only what is to become the program returns. Async-signal-safe.
pub(super) fn step_aside(library: Library, report: RawFd) {
    // SAFETY: async-signal-safe calls on numbers; the process in between never returns.
    unsafe {
        if !library.has(Fault::DaemonStays) {
            libc::setsid();
        }
        match libc::fork() {
            0 => {}
            -1 => {
                let (step, errno) = (3i32.to_ne_bytes(), nix::errno::Errno::last_raw().to_ne_bytes());
                libc::write(report, step.as_ptr().cast(), step.len());
                libc::write(report, errno.as_ptr().cast(), errno.len());
                libc::_exit(127)
            }
            _ => super::misdeeds::end_forked(library, 0),
        }
    }
}
