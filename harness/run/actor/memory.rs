//! Mappings, counters, semaphores.

use super::{DONE, Performer, failed, os, share_os};
use crate::generate::act::SharedVia;
use crate::generate::share::{Patience, Public};
use crate::plan::script::Outcome;
use crate::sys::names;
use crate::trace::What;
use std::sync::atomic::{AtomicI64, Ordering};

/// A slot: a mapping, inherited over fork at the same address.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    base: *mut u8,
    pages: usize,
    /// A System V segment is given up in its own way.
    sysv: bool,
}

impl Default for Place {
    fn default() -> Self {
        Place { base: std::ptr::null_mut(), pages: 0, sysv: false }
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
        self.memory[usize::from(slot)] = Place { base, pages, sysv: false };
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

    pub(super) fn shared(&mut self, slot: u16, via: SharedVia, public: Option<Public>) -> Result<Outcome, Outcome> {
        let base = match via {
            SharedVia::Anonymous => map(page(), libc::MAP_ANONYMOUS | libc::MAP_SHARED, -1)?,
            SharedVia::ShmOpen => {
                let name = public.map_or_else(|| format!("/childproof-{}-{slot}", self.pid), |public| self.public_name(public.number));
                let keep = public.is_some();
                os::shm_page(&name, page(), os::Opening { create: public.is_none_or(|public| public.create), keep })?
            }
            SharedVia::Sysv => sysv_page(page(), public.map(|public| (names::key(self.root_pid(), public.number), public.create)))?,
        };
        self.note_public(public);
        self.keep_place(slot, base, 1)?;
        self.memory[usize::from(slot)].sysv = via == SharedVia::Sysv;
        DONE
    }

    pub(super) fn detach(&mut self, slot: u16) -> Result<Outcome, Outcome> {
        let place = self.place(slot)?;
        self.memory[usize::from(slot)] = Place::default();
        // SAFETY: a mapping of ours, which nothing refers to any more.
        let done = unsafe { if place.sysv { libc::shmdt(place.base.cast()) } else { libc::munmap(place.base.cast(), page()) } };
        if done == -1 { failed() } else { DONE }
    }

    /// The counter in a slot.
    pub(super) fn counter(&self, slot: u16) -> Result<&AtomicI64, Outcome> {
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

    pub(super) fn semaphore(&mut self, slot: u16, value: u32, named: bool, public: Option<Public>) -> Result<Outcome, Outcome> {
        let base = match public {
            Some(public) => {
                let made = public.create.then_some(value);
                os::named_semaphore(&self.public_name(public.number), made, true)?
            }
            None if named => os::named_semaphore(&format!("/childproof-{}-s{slot}", self.pid), Some(value), false)?,
            None => os::unnamed_semaphore(map(page(), libc::MAP_ANONYMOUS | libc::MAP_SHARED, -1)?, value)?,
        };
        self.note_public(public);
        self.keep_place(slot, base, 1)
    }

    pub(super) fn down(&mut self, slot: u16, patience: Patience) -> Result<Outcome, Outcome> {
        let semaphore = self.place(slot)?.base.cast::<libc::sem_t>();
        loop {
            let done = match patience {
                // SAFETY: an initialised semaphore in memory that every actor maps.
                Patience::Endless => unsafe { libc::sem_wait(semaphore) },
                // SAFETY: as above.
                Patience::None => unsafe { libc::sem_trywait(semaphore) },
                Patience::Limit(ms) => share_os::timed_down(semaphore, ms)?,
            };
            if done == 0 {
                return DONE;
            }
            match os::errno() {
                libc::EINTR if !self.lenient => {}
                libc::ETIMEDOUT => return Err(Outcome::TimedOut),
                _ => return failed(),
            }
        }
    }

    pub(super) fn up(&mut self, slot: u16) -> Result<Outcome, Outcome> {
        let semaphore = self.place(slot)?.base.cast::<libc::sem_t>();
        // SAFETY: as in `down`.
        if unsafe { libc::sem_post(semaphore) } == -1 { failed() } else { DONE }
    }
}

/// A System V segment: under a key, made or found; or without one, and then removed as soon as it is attached, so that it lives
/// while anybody has it attached.
fn sysv_page(bytes: usize, public: Option<(i32, bool)>) -> Result<*mut u8, Outcome> {
    let (key, flags) = match public {
        None => (libc::IPC_PRIVATE, libc::IPC_CREAT | 0o600),
        Some((key, true)) => (key, libc::IPC_CREAT | libc::IPC_EXCL | 0o600),
        Some((key, false)) => (key, 0o600),
    };
    // SAFETY: attached at an address of the system's choice; removing takes no memory.
    unsafe {
        let id = libc::shmget(key, bytes, flags);
        if id == -1 {
            return failed();
        }
        let base = libc::shmat(id, std::ptr::null(), 0);
        let result = if base as isize == -1 { failed() } else { Ok(base.cast()) };
        if public.is_none() {
            libc::shmctl(id, libc::IPC_RMID, std::ptr::null_mut());
        }
        result
    }
}
