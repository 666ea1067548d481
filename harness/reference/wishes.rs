//! What a start can wish for beside program, environment, directory and standard descriptors.
//!
//! One half is for the caller, before the fork: what cannot come true is refused there. The other is for the forked child and
//! async-signal-safe, as everything in `child` is.
//!
//! # References
//! POSIX.1-2024 `setsid()`, `setpgid()`, `umask()`, `setuid()`, `setgid()`; setgroups(2). A session leader leads its group already
//! and may not make another (`setpgid()` EPERM). Groups come before the group, and the user last: whoever has given up the right
//! to change can change nothing more.

use super::child::checked;
use super::{Fault, Library};
use std::ffi::OsString;
use std::io;
use std::os::fd::RawFd;
use std::sync::Mutex;

/// Further wishes of a start.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// Descriptors of the caller that the child has under the same numbers.
    pub pass: Vec<RawFd>,
    /// What the program sees as `argv[0]`.
    pub arg0: Option<OsString>,
    /// To lead a new session.
    pub session: bool,
    /// Its process group.
    pub group: Group,
    /// To be nobody's child.
    pub daemon: bool,
    /// To be killed and reaped when the handle is given up.
    pub kill_on_drop: bool,
    /// File mode creation mask.
    pub umask: Option<u32>,
    /// Who it is to be.
    pub user: User,
}

/// The process group of a child.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Group {
    /// The caller's.
    #[default]
    Inherit,
    /// One that it leads.
    New,
    /// The same, and what is sent to the child is sent to the group.
    Own,
}

/// Who a child is to be; what is absent stays the caller's.
#[derive(Clone, Debug, Default)]
pub struct User {
    /// User id.
    pub uid: Option<u32>,
    /// Group id.
    pub gid: Option<u32>,
    /// Supplementary groups.
    pub groups: Option<Vec<u32>>,
}

/// What earlier children were handed (only [`Fault::PassesToLater`] asks).
static PASSED: Mutex<Vec<RawFd>> = Mutex::new(Vec::new());

impl Wishes {
    /// In the caller, before anything is opened: a number that is closed now may be taken by one of our own pipes later, and
    /// would then hand that on.
    pub(super) fn check(&self, library: Library) -> io::Result<()> {
        for fd in &self.pass {
            // SAFETY: asking for the flags of a descriptor is sound whether it is open or not.
            let open = unsafe { libc::fcntl(*fd, libc::F_GETFD) } >= 0;
            if !open && !library.has(Fault::IgnoresClosedPass) {
                return Err(io::Error::from_raw_os_error(libc::EBADF));
            }
        }
        Ok(())
    }

    /// In the caller, after a start: nothing, in a library without faults.
    pub(super) fn after_start(&self, library: Library) {
        match library.fault {
            Some(Fault::PassesToLater) => super::process::lock(&PASSED).extend(&self.pass),
            Some(Fault::MarksPassed) => self.pass.iter().for_each(|fd| {
                // SAFETY: sets the flag of a descriptor that the caller named.
                unsafe { libc::fcntl(*fd, libc::F_SETFD, libc::fcntl(*fd, libc::F_GETFD) ^ libc::FD_CLOEXEC) };
            }),
            _ => {}
        }
    }

    /// `argv[0]`.
    pub(super) fn name_for(&self, library: Library, program: &OsString) -> OsString {
        self.arg0.clone().filter(|_| !library.has(Fault::IgnoresArg0)).unwrap_or_else(|| program.clone())
    }

    /// In the child. A terminal can only be taken by the leader of a session without one.
    pub(super) fn lead(&self, library: Library, terminal: bool) -> Result<(), i32> {
        let session = (self.session || terminal) && !library.has(Fault::IgnoresSession);
        let group = self.group != Group::Inherit && !library.has(Fault::IgnoresGroup);
        // A daemon leads its session already, and setsid would refuse.
        let session = session && !self.daemon;
        // SAFETY: neither call takes memory.
        checked(unsafe {
            match (session, group && !self.daemon) {
                (true, _) => libc::setsid(),
                (false, true) => libc::setpgid(0, 0),
                (false, false) => 0,
            }
        })
        .map(drop)
    }

    /// In the child.
    pub(super) fn become_user(&self, library: Library) -> Result<(), i32> {
        if let Some(mask) = self.umask.filter(|_| !library.has(Fault::IgnoresUmask)) {
            // SAFETY: umask takes no memory and cannot fail. Its type has 16 bits on macOS and 32 on Linux.
            unsafe { libc::umask(mask as _) };
        }
        if library.has(Fault::KeepsUser) {
            return Ok(());
        }
        let User { uid, gid, groups } = &self.user;
        if let Some(groups) = groups.as_ref().filter(|_| !library.has(Fault::KeepsGroups)) {
            // SAFETY: the list has as many members as stated; its type of length differs between the platforms.
            checked(unsafe { libc::setgroups(groups.len() as _, groups.as_ptr()) })?;
        }
        if let Some(gid) = gid {
            // SAFETY: takes no memory.
            checked(unsafe { libc::setgid(*gid) })?;
        }
        if let Some(uid) = uid {
            // SAFETY: takes no memory.
            checked(unsafe { libc::setuid(*uid) })?;
        }
        Ok(())
    }

    /// In the child, after everything was marked to be closed at exec.
    pub(super) fn hand_on(&self, library: Library) -> Result<(), i32> {
        if library.has(Fault::PassesToLater)
            && let Ok(passed) = PASSED.try_lock()
        {
            for fd in passed.iter() {
                // SAFETY: setting the flags of a descriptor that is not open only fails.
                unsafe { libc::fcntl(*fd, libc::F_SETFD, 0) };
            }
        }
        if library.has(Fault::ForgetsPassed) {
            return Ok(());
        }
        for fd in &self.pass {
            // SAFETY: as above.
            let done = checked(unsafe { libc::fcntl(*fd, libc::F_SETFD, 0) });
            if !library.has(Fault::IgnoresClosedPass) {
                done?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_closed_cannot_be_handed_on() {
        let wishes = |pass| Wishes { pass, ..Wishes::default() };
        assert!(wishes(vec![0]).check(Library::default()).is_ok());
        let error = wishes(vec![0, 987]).check(Library::default()).expect_err("not open");
        assert_eq!(error.raw_os_error(), Some(libc::EBADF));
    }
}
