//! What blocks other processes. macOS tells nobody which call a process is blocked in, which locks there are, or which sockets
//! belong together: what a hang is explained by here is the steps of its actors, and who is whose child.

use crate::trace::hang::{Call, Lock, Thread};

/// The process as a single thread, in a call that is not told.
pub fn threads(pid: i32) -> Vec<Thread> {
    let state = super::listed(pid).map_or("other", |line| line.state);
    vec![Thread { tid: pid, state: state.to_owned(), call: Call::default() }]
}

/// Whether a descriptor of another process is a FIFO that has a name.
pub fn is_fifo(_pid: i32, _fd: i32) -> bool {
    false
}

/// File locks that are held or waited for.
pub fn file_locks() -> Vec<Lock> {
    Vec::new()
}

/// Connected sockets: inode of one end, inode of the other.
pub fn socket_peers() -> Vec<(u64, u64)> {
    Vec::new()
}
