//! Locks, queues and timed waits of Linux. Twin of `macos.rs`.

use super::os;
use super::queue::done;
use crate::plan::script::Outcome;
use std::ffi::CString;

/// Locks of open file descriptions, Linux 3.15.
pub const F_OFD_SETLK: i32 = libc::F_OFD_SETLK;
/// The same, waiting.
pub const F_OFD_SETLKW: i32 = libc::F_OFD_SETLKW;

/// Performs a command on locks of open file descriptions.
pub fn description_lock(command: i32, perform: impl FnOnce(i32) -> Result<Outcome, Outcome>) -> Result<Outcome, Outcome> {
    perform(command)
}

/// sem_timedwait, whose limit is a time of the real-time clock.
pub fn timed_down(semaphore: *mut libc::sem_t, ms: u32) -> Result<i32, Outcome> {
    let mut until = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: a valid place.
    unsafe { libc::clock_gettime(libc::CLOCK_REALTIME, &raw mut until) };
    let nanos = until.tv_nsec + i64::from(ms % 1000) * 1_000_000;
    until.tv_sec += i64::from(ms / 1000) + nanos / 1_000_000_000;
    until.tv_nsec = nanos % 1_000_000_000;
    // SAFETY: an initialised semaphore, a valid time.
    Ok(unsafe { libc::sem_timedwait(semaphore, &raw const until) })
}

/// Opens a POSIX queue twice, the second time non-blocking: that flag belongs to the description, and forks share it.
/// `limits`: make it, where none may be, for so many messages of so many bytes.
pub fn open_queue(path: &str, limits: Option<[u32; 2]>) -> Result<[i32; 2], Outcome> {
    let path = CString::new(path).map_err(|_| Outcome::Error("EINVAL".to_owned()))?;
    // SAFETY: all zeros are a valid mq_attr.
    let mut attributes: libc::mq_attr = unsafe { std::mem::zeroed() };
    let mut flags = libc::O_RDWR;
    if let Some([messages, size]) = limits {
        (attributes.mq_maxmsg, attributes.mq_msgsize) = (i64::from(messages), i64::from(size));
        flags |= libc::O_CREAT | libc::O_EXCL;
    }
    // SAFETY: a NUL-terminated name and valid attributes.
    let first = unsafe { libc::mq_open(path.as_ptr(), flags, 0o600 as libc::mode_t, &raw const attributes) };
    if first == -1 {
        return match os::errno() {
            libc::ENOSYS => Err(Outcome::Unavailable("this kernel has no POSIX message queues".to_owned())),
            _ => super::failed(),
        };
    }
    // SAFETY: as above; it exists now.
    match unsafe { libc::mq_open(path.as_ptr(), libc::O_RDWR | libc::O_NONBLOCK) } {
        -1 => super::failed(),
        second => Ok([first, second]),
    }
}

/// mq_send
pub fn send(queue: i32, text: &[u8], priority: i64) -> Result<(), Outcome> {
    // SAFETY: a readable slice.
    done(unsafe { libc::mq_send(queue, text.as_ptr().cast(), text.len(), priority as libc::c_uint) })
}

/// mq_receive: length and priority.
pub fn receive(queue: i32, room: &mut [u8]) -> Result<(usize, i64), Outcome> {
    let mut priority: libc::c_uint = 0;
    // SAFETY: a writable slice, a valid place.
    let length = unsafe { libc::mq_receive(queue, room.as_mut_ptr().cast(), room.len(), &raw mut priority) };
    usize::try_from(length).map(|length| (length, i64::from(priority))).or_else(|_| super::failed())
}

/// msgget. `create`: make it, where none may be; `limit`: for so many bytes.
pub fn open_sysv_queue(key: i32, create: bool, limit: Option<u64>) -> Result<i32, Outcome> {
    let flags = if create { libc::IPC_CREAT | libc::IPC_EXCL } else { 0 };
    // SAFETY: no pointers.
    let id = unsafe { libc::msgget(key, flags | 0o600) };
    done(id)?;
    if let Some(bytes) = limit {
        // SAFETY: a valid place for what the call tells, changed in one field and handed back.
        unsafe {
            let mut now: libc::msqid_ds = std::mem::zeroed();
            done(libc::msgctl(id, libc::IPC_STAT, &raw mut now))?;
            now.msg_qbytes = bytes as libc::msglen_t;
            done(libc::msgctl(id, libc::IPC_SET, &raw mut now))?;
        }
    }
    Ok(id)
}

/// msgctl(IPC_RMID)
pub fn remove_sysv_queue(id: i32) {
    // SAFETY: IPC_RMID takes no memory. Where it is gone already nothing is left to do.
    unsafe { libc::msgctl(id, libc::IPC_RMID, std::ptr::null_mut()) };
}

/// msgsnd: the type goes before the text.
pub fn send_sysv(queue: i32, text: &[u8], kind: i64, nohang: bool) -> Result<(), Outcome> {
    let whole = [&(kind as libc::c_long).to_ne_bytes(), text].concat();
    // SAFETY: a type and as many bytes as are told.
    done(unsafe { libc::msgsnd(queue, whole.as_ptr().cast(), text.len(), flag(nohang)) })
}

/// msgrcv: length and type.
pub fn receive_sysv(queue: i32, room: &mut [u8], wish: i64, nohang: bool) -> Result<(usize, i64), Outcome> {
    const TYPE: usize = size_of::<libc::c_long>();
    let mut whole = vec![0u8; TYPE + room.len()];
    // SAFETY: room for a type and as many bytes as are told.
    let length = unsafe { libc::msgrcv(queue, whole.as_mut_ptr().cast(), room.len(), wish as libc::c_long, flag(nohang)) };
    let length = usize::try_from(length).or_else(|_| super::failed())?;
    room[..length].copy_from_slice(&whole[TYPE..TYPE + length]);
    let kind = whole[..TYPE].try_into().map(libc::c_long::from_ne_bytes).unwrap_or_default();
    Ok((length, kind))
}

fn flag(nohang: bool) -> i32 {
    if nohang { libc::IPC_NOWAIT } else { 0 }
}
