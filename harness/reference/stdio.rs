//! The child's 0, 1 and 2: from what was asked to what the forked child duplicates.
//!
//! Everything opened here is moved above 2 at once. Otherwise a pipe takes the number of a standard descriptor that is closed in
//! the caller, and is overwritten by, or taken for, the child's own (bpo-32270 and its relatives).

use super::command::{Command, Stdio};
use super::platform;
use super::{Fault, Library};
use nix::fcntl::{FcntlArg, OFlag, fcntl, open};
use nix::sys::stat::Mode;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

/// What the child does for one of 0, 1, 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// It keeps what it inherited, open or closed.
    Keep,
    /// It duplicates this descriptor.
    From(RawFd),
    /// It duplicates 1 when that has become what it is to be.
    Stdout,
}

/// The two sides of the three descriptors.
#[derive(Debug)]
pub(super) struct Ends {
    pub sources: [Source; 3],
    /// The caller's ends of pipes, non-blocking.
    pub ours: [Option<OwnedFd>; 3],
    /// Descriptors that only the child needs.
    pub theirs: Vec<OwnedFd>,
    /// The two sides of a new terminal.
    pub master: Option<OwnedFd>,
    pub terminal: Option<OwnedFd>,
}

impl Ends {
    pub fn of(library: Library, command: &Command) -> io::Result<Ends> {
        let mut ends = Ends { sources: [Source::Keep; 3], ours: [const { None }; 3], theirs: Vec::new(), master: None, terminal: None };
        for (which, wanted) in command.stdio.iter().enumerate() {
            match ends.open(library, which, wanted) {
                Ok(source) => ends.sources[which] = source,
                Err(error) => {
                    if library.has(Fault::LeaksAtLimit) {
                        std::mem::forget(ends);
                    }
                    return Err(error);
                }
            }
        }
        if library.has(Fault::MergesStderr) && matches!(command.stdio[2], Stdio::Pipe) {
            ends.sources[2] = Source::Stdout;
        }
        Ok(ends)
    }

    fn open(&mut self, library: Library, which: usize, wanted: &Stdio) -> io::Result<Source> {
        let theirs = match wanted {
            Stdio::Inherit => return Ok(Source::Keep),
            Stdio::Fd(fd) => return Ok(Source::From(*fd)),
            Stdio::Stdout => return Ok(Source::Stdout),
            Stdio::Pty => return self.on_terminal(library, which),
            Stdio::Null => open("/dev/null", OFlag::O_RDWR | OFlag::O_CLOEXEC, Mode::empty())?,
            Stdio::File(path) if which == 0 => open(path, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty())?,
            Stdio::File(path) => {
                let flags = OFlag::O_WRONLY | OFlag::O_APPEND | OFlag::O_CREAT | OFlag::O_CLOEXEC;
                open(path, flags, Mode::from_bits_truncate(0o666))?
            }
            Stdio::Pipe => {
                let (read, write) = platform::pipe()?;
                let (ours, theirs) = if which == 0 { (write, read) } else { (read, write) };
                self.ours[which] = Some(above_two(library, ours).and_then(nonblocking)?);
                theirs
            }
        };
        let theirs = above_two(library, theirs)?;
        let source = Source::From(theirs.as_raw_fd());
        self.theirs.push(theirs);
        Ok(source)
    }
}

/// The same open file under a number above 2.
pub(super) fn above_two(library: Library, fd: OwnedFd) -> io::Result<OwnedFd> {
    if fd.as_raw_fd() > 2 || library.has(Fault::LosesClosedStdio) {
        return Ok(fd);
    }
    let moved = fcntl(&fd, FcntlArg::F_DUPFD_CLOEXEC(3))?;
    // SAFETY: the kernel just made this descriptor and nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(moved) })
}

/// A pipe's two ends are two open file descriptions: the child's stays blocking.
pub(super) fn nonblocking(fd: OwnedFd) -> io::Result<OwnedFd> {
    let flags = OFlag::from_bits_retain(fcntl(&fd, FcntlArg::F_GETFL)?);
    fcntl(&fd, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
    Ok(fd)
}
