//! What several processes did to one object at once could have been done one after the other.
//!
//! See [`crate::judge::linear`] for the rules and the search. `as` says what the object is, which is what it must behave like:
//! `counter` (a shared number under `fetch-add`, `exchange` and `load`), `semaphore`, `queue`, `offset` (an open file of records that
//! several processes read); or `pids`, which needs no object:
//! no process id is given out while it is in use.
//!
//! # References
//! Herlihy, Wing (1990). POSIX.1-2024 `sem_post()`, `mq_receive()`, `msgrcv()`; 4.13 process id reuse; C11 `atomic_fetch_add`.

use crate::judge::linear::model::{Cell, Offset, Pids, Semaphore};
use crate::judge::linear::operations;
use crate::judge::linear::search::search;
use crate::judge::linear::{Answer, Interval, Longest, Model};
use crate::judge::verdict::Finding;
use crate::judge::{Property, outcome, view};
use crate::plan::check::{ArgDecl, ArgKind};
use crate::plan::script::CheckDecl;
use crate::trace::{Event, History, What};

/// See the module.
pub struct Linearizable;

const OF: ArgDecl = ArgDecl {
    name: "of",
    kind: ArgKind::Object,
    required: false,
    help: "the counter, semaphore, queue or open file; nothing with `as: pids`",
};
const AS: ArgDecl = ArgDecl {
    name: "as",
    kind: ArgKind::Label,
    required: true,
    help: "what it must behave like: counter, semaphore, queue, offset or pids",
};

/// Events told of a failure: those that could not come next.
const SHOWN: usize = 6;

impl Property for Linearizable {
    fn name(&self) -> &'static str {
        "linearizable"
    }
    fn says(&self) -> &'static str {
        "all operations on the object could have been done one after the other, each with the result that it had"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 sem_post(), mq_receive(), msgrcv(), 4.13 (process ids); C11 7.17 (atomics)"
    }
    fn args(&self) -> &'static [ArgDecl] {
        &[OF, AS]
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        let object = view::text(asked, "of").unwrap_or_default();
        let found = match view::text(asked, "as") {
            Some("counter") => operations::on_cell(history, object).map(|(start, ops)| judged(history, &Cell { start }, &ops)),
            Some("semaphore") => operations::on_semaphore(history, object).map(|(start, ops)| judged(history, &Semaphore { start }, &ops)),
            Some("queue") => operations::on_queue(history, object).map(|(queue, ops)| judged(history, &queue, &ops)),
            Some("offset") => operations::on_offset(history, object).map(|ops| judged(history, &Offset, &ops)),
            Some("pids") => operations::on_pids(history).map(|ops| judged(history, &Pids, &ops)),
            _ => Err(view::wants("as")),
        };
        found.unwrap_or_else(|undecided| undecided)
    }
}

fn judged<M: Model>(history: &History, model: &M, operations: &[Interval<M::Op>]) -> Finding {
    if operations.iter().all(|operation| operation.end.is_none()) {
        return view::undecided("nobody came to the end of an operation on it");
    }
    match search(model, operations) {
        Answer::Holds(_) => Finding::Pass,
        Answer::Undecided(looks) => view::undecided(format!("{looks} partial orders were looked at without an answer")),
        Answer::Broken(longest) => broken(history, operations, &longest),
    }
}

fn broken<Op>(history: &History, operations: &[Interval<Op>], longest: &Longest) -> Finding {
    let ends = |places: &[usize]| places.iter().filter_map(|&at| operations[at].end).collect::<Vec<_>>();
    let stuck = ends(&longest.stuck);
    let last = ends(&longest.prefix).last().copied();
    let words = |at: usize| history.events.get(at).map(|event| operation_words(history, event)).unwrap_or_default();
    let after = last.map(|at| format!(", the last being {}", words(at))).unwrap_or_default();
    let seen = format!(
        "an order of {} of them at most{after}; then {}, and what had to come next cannot have: {}",
        longest.prefix.len(),
        longest.state,
        view::list(stuck.iter().map(|&at| words(at)), SHOWN)
    );
    let by = stuck.first().and_then(|&at| history.events.get(at)).map(|event| view::name(history, event.actor));
    let shown = last.into_iter().chain(stuck.iter().copied()).take(SHOWN).collect();
    Finding::fail(
        format!("one order of the {} operations that explains every result", operations.len()),
        seen,
        by.unwrap_or_else(|| "root".into()),
        shown,
    )
}

/// Who did what, and what came of it.
fn operation_words(history: &History, event: &Event) -> String {
    let step = view::step_of(history, event).map_or_else(|| "a step".to_owned(), |step| format!("`{}`", step.label));
    let came = match &event.what {
        What::Return { outcome: came, .. } => outcome::words(came),
        _ => "no result".to_owned(),
    };
    format!("{}'s {step} ({came})", view::name(history, event.actor))
}
