//! Threads of one process: what they share, and that none of them crashes alone.
//!
//! Only in a forked actor: the C library keeps handlers of its own once a process has had threads.

use super::control::let_others_run;
use super::{failed, fd, os, platform, signal};
use crate::plan::script::Outcome;
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::sync::Barrier;
use std::sync::atomic::{AtomicI32, AtomicU8, Ordering};

/// A mapping that all threads of the process are handed.
#[derive(Clone, Copy)]
struct Pages {
    base: *mut u8,
    size: usize,
}

// SAFETY: every thread writes to a page of its own, and reads the others' behind a barrier.
unsafe impl Send for Pages {}

impl Pages {
    fn of(self, number: usize) -> *mut u8 {
        self.base.wrapping_add(number * self.size)
    }
}

/// Each thread writes its number into its own page and its own stack; then all read what all wrote.
pub fn share(count: usize, base: *mut u8, pages: usize, size: usize) -> Result<Outcome, Outcome> {
    if count == 0 || count > pages {
        return Err(Outcome::Error("EINVAL".to_owned()));
    }
    let (pages, written) = (Pages { base, size }, Barrier::new(count));
    let stacks: Option<BTreeSet<usize>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|number| {
                scope.spawn({
                    let written = &written;
                    move || one(pages, number, count, written)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().ok().flatten()).collect()
    });
    stacks.map(|stacks| Outcome::Done(Some(stacks.len() as i64))).ok_or_else(|| Outcome::Error("EIO".to_owned()))
}

/// Where this thread's own variable is; `None` when it saw anything else than was written.
fn one(pages: Pages, number: usize, count: usize, written: &Barrier) -> Option<usize> {
    let mark = |number: usize| (number % 250) as u8 + 1;
    let own = AtomicU8::new(mark(number));
    // SAFETY: a page of the mapping that no other thread writes to.
    unsafe { pages.of(number).write_volatile(mark(number)) };
    written.wait();
    // SAFETY: pages of the mapping, which nobody writes to any more.
    let shared = (0..count).all(|other| unsafe { pages.of(other).read_volatile() } == mark(other));
    let apart = own.load(Ordering::Relaxed) == mark(number);
    let place = (&raw const own) as usize;
    written.wait();
    (shared && apart).then_some(place)
}

/// The last of so many threads dies; the others, and the one that started them, would wait for ever.
pub fn crash(count: u32, signal: i32) -> Result<Outcome, Outcome> {
    for number in 0..count {
        let last = number + 1 == count;
        let started = std::thread::Builder::new().spawn(move || if last { die(signal) } else { wait_for_ever() });
        if started.is_err() {
            return failed();
        }
    }
    wait_for_ever()
}

/// A second thread reads so many bytes one by one; each is written when that thread is seen asleep.
pub fn relay(rounds: u32) -> Result<Outcome, Outcome> {
    let (mut from, mut to) = std::io::pipe().map_err(|error| Outcome::Error(error.to_string()))?;
    let number = AtomicI32::new(0);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            number.store(platform::thread_number(), Ordering::Release);
            (0..rounds).all(|_| from.read_exact(&mut [0]).is_ok())
        });
        while number.load(Ordering::Acquire) == 0 {
            let_others_run();
        }
        let who = number.load(Ordering::Acquire);
        if who < 0 {
            drop(to);
            return Err(Outcome::Unavailable("this platform does not tell whether a thread sleeps".to_owned()));
        }
        for _ in 0..rounds {
            while os::process_state(who) != Some('S') && !reader.is_finished() {
                let_others_run();
            }
            to.write_all(&[1]).map_err(|error| Outcome::Error(error.to_string()))?;
        }
        match reader.join() {
            Ok(true) => Ok(Outcome::Done(Some(rounds.into()))),
            _ => Err(Outcome::Error("EIO".to_owned())),
        }
    })
}

/// A second thread writes where perhaps nobody reads. PIPE is blocked in both, so that it stays where it was sent.
pub fn write(fd: i32, bytes: u32) -> Result<Outcome, Outcome> {
    let blocked = signal::set_of(&[libc::SIGPIPE]);
    // SAFETY: a valid set; the mask before it is not asked for.
    if unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const *blocked, std::ptr::null_mut()) } != 0 {
        return failed();
    }
    let written = Barrier::new(2);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let outcome = fd::send(fd, &fd::pattern(bytes as usize), true);
            let told = pipe_is_pending();
            // It goes with its thread, so the thread stays until the first one has looked.
            written.wait();
            (outcome, told)
        });
        written.wait();
        let first = pipe_is_pending();
        match writer.join() {
            Ok((Err(Outcome::Error(name)), true)) if name == "EPIPE" && !first => Ok(Outcome::Done(Some(0))),
            Ok((outcome @ Ok(_), false)) if !first => outcome,
            _ => Err(Outcome::Error("EIO".to_owned())),
        }
    })
}

/// Whether PIPE waits for the calling thread, or for its process.
fn pipe_is_pending() -> bool {
    let mut pending = signal::set_of(&[]);
    // SAFETY: room for a set, which the second call only reads.
    unsafe { libc::sigpending(&raw mut *pending) == 0 && libc::sigismember(&raw const *pending, libc::SIGPIPE) == 1 }
}

fn wait_for_ever() -> ! {
    loop {
        // SAFETY: no arguments.
        unsafe { libc::pause() };
    }
}

/// By a real fault where there is a simple one; otherwise the thread sends itself what the fault would.
fn die(signal: i32) -> ! {
    if signal == libc::SIGSEGV {
        // SAFETY: a fresh mapping, which nobody may write to: the write is the point.
        unsafe {
            let barred = libc::mmap(std::ptr::null_mut(), 4096, libc::PROT_READ, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0);
            barred.cast::<u8>().write_volatile(1);
        }
    }
    // SAFETY: raise sends to the calling thread; its action is the default one.
    unsafe { libc::raise(signal) };
    wait_for_ever()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_share_a_mapping_and_have_stacks_of_their_own() {
        let mut pages = vec![0u8; 8 * 64];
        assert_eq!(share(8, pages.as_mut_ptr(), 8, 64), Ok(Outcome::Done(Some(8))));
        assert_eq!(share(9, pages.as_mut_ptr(), 8, 64), Err(Outcome::Error("EINVAL".to_owned())));
        assert_eq!((pages[0], pages[64 * 7]), (1, 8));
    }
}
