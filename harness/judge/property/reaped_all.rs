//! Every child that ended was reaped, none of them twice.
//!
//! SIGCHLD does not queue: several ends may come as one signal, and a handler that waits once per signal leaves zombies. The
//! children are counted, those that a wait step reported and those that a handler reaped together.
//!
//! Rules:
//! 1. No child's end is reported twice by steps of the platform plane. (A library may well say it again.)
//! 2. Waits and handlers together reaped as many children as `count` says, or as many as were born.
//! 3. None of them is left as a zombie.
//!
//! # References
//! POSIX.1-2024 `waitpid()`, `sigaction()` "signals may be lost when already pending"; signal(7).

use crate::judge::verdict::Finding;
use crate::judge::{Property, args, view};
use crate::plan::check::{ArgDecl, ArgKind};
use crate::plan::script::{ActorId, CheckDecl, Ended, Origin, Outcome, Plane};
use crate::trace::{History, What};
use std::collections::{BTreeMap, BTreeSet};

/// See the module.
pub struct ReapedAll;

const ARGS: &[ArgDecl] = &[
    args::OF_ACTOR,
    ArgDecl { name: "count", kind: ArgKind::Expr, required: false, help: "how many children (default: as many as were born)" },
];

impl Property for ReapedAll {
    fn name(&self) -> &'static str {
        "reaped-all"
    }
    fn says(&self) -> &'static str {
        "every child that ended was reaped once, by a wait or by a handler, and none is left"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 waitpid(), sigaction(); signal(7)"
    }
    fn args(&self) -> &'static [ArgDecl] {
        ARGS
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        let children = children(history, asked);
        let (waited, twice) = waited(history, &children);
        if let Some(failure) = twice.filter(|_| history.script.plane == Plane::Platform) {
            return failure;
        }
        let born: BTreeSet<ActorId> =
            view::births(history).map(|(_, event, ..)| event.actor).filter(|actor| children.contains(actor)).collect();
        let handled = by_handlers(history);
        let expected = view::int(asked, "count").unwrap_or(born.union(&waited).count() as i64);
        let reaped = (waited.len() as i64).saturating_add(handled);
        if expected <= 0 {
            return view::undecided("there was no child to reap");
        }
        if reaped != expected {
            let missing = born.difference(&waited).map(|child| view::name(history, *child));
            let seen = format!("{} by waits and {handled} by handlers; not waited for: {}", waited.len(), view::list(missing, 6));
            return Finding::fail(format!("{expected} children reaped"), seen, view::name(history, 0), vec![]);
        }
        zombies(history, &children)
    }
}

fn children(history: &History, asked: &CheckDecl) -> BTreeSet<ActorId> {
    match view::text(asked, "of") {
        Some(name) => view::named(history, name).into_iter().collect(),
        None => history
            .script
            .actors
            .iter()
            .filter(|actor| matches!(actor.origin, Origin::Forked | Origin::Spawned))
            .map(|actor| actor.id)
            .collect(),
    }
}

/// Those whose end a wait reported, and the first that was reported twice. `nowait` leaves a child waitable, so it does not count.
fn waited(history: &History, children: &BTreeSet<ActorId>) -> (BTreeSet<ActorId>, Option<Finding>) {
    let mut first: BTreeMap<ActorId, usize> = BTreeMap::new();
    let mut twice = None;
    for (at, event, outcome, of) in view::returns(history) {
        let kept = view::step_of(history, event).is_some_and(|step| step.label.contains("nowait") || step.label.contains("WNOWAIT"));
        let Some(child) = of.filter(|child| children.contains(child) && !kept) else { continue };
        if !matches!(outcome, Outcome::Ended(Ended::Exited(_) | Ended::Killed { .. })) {
            continue;
        }
        if let Some(earlier) = first.insert(child, at) {
            let name = view::name(history, child);
            twice.get_or_insert_with(|| {
                Finding::fail(format!("one report of the end of {name}"), "two", view::name(history, event.actor), vec![earlier, at])
            });
        }
    }
    (first.into_keys().collect(), twice)
}

/// What the `while waitpid(-1, WNOHANG)` handlers counted: the last number of each process.
fn by_handlers(history: &History) -> i64 {
    let mut last: BTreeMap<ActorId, i64> = BTreeMap::new();
    for event in &history.events {
        if let What::Number { name, value } = &event.what
            && (name == "reaped" || name.starts_with("reaped "))
        {
            last.insert(event.actor, *value);
        }
    }
    last.values().fold(0i64, |sum, value| sum.saturating_add(*value))
}

fn zombies(history: &History, children: &BTreeSet<ActorId>) -> Finding {
    if let Err(unseen) = view::observed(history) {
        return unseen;
    }
    let left =
        history.observed.left.iter().find(|left| left.state == "zombie" && left.actor.is_some_and(|actor| children.contains(&actor)));
    match left {
        Some(left) => Finding::fail("no child left as a zombie", super::nothing_survives::words(history, left), "warden", vec![]),
        None => Finding::Pass,
    }
}
