//! What sockets and readiness need of macOS beyond POSIX. Twin of `linux.rs`.

use super::failed;
use crate::generate::ipc::Interest;
use crate::plan::script::Outcome;

fn unavailable<T>(why: &str) -> Result<T, Outcome> {
    Err(Outcome::Unavailable(why.to_owned()))
}

/// unix(4) of macOS knows streams and datagrams only.
pub fn seqpacket() -> Result<i32, Outcome> {
    unavailable("macOS has no SOCK_SEQPACKET for unix sockets")
}

/// Close-on-exec can only be set after the descriptor is there.
pub fn receive_cloexec() -> Result<i32, Outcome> {
    unavailable("macOS has no MSG_CMSG_CLOEXEC")
}

/// Length of a control message; its type differs between platforms.
pub fn control_length(header: &libc::cmsghdr) -> usize {
    header.cmsg_len as usize
}

/// setsockopt(2) of macOS lets several sockets have one address and says nothing of spreading.
pub fn spreads() -> Result<(), Outcome> {
    unavailable("macOS does not say that SO_REUSEPORT spreads connections")
}

/// sendfile(2), gone on with until all is sent; it takes sockets only, and tells the count through its length.
pub fn send_file(from: i32, to: i32, offset: u64, bytes: u64) -> Result<Outcome, Outcome> {
    let mut sent = 0u64;
    while sent < bytes {
        let mut length = (bytes - sent) as libc::off_t;
        // SAFETY: a valid place for the length; no headers.
        let result = unsafe { libc::sendfile(from, to, (offset + sent) as libc::off_t, &raw mut length, std::ptr::null_mut(), 0) };
        if result == -1 {
            return failed();
        }
        if length == 0 {
            break;
        }
        sent += length as u64;
    }
    Ok(Outcome::Done(i64::try_from(sent).ok()))
}

/// Whether an endpoint is ready, by a kqueue of its own. An end of file is told by EV_EOF, and so is a lost reader.
pub fn by_queue(fd: i32, what: Interest, wait: bool) -> Result<bool, Outcome> {
    let filter = match what {
        Interest::Write => libc::EVFILT_WRITE,
        Interest::Error => return unavailable("kqueue tells of no error apart from the end"),
        Interest::Read | Interest::HangUp => libc::EVFILT_READ,
    };
    // SAFETY: a fresh kqueue, one change, room for one event; closed again.
    unsafe {
        let queue = libc::kqueue();
        if queue == -1 {
            return failed();
        }
        let mut event: libc::kevent = std::mem::zeroed();
        event.ident = fd as libc::uintptr_t;
        event.filter = filter;
        event.flags = libc::EV_ADD;
        let now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        let limit = if wait { std::ptr::null() } else { &raw const now };
        let change = event;
        let count = libc::kevent(queue, &raw const change, 1, &raw mut event, 1, limit);
        let result = if count == -1 { failed() } else { Ok(count > 0 && (what != Interest::HangUp || event.flags & libc::EV_EOF != 0)) };
        libc::close(queue);
        result
    }
}

/// A kqueue is not inherited by fork (kqueue(2)).
pub fn event_queue() -> Result<i32, Outcome> {
    unavailable("macOS has no epoll, and its kqueue is not inherited by fork")
}

/// Never reached: there is no queue.
pub fn watch(_queue: i32, _fd: i32, _what: Interest, _tag: u32) -> Result<Outcome, Outcome> {
    unavailable("macOS has no epoll")
}

/// Never reached: there is no queue.
pub fn next_event(_queue: i32, _wait: bool) -> Result<Outcome, Outcome> {
    unavailable("macOS has no epoll")
}
