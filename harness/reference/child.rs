//! The forked child between fork and exec. Everything here is async-signal-safe: system calls on memory prepared before, no
//! allocation, no locks, no panics that unwind.
//!
//! # References
//! POSIX.1-2024 fork(): in a child of a process with threads only async-signal-safe functions may be called before exec.

use super::command::Image;
use super::pty;
use super::stdio::Source;
use super::{Fault, Library, Wishes, birth, platform};
use std::os::fd::RawFd;

/// What the child needs, all of it made before the fork.
pub(super) struct Orders<'a> {
    pub library: Library,
    pub image: &'a Image,
    pub sources: [Source; 3],
    /// Write end of the error pipe.
    pub report: RawFd,
    /// The caller's mask as it was before the start.
    pub mask: libc::sigset_t,
    pub wishes: &'a Wishes,
    /// The terminal that is to be the controlling one.
    pub terminal: Option<RawFd>,
}

/// Steps of a start that can fail in the child, as the error pipe names them.
pub(super) const STEPS: [&str; 7] = [
    "set up a standard descriptor",
    "enter the working directory",
    "execute the program",
    "lead a session or process group",
    "take the terminal",
    "become the user",
    "hand on a descriptor",
];

/// Becomes the program. Returns only when that failed and has been reported: the errno.
pub(super) fn become_program(orders: &Orders<'_>) -> i32 {
    let Err((step, errno)) = try_to_become(orders);
    let message = [step.to_ne_bytes(), errno.to_ne_bytes()].concat_fixed();
    // SAFETY: the buffer is as long as stated. A write this short to an empty pipe is whole.
    unsafe { libc::write(orders.report, message.as_ptr().cast(), message.len()) };
    errno
}

trait ConcatFixed {
    fn concat_fixed(self) -> [u8; 8];
}

impl ConcatFixed for [[u8; 4]; 2] {
    /// Two numbers as one message, without allocating.
    fn concat_fixed(self) -> [u8; 8] {
        let [[a, b, c, d], [e, f, g, h]] = self;
        [a, b, c, d, e, f, g, h]
    }
}

fn try_to_become(orders: &Orders<'_>) -> Result<std::convert::Infallible, (i32, i32)> {
    reset_handlers(orders.library);
    if orders.library.has(Fault::DiesWithThread) {
        platform::die_with_thread();
    }
    orders.wishes.lead(orders.library, orders.terminal.is_some()).map_err(|errno| (3, errno))?;
    pty::take(orders.library, orders.terminal).map_err(|errno| (4, errno))?;
    connect_stdio(orders.library, orders.sources).map_err(|errno| (0, errno))?;
    enter(orders.image).map_err(|errno| (1, errno))?;
    orders.wishes.become_user(orders.library).map_err(|errno| (5, errno))?;
    let hands_on = [Fault::InheritsStrayDescriptors, Fault::LeaksIntoSiblings, Fault::StagesHoldStderr];
    if !hands_on.iter().any(|fault| orders.library.has(*fault)) {
        platform::close_others_at_exec();
    }
    orders.wishes.hand_on(orders.library).map_err(|errno| (6, errno))?;
    if !orders.library.has(Fault::BlocksSignalsInChild) {
        // SAFETY: the set was filled in by sigprocmask in the caller.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const orders.mask, std::ptr::null_mut()) };
    }
    Err((2, execute(orders.image)))
}

/// A handler must not run in the child once its signals are unblocked, and SIGPIPE is to be as this process was given it.
fn reset_handlers(library: Library) {
    for signal in 1..=64 {
        // SAFETY: a zeroed sigaction is the default action and a valid place for the old one.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            let known = libc::sigaction(signal, std::ptr::null(), &raw mut action) == 0;
            let inherited = signal != libc::SIGPIPE || birth::sigpipe_ignored() || library.has(Fault::IgnoresSigpipeInChild);
            if known && action.sa_sigaction != libc::SIG_DFL && !(action.sa_sigaction == libc::SIG_IGN && inherited) {
                action = std::mem::zeroed();
                libc::sigaction(signal, &raw const action, std::ptr::null_mut());
            }
        }
    }
}

/// Makes 0, 1, 2 what they are to be:
///
/// 1. every source that lies on a standard descriptor other than its own target is first moved above 2, so that no duplicate
///    overwrites the source of a later one;
/// 2. then each is duplicated to its target; one that is there already only loses close-on-exec.
fn connect_stdio(library: Library, mut sources: [Source; 3]) -> Result<(), i32> {
    for (target, source) in (0..).zip(&mut sources) {
        if let Source::From(fd @ 0..=2) = *source
            && fd != target
            && !library.has(Fault::SwapsStdio)
        {
            // SAFETY: duplicating any number is sound; one that is not open fails.
            let moved = unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 3) };
            *source = Source::From(checked(moved)?);
        }
    }
    for (target, source) in (0..).zip(&sources) {
        let from = match source {
            Source::Keep => continue,
            Source::From(fd) => *fd,
            Source::Stdout if is_open(1) => 1,
            Source::Stdout => {
                // Stdout is inherited and closed in the caller: wherever it leads is nowhere.
                // SAFETY: nothing in the child owns it.
                unsafe { libc::close(target) };
                continue;
            }
        };
        // SAFETY: both calls are sound for any numbers; nothing in the child owns 0, 1 or 2.
        checked(unsafe {
            match (from == target, library.has(Fault::LosesClosedStdio)) {
                (true, true) => 0,
                (true, false) => libc::fcntl(target, libc::F_SETFD, 0),
                (false, _) => libc::dup2(from, target),
            }
        })?;
    }
    if library.has(Fault::ClosesSources) {
        close_sources(&sources);
    }
    Ok(())
}

/// What the standard descriptors were duplicated from, handed on or not.
fn close_sources(sources: &[Source; 3]) {
    for source in sources {
        if let Source::From(fd @ 3..) = source {
            // SAFETY: nothing in the child owns it.
            unsafe { libc::close(*fd) };
        }
    }
}

fn is_open(fd: RawFd) -> bool {
    // SAFETY: asking for the flags of a descriptor is sound whether it is open or not.
    unsafe { libc::fcntl(fd, libc::F_GETFD) >= 0 }
}

fn enter(image: &Image) -> Result<(), i32> {
    let Some(cwd) = &image.cwd else { return Ok(()) };
    // SAFETY: the path is a C string.
    checked(unsafe { libc::chdir(cwd.as_ptr()) }).map(|_| ())
}

/// Tries each path; as execvp(3) has it, a path that is not there or may not be executed lets the next be tried, and that
/// something may not be executed is the errno when nothing else is found.
fn execute(image: &Image) -> i32 {
    let mut found = libc::ENOENT;
    for program in &image.programs {
        // SAFETY: path, arguments and environment are C strings in arrays that end in a null.
        unsafe { libc::execve(program.as_ptr(), image.argv.as_ptr(), image.env.as_ptr()) };
        match (errno(), image.programs.len()) {
            (libc::ENOENT | libc::ENOTDIR, 2..) => {}
            (libc::EACCES, 2..) => found = libc::EACCES,
            (errno, _) => return errno,
        }
    }
    found
}

pub(super) fn checked(result: i32) -> Result<i32, i32> {
    if result < 0 { Err(errno()) } else { Ok(result) }
}

fn errno() -> i32 {
    nix::errno::Errno::last_raw()
}
