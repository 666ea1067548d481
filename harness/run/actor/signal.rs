//! Dispositions, masks, sending; the handlers that scenarios may install.

use super::{DONE, Performer, failed, platform};
use crate::generate::act::{Disposition, SignalFlags};
use crate::plan::script::{ActorId, Outcome};
use crate::run::arena::NOBODY;
use crate::trace::What;
use std::sync::atomic::{AtomicI32, AtomicI64, AtomicU32, Ordering};

const SIGNALS: usize = 65;
const REAPED: usize = 4096;

// Handlers can reach nothing but statics. They are private to each process: fork copies them, `forget_counts` clears them.
static HANDLED: [AtomicU32; SIGNALS] = [const { AtomicU32::new(0) }; SIGNALS];
static DEPTH: [AtomicU32; SIGNALS] = [const { AtomicU32::new(0) }; SIGNALS];
static DEEPEST: [AtomicU32; SIGNALS] = [const { AtomicU32::new(0) }; SIGNALS];
/// What the last handler of each signal was told: process, user, how it was sent (see [`HOW`]), number sent along.
static TOLD: [[AtomicI64; 4]; SIGNALS] = [const { [const { AtomicI64::new(-1) }; 4] }; SIGNALS];
static REAPED_COUNT: AtomicU32 = AtomicU32::new(0);
static REAPED_PIDS: [AtomicI32; REAPED] = [const { AtomicI32::new(0) }; REAPED];
static REAPED_STATUS: [AtomicI32; REAPED] = [const { AtomicI32::new(0) }; REAPED];

extern "C" fn count(signal: libc::c_int) {
    if let Some(counter) = HANDLED.get(signal as usize) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

extern "C" fn inform(signal: libc::c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    if let Some(told) = TOLD.get(signal as usize) {
        // SAFETY: the system hands a handler of SA_SIGINFO a complete siginfo_t.
        let fields = platform::told(signal, unsafe { &*info });
        told.iter().zip(fields).for_each(|(place, field)| place.store(field, Ordering::Relaxed));
    }
    count(signal);
}

/// Whether a signal is held back while its handler runs is seen when the handler sends it to its own process.
extern "C" fn nest(signal: libc::c_int) {
    let (Some(depth), Some(deepest)) = (DEPTH.get(signal as usize), DEEPEST.get(signal as usize)) else { return };
    let errno = super::os::errno();
    deepest.fetch_max(depth.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
    count(signal);
    if HANDLED[signal as usize].load(Ordering::Relaxed) == 1 {
        // SAFETY: raise is async-signal-safe.
        unsafe { libc::raise(signal) };
    }
    depth.fetch_sub(1, Ordering::Relaxed);
    super::os::set_errno(errno);
}

/// The loop that POSIX programs are told to write: one SIGCHLD may stand for several children. It keeps errno, as a handler must.
extern "C" fn reap(signal: libc::c_int) {
    let errno = super::os::errno();
    count(signal);
    loop {
        let mut status = 0;
        // SAFETY: waitpid is async-signal-safe; `status` is a valid place.
        let pid = unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) };
        if pid <= 0 {
            break;
        }
        let at = REAPED_COUNT.load(Ordering::Relaxed) as usize;
        if at < REAPED {
            REAPED_PIDS[at].store(pid, Ordering::Relaxed);
            REAPED_STATUS[at].store(status, Ordering::Relaxed);
        }
        REAPED_COUNT.store(at as u32 + 1, Ordering::Release);
    }
    super::os::set_errno(errno);
}

/// Sets a disposition.
pub fn set(signal: i32, to: Disposition, flags: SignalFlags) -> Result<Outcome, Outcome> {
    // SAFETY: a zeroed sigaction is valid (default action, empty mask, no flags).
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = match to {
        Disposition::Default => libc::SIG_DFL,
        Disposition::Ignore => libc::SIG_IGN,
        Disposition::Count => count as extern "C" fn(libc::c_int) as libc::sighandler_t,
        Disposition::Reap => reap as extern "C" fn(libc::c_int) as libc::sighandler_t,
        Disposition::Nest => nest as extern "C" fn(libc::c_int) as libc::sighandler_t,
        Disposition::Inform => inform as extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) as libc::sighandler_t,
    };
    let bits = [
        (flags.restart, libc::SA_RESTART),
        (flags.reset, libc::SA_RESETHAND),
        (flags.no_defer, libc::SA_NODEFER),
        (flags.no_child_stop, libc::SA_NOCLDSTOP),
        (to == Disposition::Inform, libc::SA_SIGINFO),
    ];
    action.sa_flags = bits.iter().filter(|(set, _)| *set).fold(0, |all, (_, bit)| all | bit);
    // SAFETY: a complete sigaction; the handlers are async-signal-safe.
    if unsafe { libc::sigaction(signal, &raw const action, std::ptr::null_mut()) } == -1 { failed() } else { DONE }
}

/// Blocks and unblocks.
pub fn mask(block: &[i32], unblock: &[i32]) -> Result<Outcome, Outcome> {
    for (how, signals) in [(libc::SIG_BLOCK, block), (libc::SIG_UNBLOCK, unblock)] {
        if change_mask(how, signals) == -1 {
            return failed();
        }
    }
    DONE
}

fn change_mask(how: i32, signals: &[i32]) -> i32 {
    // SAFETY: a complete set; the old one is not asked for.
    unsafe { libc::sigprocmask(how, &raw const *set_of(signals), std::ptr::null_mut()) }
}

/// A set of these signals.
pub(super) fn set_of(signals: &[i32]) -> Box<libc::sigset_t> {
    // SAFETY: an all-zero set is a valid place, and it is initialised before use.
    unsafe {
        let mut set: Box<libc::sigset_t> = Box::new(std::mem::zeroed());
        libc::sigemptyset(&raw mut *set);
        for &signal in signals {
            libc::sigaddset(&raw mut *set, signal);
        }
        set
    }
}

/// How often the handler of this signal has run in this process, and how deep it was nested.
pub(super) fn handled(signal: i32) -> (u32, u32) {
    let read = |place: Option<&AtomicU32>| place.map_or(0, |place| place.load(Ordering::Acquire));
    (read(HANDLED.get(signal as usize)), read(DEEPEST.get(signal as usize)))
}

/// What an informed handler was told last; `None` before it was told anything.
pub(super) fn told(signal: i32) -> Option<[i64; 4]> {
    let told = TOLD.get(signal as usize)?;
    let fields = [0, 1, 2, 3].map(|at| told[at].load(Ordering::Acquire));
    (fields[0] != -1).then_some(fields)
}

/// A forked actor has handled nothing yet.
pub fn forget_counts() {
    for counter in &HANDLED {
        counter.store(0, Ordering::Relaxed);
    }
    for place in DEPTH.iter().chain(&DEEPEST) {
        place.store(0, Ordering::Relaxed);
    }
    for place in TOLD.iter().flatten() {
        place.store(-1, Ordering::Relaxed);
    }
    REAPED_COUNT.store(0, Ordering::Relaxed);
}

/// Records how often each handler ran.
pub(super) fn report_handled(performer: &Performer) {
    for (signal, counter) in HANDLED.iter().enumerate() {
        let value = counter.load(Ordering::Relaxed);
        if value > 0 {
            let signal = crate::names::signal_name(signal as i32).unwrap_or_else(|| signal.to_string());
            let name = format!("handled {signal}");
            performer.note(What::Number { name, value: value.into() });
        }
    }
}

impl Performer<'_> {
    pub(super) fn kill(&self, actor: Option<ActorId>, signal: i32) -> Result<Outcome, Outcome> {
        let pid = match actor {
            Some(actor) => self.pid_when_known(actor),
            None => self.pid,
        };
        // SAFETY: a positive pid of this case.
        if unsafe { libc::kill(pid, signal) } == -1 { failed() } else { DONE }
    }

    /// [`Self::pid_when_known`], or [`NOBODY`] once its maker has ended without it.
    pub(super) fn pid_unless_never(&self, actor: ActorId, maker: Option<ActorId>) -> i32 {
        let Some(maker) = maker else { return self.pid_when_known(actor) };
        loop {
            let of_maker = self.arena.pid_of(maker);
            let ended = of_maker > 0 && matches!(super::os::process_state(of_maker), None | Some('Z'));
            // In this order: what the maker did last is seen.
            match self.arena.pid_of(actor) {
                pid if pid > 0 => return pid,
                _ if ended => return NOBODY,
                _ => super::control::let_others_run(),
            }
        }
    }

    /// Waits until an actor has a process: 0 would be our own process group.
    pub(super) fn pid_when_known(&self, actor: ActorId) -> i32 {
        loop {
            let pid = self.arena.pid_of(actor);
            if pid > 0 {
                return pid;
            }
            super::control::let_others_run();
        }
    }

    /// Waits until the reap handler has reaped so many, and records each.
    pub(super) fn await_reaped(&self, wanted: u32) {
        change_mask(libc::SIG_BLOCK, &[libc::SIGCHLD]);
        while REAPED_COUNT.load(Ordering::Acquire) < wanted {
            // SAFETY: an empty set; sigsuspend waits with SIGCHLD unblocked, which closes the race with the check above.
            unsafe {
                let mut none: libc::sigset_t = std::mem::zeroed();
                libc::sigemptyset(&raw mut none);
                libc::sigsuspend(&raw const none);
            }
        }
        change_mask(libc::SIG_UNBLOCK, &[libc::SIGCHLD]);
        for at in 0..(REAPED_COUNT.load(Ordering::Acquire) as usize).min(REAPED) {
            let of = self.arena.actor_of(REAPED_PIDS[at].load(Ordering::Relaxed), self.actors);
            let ended = crate::sys::decode(REAPED_STATUS[at].load(Ordering::Relaxed));
            self.returned(Outcome::Ended(ended), of);
        }
    }
}
