//! The arena: shared memory in which every process of a case appends its events.
//!
//! A case's actors die by signal, exec, `_exit` and kill at any moment, and still what they did until then must be known. A
//! socket or pipe would be one more descriptor in every actor and one more thing that blocks; so events go into one
//! mapping: an actor reserves room with a fetch-add, fills it and commits it. What is reserved and never committed was
//! the last act of a process that died in it, and is skipped.
//!
//! Exec'd agents map the same file by its path and close it at once. Gates, process ids and what each actor is doing right
//! now live in the header, so that other actors can wait for them.

use crate::plan::script::ActorId;
use crate::trace::Event;
use std::fs::OpenOptions;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering};

/// Most actors of a case.
pub const ACTORS: usize = 4096;
/// Most gates of a case.
pub const GATES: usize = 1024;
/// Most listeners of a case.
pub const LISTENERS: usize = 64;
const ACCOUNTED: usize = 256;
/// Descriptor slots whose inodes are known; pipes beyond that have no names in the explanation of a hang.
pub const MADE: usize = 256;
/// Size of an arena in bytes; only what is touched costs memory.
pub const SIZE: usize = 256 << 20;
const LOG: usize = 128 << 10;
const COMMITTED: u32 = 0x7c41_ae0e;
const HEAD_ROOM: usize = 8;

/// The head of the mapping. All of it is zero in a fresh arena.
#[repr(C)]
pub struct Header {
    /// Bytes of the log that are reserved.
    head: AtomicU64,
    /// Monotonic clock when the case began.
    start_ns: AtomicU64,
    last_event_ns: AtomicU64,
    overflow: AtomicU32,
    /// The case root has performed its last step.
    pub root_done: AtomicU32,
    /// Sequence number of the next request to the subject.
    pub next_seq: AtomicU64,
    accounted: AtomicU32,
    accounted_fds: [AtomicI32; ACCOUNTED],
    gates: [AtomicU32; GATES],
    pids: [AtomicI32; ACTORS],
    /// 0: between steps; 2n: in step n; 2n + 1: in step n, waiting at a gate.
    doing: [AtomicU32; ACTORS],
    ports: [AtomicU32; LISTENERS],
    /// Inodes of what the first so many descriptor slots hold, for the explanation of a hang.
    made: [AtomicU64; MADE],
}

const _: () = assert!(size_of::<Header>() <= LOG);

/// A mapped arena.
pub struct Arena {
    base: *mut u8,
    size: usize,
    path: PathBuf,
}

// SAFETY: everything behind `base` is reached through atomics or through ranges reserved by fetch-add.
unsafe impl Send for Arena {}
// SAFETY: as above.
unsafe impl Sync for Arena {}

impl Arena {
    /// Makes the file and maps it.
    ///
    /// # Errors
    /// Those of open, ftruncate and mmap.
    pub fn create(path: &Path, size: usize) -> std::io::Result<Arena> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
        file.set_len(size as u64)?;
        Arena::map(&file, size, path)
    }

    /// Maps the arena that another process made.
    ///
    /// # Errors
    /// Those of open, stat and mmap.
    pub fn open(path: &Path) -> std::io::Result<Arena> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        let size = usize::try_from(file.metadata()?.len()).unwrap_or(0);
        if size < LOG {
            return Err(std::io::Error::other("the file is too short for an arena"));
        }
        Arena::map(&file, size, path)
    }

    fn map(file: &std::fs::File, size: usize, path: &Path) -> std::io::Result<Arena> {
        // SAFETY: a fresh mapping of `size` bytes at an address of the system's choice.
        let base =
            unsafe { libc::mmap(std::ptr::null_mut(), size, libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED, file.as_raw_fd(), 0) };
        if base == libc::MAP_FAILED {
            return Err(std::io::Error::last_os_error());
        }
        Ok(Arena { base: base.cast(), size, path: path.to_owned() })
    }

    /// The shared header.
    pub fn header(&self) -> &Header {
        // SAFETY: the mapping is at least LOG long, page-aligned, and every bit pattern is a valid Header of atomics.
        unsafe { &*self.base.cast::<Header>() }
    }

    /// Whether the file still is where others find it.
    pub fn in_place(&self) -> bool {
        self.path.metadata().is_ok_and(|meta| meta.len() == self.size as u64)
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Empties the arena for the next case and starts its clock. Only while no actor runs.
    pub fn reset(&self) {
        let used = (self.header().head.load(Ordering::Acquire) as usize).min(self.size - LOG);
        let seq = self.header().next_seq.load(Ordering::Relaxed);
        // SAFETY: within the mapping; nobody else uses it now.
        unsafe {
            std::ptr::write_bytes(self.base, 0, size_of::<Header>());
            std::ptr::write_bytes(self.base.add(LOG), 0, used);
        }
        self.header().next_seq.store(seq, Ordering::Relaxed);
        self.header().start_ns.store(now_ns(), Ordering::Release);
        self.header().last_event_ns.store(now_ns(), Ordering::Release);
    }

    /// Nanoseconds since the case began.
    pub fn elapsed_ns(&self) -> u64 {
        now_ns().saturating_sub(self.header().start_ns.load(Ordering::Acquire))
    }

    /// Nanoseconds since the last event.
    pub fn since_last_event_ns(&self) -> u64 {
        now_ns().saturating_sub(self.header().last_event_ns.load(Ordering::Acquire))
    }

    /// Appends an event. What does not fit any more sets the overflow flag instead.
    pub fn append(&self, event: &Event) {
        let Ok(bytes) = postcard::to_allocvec(event) else { return };
        let room = (HEAD_ROOM + bytes.len()).next_multiple_of(8);
        let at = self.header().head.fetch_add(room as u64, Ordering::AcqRel) as usize;
        if at + room > self.size - LOG {
            self.header().overflow.store(1, Ordering::Release);
            return;
        }
        // SAFETY: the fetch-add gave this range to us alone, and it ends inside the mapping.
        unsafe {
            let place = self.base.add(LOG + at);
            (*place.add(4).cast::<AtomicU32>()).store(bytes.len() as u32, Ordering::Relaxed);
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), place.add(HEAD_ROOM), bytes.len());
            (*place.cast::<AtomicU32>()).store(COMMITTED, Ordering::Release);
        }
        self.header().last_event_ns.store(now_ns(), Ordering::Release);
    }

    /// All committed events, in the order in which room for them was reserved.
    pub fn drain(&self) -> Vec<Event> {
        let used = (self.header().head.load(Ordering::Acquire) as usize).min(self.size - LOG);
        // SAFETY: within the mapping; uncommitted ranges are only looked at through their commit word.
        let log = unsafe { std::slice::from_raw_parts(self.base.add(LOG), used) };
        let mut events = Vec::new();
        let mut at = 0;
        while at + HEAD_ROOM <= used {
            match committed(&log[at..]) {
                Some((event, room)) => {
                    events.push(event);
                    at += room;
                }
                None => at += 8,
            }
        }
        events
    }

    /// Whether events were lost for want of room.
    pub fn overflowed(&self) -> bool {
        self.header().overflow.load(Ordering::Acquire) != 0
    }

    /// The process id of an actor, 0 while it has none.
    pub fn pid_of(&self, actor: ActorId) -> i32 {
        self.header().pids.get(usize::from(actor)).map_or(0, |pid| pid.load(Ordering::Acquire))
    }

    /// Notes the process id of an actor.
    pub fn set_pid(&self, actor: ActorId, pid: i32) {
        if let Some(place) = self.header().pids.get(usize::from(actor)) {
            place.store(pid, Ordering::Release);
        }
    }

    /// The actor that has this process id, the latest where several had it.
    pub fn actor_of(&self, pid: i32, actors: u16) -> Option<ActorId> {
        (0..actors).rev().find(|&actor| self.pid_of(actor) == pid)
    }

    /// The word of a gate: 0 closed, 1 open.
    pub fn gate(&self, gate: u16) -> &AtomicU32 {
        &self.header().gates[usize::from(gate) % GATES]
    }

    /// What an actor is doing; see [`Header`].
    pub fn doing(&self, actor: ActorId) -> &AtomicU32 {
        &self.header().doing[usize::from(actor) % ACTORS]
    }

    /// The port of a listener, 0 while it does not listen.
    pub fn port(&self, listener: u16) -> &AtomicU32 {
        &self.header().ports[usize::from(listener) % LISTENERS]
    }

    /// The inode of what was made last into this slot, 0 while nothing was; none for slots beyond [`MADE`].
    pub fn made(&self, slot: u16) -> Option<&AtomicU64> {
        self.header().made.get(usize::from(slot))
    }

    /// Notes that the scenario itself left this descriptor of the root open.
    pub fn account_fd(&self, fd: i32) {
        let at = self.header().accounted.fetch_add(1, Ordering::AcqRel) as usize;
        if let Some(place) = self.header().accounted_fds.get(at) {
            place.store(fd, Ordering::Release);
        }
    }

    /// Descriptors of the root that the scenario itself left open.
    pub fn accounted_fds(&self) -> Vec<i32> {
        let n = (self.header().accounted.load(Ordering::Acquire) as usize).min(ACCOUNTED);
        self.header().accounted_fds[..n].iter().map(|fd| fd.load(Ordering::Acquire)).collect()
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        // SAFETY: our own mapping, not used any more.
        unsafe { libc::munmap(self.base.cast(), self.size) };
    }
}

fn committed(log: &[u8]) -> Option<(Event, usize)> {
    let word = |at: usize| u32::from_ne_bytes([log[at], log[at + 1], log[at + 2], log[at + 3]]);
    if word(0) != COMMITTED {
        return None;
    }
    let length = word(4) as usize;
    let bytes = log.get(HEAD_ROOM..HEAD_ROOM.checked_add(length)?)?;
    let event = postcard::from_bytes(bytes).ok()?;
    Some((event, (HEAD_ROOM + length).next_multiple_of(8)))
}

/// The monotonic clock in nanoseconds.
pub fn now_ns() -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is a valid place for the answer; the clock exists on every supported platform.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::What;

    fn event(n: u64) -> Event {
        Event { at: n, actor: 1, pid: 7, step: Some(3), what: What::Data { stream: "p.read".into(), bytes: vec![0; n as usize] } }
    }

    #[test]
    fn events_come_back_in_order_and_a_torn_one_is_skipped() {
        let dir = tempfile::tempdir().unwrap();
        let arena = Arena::create(&dir.path().join("arena"), 1 << 20).unwrap();
        arena.reset();
        arena.append(&event(5));
        // A process that died between reserving and committing.
        arena.header().head.fetch_add(24, Ordering::AcqRel);
        Arena::open(arena.path()).unwrap().append(&event(9));
        assert_eq!(arena.drain(), [event(5), event(9)]);
        arena.reset();
        assert!(arena.drain().is_empty());
    }

    #[test]
    fn a_full_arena_says_so() {
        let dir = tempfile::tempdir().unwrap();
        let arena = Arena::create(&dir.path().join("arena"), LOG + 4096).unwrap();
        arena.reset();
        for _ in 0..100 {
            arena.append(&event(100));
        }
        assert!(arena.overflowed());
        assert!(!arena.drain().is_empty());
    }
}
