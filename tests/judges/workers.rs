//! Histories of the properties about workers and pools.

use super::build::{Build, ROOT, state, text};
use childproof::plan::script::{ActorId, Ended, Origin, Outcome};
use childproof::plan::value::Value;
use childproof::trace::state::{FdState, ProcState};
use childproof::trace::{History, Told, What};

/// Name, one that holds, one that breaks.
pub fn all() -> Vec<super::Pair> {
    vec![
        ("results-in-order", squares(&[0, 1, 4]), squares(&[0, 4, 1])),
        ("items-once", items(&[0, 1, 2]), items(&[0, 1, 1])),
        ("ran-in", ran(700), ran(SUBJECT)),
        ("worker-identity", named("w 0"), named("Process-1")),
        ("distinct-workers", came(&[700, 701]), came(&[700, 700])),
        ("worker-inherits", inherits(8), inherits(9)),
        ("told-times", ends(true), ends(false)),
    ]
}

/// The process that answers for the subject.
const SUBJECT: i32 = 4711;

fn library(scenario: &str) -> Build {
    let mut b = Build::library(scenario);
    b.does(0, "pool", "crew", Outcome::Done(None));
    b
}

fn tells(b: &mut Build, actor: ActorId, told: Told) {
    let pid = told.pid;
    b.event(actor, None, What::Told(told)).pid = pid;
}

fn began(pid: i32, item: Option<i64>) -> Told {
    Told { what: "began".into(), pid, ppid: Some(SUBJECT), item, ..Told::default() }
}

fn job(b: &mut Build) -> ActorId {
    let job = b.actor("job", Origin::Handle, Some(0));
    b.does(0, "map", "job", Outcome::Done(None));
    job
}

fn squares(results: &[i64]) -> History {
    let mut b = library("pool/map");
    let _job = job(&mut b);
    let step = b.step(0, "result", "job").id;
    b.event(0, Some(step), What::Call);
    for value in results {
        b.event(0, Some(step), What::Number { name: "result of job".into(), value: *value });
    }
    b.event(0, Some(step), What::Return { outcome: Outcome::Done(Some(3)), of: None });
    b.check("results-in-order", &[("of", text("job")), ("items", Value::Int(3))]);
    b.done()
}

fn items(items: &[i64]) -> History {
    let mut b = library("pool/map");
    let job = job(&mut b);
    for (pid, item) in (700..).zip(items) {
        tells(&mut b, job, began(pid, Some(*item)));
    }
    b.check("items-once", &[("of", text("job")), ("items", Value::Int(3))]);
    b.done()
}

fn ran(pid: i32) -> History {
    let mut b = library("worker/target");
    let job = job(&mut b);
    tells(&mut b, job, began(pid, None));
    b.check("ran-in", &[("of", text("job")), ("in", text("worker"))]);
    b.done()
}

fn worker(b: &mut Build, asked: Told) -> ActorId {
    let worker = b.actor("w", Origin::Worker, Some(0));
    let pid = ROOT + i32::from(worker);
    let step = b.step(0, "worker", "w").id;
    b.event(0, Some(step), What::Call);
    tells(b, worker, Told { what: "asked".into(), pid, ..asked });
    b.event(0, Some(step), What::Return { outcome: Outcome::Done(Some(i64::from(pid))), of: Some(worker) });
    worker
}

fn named(name: &str) -> History {
    let mut b = library("worker/identity");
    let worker = worker(&mut b, Told { name: Some("w 0".into()), ..Told::default() });
    let pid = ROOT + i32::from(worker);
    tells(&mut b, worker, Told { name: Some(name.into()), ..began(pid, None) });
    b.waits(worker, Ended::Exited(0));
    b.check("worker-identity", &[("of", text("w")), ("parent", Value::Bool(true))]);
    b.done()
}

fn came(pids: &[i32]) -> History {
    let mut b = library("supervisor/pool");
    let job = job(&mut b);
    for pid in pids {
        tells(&mut b, job, Told { what: "here".into(), door: Some("door".into()), ..began(*pid, None) });
    }
    b.check("distinct-workers", &[("at", text("door")), ("count", Value::Int(2))]);
    b.done()
}

fn inherits(ino: u64) -> History {
    let mut b = library("start-methods/fork");
    let fd = |ino| FdState { fd: 20, target: "pipe:[8]".into(), dev: 1, ino, access: "read".into(), ..FdState::default() };
    for seen in [&mut b.h.observed.before, &mut b.h.observed.after].into_iter().flatten() {
        seen.fds.push(fd(8));
    }
    let worker = worker(&mut b, Told { mark: Some(7), ..Told::default() });
    let pid = ROOT + i32::from(worker);
    tells(&mut b, worker, Told { mark: Some(7), ..began(pid, None) });
    let met = ProcState { fds: vec![fd(ino)], threads: 1, ..state(pid) };
    b.event(worker, None, What::State { label: "at door".into(), state: Box::new(met) });
    b.waits(worker, Ended::Exited(0));
    let wishes = [("memory", Value::Bool(true)), ("fds", Value::List(vec![Value::Int(20)])), ("open", Value::Bool(true))];
    b.check("worker-inherits", &[&[("of", text("w")), ("signals", Value::Bool(true))][..], &wishes[..]].concat());
    b.done()
}

fn ends(waited: bool) -> History {
    let mut b = library("worker/daemon");
    let program = b.actor("program", Origin::Worker, Some(0));
    let joined = b.actor("joined", Origin::Worker, Some(program));
    b.does(0, "main", "program", Outcome::Done(Some(800)));
    tells(&mut b, joined, began(801, None));
    let ended = Told { what: "ended".into(), ..began(801, None) };
    if waited {
        tells(&mut b, joined, ended.clone());
    }
    b.waits(program, Ended::Exited(0));
    if !waited {
        tells(&mut b, joined, ended);
    }
    b.check("told-times", &[("of", text("joined")), ("word", text("ended")), ("times", Value::Int(1)), ("before", text("program"))]);
    b.done()
}
