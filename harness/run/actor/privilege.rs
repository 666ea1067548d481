//! Ids, the root directory, and whether the platform has what a case needs.

use super::{DONE, failed, platform};
use crate::generate::act::system::{Identity, Need};
use crate::plan::script::{Ended, Outcome};
use crate::sys;
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

fn done(result: i32) -> Result<Outcome, Outcome> {
    if result == -1 { failed() } else { DONE }
}

pub fn set_user(id: u32, effective: bool) -> Result<Outcome, Outcome> {
    // SAFETY: takes a number; the process has one thread.
    done(unsafe { if effective { libc::seteuid(id) } else { libc::setuid(id) } })
}

pub fn set_group(id: u32, effective: bool) -> Result<Outcome, Outcome> {
    // SAFETY: as above.
    done(unsafe { if effective { libc::setegid(id) } else { libc::setgid(id) } })
}

pub fn set_groups(ids: &[u32]) -> Result<Outcome, Outcome> {
    // SAFETY: so many ids, which are only read.
    done(unsafe { libc::setgroups(ids.len() as _, ids.as_ptr()) })
}

pub fn identity(of: Identity) -> Outcome {
    let state = sys::own_state(true);
    let value = match of {
        Identity::User(which) => state.uids[usize::from(which).min(2)],
        Identity::Group(which) => state.gids[usize::from(which).min(2)],
        Identity::Groups => state.groups.len() as u32,
    };
    Outcome::Done(Some(value.into()))
}

fn path_of(path: &str) -> Result<CString, Outcome> {
    CString::new(path).map_err(|_| Outcome::Error("EINVAL".to_owned()))
}

pub fn chroot(to: &str) -> Result<Outcome, Outcome> {
    let to = path_of(to)?;
    // SAFETY: a C string.
    done(unsafe { libc::chroot(to.as_ptr()) })
}

pub fn reach(path: &str) -> Result<Outcome, Outcome> {
    let path = path_of(path)?;
    // SAFETY: a C string; the descriptor is ours and closed again.
    match unsafe { libc::open(path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC) } {
        -1 => failed(),
        // SAFETY: as above.
        fd => done(unsafe { libc::close(fd) }),
    }
}

/// Success where it is to be had; otherwise why not.
pub fn needs(what: &Need, case_dir: &Path) -> Result<Outcome, Outcome> {
    let had = match what {
        Need::OtherUsers => crate::run::privilege::others_may_run(&[]).map_err(|_| "only root may become another user".to_owned()),
        Need::Chroot => tried(case_dir),
        Need::Terminal => return platform::terminal().map(close_both),
        Need::FullBacklog => platform::full_backlog_waits(),
        Need::Program(path) => executable(path),
    };
    had.map(|()| Outcome::Done(None)).map_err(Outcome::Unavailable)
}

fn close_both(ends: [i32; 2]) -> Outcome {
    for fd in ends {
        // SAFETY: our own descriptor.
        unsafe { libc::close(fd) };
    }
    Outcome::Done(None)
}

/// Whether chroot is allowed, found by doing it in a process that ends at once.
fn tried(case_dir: &Path) -> Result<(), String> {
    let place = CString::new(case_dir.as_os_str().as_bytes()).unwrap_or_default();
    // SAFETY: this process has one thread.
    match unsafe { sys::fork() } {
        Err(error) => Err(format!("fork to find out about chroot: {error}")),
        // SAFETY: a C string.
        Ok(0) => sys::exit_now(if unsafe { libc::chroot(place.as_ptr()) } == 0 { 0 } else { 1 }),
        Ok(pid) => match sys::wait_for(pid) {
            Ok(Ended::Exited(0)) => Ok(()),
            _ => Err("only root may change the root directory".to_owned()),
        },
    }
}

fn executable(path: &str) -> Result<(), String> {
    let place = CString::new(path).unwrap_or_default();
    // SAFETY: a C string.
    if unsafe { libc::access(place.as_ptr(), libc::X_OK) } == 0 { Ok(()) } else { Err(format!("there is no {path} here")) }
}
