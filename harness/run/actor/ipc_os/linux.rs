//! What sockets and readiness need of Linux beyond POSIX. Twin of `macos.rs`.

use super::{failed, number};
use crate::generate::ipc::Interest;
use crate::plan::script::Outcome;

/// SOCK_SEQPACKET of unix sockets (unix(7), since Linux 2.6.4).
pub fn seqpacket() -> Result<i32, Outcome> {
    Ok(libc::SOCK_SEQPACKET)
}

/// MSG_CMSG_CLOEXEC (recvmsg(2), since Linux 2.6.23).
pub fn receive_cloexec() -> Result<i32, Outcome> {
    Ok(libc::MSG_CMSG_CLOEXEC)
}

/// Length of a control message; its type differs between platforms.
pub fn control_length(header: &libc::cmsghdr) -> usize {
    header.cmsg_len
}

/// SO_REUSEPORT spreads connections over the listeners (socket(7), since Linux 3.9).
pub fn spreads() -> Result<(), Outcome> {
    Ok(())
}

/// sendfile(2), gone on with until all is sent.
pub fn send_file(from: i32, to: i32, offset: u64, bytes: u64) -> Result<Outcome, Outcome> {
    let mut at = offset as libc::off_t;
    let end = (offset + bytes) as libc::off_t;
    while at < end {
        // SAFETY: a valid place for the offset.
        match unsafe { libc::sendfile(to, from, &raw mut at, (end - at) as usize) } {
            -1 => return failed(),
            0 => break,
            _ => {}
        }
    }
    Ok(Outcome::Done(Some(at - offset as libc::off_t)))
}

/// Whether an endpoint is ready, by an epoll set of its own.
pub fn by_queue(fd: i32, what: Interest, wait: bool) -> Result<bool, Outcome> {
    let queue = event_queue()?;
    let ready = watch(queue, fd, what, 0).and_then(|_| events(queue, wait));
    // SAFETY: our own descriptor.
    unsafe { libc::close(queue) };
    let (events, _) = ready?;
    Ok(events & wanted(what) != 0)
}

/// An epoll set.
pub fn event_queue() -> Result<i32, Outcome> {
    // SAFETY: no pointers.
    match unsafe { libc::epoll_create1(0) } {
        -1 => failed(),
        fd => Ok(fd),
    }
}

fn asked(what: Interest) -> u32 {
    match what {
        Interest::Read => libc::EPOLLIN as u32,
        Interest::Write => libc::EPOLLOUT as u32,
        // Told unasked.
        Interest::HangUp | Interest::Error => 0,
    }
}

fn wanted(what: Interest) -> u32 {
    match what {
        Interest::Read | Interest::Write => asked(what) | (libc::EPOLLHUP | libc::EPOLLERR) as u32,
        Interest::HangUp => libc::EPOLLHUP as u32,
        Interest::Error => libc::EPOLLERR as u32,
    }
}

/// EPOLL_CTL_ADD, level-triggered.
pub fn watch(queue: i32, fd: i32, what: Interest, tag: u32) -> Result<Outcome, Outcome> {
    let mut event = libc::epoll_event { events: asked(what), u64: tag.into() };
    // SAFETY: a valid event.
    number(unsafe { libc::epoll_ctl(queue, libc::EPOLL_CTL_ADD, fd, &raw mut event) })
}

/// One event and its tag; (0, 0) where there is none.
fn events(queue: i32, wait: bool) -> Result<(u32, u64), Outcome> {
    let mut event = libc::epoll_event { events: 0, u64: 0 };
    // SAFETY: room for one event.
    match unsafe { libc::epoll_wait(queue, &raw mut event, 1, if wait { -1 } else { 0 }) } {
        -1 => failed(),
        0 => Ok((0, 0)),
        _ => Ok((event.events, event.u64)),
    }
}

/// The tag of something that is ready.
pub fn next_event(queue: i32, wait: bool) -> Result<Outcome, Outcome> {
    Ok(match events(queue, wait)? {
        (0, _) => Outcome::Pending,
        (_, tag) => Outcome::Done(i64::try_from(tag).ok()),
    })
}
