//! Caller and worker agree on who is who.
//!
//! Rules:
//! 1. The process id that the library tells of a worker, where it tells one, is the one that the worker has.
//! 2. Workers that lived at the same time, and their caller, have ids of their own.
//! 3. A worker has the name that was asked for.
//! 4. With `parent: true`, its parent is the caller.
//! 5. Each worker that was started was heard of.
//!
//! # References
//! POSIX.1-2024 `getpid()`, `getppid()`; Python, multiprocessing: `Process.pid`, `Process.name`, `current_process()`.

use super::results_in_order::OF_JOB;
use crate::judge::verdict::Finding;
use crate::judge::{Property, view, workers};
use crate::plan::check::{ArgDecl, ArgKind};
use crate::plan::script::{ActorId, CheckDecl};
use crate::trace::{History, Told};
use std::collections::BTreeMap;

/// See the module.
pub struct WorkerIdentity;

const PARENT: ArgDecl = ArgDecl { name: "parent", kind: ArgKind::Expr, required: false, help: "whether the caller is to be its parent" };

impl Property for WorkerIdentity {
    fn name(&self) -> &'static str {
        "worker-identity"
    }
    fn says(&self) -> &'static str {
        "a worker has the process id that the library tells, and the name that was asked for"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 getpid(), getppid(); Python, multiprocessing: Process.pid, Process.name"
    }
    fn args(&self) -> &'static [ArgDecl] {
        &[OF_JOB, PARENT]
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        let of = match workers::asked_about(history, asked) {
            Ok(of) => of,
            Err(nothing) => return nothing,
        };
        let Some(subject) = workers::subject(history) else { return view::undecided("the subject never answered") };
        let parent = workers::wish(asked, "parent").unwrap_or(false).then_some(subject);
        let mut pids: BTreeMap<i32, usize> = BTreeMap::new();
        for actor in of {
            let Some((asked_at, request)) = request(history, actor) else { return view::undecided("a worker was never asked for") };
            let own = [actor];
            let Some((at, _, began)) = workers::beginnings(history, &own).next() else {
                let name = view::name(history, actor);
                return Finding::fail(format!("{name} to tell that it began"), "nothing", name, vec![asked_at]);
            };
            if let Some((expected, seen)) = differs(request, began, parent) {
                return Finding::fail(expected, seen, view::name(history, actor), vec![asked_at, at]);
            }
            let earlier = pids.insert(began.pid, at);
            if earlier.is_some() || began.pid == subject {
                let places = earlier.into_iter().chain([at]).collect();
                return Finding::fail("a process id of its own", format!("{} again", began.pid), view::name(history, actor), places);
            }
        }
        Finding::Pass
    }
}

fn request(history: &History, actor: ActorId) -> Option<(usize, &Told)> {
    workers::told(history).find(|(_, event, told)| event.actor == actor && told.what == "asked").map(|(at, _, told)| (at, told))
}

fn differs(asked: &Told, began: &Told, parent: Option<i32>) -> Option<(String, String)> {
    if asked.pid > 0 && asked.pid != began.pid {
        return Some((format!("the process id {}, as the library tells", asked.pid), began.pid.to_string()));
    }
    if asked.name.is_some() && asked.name != began.name {
        let words = |name: &Option<String>| name.as_ref().map_or_else(|| "no name".to_owned(), |name| format!("the name {name:?}"));
        return Some((words(&asked.name), words(&began.name)));
    }
    match (parent, began.ppid) {
        (Some(parent), Some(seen)) if parent != seen => Some((format!("the parent {parent}"), seen.to_string())),
        _ => None,
    }
}
