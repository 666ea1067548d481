//! What a case left behind, as seen from outside, and making an end of it.

use super::arena::Arena;
use crate::sys::{self, Listed};
use crate::trace::state::LeftProcess;
use std::fs;

/// Processes that are neither the warden nor among `known`.
pub fn left_processes(alone: bool, known: &[i32], arena: &Arena, actors: u16) -> Vec<LeftProcess> {
    others(alone).into_iter().filter(|line| !known.contains(&line.pid)).map(|line| left(line, arena, actors)).collect()
}

/// One of these that is certain to end: to list it as left would be to race with its end.
pub fn ending(left: &[LeftProcess]) -> Option<i32> {
    left.iter().map(|process| process.pid).find(|pid| sys::is_ending(*pid))
}

/// All processes of the case: in a namespace of our own whatever else there is, outside of one our descendants.
pub fn others(alone: bool) -> Vec<Listed> {
    let own = std::process::id().cast_signed();
    if alone { sys::processes().unwrap_or_default().into_iter().filter(|line| line.pid != own).collect() } else { sys::below(own) }
}

fn left(line: Listed, arena: &Arena, actors: u16) -> LeftProcess {
    let actor = arena.actor_of(line.pid, actors);
    LeftProcess { pid: line.pid, ppid: line.ppid, actor, state: line.state.to_owned(), command: line.command }
}

/// Kills everything below the calling process and reaps it all, an adapter too.
///
/// In a pid namespace of our own one call reaches every process at once, and no fork slips through; to call it again after every
/// death of a bomb would walk the whole bomb each time, so that is done seldom. Outside of one, a listing may miss a process whose
/// parent ended while it was made: the orphan hangs on nobody then, and on us a moment later. So nothing here blocks on a child
/// that may never have been killed: what is dead is reaped, and whoever is left is listed and killed again until nobody is.
pub fn end_everything(alone: bool) {
    let mut rounds = 0_u32;
    while sys::peek() {
        if !alone || rounds.is_multiple_of(64) {
            sys::kill_everything(alone);
        }
        rounds = rounds.wrapping_add(1);
        while matches!(sys::reap(-1), Ok(Some(_))) {}
        // All were reached at once, and one that was killed ends: to wait for it leaves it the CPU that it needs for that.
        if !alone || !sys::await_end() {
            std::thread::yield_now();
        }
    }
}

/// Shared memory, semaphores and queues that the case left under a name, removed by this.
///
/// In an ipc namespace and /dev/shm of our own everything there is the case's. On a shared machine only what bears the pid of
/// one of its actors surely is (the interpreter names its objects so); the rest may be anybody's and is neither told nor touched.
pub fn take_shared(alone: bool, arena: &Arena) -> Vec<String> {
    let mut found = if alone { sys::leftover_ipc(true) } else { Vec::new() };
    let ours = |name: &str| alone || actor_pid_in(name).is_some_and(|pid| arena.actor_of(pid, most_actors()).is_some());
    for entry in fs::read_dir("/dev/shm").into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if ours(&name) {
            // A directory, or another user's: it is told all the same.
            let _ = fs::remove_file(entry.path());
            found.push(format!("/dev/shm/{name}"));
        }
    }
    found.extend(take_named(arena));
    found.sort();
    found
}

/// What is left under a name of the case's own, removed by this. Message queues are in no listing, and macOS has none at all.
pub fn take_named(arena: &Arena) -> Vec<String> {
    arena.names().flat_map(|number| sys::names::remove_all(arena.pid_of(0), number)).collect()
}

fn most_actors() -> u16 {
    u16::try_from(super::arena::ACTORS).unwrap_or(u16::MAX)
}

/// The pid in `childproof-PID-...` or `sem.childproof-PID-...`.
fn actor_pid_in(name: &str) -> Option<i32> {
    let rest = name.strip_prefix("sem.").unwrap_or(name).strip_prefix("childproof-")?;
    rest.split('-').next()?.parse().ok().filter(|pid| *pid > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_ours_bear_a_pid() {
        assert_eq!(actor_pid_in("sem.childproof-4711-s2"), Some(4711));
        assert_eq!(actor_pid_in("childproof-12-0"), Some(12));
        assert_eq!(actor_pid_in("childproof-0-0"), None);
        assert_eq!(actor_pid_in("pulse-shm-1234"), None);
    }
}
