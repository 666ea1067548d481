//! A small builder of histories: what a well-behaved case looks like, so that each fixture states only what is special.

use childproof::plan::record;
use childproof::plan::script::*;
use childproof::plan::value::Value;
use childproof::trace::state::{FdState, Observations, ProcState};
use childproof::trace::{Event, History, SCHEMA, SubjectId, What};
use std::collections::BTreeMap;

/// The process id of actor 0; actor n has `ROOT + n` unless said otherwise.
pub const ROOT: i32 = 100;

/// A history in the making.
pub struct Build {
    pub h: History,
    records: BTreeMap<ActorId, u32>,
}

impl Build {
    /// A case under raw calls whose root has begun.
    pub fn platform(scenario: &str) -> Build {
        Build::new(scenario, Plane::Platform)
    }

    /// A case through a library; the driver has begun.
    pub fn library(scenario: &str) -> Build {
        let mut build = Build::new(scenario, Plane::Library);
        build.h.subject = SubjectId { name: "example".into(), version: "1.0".into() };
        build
    }

    fn new(scenario: &str, plane: Plane) -> Build {
        let script = Script { scenario: scenario.into(), title: "an example".into(), plane, deadline_ms: 10_000, ..Script::default() };
        let observed = Observations {
            before: Some(state(ROOT)),
            after: Some(state(ROOT)),
            terminal_before: BTreeMap::from([("stdout O_NONBLOCK".into(), "off".into())]),
            terminal_after: BTreeMap::from([("stdout O_NONBLOCK".into(), "off".into())]),
            elapsed_ns: 1_000_000,
            isolation: "root".into(),
            ..Observations::default()
        };
        let subject = SubjectId { name: "raw".into(), version: "1".into() };
        let h = History { schema: SCHEMA, script, subject, observed, ..History::default() };
        let mut build = Build { h, records: BTreeMap::new() };
        build.actor("root", Origin::Root, None);
        build.event(0, None, What::Born { ppid: 1, state: None });
        build
    }

    /// Declares an actor; `name[2]` is member 2 of the family `name`.
    pub fn actor(&mut self, name: &str, origin: Origin, parent: Option<ActorId>) -> ActorId {
        let id = self.h.script.actors.len() as ActorId;
        let (family, index) =
            name.split_once('[').map_or((name, 0), |(family, rest)| (family, rest.trim_end_matches(']').parse().unwrap_or(0)));
        self.h.script.actors.push(ActorDecl { id, name: name.into(), family: family.into(), index, parent, origin });
        id
    }

    /// Declares a step.
    pub fn step(&mut self, actor: ActorId, kind: &str, on: &str) -> &mut StepDecl {
        let id = self.h.script.steps.len() as StepId;
        let on = (!on.is_empty()).then(|| on.to_owned());
        let label = format!("{kind} {}", on.as_deref().unwrap_or_default()).trim().to_owned();
        self.h.script.steps.push(StepDecl {
            id,
            actor,
            kind: kind.into(),
            label,
            line: id + 10,
            expect: vec![],
            any: false,
            on,
            records: None,
            asked: None,
            operands: vec![],
            stages: vec![],
        });
        &mut self.h.script.steps[id as usize]
    }

    /// Records an event of the actor's own process.
    pub fn event(&mut self, actor: ActorId, step: Option<StepId>, what: What) -> &mut Event {
        let at = self.h.events.len() as u64 * 1000;
        self.h.events.push(Event { at, actor, pid: ROOT + i32::from(actor), step, what });
        self.h.events.last_mut().expect("just pushed")
    }

    /// Declares a step, performs it, and returns its number.
    pub fn does(&mut self, actor: ActorId, kind: &str, on: &str, outcome: Outcome) -> StepId {
        let step = self.step(actor, kind, on).id;
        self.performs(actor, step, outcome, None);
        step
    }

    /// Performs a declared step.
    pub fn performs(&mut self, actor: ActorId, step: StepId, outcome: Outcome, of: Option<ActorId>) {
        self.event(actor, Some(step), What::Call);
        self.event(actor, Some(step), What::Return { outcome, of });
    }

    /// The root forks a child, which is born.
    pub fn fork(&mut self, name: &str) -> ActorId {
        let child = self.actor(name, Origin::Forked, Some(0));
        self.does(0, "fork", name, Outcome::Done(Some(i64::from(ROOT) + i64::from(child))));
        self.event(child, None, What::Born { ppid: ROOT, state: None });
        child
    }

    /// The subject starts a program that reports `given`.
    pub fn spawn(&mut self, name: &str, asked: Asked, given: ProcState) -> ActorId {
        let child = self.actor(name, Origin::Spawned, Some(0));
        let pid = ROOT + i32::from(child);
        let step = self.step(0, "spawn", name);
        step.asked = Some(Box::new(Asked { child: Some(child), program: "{case}/bin/child".into(), ..asked }));
        let id = step.id;
        self.performs(0, id, Outcome::Done(Some(i64::from(pid))), None);
        self.event(child, None, What::Born { ppid: ROOT, state: Some(Box::new(ProcState { pid, ppid: ROOT, ..given })) });
        child
    }

    /// The actor comes to its end, and the root waits for it.
    pub fn ends(&mut self, child: ActorId) {
        self.event(child, None, What::Finished);
        self.waits(child, Ended::Exited(0));
    }

    /// The root waits for the child by a step of its own.
    pub fn waits(&mut self, child: ActorId, ended: Ended) -> StepId {
        let name = self.h.script.actors[usize::from(child)].name.clone();
        let step = self.step(0, "wait", &name).id;
        self.performs(0, step, Outcome::Ended(ended), Some(child));
        step
    }

    /// The actor writes records by one step; its bytes.
    pub fn writes(&mut self, actor: ActorId, kind: &str, on: &str, count: u32, size: u32) -> Vec<Vec<u8>> {
        let step = self.step(actor, kind, on);
        step.records = Some(Records { count, size });
        let id = step.id;
        let done = if kind == "write-records" { count * size } else { count };
        self.performs(actor, id, Outcome::Done(Some(i64::from(done))), None);
        let next = self.records.entry(actor).or_default();
        let first = *next;
        *next += count;
        (first..*next).map(|number| record::record(actor, number, size as usize)).collect()
    }

    /// The root reads these bytes from the stream by one step.
    pub fn reads(&mut self, stream: &str, chunks: &[&[u8]]) {
        let step = self.step(0, "read", stream).id;
        self.event(0, Some(step), What::Call);
        for bytes in chunks {
            self.event(0, Some(step), What::Data { stream: stream.into(), bytes: bytes.to_vec() });
        }
        let len: usize = chunks.iter().map(|chunk| chunk.len()).sum();
        self.event(0, Some(step), What::Return { outcome: Outcome::Done(Some(len as i64)), of: None });
    }

    /// Asks for a property.
    pub fn check(&mut self, property: &str, args: &[(&str, Value)]) -> &mut Build {
        let args = args.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        self.h.script.checks.push(CheckDecl { property: property.into(), args, line: 90 });
        self
    }

    /// The root comes to its end; on the library plane the subject answered every request.
    pub fn done(mut self) -> History {
        if self.h.script.plane == Plane::Library {
            for seq in 1..=3 {
                self.event(0, None, What::Reply { seq, pid: 4711 });
            }
        }
        self.event(0, None, What::Finished);
        self.h
    }
}

/// Text as a value.
pub fn text(text: &str) -> Value {
    Value::Text(text.into())
}

/// A process in good order.
pub fn state(pid: i32) -> ProcState {
    let fds = vec![fd(0, "/dev/null", 5, "read"), fd(1, "/tmp/out", 6, "write"), fd(2, "/tmp/err", 7, "write")];
    ProcState {
        pid,
        ppid: 1,
        pgid: ROOT,
        sid: ROOT,
        cwd: "/tmp/case".into(),
        umask: 0o022,
        fds,
        limits: BTreeMap::from([("NOFILE".into(), [1024, 4096])]),
        threads: 1,
        argv: vec![text("/tmp/case/bin/child")],
        env: vec![text("PATH=/usr/bin:/bin"), text("HOME=/tmp/case")],
        ..ProcState::default()
    }
}

/// An open descriptor.
pub fn fd(fd: i32, target: &str, ino: u64, access: &str) -> FdState {
    FdState { fd, target: target.into(), dev: 1, ino, access: access.into(), cloexec: Some(false), ..FdState::default() }
}
