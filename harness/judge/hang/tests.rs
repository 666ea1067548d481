use super::*;
use crate::plan::script::{ActorDecl, Origin, Outcome, Plane};
use crate::trace::hang::{Call, Doing, Made, Process, Snapshot, Thread, Watched};
use crate::trace::state::FdState;
use crate::trace::{Event, What};

/// A history of these actors and steps: `(actor, kind, on)`.
fn history(actors: &[(&str, Option<u16>)], steps: &[(u16, &str, Option<&str>)]) -> History {
    let mut history = History::default();
    for (id, (name, parent)) in actors.iter().enumerate() {
        let origin = if parent.is_none() { Origin::Root } else { Origin::Forked };
        let (id, family) = (id as u16, (*name).to_owned());
        history.script.actors.push(ActorDecl { id, name: family.clone(), family, index: 0, parent: *parent, origin });
    }
    for (id, (actor, kind, on)) in steps.iter().enumerate() {
        history.script.steps.push(declared(id as u32, *actor, kind, *on));
    }
    history
}

/// The process of an actor, its pid being ten more, in a step and a call.
fn process(actor: u16, parent: i32, step: u32, call: Call) -> Process {
    let thread = Thread { tid: 0, state: "sleeping".into(), call };
    let doing = Some(Doing { step, gate: false });
    Process {
        pid: 10 + i32::from(actor),
        ppid: parent,
        actor: Some(actor),
        state: "sleeping".into(),
        doing,
        threads: vec![thread],
        ..Process::default()
    }
}

fn call(name: &str, first: u64) -> Call {
    Call { name: name.into(), args: vec![first, 0, 8], ..Call::default() }
}

fn wait(whom: i32) -> Call {
    Call { name: "wait4".into(), whom: Some(whom), ..Call::default() }
}

fn holds(process: Process, fd: i32, ino: u64, access: &str) -> Process {
    let mut process = process;
    process.fds.push((FdState { fd, ino, target: format!("pipe:[{ino}]"), access: access.into(), ..FdState::default() }, false));
    process
}

fn told(mut history: History, processes: Vec<Process>, made: Vec<Made>) -> Explanation {
    history.observed.hang = Some(Box::new(Snapshot { processes, made, ..Snapshot::default() }));
    explain(&history).expect("there is a snapshot")
}

#[test]
fn without_a_snapshot_there_is_nothing_to_explain() {
    assert_eq!(explain(&History::default()), None);
}

#[test]
fn a_full_pipe_whose_reader_waits_is_a_circle_told_from_the_writer() {
    let history = history(
        &[("main", None), ("writer", Some(0))],
        &[(0, "pipe", Some("p")), (0, "wait", Some("writer")), (1, "write", Some("p.write"))],
    );
    let main = holds(process(0, 1, 1, wait(11)), 3, 77, "read");
    let writer = holds(process(1, 10, 2, call("write", 4)), 4, 77, "write");
    let explained = told(history, vec![main, writer], vec![Made { step: 0, ino: 77 }]);
    assert_eq!(explained.sentence, "writer is blocked in write(p.write): the pipe is full and its only reader, main, waits for writer");
    assert_eq!(explained.circle, ["writer", "main"]);
    assert_eq!((explained.missing, explained.processes[1].depth), (None, 1));
    assert_eq!(explained.streams[0].writers, ["writer as 4"]);
}

#[test]
fn one_of_several_writers_that_can_go_on_is_followed() {
    let history = history(&[("main", None), ("idle", Some(0))], &[(0, "read", Some("p.read"))]);
    let main = holds(holds(process(0, 1, 0, call("read", 3)), 3, 5, "read"), 4, 5, "write");
    let mut idle = holds(process(1, 10, 9, call("nanosleep", 0)), 4, 5, "write");
    idle.threads[0].call.limited = true;
    let explained = told(history, vec![main, idle], Vec::new());
    assert!(explained.circle.is_empty() && explained.missing.is_none(), "{explained:?}");
    let wanted = "main is blocked in read(unnamed pipe 1): the pipe is empty and its writers are main itself; \
                  idle, which is blocked in nanosleep(with a time limit) and waits for no process of the case";
    assert_eq!(explained.sentence, wanted);
}

#[test]
fn a_lock_is_held_by_who_took_it_last() {
    let mut history =
        history(&[("main", None), ("child", Some(0))], &[(0, "down", Some("lock")), (0, "wait", Some("child")), (1, "down", Some("lock"))]);
    let what = What::Return { outcome: Outcome::Done(None), of: None };
    history.events.push(Event { at: 0, actor: 0, pid: 10, step: Some(0), what });
    let processes = vec![process(0, 1, 1, wait(11)), process(1, 10, 2, call("futex", 0))];
    assert_eq!(
        told(history.clone(), processes, Vec::new()).sentence,
        "child is blocked in down(lock), which was taken by main, which waits for child"
    );
    let alone = told(history, vec![process(1, 1, 2, call("futex", 0))], Vec::new());
    assert_eq!(alone.sentence, "child is blocked in down(lock), which was taken by main and never given back: it has ended");
    assert_eq!(alone.missing.as_deref(), Some("child"));
}

#[test]
fn a_gate_waits_for_whoever_is_to_start_its_opener() {
    let mut history = history(&[("main", None), ("late", Some(0))], &[(0, "gate", Some("go")), (1, "open-gate", Some("go"))]);
    let mut main = process(0, 1, 0, call("futex", 0));
    main.doing = Some(Doing { step: 0, gate: true });
    let explained = told(history.clone(), vec![main.clone()], Vec::new());
    assert_eq!(explained.sentence, "main waits at the gate go, which is to be opened by main itself");
    history.events.push(Event { at: 0, actor: 1, pid: 11, step: None, what: What::Born { ppid: 10, state: None } });
    assert_eq!(told(history, vec![main], Vec::new()).sentence, "main waits at the gate go, which was to be opened by late: it has ended");
}

#[test]
fn idle_threads_of_a_run_time_do_not_count_and_a_pidfd_is_its_process() {
    let mut history = history(&[("root", None), ("child", Some(0))], &[(0, "wait", Some("child"))]);
    history.script.plane = Plane::Library;
    let root = process(0, 1, 0, Call { name: "poll".into(), limited: true, ..Call::default() });
    let watched = vec![Watched { fd: 6, process: 11, ..Watched::default() }];
    let mut subject = process(0, 1, 0, Call { name: "poll".into(), watched, ..Call::default() });
    (subject.pid, subject.actor, subject.adapter, subject.doing) = (20, None, true, None);
    subject.threads.push(Thread { tid: 1, state: "sleeping".into(), call: call("futex", 0) });
    let mut child = process(1, 20, 0, Call::default());
    (child.state, child.doing) = ("stopped".into(), None);
    let explained = told(history, vec![root, child, subject], Vec::new());
    let wanted = "root asked the subject to “wait child” and waits for the subject, which is blocked in poll(the end of child): none of \
                  them is ready, and the other side is held by child, which is stopped, and nobody continues it";
    assert_eq!(explained.sentence, wanted);
}

#[test]
fn mangled_snapshots_are_explained_somehow() {
    let mut circle = [process(0, 11, 0, wait(11)), process(1, 10, 900, wait(10))];
    circle[0].threads.clear();
    for processes in [Vec::new(), circle.to_vec(), vec![process(7, 17, 3, call("read", u64::MAX))]] {
        assert!(!told(History::default(), processes, Vec::new()).lines().is_empty());
    }
}
