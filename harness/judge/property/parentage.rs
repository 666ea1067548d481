//! fork returns twice, and both sides agree on who is who.
//!
//! Rules:
//! 1. Each fork that succeeded returned a positive process id, under which a child of that actor was born.
//! 2. No two forks returned the same id, and no child has the id of its parent.
//! 3. A child's `getppid()` at birth is its parent's process id, unless the parent had come to its end before. In a tree of
//!    forks where both sides go on, it is the id of some process of the tree.
//!
//! # References
//! POSIX.1-2024 `fork()` RETURN VALUE, `getpid()`, `getppid()`.

use crate::judge::verdict::Finding;
use crate::judge::{Property, args, view};
use crate::plan::check::ArgDecl;
use crate::plan::script::{ActorDecl, ActorId, CheckDecl, Origin, Outcome};
use crate::trace::{History, What};
use std::collections::{BTreeMap, BTreeSet};

/// See the module.
pub struct Parentage;

impl Property for Parentage {
    fn name(&self) -> &'static str {
        "parentage"
    }
    fn says(&self) -> &'static str {
        "fork gives the parent the child's process id, and the child sees the parent's as its parent's"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 fork(), getpid(), getppid()"
    }
    fn args(&self) -> &'static [ArgDecl] {
        &[args::OF_ACTOR]
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        let only = view::text(asked, "of").map(|name| view::named(history, name));
        let births = births(history, &|id| only.as_ref().is_none_or(|only| only.contains(&id)));
        if births.is_empty() {
            return view::undecided("no forked process was born");
        }
        let forked = if only.is_none() { unborn_or_twice(history, &births) } else { None };
        forked.or_else(|| births.iter().find_map(|birth| orphaned(history, birth))).unwrap_or(Finding::Pass)
    }
}

/// The birth of a forked actor.
struct Birth<'h> {
    at: usize,
    pid: i32,
    ppid: i32,
    child: &'h ActorDecl,
}

fn births<'h>(history: &'h History, wanted: &dyn Fn(ActorId) -> bool) -> Vec<Birth<'h>> {
    let all = view::births(history).filter_map(|(at, event, ppid, _)| {
        let child = view::actor(history, event.actor).filter(|actor| actor.origin == Origin::Forked && wanted(actor.id))?;
        Some(Birth { at, pid: event.pid, ppid, child })
    });
    all.collect()
}

/// Rules 1 and 2. A child that was killed at once may never have come to record its birth, so it is not missed when a wait
/// says that it was killed.
fn unborn_or_twice(history: &History, births: &[Birth]) -> Option<Finding> {
    let by_pid: BTreeMap<i32, &Birth> = births.iter().map(|birth| (birth.pid, birth)).collect();
    let mut returned: BTreeMap<i64, usize> = BTreeMap::new();
    for (at, event, outcome, _) in view::returns(history) {
        let step = view::step_of(history, event).filter(|step| step.kind == "fork");
        let (Some(step), Outcome::Done(Some(pid))) = (step, outcome) else { continue };
        let by = view::name(history, event.actor);
        if let Some(earlier) = returned.insert(*pid, at) {
            return Some(Finding::fail("a process id of its own for each child", format!("{pid} twice"), by, vec![earlier, at]));
        }
        let expected = format!("{} to return the id of a child", view::place(step));
        if *pid <= 0 || *pid == i64::from(event.pid) {
            return Some(Finding::fail(expected, format!("{pid}"), by, vec![at]));
        }
        let born = i32::try_from(*pid).ok().and_then(|pid| by_pid.get(&pid));
        if born.is_none() && !killed(history) {
            let seen = format!("{pid}; born were {}", view::list(by_pid.keys(), 8));
            return Some(Finding::fail(expected, seen, by, vec![at]));
        }
    }
    None
}

fn killed(history: &History) -> bool {
    view::returns(history)
        .any(|(.., outcome, of)| of.is_some() && matches!(outcome, Outcome::Ended(crate::plan::script::Ended::Killed { .. })))
}

/// Rule 3.
fn orphaned(history: &History, birth: &Birth) -> Option<Finding> {
    let parent = birth.child.parent?;
    let ended =
        history.events.iter().take(birth.at).any(|event| event.actor == parent && matches!(event.what, What::Finished | What::GaveUp));
    let tree = history.script.steps.iter().any(|step| step.actor == parent && step.kind == "fork-tree");
    let kin =
        |actor: ActorId| actor == parent || (tree && view::actor(history, actor).is_some_and(|actor| actor.family == birth.child.family));
    let pids: BTreeSet<i32> = history.events.iter().filter(|event| event.pid != 0 && kin(event.actor)).map(|event| event.pid).collect();
    let own = !pids.contains(&birth.ppid) || birth.ppid == birth.pid;
    if ended || pids.is_empty() || !own {
        return None;
    }
    let expected = format!("getppid() = {}, the id of {}", view::list(&pids, 8), view::name(history, parent));
    Some(Finding::fail(expected, format!("{}", birth.ppid), birth.child.name.clone(), vec![birth.at]))
}
