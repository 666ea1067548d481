//! Starting: fork, and the error pipe that tells whether exec came about.

use super::child::{self, Orders, STEPS};
use super::command::{Command, Image};
use super::process::{self, Child, Nature};
use super::stdio::{Ends, above_two};
use super::{Fault, Library, platform};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, IntoRawFd, OwnedFd};
use std::sync::Mutex;

/// Held from the opening of a child's descriptors until the caller has closed its copies.
static STARTING: Mutex<()> = Mutex::new(());

impl Library {
    /// Starts a program.
    ///
    /// # Errors
    /// With the errno of the step that failed, in the caller or in the child; nothing is left of the attempt.
    pub fn spawn(self, command: &Command) -> io::Result<Child> {
        let (pid, ours) = self.start(command)?;
        Child::new(self, pid, ours, Nature::of(command))
    }

    /// Starts a program: the process id of the forked child, and the caller's ends.
    ///
    /// # Errors
    /// As [`Library::spawn`].
    pub(super) fn start(self, command: &Command) -> io::Result<(i32, [Option<OwnedFd>; 3])> {
        process::sweep();
        command.wishes.check(self)?;
        let image = Image::of(self, command)?;
        // What is open for one child must not be in another's hands, not even until that one's exec: a program that is still open
        // for writing somewhere cannot be started (ETXTBSY).
        let one_at_a_time = process::lock(&STARTING);
        let ends = Ends::of(self, command)?;
        super::misdeeds::leave_open(self, &ends.theirs);
        let (result, report) = platform::pipe()?;
        let (result, report) = (above_two(self, result)?, above_two(self, report)?);
        let mask = block_signals();
        let wishes = super::pty::with_master(self, &command.wishes, &ends);
        let orders = Orders {
            library: self,
            image: &image,
            sources: ends.sources,
            report: report.as_raw_fd(),
            mask,
            wishes: &wishes,
            terminal: ends.terminal.as_ref().map(|terminal| terminal.as_raw_fd()),
        };
        let forked = self.fork(&orders);
        unblock_signals(self, mask);
        if forked.is_err() && self.has(Fault::LeaksAtProcessLimit) {
            super::misdeeds::leave(result);
            return forked.map(|pid| (pid, ends.ours));
        }
        let pid = forked?;
        super::pty::after_fork(self, &ends);
        drop((report, ends.theirs, ends.terminal, ends.master));
        drop(one_at_a_time);
        super::misdeeds::after_start(self, command);
        self.outcome(pid, result)?;
        command.wishes.after_start(self);
        super::misdeeds::bequeath(self, &ends.ours);
        Ok((pid, ends.ours))
    }

    /// The caller's side of the fork: the child's process id. The child does not return from here.
    fn fork(self, orders: &Orders<'_>) -> io::Result<i32> {
        // SAFETY: the child calls nothing but async-signal-safe functions until exec or `_exit`.
        match unsafe { libc::fork() } {
            -1 => Err(io::Error::last_os_error()),
            0 => {
                if self.has(Fault::ForksTwice) {
                    super::misdeeds::stand_between(orders.report);
                }
                if orders.wishes.daemon {
                    super::daemon::step_aside(self, orders.report);
                }
                let errno = child::become_program(orders);
                if self.has(Fault::TwoProcessesOnFailure) {
                    return Err(io::Error::from_raw_os_error(errno));
                }
                let code = if self.has(Fault::ReportsSuccessOnExecFailure) { 0 } else { 127 };
                super::misdeeds::end_forked(self, code)
            }
            pid => Ok(pid),
        }
    }

    /// What the error pipe says: silence is success.
    fn outcome(self, pid: i32, result: OwnedFd) -> io::Result<()> {
        let mut message = [0; 8];
        let mut result = File::from(result);
        let failed = result.read_exact(&mut message).is_ok();
        let leaks = if failed { Fault::LeaksOnFailure } else { Fault::LeaksPipeEnd };
        if self.has(leaks) {
            let _ = result.into_raw_fd();
        } else if failed && self.has(Fault::KeepsOnFailure) {
            super::misdeeds::keep(result.into());
        } else if failed && self.has(Fault::CollectsNowAndThen) {
            super::misdeeds::keep_until_there_are(8, result.into());
        }
        if !failed || self.has(Fault::ReportsSuccessOnExecFailure) || self.has(Fault::Exit127OnExecFailure) {
            return Ok(());
        }
        if !self.has(Fault::ZombieOnFailure) && !self.has(Fault::TwoProcessesOnFailure) {
            process::reap(pid);
        }
        let [a, b, c, d, e, f, g, h] = message;
        let (step, errno) = (i32::from_ne_bytes([a, b, c, d]), i32::from_ne_bytes([e, f, g, h]));
        let errno = if self.has(Fault::LosesErrno) { libc::EIO } else { errno };
        Err(Refusal::wrap(usize::try_from(step).unwrap_or(2), errno))
    }
}

/// An error of the child with the step that failed; the errno stays readable.
#[derive(Debug)]
pub(super) struct Refusal {
    step: usize,
    errno: i32,
}

impl Refusal {
    fn wrap(step: usize, errno: i32) -> io::Error {
        let kind = io::Error::from_raw_os_error(errno).kind();
        io::Error::new(kind, Refusal { step, errno })
    }

    /// The errno that an error carries, wrapped or not.
    pub fn errno_of(error: &io::Error) -> Option<i32> {
        let wrapped = error.get_ref().and_then(|inner| inner.downcast_ref::<Refusal>());
        error.raw_os_error().or(wrapped.map(|refusal| refusal.errno))
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "cannot {}: {}", STEPS.get(self.step).unwrap_or(&"start"), io::Error::from_raw_os_error(self.errno))
    }
}

impl std::error::Error for Refusal {}

/// No signal may find the child in between. Returns the mask as it was.
fn block_signals() -> libc::sigset_t {
    // SAFETY: both sets are places of ours; zeroed is a valid set to be filled.
    unsafe {
        let (mut all, mut old): (libc::sigset_t, libc::sigset_t) = (std::mem::zeroed(), std::mem::zeroed());
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut old);
        old
    }
}

fn unblock_signals(library: Library, mut mask: libc::sigset_t) {
    // SAFETY: the set was filled in by `block_signals`.
    unsafe {
        if library.has(Fault::ChangesOwnMask) {
            // Back and forth, for the reason given in `misdeeds`.
            let blocked = libc::sigismember(&raw const mask, libc::SIGUSR2) == 1;
            let change = if blocked { libc::sigdelset } else { libc::sigaddset };
            change(&raw mut mask, libc::SIGUSR2);
        }
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const mask, std::ptr::null_mut());
    }
}
