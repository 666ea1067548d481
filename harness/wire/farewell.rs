//! A handler that an adapter's program has for its orderly end: what a caller of the library may have, to remove a file or flush a buffer.
//!
//! How often it was run is counted in memory that all processes share which come from the adapter by fork: who ends by `exit` on the way of a
//! start, in the place of `_exit`, counts there.

use super::adapter::{failed, ok};
use super::message::{Fields, ReplyBody};
use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Where the count is; 0 before the handler is installed. Nothing but an address, for the handler takes no lock.
static PLACE: AtomicUsize = AtomicUsize::new(0);

/// One thread at a time installs it.
static INSTALLING: Mutex<()> = Mutex::new(());

/// Has the handler from now on, and answers with how many processes have run it since the last reset.
pub fn count() -> ReplyBody {
    match counter().map_or_else(install, Ok) {
        Ok(counter) => ok(Fields { values: vec![counter.load(Ordering::SeqCst)], ..Fields::default() }),
        Err(error) => failed(&error),
    }
}

/// Nobody has run it: a part of `reset`.
pub fn forget() {
    if let Some(counter) = counter() {
        counter.store(0, Ordering::SeqCst);
    }
}

fn counter() -> Option<&'static AtomicI64> {
    let place = PLACE.load(Ordering::SeqCst);
    // SAFETY: a page of our own that is never unmapped; all who use it do so atomically.
    (place != 0).then(|| unsafe { &*std::ptr::with_exposed_provenance::<AtomicI64>(place) })
}

fn install() -> io::Result<&'static AtomicI64> {
    use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};
    let _alone = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    if PLACE.load(Ordering::SeqCst) == 0 {
        let size = NonZeroUsize::new(4096).ok_or(io::ErrorKind::InvalidInput)?;
        // SAFETY: a new mapping of our own at a place of the kernel's choice.
        let place = unsafe { mmap_anonymous(None, size, ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, MapFlags::MAP_SHARED) }?;
        PLACE.store(place.as_ptr().expose_provenance(), Ordering::SeqCst);
        // SAFETY: the handler only adds to a number in memory that stays.
        if unsafe { libc::atexit(note) } != 0 {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
    }
    counter().ok_or_else(|| io::ErrorKind::OutOfMemory.into())
}

extern "C" fn note() {
    if let Some(counter) = counter() {
        counter.fetch_add(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forked_process_that_ends_by_exit_counts_and_one_that_leaves_does_not() {
        let told = || match count() {
            ReplyBody::Ok(fields) => fields.values.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(told(), [0]);
        for end in [libc::_exit as unsafe extern "C" fn(i32) -> !, libc::exit] {
            // SAFETY: the child calls nothing but the end of a process, whose handlers take no lock of another thread's.
            match unsafe { libc::fork() } {
                // SAFETY: as above.
                0 => unsafe { end(0) },
                // SAFETY: only a status is written, to a place that is there.
                child => assert_eq!(unsafe { libc::waitpid(child, &mut 0, 0) }, child),
            }
        }
        assert_eq!(told(), [1]);
        forget();
        assert_eq!(told(), [0]);
    }
}
