//! A worker has of its caller what its start method gives it, and no more.
//!
//! Rules, each judged where its argument is given:
//! 1. `memory`: a variable that the caller set before the start has that value in the worker (true), or the value of a fresh program,
//!    0 (false).
//! 2. `fds` with `open`: these descriptors of the caller are (true), or are not (false), open in the worker on the same files.
//! 3. `signals: true`: the worker has the caller's blocked signals, and ignores what the caller was started ignoring.
//! 4. It has one thread, whatever the caller has.
//!
//! # References
//! POSIX.1-2024 `fork()`: the child has one thread, copies of the descriptors, the parent's dispositions and mask. Python,
//! multiprocessing, "Contexts and start methods": spawn and forkserver hand on no unnecessary descriptors.

use super::results_in_order::OF_JOB;
use crate::judge::verdict::Finding;
use crate::judge::{Property, view, workers};
use crate::plan::check::{ArgDecl, ArgKind};
use crate::plan::script::{ActorId, CheckDecl};
use crate::plan::value::Value;
use crate::trace::History;
use crate::trace::state::ProcState;

/// See the module.
pub struct WorkerInherits;

const MEMORY: ArgDecl = ArgDecl { name: "memory", kind: ArgKind::Expr, required: false, help: "whether it has the caller's memory" };
const FDS: ArgDecl = ArgDecl { name: "fds", kind: ArgKind::Expr, required: false, help: "descriptors of the caller" };
const OPEN: ArgDecl = ArgDecl { name: "open", kind: ArgKind::Expr, required: false, help: "whether it has them" };
const SIGNALS: ArgDecl =
    ArgDecl { name: "signals", kind: ArgKind::Expr, required: false, help: "whether it has the caller's mask and ignored signals" };

impl Property for WorkerInherits {
    fn name(&self) -> &'static str {
        "worker-inherits"
    }
    fn says(&self) -> &'static str {
        "a worker has of its caller what its start method gives it, and one thread"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 fork(); Python, multiprocessing: Contexts and start methods"
    }
    fn args(&self) -> &'static [ArgDecl] {
        &[OF_JOB, MEMORY, FDS, OPEN, SIGNALS]
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        let of = match workers::asked_about(history, asked) {
            Ok(of) => of,
            Err(nothing) => return nothing,
        };
        let Some(caller) = &history.observed.before else { return view::undecided("the subject's state was not recorded") };
        let mut met = false;
        for (at, event, state) in workers::states(history, &of) {
            met = true;
            if let Some((expected, seen)) = wrong_state(asked, caller, state) {
                return Finding::fail(expected, seen, view::name(history, event.actor), vec![at]);
            }
        }
        if !met {
            return view::undecided("no worker was met at a door");
        }
        of.iter().find_map(|actor| wrong_mark(history, asked, *actor)).unwrap_or(Finding::Pass)
    }
}

fn wrong_mark(history: &History, asked: &CheckDecl, actor: ActorId) -> Option<Finding> {
    let shared = workers::wish(asked, "memory")?;
    let set = workers::told(history).find(|(_, event, told)| event.actor == actor && told.what == "asked")?.2.mark?;
    let (at, _, began) = workers::beginnings(history, std::slice::from_ref(&actor)).next()?;
    let wanted = if shared { set } else { 0 };
    if began.mark == Some(wanted) {
        return None;
    }
    let seen = began.mark.map_or_else(|| "nothing".to_owned(), |mark| mark.to_string());
    Some(Finding::fail(format!("the variable to be {wanted} in the worker"), seen, view::name(history, actor), vec![at]))
}

fn wrong_state(asked: &CheckDecl, caller: &ProcState, worker: &ProcState) -> Option<(String, String)> {
    if worker.threads > 1 {
        return Some(("one thread".to_owned(), worker.threads.to_string()));
    }
    let wrong = wrong_descriptor(asked, caller, worker);
    wrong.or_else(|| workers::wish(asked, "signals").filter(|wish| *wish).and_then(|_| wrong_signals(caller, worker)))
}

fn wrong_descriptor(asked: &CheckDecl, caller: &ProcState, worker: &ProcState) -> Option<(String, String)> {
    let open = workers::wish(asked, "open")?;
    let numbers = match asked.args.get("fds")? {
        Value::List(members) => members.iter().filter_map(Value::int).collect(),
        one => Vec::from_iter(one.int()),
    };
    let find = |state: &ProcState, number: i64| state.fds.iter().find(|fd| i64::from(fd.fd) == number).cloned();
    numbers.into_iter().find_map(|number| {
        let theirs = find(caller, number)?;
        let own = find(worker, number).filter(|own| (own.dev, own.ino) == (theirs.dev, theirs.ino));
        match (open, own) {
            (true, None) => Some((format!("descriptor {number} of the caller, {}", theirs.target), "it is not open".to_owned())),
            (false, Some(own)) => Some((format!("nothing of the caller at descriptor {number}"), own.target)),
            _ => None,
        }
    })
}

fn wrong_signals(caller: &ProcState, worker: &ProcState) -> Option<(String, String)> {
    let words = |signals: &[i32]| view::list(signals, 12);
    if caller.blocked != worker.blocked {
        return Some((format!("the caller's mask: {}", words(&caller.blocked)), words(&worker.blocked)));
    }
    let lost: Vec<i32> = caller.ignored.iter().copied().filter(|signal| !worker.ignored.contains(signal)).collect();
    (!lost.is_empty()).then(|| (format!("to ignore what the caller ignores: {}", words(&caller.ignored)), format!("not {}", words(&lost))))
}
