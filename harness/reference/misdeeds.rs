//! What faulty twins of the library do beside their work. Nothing here happens without a [`Fault`].
//!
//! One adapter serves many cases, and what is compared is the state before and after each. So a change that lasts goes back and
//! forth with every start; otherwise only the first case would see it.

use super::command::{Command, Env, Stdio};
use super::process::{Child, End, left, lock};
use super::{Fault, Library};
use crate::wire::watch::Watch;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::stat::{Mode, umask};
use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, IntoRawFd, OwnedFd, RawFd};
use std::sync::Mutex;
use std::time::Duration;

/// In the caller, after the child was forked.
pub(super) fn after_start(library: Library, command: &Command) {
    match library.fault {
        Some(Fault::ChangesCwd) => {
            let at_root = std::env::current_dir().is_ok_and(|cwd| cwd.as_os_str() == "/");
            let _ = std::env::set_current_dir(if at_root { "/dev" } else { "/" });
        }
        Some(Fault::ChangesUmask) => {
            let old = umask(Mode::from_bits_truncate(0o007));
            umask(old ^ Mode::S_IXOTH);
        }
        Some(Fault::LeavesTempFile) => leave_file(),
        Some(Fault::LeavesNonblockOnSharedDescription) => unblock_inherited(command),
        Some(Fault::WritesToCallersMemory) => crate::wire::burden::scribble(),
        Some(Fault::SurvivorLeft) => leave_process(),
        Some(Fault::ChangesOwnDisposition) => {
            // SAFETY: neither ignoring a signal nor its default action installs code.
            unsafe {
                if libc::signal(libc::SIGUSR2, libc::SIG_IGN) == libc::SIG_IGN {
                    libc::signal(libc::SIGUSR2, libc::SIG_DFL);
                }
            }
        }
        _ => {}
    }
}

/// Ends a forked process that becomes no program.
pub(super) fn end_forked(library: Library, code: i32) -> ! {
    if library.has(Fault::RunsExitHandlers) {
        // SAFETY: what it runs belongs to the caller, which is the fault; none of it takes a lock of another thread's.
        unsafe { libc::exit(code) }
    }
    // SAFETY: it ends the process at once, without running anything that belongs to the caller.
    unsafe { libc::_exit(code) }
}

/// Leaves a descriptor open for good.
pub(super) fn leave(end: OwnedFd) {
    let _ = end.into_raw_fd();
}

/// In the caller, before it waits.
pub(super) fn before_wait(child: &Child) {
    match child.library.fault {
        Some(Fault::Sleeps) => std::thread::sleep(Duration::from_secs(120)),
        Some(Fault::WaitsForPipeEof) => await_hang_up(child),
        _ => {}
    }
}

/// Waits until nobody can write to the child's output any more.
pub(super) fn await_hang_up(child: &Child) {
    for pipe in &child.pipes[1..] {
        if let Some(pipe) = lock(pipe).as_ref() {
            // Without any event asked for, poll returns when the last writer is gone.
            let _ = poll(&mut [PollFd::new(pipe.as_fd(), PollFlags::empty())], left(None));
        }
    }
}

/// In the caller, in the place of a wait that sleeps; `None` where nothing is done wrong.
pub(super) fn while_waiting(child: &Child, watch: &Watch) -> Option<io::Result<Option<End>>> {
    match child.library.fault {
        Some(Fault::BusyWaits) => loop {
            match child.collect() {
                Ok(None) => {}
                ended => return Some(ended),
            }
        },
        Some(Fault::HoldsLockWhileWaiting) => Some(child.wait_with_lock()),
        Some(Fault::GivesUpOnSignal) => match poll(&mut [PollFd::new(watch.as_fd(), PollFlags::POLLIN)], left(None)) {
            Err(error) => Some(Err(error.into())),
            Ok(_) => None,
        },
        _ => None,
    }
}

/// In the caller, in the place of the sleep until there is something to read.
pub(super) fn forget_when_interrupted(pipe: impl AsFd, data: &mut Vec<u8>) {
    if poll(&mut [PollFd::new(pipe.as_fd(), PollFlags::POLLIN)], left(None)) == Err(Errno::EINTR) {
        data.clear();
    }
}

/// In the caller, once the child is started: its pipes are left to whatever is started next.
pub(super) fn bequeath(library: Library, pipes: &[Option<OwnedFd>]) {
    if library.has(Fault::LeaksIntoSiblings) {
        for pipe in pipes.iter().flatten() {
            let _ = fcntl(pipe, FcntlArg::F_SETFD(FdFlag::empty()));
        }
    }
}

/// In the caller: what was opened for a child stays open.
pub(super) fn leave_open(library: Library, theirs: &[OwnedFd]) {
    if library.has(Fault::HoldsFilesOpen) {
        theirs.iter().filter_map(|file| file.try_clone().ok()).for_each(keep);
    }
}

/// Reads from the caller's own standard input. (That of the standard library takes one that cannot be read for one that has ended.)
pub(super) fn read_own_input() -> io::Result<()> {
    nix::unistd::read(io::stdin(), &mut [0])?;
    Ok(())
}

/// A signal for a process whose end is known: to whoever has the number now.
pub(super) fn after_the_end(child: &Child, signal: i32) -> io::Result<()> {
    if child.library.has(Fault::KillsAfterReap) {
        // SAFETY: takes no memory.
        Errno::result(unsafe { libc::kill(child.pid, signal) })?;
    }
    Ok(())
}

/// Reaps every other child that has ended.
pub(super) fn reap_others(own: i32) {
    let mut kept = false;
    while !kept {
        // SAFETY: a zeroed siginfo_t is a valid place; WNOWAIT leaves the child as it is.
        let ended = unsafe {
            let mut info: libc::siginfo_t = std::mem::zeroed();
            let found = libc::waitid(libc::P_ALL, 0, &raw mut info, libc::WEXITED | libc::WNOHANG | libc::WNOWAIT) == 0;
            if found { info.si_pid() } else { 0 }
        };
        kept = ended == 0 || ended == own;
        if !kept {
            super::process::reap(ended);
        }
    }
}

/// What a limit of a wait is taken for.
pub(super) fn limit(library: Library, limit: Duration) -> Duration {
    match library.fault {
        Some(Fault::GivesUpEarly) => limit / 2,
        Some(Fault::GivesUpLate) => limit + Duration::from_secs(7),
        _ => limit,
    }
}

/// In the child: lets a grandchild go on, waits for it and ends as it ended. Async-signal-safe.
pub(super) fn stand_between(report: RawFd) {
    // SAFETY: only async-signal-safe calls, on a place of ours; the process in between never returns.
    unsafe {
        let pid = libc::fork();
        if pid <= 0 {
            return;
        }
        libc::close(report);
        let mut status = 0;
        libc::waitpid(pid, &raw mut status, 0);
        libc::_exit(if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { 128 + libc::WTERMSIG(status) })
    }
}

/// Variables that starts asked for, as [`Fault::EnvKept`] has them.
static VARIABLES: Mutex<Vec<(OsString, OsString)>> = Mutex::new(Vec::new());

/// The caller's own variables, and what is taken for them.
pub(super) fn own_variables(library: Library, asked: Option<&Env>) -> Vec<(OsString, OsString)> {
    let mut own: Vec<_> = std::env::vars_os().collect();
    if library.has(Fault::EnvKept) {
        let mut kept = lock(&VARIABLES);
        own.extend(kept.iter().cloned());
        kept.extend(asked.iter().flat_map(|asked| asked.vars.clone()));
    }
    own
}

/// How many calls [`Fault::SharesBuffer`] has under way, and what they collected.
static SHARED: Mutex<(usize, Vec<u8>)> = Mutex::new((0, Vec::new()));

/// One call's part in the buffer of all.
pub(super) struct SharedBuffer;

impl SharedBuffer {
    pub(super) fn enter() -> SharedBuffer {
        lock(&SHARED).0 += 1;
        SharedBuffer
    }

    /// What is in the buffer once this is there too.
    pub(super) fn with(&self, output: &[u8]) -> Vec<u8> {
        let mut shared = lock(&SHARED);
        shared.1.extend_from_slice(output);
        shared.1.clone()
    }
}

impl Drop for SharedBuffer {
    fn drop(&mut self) {
        let mut shared = lock(&SHARED);
        shared.0 -= 1;
        if shared.0 == 0 {
            shared.1.clear();
        }
    }
}

/// What [`Fault::KeepsOnFailure`], [`Fault::KeepsAfterRun`] and [`Fault::CollectsNowAndThen`] keep.
static KEPT: Mutex<Vec<OwnedFd>> = Mutex::new(Vec::new());

/// Keeps a descriptor as a language does that closes it when it collects garbage.
pub(super) fn keep(fd: OwnedFd) {
    lock(&KEPT).push(fd);
}

/// The same as one that does so when there is much of it.
pub(super) fn keep_until_there_are(many: usize, fd: OwnedFd) {
    keep(fd);
    let mut kept = lock(&KEPT);
    if kept.len() >= many {
        kept.clear();
    }
}

/// Keeps something of a call that has come back.
pub(super) fn after_run(library: Library) -> io::Result<()> {
    if library.has(Fault::KeepsAfterRun) {
        keep(std::fs::File::open("/dev/null")?.into());
    }
    Ok(())
}

/// Collects the garbage.
pub(super) fn collect() {
    lock(&KEPT).clear();
    lock(&VARIABLES).clear();
}

fn leave_file() {
    let file = tempfile::Builder::new().prefix("library-").tempfile();
    drop(file.map(|file| file.keep()));
}

fn unblock_inherited(command: &Command) {
    for (fd, wanted) in (0..).zip(&command.stdio) {
        if matches!(wanted, Stdio::Inherit) {
            // SAFETY: it is borrowed for two calls that only fail when it is not open.
            let _ = toggle_nonblocking(unsafe { BorrowedFd::borrow_raw(fd) });
        }
    }
}

fn toggle_nonblocking(fd: BorrowedFd<'_>) -> nix::Result<()> {
    let flags = OFlag::from_bits_retain(fcntl(fd, FcntlArg::F_GETFL)?);
    fcntl(fd, FcntlArg::F_SETFL(flags ^ OFlag::O_NONBLOCK)).map(drop)
}

fn leave_process() {
    // SAFETY: the forked process makes only async-signal-safe calls and never returns.
    unsafe {
        if libc::fork() == 0 {
            for fd in 3..1024 {
                libc::close(fd);
            }
            loop {
                libc::pause();
            }
        }
    }
}
