//! Evidence of a hang, collected before anything is killed: who is there, in which state, blocked in what, holding which ends.
//!
//! Here it is only collected; [`crate::trace::hang`] says what of, and the judge's side explains it. The warden itself is not in
//! it: it holds no end of anything but the subject's FIFOs, and waits for nothing but the deadline.

use super::arena::Arena;
use super::observe::others;
use crate::generate::act::Act;
use crate::generate::program::{Op, Program};
use crate::sys::{self, Listed};
use crate::trace::hang::{Doing, Made, Process, Snapshot};
use std::sync::atomic::Ordering;

/// At most so many processes are looked at.
const MOST: usize = 64;

/// Takes it.
pub fn take(alone: bool, arena: &Arena, program: &Program, adapter: Option<i32>) -> Snapshot {
    let (at, idle) = (arena.elapsed_ns(), arena.since_last_event_ns());
    let all = others(alone);
    let processes: Vec<Process> = all.iter().take(MOST).map(|line| process(line, arena, program.actors, adapter)).collect();
    let mut made = Vec::new();
    note_made(&program.root, arena, &mut made);
    program.agents.iter().for_each(|part| note_made(&part.ops, arena, &mut made));
    Snapshot {
        at,
        idle,
        more: u32::try_from(all.len() - processes.len()).unwrap_or(u32::MAX),
        processes,
        made,
        locks: sys::file_locks(),
        peers: sys::socket_peers(),
    }
}

fn process(line: &Listed, arena: &Arena, actors: u16, adapter: Option<i32>) -> Process {
    let actor = arena.actor_of(line.pid, actors);
    let state = sys::state_of(line.pid).unwrap_or_default();
    Process {
        pid: line.pid,
        ppid: line.ppid,
        actor,
        adapter: actor.is_none() && adapter == Some(line.pid),
        command: line.command.clone(),
        state: line.state.to_owned(),
        doing: actor.and_then(|actor| doing(arena.doing(actor).load(Ordering::Acquire))),
        threads: sys::threads(line.pid),
        fds: state.fds.into_iter().map(|fd| (sys::is_fifo(line.pid, fd.fd), fd)).map(|(fifo, fd)| (fd, fifo)).collect(),
        pending: state.pending,
        blocked: state.blocked,
    }
}

/// What the arena's word says; see [`super::arena::Header`].
fn doing(word: u32) -> Option<Doing> {
    Some(Doing { step: (word / 2).checked_sub(1)?, gate: word % 2 == 1 })
}

/// The inodes of what the steps made, where they were performed.
fn note_made(ops: &[Op], arena: &Arena, made: &mut Vec<Made>) {
    for op in ops {
        let slots = match &op.act {
            Act::Pipe { read, write, .. } => [Some(*read), Some(*write)],
            Act::Open { slot, .. } | Act::Listen { slot, .. } | Act::Connect { slot, .. } | Act::Accept { slot, .. } => [Some(*slot), None],
            Act::Fork { body, .. } | Act::Vfork { body, .. } | Act::Repeat { body, .. } => {
                note_made(body, arena, made);
                continue;
            }
            Act::ForkTree { bodies, .. } => {
                bodies.iter().for_each(|body| note_made(body, arena, made));
                continue;
            }
            _ => continue,
        };
        let known = slots.into_iter().flatten().filter_map(|slot| arena.made(slot)).map(|ino| ino.load(Ordering::Relaxed));
        made.extend(known.filter(|ino| *ino != 0).map(|ino| Made { step: op.step, ino }));
    }
}

/// The same in short lines, a process each, for whoever has nothing to explain it with.
pub fn lines(snapshot: &Snapshot) -> Vec<String> {
    let mut lines: Vec<String> = snapshot.processes.iter().map(line).collect();
    if snapshot.more > 0 {
        lines.push(format!("and {} more processes", snapshot.more));
    }
    lines
}

fn line(process: &Process) -> String {
    let part = match process.actor {
        Some(0) => "the case root".to_owned(),
        Some(actor) => format!("actor {actor}"),
        None if process.adapter => "the adapter".to_owned(),
        None => "no actor".to_owned(),
    };
    let calls: Vec<&str> = process.threads.iter().map(|thread| thread.call.name.as_str()).filter(|name| !name.is_empty()).collect();
    let calls = if calls.is_empty() { "an unknown call".to_owned() } else { calls.join(", ") };
    format!("process {} ({part}, {}): child of {}, {}, in {calls}", process.pid, process.command, process.ppid, process.state)
}
