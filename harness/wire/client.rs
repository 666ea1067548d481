//! The harness's side of the protocol, over two descriptors that are already open.
//!
//! It runs in the driver: a forked, single-threaded process that is not the adapter's parent. The FIFOs were opened for reading
//! and writing, so that neither side ever waits for the other to open; they never come to an end of file. The rules:
//!
//! 1. One question at a time; the answer carries its number and the adapter's process id.
//! 2. Whatever arrives beside the answer is kept as evidence ([`Client::extra_replies`]): a second answer, or one from another
//!    process, is what a library does that goes on in the caller's code after a failed start.
//! 3. Nothing blocks: a write goes out in pieces that fit, a read follows `poll`, and both end with the deadline or with the
//!    adapter's death. What a dying adapter had already written still counts. Time in which this process was not awake (stopped,
//!    or on a machine that slept) does not count towards the deadline: the adapter was not awake then either.

use super::codec;
use super::message::{Hello, Operation, Reply, Request};
use super::watch::Watch;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::cell::Cell;
use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, RawFd};
use std::time::{Duration, Instant};

/// What can be written to a FIFO that polls writable without blocking, on every platform (POSIX's least PIPE_BUF).
const PIECE: usize = 512;

/// How long the adapter's own answer is waited for, in milliseconds, after another process has answered in its place.
const AFTER_A_STRANGER_MS: u64 = 500;

/// More than this is not read of what an adapter sends without being asked: one that floods never stops by itself.
const UNASKED_LIMIT: usize = 1 << 20;

/// A wait is cut into pieces of this length, in milliseconds; one that takes longer by [`LATE_MS`] was slept through.
/// No deadline is a multiple of it: who is looked at when a deadline comes is in its call, and not between two of them.
const SLICE_MS: u64 = 290;
const LATE_MS: u64 = 500;

/// So many replies that nobody asked for are evidence enough.
const EXTRA: usize = 64;

/// What the message of a reply from another process ends with: the adapter forked, and did not exec.
pub const TWO_PROCESSES: &str = "its code goes on in two processes";

/// Why there is no answer.
#[derive(Debug)]
pub enum WireError {
    /// The adapter broke a rule of the protocol; which one.
    Protocol(String),
    /// The adapter's process ended without answering.
    Died {
        /// Its process id.
        pid: i32,
        /// What it was asked when it died.
        during: String,
    },
    /// The deadline ran out.
    TimedOut,
    /// A system call of ours failed.
    Io(io::Error),
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WireError::Protocol(message) => f.write_str(message),
            WireError::Died { pid, during } => write!(f, "the adapter (process {pid}) ended during {during}"),
            WireError::TimedOut => f.write_str("no answer within the time limit"),
            WireError::Io(error) => write!(f, "cannot speak to the adapter: {error}"),
        }
    }
}

impl std::error::Error for WireError {}

/// A reply that was not the answer to the question asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The sequence number it carries.
    pub seq: u64,
    /// The process that wrote it.
    pub pid: i32,
}

/// One conversation with one adapter.
#[derive(Debug)]
pub struct Client {
    request: RawFd,
    reply: RawFd,
    pid: i32,
    watch: io::Result<Watch>,
    seq: u64,
    /// What was read and not yet taken, up to a newline or beyond.
    buffer: Vec<u8>,
    /// How much of `buffer` was taken already.
    taken: usize,
    /// How far `buffer` was searched for a newline.
    searched: usize,
    extra: Vec<Seen>,
    /// How much of the clock's time it was not awake for.
    slept: Cell<Duration>,
}

impl Client {
    /// A conversation with process `adapter_pid` (in this process's namespace). The descriptors stay the caller's and must
    /// outlive the client.
    pub fn new(request_fd: RawFd, reply_fd: RawFd, adapter_pid: i32) -> Client {
        let watch = Watch::of(adapter_pid);
        Client {
            request: request_fd,
            reply: reply_fd,
            pid: adapter_pid,
            watch,
            seq: 0,
            buffer: Vec::new(),
            taken: 0,
            searched: 0,
            extra: Vec::new(),
            slept: Cell::default(),
        }
    }

    fn deadline(&self, ms: u64) -> Deadline {
        Deadline { at: Instant::now() + Duration::from_millis(ms), slept: self.slept.get() }
    }

    /// What is left until a deadline. What was slept since it was set comes on top.
    fn left(&self, deadline: Deadline) -> Duration {
        let at = deadline.at + self.slept.get().saturating_sub(deadline.slept);
        at.saturating_duration_since(Instant::now())
    }

    /// Takes up a conversation whose hello and first `seq` questions were handled in another process.
    pub fn resume(request_fd: RawFd, reply_fd: RawFd, adapter_pid: i32, seq: u64) -> Client {
        Client { seq, ..Client::new(request_fd, reply_fd, adapter_pid) }
    }

    /// Number of the last question.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Waits for the adapter's first line.
    ///
    /// # Errors
    /// [`WireError`]; a hello of another process than the one started is against the protocol.
    pub fn hello(&mut self, deadline_ms: u64) -> Result<Hello, WireError> {
        let line = self.next_line(self.deadline(deadline_ms), "its start")?;
        let hello = codec::hello(&line).map_err(WireError::Protocol)?;
        if hello.pid != self.pid {
            let (said, started) = (hello.pid, self.pid);
            return Err(WireError::Protocol(format!("wrong pid: hello gives process {said}, but process {started} was started")));
        }
        if self.taken < self.buffer.len() {
            return Err(WireError::Protocol("unsolicited: it goes on after its hello without being asked".to_owned()));
        }
        Ok(hello)
    }

    /// Asks and waits for the answer.
    ///
    /// # Errors
    /// [`WireError`]
    pub fn ask(&mut self, operation: &Operation, deadline_ms: u64) -> Result<Reply, WireError> {
        self.ask_noting(operation, deadline_ms, || ())
    }

    /// The same; `asked` is called as soon as the question is with the adapter.
    ///
    /// # Errors
    /// [`WireError`]
    pub fn ask_noting(&mut self, operation: &Operation, deadline_ms: u64, asked: impl FnOnce()) -> Result<Reply, WireError> {
        let deadline = self.deadline(deadline_ms);
        self.nothing_unasked()?;
        self.seq += 1;
        let request = Request { seq: self.seq, op: operation.clone() };
        self.send(&codec::line(&request), deadline)?;
        asked();
        self.answer(self.seq, deadline)
    }

    /// Sends any bytes at all; for probing an adapter.
    ///
    /// # Errors
    /// [`WireError`]
    pub fn send_raw(&mut self, bytes: &[u8], deadline_ms: u64) -> Result<(), WireError> {
        self.send(bytes, self.deadline(deadline_ms))
    }

    /// Waits for the reply that carries `seq`.
    ///
    /// # Errors
    /// [`WireError`]
    pub fn answer_to(&mut self, seq: u64, deadline_ms: u64) -> Result<Reply, WireError> {
        self.seq = self.seq.max(seq);
        self.answer(seq, self.deadline(deadline_ms))
    }

    /// Takes every reply that came unasked, those that lie in the FIFO now included.
    pub fn extra_replies(&mut self) -> Vec<Seen> {
        // An unreadable line is found again, and named, by the next question.
        let _ = self.nothing_unasked();
        std::mem::take(&mut self.extra)
    }

    /// An answer from another process does not end the wait: the adapter itself mostly answers too, and only both together
    /// show that its code goes on twice.
    fn answer(&mut self, seq: u64, mut deadline: Deadline) -> Result<Reply, WireError> {
        let mut stranger = None;
        loop {
            let line = match (self.next_line(deadline, &format!("question {seq}")), stranger) {
                (Ok(line), _) => line,
                (Err(_), Some(seen)) => return Err(WireError::Protocol(self.blame(seen, Some(seq)))),
                (Err(error), None) => return Err(error),
            };
            let reply = codec::reply(&line).map_err(WireError::Protocol)?;
            if reply.seq == seq && reply.pid == self.pid {
                return Ok(reply);
            }
            let seen = Seen { seq: reply.seq, pid: reply.pid };
            self.note_extra(seen);
            if reply.pid == self.pid {
                return Err(WireError::Protocol(self.blame(seen, Some(seq))));
            }
            if self.left(deadline) > Duration::from_millis(AFTER_A_STRANGER_MS) {
                deadline = self.deadline(AFTER_A_STRANGER_MS);
            }
            stranger = stranger.or(Some(seen));
        }
    }

    /// Keeps a reply as evidence, as long as there are not too many to be worth it.
    fn note_extra(&mut self, seen: Seen) {
        if self.extra.len() < EXTRA {
            self.extra.push(seen);
        }
    }

    /// Names what is wrong with a reply that should not have come.
    fn blame(&self, seen: Seen, awaited: Option<u64>) -> String {
        let Seen { seq, pid } = seen;
        if pid != self.pid {
            return format!("wrong pid: process {pid} answered question {seq}, but the adapter is process {}: {TWO_PROCESSES}", self.pid);
        }
        match awaited {
            Some(awaited) if seq < awaited && seq > 0 => {
                format!("two replies: question {seq} was answered again while {awaited} was awaited")
            }
            Some(awaited) => format!("wrong seq: question {awaited} was answered as {seq}"),
            None if seq > 0 && seq <= self.seq => format!("two replies: question {seq} was answered again"),
            None => format!("unsolicited: a reply to question {seq}, which was not asked"),
        }
    }

    /// Notes everything that has arrived although nothing was asked.
    fn nothing_unasked(&mut self) -> Result<(), WireError> {
        while self.readable_now()? {
            self.fill()?;
            if self.buffer.len() > UNASKED_LIMIT {
                return Err(WireError::Protocol(format!("unsolicited: more than {UNASKED_LIMIT} bytes that nobody asked for")));
            }
        }
        let mut first = None;
        while let Some(line) = self.take_line() {
            let blame = match codec::reply(&line) {
                Ok(Reply { seq, pid, .. }) => {
                    self.note_extra(Seen { seq, pid });
                    self.blame(Seen { seq, pid }, None)
                }
                Err(message) => format!("unsolicited: {message}"),
            };
            first.get_or_insert(blame);
        }
        first.map_or(Ok(()), |blame| Err(WireError::Protocol(blame)))
    }

    fn next_line(&mut self, deadline: Deadline, during: &str) -> Result<Vec<u8>, WireError> {
        loop {
            if let Some(line) = self.take_line() {
                return Ok(line);
            }
            if self.buffer.len() - self.taken > codec::LINE_LIMIT {
                return Err(WireError::Protocol(format!("a line longer than {} bytes", codec::LINE_LIMIT)));
            }
            match self.ready(self.reply, PollFlags::POLLIN, deadline, during) {
                Ok(()) => self.fill()?,
                // The last words of a dead adapter may have come between two looks at the FIFO.
                Err(WireError::Died { .. }) if self.readable_now()? => self.fill()?,
                Err(error) => return Err(error),
            }
        }
    }

    fn send(&mut self, mut bytes: &[u8], deadline: Deadline) -> Result<(), WireError> {
        while !bytes.is_empty() {
            self.ready(self.request, PollFlags::POLLOUT, deadline, "a question")?;
            match nix::unistd::write(borrow(self.request), &bytes[..bytes.len().min(PIECE)]) {
                Ok(n) => bytes = &bytes[n..],
                Err(Errno::EINTR | Errno::EAGAIN) => {}
                Err(error) => return Err(WireError::Io(error.into())),
            }
        }
        Ok(())
    }

    /// Waits until `fd` is ready; the adapter's death and the deadline end the wait, readiness comes before death.
    fn ready(&self, fd: RawFd, flags: PollFlags, deadline: Deadline, during: &str) -> Result<(), WireError> {
        let died = || WireError::Died { pid: self.pid, during: during.to_owned() };
        let mut fds = vec![PollFd::new(borrow(fd), flags)];
        match &self.watch {
            Ok(watch) => fds.push(PollFd::new(watch.as_fd(), PollFlags::POLLIN)),
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => {
                return if self.poll_now(fd, flags)? { Ok(()) } else { Err(died()) };
            }
            Err(error) => return Err(WireError::Io(io::Error::new(error.kind(), format!("watching process {}: {error}", self.pid)))),
        }
        loop {
            let (began, left) = (Instant::now(), self.left(deadline));
            let slice = left.min(Duration::from_millis(SLICE_MS));
            let ready = poll(&mut fds, rounded_up(slice));
            let late = began.elapsed().saturating_sub(slice + Duration::from_millis(LATE_MS));
            self.slept.set(self.slept.get() + late);
            match ready {
                Ok(0) if self.left(deadline).is_zero() => return Err(WireError::TimedOut),
                Ok(0) => {}
                Ok(_) if fds[0].any() == Some(true) => return Ok(()),
                Ok(_) => return Err(died()),
                Err(Errno::EINTR) => {}
                Err(error) => return Err(WireError::Io(error.into())),
            }
        }
    }

    fn readable_now(&self) -> Result<bool, WireError> {
        self.poll_now(self.reply, PollFlags::POLLIN)
    }

    fn poll_now(&self, fd: RawFd, flags: PollFlags) -> Result<bool, WireError> {
        match poll(&mut [PollFd::new(borrow(fd), flags)], PollTimeout::ZERO) {
            Ok(n) => Ok(n > 0),
            Err(Errno::EINTR) => Ok(false),
            Err(error) => Err(WireError::Io(error.into())),
        }
    }

    fn fill(&mut self) -> Result<(), WireError> {
        self.buffer.drain(..self.taken);
        self.searched -= self.taken;
        self.taken = 0;
        let mut chunk = [0; 65536];
        match nix::unistd::read(borrow(self.reply), &mut chunk) {
            Ok(n) => self.buffer.extend_from_slice(&chunk[..n]),
            Err(Errno::EINTR | Errno::EAGAIN) => {}
            Err(error) => return Err(WireError::Io(error.into())),
        }
        Ok(())
    }

    /// The next whole line. What is taken is cut off with the next read, not line by line: a flood of short lines would be moved
    /// through memory once for each of them.
    fn take_line(&mut self) -> Option<Vec<u8>> {
        let Some(at) = self.buffer[self.searched..].iter().position(|byte| *byte == b'\n') else {
            self.searched = self.buffer.len();
            return None;
        };
        let end = self.searched + at;
        let line = self.buffer[self.taken..end].to_vec();
        (self.taken, self.searched) = (end + 1, end + 1);
        Some(line)
    }
}

/// The caller of [`Client::new`] keeps both descriptors open for as long as the client lives.
fn borrow<'a>(fd: RawFd) -> BorrowedFd<'a> {
    // SAFETY: by the contract of `Client::new` the descriptor is open while the client lives, and the borrow ends with the call.
    unsafe { BorrowedFd::borrow_raw(fd) }
}

/// A moment on the monotonic clock, and what had been slept when it was set.
#[derive(Clone, Copy, Debug)]
struct Deadline {
    at: Instant,
    slept: Duration,
}

/// A poll does not return just before the moment.
fn rounded_up(time: Duration) -> PollTimeout {
    let ms = time.as_nanos().div_ceil(1_000_000).min(i32::MAX as u128);
    PollTimeout::try_from(i32::try_from(ms).unwrap_or(i32::MAX)).unwrap_or(PollTimeout::MAX)
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
