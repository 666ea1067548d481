//! A word was told so often: that a worker ended, that it was refused a worker of its own, what it wanted done at exit.
//!
//! With `before: A` all tellings come before it is told how A ended: a main program that waits for its workers.
//!
//! # References
//! The library's documentation of what it does at the end of workers and of their main program.

use super::results_in_order::OF_JOB;
use crate::judge::verdict::Finding;
use crate::judge::{Property, view, workers};
use crate::plan::check::{ArgDecl, ArgKind};
use crate::plan::script::{CheckDecl, Outcome};
use crate::trace::History;

/// See the module.
pub struct ToldTimes;

const WORD: ArgDecl = ArgDecl { name: "word", kind: ArgKind::Expr, required: true, help: "`ended`, `refused`, or a word of `at-exit`" };
const TIMES: ArgDecl = ArgDecl { name: "times", kind: ArgKind::Expr, required: true, help: "how often, all actors together" };
const BEFORE: ArgDecl =
    ArgDecl { name: "before", kind: ArgKind::Actor, required: false, help: "an actor whose end is told after all of them" };

impl Property for ToldTimes {
    fn name(&self) -> &'static str {
        "told-times"
    }
    fn says(&self) -> &'static str {
        "workers tell this word exactly so often, and in time"
    }
    fn clause(&self) -> &'static str {
        "the library's documentation of the ends of workers"
    }
    fn args(&self) -> &'static [ArgDecl] {
        &[OF_JOB, WORD, TIMES, BEFORE]
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        let of = match workers::asked_about(history, asked) {
            Ok(of) => of,
            Err(nothing) => return nothing,
        };
        let Some(word) = view::text(asked, "word") else { return view::wants("word") };
        let Some(times) = view::int(asked, "times") else { return view::wants("times") };
        if workers::beginnings(history, &of).next().is_none() {
            return view::undecided("no worker told that it began");
        }
        let places: Vec<usize> =
            workers::told(history).filter(|(_, event, told)| told.what == word && of.contains(&event.actor)).map(|(at, ..)| at).collect();
        if i64::try_from(places.len()) != Ok(times) {
            return Finding::fail(format!("`{word}` told {times} times"), format!("{} times", places.len()), "the workers", places);
        }
        late(history, asked, word, &places).unwrap_or(Finding::Pass)
    }
}

fn late(history: &History, asked: &CheckDecl, word: &str, places: &[usize]) -> Option<Finding> {
    let name = view::text(asked, "before")?;
    let others = view::named(history, name);
    let ended = view::returns(history)
        .find(|(_, _, outcome, of)| matches!(outcome, Outcome::Ended(_)) && of.is_some_and(|of| others.contains(&of)))
        .map(|(at, ..)| at);
    let Some(ended) = ended else { return Some(view::undecided(format!("it was not told how {name} ended"))) };
    let late = places.iter().find(|place| **place > ended)?;
    let expected = format!("`{word}` before {name} ended");
    Some(Finding::fail(expected, format!("{name} ended first"), "the workers", vec![ended, *late]))
}
