//! A place in this process's memory for a child that needs no copy of it.
//!
//! A fork is dear for what it copies: two thirds of an empty case's time went into copying page tables, faulting pages in and
//! throwing all of that away. A child that runs code of ours alone, touches nothing that its parent holds, and ends by itself
//! needs none of it. It is a process like any other (its own number, descriptors, dispositions, limits, directory, session),
//! but for the memory.
//!
//! What two processes must not share is what the C library keeps for each thread: `errno`, the allocator's cache, the state of
//! a panic. So the child is lent those of a thread that was made for nothing else and sleeps for good, and its stack. With a second
//! thread in sight the C library locks what all threads share, and gives each an arena of its own to allocate from: a child that
//! is killed while it allocates leaves its parent's heap whole. After that nothing may run in this berth any more.
//!
//! # References
//! clone(2): CLONE_VM, CLONE_SETTLS; ELF handling for thread-local storage: the thread pointer.

use super::super::{check, wait_for};
use super::default_action;
use crate::plan::script::Ended;
use std::io;
use std::sync::mpsc;

/// Bytes of the stack, as much as a main thread has.
const STACK: usize = 8 << 20;
/// What the sleeping thread needs of it.
const SLEEPER: usize = 256 << 10;

/// A stack, and a thread's own data.
#[derive(Debug)]
pub struct Berth {
    top: usize,
    thread_pointer: usize,
}

impl Berth {
    /// Makes one; `None` where the machine's way to keep a thread's data is not known here, no thread can be made, or the kernel (or what
    /// plays it: qemu's user mode refuses these flags) has no such child when it is tried.
    pub fn begin() -> Option<Berth> {
        let (tell, told) = mpsc::channel();
        let sleep = move || {
            let here = 0u8;
            let top = (std::ptr::from_ref(&here) as usize - SLEEPER) & !0xfff;
            // Whoever does not hear it makes no berth of it.
            let _ = tell.send(thread_pointer().map(|thread_pointer| Berth { top, thread_pointer }));
            loop {
                // SAFETY: takes nothing.
                unsafe { libc::pause() };
            }
        };
        let masked = mask_all();
        let made = std::thread::Builder::new().name("berth".to_owned()).stack_size(STACK).spawn(sleep);
        // SAFETY: `masked` is the mask that was; a null old set is not written to.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const masked, std::ptr::null_mut()) };
        made.ok()?;
        let berth = told.recv().ok().flatten();
        // By one of the signals that the C library keeps for itself (signal(7)) its threads change their user together, and it handles it from
        // its first thread on. Every child would have a handler that nobody gave it; and no thread here becomes another user.
        [32, 33].into_iter().for_each(default_action);
        berth.filter(Berth::works)
    }

    /// Whether a child comes back with what it was to say, and has said it in this memory.
    fn works(&self) -> bool {
        const WORD: i32 = 75;
        let mut told = 0;
        let mut work = || {
            told = WORD;
            WORD
        };
        // SAFETY: the berth is new, and nothing touches what `work` holds until its child is gone.
        let Ok(child) = (unsafe { self.fork(&raw mut work) }) else { return false };
        matches!(wait_for(child), Ok(Ended::Exited(WORD))) && told == WORD
    }

    /// Starts a child in the berth that performs `work` and exits with its result; its id.
    ///
    /// # Errors
    /// Those of clone(2).
    ///
    /// # Safety
    /// The berth is free: no child that was started in it is left. `work`, and all that it refers to, stays where it is until this one has
    /// ended, and nobody else changes it until then. A child that did not come to the end of `work` was the last of this berth.
    pub unsafe fn fork<F: FnMut() -> i32>(&self, work: *mut F) -> io::Result<i32> {
        extern "C" fn enter<F: FnMut() -> i32>(work: *mut libc::c_void) -> libc::c_int {
            // SAFETY: the pointer that was handed to `fork`, whose caller keeps it valid and leaves it alone.
            let work = unsafe { &mut *work.cast::<F>() };
            super::super::exit_now(work())
        }
        let flags = libc::CLONE_VM | libc::CLONE_SETTLS | libc::SIGCHLD;
        let nothing = std::ptr::null_mut::<libc::c_void>();
        // SAFETY: the stack grows down from a page's beginning within the sleeping thread's, far below what that uses; the data of a thread
        // that never runs again are nobody else's; the rest is the caller's promise.
        check(unsafe {
            libc::clone(
                enter::<F>,
                self.top as *mut libc::c_void,
                flags,
                work.cast(),
                nothing,
                self.thread_pointer as *mut libc::c_void,
                nothing,
            )
        })
    }
}

/// Blocks every signal in this thread, for one that it makes; the mask that was.
fn mask_all() -> libc::sigset_t {
    // SAFETY: all-zero sets are valid, and valid places for one.
    unsafe {
        let (mut all, mut masked): (libc::sigset_t, libc::sigset_t) = (std::mem::zeroed(), std::mem::zeroed());
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut masked);
        masked
    }
}

/// Where this thread's data lie, as clone(2) wants to be told.
#[cfg(target_arch = "x86_64")]
fn thread_pointer() -> Option<usize> {
    let at: usize;
    // SAFETY: the first word of a thread's data is their own address, by the processor's supplement to the ABI.
    unsafe { std::arch::asm!("mov {}, fs:0", out(reg) at, options(nostack, readonly, preserves_flags)) };
    Some(at)
}

/// Where this thread's data lie, as clone(2) wants to be told.
#[cfg(target_arch = "aarch64")]
fn thread_pointer() -> Option<usize> {
    let at: usize;
    // SAFETY: reads a register that every process may read.
    unsafe { std::arch::asm!("mrs {}, tpidr_el0", out(reg) at, options(nostack, nomem, preserves_flags)) };
    Some(at)
}

/// Not known for other processors.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn thread_pointer() -> Option<usize> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    thread_local! {
        static OWN: Cell<u32> = const { Cell::new(0) };
    }

    #[test]
    fn a_child_shares_the_memory_and_nothing_else() {
        let Some(berth) = Berth::begin() else { return };
        OWN.set(1);
        for round in 0..50 {
            let mut told: (i32, u32, Vec<i32>) = (0, 0, Vec::new());
            let mut work = || {
                told.0 = std::process::id().cast_signed();
                told.1 = OWN.replace(0);
                // Memory that the child allocates stays, and so does no descriptor that it closes.
                told.2 = vec![round; 1000];
                // SAFETY: numbers of this child's own table; the second is refused and sets this child's errno.
                unsafe { (libc::close(0), libc::close(-1)) };
                41 + round % 2
            };
            // SAFETY: nothing else touches what `work` holds until the child has been waited for; only one at a time.
            let child = unsafe { berth.fork(&raw mut work) }.unwrap();
            assert_eq!(wait_for(child).unwrap(), Ended::Exited(41 + round % 2));
            assert_eq!(told, (child, 0, vec![round; 1000]));
            assert_ne!(child, std::process::id().cast_signed());
        }
        assert_eq!(OWN.get(), 1, "its thread's data are not ours");
        // SAFETY: F_GETFD takes no memory.
        assert!(unsafe { libc::fcntl(0, libc::F_GETFD) } >= 0, "its descriptors are not ours");
    }
}
