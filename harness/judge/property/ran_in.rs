//! A task runs where it was handed to: in a worker's process, or, where it is called, in the caller's.
//!
//! `Process(target=f())` calls `f` before there is a process, and `run()` called by hand starts none: the process id says so.
//!
//! Rules:
//! 1. With `in: worker`, each task began in a process other than the subject's.
//! 2. With `in: caller`, in the subject's.
//!
//! # References
//! Python, multiprocessing: `Process.run()` is the method representing the process's activity, `start()` arranges for it to be
//! called in a separate process. Other libraries' documentation of the same.

use super::results_in_order::OF_JOB;
use crate::judge::verdict::Finding;
use crate::judge::{Property, view, workers};
use crate::plan::check::{ArgDecl, ArgKind};
use crate::plan::script::CheckDecl;
use crate::trace::History;

/// See the module.
pub struct RanIn;

const PLACE: ArgDecl = ArgDecl { name: "in", kind: ArgKind::Expr, required: true, help: "`worker` or `caller`" };

impl Property for RanIn {
    fn name(&self) -> &'static str {
        "ran-in"
    }
    fn says(&self) -> &'static str {
        "a task runs in a worker's process, and in the caller's only where it was called there"
    }
    fn clause(&self) -> &'static str {
        "Python, multiprocessing: Process.run(), Process.start(); the library's documentation"
    }
    fn args(&self) -> &'static [ArgDecl] {
        &[OF_JOB, PLACE]
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        let of = match workers::asked_about(history, asked) {
            Ok(of) => of,
            Err(nothing) => return nothing,
        };
        let caller = match view::text(asked, "in") {
            Some("worker") => false,
            Some("caller") => true,
            _ => return view::wants("in"),
        };
        let Some(subject) = workers::subject(history) else { return view::undecided("the subject never answered") };
        let mut began = false;
        for (at, _, told) in workers::beginnings(history, &of) {
            began = true;
            if (told.pid == subject) != caller {
                let expected = if caller { format!("in the caller, {subject}") } else { format!("in a process other than {subject}") };
                return Finding::fail(expected, format!("in {}", told.pid), "the worker", vec![at]);
            }
        }
        if began { Finding::Pass } else { view::undecided("no task told that it began") }
    }
}
