//! What main and a warden say to each other: length-prefixed postcard over a socket pair.
//!
//! The length is four bytes, little-endian. The end of the file is a message too: for the warden "main is gone", for main
//! "the warden is gone"; no process but these two holds an end.

use super::Isolation;
use crate::plan::script::Ended;
use crate::trace::state::Observations;
use crate::trace::{End, Event};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

/// No frame is longer: a case's output is cut long before.
const LONGEST: u32 = 1 << 30;

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

/// What came of a case.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Done {
    /// Events in the order in which they were recorded.
    pub events: Vec<Event>,
    /// How the case ended.
    pub end: End,
    /// What was seen from outside.
    pub observed: Observations,
    /// Version that the subject's hello gave; empty without one.
    pub version: String,
    /// The case did what a warden does not outlive: it is to be replaced.
    pub retire: bool,
}

/// How a process ended, in words for messages.
pub fn ended_in_words(ended: Ended) -> String {
    match ended {
        Ended::Exited(code) => format!("exited with {code}"),
        Ended::Killed { signal, core } => {
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
    buffer: Vec<u8>,
}

impl Channel {
    /// Over this socket.
    pub fn new(stream: UnixStream) -> Channel {
        Channel { stream, buffer: Vec::new() }
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
        let bytes = postcard::to_extend(frame, vec![0; 4]).map_err(io::Error::other)?;
        self.send_encoded(bytes)
    }

    fn send_encoded(&mut self, mut bytes: Vec<u8>) -> io::Result<()> {
        let length = u32::try_from(bytes.len() - 4).ok().filter(|length| *length <= LONGEST);
        let length = length.ok_or_else(|| io::Error::other("the frame is too long"))?;
        bytes[..4].copy_from_slice(&length.to_le_bytes());
        let mut rest = &bytes[..];
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
        let Some(length) = self.header()? else { return Ok(None) };
        if length > LONGEST {
            return Err(io::Error::other("the frame is too long"));
        }
        let whole = 4 + length as usize;
        while self.buffer.len() < whole {
            if self.fill(whole - self.buffer.len())? == 0 {
                return Ok(None);
            }
        }
        let frame = postcard::from_bytes(&self.buffer[4..whole]).map_err(io::Error::other);
        self.buffer.drain(..whole);
        frame.map(Some)
    }

    fn header(&mut self) -> io::Result<Option<u32>> {
        while self.buffer.len() < 4 {
            if self.fill(0)? == 0 {
                return Ok(None);
            }
        }
        let [a, b, c, d, ..] = self.buffer[..] else { return Ok(None) };
        Ok(Some(u32::from_le_bytes([a, b, c, d])))
    }

    /// Reads once, at least so much room as is known to be wanted.
    fn fill(&mut self, wanted: usize) -> io::Result<usize> {
        let before = self.buffer.len();
        self.buffer.resize(before + wanted.clamp(4096, 1 << 20), 0);
        let got = loop {
            match self.stream.read(&mut self.buffer[before..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // A peer that was killed with our bytes unread resets the connection; it is gone all the same.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => break Ok(0),
                other => break other,
            }
        };
        self.buffer.truncate(before + *got.as_ref().unwrap_or(&0));
        got
    }
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
            left.send(&Report::Refused(Vec::new())).unwrap();
        });
        assert_eq!(right.receive::<Report>().unwrap(), Some(long));
        assert_eq!(right.receive::<Report>().unwrap(), Some(Report::Refused(Vec::new())));
        sender.join().unwrap();
        assert_eq!(right.receive::<Report>().unwrap(), None);
        assert!(right.send(&Report::Refused(Vec::new())).is_err());
    }
}
