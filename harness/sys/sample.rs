//! A process's own state as plain words, taken without one allocation.
//!
//! The case root looks at itself after its last step, in a process forked a moment ago. What it touches for the first time
//! it has to copy or to fault in, and a page costs as much there as ten system calls: strings and maps made an empty case
//! a third dearer. So the root writes words into its stack, and the process that judges makes a [`ProcState`] of them.
//!
//! A state that does not fit (very many descriptors, very long paths) is no sample, and [`own_state`](super::own_state)
//! tells it instead.

use super::own::{described, getcwd_into, limit_now, masks, umask, words_of};
use super::{LIMITS, dispositions, fd_target_into, open_fds_into, own_ids};
use crate::trace::state::{FdState, ProcState};
use std::mem::{offset_of, zeroed};

const FDS: usize = 16;
const TARGET: usize = 48;
const CWD: usize = 256;
const MOST_LIMITS: usize = 16;
const _: () = assert!(LIMITS.len() <= MOST_LIMITS);

/// The words. What is used of `fds`, the last field, is counted by `fds_used`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Sample {
    ids: [i32; 4],
    uids: [u32; 3],
    gids: [u32; 3],
    umask: u32,
    nice: i32,
    cwd_used: u32,
    fds_used: u32,
    signals: [u64; 4],
    limits: [[u64; 2]; MOST_LIMITS],
    cwd: [u8; CWD],
    fds: [Fd; FDS],
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Fd {
    dev: u64,
    ino: u64,
    fd: i32,
    flags: i32,
    cloexec: u32,
    target_used: u32,
    target: [u8; TARGET],
}

/// What this process was before its first step.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// The sample.
    pub sample: &'a Sample,
    /// It performed nothing that changes dispositions or limits: they need not be asked for again. Nor did it make a descriptor
    /// above `highest`: whatever is open is one of the sample's or not above that.
    pub spared: bool,
    /// The highest descriptor that it was ever given.
    pub highest: i32,
}

impl Known<'_> {
    /// No descriptor above this one can be open.
    fn bound(self) -> i32 {
        let inherited = self.sample.fds.iter().take(self.sample.fds_used as usize).map(|fd| fd.fd);
        inherited.fold(self.highest, i32::max)
    }
}

/// Writes the numbers of the open descriptors up to `bound`, and tells how many there are; `None` when they are too many.
fn open_up_to(bound: i32, numbers: &mut [i32]) -> Option<usize> {
    let mut used = 0;
    for fd in 0..=bound {
        // SAFETY: F_GETFD takes no memory.
        if unsafe { libc::fcntl(fd, libc::F_GETFD) } >= 0 {
            *numbers.get_mut(used)? = fd;
            used += 1;
        }
    }
    Some(used)
}

impl Sample {
    /// The state of this process now; `None` when it does not fit. Descriptors that refer to what they referred to in `known`
    /// keep the name they had there: asking for it is the dearest call of all.
    pub fn take(known: Option<Known>) -> Option<Sample> {
        // SAFETY: all zeros is a valid value of every field.
        let mut sample: Sample = unsafe { zeroed() };
        // SAFETY: these calls only read ids of this process, and its nice value.
        (sample.ids, sample.nice) =
            unsafe { ([libc::getpid(), libc::getppid(), libc::getpgid(0), libc::getsid(0)], libc::getpriority(libc::PRIO_PROCESS, 0)) };
        (sample.uids, sample.gids) = own_ids();
        sample.umask = umask();
        let (blocked, pending) = masks();
        let bound = known.filter(|known| known.spared).map(Known::bound);
        let spared = known.filter(|known| known.spared).map(|known| known.sample);
        let (ignored, caught) = spared.map_or_else(dispositions, |known| (known.signals[2], known.signals[3]));
        sample.signals = [blocked, pending, ignored, caught];
        match spared {
            Some(known) => sample.limits = known.limits,
            None => {
                for (place, (_, resource)) in sample.limits.iter_mut().zip(LIMITS) {
                    *place = limit_now(*resource)?;
                }
            }
        }
        sample.cwd_used = u32::try_from(getcwd_into(&mut sample.cwd)?).ok()?;
        let mut numbers = [0; FDS];
        // To have the system count them makes it furnish a directory of /proc for a process that ends in a moment.
        let used = match bound {
            Some(bound) => open_up_to(bound, &mut numbers)?,
            None => open_fds_into(&mut numbers)?,
        };
        for (place, fd) in sample.fds.iter_mut().zip(&numbers[..used]) {
            *place = fd_words(*fd, known.map(|known| known.sample))?;
        }
        sample.fds_used = u32::try_from(used).ok()?;
        Some(sample)
    }

    /// Makes of it the same state as the process of this id would have sampled it: alone in a new session, with this CPU limit.
    pub fn be_of_root(&mut self, pid: i32, cpu_seconds: u64) {
        self.ids = [pid, self.ids[1], pid, pid];
        if let Some(at) = LIMITS.iter().position(|(name, _)| *name == "CPU") {
            self.limits[at] = [cpu_seconds; 2];
        }
    }

    /// Its bytes, without the places for descriptors that are not used.
    pub fn bytes(&self) -> &[u8] {
        let length = offset_of!(Sample, fds) + (self.fds_used as usize).min(FDS) * size_of::<Fd>();
        // SAFETY: within the value, which has no padding: every field is a multiple of the alignment of the next.
        unsafe { std::slice::from_raw_parts(std::ptr::from_ref(self).cast(), length) }
    }

    /// The sample of these bytes; `None` when they are none.
    pub fn of(bytes: &[u8]) -> Option<Sample> {
        if bytes.len() < offset_of!(Sample, fds) || bytes.len() > size_of::<Sample>() {
            return None;
        }
        // SAFETY: all zeros is a valid value of every field, and so is every other pattern of bits; no more bytes than the value
        // has are copied over it.
        let sample = unsafe {
            let mut sample: Sample = zeroed();
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), (&raw mut sample).cast(), bytes.len());
            sample
        };
        (sample.fds_used as usize <= FDS).then_some(sample)
    }

    /// In the form in which states are recorded.
    pub fn state(&self) -> ProcState {
        let [pid, ppid, pgid, sid] = self.ids;
        let [blocked, pending, ignored, caught] = self.signals.map(words_of);
        ProcState {
            pid,
            ppid,
            pgid,
            sid,
            uids: self.uids,
            gids: self.gids,
            cwd: text(&self.cwd, self.cwd_used),
            umask: self.umask,
            nice: self.nice,
            blocked,
            ignored,
            caught,
            pending,
            fds: self.fds.iter().take(self.fds_used as usize).map(Fd::state).collect(),
            limits: LIMITS.iter().zip(self.limits).map(|((name, _), limit)| ((*name).to_owned(), limit)).collect(),
            ..ProcState::default()
        }
    }
}

impl Fd {
    fn state(&self) -> FdState {
        let (fd, dev, ino) = (self.fd, self.dev, self.ino);
        FdState { fd, dev, ino, target: text(&self.target, self.target_used), cloexec: Some(self.cloexec != 0), ..described(self.flags) }
    }
}

fn text(bytes: &[u8], used: u32) -> String {
    String::from_utf8_lossy(&bytes[..(used as usize).min(bytes.len())]).into_owned()
}

#[expect(clippy::unnecessary_cast, reason = "device and inode numbers have other types on other platforms")]
fn fd_words(fd: i32, known: Option<&Sample>) -> Option<Fd> {
    // SAFETY: F_GETFL and F_GETFD take no memory; an all-zero stat is valid and a valid place for one.
    let (flags, cloexec, stat) = unsafe {
        let mut stat: libc::stat = zeroed();
        libc::fstat(fd, &raw mut stat);
        (libc::fcntl(fd, libc::F_GETFL), libc::fcntl(fd, libc::F_GETFD), stat)
    };
    let mut words = Fd {
        dev: stat.st_dev as u64,
        ino: stat.st_ino as u64,
        fd,
        flags,
        cloexec: u32::from(cloexec & libc::FD_CLOEXEC != 0),
        target_used: 0,
        target: [0; TARGET],
    };
    let same = |was: &&Fd| (was.fd, was.dev, was.ino) == (fd, words.dev, words.ino);
    match known.and_then(|known| known.fds.iter().take(known.fds_used as usize).find(same)) {
        Some(was) => (words.target_used, words.target) = (was.target_used, was.target),
        None => words.target_used = u32::try_from(fd_target_into(fd, &mut words.target)?).ok()?,
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::super::own_state;
    use super::*;

    #[test]
    fn a_sample_tells_what_the_long_way_tells() {
        // Other tests open descriptors meanwhile; that one of the two was taken in a quiet moment is enough.
        let same = |(sample, own): (Sample, ProcState)| Sample::of(sample.bytes()).map(|back| back.state()) == Some(own);
        let before = Sample::take(None);
        let known = before.as_ref().map(|sample| Known { sample, spared: true, highest: 4096 });
        let pairs = (0..1000).filter_map(|at| Some((Sample::take(known.filter(|_| at % 2 == 0))?, own_state(false))));
        let (mut seen, mut equal) = (0, false);
        for pair in pairs {
            seen += 1;
            equal |= same(pair);
        }
        assert!(equal || seen == 0, "{:?}", Sample::take(None).map(|sample| (sample.state(), own_state(false))));
    }

    #[test]
    fn bytes_of_something_else_are_no_sample() {
        assert!(Sample::of(&[]).is_none());
        assert!(Sample::of(&[0xff; size_of::<Sample>()]).is_none());
    }
}
