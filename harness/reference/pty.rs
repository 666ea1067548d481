//! A new terminal as standard descriptors: the two sides in the caller, and the taking of it in the child.
//!
//! The caller keeps one copy of the master for each direction that was asked for, so that giving up the input does not hang the
//! child up. The terminal itself it closes after the fork, or the end of the output would never come.
//!
//! # References
//! POSIX.1-2024 XBD 11 "General Terminal Interface", `posix_openpt()`; tty_ioctl(4) TIOCSCTTY; pty(7).

use super::stdio::{Ends, Source, above_two, nonblocking};
use super::{Fault, Library, Wishes, child, platform};
use std::io;
use std::os::fd::{AsRawFd, IntoRawFd, OwnedFd, RawFd};

impl Ends {
    /// The source of descriptor `which` on the terminal, which is made when the first of them asks.
    pub(super) fn on_terminal(&mut self, library: Library, which: usize) -> io::Result<Source> {
        let terminal = match &self.terminal {
            Some(terminal) => terminal.as_raw_fd(),
            None => self.open_terminal(library)?,
        };
        // What the child writes comes out of one place, whichever of its descriptors it writes to.
        let place = if which == 2 && self.ours[1].is_none() { 1 } else { which };
        let merged = which == 2 && place == 2 && self.sources[1] == Source::From(terminal);
        if let Some(master) = self.master.as_ref().filter(|_| !merged) {
            self.ours[place] = Some(above_two(library, master.try_clone()?)?);
        }
        Ok(Source::From(terminal))
    }

    fn open_terminal(&mut self, library: Library) -> io::Result<RawFd> {
        let (master, terminal) = platform::terminal()?;
        let terminal = above_two(library, terminal)?;
        let number = terminal.as_raw_fd();
        self.terminal = Some(terminal);
        self.master = Some(nonblocking(above_two(library, master)?)?);
        Ok(number)
    }
}

/// The wishes, to which a faulty library adds one.
pub(super) fn with_master(library: Library, wishes: &Wishes, ends: &Ends) -> Wishes {
    let mut wishes = wishes.clone();
    let master = ends.master.as_ref().filter(|_| library.has(Fault::MasterInChild));
    wishes.pass.extend(master.map(|master| master.as_raw_fd()));
    wishes
}

/// In the caller, when the child has its copies: nothing, in a library without faults.
pub(super) fn after_fork(library: Library, ends: &Ends) {
    if library.has(Fault::LeaksMaster) {
        let copy = ends.master.as_ref().map(OwnedFd::try_clone);
        let _ = copy.and_then(Result::ok).map(IntoRawFd::into_raw_fd);
    }
}

/// In the child, which leads a session: makes the terminal its controlling one. That makes its group the foreground one.
pub(super) fn take(library: Library, terminal: Option<RawFd>) -> Result<(), i32> {
    let Some(terminal) = terminal.filter(|_| !library.has(Fault::TerminalNotTaken)) else { return Ok(()) };
    // SAFETY: the request takes an integer.
    child::checked(unsafe { libc::ioctl(terminal, libc::TIOCSCTTY as _, 0) }).map(drop)
}
