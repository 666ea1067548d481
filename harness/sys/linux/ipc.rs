//! What cases can leave under a name: System V objects, and files on a file system of our own.

use super::super::Used;
use super::super::names::with_name;
use std::fs;

/// What the file system under this descriptor holds; `None` where it does not count files.
pub fn used(fd: i32) -> Option<Used> {
    // SAFETY: an all-zero statfs is valid and a valid place for one.
    let mut stat: libc::statfs = unsafe { std::mem::zeroed() };
    // SAFETY: as above.
    let done = unsafe { libc::fstatfs(fd, &raw mut stat) };
    (done == 0 && stat.f_files > 0).then(|| Used { files: stat.f_files - stat.f_ffree, blocks: stat.f_blocks - stat.f_bfree })
}

/// `SHM_INFO` of <sys/shm.h>, which the libc crate leaves out on this platform.
const SHM_INFO: i32 = 14;

/// How many objects of each kind there are: shared memory, semaphore sets, queues. Below 0 where the kernel has none of the kind.
fn ipc_counts() -> [i32; 3] {
    let mut info = [[0i32; 128]; 3];
    // SAFETY: each call writes one of three structs of ints and longs at most, the largest of which 512 bytes hold.
    let done = unsafe {
        [
            libc::shmctl(0, SHM_INFO, info[0].as_mut_ptr().cast()),
            libc::semctl(0, 0, libc::SEM_INFO, info[1].as_mut_ptr()),
            libc::msgctl(0, libc::MSG_INFO, info[2].as_mut_ptr().cast()),
        ]
    };
    // shm_info.used_ids, seminfo.semusz, msginfo.msgpool: with these commands the numbers in use.
    let counts = [info[0][0], info[1][7], info[2][0]];
    std::array::from_fn(|kind| if done[kind] < 0 { -1 } else { counts[kind] })
}

/// System V shared memory, semaphores and queues that exist in this ipc namespace, by kind and id; removed when `remove`.
pub fn leftover_ipc(remove: bool) -> Vec<String> {
    let mut left = Vec::new();
    for (count, (file, kind)) in ipc_counts().into_iter().zip([("shm", "shmget"), ("sem", "semget"), ("msg", "msgget")]) {
        if count > 0 {
            left.extend(ids_in(&format!("/proc/sysvipc/{file}")).into_iter().map(|id| (kind, id)));
        }
    }
    if remove {
        left.iter().for_each(|(kind, id)| remove_ipc(kind, *id));
    }
    left.into_iter().map(|(kind, id)| format!("{kind} id {id}")).collect()
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
