//! The arena: shared memory in which every process of a case appends its events.
//!
//! A case's actors die by signal, exec, `_exit` and kill at any moment, and still what they did until then must be known. A
//! socket or pipe would be one more descriptor in every actor and one more thing that blocks; so events go into one
//! mapping: an actor reserves room with a fetch-add, fills it and commits it. What is reserved and never committed was
//! the last act of a process that died in it, and is skipped.
//!
//! Exec'd agents map the same file by its path and close it at once. Gates, process ids and what each actor is doing right
//! now live in the header, so that other actors can wait for them.
//!
//! A fresh fork faults in every page of the mapping that it touches, and a fault costs more than ten system calls. So what
//! belongs to actor n, gate n and listener n lies side by side: a case of ordinary size finds all of it on one page, and its
//! events on the next.

use crate::plan::script::ActorId;
use crate::sys::Sample;
use crate::trace::{Event, What};
use std::fs::OpenOptions;
use std::mem::offset_of;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
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
/// Commits a record that is no event but the root's sample of itself: its time, then the sample's bytes.
const SAMPLED: [u32; 2] = [0x7c41_ae0f, 0x7c41_ae10];
/// The log of an ordinary case is shorter.
const ORDINARY: usize = 1 << 20;
/// So much of a full log is told.
const FULL: usize = 4 << 20;
const HEAD_ROOM: usize = 8;
/// An event of ordinary size is put together in so many bytes of the stack.
const SMALL: usize = 512;

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
    /// Bit n: an object was made under the case's name n.
    named: AtomicU64,
    slots: [Slot; ACTORS],
    accounted_fds: [AtomicI32; ACCOUNTED],
}

/// What belongs to the actor, the gate, the listener and the descriptor slot of one number.
#[repr(C)]
struct Slot {
    pid: AtomicI32,
    /// 0: between steps; 2n: in step n; 2n + 1: in step n, waiting at a gate.
    doing: AtomicU32,
    gate: AtomicU32,
    port: AtomicU32,
    /// Inode of what the descriptor slot of this number holds, for the explanation of a hang.
    made: AtomicU64,
}

/// Which of a case's two samples of its root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Before the first step.
    Before,
    /// After the last.
    After,
}

impl Moment {
    /// How the recorded state is labelled.
    pub fn label(self) -> &'static str {
        match self {
            Moment::Before => "before",
            Moment::After => "after",
        }
    }
}

const _: () = assert!(size_of::<Header>() <= LOG);

/// The process id of who will never have one: no system gives it, so that whoever looks at it, or sends it a signal, finds nobody.
pub const NOBODY: i32 = i32::MAX;

/// A mapped arena.
pub struct Arena {
    base: *mut u8,
    size: usize,
    path: PathBuf,
    /// The file: device and number.
    file: (u64, u64),
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
        let meta = file.metadata()?;
        Ok(Arena { base: base.cast(), size, path: path.to_owned(), file: (meta.dev(), meta.ino()) })
    }

    /// The shared header.
    pub fn header(&self) -> &Header {
        // SAFETY: the mapping is at least LOG long, page-aligned, and every bit pattern is a valid Header of atomics.
        unsafe { &*self.base.cast::<Header>() }
    }

    /// Whether the file still is where others find it, whole, and none other is in its place.
    pub fn in_place(&self) -> bool {
        let same = |meta: std::fs::Metadata| meta.len() == self.size as u64 && (meta.dev(), meta.ino()) == self.file;
        !crate::sys::lost() && self.path.symlink_metadata().is_ok_and(same)
    }

    /// Has this process survive it when the file is cut short, or has no room for a page; for the warden alone.
    ///
    /// # Errors
    /// Those of sigaction(2).
    pub fn guard(&self) -> std::io::Result<()> {
        crate::sys::guard(self.base, self.size)
    }

    /// Takes as much room on the file system as an ordinary case needs, where that is shared with others: to find none in the
    /// middle of a case would look like a fault of the case.
    ///
    /// # Errors
    /// A full file system.
    pub fn take_room(&self) -> std::io::Result<()> {
        use std::os::unix::fs::FileExt;
        OpenOptions::new().write(true).open(&self.path)?.write_all_at(&vec![0; LOG + ORDINARY], 0)
    }

    /// Whether the record cannot be of actors: more is reserved than there is room for, and nobody said so.
    pub fn forged(&self) -> bool {
        self.header().head.load(Ordering::Acquire) > (self.size - LOG) as u64 && !self.overflowed()
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Lets agents that run as another user map it.
    pub fn open_to_users(&self) {
        use std::os::unix::fs::PermissionsExt;
        // Where that fails such an agent is found to be unable, which says more.
        let _ = std::fs::set_permissions(&self.path, std::fs::Permissions::from_mode(0o666));
    }

    /// Empties the arena for the next case and starts its clock. Only while no actor runs. `slots`: how many actors, gates,
    /// listeners and descriptor slots the case before can have had at most.
    pub fn reset(&self, slots: usize) {
        let used = self.used();
        let accounted = (self.header().accounted.load(Ordering::Relaxed) as usize).min(ACCOUNTED);
        let seq = self.header().next_seq.load(Ordering::Relaxed);
        // SAFETY: within the mapping; nobody else uses it now.
        unsafe {
            std::ptr::write_bytes(self.base, 0, offset_of!(Header, slots) + slots.min(ACTORS) * size_of::<Slot>());
            std::ptr::write_bytes(self.base.add(offset_of!(Header, accounted_fds)), 0, accounted * size_of::<AtomicI32>());
            std::ptr::write_bytes(self.base.add(LOG), 0, used);
        }
        let now = now_ns();
        self.header().next_seq.store(seq, Ordering::Relaxed);
        self.header().start_ns.store(now, Ordering::Release);
        self.header().last_event_ns.store(now, Ordering::Release);
    }

    /// Bytes of the log in use.
    fn used(&self) -> usize {
        usize::try_from(self.header().head.load(Ordering::Acquire)).map_or(self.size - LOG, |head| head.min(self.size - LOG))
    }

    /// The log as it lies there; [`events_in`] reads it. Of one that did not find room, or claims to be longer than there is, only
    /// the beginning: a case that writes over the head must not cost minutes and all memory to read.
    pub fn log(&self) -> &[u8] {
        let most = if self.overflowed() || self.forged() { FULL } else { usize::MAX };
        // SAFETY: within the mapping; uncommitted ranges are only looked at through their commit word.
        unsafe { std::slice::from_raw_parts(self.base.add(LOG), self.used().min(most)) }
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
        if let Ok(bytes) = postcard::to_slice(event, &mut [0; SMALL]) {
            return self.put(COMMITTED, [bytes, &[]]);
        }
        if let Ok(bytes) = postcard::to_allocvec(event) {
            self.put(COMMITTED, [&bytes, &[]]);
        }
    }

    /// Appends the root's sample of itself.
    pub fn append_sample(&self, moment: Moment, sample: &Sample) {
        self.put(SAMPLED[moment as usize], [&self.elapsed_ns().to_ne_bytes(), sample.bytes()]);
    }

    fn put(&self, commit: u32, parts: [&[u8]; 2]) {
        let length = parts[0].len() + parts[1].len();
        let room = (HEAD_ROOM + length).next_multiple_of(8);
        let at = self.header().head.fetch_add(room as u64, Ordering::AcqRel) as usize;
        // A case that wrote over the head can make it anything.
        if at.checked_add(room).is_none_or(|end| end > self.size - LOG) {
            self.header().overflow.store(1, Ordering::Release);
            return;
        }
        // SAFETY: the fetch-add gave this range to us alone, and it ends inside the mapping.
        unsafe {
            let place = self.base.add(LOG + at);
            (*place.add(4).cast::<AtomicU32>()).store(length as u32, Ordering::Relaxed);
            std::ptr::copy_nonoverlapping(parts[0].as_ptr(), place.add(HEAD_ROOM), parts[0].len());
            std::ptr::copy_nonoverlapping(parts[1].as_ptr(), place.add(HEAD_ROOM + parts[0].len()), parts[1].len());
            (*place.cast::<AtomicU32>()).store(commit, Ordering::Release);
        }
        self.header().last_event_ns.store(now_ns(), Ordering::Release);
    }

    /// All committed events, in the order in which room for them was reserved.
    pub fn drain(&self) -> Vec<Event> {
        events_in(self.log())
    }

    /// The sample that the root took before its first step.
    pub fn sample_before(&self) -> Option<Sample> {
        let payload = records(self.log()).find_map(|(word, payload)| (word == SAMPLED[Moment::Before as usize]).then_some(payload))?;
        Sample::of(payload.get(8..)?)
    }

    /// Whether events were lost for want of room.
    pub fn overflowed(&self) -> bool {
        self.header().overflow.load(Ordering::Acquire) != 0
    }

    /// The process id of an actor, 0 while it has none.
    pub fn pid_of(&self, actor: ActorId) -> i32 {
        self.header().slots.get(usize::from(actor)).map_or(0, |slot| slot.pid.load(Ordering::Acquire))
    }

    /// Notes the process id of an actor.
    pub fn set_pid(&self, actor: ActorId, pid: i32) {
        if let Some(slot) = self.header().slots.get(usize::from(actor)) {
            slot.pid.store(pid, Ordering::Release);
        }
    }

    /// Notes that an actor that has no process will not get one.
    pub fn set_nobody(&self, actor: ActorId) {
        if let Some(slot) = self.header().slots.get(usize::from(actor)) {
            // One that tells its number at this moment is right.
            let _ = slot.pid.compare_exchange(0, NOBODY, Ordering::AcqRel, Ordering::Acquire);
        }
    }

    /// The actor that has this process id, the latest where several had it.
    pub fn actor_of(&self, pid: i32, actors: u16) -> Option<ActorId> {
        (0..actors).rev().find(|&actor| self.pid_of(actor) == pid)
    }

    /// The word of a gate: 0 closed, 1 open.
    pub fn gate(&self, gate: u16) -> &AtomicU32 {
        &self.header().slots[usize::from(gate) % GATES].gate
    }

    /// What an actor is doing. 0: between steps; 2n: in step n; 2n + 1: in step n, waiting at a gate.
    pub fn doing(&self, actor: ActorId) -> &AtomicU32 {
        &self.header().slots[usize::from(actor) % ACTORS].doing
    }

    /// The port of a listener, 0 while it does not listen.
    pub fn port(&self, listener: u16) -> &AtomicU32 {
        &self.header().slots[usize::from(listener) % LISTENERS].port
    }

    /// The inode of what was made last into this slot, 0 while nothing was; none for slots beyond [`MADE`].
    pub fn made(&self, slot: u16) -> Option<&AtomicU64> {
        self.header().slots[..MADE].get(usize::from(slot)).map(|slot| &slot.made)
    }

    /// Notes that an object was made under this name of the case's.
    pub fn note_name(&self, number: u16) {
        self.header().named.fetch_or(1 << (number % 64), Ordering::AcqRel);
    }

    /// The names of the case's under which objects were made.
    pub fn names(&self) -> impl Iterator<Item = u16> + use<> {
        let named = self.header().named.load(Ordering::Acquire);
        (0..64).filter(move |number| named >> number & 1 == 1)
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

/// The committed records of a log: the word that committed each, and what it holds.
fn records(log: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = log.get(at..).filter(|rest| rest.len() >= HEAD_ROOM)?;
            match committed(rest) {
                Some((word, payload)) => {
                    at += (HEAD_ROOM + payload.len()).next_multiple_of(8);
                    return Some((word, payload));
                }
                None => at += 8,
            }
        }
    })
}

fn committed(log: &[u8]) -> Option<(u32, &[u8])> {
    let word = |at: usize| u32::from_ne_bytes([log[at], log[at + 1], log[at + 2], log[at + 3]]);
    let commit = Some(word(0)).filter(|word| *word == COMMITTED || SAMPLED.contains(word))?;
    Some((commit, log.get(HEAD_ROOM..HEAD_ROOM.checked_add(word(4) as usize)?)?))
}

/// The events of a log, in the order in which room for them was reserved. What is no event, because somebody scribbled over
/// it, is passed over.
pub fn events_in(log: &[u8]) -> Vec<Event> {
    records(log)
        .filter_map(|(word, payload)| if word == COMMITTED { postcard::from_bytes(payload).ok() } else { sampled(word, payload) })
        .collect()
}

fn sampled(word: u32, payload: &[u8]) -> Option<Event> {
    let at = u64::from_ne_bytes(payload.get(..8)?.try_into().ok()?);
    let state = Sample::of(&payload[8..])?.state();
    let moment = if word == SAMPLED[0] { Moment::Before } else { Moment::After };
    let label = moment.label().to_owned();
    Some(Event { at, actor: 0, pid: state.pid, step: None, what: What::State { label, state: Box::new(state) } })
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
        arena.reset(ACTORS);
        arena.append(&event(5));
        // A process that died between reserving and committing.
        arena.header().head.fetch_add(24, Ordering::AcqRel);
        Arena::open(arena.path()).unwrap().append(&event(9));
        assert_eq!(arena.drain(), [event(5), event(9)]);
        arena.reset(ACTORS);
        assert!(arena.drain().is_empty());
    }

    #[test]
    fn a_reset_forgets_every_slot_that_was_used() {
        let dir = tempfile::tempdir().unwrap();
        let arena = Arena::create(&dir.path().join("arena"), 1 << 20).unwrap();
        arena.set_pid(7, 4711);
        arena.gate(7).store(1, Ordering::Release);
        arena.account_fd(12);
        arena.reset(8);
        assert_eq!((arena.pid_of(7), arena.gate(7).load(Ordering::Acquire)), (0, 0));
        arena.account_fd(0);
        assert_eq!(arena.accounted_fds(), [0]);
    }

    #[test]
    fn who_will_not_be_there_is_nobody_and_whoever_is_stays() {
        let dir = tempfile::tempdir().unwrap();
        let arena = Arena::create(&dir.path().join("arena"), 1 << 20).unwrap();
        arena.set_pid(3, 4711);
        arena.set_nobody(3);
        arena.set_nobody(4);
        assert_eq!((arena.pid_of(3), arena.pid_of(4)), (4711, NOBODY));
        // It came after all: a library that did not end it.
        arena.set_pid(4, 4712);
        assert_eq!(arena.pid_of(4), 4712);
    }

    #[test]
    fn a_sample_comes_back_as_the_state_that_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let arena = Arena::create(&dir.path().join("arena"), 1 << 20).unwrap();
        arena.reset(ACTORS);
        let Some(sample) = Sample::take(None) else { return };
        arena.append_sample(Moment::Before, &sample);
        assert_eq!(arena.sample_before().map(|sample| sample.state()), Some(sample.state()));
        let [Event { actor: 0, step: None, what: What::State { label, state }, .. }] = &arena.drain()[..] else { panic!("one state") };
        assert_eq!((label.as_str(), &**state), ("before", &sample.state()));
    }

    #[test]
    fn a_full_arena_says_so() {
        let dir = tempfile::tempdir().unwrap();
        let arena = Arena::create(&dir.path().join("arena"), LOG + 4096).unwrap();
        arena.reset(ACTORS);
        for _ in 0..100 {
            arena.append(&event(100));
        }
        assert!(arena.overflowed());
        assert!(!arena.drain().is_empty());
    }
}
