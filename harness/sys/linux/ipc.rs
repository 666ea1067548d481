//! What cases can leave under a name: System V objects, and files on a file system of our own.

use super::super::names::with_name;
use std::fs;

/// How many files the file system under this descriptor holds; `None` where it does not count.
pub fn used_files(fd: i32) -> Option<u64> {
    // SAFETY: an all-zero statfs is valid and a valid place for one.
    let mut stat: libc::statfs = unsafe { std::mem::zeroed() };
    // SAFETY: as above.
    let done = unsafe { libc::fstatfs(fd, &raw mut stat) };
    (done == 0 && stat.f_files > 0).then(|| stat.f_files - stat.f_ffree)
}

/// `SHM_STAT` and `SHM_INFO` of <sys/shm.h>, which the libc crate leaves out on this platform.
const SHM_STAT: i32 = 13;
const SHM_INFO: i32 = 14;

/// System V shared memory, semaphores and queues that exist in this ipc namespace, by kind and id; removed when `remove`.
pub fn leftover_ipc(remove: bool) -> Vec<String> {
    // SAFETY: the largest of the three info structs is written at most, which 64 words hold; the calls return the highest index.
    let (shm, sem, msg) = unsafe {
        let mut info = [0u64; 64];
        (
            libc::shmctl(0, SHM_INFO, info.as_mut_ptr().cast()),
            libc::semctl(0, 0, libc::SEM_INFO, info.as_mut_ptr()),
            libc::msgctl(0, libc::MSG_INFO, info.as_mut_ptr().cast()),
        )
    };
    // The highest index is 0 both with none and with one: the listing in /proc tells them apart.
    let mut left = Vec::new();
    for (highest, file, kind) in [(shm, "shm", "shmget"), (sem, "sem", "semget"), (msg, "msg", "msgget")] {
        if highest >= 0 && (highest > 0 || may_hold_one(kind)) {
            left.extend(ids_in(&format!("/proc/sysvipc/{file}")).into_iter().map(|id| (kind, id)));
        }
    }
    if remove {
        left.iter().for_each(|(kind, id)| remove_ipc(kind, *id));
    }
    left.into_iter().map(|(kind, id)| format!("{kind} id {id}")).collect()
}

/// Whether index 0 of this kind is in use: the `*_STAT` calls answer for an index in use and refuse an empty one.
fn may_hold_one(kind: &str) -> bool {
    let mut info = [0u64; 64];
    // SAFETY: 64 words hold the largest of the three structs.
    let found = unsafe {
        match kind {
            "shmget" => libc::shmctl(0, SHM_STAT, info.as_mut_ptr().cast()),
            "semget" => libc::semctl(0, 0, libc::SEM_STAT, info.as_mut_ptr()),
            _ => libc::msgctl(0, libc::MSG_STAT, info.as_mut_ptr().cast()),
        }
    };
    found >= 0
}

fn ids_in(path: &str) -> Vec<i32> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().skip(1).filter_map(|line| line.split_whitespace().nth(1)?.parse().ok()).collect()
}

fn remove_ipc(kind: &str, id: i32) {
    // SAFETY: IPC_RMID takes no memory.
    unsafe {
        match kind {
            "shmget" => libc::shmctl(id, libc::IPC_RMID, std::ptr::null_mut()),
            "semget" => libc::semctl(id, 0, libc::IPC_RMID),
            _ => libc::msgctl(id, libc::IPC_RMID, std::ptr::null_mut()),
        }
    };
}

/// mq_unlink; `errno` says why not.
pub fn unlink_queue(path: &str) -> bool {
    // SAFETY: a NUL-terminated name.
    with_name(path, |name| unsafe { libc::mq_unlink(name) })
}

/// Removes a System V message queue; `errno` says why not.
pub fn remove_queue(key: libc::key_t) -> bool {
    // SAFETY: no pointers.
    unsafe {
        let id = libc::msgget(key, 0);
        id != -1 && libc::msgctl(id, libc::IPC_RMID, std::ptr::null_mut()) == 0
    }
}
