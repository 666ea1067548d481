//! Open file descriptions that the subject shares with its starter are as before.
//!
//! O_NONBLOCK and terminal settings belong to the description, not to the descriptor: a program that makes its standard
//! output non-blocking makes its parent's shell non-blocking too, and the next program there loses output with EAGAIN.
//!
//! Rules: the flags and terminal settings that the warden recorded by name are as before; so are O_NONBLOCK and O_APPEND of
//! descriptors 0, 1 and 2 that still refer to the same file. What the root's own `set-flags` steps named does not count.
//!
//! # References
//! POSIX.1-2024 `open()` "open file description", `fcntl()` F_SETFL, `tcsetattr()`.

use crate::judge::verdict::{Finding, Hygiene};
use crate::judge::{Property, drift, view};
use crate::plan::script::CheckDecl;
use crate::trace::History;
use crate::trace::state::{FdState, ProcState};
use std::collections::BTreeSet;

/// See the module.
pub struct SharedDescriptions;

const STANDARD: [&str; 3] = ["stdin", "stdout", "stderr"];

impl Property for SharedDescriptions {
    fn name(&self) -> &'static str {
        "shared-descriptions"
    }
    fn says(&self) -> &'static str {
        "O_NONBLOCK, O_APPEND and the terminal settings of the inherited standard descriptions are as before the case"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 open() \"open file description\", fcntl() F_SETFL, tcsetattr()"
    }
    fn universal(&self) -> bool {
        true
    }
    fn flag(&self) -> Option<Hygiene> {
        Some(Hygiene::TtyDrift)
    }
    fn judge(&self, history: &History, _: &CheckDecl) -> Finding {
        let observed = &history.observed;
        let states = observed.before.as_ref().zip(observed.after.as_ref());
        if observed.terminal_before.is_empty() && states.is_none() {
            return view::undecided("the shared descriptions were not looked at before the case");
        }
        let asked = drift::asked_flags(history);
        let mut differences = named(history, &asked);
        differences.extend(states.into_iter().flat_map(|(before, after)| flags(before, after, &asked)));
        if differences.is_empty() {
            return Finding::Pass;
        }
        Finding::fail("flags and terminal settings from before the case", view::list(differences, 8), "warden", vec![])
    }
}

fn named(history: &History, asked: &BTreeSet<i32>) -> Vec<String> {
    let (was, now) = (&history.observed.terminal_before, &history.observed.terminal_after);
    let excused = |key: &str| STANDARD.iter().zip(0..).any(|(name, fd)| key.starts_with(name) && asked.contains(&fd));
    let changed = was.iter().filter(|(key, _)| !excused(key)).filter_map(|(key, was)| {
        let now = now.get(key).map_or("not to be seen", String::as_str);
        (was != now).then(|| format!("{key} is {now}, was {was}"))
    });
    changed.collect()
}

fn flags(before: &ProcState, after: &ProcState, asked: &BTreeSet<i32>) -> Vec<String> {
    let pairs = before.fds.iter().filter(|was| (0..=2).contains(&was.fd) && !asked.contains(&was.fd));
    let changed = pairs.filter_map(|was| {
        let now = after.fds.iter().find(|now| now.fd == was.fd && drift::same_file(was, now))?;
        (set(was) != set(now)).then(|| format!("{} is {}, was {}", drift::fd_words(now), set(now), set(was)))
    });
    changed.collect()
}

fn set(fd: &FdState) -> &'static str {
    match (fd.nonblock, fd.append) {
        (false, false) => "without O_NONBLOCK and O_APPEND",
        (true, false) => "with O_NONBLOCK alone",
        (false, true) => "with O_APPEND alone",
        (true, true) => "with O_NONBLOCK and O_APPEND",
    }
}
