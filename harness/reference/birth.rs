//! What this process was given before Rust's runtime touched it.
//!
//! The runtime ignores SIGPIPE and opens the null device over closed standard descriptors before `main` begins. A child of the
//! reference library must get what its caller was *started* with, so a constructor takes note earlier.

use std::sync::atomic::{AtomicBool, Ordering};

static CLOSED: [AtomicBool; 3] = [const { AtomicBool::new(false) }; 3];
static SIGPIPE_IGNORED: AtomicBool = AtomicBool::new(false);

// SAFETY: the section is the platform's list of functions to call before `main`; `note` has the signature that it wants and
// uses nothing that the runtime must have set up.
#[used]
#[cfg_attr(target_os = "linux", unsafe(link_section = ".init_array"))]
#[cfg_attr(target_os = "macos", unsafe(link_section = "__DATA,__mod_init_func"))]
static NOTE: extern "C" fn() = note;

extern "C" fn note() {
    for (fd, closed) in (0..).zip(&CLOSED) {
        // SAFETY: asking for the flags of a descriptor is sound whether it is open or not.
        closed.store(unsafe { libc::fcntl(fd, libc::F_GETFD) } < 0, Ordering::Relaxed);
    }
    // SAFETY: a zeroed sigaction is a valid place for the old action, which is all that is asked for.
    let ignored = unsafe {
        let mut old: libc::sigaction = std::mem::zeroed();
        libc::sigaction(libc::SIGPIPE, std::ptr::null(), &raw mut old) == 0 && old.sa_sigaction == libc::SIG_IGN
    };
    SIGPIPE_IGNORED.store(ignored, Ordering::Relaxed);
}

/// Whether this process was started with SIGPIPE ignored.
pub(super) fn sigpipe_ignored() -> bool {
    SIGPIPE_IGNORED.load(Ordering::Relaxed)
}

/// Closes again what the runtime opened over closed standard descriptors. To be called before anything else is opened.
pub(super) fn close_again() {
    for (fd, closed) in (0..).zip(&CLOSED) {
        if closed.load(Ordering::Relaxed) {
            // SAFETY: it was closed when the process began, and nobody has been told of what the runtime opened there.
            unsafe { libc::close(fd) };
        }
    }
}
