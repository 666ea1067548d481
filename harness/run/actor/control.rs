//! Gates and awaited states.

use super::{Performer, Stop, os};
use crate::generate::act::State;
use crate::plan::script::{ActorId, Outcome, SUBJECT};
use std::sync::atomic::Ordering;

/// Gives the processor to whoever else can run; on one CPU that is the process waited for.
pub fn let_others_run() {
    // SAFETY: no arguments.
    unsafe { libc::sched_yield() };
}

/// How often a state is looked at before the watcher begins to sleep between looks.
const EAGER_LOOKS: u32 = 500;

/// A look at all threads of the subject costs as much as so many looks at an actor.
const DEAR_LOOK: u32 = 25;

impl Performer<'_> {
    pub(super) fn gate(&self, gate: u16) -> Result<(), Stop> {
        let doing = self.arena.doing(self.actor);
        doing.store(doing.load(Ordering::Acquire) | 1, Ordering::Release);
        let word = self.arena.gate(gate);
        while word.load(Ordering::Acquire) == 0 {
            os::sleep_while(word, 0);
        }
        self.settle(Ok(Outcome::Done(None)))
    }

    pub(super) fn open_gate(&self, gate: u16) -> Result<(), Stop> {
        let word = self.arena.gate(gate);
        word.store(1, Ordering::Release);
        os::wake(word);
        self.settle(Ok(Outcome::Done(None)))
    }

    pub(super) fn await_state(&self, who: ActorId, state: State, maker: Option<ActorId>) -> Result<(), Stop> {
        if let State::Reaped(count) = state {
            self.await_reaped(count);
            return self.settle(Ok(Outcome::Done(None)));
        }
        let pid = self.pid_unless_never(who, maker);
        let mut looks = 0;
        while !self.is_in(who, pid, state) {
            if never_again(pid, state) && !self.is_in(who, pid, state) {
                return self.settle(Err(Outcome::Other("it has ended, and will not be in that state any more".to_owned())));
            }
            looks += if who == SUBJECT { DEAR_LOOK } else { 1 };
            if looks < EAGER_LOOKS { let_others_run() } else { os::doze() }
        }
        self.settle(Ok(Outcome::Done(None)))
    }

    fn is_in(&self, who: ActorId, pid: i32, state: State) -> bool {
        match state {
            // It may have several threads: it waits for something from outside only when all of them sleep.
            State::Blocked if who == SUBJECT => {
                let doing = self.arena.doing(SUBJECT);
                doing.load(Ordering::Acquire) != 0 && os::all_threads_sleep(pid) && doing.load(Ordering::Acquire) != 0
            }
            // What it does must be the same before and after the look, or the look saw another step's sleep.
            State::Blocked => {
                let doing = self.arena.doing(who).load(Ordering::Acquire);
                doing != 0 && doing & 1 == 0 && os::sleeps(pid) && self.arena.doing(who).load(Ordering::Acquire) == doing
            }
            State::Asleep => matches!(os::process_state(pid), Some('S' | 'D')),
            State::Zombie => os::process_state(pid) == Some('Z'),
            State::Ended => matches!(os::process_state(pid), None | Some('Z')),
            State::Stopped => os::process_state(pid) == Some('T'),
            State::Gone => os::process_state(pid).is_none(),
            // A program tells its number itself, once it runs.
            State::Begun => true,
            State::Reaped(_) => false,
        }
    }
}

/// Whether a process that ended can no longer come into the state; who waited on would wait for the deadline.
fn never_again(pid: i32, state: State) -> bool {
    match state {
        State::Blocked | State::Asleep | State::Stopped => matches!(os::process_state(pid), None | Some('Z')),
        State::Zombie => os::process_state(pid).is_none(),
        State::Begun | State::Ended | State::Gone | State::Reaped(_) => false,
    }
}
