//! Histories of the properties that are checked on every case.

use super::build::{Build, ROOT, fd};
use childproof::plan::script::{Ended, Origin, Outcome};
use childproof::trace::state::LeftProcess;
use childproof::trace::{End, History, What};

/// Name, one that holds, one that breaks.
pub fn all() -> Vec<super::Pair> {
    let holds = forked_and_waited;
    vec![
        ("as-expected", holds(), as_expected()),
        ("nothing-survives", holds(), left("sleeping")),
        ("no-zombie", holds(), left("zombie")),
        ("subject-descriptors", holds(), with(|h| after(h).fds.push(fd(7, "pipe:[4711]", 4711, "write")))),
        ("failed-starts-flat", failed_starts(&[7, 8, 8, 8]), failed_starts(&[7, 8, 9, 10])),
        ("subject-signals", signals_asked_for(), with(|h| after(h).blocked = vec![17])),
        ("subject-surroundings", holds(), with(|h| after(h).cwd = "/elsewhere".into())),
        ("shared-descriptions", holds(), with(|h| drop(h.observed.terminal_after.insert("stdout O_NONBLOCK".into(), "on".into())))),
        ("one-process", one_process(false), one_process(true)),
        ("no-strays", holds(), with(|h| h.observed.shared.push("/sem.forgotten".into()))),
        ("in-time", holds(), in_time()),
    ]
}

fn forked_and_waited() -> History {
    let mut b = Build::platform("wait/status");
    let child = b.fork("child");
    b.ends(child);
    b.done()
}

/// As many failed starts one after the other, with so many descriptors open after each.
fn failed_starts(counts: &[i64]) -> History {
    let mut b = Build::library("start/failure-clean");
    for (at, count) in counts.iter().enumerate() {
        let name = format!("failed[{at}]");
        b.actor(&name, Origin::Spawned, Some(0));
        let step = b.step(0, "spawn", &name);
        step.expect = vec![Outcome::Other(String::new())];
        let step = step.id;
        b.event(0, Some(step), What::Call);
        b.event(0, Some(step), What::Reply { seq: at as u64 + 1, pid: 4711 });
        b.event(0, Some(step), What::Number { name: "subject descriptors".into(), value: *count });
        b.event(0, Some(step), What::Return { outcome: Outcome::Error("ENOENT".into()), of: None });
    }
    b.event(0, None, What::Finished);
    b.h
}

fn with(change: impl FnOnce(&mut History)) -> History {
    let mut history = forked_and_waited();
    change(&mut history);
    history
}

fn after(history: &mut History) -> &mut childproof::trace::state::ProcState {
    history.observed.after.as_mut().expect("the builder sets it")
}

fn as_expected() -> History {
    let mut b = Build::platform("wait/status");
    let child = b.fork("child");
    b.event(child, None, What::Finished);
    b.waits(child, Ended::Killed { signal: 11, core: true });
    b.done()
}

fn left(state: &str) -> History {
    with(|h| h.observed.left.push(LeftProcess { pid: ROOT + 1, ppid: ROOT, actor: Some(1), state: state.into(), command: "child".into() }))
}

/// The root itself set a disposition; that is no drift.
fn signals_asked_for() -> History {
    let mut b = Build::platform("pipe/sigpipe");
    b.does(0, "signal", "PIPE", Outcome::Done(None));
    let mut history = b.done();
    after(&mut history).ignored = vec![13];
    history
}

fn one_process(two: bool) -> History {
    let mut b = Build::library("start/one-process");
    b.does(0, "poll", "child", Outcome::Pending);
    let mut history = b.done();
    let replies =
        history.events.iter_mut().filter_map(|event| if let What::Reply { pid, .. } = &mut event.what { Some(pid) } else { None });
    if let Some(last) = replies.last().filter(|_| two) {
        *last = 4712;
    }
    history
}

fn in_time() -> History {
    let mut history = forked_and_waited();
    history.events.truncate(4);
    history.end = End::Hang {
        evidence: vec![
            "pid 101 child: sleeping in read(3), pipe:[4711]".into(),
            "pid 100 root: sleeping in wait4, holds pipe:[4711]".into(),
        ],
    };
    history
}
