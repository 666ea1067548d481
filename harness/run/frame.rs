//! What main and a warden say to each other: length-prefixed postcard over a socket pair.
//!
//! The length is four bytes, little-endian. The end of the file is a message too: for the warden "main is gone", for main
//! "the warden is gone"; no process but these two holds an end.

use super::Isolation;
use crate::plan::script::Ended;
use crate::trace::End;
use crate::trace::hang::Snapshot;
use crate::trace::state::{LeftProcess, ProcState};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

/// No frame is longer: a case's output is cut long before.
const LONGEST: u32 = 1 << 30;
/// Bytes beside a frame are sent with it up to this length.
const SHORT: usize = 16 << 10;
/// What a warden says whose run directory is gone: the case may have done it, or somebody outside.
pub const REMOVED: &str = "the directory that the case ran in was removed";
/// A buffer that grew beyond this is given back.
const ROOMY: usize = 1 << 20;
/// Bytes that can be received at once at least.
const ROOM: usize = 2 << 10;

/// From main to a warden.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Order {
    /// First of all: how to set up.
    Start(Start),
    /// Run this.
    Run(Box<Job>),
}

/// How a warden sets itself up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// Levels to try, in this order; the first that works is taken.
    pub levels: Vec<Isolation>,
    /// The CPU to stay on.
    pub cpu: Option<usize>,
    /// The CPUs that a parallel case may use.
    pub cpus: Vec<usize>,
    /// The agent's executable.
    pub agent: PathBuf,
    /// Size of the run directory's file system in bytes.
    pub bytes: u64,
    /// Bytes of memory that a case may use.
    pub memory: u64,
}

/// One case to run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// The program, in postcard.
    pub program: Vec<u8>,
    /// The adapter to drive, on the library plane.
    pub adapter: Option<AdapterCommand>,
    /// Limit of the adapter's start in milliseconds.
    pub start_ms: u64,
    /// Limit of one request in milliseconds.
    pub request_ms: u64,
}

/// How an adapter is started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdapterCommand {
    /// The program and its arguments.
    pub argv: Vec<OsString>,
    /// Environment beside that of every case.
    pub env: Vec<(OsString, OsString)>,
}

impl AdapterCommand {
    /// The command line for messages.
    pub fn shown(&self) -> String {
        self.argv.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }
}

/// From a warden to main.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Report {
    /// Set up and ready.
    Hello(Hello),
    /// No level works: each with the reason.
    Refused(Vec<(Isolation, String)>),
    /// A case has ended.
    Done(Box<Done>),
    /// The warden itself failed; it is gone after this.
    Broken(String),
}

/// A warden's greeting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hello {
    /// The level that it works at.
    pub isolation: Isolation,
    /// Levels tried before it, with the reason why they do not work here.
    pub tried: Vec<(Isolation, String)>,
    /// Its run directory.
    pub run: PathBuf,
}

/// What came of a case, as raw as the warden has it: every page that a warden writes to it has to copy after the next fork,
/// so what can be worked out elsewhere is (see `record.rs`). The log of events follows as bytes of its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Done {
    /// The arena's log. Not part of the frame.
    #[serde(skip)]
    pub log: Vec<u8>,
    /// How the case ended.
    pub end: End,
    /// The driver's last event tells why its subject failed as a partner.
    pub last_words: bool,
    /// Version that the subject's hello gave; empty without one.
    pub version: String,
    /// What was written to standard output and error, by name.
    pub output: Vec<(String, Vec<u8>)>,
    /// The case root.
    pub root: i32,
    /// The adapter before and after the case.
    pub adapter: [Option<ProcState>; 2],
    /// Flags of the three shared descriptions before and after; nothing when the case could not begin.
    pub flags: [Option<[i32; 3]>; 2],
    /// See [`Observations`](crate::trace::state::Observations).
    pub accounted_fds: Vec<i32>,
    /// As above.
    pub left: Vec<LeftProcess>,
    /// As above.
    pub files: Vec<String>,
    /// As above.
    pub shared: Vec<String>,
    /// As above.
    pub hang: Option<Box<Snapshot>>,
    /// The case did what a warden does not outlive: it is to be replaced.
    pub retire: bool,
}

/// How a process ended, in words for messages.
pub fn ended_in_words(ended: Ended) -> String {
    match ended {
        Ended::Exited(code) => format!("exited with {code}"),
        Ended::Killed { signal, core } | Ended::KilledExactly { signal, core } => {
            format!("was killed by {}{}", signal_in_words(signal), if core { " and dumped core" } else { "" })
        }
        Ended::Stopped(signal) => format!("was stopped by {}", signal_in_words(signal)),
        Ended::Continued => "was continued".to_owned(),
    }
}

fn signal_in_words(signal: i32) -> String {
    crate::names::signal_name(signal).map_or_else(|| format!("signal {signal}"), |name| format!("signal {signal} ({name})"))
}

/// One end of the channel.
#[derive(Debug)]
pub struct Channel {
    stream: UnixStream,
    /// What has been received and not been taken is its beginning, so long; the rest is room.
    buffer: Vec<u8>,
    filled: usize,
    /// What is sent is put together here. Both are kept: a warden copies every page that it writes to after a fork, and fresh memory is
    /// somewhere else each time.
    outgoing: Vec<u8>,
}

impl Channel {
    /// Over this socket.
    pub fn new(stream: UnixStream) -> Channel {
        Channel { stream, buffer: Vec::new(), filled: 0, outgoing: Vec::new() }
    }

    /// The descriptor, to poll.
    pub fn fd(&self) -> RawFd {
        self.stream.as_raw_fd()
    }

    /// The socket.
    pub fn stream(&self) -> &UnixStream {
        &self.stream
    }

    /// Sends one frame.
    ///
    /// # Errors
    /// `EPIPE` when the other side is gone.
    pub fn send<T: Serialize>(&mut self, frame: &T) -> io::Result<()> {
        self.send_with_tail(frame, |_| Ok(()))
    }

    /// Sends one frame, and bytes after it for [`Channel::receive_bytes`].
    ///
    /// # Errors
    /// As [`Channel::send`].
    pub fn send_with<T: Serialize>(&mut self, frame: &T, after: &[u8]) -> io::Result<()> {
        // A call costs more than copying what is short.
        let (now, later) = if after.len() <= SHORT { (after, &[][..]) } else { (&[][..], after) };
        self.send_with_tail(frame, |bytes| {
            bytes.extend(length_of(after)?.to_le_bytes());
            bytes.extend_from_slice(now);
            Ok(())
        })?;
        self.send_all(later)
    }

    fn send_with_tail<T: Serialize>(&mut self, frame: &T, tail: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> io::Result<()> {
        let mut bytes = encoded(frame, std::mem::take(&mut self.outgoing))?;
        tail(&mut bytes)?;
        let sent = self.send_all(&bytes);
        if bytes.capacity() <= ROOMY {
            self.outgoing = bytes;
        }
        sent
    }

    fn send_all(&self, mut rest: &[u8]) -> io::Result<()> {
        while !rest.is_empty() {
            match crate::sys::send_quietly(self.fd(), rest) {
                Ok(sent) => rest = &rest[sent..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Waits for the next frame; `None` when the other side is gone.
    ///
    /// # Errors
    /// Those of read, and bytes that are no frame.
    pub fn receive<T: DeserializeOwned>(&mut self) -> io::Result<Option<T>> {
        self.whole(|bytes| postcard::from_bytes(bytes).map_err(io::Error::other))?.transpose()
    }

    /// Waits for the bytes that follow a frame; `None` when the other side is gone.
    ///
    /// # Errors
    /// As [`Channel::receive`].
    pub fn receive_bytes(&mut self) -> io::Result<Option<Vec<u8>>> {
        self.whole(<[u8]>::to_vec)
    }

    fn whole<T>(&mut self, make: impl FnOnce(&[u8]) -> T) -> io::Result<Option<T>> {
        let Some(length) = self.header()? else { return Ok(None) };
        if length > LONGEST {
            return Err(io::Error::other("the frame is too long"));
        }
        let whole = 4 + length as usize;
        while self.filled < whole {
            if self.fill(whole - self.filled)? == 0 {
                return Ok(None);
            }
        }
        let made = make(&self.buffer[4..whole]);
        self.buffer.copy_within(whole..self.filled, 0);
        self.filled -= whole;
        if self.buffer.len() > ROOMY && self.filled == 0 {
            // One talkative case must not cost its memory for ever.
            self.buffer = Vec::new();
        }
        Ok(Some(made))
    }

    fn header(&mut self) -> io::Result<Option<u32>> {
        while self.filled < 4 {
            if self.fill(0)? == 0 {
                return Ok(None);
            }
        }
        let [a, b, c, d, ..] = self.buffer[..] else { return Ok(None) };
        Ok(Some(u32::from_le_bytes([a, b, c, d])))
    }

    /// Reads once, at least so much room as is known to be wanted.
    fn fill(&mut self, wanted: usize) -> io::Result<usize> {
        let room = wanted.clamp(ROOM, 1 << 20);
        if self.buffer.len() - self.filled < room {
            self.buffer.resize(self.filled + 2 * room, 0);
        }
        let got = loop {
            match self.stream.read(&mut self.buffer[self.filled..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // A peer that was killed with our bytes unread resets the connection; it is gone all the same.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => break Ok(0),
                other => break other,
            }
        };
        self.filled += *got.as_ref().unwrap_or(&0);
        got
    }
}

fn length_of(bytes: &[u8]) -> io::Result<u32> {
    let length = u32::try_from(bytes.len()).ok().filter(|length| *length <= LONGEST);
    length.ok_or_else(|| io::Error::other("the frame is too long"))
}

/// The frame with its length before it, in the place of whatever this vector held.
fn encoded<T: Serialize>(frame: &T, mut place: Vec<u8>) -> io::Result<Vec<u8>> {
    place.clear();
    place.extend([0; 4]);
    let mut bytes = postcard::to_extend(frame, place).map_err(io::Error::other)?;
    let length = length_of(&bytes[4..])?;
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_arrive_whole_and_in_order_and_the_end_is_told() {
        let (left, right) = UnixStream::pair().unwrap();
        let (mut left, mut right) = (Channel::new(left), Channel::new(right));
        let long = Report::Broken("x".repeat(300_000));
        let sent = long.clone();
        let sender = std::thread::spawn(move || {
            left.send(&sent).unwrap();
            left.send_with(&Report::Refused(Vec::new()), &[7; 100_000]).unwrap();
            left.send_with(&Report::Refused(Vec::new()), &[]).unwrap();
        });
        assert_eq!(right.receive::<Report>().unwrap(), Some(long));
        for after in [vec![7; 100_000], Vec::new()] {
            assert_eq!(right.receive::<Report>().unwrap(), Some(Report::Refused(Vec::new())));
            assert_eq!(right.receive_bytes().unwrap(), Some(after));
        }
        sender.join().unwrap();
        assert_eq!(right.receive::<Report>().unwrap(), None);
        assert!(right.send(&Report::Refused(Vec::new())).is_err());
    }
}
