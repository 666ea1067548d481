//! Whether programs can be started as another user here, found by doing it.
//!
//! It takes more than being root: a user namespace may know no other user, and the other user must be able to reach the agent and
//! its arena. A case that needs it and cannot have it is unavailable, with the step that failed.

use crate::sys;
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Nobody, on every system; whoever may become nobody may become anybody.
const NOBODY: u32 = 65534;

/// A user that nobody is.
pub const ORDINARY: u32 = 60_731;

/// Does this, and where that is refused, does it in a process of the ordinary user that a subject may be: what is done to another
/// process takes rights that a sandbox gives to nobody, or being the same user.
///
/// # Errors
/// Those of `work`.
pub fn in_its_name(work: impl Fn() -> std::io::Result<()>) -> std::io::Result<()> {
    match work() {
        Err(error) if error.raw_os_error() == Some(libc::EPERM) => {}
        done => return done,
    }
    // SAFETY: the case root has one thread.
    match unsafe { sys::fork() }? {
        0 => {
            // SAFETY: none of the calls keeps what it is given; the list of groups is empty.
            unsafe {
                libc::setgroups(0, std::ptr::null());
                libc::setgid(ORDINARY);
                libc::setuid(ORDINARY);
            }
            sys::exit_now(work().err().map_or(0, |error| error.raw_os_error().unwrap_or(libc::EPERM)))
        }
        pid => match sys::wait_for(pid)? {
            crate::plan::script::Ended::Exited(0) => Ok(()),
            crate::plan::script::Ended::Exited(errno) => Err(std::io::Error::from_raw_os_error(errno)),
            _ => Err(std::io::Error::from_raw_os_error(libc::EPERM)),
        },
    }
}

/// Whether another user could use these places so (as of access(2)).
///
/// # Errors
/// Why not.
pub fn others_may_run(places: &[(&Path, i32)]) -> Result<(), String> {
    let places: Vec<(CString, i32)> =
        places.iter().filter_map(|(path, how)| Some((CString::new(path.as_os_str().as_bytes()).ok()?, *how))).collect();
    // SAFETY: the warden has one thread.
    match unsafe { sys::fork() } {
        Err(error) => Err(format!("fork to find out who may be run as: {error}")),
        Ok(0) => sys::exit_now(become_nobody().map_or_else(|code| code, |()| reach(&places))),
        Ok(pid) => match sys::wait_for(pid) {
            Ok(crate::plan::script::Ended::Exited(0)) => Ok(()),
            Ok(crate::plan::script::Ended::Exited(code)) => Err(reason(code, &places)),
            other => Err(format!("the process that was to find out who may be run as ended with {other:?}")),
        },
    }
}

fn become_nobody() -> Result<(), i32> {
    // SAFETY: none of the calls keeps what it is given; the list of groups is empty.
    let done = unsafe { libc::setgroups(0, std::ptr::null()) == 0 && libc::setgid(NOBODY) == 0 && libc::setuid(NOBODY) == 0 };
    if done { Ok(()) } else { Err(1) }
}

fn reach(places: &[(CString, i32)]) -> i32 {
    // SAFETY: C strings. The real user is asked about, who is the effective one now.
    let barred = places.iter().position(|(path, how)| unsafe { libc::access(path.as_ptr(), *how) } != 0);
    barred.map_or(0, |at| i32::try_from(at).unwrap_or(0) + 2)
}

fn reason(code: i32, places: &[(CString, i32)]) -> String {
    let place = usize::try_from(code - 2).ok().and_then(|at| places.get(at));
    match place {
        Some((path, _)) => format!("another user cannot reach {}", path.to_string_lossy()),
        None => "only root may start programs as another user".to_owned(),
    }
}
