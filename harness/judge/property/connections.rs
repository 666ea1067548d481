//! The server accepted exactly so many connections, or several servers did together.
//!
//! A connection made before a fork is one connection, however many processes use it; a client that quietly connects again,
//! or a connection that was never served, shows in the count.
//!
//! # References
//! POSIX.1-2024 `accept()`, `fork()` (descriptors of the child refer to the same open file descriptions).

use crate::judge::verdict::Finding;
use crate::judge::{Property, view};
use crate::plan::check::{ArgDecl, ArgKind};
use crate::plan::script::{ActorId, CheckDecl, Outcome};
use crate::trace::History;
use std::collections::BTreeSet;

/// See the module.
pub struct Connections;

const ARGS: &[ArgDecl] = &[
    ArgDecl { name: "is", kind: ArgKind::Expr, required: true, help: "how many" },
    ArgDecl { name: "of", kind: ArgKind::Label, required: false, help: "the listener's name (default: all listeners together)" },
    ArgDecl { name: "shared-by", kind: ArgKind::Expr, required: false, help: "at least so many actors accepted one" },
];

impl Property for Connections {
    fn name(&self) -> &'static str {
        "connections"
    }
    fn says(&self) -> &'static str {
        "the server accepted exactly so many connections"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 accept(), fork()"
    }
    fn args(&self) -> &'static [ArgDecl] {
        ARGS
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        let Some(expected) = view::int(asked, "is") else { return view::wants("is") };
        let listener = view::text(asked, "of");
        let accepts = view::returns(history).filter(|(_, event, ..)| {
            let step = view::step_of(history, event).filter(|step| step.kind == "accept");
            step.is_some_and(|step| listener.is_none_or(|name| step.on.as_deref() == Some(name)))
        });
        let (mut tried, mut accepted, mut by) = (0usize, Vec::new(), None);
        for (at, event, outcome, _) in accepts {
            tried += 1;
            by.get_or_insert(event.actor);
            if matches!(outcome, Outcome::Done(_)) {
                accepted.push(at);
            }
        }
        if tried == 0 {
            return view::undecided("nobody accepted a connection");
        }
        if usize::try_from(expected) == Ok(accepted.len()) {
            return shared(history, asked, accepted);
        }
        let by = by.map(|actor| view::name(history, actor)).unwrap_or_default();
        Finding::fail(format!("{expected} connections"), format!("{} accepted", accepted.len()), by, accepted)
    }
}

/// Whether as many actors accepted as were asked for.
fn shared(history: &History, asked: &CheckDecl, accepted: Vec<usize>) -> Finding {
    let Some(least) = view::int(asked, "shared-by").and_then(|least| usize::try_from(least).ok()) else { return Finding::Pass };
    let actors: BTreeSet<ActorId> = accepted.iter().filter_map(|at| history.events.get(*at)).map(|event| event.actor).collect();
    if actors.len() >= least {
        return Finding::Pass;
    }
    let by = view::list(actors.iter().map(|actor| view::name(history, *actor)), 3);
    Finding::fail(format!("connections accepted by {least} actors at least"), format!("all by {by}"), by.clone(), accepted)
}
