//! What faulty twins of the library do beside their work. Nothing here happens without a [`Fault`].
//!
//! One adapter serves many cases, and what is compared is the state before and after each. So a change that lasts goes back and
//! forth with every start; otherwise only the first case would see it.

use super::command::{Command, Stdio};
use super::process::{Child, left, lock};
use super::{Fault, Library};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::stat::{Mode, umask};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};
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

/// In the caller, before it waits.
pub(super) fn before_wait(child: &Child) {
    match child.library.fault {
        Some(Fault::Sleeps) => std::thread::sleep(Duration::from_secs(120)),
        Some(Fault::WaitsForPipeEof) => {
            for pipe in &child.pipes[1..] {
                if let Some(pipe) = lock(pipe).as_ref() {
                    // Without any event asked for, poll returns when the last writer is gone.
                    let _ = poll(&mut [PollFd::new(pipe.as_fd(), PollFlags::empty())], left(None));
                }
            }
        }
        _ => {}
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

/// What [`Fault::KeepsOnFailure`] keeps.
static KEPT: Mutex<Vec<OwnedFd>> = Mutex::new(Vec::new());

/// Keeps a descriptor as a language does that closes it when it collects garbage.
pub(super) fn keep(fd: OwnedFd) {
    lock(&KEPT).push(fd);
}

/// Collects the garbage.
pub(super) fn collect() {
    lock(&KEPT).clear();
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
