//! Socket pairs, descriptors that travel, readiness, files sent to sockets.
//!
//! A control message is laid out by hand: the macros of cmsg(3) round its room up, so that on Linux a buffer made with CMSG_SPACE for
//! an odd number of descriptors takes one more than was meant, and a scenario about truncation would see none.

use super::{DONE, Performer, failed, ipc_os, number};
use crate::generate::act::FdRef;
use crate::generate::ipc::{Carrier, Fact, Interest, Ipc, PairKind, Teller};
use crate::plan::script::Outcome;

/// Descriptors in one control message at most, one more than Linux takes.
const MOST_FDS: usize = 254;
/// Room for them, in words so that it is aligned.
const CONTROL_WORDS: usize = 8 + MOST_FDS;

impl Performer<'_> {
    pub(super) fn ipc(&mut self, act: &Ipc) -> Result<Outcome, Outcome> {
        match act {
            Ipc::SocketPair { a, b, kind } => self.socket_pair(*a, *b, *kind),
            Ipc::Bind { slot, listener, family } => self.bind(*slot, *listener, *family),
            Ipc::Listen { slot, listener, family, backlog, reuse } => self.listen_with(*slot, *listener, *family, *backlog, *reuse),
            Ipc::Announce { listener } => self.announce(*listener),
            Ipc::Shutdown { fd, read, write } => {
                let how = match (read, write) {
                    (true, false) => libc::SHUT_RD,
                    (false, true) => libc::SHUT_WR,
                    _ => libc::SHUT_RDWR,
                };
                // SAFETY: no pointers.
                number(unsafe { libc::shutdown(self.fd(*fd), how) })
            }
            Ipc::SendFds { over, fds, times } => self.send_fds(*over, fds, *times),
            Ipc::ReceiveFds { over, first, room, cloexec, truncated } => self.receive_fds(*over, *first, *room, *cloexec, *truncated),
            Ipc::SendFile { from, to, via, offset, bytes } => {
                let (from, to) = (self.fd(*from), self.fd(*to));
                match via {
                    Carrier::Sendfile => ipc_os::send_file(from, to, *offset, *bytes),
                    Carrier::Mmap => map_and_write(from, to, *offset, *bytes),
                }
            }
            Ipc::Query { of, what } => query(self.fd(*of), *what),
            Ipc::Ready { of, what, via, wait } => {
                let fd = self.fd(*of);
                settled(match via {
                    Teller::Select => by_select(fd, *what, *wait),
                    Teller::Poll => by_poll(fd, *what, *wait),
                    Teller::Queue => ipc_os::by_queue(fd, *what, *wait),
                })
            }
            Ipc::EventQueue { slot } => {
                let fd = ipc_os::event_queue()?;
                self.keep(*slot, fd);
                DONE
            }
            Ipc::Watch { queue, of, what, tag } => ipc_os::watch(self.fd(*queue), self.fd(*of), *what, *tag),
            Ipc::NextEvent { queue, wait } => ipc_os::next_event(self.fd(*queue), *wait),
        }
    }

    fn socket_pair(&mut self, a: u16, b: u16, kind: PairKind) -> Result<Outcome, Outcome> {
        let kind = match kind {
            PairKind::Stream => libc::SOCK_STREAM,
            PairKind::Dgram => libc::SOCK_DGRAM,
            PairKind::Seqpacket => ipc_os::seqpacket()?,
        };
        let mut ends = [0; 2];
        // SAFETY: room for two descriptors.
        if unsafe { libc::socketpair(libc::AF_UNIX, kind, 0, ends.as_mut_ptr()) } == -1 {
            return failed();
        }
        self.keep(a, ends[0]);
        self.keep(b, ends[1]);
        DONE
    }

    fn send_fds(&mut self, over: FdRef, fds: &[FdRef], times: u32) -> Result<Outcome, Outcome> {
        let once: Vec<i32> = fds.iter().map(|fd| self.fd(*fd)).collect();
        let all: Vec<i32> = once.iter().copied().cycle().take((once.len() * times as usize).min(MOST_FDS)).collect();
        let mut control = [0u64; CONTROL_WORDS];
        let mut byte = *b".";
        let mut part = libc::iovec { iov_base: byte.as_mut_ptr().cast(), iov_len: 1 };
        let mut message = header(&mut part, &mut control, all.len());
        // SAFETY: the control buffer has room for a header and all the descriptors.
        unsafe {
            let first = libc::CMSG_FIRSTHDR(&raw const message);
            (*first).cmsg_level = libc::SOL_SOCKET;
            (*first).cmsg_type = libc::SCM_RIGHTS;
            (*first).cmsg_len = message.msg_controllen as _;
            std::ptr::copy_nonoverlapping(all.as_ptr().cast::<u8>(), libc::CMSG_DATA(first), size_of_val(&all[..]));
            if libc::sendmsg(self.fd(over), &raw mut message, 0) == -1 {
                return failed();
            }
        }
        Ok(Outcome::Done(Some(all.len() as i64)))
    }

    fn receive_fds(&mut self, over: FdRef, first: u16, room: u16, cloexec: bool, truncated: bool) -> Result<Outcome, Outcome> {
        let flags = if cloexec { ipc_os::receive_cloexec()? } else { 0 };
        let mut control = [0u64; CONTROL_WORDS];
        let mut byte = *b"!";
        let mut part = libc::iovec { iov_base: byte.as_mut_ptr().cast(), iov_len: 1 };
        let mut message = header(&mut part, &mut control, usize::from(room).min(MOST_FDS));
        // SAFETY: a message with valid buffers.
        let got = unsafe { libc::recvmsg(self.fd(over), &raw mut message, flags) };
        if got < 0 {
            return failed();
        }
        let received = rights(&message);
        for (slot, fd) in (first..).zip(&received) {
            self.keep(slot, *fd);
        }
        if got == 0 && received.is_empty() {
            return Ok(Outcome::Eof);
        }
        match (message.msg_flags & libc::MSG_CTRUNC != 0, truncated) {
            (true, false) => Err(Outcome::Error("EMSGSIZE".to_owned())),
            (false, true) => Err(Outcome::Other("MSG_CTRUNC does not say that descriptors were cut off".to_owned())),
            _ => Ok(Outcome::Done(Some(received.len() as i64))),
        }
    }
}

/// A message of one byte with room for so many descriptors and no more.
fn header(part: &mut libc::iovec, control: &mut [u64; CONTROL_WORDS], fds: usize) -> libc::msghdr {
    // SAFETY: an all-zero message is valid; the length is computed, nothing is read.
    unsafe {
        let mut message: libc::msghdr = std::mem::zeroed();
        message.msg_iov = part;
        message.msg_iovlen = 1;
        message.msg_control = control.as_mut_ptr().cast();
        message.msg_controllen = libc::CMSG_LEN((fds * size_of::<i32>()) as u32) as _;
        message
    }
}

/// The descriptors that came with a message.
fn rights(message: &libc::msghdr) -> Vec<i32> {
    let mut fds = Vec::new();
    // SAFETY: the system filled in the control buffer that the message names, and its length; the headers are walked as cmsg(3) says.
    unsafe {
        let mut header = libc::CMSG_FIRSTHDR(message);
        while let Some(part) = header.as_ref() {
            if part.cmsg_level == libc::SOL_SOCKET && part.cmsg_type == libc::SCM_RIGHTS {
                let bytes = ipc_os::control_length(part).saturating_sub(libc::CMSG_LEN(0) as usize);
                let data = libc::CMSG_DATA(header).cast::<i32>();
                fds.extend((0..bytes / size_of::<i32>()).map(|at| data.add(at).read_unaligned()));
            }
            header = libc::CMSG_NXTHDR(message, header);
        }
    }
    fds
}

fn settled(ready: Result<bool, Outcome>) -> Result<Outcome, Outcome> {
    Ok(if ready? { Outcome::Done(None) } else { Outcome::Pending })
}

fn by_select(fd: i32, what: Interest, wait: bool) -> Result<bool, Outcome> {
    if fd < 0 || fd as usize >= libc::FD_SETSIZE {
        return Err(Outcome::Unavailable(format!("select takes descriptors below {} only", libc::FD_SETSIZE)));
    }
    let mut limit = libc::timeval { tv_sec: 0, tv_usec: 0 };
    // SAFETY: a zeroed set is empty, and the descriptor fits into it.
    unsafe {
        let mut set: libc::fd_set = std::mem::zeroed();
        libc::FD_SET(fd, &raw mut set);
        let nothing: *mut libc::fd_set = std::ptr::null_mut();
        let limit = if wait { nothing.cast() } else { &raw mut limit };
        let (read, write) = if what == Interest::Write { (nothing, &raw mut set) } else { (&raw mut set, nothing) };
        match libc::select(fd + 1, read, write, nothing, limit) {
            -1 => failed(),
            count => Ok(count > 0),
        }
    }
}

fn by_poll(fd: i32, what: Interest, wait: bool) -> Result<bool, Outcome> {
    let events = match what {
        Interest::Read => libc::POLLIN,
        Interest::Write => libc::POLLOUT,
        Interest::HangUp | Interest::Error => 0,
    };
    let wanted = match what {
        Interest::Read | Interest::Write => events | libc::POLLHUP | libc::POLLERR,
        Interest::HangUp => libc::POLLHUP,
        Interest::Error => libc::POLLERR,
    };
    let mut entry = libc::pollfd { fd, events, revents: 0 };
    // SAFETY: one entry.
    if unsafe { libc::poll(&raw mut entry, 1, if wait { -1 } else { 0 }) } == -1 {
        return failed();
    }
    if entry.revents & libc::POLLNVAL != 0 {
        return Err(Outcome::Error("EBADF".to_owned()));
    }
    Ok(entry.revents & wanted != 0)
}

fn query(fd: i32, what: Fact) -> Result<Outcome, Outcome> {
    let flag = |got: i32, bit: i32| if got == -1 { failed() } else { Ok(Outcome::Done(Some(i64::from(got & bit != 0)))) };
    // SAFETY: calls on a number; a bad one is an error, and `available` is a valid place.
    unsafe {
        match what {
            Fact::CloseOnExec => flag(libc::fcntl(fd, libc::F_GETFD), libc::FD_CLOEXEC),
            Fact::Nonblock => flag(libc::fcntl(fd, libc::F_GETFL), libc::O_NONBLOCK),
            Fact::Offset => number(libc::lseek(fd, 0, libc::SEEK_CUR)),
            Fact::Available => {
                let mut available: libc::c_int = 0;
                if libc::ioctl(fd, libc::FIONREAD, &raw mut available) == -1 { failed() } else { number(available) }
            }
        }
    }
}

/// Maps the pages that hold the part, and writes it from there.
fn map_and_write(from: i32, to: i32, offset: u64, bytes: u64) -> Result<Outcome, Outcome> {
    // SAFETY: sysconf only reads.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) }.max(1) as u64;
    let before = (offset % page) as usize;
    let length = before + bytes as usize;
    if bytes == 0 {
        return Ok(Outcome::Done(Some(0)));
    }
    // SAFETY: a fresh mapping, read within its length and within the file, and unmapped again.
    unsafe {
        let start = (offset - before as u64) as libc::off_t;
        let place = libc::mmap(std::ptr::null_mut(), length, libc::PROT_READ, libc::MAP_SHARED, from, start);
        if place == libc::MAP_FAILED {
            return failed();
        }
        let part = std::slice::from_raw_parts(place.cast::<u8>().add(before), bytes as usize);
        let sent = super::fd::send(to, part, false);
        libc::munmap(place, length);
        sent
    }
}
