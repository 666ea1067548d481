//! What one process waits for, from the step that it is in and the system call that it is blocked in.
//!
//! Rules, the first that applies counts:
//! 1. A stopped process waits to be continued.
//! 2. A process at a gate waits for the actors that have yet to open it; one in `down` for those that hold the semaphore or
//!    have yet to give it back; one in `await` for the process awaited.
//! 3. Whoever asks a subject waits for the subject.
//! 4. A call on a stream waits for those who have the other end, one on a lock for its holder, a wait for children. Of a process
//!    with several threads those in such a call count, and not the idle ones of its run-time.
//! 5. Whatever else it does, nobody else keeps it from going on.

use super::names::{self, Stream};
use crate::judge::view;
use crate::plan::script::{ActorId, Ended, Outcome, Plane, StepDecl};
use crate::trace::hang::{Call, Process, Snapshot, Thread};
use crate::trace::{Event, History, What};

/// All that a wait is looked up in.
pub(super) struct Scene<'a> {
    pub(super) history: &'a History,
    pub(super) snapshot: &'a Snapshot,
    pub(super) streams: Vec<Stream>,
}

/// Why a process does not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wait {
    pub(super) kind: Kind,
    /// The processes of which any could let it go on.
    pub(super) on: Vec<i32>,
}

/// What it waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The other end of a stream, at this end of it.
    Stream { end: String, what: &'static str, writing: bool, socket: bool },
    /// One of several streams.
    Streams { call: String, ends: Vec<String> },
    /// Children; their names, or none for any.
    Children { of: Vec<String> },
    /// A semaphore; who took it and gave it not back before ending.
    Semaphore { name: String, held: bool, gone: Vec<String> },
    /// A gate; who was to open it and has ended.
    Gate { name: String, gone: Vec<String> },
    /// An awaited state, in words.
    State { words: String },
    /// A connection, at this listener.
    Connection { name: String },
    /// The subject's answer to this.
    Answer { to: String },
    /// A lock on this file.
    Lock { file: String },
    /// The other end of a FIFO that is being opened.
    Open { path: String },
    /// A signal to go on.
    Continue,
    /// Nobody: it goes on by itself, or what it does is not known.
    Nobody { doing: String },
}

impl<'a> Scene<'a> {
    pub(super) fn new(history: &'a History, snapshot: &'a Snapshot) -> Scene<'a> {
        Scene { history, snapshot, streams: names::streams(history, snapshot) }
    }

    pub(super) fn name(&self, pid: i32) -> String {
        names::process(self.history, self.snapshot, pid)
    }

    /// The step that a process is in.
    pub(super) fn step(&self, process: &Process) -> Option<&'a StepDecl> {
        view::step(self.history, process.doing?.step)
    }

    /// What a process waits for; nothing for one that has ended.
    pub(super) fn waits(&self, process: &Process) -> Vec<Wait> {
        match process.state.as_str() {
            "zombie" => return Vec::new(),
            "stopped" => return vec![Wait { kind: Kind::Continue, on: Vec::new() }],
            _ => {}
        }
        if let Some(wait) = self.by_step(process) {
            return vec![wait];
        }
        let known: Vec<Wait> = process.threads.iter().filter_map(|thread| self.by_call(process, &thread.call)).collect();
        if known.is_empty() { vec![Wait { kind: Kind::Nobody { doing: self.idle(process) }, on: Vec::new() }] } else { known }
    }

    /// Rules 2 and 3.
    fn by_step(&self, process: &Process) -> Option<Wait> {
        let (actor, step) = (process.actor?, self.step(process)?);
        let on = step.on.clone().unwrap_or_default();
        let sleeping = process.threads.iter().all(|thread| thread.state == "sleeping");
        match step.kind.as_str() {
            "gate" if process.doing.is_some_and(|doing| doing.gate) => {
                let gone = self.steps_ahead("open-gate", &on).filter(|step| self.pid_of_or_starter(step.actor).is_none());
                let gone = gone.map(|step| view::name(self.history, step.actor)).collect();
                Some(Wait { on: self.yet_to("open-gate", &on), kind: Kind::Gate { name: on, gone } })
            }
            "down" if sleeping => Some(self.semaphore(process.pid, on)),
            "await" => {
                let who = view::named(self.history, &on);
                let words = step.label.strip_prefix("wait until ").unwrap_or(&step.label).to_owned();
                let on = who.iter().filter(|who| **who != actor).filter_map(|who| self.pid_of(*who)).collect();
                Some(Wait { kind: Kind::State { words }, on })
            }
            "accept" if sleeping => Some(Wait { on: self.yet_to("connect", &on), kind: Kind::Connection { name: on } }),
            // Where the platform names no calls the step has to tell.
            "wait" if process.threads.iter().all(|thread| thread.call.name.is_empty()) => {
                let whom = view::named(self.history, &on);
                let on: Vec<i32> = distinct(whom.iter().filter_map(|who| self.pid_of(*who)));
                let of = on.iter().map(|pid| self.name(*pid)).collect();
                Some(Wait { kind: Kind::Children { of }, on })
            }
            _ if actor == 0 && self.history.script.plane == Plane::Library => {
                let on = self.snapshot.processes.iter().filter(|process| process.adapter).map(|process| process.pid).collect();
                Some(Wait { kind: Kind::Answer { to: step.label.clone() }, on })
            }
            _ => None,
        }
    }

    /// The processes of the actors that have a step of this kind on this object before them. One that does not live yet is
    /// represented by whoever is to start it.
    fn yet_to(&self, kind: &str, on: &str) -> Vec<i32> {
        distinct(self.steps_ahead(kind, on).filter_map(|step| self.pid_of_or_starter(step.actor)))
    }

    fn steps_ahead<'s>(&'s self, kind: &'s str, on: &'s str) -> impl Iterator<Item = &'a StepDecl> + 's {
        let begun = |step: &StepDecl| {
            let of = |event: &Event| event.step == Some(step.id) && event.what == What::Call;
            self.history.events.iter().any(of)
        };
        self.history.script.steps.iter().filter(move |step| step.kind == kind && step.on.as_deref() == Some(on) && !begun(step))
    }

    fn pid_of(&self, actor: ActorId) -> Option<i32> {
        self.snapshot.processes.iter().find(|process| process.actor == Some(actor) && process.state != "zombie").map(|process| process.pid)
    }

    fn pid_of_or_starter(&self, actor: ActorId) -> Option<i32> {
        let mut at = actor;
        // An edited history may name an actor as its own ancestor.
        for _ in 0..=self.history.script.actors.len() {
            if let Some(pid) = self.pid_of(at) {
                return Some(pid);
            }
            let born = self.history.events.iter().any(|event| event.actor == at && matches!(event.what, What::Born { .. }));
            at = view::actor(self.history, at).filter(|_| !born)?.parent?;
        }
        None
    }

    /// Held by those that took it more often than they gave it back. With none of them alive somebody else may give it; not who
    /// waits for it, though.
    fn semaphore(&self, waiting: i32, name: String) -> Wait {
        let took = |actor: ActorId| {
            let of = |kind: &str| {
                let done = |event: &&Event| matches!(event.what, What::Return { outcome: Outcome::Done(_), .. });
                let own = self.history.events.iter().filter(|event| event.actor == actor).filter(done);
                own.filter(|event| {
                    view::step_of(self.history, event).is_some_and(|step| step.kind == kind && step.on.as_ref() == Some(&name))
                })
                .count()
            };
            of("down") > of("up")
        };
        let holders: Vec<ActorId> = self.history.script.actors.iter().map(|actor| actor.id).filter(|actor| took(*actor)).collect();
        let alive = distinct(holders.iter().filter_map(|actor| self.pid_of(*actor)));
        let held = !alive.is_empty();
        let gone = if held { Vec::new() } else { holders.iter().map(|actor| view::name(self.history, *actor)).collect() };
        let on = if held { alive } else { self.yet_to("up", &name).into_iter().filter(|pid| *pid != waiting).collect() };
        Wait { kind: Kind::Semaphore { name, held, gone }, on }
    }

    /// Rule 4; `None` for calls that tell nothing.
    fn by_call(&self, process: &Process, call: &Call) -> Option<Wait> {
        let first = || call.args.first().and_then(|fd| i32::try_from(*fd).ok());
        match call.name.as_str() {
            _ if call.limited => None,
            "read" | "readv" | "recvfrom" | "recvmsg" => self.on_stream(process, first()?, false),
            "write" | "writev" | "sendto" | "sendmsg" => self.on_stream(process, first()?, true),
            "poll" | "ppoll" | "select" | "pselect" | "epoll_wait" => self.on_streams(process, call),
            "wait4" | "waitid" | "waitpid" => Some(self.on_children(process, call.whom)),
            "flock" | "fcntl" => self.on_lock(process, first()?),
            "open" | "openat" => {
                let path = call.path.rsplit('/').next().unwrap_or_default().to_owned();
                Some(Wait { kind: Kind::Open { path }, on: Vec::new() })
            }
            _ => None,
        }
    }

    fn on_stream(&self, process: &Process, fd: i32, writing: bool) -> Option<Wait> {
        let (stream, end) = self.stream_at(process, fd, writing)?;
        let socket = stream.kind == names::Kind::Socket;
        let on = self.other_side(stream, writing);
        (!socket || !on.is_empty()).then_some(Wait { kind: Kind::Stream { end, what: stream.kind.word(), writing, socket }, on })
    }

    fn on_streams(&self, process: &Process, call: &Call) -> Option<Wait> {
        let (mut ends, mut on) = (Vec::new(), Vec::new());
        for watched in &call.watched {
            if watched.process > 0 {
                ends.push(format!("the end of {}", self.name(watched.process)));
                on.push(watched.process);
                continue;
            }
            for writing in [false, true].into_iter().filter(|writing| if *writing { watched.write } else { watched.read }) {
                // Anything that is no stream of the case (a signal's own pipe has no other holder) may wake it.
                let (stream, end) = self.stream_at(process, watched.fd, writing)?;
                ends.push(end);
                on.extend(self.other_side(stream, writing));
            }
        }
        (!ends.is_empty()).then(|| Wait { kind: Kind::Streams { call: call.name.clone(), ends }, on: distinct(on.into_iter()) })
    }

    fn stream_at(&self, process: &Process, fd: i32, writing: bool) -> Option<(&Stream, String)> {
        let (held, _) = process.fds.iter().find(|(held, _)| held.fd == fd)?;
        let stream = self.streams.iter().find(|stream| {
            let side = stream.readers.iter().chain(&stream.writers);
            stream.ino == held.ino && side.clone().any(|holder| *holder == (process.pid, fd))
        })?;
        Some((stream, stream.end(writing)))
    }

    /// Who could make a read or a write on this stream go on.
    fn other_side(&self, stream: &Stream, writing: bool) -> Vec<i32> {
        if stream.kind != names::Kind::Socket {
            let side = if writing { &stream.readers } else { &stream.writers };
            return distinct(side.iter().map(|(pid, _)| *pid));
        }
        let peer = self.snapshot.peers.iter().find(|(end, _)| *end == stream.ino).map(|(_, peer)| *peer);
        let peer = self.streams.iter().find(|other| Some(other.ino) == peer && other.kind == stream.kind);
        distinct(peer.into_iter().flat_map(|peer| peer.readers.iter().map(|(pid, _)| *pid)))
    }

    fn on_children(&self, process: &Process, whom: Option<i32>) -> Wait {
        let mine = self.snapshot.processes.iter().filter(|child| child.ppid == process.pid && whom.is_none_or(|pid| pid == child.pid));
        let on: Vec<i32> = mine.map(|child| child.pid).collect();
        let of = if whom.is_some() { on.iter().map(|pid| self.name(*pid)).collect() } else { Vec::new() };
        Wait { kind: Kind::Children { of }, on }
    }

    fn on_lock(&self, process: &Process, fd: i32) -> Option<Wait> {
        let (held, _) = process.fds.iter().find(|(held, _)| held.fd == fd)?;
        let holders = self.snapshot.locks.iter().filter(|lock| lock.ino == held.ino && !lock.waits);
        let file = held.target.rsplit('/').next().unwrap_or_default().to_owned();
        Some(Wait { kind: Kind::Lock { file }, on: distinct(holders.map(|lock| lock.pid)) })
    }

    /// Rule 5, in words.
    fn idle(&self, process: &Process) -> String {
        match process.threads.first() {
            Some(Thread { state, .. }) if state == "running" => "is running".to_owned(),
            Some(Thread { call, .. }) if call.name == "running" => "is running".to_owned(),
            Some(thread) => format!("is blocked in {}", self.call(process, &thread.call)),
            None => "cannot be looked at".to_owned(),
        }
    }

    /// A call with its arguments in words.
    pub(super) fn call(&self, process: &Process, call: &Call) -> String {
        let endpoint = |fd: i32, writing: bool| match self.stream_at(process, fd, writing) {
            Some((_, end)) => end,
            None => process.fds.iter().find(|(held, _)| held.fd == fd).map_or_else(|| format!("descriptor {fd}"), |(held, _)| target(held)),
        };
        let first = || call.args.first().and_then(|fd| i32::try_from(*fd).ok()).unwrap_or(-1);
        let length = call.args.get(2).map(|bytes| format!(", {bytes} bytes")).unwrap_or_default();
        let step = self.step(process);
        let inside = match call.name.as_str() {
            "" if call.kernel.is_empty() => return "a call that is not told".to_owned(),
            "" => return format!("the kernel's {}", call.kernel),
            "running" => return "no call: it is running".to_owned(),
            "read" | "recvfrom" => format!("{}{length}", endpoint(first(), false)),
            "write" | "sendto" => format!("{}{length}", endpoint(first(), true)),
            "readv" | "recvmsg" => endpoint(first(), false),
            "writev" | "sendmsg" => endpoint(first(), true),
            "accept" | "accept4" | "connect" | "flock" | "fcntl" => endpoint(first(), false),
            "poll" | "ppoll" | "select" | "pselect" | "epoll_wait" => {
                let ends: Vec<String> = call
                    .watched
                    .iter()
                    .map(|watched| match watched.process {
                        0 => endpoint(watched.fd, watched.write && !watched.read),
                        pid => format!("the end of {}", self.name(pid)),
                    })
                    .collect();
                ends.join(", ")
            }
            "wait4" | "waitid" | "waitpid" => call.whom.map_or_else(|| "any child".to_owned(), |pid| self.name(pid)),
            "open" | "openat" => call.path.rsplit('/').next().unwrap_or_default().to_owned(),
            "futex" => step.map(futex).unwrap_or_default(),
            _ => String::new(),
        };
        let limit = match (call.limited, inside.as_str()) {
            (false, _) => "",
            (true, "") => "with a time limit",
            (true, _) => ", with a time limit",
        };
        format!("{}({inside}{limit})", call.name)
    }
}

/// What the word is that a step sleeps on.
fn futex(step: &StepDecl) -> String {
    let on = step.on.as_deref().unwrap_or_default();
    match step.kind.as_str() {
        "gate" => format!("the gate {on}"),
        "down" => format!("the semaphore {on}"),
        _ => on.to_owned(),
    }
}

fn target(held: &crate::trace::state::FdState) -> String {
    held.target.rsplit('/').next().unwrap_or_default().to_owned()
}

fn distinct(pids: impl Iterator<Item = i32>) -> Vec<i32> {
    let mut pids: Vec<i32> = pids.collect();
    pids.sort_unstable();
    pids.dedup();
    pids
}

/// How an ended actor ended, where somebody saw it.
pub(super) fn end_of(history: &History, actor: ActorId) -> Option<Ended> {
    history.events.iter().rev().find_map(|event| match &event.what {
        What::Return { outcome: Outcome::Ended(ended), of: Some(of) } if *of == actor => Some(*ended),
        _ => None,
    })
}
