//! Rules that a pair of histories per property cannot show: what is undecided, what is lifted, what a cut-short case is.

use super::build::{Build, fd, state, text};
use super::{failed, finding};
use childproof::judge::verdict::{CaseOutcome, Finding, Hygiene};
use childproof::judge::{PROPERTIES, judge};
use childproof::plan::script::{Asked, AskedFd, CheckDecl, Ended, Outcome};
use childproof::plan::value::Value;
use childproof::trace::state::FdState;
use childproof::trace::{End, History, What};

/// A requested property on a case in which nothing of what it is about happened.
#[test]
fn nothing_passes_because_nothing_ran() {
    let args = [
        ("stream", text("p.read")),
        ("size", Value::Int(64)),
        ("bytes", Value::Int(1)),
        ("of", text("nobody")),
        ("is", Value::Int(0)),
        ("at-most", Value::Int(9)),
    ];
    for property in PROPERTIES.iter().filter(|property| !property.universal()) {
        let mut b = Build::platform("empty/case");
        let known: Vec<_> = args.iter().filter(|(name, _)| property.args().iter().any(|arg| arg.name == *name)).cloned().collect();
        b.check(property.name(), &known);
        let verdict = judge(&b.done());
        assert!(matches!(finding(&verdict, property.name()), Finding::Undecided { .. }), "{}: {verdict:?}", property.name());
    }
}

#[test]
fn an_empty_history_passes_nothing() {
    let verdict = judge(&History::default());
    let passed: Vec<_> = verdict.judgements.iter().filter(|judgement| judgement.finding == Finding::Pass).collect();
    assert!(passed.is_empty(), "{passed:?}");
}

#[test]
fn a_request_without_a_property_is_undecided() {
    let mut b = Build::platform("old/case");
    b.check("no-such-property", &[]);
    assert!(matches!(finding(&judge(&b.done()), "no-such-property"), Finding::Undecided { .. }));
}

#[test]
fn what_is_permitted_is_recorded_and_still_flagged() {
    let mut b = Build::platform("wait/orphans");
    b.h.script.permits.insert("no-strays".into(), "it is about a forgotten object".into());
    b.h.observed.shared.push("/sem.left".into());
    let verdict = judge(&b.done());
    assert!(failed(&verdict).is_empty());
    let Finding::Unspecified { seen } = finding(&verdict, "no-strays") else { panic!("{verdict:?}") };
    assert!(seen.contains("/sem.left") && seen.contains("it is about a forgotten object"));
    assert_eq!(verdict.hygiene, [Hygiene::ShmLeak]);
}

#[test]
fn a_case_cut_short_is_never_a_pass() {
    for end in [End::Hang { evidence: vec![] }, End::Crash { message: "died".into() }, End::Protocol { message: "garbage".into() }] {
        let mut b = Build::platform("any/case");
        b.check("counter-total", &[("of", text("c")), ("is", Value::Int(1))]);
        let mut history = b.done();
        history.end = end;
        let verdict = judge(&history);
        assert_ne!(verdict.outcome, CaseOutcome::Completed);
        assert_ne!(*finding(&verdict, "as-expected"), Finding::Pass);
        assert!(matches!(finding(&verdict, "counter-total"), Finding::Undecided { .. }));
    }
}

#[test]
fn a_limit_of_the_platform_is_an_outcome_and_not_a_failure() {
    let mut b = Build::platform("wait/forms");
    b.does(0, "wait", "child", Outcome::Unavailable("no pidfd_open".into()));
    let verdict = judge(&b.done());
    assert_eq!(verdict.outcome, CaseOutcome::Unavailable);
    assert!(failed(&verdict).is_empty());
}

#[test]
fn who_gives_up_leaves_a_name_for_what_was_not_done() {
    let mut b = Build::platform("any/case");
    let child = b.fork("child");
    b.step(child, "write", "p.write");
    b.event(child, None, What::GaveUp);
    let verdict = judge(&b.done());
    let Finding::Fail(evidence) = finding(&verdict, "as-expected") else { panic!("{verdict:?}") };
    assert!(evidence.seen.contains("write p.write") && evidence.by == "child", "{evidence:?}");
}

#[test]
fn success_without_coming_to_the_end_is_hollow() {
    let mut b = Build::platform("any/case");
    let child = b.fork("child");
    b.waits(child, Ended::Exited(0));
    assert!(matches!(finding(&judge(&b.done()), "as-expected"), Finding::Fail(_)));
}

#[test]
fn exec_that_returns_is_a_failure() {
    let mut b = Build::platform("exec/replaces");
    b.does(0, "exec", "image", Outcome::Error("ENOENT".into()));
    assert!(matches!(finding(&judge(&b.done()), "as-expected"), Finding::Fail(_)));
}

/// A writer that was killed on the way: its records may be there or not.
#[test]
fn records_of_a_killed_writer_are_allowed_and_not_required() {
    let mut b = Build::platform("pipe/atomic");
    let (whole, killed) = (b.fork("writer[0]"), b.fork("writer[1]"));
    let records = b.writes(whole, "write-records", "p.write", 2, 64);
    let step = b.step(killed, "write-records", "p.write");
    step.records = Some(childproof::plan::script::Records { count: 5, size: 64 });
    let id = step.id;
    b.event(killed, Some(id), What::Call);
    b.reads("p.read", &[&records[0], &childproof::plan::record::record(killed, 0, 64), &records[1]]);
    b.check("exactly-once", &[("stream", text("p.read"))]).check("bytes-conserved", &[("stream", text("p.read"))]);
    let verdict = judge(&b.done());
    assert_eq!(*finding(&verdict, "exactly-once"), Finding::Pass);
    assert!(matches!(finding(&verdict, "bytes-conserved"), Finding::Undecided { .. }));
}

#[test]
fn records_in_another_pipe_are_not_missed() {
    let mut b = Build::platform("pipe/atomic");
    let writer = b.fork("writer");
    b.writes(writer, "write-records", "q.write", 3, 64);
    let records = b.writes(writer, "write-records", "p.write", 2, 64);
    b.reads("p.read", &[&records.concat()]);
    b.check("exactly-once", &[("stream", text("p.read"))]);
    assert_eq!(*finding(&judge(&b.done()), "exactly-once"), Finding::Pass);
}

/// glibc's posix_spawn leaves 32 and 33 ignored in the child: noted, never failed.
#[test]
fn signals_that_glibc_keeps_are_noted() {
    let mut b = Build::library("start/signal-state");
    let child = b.spawn("child", Default::default(), childproof::trace::state::ProcState { ignored: vec![32, 33], ..state(0) });
    b.ends(child);
    b.check("child-signals", &[]);
    assert!(matches!(finding(&judge(&b.done()), "child-signals"), Finding::Unspecified { .. }));
}

/// Perl ignores SIGFPE for itself and resets it in its children; another runtime may hand it on.
#[test]
fn what_the_processor_raises_is_the_runtimes_own_business() {
    for (own, child, holds) in [(vec![8], vec![], true), (vec![8], vec![8], true), (vec![], vec![8], false), (vec![1], vec![], false)] {
        let mut b = Build::library("start/signal-state");
        let started = b.spawn("child", Default::default(), childproof::trace::state::ProcState { ignored: child, ..state(0) });
        b.ends(started);
        b.check("child-signals", &[]);
        let mut history = b.done();
        for look in [&mut history.observed.before, &mut history.observed.after].into_iter().flatten() {
            look.ignored.clone_from(&own);
        }
        assert_eq!(*finding(&judge(&history), "child-signals") == Finding::Pass, holds, "{own:?}");
    }
}

#[test]
fn a_status_that_turns_into_nothing_is_not_the_same() {
    let mut b = Build::library("wait/idempotent");
    let child = b.spawn("child", Default::default(), state(0));
    b.ends(child);
    let step = b.step(0, "poll", "child").id;
    b.performs(0, step, Outcome::Pending, Some(child));
    b.check("same-status", &[]);
    assert!(matches!(finding(&judge(&b.done()), "same-status"), Finding::Fail(_)));
}

#[test]
fn universal_properties_are_judged_once_even_when_asked_for() {
    let mut b = Build::platform("any/case");
    b.h.script.checks.push(CheckDecl { property: "no-zombie".into(), args: Default::default(), line: 1 });
    let verdict = judge(&b.done());
    assert_eq!(verdict.judgements.iter().filter(|judgement| judgement.property == "no-zombie").count(), 1);
}

/// What a runtime opened close-on-exec for itself under a standard number is nothing to inherit; what is handed on on purpose is.
#[test]
fn a_descriptor_handed_on_has_to_lose_close_on_exec() {
    for (child, own, lost_is_right) in [(1, 1, true), (1, 20, false), (20, 20, false)] {
        let mut b = Build::library("start/example");
        let marked = FdState { cloexec: Some(true), ..fd(own, "/tmp/case/file", 90, "write") };
        for seen in [&mut b.h.observed.before, &mut b.h.observed.after].into_iter().flatten() {
            seen.fds.retain(|fd| fd.fd != own);
            seen.fds.push(marked.clone());
        }
        let mut given = state(0);
        given.fds.retain(|fd| fd.fd != child);
        let started = b.spawn("child", Asked { fds: [(child, AskedFd::Inherit(own))].into(), ..Asked::default() }, given);
        b.ends(started);
        b.check("child-descriptors", &[]);
        let verdict = judge(&b.done());
        assert_eq!(*finding(&verdict, "child-descriptors") == Finding::Pass, lost_is_right, "{own} as {child}: {verdict:?}");
    }
}
