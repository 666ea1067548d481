//! Mappings, counters, semaphores.

use super::{DONE, Performer, failed, os};
use crate::generate::act::SharedVia;
use crate::plan::script::Outcome;
use crate::trace::What;
use std::sync::atomic::{AtomicI64, Ordering};

/// A slot: a mapping, inherited over fork at the same address.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    base: *mut u8,
    pages: usize,
}

impl Default for Place {
    fn default() -> Self {
        Place { base: std::ptr::null_mut(), pages: 0 }
    }
}

fn page() -> usize {
    // SAFETY: a constant of the system.
    unsafe { libc::sysconf(libc::_SC_PAGESIZE) as usize }
}

pub(super) fn map(bytes: usize, flags: i32, fd: i32) -> Result<*mut u8, Outcome> {
    // SAFETY: a fresh mapping at an address of the system's choice.
    let base = unsafe { libc::mmap(std::ptr::null_mut(), bytes, libc::PROT_READ | libc::PROT_WRITE, flags, fd, 0) };
    if base == libc::MAP_FAILED { failed() } else { Ok(base.cast()) }
}

impl Performer<'_> {
    /// The pages of a mapping: where they are, how many, and how large each is.
    pub(super) fn pages(&self, slot: u16) -> Result<(*mut u8, usize, usize), Outcome> {
        self.place(slot).map(|place| (place.base, place.pages, page()))
    }

    fn place(&self, slot: u16) -> Result<Place, Outcome> {
        let place = self.memory.get(usize::from(slot)).copied().unwrap_or_default();
        if place.base.is_null() { Err(Outcome::Error("EFAULT".to_owned())) } else { Ok(place) }
    }

    fn keep_place(&mut self, slot: u16, base: *mut u8, pages: usize) -> Result<Outcome, Outcome> {
        self.memory[usize::from(slot)] = Place { base, pages };
        DONE
    }

    pub(super) fn map_pages(&mut self, slot: u16, pages: u32, shared: bool) -> Result<Outcome, Outcome> {
        let flags = libc::MAP_ANONYMOUS | if shared { libc::MAP_SHARED } else { libc::MAP_PRIVATE };
        let base = map(pages as usize * page(), flags, -1)?;
        self.keep_place(slot, base, pages as usize)?;
        self.poke(slot, 0)
    }

    pub(super) fn poke(&mut self, slot: u16, value: u8) -> Result<Outcome, Outcome> {
        let place = self.place(slot)?;
        for n in 0..place.pages {
            // SAFETY: the first byte of a page of our mapping; volatile, because other processes may look at it.
            unsafe { place.base.add(n * page()).write_volatile(value) };
        }
        DONE
    }

    pub(super) fn peek(&mut self, slot: u16) -> Result<Outcome, Outcome> {
        let place = self.place(slot)?;
        // SAFETY: as in `poke`.
        let byte = |n: usize| unsafe { place.base.add(n * page()).read_volatile() };
        let first = byte(0);
        if (1..place.pages).any(|n| byte(n) != first) {
            return Err(Outcome::Error("EIO".to_owned()));
        }
        Ok(Outcome::Done(Some(first.into())))
    }

    pub(super) fn report_memory(&mut self, label: &str) -> Result<Outcome, Outcome> {
        let kib = os::private_kib()?;
        self.note_step(What::Number { name: format!("memory {label}"), value: kib });
        Ok(Outcome::Done(Some(kib)))
    }

    pub(super) fn shared(&mut self, slot: u16, via: SharedVia) -> Result<Outcome, Outcome> {
        let base = match via {
            SharedVia::Anonymous => map(page(), libc::MAP_ANONYMOUS | libc::MAP_SHARED, -1)?,
            SharedVia::ShmOpen => os::shm_open_page(&format!("/childproof-{}-{slot}", self.pid), page())?,
            SharedVia::Sysv => sysv_page(page())?,
        };
        self.keep_place(slot, base, 1)
    }

    /// The counter in a slot.
    fn counter(&self, slot: u16) -> Result<&AtomicI64, Outcome> {
        let place = self.place(slot)?;
        // SAFETY: a shared mapping of at least a page, aligned to a page.
        Ok(unsafe { &*place.base.cast::<AtomicI64>() })
    }

    /// Load, add, store: three machine operations, so that without a lock another process comes between.
    pub(super) fn add(&mut self, slot: u16, by: i64) -> Result<Outcome, Outcome> {
        let counter = self.counter(slot)?;
        let value = counter.load(Ordering::Relaxed);
        std::hint::black_box(value);
        counter.store(value.wrapping_add(by), Ordering::Relaxed);
        DONE
    }

    pub(super) fn load(&mut self, slot: u16, name: &str) -> Result<Outcome, Outcome> {
        let value = self.counter(slot)?.load(Ordering::SeqCst);
        self.note_step(What::Number { name: name.to_owned(), value });
        Ok(Outcome::Done(Some(value)))
    }

    pub(super) fn semaphore(&mut self, slot: u16, value: u32, named: bool) -> Result<Outcome, Outcome> {
        let name = format!("/childproof-{}-s{slot}", self.pid);
        let base = os::semaphore(&name, value, named, || map(page(), libc::MAP_ANONYMOUS | libc::MAP_SHARED, -1))?;
        self.keep_place(slot, base, 1)
    }

    pub(super) fn down(&mut self, slot: u16) -> Result<Outcome, Outcome> {
        let semaphore = self.place(slot)?.base.cast::<libc::sem_t>();
        loop {
            // SAFETY: an initialised semaphore in memory that every actor maps.
            if unsafe { libc::sem_wait(semaphore) } == 0 {
                return DONE;
            }
            if self.lenient || os::errno() != libc::EINTR {
                return failed();
            }
        }
    }

    pub(super) fn up(&mut self, slot: u16) -> Result<Outcome, Outcome> {
        let semaphore = self.place(slot)?.base.cast::<libc::sem_t>();
        // SAFETY: as in `down`.
        if unsafe { libc::sem_post(semaphore) } == -1 { failed() } else { DONE }
    }
}

/// A System V segment, removed as soon as it is attached: it lives while anybody has it attached.
fn sysv_page(bytes: usize) -> Result<*mut u8, Outcome> {
    // SAFETY: a fresh private segment; attached at an address of the system's choice.
    unsafe {
        let id = libc::shmget(libc::IPC_PRIVATE, bytes, libc::IPC_CREAT | 0o600);
        if id == -1 {
            return failed();
        }
        let base = libc::shmat(id, std::ptr::null(), 0);
        let result = if base as isize == -1 { failed() } else { Ok(base.cast()) };
        libc::shmctl(id, libc::IPC_RMID, std::ptr::null_mut());
        result
    }
}
