//! Ctrl-C: the first asks the run to end and report what it has, the second ends the process at once.
//!
//! 1. The first INT, TERM or HUP: cases under way are ended, results that were finished are kept and reported, what was not run
//!    is `not-run`, the exit status is 3. Nothing is waited for but the wardens' cleaning up.
//! 2. A second INT or TERM: the process dies of it, wherever it is (in a report that nobody reads, in waiting for a warden that
//!    is stuck), and the shell sees that it did. The report may lack its end.
//! 3. After either nothing is left: a warden hears of main's end by its channel alone, kills its case and removes its directory.
//!    It has a session of its own, so keys of main's terminal never reach it.
//!
//! The handler only writes a byte to a pipe; a thread reads it and does the rest, where locks and allocation are allowed.
//! The second signal is the system's own affair: SA_RESETHAND takes the handler away before the first is even answered, and the
//! answer takes those of the other signals away, so that a Ctrl-C and then a SIGTERM ends the process too. A mask and `sigwait`
//! would do without a handler, but a mask is inherited by everything that is started, a handler is not.

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, IntoRawFd};
use std::sync::atomic::{AtomicI32, Ordering};

/// Write end of the pipe; never closed once it is set, so that a late handler has somewhere to write.
static BELL: AtomicI32 = AtomicI32::new(-1);

/// What asks for an end.
const SIGNALS: [Signal; 3] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP];

const ASKED: u8 = b'!';
const OVER: u8 = b'.';

extern "C" fn ring(_signal: libc::c_int) {
    let byte = ASKED;
    // SAFETY: write(2) is async-signal-safe; the descriptor stays open for the life of the process. errno is put back, since
    // the interrupted code may be between a call and its look at errno.
    unsafe {
        let errno = nix::errno::Errno::last_raw();
        libc::write(BELL.load(Ordering::Relaxed), (&raw const byte).cast(), 1);
        nix::errno::Errno::set_raw(errno);
    }
}

/// Handlers that are in place.
pub struct Watch {
    bell: File,
    rope: File,
}

impl Watch {
    /// Puts the handlers for INT, TERM and HUP in place.
    ///
    /// # Errors
    /// Those of `pipe2` and `sigaction`.
    pub fn begin() -> io::Result<Watch> {
        let (bell, rope) = io::pipe()?;
        let (bell, rope) = (File::from(std::os::fd::OwnedFd::from(bell)), File::from(std::os::fd::OwnedFd::from(rope)));
        let before = BELL.swap(rope.try_clone()?.into_raw_fd(), Ordering::Relaxed);
        debug_assert_eq!(before, -1, "one watch per process");
        let action = SigAction::new(SigHandler::Handler(ring), SaFlags::SA_RESETHAND | SaFlags::SA_RESTART, SigSet::empty());
        for signal in SIGNALS {
            // SAFETY: `ring` does nothing but write(2).
            let before = unsafe { sigaction(signal, &action) }?;
            if matches!(before.handler(), SigHandler::SigIgn) {
                // Whoever started us (nohup, a shell without job control) wants it not to end us.
                // SAFETY: what was in place is valid.
                unsafe { sigaction(signal, &before) }?;
            }
        }
        Ok(Watch { bell, rope })
    }

    /// Performs `work`; where a signal comes meanwhile, `asked` is called once, on another thread.
    pub fn during<T>(self, asked: impl FnOnce() + Send, work: impl FnOnce() -> T) -> T {
        let Watch { mut bell, mut rope } = self;
        debug_assert!(bell.as_raw_fd() >= 0);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let mut byte = [OVER];
                if bell.read_exact(&mut byte).is_ok() && byte[0] == ASKED {
                    let_the_next_end_us();
                    asked();
                }
            });
            let done = work();
            // A full pipe or a reader that is gone both mean that the thread has its byte already.
            let _ = rope.write_all(&[OVER]);
            done
        })
    }
}

/// INT and TERM end the process from here on. A terminal that closes sends its HUP more than once (the kernel does, and the shell),
/// and the report is still to be written: those after the first are not heard any more.
fn let_the_next_end_us() {
    for (signal, then) in
        [(Signal::SIGINT, SigHandler::SigDfl), (Signal::SIGTERM, SigHandler::SigDfl), (Signal::SIGHUP, SigHandler::SigIgn)]
    {
        // SAFETY: neither is a handler. It cannot fail for these signals, and if it did only haste would be lost.
        let _ = unsafe { sigaction(signal, &SigAction::new(then, SaFlags::empty(), SigSet::empty())) };
    }
}
