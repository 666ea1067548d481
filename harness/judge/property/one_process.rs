//! The subject's code goes on in exactly one process.
//!
//! The worst fault of a start: fork, exec fails, and the error travels up as an exception *in the child*, which then goes on
//! in the caller's code beside the parent. Both answer; everything happens twice. It shows as a reply with another process
//! id, a request answered twice, or, under raw calls, as one actor's events coming from two processes.
//!
//! Rules:
//! 1. Library plane: every reply comes from the same process, and sequence numbers rise, so that each is answered once.
//! 2. Platform plane: every actor's events come from one process. (An exec'd image is an actor of its own.)
//!
//! # References
//! POSIX.1-2024 `fork()`, `exec`; observed in libraries that report exec failures by unwinding in the child.

use crate::judge::verdict::Finding;
use crate::judge::{Property, view};
use crate::plan::script::{ActorId, CheckDecl, Origin, Plane};
use crate::trace::{History, What};
use std::collections::BTreeMap;

/// See the module.
pub struct OneProcess;

impl Property for OneProcess {
    fn name(&self) -> &'static str {
        "one-process"
    }
    fn says(&self) -> &'static str {
        "the subject's code goes on in exactly one process"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 fork(), exec; observed only"
    }
    fn universal(&self) -> bool {
        true
    }
    fn judge(&self, history: &History, _: &CheckDecl) -> Finding {
        if let Some(failure) = two_bodies(history) {
            return failure;
        }
        match history.script.plane {
            Plane::Platform if history.events.is_empty() => view::undecided("nothing was recorded"),
            Plane::Platform => Finding::Pass,
            Plane::Library => replies(history),
        }
    }
}

fn replies(history: &History) -> Finding {
    let mut last: Option<(usize, u64, i32)> = None;
    for (at, event) in history.events.iter().enumerate() {
        let What::Reply { seq, pid } = event.what else { continue };
        if let Some((earlier, before, one)) = last {
            if pid != one {
                let seen = format!("request {before} answered by pid {one}, request {seq} by pid {pid}");
                return Finding::fail("every reply from the same process", seen, "the subject", vec![earlier, at]);
            }
            if seq <= before {
                let seen = format!("a reply to request {seq} after the one to request {before}");
                return Finding::fail("every request answered once, in order", seen, "the subject", vec![earlier, at]);
            }
        }
        last = Some((at, seq, pid));
    }
    if last.is_some() { Finding::Pass } else { view::undecided("the subject answered nothing") }
}

fn works(history: &History, actor: ActorId) -> bool {
    view::actor(history, actor).is_some_and(|actor| matches!(actor.origin, Origin::Worker | Origin::Handle))
}

/// Process id 0 stands for "recorded on the actor's behalf" (captured output). A job's items are done by many processes, and a
/// worker's task may be called in its caller; where tasks run is a matter of `ran-in`.
fn two_bodies(history: &History) -> Option<Finding> {
    let mut bodies: BTreeMap<ActorId, (usize, i32)> = BTreeMap::new();
    for (at, event) in history.events.iter().enumerate().filter(|(_, event)| event.pid != 0 && !works(history, event.actor)) {
        let (first, pid) = *bodies.entry(event.actor).or_insert((at, event.pid));
        if pid != event.pid {
            let name = view::name(history, event.actor);
            let seen = format!("events of {name} from pid {pid} and from pid {}", event.pid);
            return Some(Finding::fail("each actor in one process", seen, name, vec![first, at]));
        }
    }
    None
}
