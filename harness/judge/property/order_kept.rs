//! Each writer's records arrive in the order in which it wrote them.
//!
//! Between writers nothing is promised; within one, a later write never overtakes an earlier one on the same description.
//!
//! Rules: in what one reader read, the numbers of each writer's records never fall. A number that stands still is a
//! duplicate, which is what `exactly-once` asks about. Where the beginning of a record that must be there was not found,
//! its place cannot be told, and the answer is undecided.
//!
//! # References
//! POSIX.1-2024 `write()` and `read()` on pipes and FIFOs: first in, first out; `socket()` SOCK_STREAM.

use crate::judge::args;
use crate::judge::pieces::{self, Id};
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
    let mut last: BTreeMap<ActorId, (u32, usize)> = BTreeMap::new();
    for piece in pieces::of(&reading.bytes, written) {
        let Some(id) = piece.begins().filter(|id| written.span(id.writer, id.number).is_some()) else { continue };
        if let Some((before, at)) = last.insert(id.writer, (id.number, piece.at)).filter(|(before, _)| *before > id.number) {
            let seen = format!("it came after record {before}");
            let events = [reading.event(at), reading.event(piece.at)].into_iter().flatten().collect();
            let expected = format!("{} before record {before}", id.words(history));
            return Some(Finding::fail(expected, seen, view::name(history, reading.reader), events));
        }
        found.insert(id);
    }
    None
}
