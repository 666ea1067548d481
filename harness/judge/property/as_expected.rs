//! Every step came to what the scenario says.
//!
//! The one property without which all others are vacuous: a stream that is empty because its writer never started has lost
//! nothing. So it asks not only what came of each step, but also whether each step was come to.
//!
//! Rules, the first broken one is reported:
//! 1. Every outcome is one that its step declares (see [`outcome::as_declared`]). What is told beside it of single stages of a
//!    pipeline is a matter of `stage-status`.
//! 2. Nobody gave up.
//! 3. In an actor that came to its end, every step that began also ended. (`exit`, `quit` and `exec` do not return.)
//! 4. In an actor that came to its end, every step began, except those inside a loop or a parallel block.
//! 5. A program that was born and is reported to have exited with 0 came to its end or called `exit` or `exec`.
//! 6. The root came to its end. Where the case was cut short, rules 1 and 2 are all that can be told.
//!
//! # References
//! The scenario's own `spec:`; the default for `wait` is POSIX.1-2024 `wait()`, WIFEXITED and WEXITSTATUS.

use crate::judge::verdict::Finding;
use crate::judge::{Property, outcome, view};
use crate::plan::script::{ActorId, CheckDecl, Ended, Outcome, StepId};
use crate::trace::{End, History, What};
use std::collections::{BTreeMap, BTreeSet};

/// See the module.
pub struct AsExpected;

impl Property for AsExpected {
    fn name(&self) -> &'static str {
        "as-expected"
    }
    fn says(&self) -> &'static str {
        "every step is come to and comes to what the scenario says, and nobody gives up on the way"
    }
    fn clause(&self) -> &'static str {
        "the scenario's own spec"
    }
    fn universal(&self) -> bool {
        true
    }
    fn judge(&self, history: &History, _: &CheckDecl) -> Finding {
        let seen = Seen::of(history);
        let broken = wrong_outcome(history).or_else(|| gave_up(history, &seen));
        if let Some(failure) = broken {
            return failure;
        }
        if !matches!(history.end, End::Done) {
            return view::undecided("the case was cut short; every outcome up to then was as declared");
        }
        let broken = never_returned(history, &seen).or_else(|| never_began(history, &seen)).or_else(|| hollow_success(history, &seen));
        broken.or_else(|| root_unfinished(history, &seen)).unwrap_or(Finding::Pass)
    }
}

/// What each actor is known to have done.
struct Seen {
    called: BTreeMap<StepId, usize>,
    returned: BTreeSet<StepId>,
    born: BTreeSet<ActorId>,
    finished: BTreeSet<ActorId>,
    gave_up: BTreeMap<ActorId, usize>,
}

impl Seen {
    fn of(history: &History) -> Seen {
        let mut seen = Seen {
            called: BTreeMap::new(),
            returned: BTreeSet::new(),
            born: BTreeSet::new(),
            finished: BTreeSet::new(),
            gave_up: BTreeMap::new(),
        };
        for (at, event) in history.events.iter().enumerate() {
            match (&event.what, event.step) {
                (What::Call, Some(step)) => drop(seen.called.insert(step, at)),
                (What::Return { .. }, Some(step)) => drop(seen.returned.insert(step)),
                (What::Born { .. }, _) => drop(seen.born.insert(event.actor)),
                (What::Finished, _) => drop(seen.finished.insert(event.actor)),
                (What::GaveUp, _) => drop(seen.gave_up.insert(event.actor, at)),
                _ => {}
            }
        }
        seen
    }

    /// Whether the actor began a step that does not return.
    fn left_by(&self, history: &History, actor: ActorId) -> bool {
        let leaves =
            |step: &&crate::plan::script::StepDecl| step.actor == actor && endless(&step.kind) && self.called.contains_key(&step.id);
        history.script.steps.iter().any(|step| leaves(&step))
    }
}

fn endless(kind: &str) -> bool {
    matches!(kind, "exit" | "quit" | "exec")
}

fn wrong_outcome(history: &History) -> Option<Finding> {
    view::returns(history).find_map(|(at, event, seen, of)| {
        let step = view::step_of(history, event)?;
        if outcome::as_declared(step, seen) || view::is_stage(history, of) {
            return None;
        }
        let whom = of.map(|child| format!(" of {}", view::name(history, child))).unwrap_or_default();
        let expected = format!("{} to come to {}", view::place(step), outcome::wanted(step));
        Some(Finding::fail(expected, format!("{}{whom}", outcome::words(seen)), view::name(history, event.actor), vec![at]))
    })
}

fn gave_up(history: &History, seen: &Seen) -> Option<Finding> {
    let (&actor, &at) = seen.gave_up.iter().min_by_key(|(_, at)| **at)?;
    let unreached = history.script.steps.iter().filter(|step| step.actor == actor && !seen.called.contains_key(&step.id));
    let rest = view::list(unreached.map(view::place), 3);
    Some(Finding::fail("every step to be performed", format!("it gave up; never come to: {rest}"), view::name(history, actor), vec![at]))
}

fn never_returned(history: &History, seen: &Seen) -> Option<Finding> {
    let steps = history.script.steps.iter().filter(|step| seen.finished.contains(&step.actor) && !endless(&step.kind));
    steps.filter(|step| !seen.returned.contains(&step.id)).find_map(|step| {
        let at = *seen.called.get(&step.id)?;
        let expected = format!("{} to end, since its actor came to its end", view::place(step));
        Some(Finding::fail(expected, "it began and never returned", view::name(history, step.actor), vec![at]))
    })
}

fn never_began(history: &History, seen: &Seen) -> Option<Finding> {
    let missed = history.script.steps.iter().find(|step| {
        seen.finished.contains(&step.actor)
            && !seen.called.contains_key(&step.id)
            && !seen.returned.contains(&step.id)
            && !within_a_block(history, step)
            && !seen.left_by(history, step.actor)
    })?;
    let expected = format!("{} to be performed", view::place(missed));
    Some(Finding::fail(expected, "its actor came to its end without it", view::name(history, missed.actor), vec![]))
}

/// A loop may run no round, and the steps of a parallel block are recorded under the block.
fn within_a_block(history: &History, step: &crate::plan::script::StepDecl) -> bool {
    let blocks = history.script.steps.iter().filter(|block| matches!(block.kind.as_str(), "repeat" | "parallel"));
    blocks.into_iter().any(|block| block.actor == step.actor && block.id < step.id)
}

fn hollow_success(history: &History, seen: &Seen) -> Option<Finding> {
    view::returns(history).find_map(|(at, event, outcome, of)| {
        let child = of.filter(|_| *outcome == Outcome::Ended(Ended::Exited(0)))?;
        let whole = seen.finished.contains(&child) || seen.left_by(history, child) || !seen.born.contains(&child);
        if whole {
            return None;
        }
        let expected = format!("{} to come to its end before it exits with 0", view::name(history, child));
        Some(Finding::fail(expected, "exit with 0 from a process that stopped half way", view::name(history, event.actor), vec![at]))
    })
}

fn root_unfinished(history: &History, seen: &Seen) -> Option<Finding> {
    if seen.finished.contains(&0) || seen.left_by(history, 0) {
        return None;
    }
    let last = history.events.iter().rposition(|event| event.actor == 0);
    Some(Finding::fail("the root to come to the end of its steps", "no such event", view::name(history, 0), last.into_iter().collect()))
}
