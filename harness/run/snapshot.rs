//! Evidence of a hang, collected before anything is killed: who is there, in which state, blocked in what, holding which ends.
//!
//! Here it is only collected; [`crate::trace::hang`] says what of, and the judge's side explains it. The warden itself is not in
//! it: it holds no end of anything but the subject's FIFOs, and waits for nothing but the deadline.

use super::arena::Arena;
use super::observe::others;
use crate::generate::act::Act;
use crate::generate::program::{Op, Program};
use crate::sys::{self, Listed};
use crate::trace::hang::{Doing, Made, Process, Snapshot, Thread};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// At most so many processes are looked at.
const MOST: usize = 64;
/// So often somebody who runs is looked at again, with this pause: who was only woken for a moment has gone back to sleep.
const LOOKS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(1);

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
    let (word, threads) = settled(line);
    Process {
        pid: line.pid,
        ppid: line.ppid,
        actor,
        adapter: actor.is_none() && adapter == Some(line.pid),
        command: line.command.clone(),
        state: word,
        doing: actor.and_then(|actor| doing(arena.doing(actor).load(Ordering::Acquire))),
        threads,
        fds: state.fds.into_iter().map(|fd| (sys::is_fifo(line.pid, fd.fd), fd)).map(|(fifo, fd)| (fd, fifo)).collect(),
        pending: state.pending,
        blocked: state.blocked,
    }
}

/// The state of a process and what its threads are in. A wait with a limit wakes its caller now and then, to look at the clock; that
/// is not what it does.
fn settled(line: &Listed) -> (String, Vec<Thread>) {
    let runs = |threads: &[Thread]| threads.iter().any(|thread| thread.call.name == "running" || thread.state == "running");
    let (mut state, mut threads) = (line.state, sys::threads(line.pid));
    for _ in 0..LOOKS {
        if state != "running" && !runs(&threads) {
            break;
        }
        std::thread::sleep(PAUSE);
        threads = sys::threads(line.pid);
        state = sys::listed(line.pid).map_or(state, |now| now.state);
    }
    (state.to_owned(), threads)
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
