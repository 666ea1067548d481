//! Locks, queues and timed waits of macOS. Twin of `linux.rs`.

use super::os;
use super::queue::done;
use crate::plan::script::Outcome;

/// Locks of open file descriptions: <sys/fcntl.h> of the kernel; the libc crate has no name for them.
pub const F_OFD_SETLK: i32 = 90;
/// The same, waiting.
pub const F_OFD_SETLKW: i32 = 91;

/// Performs a command on locks of open file descriptions; a kernel without them knows no such command.
pub fn description_lock(command: i32, perform: impl FnOnce(i32) -> Result<Outcome, Outcome>) -> Result<Outcome, Outcome> {
    match perform(command) {
        Err(_) if os::errno() == libc::EINVAL => Err(Outcome::Unavailable("this macOS has no locks of open file descriptions".to_owned())),
        done => done,
    }
}

/// macOS has no sem_timedwait.
pub fn timed_down(_semaphore: *mut libc::sem_t, _ms: u32) -> Result<i32, Outcome> {
    Err(Outcome::Unavailable("macOS has no sem_timedwait".to_owned()))
}

const NO_QUEUES: &str = "macOS has no POSIX message queues";

/// macOS has no mq_open.
pub fn open_queue(_path: &str, _limits: Option<[u32; 2]>) -> Result<[i32; 2], Outcome> {
    Err(Outcome::Unavailable(NO_QUEUES.to_owned()))
}

/// macOS has no mq_send.
pub fn send(_queue: i32, _text: &[u8], _priority: i64) -> Result<(), Outcome> {
    Err(Outcome::Unavailable(NO_QUEUES.to_owned()))
}

/// macOS has no mq_receive.
pub fn receive(_queue: i32, _room: &mut [u8]) -> Result<(usize, i64), Outcome> {
    Err(Outcome::Unavailable(NO_QUEUES.to_owned()))
}

// msgget(2), msgsnd(2), msgrcv(2): in <sys/msg.h>, left out by the libc crate on this platform.
unsafe extern "C" {
    fn msgget(key: libc::key_t, flags: libc::c_int) -> libc::c_int;
    fn msgsnd(id: libc::c_int, message: *const libc::c_void, length: libc::size_t, flags: libc::c_int) -> libc::c_int;
    fn msgctl(id: libc::c_int, command: libc::c_int, place: *mut libc::c_void) -> libc::c_int;
    fn msgrcv(id: libc::c_int, message: *mut libc::c_void, length: libc::size_t, kind: libc::c_long, flags: libc::c_int) -> libc::ssize_t;
}

/// msgget. The limit of bytes stays the system's: only root could raise it, and its `msqid_ds` is not known here.
pub fn open_sysv_queue(key: i32, create: bool, limit: Option<u64>) -> Result<i32, Outcome> {
    let flags = if create { libc::IPC_CREAT | libc::IPC_EXCL } else { 0 };
    if limit.is_some() {
        return Err(Outcome::Unavailable("the size of a System V queue is not set on macOS".to_owned()));
    }
    // SAFETY: no pointers.
    let id = unsafe { msgget(key, flags | 0o600) };
    done(id)?;
    Ok(id)
}

/// msgctl(IPC_RMID)
pub fn remove_sysv_queue(id: i32) {
    // SAFETY: IPC_RMID takes no memory. Where it is gone already nothing is left to do.
    unsafe { msgctl(id, libc::IPC_RMID, std::ptr::null_mut()) };
}

/// msgsnd: the type goes before the text.
pub fn send_sysv(queue: i32, text: &[u8], kind: i64, nohang: bool) -> Result<(), Outcome> {
    let whole = [&(kind as libc::c_long).to_ne_bytes(), text].concat();
    // SAFETY: a type and as many bytes as are told.
    done(unsafe { msgsnd(queue, whole.as_ptr().cast(), text.len(), flag(nohang)) })
}

/// msgrcv: length and type.
pub fn receive_sysv(queue: i32, room: &mut [u8], wish: i64, nohang: bool) -> Result<(usize, i64), Outcome> {
    const TYPE: usize = size_of::<libc::c_long>();
    let mut whole = vec![0u8; TYPE + room.len()];
    // SAFETY: room for a type and as many bytes as are told.
    let length = unsafe { msgrcv(queue, whole.as_mut_ptr().cast(), room.len(), wish as libc::c_long, flag(nohang)) };
    let length = usize::try_from(length).or_else(|_| super::failed())?;
    room[..length].copy_from_slice(&whole[TYPE..TYPE + length]);
    let kind = whole[..TYPE].try_into().map(libc::c_long::from_ne_bytes).unwrap_or_default();
    Ok((length, kind))
}

fn flag(nohang: bool) -> i32 {
    if nohang { libc::IPC_NOWAIT } else { 0 }
}
