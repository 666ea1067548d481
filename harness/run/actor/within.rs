//! What lives within one process: threads, one lock, the C library's buffers.
//!
//! A fork copies all of it but the threads. The threads here sleep in the kernel and hold nothing but what scenarios had them take, so
//! that the child of a fork may go on as Rust code: the C library puts its own locks in order around fork.

use super::{DONE, Performer, failed};
use crate::generate::act::Within;
use crate::plan::script::Outcome;
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicU32, Ordering};

/// Bytes of a stream's buffer; lowering lets nobody write more.
const BUFFER: usize = 4096;

/// The process's lock. Threads reach nothing but statics.
struct Lock(UnsafeCell<libc::pthread_mutex_t>);

// SAFETY: a mutex is there to be used by several threads.
unsafe impl Sync for Lock {}

static LOCK: Lock = Lock(UnsafeCell::new(libc::PTHREAD_MUTEX_INITIALIZER));
static ASLEEP: AtomicU32 = AtomicU32::new(0);

/// A stream of the C library on a descriptor.
#[derive(Clone, Copy)]
pub struct Stream {
    fd: i32,
    file: *mut libc::FILE,
}

extern "C" fn sleep(holds: *mut libc::c_void) -> *mut libc::c_void {
    if !holds.is_null() {
        // SAFETY: an initialised mutex.
        unsafe { libc::pthread_mutex_lock(LOCK.0.get()) };
    }
    ASLEEP.fetch_add(1, Ordering::Release);
    loop {
        // SAFETY: no arguments. Every signal is blocked here, so it does not return.
        unsafe { libc::pause() };
    }
}

impl Performer<'_> {
    pub(super) fn within(&mut self, within: &Within) -> Result<Outcome, Outcome> {
        match within {
            Within::Threads { count, hold } => start_threads(*count, *hold),
            Within::TryLock => try_lock(),
            Within::Buffer { fd, text } => {
                let fd = self.fd(*fd);
                self.buffer(fd, text)
            }
            Within::Flush => {
                // SAFETY: NULL means every stream.
                if unsafe { libc::fflush(std::ptr::null_mut()) } == 0 { DONE } else { failed() }
            }
        }
    }

    fn buffer(&mut self, fd: i32, text: &[u8]) -> Result<Outcome, Outcome> {
        let file = match self.streams.iter().find(|stream| stream.fd == fd) {
            Some(stream) => stream.file,
            None => self.stream(fd)?,
        };
        // SAFETY: an open stream, and the bytes of a slice.
        let written = unsafe { libc::fwrite(text.as_ptr().cast(), 1, text.len(), file) };
        if written == text.len() { Ok(Outcome::Done(Some(written as i64))) } else { failed() }
    }

    /// A fully buffered stream; it is never closed, since the descriptor is the scenario's.
    fn stream(&mut self, fd: i32) -> Result<*mut libc::FILE, Outcome> {
        // SAFETY: a NUL-terminated mode; a fresh stream may be given its buffer.
        unsafe {
            let file = libc::fdopen(fd, c"w".as_ptr());
            if file.is_null() || libc::setvbuf(file, std::ptr::null_mut(), libc::_IOFBF, BUFFER) != 0 {
                return failed();
            }
            self.streams.push(Stream { fd, file });
            Ok(file)
        }
    }
}

/// Starts them with every signal blocked, so that handlers run in the thread that performs the steps, and waits until all of them are
/// about to sleep.
fn start_threads(count: u32, hold: bool) -> Result<Outcome, Outcome> {
    let wanted = ASLEEP.load(Ordering::Acquire) + count;
    // SAFETY: both sets are valid places; all blocked, then as before.
    let started = unsafe {
        let (mut all, mut before): (libc::sigset_t, libc::sigset_t) = (std::mem::zeroed(), std::mem::zeroed());
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
        let started = (0..count).try_for_each(|thread| start_thread(hold && thread == 0));
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, std::ptr::null_mut());
        started
    };
    started?;
    while ASLEEP.load(Ordering::Acquire) < wanted {
        super::control::let_others_run();
    }
    DONE
}

fn start_thread(holds: bool) -> Result<(), Outcome> {
    let argument = if holds { std::ptr::without_provenance_mut::<libc::c_void>(1) } else { std::ptr::null_mut() };
    // SAFETY: the function takes the argument for a flag; the thread's handle is not needed.
    let errno = unsafe {
        let mut thread = std::mem::zeroed();
        libc::pthread_create(&raw mut thread, std::ptr::null(), sleep, argument)
    };
    if errno == 0 { Ok(()) } else { Err(super::error(errno)) }
}

fn try_lock() -> Result<Outcome, Outcome> {
    // SAFETY: an initialised mutex, given back by the thread that took it.
    let errno = unsafe {
        let errno = libc::pthread_mutex_trylock(LOCK.0.get());
        if errno == 0 { libc::pthread_mutex_unlock(LOCK.0.get()) } else { errno }
    };
    if errno == 0 { DONE } else { Err(super::error(errno)) }
}
