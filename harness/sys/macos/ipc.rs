//! Message queues by name.

// msgget(2), msgctl(2): in <sys/msg.h>, left out by the libc crate on this platform.
unsafe extern "C" {
    fn msgget(key: libc::key_t, flags: libc::c_int) -> libc::c_int;
    fn msgctl(id: libc::c_int, command: libc::c_int, place: *mut libc::c_void) -> libc::c_int;
}

/// macOS has no POSIX message queues, so there is none of that name.
pub fn unlink_queue(_path: &str) -> bool {
    false
}

/// Removes a System V message queue; `errno` says why not.
pub fn remove_queue(key: libc::key_t) -> bool {
    // SAFETY: no pointers.
    unsafe {
        let id = msgget(key, 0);
        id != -1 && msgctl(id, libc::IPC_RMID, std::ptr::null_mut()) == 0
    }
}
