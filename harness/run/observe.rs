//! What a case left behind, as seen from outside, and making an end of it.

use super::arena::Arena;
use crate::sys::{self, Listed};
use crate::trace::state::LeftProcess;
use std::collections::BTreeSet;
use std::fs;

/// Processes that are neither the warden nor among `known`.
pub fn left_processes(alone: bool, known: &[i32], arena: &Arena, actors: u16) -> Vec<LeftProcess> {
    others(alone).into_iter().filter(|line| !known.contains(&line.pid)).map(|line| left(line, arena, actors)).collect()
}

/// All processes of the case: in a namespace of our own whatever else there is, outside of one our descendants.
pub fn others(alone: bool) -> Vec<Listed> {
    let own = std::process::id().cast_signed();
    if alone {
        sys::processes().unwrap_or_default().into_iter().filter(|line| line.pid != own).collect()
    } else {
        sys::below(own)
    }
}

fn left(line: Listed, arena: &Arena, actors: u16) -> LeftProcess {
    let actor = arena.actor_of(line.pid, actors);
    LeftProcess { pid: line.pid, ppid: line.ppid, actor, state: line.state.to_owned(), command: line.command }
}

/// Kills everything below the warden and reaps it all, an adapter too. Nothing can escape: see [`sys::kill_everything`]; so every
/// child is dead or dying, and the waits are short.
pub fn end_everything(alone: bool) {
    loop {
        sys::kill_everything(alone);
        while sys::wait_for(-1).is_ok() {}
        if !sys::peek() {
            return;
        }
    }
}

/// Shared memory, semaphores and queues under a name, as they are now.
#[derive(Debug, Default)]
pub struct SharedNames {
    alone: bool,
    before: BTreeSet<String>,
}

impl SharedNames {
    /// Notes what there is before any case. In an ipc namespace of our own everything found later is the cases'.
    pub fn begin(alone: bool) -> SharedNames {
        let before = if alone { BTreeSet::new() } else { names(false) };
        SharedNames { alone, before }
    }

    /// What was left since; in a namespace of our own it is removed. On a shared machine only what carries our name is: the
    /// rest may be anybody's.
    pub fn take(&mut self) -> Vec<String> {
        let now = names(self.alone);
        let fresh: Vec<String> = now.difference(&self.before).cloned().collect();
        for name in &fresh {
            if let Some(file) = name.strip_prefix("/dev/shm/").filter(|file| self.alone || file.contains("childproof")) {
                let _ = fs::remove_file(format!("/dev/shm/{file}"));
            }
        }
        if !self.alone {
            self.before = names(false);
        }
        fresh
    }
}

fn names(remove_ipc: bool) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = sys::leftover_ipc(remove_ipc).into_iter().collect();
    if let Ok(entries) = fs::read_dir("/dev/shm") {
        found.extend(entries.flatten().map(|entry| format!("/dev/shm/{}", entry.file_name().to_string_lossy())));
    }
    found
}
