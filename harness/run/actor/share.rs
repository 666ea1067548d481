//! What processes share beyond their parent's memory: atomics, and the names of objects that outlive their makers.

use super::{DONE, Performer, control, failed};
use crate::generate::act::SharedVia;
use crate::generate::share::{Named, Public, QueueVia, Share};
use crate::plan::script::Outcome;
use crate::sys::names;
use std::sync::atomic::Ordering;

impl Performer<'_> {
    pub(super) fn share(&mut self, act: &Share) -> Result<Outcome, Outcome> {
        match *act {
            Share::FetchAdd { slot, by, torn } => self.fetch_add(slot, by, torn),
            Share::Exchange { slot, value } => Ok(Outcome::Done(Some(self.counter(slot)?.swap(value, Ordering::SeqCst)))),
            Share::Detach { slot } => self.detach(slot),
            Share::Remove { number, of } => self.remove(number, of),
            Share::Lock(lock) => self.lock(lock),
            Share::Queue { slot, queue } => self.queue(slot, queue),
            Share::Send { slot, number, priority, bytes, nohang } => self.send_message(slot, [number, priority], bytes, nohang),
            Share::Receive { slot, wish, room, nohang } => self.receive_message(slot, wish, room, nohang),
        }
    }

    fn fetch_add(&self, slot: u16, by: i64, torn: bool) -> Result<Outcome, Outcome> {
        let counter = self.counter(slot)?;
        if !torn {
            return Ok(Outcome::Done(Some(counter.fetch_add(by, Ordering::SeqCst))));
        }
        let before = counter.load(Ordering::SeqCst);
        control::let_others_run();
        counter.store(before.wrapping_add(by), Ordering::SeqCst);
        Ok(Outcome::Done(Some(before)))
    }

    /// The process whose id the names of a case bear: all of them know it.
    pub(super) fn root_pid(&self) -> i32 {
        self.arena.pid_of(0)
    }

    pub(super) fn public_name(&self, number: u16) -> String {
        names::path(self.root_pid(), number)
    }

    /// What was made under a name is looked for when the case is over.
    pub(super) fn note_public(&self, public: Option<Public>) {
        if let Some(public) = public.filter(|public| public.create) {
            self.arena.note_name(public.number);
        }
    }

    fn remove(&self, number: u16, of: Named) -> Result<Outcome, Outcome> {
        let (path, key) = (self.public_name(number), names::key(self.root_pid(), number));
        let removed = match of {
            Named::Shared(SharedVia::Sysv) => names::remove_segment(key),
            Named::Shared(_) => names::unlink_memory(&path),
            Named::Semaphore => names::unlink_semaphore(&path),
            Named::Queue(QueueVia::Posix) => names::unlink_queue(&path),
            Named::Queue(QueueVia::Sysv) => names::remove_queue(key),
        };
        if removed { DONE } else { failed() }
    }
}
