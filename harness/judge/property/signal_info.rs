//! Who receives a signal is told who sent it, and how.
//!
//! A handler with SA_SIGINFO and sigwaitinfo get the sender's process and real user id and a code; a program that trusts them (a
//! server that takes orders by signal) is deceived when they are wrong.
//!
//! Rules, for what the actors `of` recorded of signal `signal`, of which there is something at least:
//! 1. The process id is that of an actor `from`.
//! 2. The user id is the real one that the sender reported (`report-state`), or else that of the root.
//! 3. The signal was sent as `code` says.
//! 4. With `value`: the number that was sent along.
//!
//! # References
//! POSIX.1-2024 `<signal.h>` "siginfo_t", `sigqueue()`; sigaction(2) "The siginfo_t argument to a SA_SIGINFO handler".

use crate::judge::verdict::Finding;
use crate::judge::{Property, view};
use crate::plan::check::{ArgDecl, ArgKind};
use crate::plan::script::{ActorId, CheckDecl};
use crate::trace::{Event, History, What};

/// See the module.
pub struct SignalInfo;

/// How signals are sent, by the number that histories hold.
pub const HOW: [&str; 11] =
    ["user", "queue", "timer", "kernel", "exited", "killed", "dumped", "stopped", "continued", "thread", "another way"];

const ARGS: &[ArgDecl] = &[
    ArgDecl { name: "of", kind: ArgKind::Actor, required: true, help: "who received it" },
    ArgDecl { name: "signal", kind: ArgKind::Label, required: true, help: "the signal's name" },
    ArgDecl { name: "from", kind: ArgKind::Actor, required: true, help: "who sent it, or whose end it tells" },
    ArgDecl { name: "code", kind: ArgKind::Label, required: true, help: "user, queue, exited, killed, stopped, continued" },
    ArgDecl { name: "value", kind: ArgKind::Expr, required: false, help: "the number sent along" },
];

impl Property for SignalInfo {
    fn name(&self) -> &'static str {
        "signal-info"
    }
    fn says(&self) -> &'static str {
        "the receiver of a signal is told the sender's process and user, how it was sent, and the number sent along"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 <signal.h> siginfo_t; sigaction(2)"
    }
    fn args(&self) -> &'static [ArgDecl] {
        ARGS
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        let Some(of) = view::text(asked, "of") else { return view::wants("of") };
        let Some(signal) = view::text(asked, "signal") else { return view::wants("signal") };
        let Some(from) = view::text(asked, "from") else { return view::wants("from") };
        let Some(code) = view::text(asked, "code") else { return view::wants("code") };
        let (of, senders) = (view::named(history, of), pids(history, from));
        let told = |field: &str| -> Vec<(usize, &Event, i64)> {
            view::numbers(history, &format!("{signal} {field}")).filter(|(_, event, _)| of.contains(&event.actor)).collect()
        };
        let told_pids = told("pid");
        if told_pids.is_empty() || senders.is_empty() {
            return view::undecided(format!("nobody was told anything of {signal}, or its sender never ran"));
        }
        let words = |value: i64| usize::try_from(value).ok().and_then(|at| HOW.get(at)).copied().unwrap_or("no known way");
        let wrong = first(&told_pids, |pid| !senders.contains(&pid), |pid| format!("process {pid}"))
            .map(|seen| (format!("process {}, {from}", view::list(&senders, 4)), seen))
            .or_else(|| {
                let user = user_of(history, from)?;
                let wrong = first(&told("uid"), |uid| uid != user, |uid| format!("user {uid}"))?;
                Some((format!("user {user}"), wrong))
            })
            .or_else(|| {
                Some((
                    format!("sent as: {code}"),
                    first(&told("code"), |how| words(how) != code, |how| format!("sent as: {}", words(how)))?,
                ))
            })
            .or_else(|| {
                let value = view::int(asked, "value")?;
                Some((format!("the number {value}"), first(&told("value"), |seen| seen != value, |seen| format!("the number {seen}"))?))
            });
        match wrong {
            None => Finding::Pass,
            Some((expected, (at, by, seen))) => Finding::fail(expected, seen, view::name(history, by), vec![at]),
        }
    }
}

/// The first of these that is wrong: its place, who recorded it, and what it says.
fn first(told: &[(usize, &Event, i64)], wrong: impl Fn(i64) -> bool, words: impl Fn(i64) -> String) -> Option<(usize, ActorId, String)> {
    told.iter().find(|(.., value)| wrong(*value)).map(|(at, event, value)| (*at, event.actor, words(*value)))
}

/// The processes that an actor or a family was.
fn pids(history: &History, name: &str) -> Vec<i64> {
    let actors = view::named(history, name);
    let mut pids: Vec<i64> = history.events.iter().filter(|event| actors.contains(&event.actor)).map(|event| event.pid.into()).collect();
    pids.sort_unstable();
    pids.dedup();
    pids
}

fn user_of(history: &History, name: &str) -> Option<i64> {
    let actors = view::named(history, name);
    let reported = history.events.iter().rev().find_map(|event| match &event.what {
        What::State { state, .. } if actors.contains(&event.actor) => Some(state.uids[0]),
        _ => None,
    });
    reported.or_else(|| history.observed.before.as_ref().map(|state| state.uids[0])).map(i64::from)
}
