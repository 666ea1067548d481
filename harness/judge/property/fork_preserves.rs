//! fork copies what a process is, and what belongs to one process alone begins anew.
//!
//! Rules, between the state labelled `before-fork` of a process and the one labelled `inherited` of its forked child:
//! 1. Process id differs; the parent's id is that of the process that forked.
//! 2. Group, session, ids, groups, working directory, umask, nice value and limits are the parent's.
//! 3. Mask, ignored and caught signals are the parent's; no signal is pending.
//! 4. The same descriptors are open on the same files, with the same flags.
//!
//! # References
//! POSIX.1-2024 `fork()` DESCRIPTION; fork(2).

use super::subject_surroundings;
use crate::judge::verdict::Finding;
use crate::judge::{Property, args, drift, starts, view};
use crate::plan::check::ArgDecl;
use crate::plan::script::{ActorId, CheckDecl, Origin};
use crate::trace::state::ProcState;
use crate::trace::{History, What};

/// See the module.
pub struct ForkPreserves;

impl Property for ForkPreserves {
    fn name(&self) -> &'static str {
        "fork-preserves"
    }
    fn says(&self) -> &'static str {
        "a forked child has its parent's descriptors, directory, masks, dispositions, limits, group and session, and nothing pending"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 fork(); fork(2)"
    }
    fn args(&self) -> &'static [ArgDecl] {
        &[args::OF_ACTOR]
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        let only = view::text(asked, "of").map(|name| view::named(history, name));
        let children = history
            .script
            .actors
            .iter()
            .filter(|actor| actor.origin == Origin::Forked && only.as_ref().is_none_or(|only| only.contains(&actor.id)));
        starts::worst(children.filter_map(|child| {
            let (at, now) = state(history, child.id, "inherited")?;
            Some(match state(history, child.parent?, "before-fork") {
                Some((before, was)) => judged(history, child.id, was, now, vec![before, at]),
                None => view::undecided("no state labelled `before-fork` was reported by the parent"),
            })
        }))
    }
}

fn state<'h>(history: &'h History, actor: ActorId, wanted: &str) -> Option<(usize, &'h ProcState)> {
    history.events.iter().enumerate().find_map(|(at, event)| match &event.what {
        What::State { label, state } if event.actor == actor && label == wanted => Some((at, state.as_ref())),
        _ => None,
    })
}

fn judged(history: &History, child: ActorId, was: &ProcState, now: &ProcState, events: Vec<usize>) -> Finding {
    let mut differences = subject_surroundings::differences(was, now);
    if now.pid == was.pid || now.ppid != was.pid {
        differences.push(format!("process id {} with parent {}; its parent's id is {}", now.pid, now.ppid, was.pid));
    }
    for (what, was, now) in
        [("blocked", &was.blocked, &now.blocked), ("ignored", &was.ignored, &now.ignored), ("caught", &was.caught, &now.caught)]
    {
        if was != now {
            let words = |signals: &[i32]| drift::signal_words(signals.iter().copied());
            differences.push(format!("{what}: {}, in the parent {}", words(now), words(was)));
        }
    }
    if !now.pending.is_empty() {
        differences.push(format!("pending: {}", drift::signal_words(now.pending.iter().copied())));
    }
    differences.extend(descriptors(was, now));
    if differences.is_empty() {
        return Finding::Pass;
    }
    Finding::fail("what its parent has", view::list(differences, 8), view::name(history, child), events)
}

/// Rule 4.
fn descriptors(was: &ProcState, now: &ProcState) -> Vec<String> {
    let lost =
        was.fds.iter().filter(|fd| !now.fds.iter().any(|other| other == *fd)).map(|fd| format!("not as there: {}", drift::fd_words(fd)));
    let new =
        now.fds.iter().filter(|fd| !was.fds.iter().any(|other| other.fd == fd.fd)).map(|fd| format!("newly open: {}", drift::fd_words(fd)));
    lost.chain(new).collect()
}
