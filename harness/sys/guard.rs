//! A mapping of a file that others can cut short under us.
//!
//! A case knows where its record lies, and may be its owner: a program that empties the file makes the warden's next look at the
//! mapping a SIGBUS, and so does a full file system where a page is touched for the first time. The warden must outlive both. So
//! its handler puts zeros in the place of the whole mapping and takes a note; what was recorded is lost, the case is not its
//! warden's end.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

static BASE: AtomicUsize = AtomicUsize::new(0);
static SIZE: AtomicUsize = AtomicUsize::new(0);
static LOST: AtomicBool = AtomicBool::new(false);

extern "C" fn replace(_signal: libc::c_int, info: *mut libc::siginfo_t, _context: *mut libc::c_void) {
    let (base, size) = (BASE.load(Ordering::Relaxed), SIZE.load(Ordering::Relaxed));
    // SAFETY: the kernel hands a valid record to a handler with SA_SIGINFO.
    let place = unsafe { (*info).si_addr() } as usize;
    let ours = place.wrapping_sub(base) < size;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANON | libc::MAP_FIXED;
    // SAFETY: the range is the mapping that was given to [`guard`], and stays mapped all the time. mmap is a plain system call.
    let done = ours
        && unsafe { libc::mmap(base as *mut libc::c_void, size, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0) } != libc::MAP_FAILED;
    if done {
        LOST.store(true, Ordering::Relaxed);
    } else {
        // Somebody else's fault: back to it, and this time it ends the process.
        unguard();
    }
}

/// Guards the mapping of this process at `base`, for as long as the process lives.
///
/// # Errors
/// Those of sigaction(2).
pub fn guard(base: *mut u8, size: usize) -> std::io::Result<()> {
    BASE.store(base as usize, Ordering::Relaxed);
    SIZE.store(size, Ordering::Relaxed);
    // SAFETY: an all-zero action is valid: no flags, an empty mask.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = replace as *const () as usize;
    action.sa_flags = libc::SA_SIGINFO;
    // SAFETY: `action` is valid, and its handler calls nothing but mmap and signal.
    super::check(unsafe { libc::sigaction(libc::SIGBUS, &raw const action, std::ptr::null_mut()) }).map(drop)
}

/// For a fork: the usual action again.
pub fn unguard() {
    super::default_action(libc::SIGBUS);
}

/// Whether the mapping had to be replaced.
pub fn lost() -> bool {
    LOST.load(Ordering::Relaxed)
}
