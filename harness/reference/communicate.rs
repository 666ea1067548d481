//! Talking to a started process: input, both outputs and the end in one call, without a deadlock whatever the sizes.

use super::process::{Child, End, left, lock, ready};
use super::{Fault, Library};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, poll};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

const PAGE: usize = 4096;

/// What a talk came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
    /// How the process ended.
    pub end: End,
}

/// A talk so far; it outlives a limit that ran out.
#[derive(Debug, Default)]
pub(super) struct Talk {
    begun: bool,
    input: Vec<u8>,
    written: usize,
    outputs: [Vec<u8>; 2],
}

impl Child {
    /// Writes all of `data` to its standard input.
    ///
    /// # Errors
    /// `EPIPE` when the reader is gone; `NotFound` when the input is no pipe or was closed.
    pub fn write(&self, mut data: &[u8]) -> io::Result<usize> {
        let pipe = lock(&self.pipes[0]);
        let pipe = pipe.as_ref().ok_or_else(|| not_piped(0))?;
        if self.library.has(Fault::TruncatesInput) {
            data = &data[..data.len().min(PAGE)];
        }
        let mut written = 0;
        while written < data.len() {
            match nix::unistd::write(pipe, &data[written..]) {
                Ok(n) => written += n,
                Err(Errno::EAGAIN) if writable(pipe)? => {}
                Err(Errno::EAGAIN) if self.library.has(Fault::HalfWriteOnSignal) => return Ok(data.len()),
                Err(Errno::EAGAIN | Errno::EINTR) => {}
                Err(Errno::EPIPE) if self.library.has(Fault::EpipeTakenForSuccess) => return Ok(data.len()),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(written)
    }

    /// Closes its standard input.
    ///
    /// # Errors
    /// `NotFound` when it is no pipe or was closed.
    pub fn close_stdin(&self) -> io::Result<()> {
        lock(&self.pipes[0]).take().map(drop).ok_or_else(|| not_piped(0))
    }

    /// Reads output `which` (1 or 2) to its end, which comes when nobody holds the other side any more.
    ///
    /// # Errors
    /// `NotFound` when it is no pipe or was read.
    pub fn read(&self, which: usize) -> io::Result<Vec<u8>> {
        let pipe = lock(&self.pipes[which]).take().ok_or_else(|| not_piped(which))?;
        let mut data = Vec::new();
        let ended = self.watch().is_none_or(|watch| ready(&watch, Some(Instant::now())).unwrap_or(false));
        if ended && self.library.has(Fault::LosesTailOfOutput) {
            fetch(&pipe, &mut data, PAGE)?;
            return Ok(data);
        }
        while fetch(&pipe, &mut data, 65536)? != Fetched::Eof {
            if self.library.has(Fault::LosesDataOnSignal) {
                super::misdeeds::forget_when_interrupted(&pipe, &mut data);
            } else {
                ready(&pipe, None)?;
            }
        }
        if self.library.has(Fault::ErrorAtHangUp) && nix::unistd::isatty(&pipe).unwrap_or(false) {
            return Err(Errno::EIO.into());
        }
        duplicate(self.library, &mut data);
        Ok(data)
    }

    /// Reads `count` bytes of output `which`, fewer only at its end.
    ///
    /// # Errors
    /// `NotFound` when it is no pipe or was closed.
    pub fn read_some(&self, which: usize, count: usize) -> io::Result<Vec<u8>> {
        let pipe = lock(&self.pipes[which]);
        let pipe = pipe.as_ref().ok_or_else(|| not_piped(which))?;
        let mut data = Vec::new();
        while data.len() < count {
            ready(pipe, None)?;
            let missing = count - data.len();
            if fetch(pipe, &mut data, missing)? == Fetched::Eof {
                break;
            }
        }
        Ok(data)
    }

    /// Closes our end of output `which`: a process that goes on writing learns of it.
    ///
    /// # Errors
    /// `NotFound` when it is no pipe or was closed.
    pub fn close_output(&self, which: usize) -> io::Result<()> {
        lock(&self.pipes[which]).take().map(drop).ok_or_else(|| not_piped(which))
    }

    /// Writes `input`, reads both outputs and waits; `None` when `limit` ran out, after which a further call goes on where this
    /// one stopped (its input is then not looked at). That the process closes its input early is no failure.
    ///
    /// # Errors
    /// Those of the system calls.
    pub fn communicate(&self, input: &[u8], limit: Option<Duration>) -> io::Result<Option<Output>> {
        self.communicate_beside(&[], input, limit)
    }

    /// The same, until others have ended too: the stages before this one, whose first one's input is here.
    pub(super) fn communicate_beside(&self, others: &[Child], input: &[u8], limit: Option<Duration>) -> io::Result<Option<Output>> {
        let deadline = limit.map(|limit| Instant::now() + super::misdeeds::limit(self.library, limit));
        let mut talk = lock(&self.talk);
        if !std::mem::replace(&mut talk.begun, true) {
            talk.input = input.to_vec();
            if self.library.has(Fault::TruncatesInput) {
                talk.input.truncate(PAGE);
            }
        }
        if self.library.has(Fault::DeadlockOnBigOutput) {
            let _ = self.write(&talk.input);
            lock(&self.pipes[0]).take();
        }
        if !self.exchange(others, &mut talk, deadline)? {
            forget(self.library, &mut talk);
            return Ok(None);
        }
        for pipe in &self.pipes {
            lock(pipe).take();
        }
        let Some(end) = self.collect()? else { return Ok(None) };
        let [mut stdout, mut stderr] = std::mem::take(&mut talk.outputs);
        duplicate(self.library, &mut stdout);
        duplicate(self.library, &mut stderr);
        Ok(Some(Output { stdout, stderr, end }))
    }

    /// Moves bytes until every process has ended; whether they have before the deadline.
    fn exchange(&self, others: &[Child], talk: &mut Talk, deadline: Option<Instant>) -> io::Result<bool> {
        let careless = self.library.has(Fault::LosesTailOfOutput);
        loop {
            self.feed(talk)?;
            let running = [self].into_iter().chain(others).find_map(|child| Some((child, child.watch()?)));
            let Some((child, watch)) = running else { return self.drain(talk).map(|()| true) };
            let pipes = self.pipes.each_ref().map(lock);
            let mut fds = vec![PollFd::new(watch.as_fd(), PollFlags::POLLIN)];
            for (which, pipe) in pipes.iter().enumerate() {
                let flags = if which == 0 { PollFlags::POLLOUT } else { PollFlags::POLLIN };
                fds.extend(pipe.as_ref().map(|pipe| PollFd::new(pipe.as_fd(), flags)));
            }
            match poll(&mut fds, left(deadline)) {
                Ok(0) => return Ok(false),
                Ok(_) | Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
            let ended = fds[0].any() == Some(true);
            drop(fds);
            drop(pipes);
            match (ended, careless) {
                (true, true) => return Ok(true),
                (true, false) => {
                    if child.collect_over(deadline)?.is_none() {
                        return Ok(false);
                    }
                }
                (false, true) => self.fetch_some(talk, PAGE)?,
                (false, false) => self.fetch_some(talk, 65536)?,
            }
        }
    }

    /// Writes what fits now; closes the input after its last byte, or when nobody reads it.
    fn feed(&self, talk: &mut Talk) -> io::Result<()> {
        let mut slot = lock(&self.pipes[0]);
        let Some(pipe) = slot.as_ref() else { return Ok(()) };
        while talk.written < talk.input.len() {
            match nix::unistd::write(pipe, &talk.input[talk.written..]) {
                Ok(n) => talk.written += n,
                Err(Errno::EAGAIN) => return Ok(()),
                Err(Errno::EINTR) => {}
                Err(Errno::EPIPE) if !self.library.has(Fault::EpipeFailsCommunicate) => break,
                Err(error) => return Err(error.into()),
            }
        }
        let done = slot.take();
        if self.library.has(Fault::NeverEndsInput) {
            // Open to the end of the program, in nobody's hands.
            std::mem::forget(done);
        }
        Ok(())
    }

    /// One read from each output; one that is at its end is closed.
    fn fetch_some(&self, talk: &mut Talk, most: usize) -> io::Result<()> {
        for (which, data) in talk.outputs.iter_mut().enumerate() {
            let mut slot = lock(&self.pipes[which + 1]);
            let Some(pipe) = slot.as_ref() else { continue };
            if fetch(pipe, data, most)? == Fetched::Eof {
                slot.take();
            }
        }
        Ok(())
    }

    /// All that the pipes hold now; the process has ended, but others may go on writing, and they are not waited for.
    fn drain(&self, talk: &mut Talk) -> io::Result<()> {
        for (which, data) in talk.outputs.iter_mut().enumerate() {
            let slot = lock(&self.pipes[which + 1]);
            let Some(pipe) = slot.as_ref() else { continue };
            // Not for ever: a grandchild that writes without end is stopped being listened to after what a pipe can hold.
            let bound = data.len() + (1 << 20);
            while fetch(pipe, data, 65536)? == Fetched::Some && data.len() < bound {}
        }
        Ok(())
    }
}

/// What one read gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fetched {
    Some,
    NothingYet,
    Eof,
}

fn fetch(pipe: &OwnedFd, data: &mut Vec<u8>, most: usize) -> io::Result<Fetched> {
    let had = data.len();
    data.resize(had + most, 0);
    let got = nix::unistd::read(pipe, &mut data[had..]);
    data.truncate(had + got.unwrap_or(0));
    match got {
        Ok(0) => Ok(Fetched::Eof),
        Ok(_) | Err(Errno::EINTR) => Ok(Fetched::Some),
        Err(Errno::EAGAIN) => Ok(Fetched::NothingYet),
        // How Linux tells that nobody holds a terminal any more; no pipe fails so.
        Err(Errno::EIO) => Ok(Fetched::Eof),
        Err(error) => Err(error.into()),
    }
}

/// Sleeps until something can be written, or until a handler has run: whether it was the former.
fn writable(pipe: &OwnedFd) -> io::Result<bool> {
    match poll(&mut [PollFd::new(pipe.as_fd(), PollFlags::POLLOUT)], left(None)) {
        Ok(_) => Ok(true),
        Err(Errno::EINTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Faults of a talk that is to be gone on with.
fn forget(library: Library, talk: &mut Talk) {
    match library.fault {
        Some(Fault::TimeoutLosesOutput) => talk.outputs = Default::default(),
        Some(Fault::TimeoutRepeatsInput) => talk.written = 0,
        _ => {}
    }
}

fn duplicate(library: Library, data: &mut Vec<u8>) {
    if library.has(Fault::DuplicatesOutput) {
        data.extend_from_within(data.len().saturating_sub(16)..);
    }
}

fn not_piped(which: usize) -> io::Error {
    let stream = ["stdin", "stdout", "stderr"][which];
    io::Error::new(io::ErrorKind::NotFound, format!("{stream} is not a pipe, or was closed"))
}
