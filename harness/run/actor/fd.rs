//! Descriptors: pipe, open, close, dup2, read, write.

use super::{DONE, Performer, failed, number, os};
use crate::generate::act::{Amount, FdRef, Mode, Payload};
use crate::plan::record;
use crate::plan::script::Outcome;
use crate::trace::What;
use std::ffi::CString;

/// What a payload pattern repeats.
pub const PATTERN: &[u8] = b"0123456789abcdef";
const CHUNK: usize = 65536;

impl Performer<'_> {
    pub(super) fn pipe(&mut self, read: u16, write: u16, cloexec: bool, nonblock: bool, capacity: Option<u64>) -> Result<Outcome, Outcome> {
        let mut ends = [0; 2];
        // SAFETY: room for two descriptors.
        if unsafe { libc::pipe(ends.as_mut_ptr()) } == -1 {
            return failed();
        }
        self.keep(read, ends[0]);
        self.keep(write, ends[1]);
        for end in ends {
            set_cloexec(end, cloexec)?;
            set_nonblock(end, nonblock)?;
        }
        match capacity {
            Some(bytes) => os::set_pipe_capacity(ends[1], bytes),
            None => DONE,
        }
    }

    pub(super) fn open(&mut self, slot: u16, path: &str, mode: Mode, flags: i32) -> Result<Outcome, Outcome> {
        let access = match mode {
            Mode::Read => libc::O_RDONLY,
            Mode::Write => libc::O_WRONLY,
            Mode::ReadWrite => libc::O_RDWR,
            Mode::Append => libc::O_WRONLY | libc::O_APPEND,
        };
        let path = CString::new(self.fill(path)).map_err(|_| Outcome::Error("EINVAL".to_owned()))?;
        // SAFETY: a NUL-terminated path.
        let fd = unsafe { libc::open(path.as_ptr(), access | flags, 0o600) };
        if fd == -1 {
            return failed();
        }
        self.keep(slot, fd);
        DONE
    }

    pub(super) fn close(&mut self, fd: FdRef) -> Result<Outcome, Outcome> {
        // SAFETY: closing a descriptor of the scenario's; nothing else in this process owns it.
        let result = unsafe { libc::close(self.fd(fd)) };
        if let FdRef::Slot(slot) = fd {
            self.keep(slot, -1);
        }
        if result == -1 { failed() } else { DONE }
    }

    pub(super) fn dup2(&mut self, from: FdRef, to: FdRef) -> Result<Outcome, Outcome> {
        // SAFETY: the target belongs to the scenario.
        number(unsafe { libc::dup2(self.fd(from), self.fd(to)) })
    }

    pub(super) fn write(&mut self, fd: FdRef, payload: &Payload, once: bool, no_signal: bool) -> Result<Outcome, Outcome> {
        let fd = self.fd(fd);
        let put = if no_signal { put_without_signal } else { put };
        match payload {
            Payload::Bytes(bytes) => all(fd, bytes, once, put),
            Payload::Pattern(length) => all(fd, &pattern(*length as usize), once, put),
        }
    }

    pub(super) fn write_records(&mut self, fd: FdRef, count: u32, size: u32, piece: u32) -> Result<Outcome, Outcome> {
        let fd = self.fd(fd);
        let mut line = vec![0; (size as usize).max(record::SHORTEST)];
        let mut written = 0;
        for _ in 0..count {
            record::fill(&mut line, self.actor, self.records);
            let pieces = if piece == 0 { line.len() } else { piece as usize };
            for part in line.chunks(pieces) {
                send(fd, part, false)?;
                written += part.len() as i64;
            }
            self.records += 1;
        }
        Ok(Outcome::Done(Some(written)))
    }

    pub(super) fn read(&mut self, fd: FdRef, stream: &str, amount: Amount, chunk: u32) -> Result<Outcome, Outcome> {
        let fd = self.fd(fd);
        let chunk = if chunk == 0 { CHUNK } else { chunk as usize };
        let limit = match amount {
            Amount::ToEof => u64::MAX,
            Amount::Exactly(bytes) | Amount::Once(bytes) => bytes,
        };
        let mut buffer = vec![0; chunk.min(usize::try_from(limit).unwrap_or(chunk)).max(1)];
        let mut total = 0u64;
        while total < limit {
            let want = buffer.len().min(usize::try_from(limit - total).unwrap_or(usize::MAX));
            // SAFETY: `want` bytes of the buffer are ours.
            let got = unsafe { libc::read(fd, buffer.as_mut_ptr().cast(), want) };
            if got < 0 {
                return failed();
            }
            if got == 0 {
                return Ok(if total == 0 { Outcome::Eof } else { Outcome::Done(Some(total as i64)) });
            }
            self.note_step(What::Data { stream: stream.to_owned(), bytes: buffer[..got as usize].to_vec() });
            total += got as u64;
            if matches!(amount, Amount::Once(_)) {
                break;
            }
        }
        Ok(Outcome::Done(Some(total as i64)))
    }

    pub(super) fn copy(&mut self, from: FdRef, to: FdRef) -> Result<Outcome, Outcome> {
        let (from, to) = (self.fd(from), self.fd(to));
        let mut buffer = vec![0; CHUNK];
        let mut total = 0;
        loop {
            // SAFETY: the buffer is ours.
            let got = unsafe { libc::read(from, buffer.as_mut_ptr().cast(), buffer.len()) };
            match usize::try_from(got) {
                Err(_) => return failed(),
                Ok(0) => return Ok(Outcome::Done(Some(total))),
                Ok(got) => drop(send(to, &buffer[..got], false)?),
            }
            total += got as i64;
        }
    }

    pub(super) fn set_flags(&mut self, fd: FdRef, nonblock: Option<bool>, cloexec: Option<bool>) -> Result<Outcome, Outcome> {
        let fd = self.fd(fd);
        if let Some(on) = nonblock {
            set_nonblock(fd, on)?;
        }
        if let Some(on) = cloexec {
            set_cloexec(fd, on)?;
        }
        DONE
    }
}

/// So many bytes of the pattern.
pub fn pattern(length: usize) -> Vec<u8> {
    PATTERN.iter().copied().cycle().take(length).collect()
}

/// Writes all of it (or makes one call); the count.
pub(super) fn send(fd: i32, bytes: &[u8], once: bool) -> Result<Outcome, Outcome> {
    all(fd, bytes, once, put)
}

fn put(fd: i32, bytes: &[u8]) -> isize {
    // SAFETY: the slice is readable.
    unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) }
}

fn put_without_signal(fd: i32, bytes: &[u8]) -> isize {
    // SAFETY: the slice is readable.
    unsafe { libc::send(fd, bytes.as_ptr().cast(), bytes.len(), libc::MSG_NOSIGNAL) }
}

fn all(fd: i32, bytes: &[u8], once: bool, put: fn(i32, &[u8]) -> isize) -> Result<Outcome, Outcome> {
    let mut sent = 0;
    loop {
        let count = put(fd, &bytes[sent..]);
        if count < 0 {
            return failed();
        }
        sent += count as usize;
        if once || sent >= bytes.len() {
            return Ok(Outcome::Done(Some(sent as i64)));
        }
    }
}

pub(super) fn set_cloexec(fd: i32, on: bool) -> Result<Outcome, Outcome> {
    // SAFETY: fcntl on a number; a bad one is an error.
    number(unsafe { libc::fcntl(fd, libc::F_SETFD, if on { libc::FD_CLOEXEC } else { 0 }) })
}

fn set_nonblock(fd: i32, on: bool) -> Result<Outcome, Outcome> {
    // SAFETY: as above.
    let flags = unsafe { libc::fcntl(fd, libc::F_GETFL) };
    if flags == -1 {
        return failed();
    }
    let wanted = if on { flags | libc::O_NONBLOCK } else { flags & !libc::O_NONBLOCK };
    if wanted == flags {
        return DONE;
    }
    // SAFETY: as above.
    number(unsafe { libc::fcntl(fd, libc::F_SETFL, wanted) })
}
