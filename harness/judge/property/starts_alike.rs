//! The same start comes to the same, however often it was tried before.
//!
//! At the edge of a limit a start may be refused. When everything that was started before it is ended and given up, the subject is
//! where it began: a start that succeeded then succeeds again, one that was refused is refused again. Otherwise the attempts in
//! between have used something up. The same holds of calls that start, collect and wait: when one has come back nothing of it is left.
//!
//! # References
//! POSIX.1-2024 `getrlimit()` RLIMIT_NOFILE, EMFILE; observed only.

use crate::judge::verdict::Finding;
use crate::judge::{Property, outcome, view};
use crate::plan::check::{ArgDecl, ArgKind};
use crate::plan::script::{CheckDecl, Outcome};
use crate::trace::History;

/// See the module.
pub struct StartsAlike;

const ARGS: &[ArgDecl] = &[
    ArgDecl { name: "first", kind: ArgKind::Actor, required: true, help: "the actor of the first start (of a family, its first member)" },
    ArgDecl {
        name: "last",
        kind: ArgKind::Actor,
        required: true,
        help: "the actor of the start that must come to the same (of a family, every member)",
    },
];

impl Property for StartsAlike {
    fn name(&self) -> &'static str {
        "starts-alike"
    }
    fn says(&self) -> &'static str {
        "the last of like starts comes to what the first came to"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 getrlimit() RLIMIT_NOFILE; observed only"
    }
    fn args(&self) -> &'static [ArgDecl] {
        ARGS
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        let Some(first) = view::text(asked, "first") else { return view::wants("first") };
        let Some(last) = view::text(asked, "last") else { return view::wants("last") };
        let (Some(&(at, one)), others) = (started(history, first).first(), started(history, last)) else {
            return view::undecided("the first start was never performed");
        };
        if others.is_empty() {
            return view::undecided("the start that is to be like the first was never performed");
        }
        let good = |outcome: &Outcome| matches!(outcome, Outcome::Done(_) | Outcome::Ended(_));
        let Some(&(then, other)) = others.iter().find(|(_, other)| good(one) != good(other)) else {
            return Finding::Pass;
        };
        let expected = format!("`{last}` to start as `{first}` did: {}", outcome::words(one));
        Finding::fail(expected, outcome::words(other), "root", vec![at, then])
    }
}

/// What the starts of this actor, or of its family, came to, in their order.
fn started<'h>(history: &'h History, name: &str) -> Vec<(usize, &'h Outcome)> {
    let names: Vec<String> = view::named(history, name).into_iter().map(|actor| view::name(history, actor)).collect();
    let of_them = view::returns(history).filter(|(_, event, _, of)| {
        let step = view::step_of(history, event).filter(|step| matches!(step.kind.as_str(), "spawn" | "run"));
        !view::is_stage(history, *of) && step.and_then(|step| step.on.as_ref()).is_some_and(|on| names.contains(on))
    });
    of_them.map(|(at, _, outcome, _)| (at, outcome)).collect()
}
