//! Each writer's records arrive in the order in which it wrote them.
//!
//! Between writers nothing is promised; within one, a later write never overtakes an earlier one on the same description.
//!
//! Rules: in what one reader read, the numbers of each writer's records never fall. A number that stands still is a
//! duplicate, which is what `exactly-once` asks about. Where the beginning of a record that must be there was not found,
//! its place cannot be told, and the answer is undecided; so it is where only headers that had to be put together again
//! seem to be out of order.
//!
//! # References
//! POSIX.1-2024 `write()` and `read()` on pipes and FIFOs: first in, first out; `socket()` SOCK_STREAM.

use crate::judge::args;
use crate::judge::pieces::{self, Beginning, Id};
use crate::judge::streams::Reading;
use crate::judge::verdict::Finding;
use crate::judge::written::{self, Written};
use crate::judge::{Property, view};
use crate::plan::check::ArgDecl;
use crate::plan::script::{ActorId, CheckDecl};
use crate::trace::History;
use std::collections::{BTreeMap, BTreeSet};

/// See the module.
pub struct OrderKept;

impl Property for OrderKept {
    fn name(&self) -> &'static str {
        "order-kept"
    }
    fn says(&self) -> &'static str {
        "each writer's records arrive in the order in which it wrote them"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 write(), read() on pipes: first in, first out"
    }
    fn args(&self) -> &'static [ArgDecl] {
        &[args::STREAM, args::WRITERS]
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        let (readings, written) = match written::and_read(history, asked, "write-records") {
            Ok(both) => both,
            Err(nothing) => return nothing,
        };
        let mut found = BTreeSet::new();
        for reading in &readings {
            if let Some(failure) = overtaken(history, reading, &written, &mut found) {
                return failure;
            }
        }
        let found = found.len() as u64;
        match written.certain() {
            0 => view::undecided("no step that writes records succeeded"),
            certain if found < certain => view::undecided(format!("the beginnings of only {found} of {certain} records were found")),
            _ => Finding::Pass,
        }
    }
}

fn overtaken(history: &History, reading: &Reading, written: &Written, found: &mut BTreeSet<Id>) -> Option<Finding> {
    let beginnings: Vec<Beginning> = pieces::beginnings(&pieces::of(&reading.bytes, written))
        .into_iter()
        .filter(|beginning| written.span(beginning.id.writer, beginning.id.number).is_some())
        .collect();
    found.extend(
        beginnings.iter().map(|beginning| beginning.id).filter(|id| written.span(id.writer, id.number).is_some_and(|span| span.certain)),
    );
    let sure: Vec<Beginning> = beginnings.iter().copied().filter(|beginning| beginning.sure).collect();
    if let Some((earlier, later)) = inversion(&sure) {
        let expected = format!("{} before record {}", later.id.words(history), earlier.id.number);
        let events = [reading.event(earlier.at), reading.event(later.at)].into_iter().flatten().collect();
        return Some(Finding::fail(
            expected,
            format!("it came after record {}", earlier.id.number),
            view::name(history, reading.reader),
            events,
        ));
    }
    let (earlier, later) = inversion(&beginnings)?;
    Some(view::undecided(format!("torn headers look as if {} had come after record {}", later.id.words(history), earlier.id.number)))
}

/// Two beginnings of one writer of which the later has the smaller number.
fn inversion(beginnings: &[Beginning]) -> Option<(Beginning, Beginning)> {
    let mut last: BTreeMap<ActorId, Beginning> = BTreeMap::new();
    beginnings
        .iter()
        .find_map(|now| last.insert(now.id.writer, *now).filter(|before| before.id.number > now.id.number).map(|before| (before, *now)))
}
