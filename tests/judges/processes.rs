//! Histories of the properties about starting, replacing and reaping processes.

use super::build::{Build, ROOT, fd, state, text};
use childproof::plan::script::{Asked, AskedEnv, AskedFd, AskedIdentity, Ended, Origin, Outcome};
use childproof::plan::value::Value;
use childproof::trace::state::ProcState;
use childproof::trace::{History, What};
use std::collections::BTreeMap;

/// Name, one that holds, one that breaks.
pub fn all() -> Vec<super::Pair> {
    vec![
        ("parentage", parentage(ROOT), parentage(1)),
        ("child-descriptors", descriptors(&[]), descriptors(&[fd(9, "pipe:[99]", 99, "write")])),
        ("child-signals", signals(vec![1]), signals(vec![1, 13, 25])),
        ("child-argv", argv(&["", "a b", "*"]), argv(&["a b", "*"])),
        ("child-env", env(&["X=1 2"]), env(&["X=1 2", "LEFT=over"])),
        ("child-cwd", cwd("/tmp/case/sub"), cwd("/tmp/case")),
        ("child-identity", identity([1000; 3], vec![10, 20]), identity([1000, 1000, 0], vec![10, 20])),
        ("child-session", session(ROOT + 1), session(ROOT)),
        ("starts-alike", alike(Outcome::Done(Some(103))), alike(Outcome::Error("EMFILE".into()))),
        ("exec-preserves", exec(|_| ()), exec(|image| image.fds.push(fd(5, "/tmp/case/secret", 50, "read")))),
        ("fork-preserves", forked(|_| ()), forked(|child| child.blocked.clear())),
        ("adopted", orphaned(1), orphaned(ROOT)),
        ("start-failed-once", failed(Outcome::Error("ENOENT".into())), failed_twice()),
        ("same-status", asked_again(vec![Ended::Exited(7), Ended::Exited(7)]), asked_again(vec![Ended::Exited(7), Ended::Exited(0)])),
        ("reaped-all", reaped(5), reaped(4)),
        ("memory-unshared", memory(96), memory(70_000)),
        ("no-busy-loop", idle(&[99_000, 900]), idle(&[99_000, 60_000])),
    ]
}

fn parentage(seen: i32) -> History {
    let mut b = Build::platform("fork/returns-twice");
    for index in 0..2 {
        let child = b.fork(&format!("child[{index}]"));
        if let Some(What::Born { ppid, .. }) = b.h.events.last_mut().map(|event| &mut event.what) {
            *ppid = seen;
        }
        b.ends(child);
    }
    b.check("parentage", &[]);
    b.done()
}

/// A program that was started so and reports this.
fn started(property: &str, asked: Asked, given: ProcState) -> History {
    let mut b = Build::library("start/example");
    let child = b.spawn("child", asked, given);
    b.ends(child);
    b.check(property, &[]);
    b.done()
}

fn descriptors(more: &[childproof::trace::state::FdState]) -> History {
    let fds = BTreeMap::from([(0, AskedFd::Null), (1, AskedFd::Pipe), (2, AskedFd::Inherit(2))]);
    let mut given = state(0);
    given.fds = vec![fd(0, "/dev/null", 5, "read"), fd(1, "pipe:[88]", 88, "write"), fd(2, "/tmp/err", 7, "write")];
    given.fds.extend_from_slice(more);
    started("child-descriptors", Asked { fds, ..Asked::default() }, given)
}

/// The subject itself ignores HUP because it was started so, and PIPE and XFSZ as its runtime does.
fn signals(ignored: Vec<i32>) -> History {
    let mut history = started("child-signals", Asked::default(), ProcState { ignored, ..state(0) });
    for seen in [&mut history.observed.before, &mut history.observed.after].into_iter().flatten() {
        seen.ignored = vec![1, 13, 25];
    }
    history
}

fn argv(arrived: &[&str]) -> History {
    let list = |first: &str, rest: &[&str]| -> Vec<Value> { [&[first], rest].concat().into_iter().map(text).collect() };
    let asked = Asked { argv: list("{case}/bin/child", &["", "a b", "*"]), ..Asked::default() };
    started("child-argv", asked, ProcState { argv: list("/tmp/case/bin/child", arrived), ..state(0) })
}

fn env(arrived: &[&str]) -> History {
    let asked = Asked { env: Some(AskedEnv { replace: true, vars: vec![(text("X"), text("1 2"))] }), ..Asked::default() };
    started("child-env", asked, ProcState { env: arrived.iter().map(|variable| text(variable)).collect(), ..state(0) })
}

fn cwd(arrived: &str) -> History {
    let asked = Asked { cwd: Some("{case}/sub".into()), ..Asked::default() };
    started("child-cwd", asked, ProcState { cwd: arrived.into(), ..state(0) })
}

/// Asked for a user with two groups and a mask.
fn identity(uids: [u32; 3], groups: Vec<u32>) -> History {
    let wished = AskedIdentity { uid: Some(1000), groups: Some(vec![10, 20]), umask: Some(0o77), ..AskedIdentity::default() };
    let asked = Asked { identity: wished, ..Asked::default() };
    started("child-identity", asked, ProcState { uids, groups, umask: 0o77, ..state(0) })
}

/// Asked for a new session; the child's process id is the one after the subject's.
fn session(sid: i32) -> History {
    let asked = Asked { identity: AskedIdentity { session: true, ..AskedIdentity::default() }, ..Asked::default() };
    started("child-session", asked, ProcState { sid, pgid: ROOT + 1, ..state(0) })
}

/// Two starts, the second after a refused one.
fn alike(last: Outcome) -> History {
    let mut b = Build::library("start/exhaustion");
    for (name, outcome) in [("first", Outcome::Done(Some(101))), ("refused", Outcome::Error("EMFILE".into())), ("last", last)] {
        b.actor(name, Origin::Spawned, Some(0));
        let step = b.step(0, "spawn", name);
        step.any = true;
        let step = step.id;
        b.performs(0, step, outcome, None);
    }
    b.check("starts-alike", &[("first", text("first")), ("last", text("last"))]);
    b.done()
}

/// The caller catches USR1, ignores HUP, and has a close-on-exec descriptor.
fn exec(change: impl FnOnce(&mut ProcState)) -> History {
    let mut b = Build::platform("exec/replaces");
    let caller = b.fork("caller");
    let pid = ROOT + i32::from(caller);
    let mut before = ProcState { ppid: ROOT, ignored: vec![1], caught: vec![10], blocked: vec![12], ..state(pid) };
    before.fds.push(fd(4, "/tmp/case/kept", 40, "read"));
    before.fds.push(childproof::trace::state::FdState { cloexec: Some(true), ..fd(5, "/tmp/case/secret", 50, "read") });
    let mut after = ProcState { caught: vec![], ..before.clone() };
    after.fds.retain(|fd| fd.cloexec == Some(false));
    change(&mut after);
    let report = b.step(caller, "report-state", "").id;
    b.event(caller, Some(report), What::Call);
    b.event(caller, Some(report), What::State { label: "before-exec".into(), state: Box::new(before) });
    b.event(caller, Some(report), What::Return { outcome: Outcome::Done(None), of: None });
    let step = b.step(caller, "exec", "image").id;
    b.event(caller, Some(step), What::Call);
    let image = b.actor("image", Origin::Image, Some(caller));
    b.event(image, None, What::Born { ppid: ROOT, state: Some(Box::new(after)) }).pid = pid;
    b.event(image, None, What::Finished).pid = pid;
    b.waits(caller, Ended::Exited(0));
    b.check("exec-preserves", &[]);
    b.done()
}

fn reports(b: &mut Build, actor: u16, label: &str, state: ProcState) {
    let report = b.step(actor, "report-state", "").id;
    b.event(actor, Some(report), What::Call);
    b.event(actor, Some(report), What::State { label: label.into(), state: Box::new(state) });
    b.event(actor, Some(report), What::Return { outcome: Outcome::Done(None), of: None });
}

fn forked(change: impl FnOnce(&mut ProcState)) -> History {
    let mut b = Build::platform("fork/inherits");
    let before = ProcState { ignored: vec![1], caught: vec![10], blocked: vec![12], pending: vec![12], ..state(ROOT) };
    reports(&mut b, 0, "before-fork", before.clone());
    let child = b.fork("child");
    let pid = ROOT + i32::from(child);
    let mut given = ProcState { pid, ppid: ROOT, pending: vec![], ..before };
    change(&mut given);
    reports(&mut b, child, "inherited", given);
    b.ends(child);
    b.check("fork-preserves", &[]);
    b.done()
}

fn orphaned(ppid: i32) -> History {
    let mut b = Build::platform("wait/orphans");
    let orphan = b.fork("orphan");
    reports(&mut b, orphan, "orphaned", ProcState { ppid, ..state(ROOT + i32::from(orphan)) });
    b.ends(orphan);
    b.check("adopted", &[]);
    b.done()
}

fn failing(b: &mut Build, outcome: &Outcome) -> u32 {
    let step = b.step(0, "spawn", "child");
    step.asked = Some(Box::new(Asked { program: "{case}/missing".into(), ..Asked::default() }));
    step.expect = vec![Outcome::Error("ENOENT".into())];
    let id = step.id;
    b.performs(0, id, outcome.clone(), None);
    id
}

fn failed(outcome: Outcome) -> History {
    let mut b = Build::library("start/failure-reported");
    failing(&mut b, &outcome);
    b.check("start-failed-once", &[]);
    b.done()
}

/// The parent and its half-started copy both report the error.
fn failed_twice() -> History {
    let mut b = Build::library("start/failure-reported");
    let step = failing(&mut b, &Outcome::Error("ENOENT".into()));
    b.event(0, Some(step), What::Return { outcome: Outcome::Error("ENOENT".into()), of: None });
    b.check("start-failed-once", &[]);
    b.done()
}

fn asked_again(answers: Vec<Ended>) -> History {
    let mut b = Build::library("wait/idempotent");
    let child = b.spawn("child", Asked::default(), state(0));
    let exit = b.step(child, "exit", "").id;
    b.event(child, Some(exit), What::Call);
    for ended in answers {
        let step = b.waits(child, ended);
        b.h.script.steps[step as usize].any = true;
    }
    b.check("same-status", &[]);
    b.done()
}

fn reaped(by_handler: i64) -> History {
    let mut b = Build::platform("signal/sigchld-loop");
    for index in 0..5 {
        let child = b.fork(&format!("child[{index}]"));
        b.event(child, None, What::Finished);
    }
    b.event(0, None, What::Number { name: "reaped".into(), value: by_handler });
    b.check("reaped-all", &[("of", text("child")), ("count", Value::Int(5))]);
    b.done()
}

fn memory(kib: i64) -> History {
    let mut b = Build::platform("fork/copy-on-write");
    let child = b.fork("child");
    let step = b.step(child, "report-memory", "untouched").id;
    b.event(child, Some(step), What::Call);
    b.event(child, Some(step), What::Number { name: "memory untouched".into(), value: kib });
    b.event(child, Some(step), What::Return { outcome: Outcome::Done(None), of: None });
    b.ends(child);
    b.check("memory-unshared", &[("of", text("untouched")), ("at-most", Value::Int(1024))]);
    b.done()
}

/// The child uses 200 ms of CPU each time, the subject so much of it in the meantime: once it may have other work.
fn idle(beside: &[i64]) -> History {
    let mut b = Build::library("wait/no-busy-loop");
    let child = b.spawn("child", Asked::default(), state(0));
    let step = b.step(child, "burn", "the subject").id;
    for used in beside {
        b.event(child, Some(step), What::Call);
        for (name, value) in [("burnt", 200_000), ("beside", *used)] {
            b.event(child, Some(step), What::Number { name: name.into(), value });
        }
        b.event(child, Some(step), What::Return { outcome: Outcome::Done(Some(*used)), of: None });
    }
    b.ends(child);
    b.check("no-busy-loop", &[]);
    b.done()
}
