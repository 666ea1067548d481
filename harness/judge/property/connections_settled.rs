//! Every connection that was made is either accepted or told to be lost.
//!
//! What waits in a listener's queue belongs to the listener: when the last process that holds it dies, the kernel resets the
//! connections in it. A client that is neither served nor told waits for ever; one that is told although it was served was lost
//! with somebody else's queue.
//!
//! Rules:
//! 1. A connection is made where a `connect` succeeds, accepted where an `accept` does.
//! 2. It is told to be lost where a `read` or `write` of its connecting side fails with ECONNRESET or EPIPE, once for each actor and name.
//! 3. Those made are as many as those accepted and those told to be lost together.
//!
//! # References
//! POSIX.1-2024 `accept()`, `close()`, `recv()` ECONNRESET; socket(7) SO_REUSEPORT.

use crate::judge::verdict::Finding;
use crate::judge::{Property, view};
use crate::plan::script::{ActorId, CheckDecl, Outcome, StepDecl};
use crate::trace::{Event, History};
use std::collections::BTreeSet;

/// See the module.
pub struct ConnectionsSettled;

impl Property for ConnectionsSettled {
    fn name(&self) -> &'static str {
        "connections-settled"
    }
    fn says(&self) -> &'static str {
        "every connection that was made is accepted or told to be lost, and none is both"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 accept(), recv() ECONNRESET; socket(7) SO_REUSEPORT"
    }
    fn judge(&self, history: &History, _: &CheckDecl) -> Finding {
        let (mut made, mut accepted, mut lost) = (BTreeSet::new(), Vec::new(), BTreeSet::new());
        for (at, event, outcome, _) in view::returns(history) {
            let Some(step) = view::step_of(history, event) else { continue };
            match (step.kind.as_str(), outcome) {
                ("connect", Outcome::Done(_)) => drop(made.insert(at)),
                ("accept", Outcome::Done(_)) => accepted.push(at),
                ("read" | "write" | "write-records", Outcome::Error(name)) if matches!(name.as_str(), "ECONNRESET" | "EPIPE") => {
                    lost.extend(of_a_client(history, event, step));
                }
                _ => {}
            }
        }
        if made.is_empty() {
            return view::undecided("nobody connected");
        }
        if made.len() == accepted.len() + lost.len() {
            return Finding::Pass;
        }
        let seen = format!("{} accepted, {} told to be lost", accepted.len(), lost.len());
        Finding::fail(format!("{} connections accepted or told to be lost", made.len()), seen, view::name(history, 0), accepted)
    }
}

/// Who met the loss of which connection; nobody where the endpoint is not one that connected.
fn of_a_client(history: &History, event: &Event, step: &StepDecl) -> Option<(ActorId, String)> {
    let on = step.on.clone()?;
    let connects = |other: &&StepDecl| other.kind == "connect" && other.actor == event.actor && made_as(other) == Some(&on);
    history.script.steps.iter().any(|other| connects(&other)).then_some((event.actor, on))
}

/// The name of the connection on the connecting side: the second word of the step's label, `connect line to door`.
fn made_as(step: &StepDecl) -> Option<&str> {
    step.label.split(' ').nth(1)
}
