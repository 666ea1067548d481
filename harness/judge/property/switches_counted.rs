//! A process that sleeps is switched away from of its own will, and the system counts that.
//!
//! The figures themselves are the machine's: they are recorded, and printed by `--format json`. What can be judged is that as often as
//! a process was seen to sleep in a call, so often at least it gave the processor up.
//!
//! Rules: the figure `voluntary switches LABEL` of each actor that reported one under `of` exceeds its last one under `since` by at least
//! `at-least`, and no figure goes backwards.
//!
//! # References
//! getrusage(2) `ru_nvcsw`, `ru_nivcsw`. Observed only.

use crate::judge::verdict::Finding;
use crate::judge::{Property, view};
use crate::plan::check::{ArgDecl, ArgKind};
use crate::plan::script::CheckDecl;
use crate::trace::History;

/// See the module.
pub struct SwitchesCounted;

const ARGS: &[ArgDecl] = &[
    ArgDecl { name: "of", kind: ArgKind::Label, required: true, help: "the label of the `report-switches` steps" },
    ArgDecl { name: "since", kind: ArgKind::Label, required: true, help: "label of the figure to count from" },
    ArgDecl { name: "at-least", kind: ArgKind::Expr, required: true, help: "how often it was seen to sleep" },
];

impl Property for SwitchesCounted {
    fn name(&self) -> &'static str {
        "switches-counted"
    }
    fn says(&self) -> &'static str {
        "as often as a process slept in a call, so often at least it was switched away from of its own will"
    }
    fn clause(&self) -> &'static str {
        "getrusage(2) ru_nvcsw; observed only"
    }
    fn args(&self) -> &'static [ArgDecl] {
        ARGS
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        let Some(label) = view::text(asked, "of") else { return view::wants("of") };
        let Some(since) = view::text(asked, "since") else { return view::wants("since") };
        let Some(bound) = view::int(asked, "at-least") else { return view::wants("at-least") };
        let mut judged = 0;
        for (word, least) in [("voluntary", bound), ("involuntary", 0)] {
            for (at, event, value) in view::numbers(history, &format!("{word} switches {label}")) {
                let earlier = format!("{word} switches {since}");
                let Some((from, _, before)) = view::numbers(history, &earlier).filter(|(_, other, _)| other.actor == event.actor).last()
                else {
                    continue;
                };
                judged += 1;
                if value.saturating_sub(before) < least {
                    let expected = format!("at least {least} {word} switches");
                    let seen = format!("{}", value.saturating_sub(before));
                    return Finding::fail(expected, seen, view::name(history, event.actor), vec![from, at]);
                }
            }
        }
        if judged == 0 { view::undecided(format!("nobody reported under `{since}` and then under `{label}`")) } else { Finding::Pass }
    }
}
