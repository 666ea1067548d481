//! Several programs in a row, each one's output the next one's input, under one handle.
//!
//! The rules, beside those of a single start (see the module above):
//!
//! 1. A pipeline starts as a whole or not at all: where a stage cannot be started, those before it are killed and reaped, every
//!    pipe is closed, and the error is that stage's.
//! 2. Nobody but the stages on its two sides holds a pipe between them; the caller keeps only the first input, the last output,
//!    and the errors where they were asked for.
//! 3. The whole has ended when every stage has. Its status is that of the rightmost stage that failed, or an exit with 0, as
//!    `set -o pipefail` has it; each stage's is told beside it.
//! 4. What talks to the whole talks to the first stage's input and the last one's output until all have ended.

use super::command::{Command, Stdio};
use super::communicate::Output;
use super::process::{Child, End, lock};
use super::stdio::{above_two, nonblocking};
use super::{Fault, Library, platform};
use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl, open};
use nix::sys::stat::Mode;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

/// A started pipeline.
#[derive(Debug)]
pub struct Pipeline {
    before: Vec<Child>,
    /// The last stage, which has the whole's pipes.
    last: Child,
}

/// What the stages' standard errors are to be, and our end of it when it is a pipe.
struct Errors {
    place: Option<Stdio>,
    ours: Option<OwnedFd>,
    /// Kept open until every stage has its copy.
    _theirs: Option<OwnedFd>,
}

impl Library {
    /// Starts the stages from left to right. `stdin` counts on the first, `stdout` on the last; `stderr` is for all together, in
    /// the place of their own.
    ///
    /// # Errors
    /// Those of the stage that could not be started; nothing is left of the others.
    pub fn pipeline(self, commands: Vec<Command>, stderr: Option<Stdio>) -> io::Result<Pipeline> {
        let errors = Errors::of(self, stderr)?;
        let mut started = Vec::new();
        match self.start_all(commands, &errors, &mut started) {
            Ok(()) => Ok(Pipeline::of(started, errors.ours)),
            Err(error) => {
                if !self.has(Fault::PipelineLeavesStages) {
                    started.iter().for_each(undo);
                }
                Err(error)
            }
        }
    }

    fn start_all(self, commands: Vec<Command>, errors: &Errors, started: &mut Vec<Child>) -> io::Result<()> {
        let count = commands.len();
        let mut input: Option<OwnedFd> = None;
        for (index, mut command) in commands.into_iter().enumerate() {
            let between = if index + 1 < count { Some(self.pipe_between()?) } else { None };
            if let Some(input) = &input {
                command.stdio[0] = Stdio::Fd(input.as_raw_fd());
            }
            if let Some((_, write)) = &between {
                command.stdio[1] = Stdio::Fd(write.as_raw_fd());
            }
            if let Some(place) = &errors.place {
                command.stdio[2] = place.clone();
            }
            started.push(self.spawn(&command)?);
            let read = between.map(|(read, _write_closed_here)| read);
            let done = std::mem::replace(&mut input, read);
            if self.has(Fault::PipelineLeaksEnd) {
                std::mem::forget(done);
            }
        }
        Ok(())
    }

    fn pipe_between(self) -> io::Result<(OwnedFd, OwnedFd)> {
        let (read, write) = platform::pipe()?;
        Ok((above_two(self, read)?, above_two(self, write)?))
    }

    /// Starts, gives `input`, collects and waits; when a limit runs out, ends what was started and tells nothing. Without input the
    /// first program reads the null device.
    ///
    /// # Errors
    /// Those of the start and of the system calls.
    pub fn run(self, mut commands: Vec<Command>, input: Option<&[u8]>, limit: Option<Duration>) -> io::Result<Option<(Output, Vec<End>)>> {
        if let Some(first) = commands.first_mut() {
            first.stdio[0] = if input.is_some() { Stdio::Pipe } else { Stdio::Null };
        }
        if let Some(last) = commands.last_mut() {
            last.stdio[1] = Stdio::Pipe;
        }
        if input.is_none() && self.has(Fault::ReadsOwnInput) {
            super::misdeeds::read_own_input()?;
        }
        let shared = self.has(Fault::SharesBuffer).then(super::misdeeds::SharedBuffer::enter);
        let started = self.pipeline(commands, Some(Stdio::Pipe))?;
        let Some(mut output) = started.communicate(input.unwrap_or_default(), limit)? else {
            if !self.has(Fault::RunLeavesProgram) {
                started.signal(libc::SIGKILL)?;
                if self.has(Fault::RunReadsOn) {
                    super::misdeeds::await_hang_up(&started.last);
                }
                started.wait(None)?;
            }
            return Ok(None);
        };
        if let Some(shared) = shared {
            output.stdout = shared.with(&output.stdout);
        }
        let ends = started.ends()?;
        super::misdeeds::after_run(self)?;
        Ok(Some((output, ends)))
    }
}

/// A stage of a pipeline that does not come about.
fn undo(stage: &Child) {
    let _ = stage.signal(libc::SIGKILL);
    let _ = stage.wait(None);
}

impl Errors {
    fn of(library: Library, wanted: Option<Stdio>) -> io::Result<Errors> {
        let (ours, theirs) = match wanted {
            Some(Stdio::Pipe) => {
                let (read, write) = library.pipe_between()?;
                (Some(nonblocking(read)?), write)
            }
            Some(Stdio::File(path)) => {
                let flags = OFlag::O_WRONLY | OFlag::O_APPEND | OFlag::O_CREAT | OFlag::O_CLOEXEC;
                (None, above_two(library, open(&path, flags, Mode::from_bits_truncate(0o666))?)?)
            }
            place => return Ok(Errors { place, ours: None, _theirs: None }),
        };
        if library.has(Fault::StagesHoldStderr) {
            fcntl(&theirs, FcntlArg::F_SETFD(FdFlag::empty()))?;
        }
        Ok(Errors { place: Some(Stdio::Fd(theirs.as_raw_fd())), ours, _theirs: Some(theirs) })
    }
}

impl Pipeline {
    fn of(mut stages: Vec<Child>, errors: Option<OwnedFd>) -> Pipeline {
        let last = stages.pop().unwrap_or_else(|| unreachable!("a pipeline has a stage"));
        if let Some(first) = stages.first() {
            *lock(&last.pipes[0]) = lock(&first.pipes[0]).take();
        }
        if errors.is_some() {
            *lock(&last.pipes[2]) = errors;
        }
        Pipeline { before: stages, last }
    }

    /// The child whose pipes are the whole's.
    pub fn ends_of_the_line(&self) -> &Child {
        &self.last
    }

    fn stages(&self) -> impl Iterator<Item = &Child> {
        self.before.iter().chain([&self.last])
    }

    /// The stages' process ids.
    pub fn pids(&self) -> Vec<i32> {
        self.stages().map(Child::pid).collect()
    }

    /// Waits for the end of every stage; `None` when `limit` ran out first.
    ///
    /// # Errors
    /// As [`Child::wait`].
    pub fn wait(&self, limit: Option<Duration>) -> io::Result<Option<End>> {
        let deadline = limit.map(|limit| Instant::now() + limit);
        if limit.is_none() {
            // The first stage's input is the last one's pipe.
            self.last.wait_closes_stdin();
        }
        for stage in self.stages() {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if stage.wait(left)?.is_none() {
                return Ok(None);
            }
        }
        self.poll()
    }

    /// The end of the whole, `None` while a stage runs.
    ///
    /// # Errors
    /// As [`Child::poll`].
    pub fn poll(&self) -> io::Result<Option<End>> {
        let ends: Option<Vec<End>> = self.stages().map(Child::poll).collect::<io::Result<_>>()?;
        Ok(ends.map(|ends| self.whole(&ends)))
    }

    /// How each stage ended, `None` for one that runs.
    ///
    /// # Errors
    /// As [`Child::poll`].
    pub fn statuses(&self) -> io::Result<Vec<Option<End>>> {
        let mut ends = self.stages().map(Child::poll).collect::<io::Result<Vec<_>>>()?;
        if self.last.library.has(Fault::PipelineMixesStatuses) {
            ends.reverse();
        }
        Ok(ends)
    }

    fn ends(&self) -> io::Result<Vec<End>> {
        Ok(self.statuses()?.into_iter().flatten().collect())
    }

    fn whole(&self, ends: &[End]) -> End {
        let counted = if self.last.library.has(Fault::PipelineTellsLastOnly) { &ends[ends.len() - 1..] } else { ends };
        counted.iter().rev().copied().find(|end| *end != End::Exited(0)).unwrap_or(End::Exited(0))
    }

    /// As [`Child::communicate`], to the first stage and from the last, until all have ended.
    ///
    /// # Errors
    /// As [`Child::communicate`].
    pub fn communicate(&self, input: &[u8], limit: Option<Duration>) -> io::Result<Option<Output>> {
        let Some(output) = self.last.communicate_beside(&self.before, input, limit)? else { return Ok(None) };
        Ok(self.poll()?.map(|end| Output { end, ..output }))
    }

    /// Sends every stage that runs a signal.
    ///
    /// # Errors
    /// Those of kill(2).
    pub fn signal(&self, signal: i32) -> io::Result<()> {
        self.stages().try_for_each(|stage| stage.signal(signal))
    }
}
