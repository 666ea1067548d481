//! Objects under names that outlive who made them: shared memory, semaphores, message queues.
//!
//! A scenario gives such an object a name of its own; what the machine sees bears the process id of the case's root, so that cases
//! side by side never meet, and whoever cleans up knows whose it was.

pub use super::{remove_queue, unlink_queue};
use std::ffi::CString;

/// The path under which shm_open, sem_open and mq_open have the name of this number.
pub fn path(root: i32, number: u16) -> String {
    format!("/childproof-{root}-n{number}")
}

/// The key under which shmget and msgget have it: process ids have 22 bits at most, and names are fewer than 64.
pub fn key(root: i32, number: u16) -> libc::key_t {
    0x4000_0000 | (root & 0x003f_ffff) << 6 | i32::from(number % 64)
}

/// Calls with a NUL-terminated name; whether that went well.
pub(super) fn with_name(name: &str, call: impl FnOnce(*const libc::c_char) -> libc::c_int) -> bool {
    CString::new(name).is_ok_and(|name| call(name.as_ptr()) == 0)
}

/// shm_unlink; `errno` says why not.
pub fn unlink_memory(path: &str) -> bool {
    // SAFETY: a NUL-terminated name.
    with_name(path, |name| unsafe { libc::shm_unlink(name) })
}

/// sem_unlink; `errno` says why not.
pub fn unlink_semaphore(path: &str) -> bool {
    // SAFETY: a NUL-terminated name.
    with_name(path, |name| unsafe { libc::sem_unlink(name) })
}

/// Marks a System V segment for removal; `errno` says why not.
pub fn remove_segment(key: libc::key_t) -> bool {
    // SAFETY: no pointers.
    unsafe {
        let id = libc::shmget(key, 0, 0);
        id != -1 && libc::shmctl(id, libc::IPC_RMID, std::ptr::null_mut()) == 0
    }
}

/// Removes whatever still has this name; what that was.
pub fn remove_all(root: i32, number: u16) -> Vec<String> {
    let (path, key) = (path(root, number), key(root, number));
    let removed = [
        (unlink_memory(&path), "shared memory"),
        (unlink_semaphore(&path), "semaphore"),
        (unlink_queue(&path), "message queue"),
        (remove_segment(key), "System V shared memory"),
        (remove_queue(key), "System V message queue"),
    ];
    removed.into_iter().filter(|(was, _)| *was).map(|(_, what)| format!("{what} {path}")).collect()
}
