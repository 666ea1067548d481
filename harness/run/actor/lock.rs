//! Locks on files.

use super::{DONE, Performer, failed, share_os};
use crate::generate::share::{FileLock, LockBy, LockMode};
use crate::plan::script::Outcome;

impl Performer<'_> {
    pub(super) fn lock(&self, lock: FileLock) -> Result<Outcome, Outcome> {
        let fd = self.fd(lock.fd);
        match lock.by {
            LockBy::Flock => flock(fd, lock),
            LockBy::Fcntl => range(fd, if lock.nohang { libc::F_SETLK } else { libc::F_SETLKW }, lock),
            LockBy::Ofd => {
                share_os::description_lock(if lock.nohang { share_os::F_OFD_SETLK } else { share_os::F_OFD_SETLKW }, |command| {
                    range(fd, command, lock)
                })
            }
        }
    }
}

fn flock(fd: i32, lock: FileLock) -> Result<Outcome, Outcome> {
    let how = match lock.mode {
        LockMode::Exclusive => libc::LOCK_EX,
        LockMode::Shared => libc::LOCK_SH,
        LockMode::Unlocked => libc::LOCK_UN,
    };
    // SAFETY: no pointers; a bad descriptor is an error.
    if unsafe { libc::flock(fd, how | if lock.nohang { libc::LOCK_NB } else { 0 }) } == -1 { failed() } else { DONE }
}

fn range(fd: i32, command: i32, lock: FileLock) -> Result<Outcome, Outcome> {
    let kind = match lock.mode {
        LockMode::Exclusive => libc::F_WRLCK,
        LockMode::Shared => libc::F_RDLCK,
        LockMode::Unlocked => libc::F_UNLCK,
    };
    // SAFETY: all zeros are a valid flock; l_pid must be 0 for locks of descriptions.
    let mut wanted: libc::flock = unsafe { std::mem::zeroed() };
    wanted.l_type = kind as libc::c_short;
    wanted.l_whence = libc::SEEK_SET as libc::c_short;
    wanted.l_start = lock.from as libc::off_t;
    wanted.l_len = lock.bytes as libc::off_t;
    // SAFETY: a valid flock, only read.
    if unsafe { libc::fcntl(fd, command, &raw const wanted) } == -1 { failed() } else { DONE }
}
