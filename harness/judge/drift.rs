//! The subject before and after a case, and which differences the scenario itself asked for.
//!
//! On the library plane every difference is drift. On the platform plane the root *is* the scenario: a signal that one of
//! its own steps set, a mask that it changed, a descriptor that it closed or duplicated onto are what was asked for.

use super::{signals, view};
use crate::plan::script::{Plane, StepDecl};
use crate::trace::History;
use crate::trace::state::FdState;
use std::collections::BTreeSet;

/// Steps that the compared process performed by the scenario's wish (none on the library plane).
fn own_steps(history: &History) -> impl Iterator<Item = &StepDecl> {
    let platform = history.script.plane == Plane::Platform;
    history.script.steps.iter().filter(move |step| platform && step.actor == 0)
}

/// Signals that the scenario had the root change itself.
pub fn asked_signals(history: &History) -> BTreeSet<i32> {
    own_steps(history)
        .filter(|step| matches!(step.kind.as_str(), "signal" | "mask"))
        .flat_map(|step| signals::numbers(step.on.as_deref().unwrap_or(&step.label)))
        .collect()
}

/// Standard and numbered descriptors that the scenario had the root close, open or duplicate onto.
pub fn asked_fds(history: &History) -> BTreeSet<i32> {
    let named = own_steps(history)
        .filter(|step| matches!(step.kind.as_str(), "close" | "dup2"))
        .flat_map(|step| [step.on.as_deref().and_then(fixed), step.label.rsplit(' ').next().and_then(fixed), trailing(&step.label)])
        .flatten();
    named.chain(history.observed.accounted_fds.iter().copied()).collect()
}

/// Standard streams whose flags the scenario had the root set.
pub fn asked_flags(history: &History) -> BTreeSet<i32> {
    own_steps(history).filter(|step| step.kind == "set-flags").filter_map(|step| fixed(step.on.as_deref()?)).collect()
}

/// The number that an endpoint names without a table: `stdout`, `fd 7`.
fn fixed(endpoint: &str) -> Option<i32> {
    match endpoint {
        "stdin" => Some(0),
        "stdout" => Some(1),
        "stderr" => Some(2),
        other => other.strip_prefix("fd ")?.trim().parse().ok(),
    }
}

/// The `fd 7` that a label ends with.
fn trailing(label: &str) -> Option<i32> {
    label.rsplit_once("fd ")?.1.trim().parse().ok()
}

/// Whether two descriptors refer to the same file, pipe or socket, as far as the platform shows it.
pub fn same_file(a: &FdState, b: &FdState) -> bool {
    if (a.dev, a.ino) == (0, 0) || (b.dev, b.ino) == (0, 0) { a.target == b.target } else { (a.dev, a.ino) == (b.dev, b.ino) }
}

/// A descriptor in words.
pub fn fd_words(fd: &FdState) -> String {
    let target = if fd.target.is_empty() { "something unnamed" } else { &fd.target };
    format!("{} -> {target}", fd.fd)
}

/// Signals of a set, in words.
pub fn signal_words(set: impl IntoIterator<Item = i32>) -> String {
    view::list(set.into_iter().map(signals::words), 8)
}
