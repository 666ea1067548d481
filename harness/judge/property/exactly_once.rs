//! Every record that was written arrives exactly once.
//!
//! Code after a fork that runs in both processes, a buffer flushed twice, a request answered by two workers: all show as a
//! record that is there twice. A lost write shows as one that is not there at all.
//!
//! Rules:
//! 1. No record begins twice.
//! 2. No record begins that nobody wrote.
//! 3. Every record of a step that succeeded begins somewhere. Whether it is also whole is what `atoms-whole` asks; where
//!    bytes are left over that belong to no record, its beginning may be among them, and that is undecided.
//!
//! # References
//! POSIX.1-2024 `fork()`, `write()`, `pipe()`.

use crate::judge::args;
use crate::judge::pieces::{self, Id, What};
use crate::judge::streams::Reading;
use crate::judge::verdict::Finding;
use crate::judge::written::{self, Written};
use crate::judge::{Property, view};
use crate::plan::check::ArgDecl;
use crate::plan::script::CheckDecl;
use crate::trace::History;
use std::collections::BTreeMap;

/// See the module.
pub struct ExactlyOnce;

impl Property for ExactlyOnce {
    fn name(&self) -> &'static str {
        "exactly-once"
    }
    fn says(&self) -> &'static str {
        "every record written to the stream arrives exactly once"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 fork(), write(), pipe()"
    }
    fn args(&self) -> &'static [ArgDecl] {
        &[args::STREAM, args::WRITERS]
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        match written::and_read(history, asked, "write-records") {
            Ok((readings, written)) => judged(history, &readings, &written),
            Err(nothing) => nothing,
        }
    }
}

fn judged(history: &History, readings: &[Reading], written: &Written) -> Finding {
    let mut seen: BTreeMap<Id, Vec<usize>> = BTreeMap::new();
    let mut strange = false;
    for reading in readings {
        for piece in pieces::of(&reading.bytes, written) {
            strange |= piece.what == What::Strange;
            if let Some(id) = piece.begins() {
                seen.entry(id).or_default().extend(reading.event(piece.at));
            }
        }
    }
    seen.retain(|id, _| !written.others.contains(&id.writer));
    too_many(history, &seen, written).or_else(|| missing(history, &seen, written, strange)).unwrap_or_else(|| something(written))
}

/// Only what had to arrive can be said to have arrived.
fn something(written: &Written) -> Finding {
    if written.certain() == 0 { view::undecided("no step that writes records succeeded") } else { Finding::Pass }
}

fn too_many(history: &History, seen: &BTreeMap<Id, Vec<usize>>, written: &Written) -> Option<Finding> {
    seen.iter().find_map(|(id, events)| {
        let known = written.span(id.writer, id.number).is_some();
        if known && events.len() < 2 {
            return None;
        }
        let expected = if known { "once" } else { "not at all, nobody wrote it" };
        let by = view::name(history, id.writer);
        Some(Finding::fail(format!("{} {expected}", id.words(history)), format!("{} times", events.len()), by, events.iter().copied().take(8).collect()))
    })
}

fn missing(history: &History, seen: &BTreeMap<Id, Vec<usize>>, written: &Written, strange: bool) -> Option<Finding> {
    let certain = written.spans.iter().filter(|span| span.certain);
    let lost = certain.flat_map(|span| (span.first..span.first.saturating_add(span.count)).map(move |number| (span.writer, number))).find_map(|(writer, number)| {
        let id = Id { writer, number: u32::try_from(number).ok()? };
        (!seen.contains_key(&id)).then_some(id)
    })?;
    if strange {
        return Some(view::undecided(format!("{} was not found, but there are bytes that belong to no record", lost.words(history))));
    }
    Some(Finding::fail(format!("{} once", lost.words(history)), "it never arrived", view::name(history, lost.writer), vec![]))
}
