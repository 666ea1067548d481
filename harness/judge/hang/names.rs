//! Names: what the scenario calls the processes and streams that a snapshot knows by number.
//!
//! 1. What a step made is found by its inode, which the interpreter noted: `p`, with its ends `p.read` and `p.write`.
//! 2. The pipes of a started program are those that it found at its start: `child.stdout`.
//! 3. The subject's two FIFOs are known by their file names, any other FIFO is called by its own.
//! 4. Everything else gets a number, so that no text depends on inodes.

use crate::judge::view;
use crate::plan::script::{AskedFd, StepDecl};
use crate::trace::hang::{Process, Snapshot};
use crate::trace::state::FdState;
use crate::trace::{History, What};
use std::collections::BTreeMap;

/// What a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Pipe,
    Fifo,
    Socket,
}

impl Kind {
    pub(super) fn word(self) -> &'static str {
        match self {
            Kind::Pipe => "pipe",
            Kind::Fifo => "FIFO",
            Kind::Socket => "socket",
        }
    }
}

/// A pipe, FIFO or socket with everybody who has it open.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    pub(super) ino: u64,
    pub(super) kind: Kind,
    /// `p`, `child.stdout`, `the replies FIFO`.
    pub(super) name: String,
    /// Its ends have names of their own: `p.read`.
    pub(super) two_ends: bool,
    /// Who can read from it: pid and descriptor.
    pub(super) readers: Vec<(i32, i32)>,
    /// Who can write to it.
    pub(super) writers: Vec<(i32, i32)>,
}

impl Stream {
    /// The end that is read from or written to, as the scenario calls it.
    pub(super) fn end(&self, writing: bool) -> String {
        match (self.two_ends, writing) {
            (false, _) => self.name.clone(),
            (true, false) => format!("{}.read", self.name),
            (true, true) => format!("{}.write", self.name),
        }
    }
}

/// Every stream of a snapshot, in the order in which they are met.
pub(super) fn streams(history: &History, snapshot: &Snapshot) -> Vec<Stream> {
    let given = given(history);
    let mut all: Vec<Stream> = Vec::new();
    for process in &snapshot.processes {
        for (fd, fifo) in &process.fds {
            let Some(kind) = kind(fd, *fifo) else { continue };
            let at = all.iter().position(|stream| stream.ino == fd.ino && stream.kind == kind).unwrap_or_else(|| {
                all.push(named(history, snapshot, &given, fd, kind));
                all.len() - 1
            });
            let stream = &mut all[at];
            if fd.access != "write" {
                stream.readers.push((process.pid, fd.fd));
            }
            if fd.access != "read" {
                stream.writers.push((process.pid, fd.fd));
            }
        }
    }
    let mut nameless = BTreeMap::new();
    for stream in all.iter_mut().filter(|stream| stream.name.is_empty()) {
        let count = nameless.entry(stream.kind.word()).or_insert(0u32);
        *count += 1;
        stream.name = format!("unnamed {} {count}", stream.kind.word());
    }
    all
}

fn kind(fd: &FdState, fifo: bool) -> Option<Kind> {
    match fd.target.as_str() {
        target if target.starts_with("pipe:") => Some(Kind::Pipe),
        target if target.starts_with("socket:") => Some(Kind::Socket),
        _ if fifo => Some(Kind::Fifo),
        _ => None,
    }
}

fn named(history: &History, snapshot: &Snapshot, given: &BTreeMap<u64, String>, fd: &FdState, kind: Kind) -> Stream {
    let made = snapshot.made.iter().rev().find(|made| made.ino == fd.ino && kind != Kind::Fifo);
    let (name, two_ends) = match made.and_then(|made| view::step(history, made.step)) {
        Some(step) => (made_by(step), step.kind == "pipe"),
        None => (given.get(&fd.ino).cloned().unwrap_or_else(|| fifo_name(&fd.target, kind)), false),
    };
    Stream { ino: fd.ino, kind, name, two_ends, readers: Vec::new(), writers: Vec::new() }
}

/// The name that a step gave to what it made. Steps that connect work *on* the listener and name the line in their label.
fn made_by(step: &StepDecl) -> String {
    match step.kind.as_str() {
        "connect" | "accept" => step.label.split_whitespace().nth(1).unwrap_or_default().to_owned(),
        _ => step.on.clone().unwrap_or_default(),
    }
}

fn fifo_name(target: &str, kind: Kind) -> String {
    let file = target.rsplit('/').next().unwrap_or_default();
    match kind {
        Kind::Fifo if file.starts_with("requests-") => "the requests".to_owned(),
        Kind::Fifo if file.starts_with("replies-") => "the replies".to_owned(),
        Kind::Fifo => file.to_owned(),
        _ => String::new(),
    }
}

/// Pipes that started programs found in the place of their standard descriptors, by inode.
fn given(history: &History) -> BTreeMap<u64, String> {
    let mut names = BTreeMap::new();
    for event in &history.events {
        let What::Born { state: Some(state), .. } = &event.what else { continue };
        let asked = history.script.steps.iter().filter_map(|step| step.asked.as_ref());
        let Some(asked) = asked.into_iter().find(|asked| asked.child == Some(event.actor)) else { continue };
        let child = view::name(history, event.actor);
        for (number, word) in ["stdin", "stdout", "stderr"].into_iter().enumerate() {
            let number = i32::try_from(number).unwrap_or_default();
            let found = state.fds.iter().find(|fd| fd.fd == number);
            if let (Some(AskedFd::Pipe), Some(fd)) = (asked.fds.get(&number), found) {
                names.entry(fd.ino).or_insert_with(|| format!("{child}.{word}"));
            }
        }
    }
    names
}

/// What a process is called.
pub(super) fn process(history: &History, snapshot: &Snapshot, pid: i32) -> String {
    let find = |pid: i32| snapshot.processes.iter().find(|process| process.pid == pid);
    let Some(process) = find(pid) else { return format!("process {pid}") };
    if let Some(known) = known(history, process) {
        return known;
    }
    let parent = find(process.ppid).map(|parent| known(history, parent).unwrap_or_else(|| format!("`{}`", parent.command)));
    match parent {
        Some(parent) => format!("`{}` (a child of {parent})", process.command),
        None => format!("`{}` (an orphan)", process.command),
    }
}

fn known(history: &History, process: &Process) -> Option<String> {
    let actor = process.actor.map(|actor| view::name(history, actor));
    actor.or_else(|| process.adapter.then(|| "the subject".to_owned()))
}
