//! Handlers that return and do nothing else: what a caller of the library may have installed for reasons of its own.
//!
//! Without SA_RESTART, so that every call that can be interrupted is.

use super::process::lock;
use nix::errno::Errno;
use std::io;
use std::sync::Mutex;

/// What was there before, by number.
static BEFORE: Mutex<Vec<(i32, libc::sigaction)>> = Mutex::new(Vec::new());

extern "C" fn nothing(_: libc::c_int) {}

/// Handles a signal from now on.
///
/// # Errors
/// `EINVAL`: it is no signal that can be handled.
pub fn handle(signal: i32) -> io::Result<()> {
    // SAFETY: a zeroed sigaction is valid: no flags, an empty mask, a place for the old action.
    let (mut action, mut old): (libc::sigaction, libc::sigaction) = unsafe { (std::mem::zeroed(), std::mem::zeroed()) };
    action.sa_sigaction = nothing as extern "C" fn(libc::c_int) as libc::sighandler_t;
    // SAFETY: both are complete; the handler touches nothing.
    Errno::result(unsafe { libc::sigaction(signal, &raw const action, &raw mut old) })?;
    lock(&BEFORE).push((signal, old));
    Ok(())
}

/// Puts back what was there, the last first.
pub fn undo() {
    for (signal, old) in lock(&BEFORE).drain(..).rev() {
        // SAFETY: an action that sigaction itself gave.
        unsafe { libc::sigaction(signal, &raw const old, std::ptr::null_mut()) };
    }
}
