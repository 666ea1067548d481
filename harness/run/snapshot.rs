//! Evidence of a hang, taken before anything is killed: who is there, in which state, blocked in what, holding which ends.

use super::arena::Arena;
use super::observe::others;
use crate::sys::{self, Listed};
use crate::trace::state::FdState;
use std::collections::BTreeMap;

/// At most so many processes are described.
const MOST: usize = 40;

/// A line per process, then one per pipe that somebody holds.
pub fn take(alone: bool, arena: &Arena, actors: u16, adapter: Option<i32>) -> Vec<String> {
    let all = others(alone);
    let mut lines = Vec::new();
    let mut pipes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for process in all.iter().take(MOST) {
        let who = who(process, arena, actors, adapter);
        lines.push(format!("{who}: child of {}, {}, in {}", process.ppid, process.state, sys::blocked_in(process.pid)));
        for fd in sys::state_of(process.pid).map(|state| state.fds).unwrap_or_default() {
            note_pipe(&fd, &who, &mut pipes);
        }
    }
    if all.len() > MOST {
        lines.push(format!("and {} more processes", all.len() - MOST));
    }
    lines.extend(pipes.into_iter().map(|(pipe, holders)| format!("{pipe}: {}", holders.join("; "))));
    lines
}

fn who(process: &Listed, arena: &Arena, actors: u16, adapter: Option<i32>) -> String {
    let part = match arena.actor_of(process.pid, actors) {
        Some(0) => "the case root".to_owned(),
        Some(actor) => format!("actor {actor}"),
        None if Some(process.pid) == adapter => "the adapter".to_owned(),
        None => "no actor".to_owned(),
    };
    format!("process {} ({part}, {})", process.pid, process.command)
}

fn note_pipe(fd: &FdState, who: &str, pipes: &mut BTreeMap<String, Vec<String>>) {
    if fd.target.starts_with("pipe:") || fd.target.starts_with("socket:") || fd.target.contains("fifo") {
        let end = match fd.access.as_str() {
            "read" => "read end",
            "write" => "write end",
            _ => "both ends",
        };
        pipes.entry(fd.target.clone()).or_default().push(format!("{end} held by {who} as descriptor {}", fd.fd));
    }
}
