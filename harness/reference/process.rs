//! The handle of a started process: its status, its end, and who reaps it.
//!
//! Waiting and reaping are two steps. A waiter sleeps on a [`Watch`] without any lock; then, under the lock, whoever comes first
//! reaps and all others read what it found. A kill holds the same lock, so it can never meet a process id that was already
//! reaped and given to somebody else.

use super::{Command, Fault, Group, Library};
use crate::wire::watch::Watch;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It exited with this code.
    Exited(i32),
    /// It died by this signal.
    Killed(i32),
}

/// A started process.
#[derive(Debug)]
pub struct Child {
    pub(super) library: Library,
    pub(super) pid: i32,
    state: Mutex<State>,
    /// The thread that reaped it (only [`Fault::WrongStatusForThreads`] asks).
    reaper: OnceLock<ThreadId>,
    pub(super) pipes: [Mutex<Option<OwnedFd>>; 3],
    pub(super) talk: Mutex<super::communicate::Talk>,
    nature: Nature,
}

/// What a handle has to know of its start.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Nature {
    /// It leads a group, which is meant by what is sent to it.
    group: bool,
    /// Giving the handle up ends it.
    kill_on_drop: bool,
}

impl Nature {
    pub fn of(command: &Command) -> Nature {
        Nature { group: command.wishes.group == Group::Own, kill_on_drop: command.wishes.kill_on_drop }
    }
}

#[derive(Debug)]
enum State {
    Running(Arc<Watch>),
    Ended(End),
    /// It had ended, and somebody else had reaped it, before it could be watched (SIGCHLD ignored): nobody knows how.
    Lost,
}

/// Processes whose handle was dropped before they ended.
static BACKGROUND: Mutex<Vec<i32>> = Mutex::new(Vec::new());

/// Reaps dropped processes that have ended since.
pub fn sweep() {
    lock(&BACKGROUND).retain(|pid| matches!(waitpid(*pid, libc::WNOHANG), Ok(None)));
}

impl Child {
    pub(super) fn new(library: Library, pid: i32, pipes: [Option<OwnedFd>; 3], nature: Nature) -> io::Result<Child> {
        let state = match Watch::of(pid) {
            Ok(watch) => State::Running(Arc::new(watch)),
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => State::Lost,
            Err(error) => {
                // A process that cannot be watched is not left behind. SAFETY: it is our unreaped child.
                unsafe { libc::kill(pid, libc::SIGKILL) };
                reap(pid);
                return Err(error);
            }
        };
        let state = Mutex::new(state);
        Ok(Child { library, pid, state, reaper: OnceLock::new(), pipes: pipes.map(Mutex::new), talk: Mutex::default(), nature })
    }

    /// Its process id.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Waits for its end; `None` when `limit` ran out first.
    ///
    /// # Errors
    /// `ECHILD` when somebody else reaped it.
    pub fn wait(&self, limit: Option<Duration>) -> io::Result<Option<End>> {
        super::misdeeds::before_wait(self);
        self.wait_closes_stdin();
        let deadline = limit.map(|limit| Instant::now() + super::misdeeds::limit(self.library, limit));
        let Some(watch) = self.watch() else { return self.known_again() };
        if let Some(misled) = super::misdeeds::while_waiting(self, &watch) {
            return misled;
        }
        if !ready(&watch, deadline)? {
            return Ok(None);
        }
        self.collect_over(deadline)
    }

    /// A child that reads to the end of its input would be waited for without an end.
    pub(super) fn wait_closes_stdin(&self) {
        if !self.library.has(Fault::WaitKeepsStdinOpen) {
            lock(&self.pipes[0]).take();
        }
    }

    /// Its end, `None` while it runs.
    ///
    /// # Errors
    /// `ECHILD` when somebody else reaped it.
    pub fn poll(&self) -> io::Result<Option<End>> {
        if self.watch().is_none() { self.known_again() } else { self.collect() }
    }

    /// Asks it to end: SIGTERM.
    ///
    /// # Errors
    /// As [`Child::signal`].
    pub fn terminate(&self) -> io::Result<()> {
        self.signal(if self.library.has(Fault::TerminateKills) { libc::SIGKILL } else { libc::SIGTERM })
    }

    /// Sends a signal; nothing when its end is known.
    ///
    /// # Errors
    /// Those of kill(2).
    pub fn signal(&self, signal: i32) -> io::Result<()> {
        let state = lock(&self.state);
        let State::Running(watch) = &*state else { return super::misdeeds::after_the_end(self, signal) };
        if self.nature.group && !self.library.has(Fault::KillsLeaderAlone) {
            // SAFETY: the leader is not reaped while the lock is held, so the number is still its group's.
            Errno::result(unsafe { libc::kill(-self.pid, signal) })?;
            return Ok(());
        }
        // The number is its own while the lock is held, unless somebody else reaped it: where the platform has a name that cannot
        // be given to another process, that one is used.
        super::platform::signal(watch.as_fd(), self.pid, signal)
    }

    /// What to sleep on; `None` once the end is known.
    pub(super) fn watch(&self) -> Option<Arc<Watch>> {
        match &*lock(&self.state) {
            State::Running(watch) => Some(Arc::clone(watch)),
            State::Ended(_) | State::Lost => None,
        }
    }

    /// Waits with everybody else locked out ([`Fault::HoldsLockWhileWaiting`]).
    pub(super) fn wait_with_lock(&self) -> io::Result<Option<End>> {
        let mut state = lock(&self.state);
        if let State::Running(watch) = &*state {
            ready(watch, None)?;
            if let Some(end) = waitpid(self.pid, libc::WNOHANG)? {
                *state = State::Ended(end);
            }
        }
        match *state {
            State::Ended(end) => Ok(Some(end)),
            State::Lost => Err(Errno::ECHILD.into()),
            State::Running(_) => Ok(None),
        }
    }

    fn known_again(&self) -> io::Result<Option<End>> {
        if self.library.has(Fault::LosesStatusOnSecondWait) {
            return Err(Errno::ECHILD.into());
        }
        match &*lock(&self.state) {
            State::Ended(end) => Ok(Some(self.told(*end))),
            State::Lost => Err(Errno::ECHILD.into()),
            State::Running(_) => Ok(None),
        }
    }

    /// What the calling thread is told of a known end.
    fn told(&self, end: End) -> End {
        let reaper = self.reaper.get() == Some(&std::thread::current().id());
        if !reaper && self.library.has(Fault::WrongStatusForThreads) { End::Exited(255) } else { end }
    }

    /// Reaps a child that is over by what the system says; `None` when the deadline came first. Whoever is traced is over before there is a
    /// status for its parent: that is waited for here.
    pub(super) fn collect_over(&self, deadline: Option<Instant>) -> io::Result<Option<End>> {
        loop {
            let end = self.collect()?;
            if end.is_some() || self.library.has(Fault::TakesOverForReaped) || deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return Ok(end);
            }
            match deadline {
                Some(_) => std::thread::sleep(Duration::from_millis(1)),
                None => await_status(self.pid),
            }
        }
    }

    /// Reaps it if nobody has yet.
    pub(super) fn collect(&self) -> io::Result<Option<End>> {
        let mut state = lock(&self.state);
        match *state {
            State::Ended(end) => return Ok(Some(self.told(end))),
            State::Lost => return Err(Errno::ECHILD.into()),
            State::Running(_) => {}
        }
        let stops = if self.library.has(Fault::TakesStopForEnd) { libc::WUNTRACED } else { 0 };
        if self.library.has(Fault::ReapsStrangers) {
            super::misdeeds::reap_others(self.pid);
        }
        let seen = match waitpid(self.pid, libc::WNOHANG | stops) {
            Err(_) if self.library.has(Fault::TakesLossForSuccess) => Some(End::Exited(0)),
            seen => seen?,
        };
        let Some(end) = seen else { return Ok(None) };
        let end = match end {
            End::Killed(signal) if self.library.has(Fault::MisreadsSignalDeath) => End::Exited(128 + signal),
            end => end,
        };
        *state = State::Ended(end);
        self.reaper.get_or_init(|| std::thread::current().id());
        Ok(Some(end))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if self.watch().is_none() || self.library.has(Fault::DropLeavesZombie) {
            return;
        }
        if self.nature.kill_on_drop && !self.library.has(Fault::ForgetsToKillOnDrop) {
            let _ = self.signal(libc::SIGKILL);
            if !self.library.has(Fault::KillOnDropLeavesZombie) {
                reap(self.pid);
            }
            return;
        }
        if self.library.has(Fault::DropKills) {
            let _ = self.signal(libc::SIGKILL);
        }
        lock(&BACKGROUND).push(self.pid);
        sweep();
    }
}

/// Whether `fd` became readable before the deadline.
pub(super) fn ready(fd: impl AsFd, deadline: Option<Instant>) -> io::Result<bool> {
    loop {
        match poll(&mut [PollFd::new(fd.as_fd(), PollFlags::POLLIN)], left(deadline)) {
            Ok(n) => return Ok(n > 0),
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// What is left until the deadline, rounded up to milliseconds.
pub(super) fn left(deadline: Option<Instant>) -> PollTimeout {
    let Some(deadline) = deadline else { return PollTimeout::NONE };
    let ms = deadline.saturating_duration_since(Instant::now()).as_nanos().div_ceil(1_000_000);
    i32::try_from(ms).ok().and_then(|ms| PollTimeout::try_from(ms).ok()).unwrap_or(PollTimeout::MAX)
}

/// Waits for a child that is known to be ending.
pub(super) fn reap(pid: i32) {
    let _ = waitpid(pid, 0);
}

/// Sleeps until there is a status, and leaves it there.
fn await_status(pid: i32) {
    // SAFETY: a zeroed siginfo is a valid place for one. Every failure is told by who looks for the status afterwards.
    unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        libc::waitid(libc::P_PID, pid.unsigned_abs(), &raw mut info, libc::WEXITED | libc::WNOWAIT);
    }
}

fn waitpid(pid: i32, flags: i32) -> io::Result<Option<End>> {
    loop {
        let mut status = 0;
        // SAFETY: the status is a place of ours. (Not nix: it loses the status of a death by real-time signal.)
        match Errno::result(unsafe { libc::waitpid(pid, &raw mut status, flags) }) {
            Ok(0) => return Ok(None),
            Ok(_) if libc::WIFSIGNALED(status) => return Ok(Some(End::Killed(libc::WTERMSIG(status)))),
            Ok(_) if libc::WIFSTOPPED(status) => return Ok(Some(End::Killed(libc::WSTOPSIG(status)))),
            Ok(_) => return Ok(Some(End::Exited(libc::WEXITSTATUS(status)))),
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
