//! A child that writes nothing has next to no memory of its own.
//!
//! fork shares every page until somebody writes to it. A child whose private memory grows with its parent's size was copied.
//!
//! Rules: every figure `memory LABEL` is at most `at-most` KiB, or, with `since`, exceeds the last figure under that label by
//! at most so much. Where the platform does not tell, nothing is recorded, and that is undecided.
//!
//! # References
//! fork(2) NOTES "implemented using copy-on-write pages"; proc_pid_smaps(5). Observed only.

use crate::judge::verdict::Finding;
use crate::judge::{Property, view};
use crate::plan::check::{ArgDecl, ArgKind};
use crate::plan::script::CheckDecl;
use crate::trace::History;

/// See the module.
pub struct MemoryUnshared;

const ARGS: &[ArgDecl] = &[
    ArgDecl { name: "of", kind: ArgKind::Label, required: true, help: "the label of the `report-memory` steps" },
    ArgDecl { name: "at-most", kind: ArgKind::Expr, required: true, help: "KiB of private memory" },
    ArgDecl { name: "since", kind: ArgKind::Label, required: false, help: "label of the figure to count from" },
];

impl Property for MemoryUnshared {
    fn name(&self) -> &'static str {
        "memory-unshared"
    }
    fn says(&self) -> &'static str {
        "a process that writes to none of its memory keeps sharing it: its private memory stays within the bound"
    }
    fn clause(&self) -> &'static str {
        "fork(2) NOTES; proc_pid_smaps(5); observed only"
    }
    fn args(&self) -> &'static [ArgDecl] {
        ARGS
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        let Some(label) = view::text(asked, "of") else { return view::wants("of") };
        let Some(bound) = view::int(asked, "at-most") else { return view::wants("at-most") };
        let since = match view::text(asked, "since") {
            None => 0,
            Some(since) => match view::numbers(history, &format!("memory {since}")).last() {
                Some((.., value)) => value,
                None => return view::undecided(format!("no memory was reported under `{since}`")),
            },
        };
        let wanted = format!("memory {label}");
        let mut figures = view::numbers(history, &wanted).peekable();
        if figures.peek().is_none() {
            return view::undecided(format!("no memory was reported under `{label}`"));
        }
        match figures.find(|(.., value)| value.saturating_sub(since) > bound) {
            Some((at, event, value)) => {
                let seen = format!("{} KiB", value.saturating_sub(since));
                Finding::fail(format!("at most {bound} KiB of private memory"), seen, view::name(history, event.actor), vec![at])
            }
            None => Finding::Pass,
        }
    }
}
