//! exec replaces the program and keeps the process.
//!
//! Rules, between the last state labelled `before-exec` of a process and what its new image reports at birth:
//! 1. Process id, parent, group, session, ids, groups, working directory, umask, nice value and limits stay.
//! 2. The mask and pending signals stay.
//! 3. Ignored signals stay ignored; caught ones are reset, so they are neither caught nor ignored.
//! 4. Descriptors with FD_CLOEXEC are gone; all others are there, on the same files with the same flags; no other is.
//!
//! # References
//! POSIX.1-2024 `exec` family; execve(2) "Effect on process attributes".

use super::subject_surroundings;
use crate::judge::verdict::Finding;
use crate::judge::{Property, args, drift, starts, view};
use crate::plan::check::ArgDecl;
use crate::plan::script::{CheckDecl, Origin};
use crate::trace::state::ProcState;
use crate::trace::{History, What};

/// See the module.
pub struct ExecPreserves;

/// The label under which the caller of exec reports its state.
const LABEL: &str = "before-exec";

impl Property for ExecPreserves {
    fn name(&self) -> &'static str {
        "exec-preserves"
    }
    fn says(&self) -> &'static str {
        "exec keeps ids, directory, mask and ignored signals, resets handlers, closes what is close-on-exec and keeps the rest"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 exec; execve(2)"
    }
    fn args(&self) -> &'static [ArgDecl] {
        &[args::OF_ACTOR]
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        let only = view::text(asked, "of").map(|name| view::named(history, name));
        let images = view::births(history).filter(|(_, event, ..)| {
            let actor = view::actor(history, event.actor).filter(|actor| actor.origin == Origin::Image);
            actor.is_some_and(|actor| {
                only.as_ref().is_none_or(|only| only.contains(&actor.id) || actor.parent.is_some_and(|parent| only.contains(&parent)))
            })
        });
        starts::worst(images.map(|(born, event, _, state)| match (state, last_state(history, event.pid, born)) {
            (None, _) => view::undecided("the new image did not report its state"),
            (_, None) => view::undecided(format!("no state labelled `{LABEL}` was reported by the process before its exec")),
            (Some(now), Some((at, was))) => judged(history, event.actor, was, now, vec![at, born]),
        }))
    }
}

/// The state last reported by this process before the birth of its new image.
fn last_state(history: &History, pid: i32, born: usize) -> Option<(usize, &ProcState)> {
    let earlier = history.events.iter().enumerate().take(born).rev();
    earlier.filter(|(_, event)| event.pid == pid).find_map(|(at, event)| match &event.what {
        What::State { label, state } if label == LABEL => Some((at, state.as_ref())),
        _ => None,
    })
}

fn judged(history: &History, image: u16, was: &ProcState, now: &ProcState, events: Vec<usize>) -> Finding {
    let mut differences = subject_surroundings::differences(was, now);
    differences.extend(ids(was, now));
    differences.extend(signals(was, now));
    differences.extend(descriptors(was, now));
    if differences.is_empty() {
        return Finding::Pass;
    }
    Finding::fail("the process as before exec, but for its program", view::list(differences, 8), view::name(history, image), events)
}

fn ids(was: &ProcState, now: &ProcState) -> Vec<String> {
    let pairs = [("process id", was.pid, now.pid), ("parent's id", was.ppid, now.ppid)];
    pairs.iter().filter(|(_, was, now)| was != now).map(|(what, was, now)| format!("{what} is {now}, was {was}")).collect()
}

/// Rules 2 and 3.
fn signals(was: &ProcState, now: &ProcState) -> Vec<String> {
    let mut found = Vec::new();
    if was.blocked != now.blocked {
        found.push(format!(
            "blocked: {}, were {}",
            drift::signal_words(now.blocked.iter().copied()),
            drift::signal_words(was.blocked.iter().copied())
        ));
    }
    if was.ignored != now.ignored {
        found.push(format!(
            "ignored: {}, were {}",
            drift::signal_words(now.ignored.iter().copied()),
            drift::signal_words(was.ignored.iter().copied())
        ));
    }
    if !now.caught.is_empty() {
        found.push(format!("still caught: {}", drift::signal_words(now.caught.iter().copied())));
    }
    let lost: Vec<i32> = was.pending.iter().copied().filter(|signal| !now.pending.contains(signal)).collect();
    if !lost.is_empty() {
        found.push(format!("no longer pending: {}", drift::signal_words(lost)));
    }
    found
}

/// Rule 4. What is close-on-exec cannot be seen everywhere; such a descriptor may be there or not.
fn descriptors(was: &ProcState, now: &ProcState) -> Vec<String> {
    let find = |state: &ProcState, number: i32| state.fds.iter().find(|fd| fd.fd == number).cloned();
    let mut found: Vec<String> = Vec::new();
    for before in &was.fds {
        match (before.cloexec, find(now, before.fd)) {
            (Some(true), Some(after)) => found.push(format!("close-on-exec and still open: {}", drift::fd_words(&after))),
            (Some(false), None) => found.push(format!("not close-on-exec and gone: {}", drift::fd_words(before))),
            (_, Some(after)) if !drift::same_file(before, &after) => {
                found.push(format!("now {}, was {}", drift::fd_words(&after), before.target))
            }
            (_, Some(after)) if (before.nonblock, before.append) != (after.nonblock, after.append) => {
                found.push(format!("other flags: {}", drift::fd_words(&after)))
            }
            _ => {}
        }
    }
    found.extend(
        now.fds.iter().filter(|after| find(was, after.fd).is_none()).map(|after| format!("newly open: {}", drift::fd_words(after))),
    );
    found
}
