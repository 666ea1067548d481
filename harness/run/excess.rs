//! What no case needs so much of: processes, threads, memory.
//!
//! Limits of the kernel are per process or per user, and root has none of the latter; so what all of a case takes together is
//! looked at from outside, a few times in a second, and a case that takes too much is ended while the machine can still bear it.

use super::deadline::Excess;
use super::observe;
use crate::sys::{self, MOST_AT_ONCE};

/// More threads than this at one time are taken for a bomb of them.
const MOST_THREADS: u64 = 4096;

/// More processes than this are not looked at one by one.
const CROWD: usize = 48;
/// So many processes of a crowd share what they have, at a guess in their favour.
const SHARED: u64 = 8;

/// What the case that runs now has too much of; `actors`: how many processes it asks for by its steps; `memory`: how many bytes it
/// may have.
pub fn of_case(alone: bool, actors: u16, memory: u64) -> Option<Excess> {
    let most = MOST_AT_ONCE + usize::from(actors);
    // The warden is in the listing, too.
    if alone && sys::process_count(most + 2) > most + 1 {
        return Some(Excess::Processes(most + 1));
    }
    let others = || observe::others(alone).iter().map(|line| line.pid).collect::<Vec<i32>>();
    let usage = if alone { sys::usage(None) } else { sys::usage(Some(&others())) };
    if usage.processes > most {
        return Some(Excess::Processes(usage.processes));
    }
    if usage.threads > MOST_THREADS {
        return Some(Excess::Threads(usage.threads));
    }
    if usage.memory <= memory {
        return None;
    }
    if usage.processes > CROWD {
        // To look at each of so many takes long enough for a bomb to grow under it.
        return (usage.memory / SHARED > memory).then_some(Excess::Memory(usage.memory / SHARED));
    }
    // What is shared was counted for each that shares it; only now it is worth the price to know better.
    let exact = others().into_iter().map(sys::own_memory).sum::<u64>();
    (exact > memory).then_some(Excess::Memory(exact))
}

/// Whether a case that is late has so many processes that to describe each would give a bomb the time to grow: it had not grown to
/// what is too much by its deadline, and did while it was looked at.
pub fn is_crowd(alone: bool, actors: u16) -> bool {
    observe::others(alone).len() > CROWD + usize::from(actors)
}

impl Excess {
    /// As the end of a case tells it.
    pub fn in_words(self) -> String {
        match self {
            Excess::Processes(count) => {
                format!("the case had {count} processes at once or more; more than {MOST_AT_ONCE} beside its actors are a fork bomb")
            }
            Excess::Threads(count) => {
                format!("the case had {count} threads at once; more than {MOST_THREADS} are taken for a bomb of them")
            }
            Excess::Memory(bytes) => format!("the case used {} MiB of memory, more than any case may", bytes >> 20),
        }
    }
}
