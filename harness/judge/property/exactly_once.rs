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
use crate::judge::pieces::{self, Id};
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

/// The events in which a record begins, surely or likely.
#[derive(Default)]
struct Seen {
    sure: Vec<usize>,
    likely: Vec<usize>,
}

fn judged(history: &History, readings: &[Reading], written: &Written) -> Finding {
    let mut seen: BTreeMap<Id, Seen> = BTreeMap::new();
    let mut clear = true;
    for reading in readings {
        let pieces = pieces::of(&reading.bytes, written);
        clear &= pieces::clear(&pieces);
        for beginning in pieces::beginnings(&pieces).into_iter().filter(|beginning| !written.others.contains(&beginning.id.writer)) {
            let seen = seen.entry(beginning.id).or_default();
            let events = if beginning.sure { &mut seen.sure } else { &mut seen.likely };
            events.extend(reading.event(beginning.at));
        }
    }
    let broken =
        too_many(history, &seen, written).or_else(|| doubtful(history, &seen, written)).or_else(|| missing(history, &seen, written, clear));
    broken.unwrap_or_else(|| something(written))
}

/// Only what had to arrive can be said to have arrived.
fn something(written: &Written) -> Finding {
    if written.certain() == 0 { view::undecided("no step that writes records succeeded") } else { Finding::Pass }
}

fn too_many(history: &History, seen: &BTreeMap<Id, Seen>, written: &Written) -> Option<Finding> {
    seen.iter().find_map(|(id, Seen { sure, .. })| {
        let known = written.span(id.writer, id.number).is_some();
        if sure.is_empty() || (known && sure.len() < 2) {
            return None;
        }
        let expected = format!("{} {}", id.words(history), if known { "once" } else { "not at all, nobody wrote it" });
        let events = sure.iter().copied().take(8).collect();
        Some(Finding::fail(expected, format!("{} times", sure.len()), view::name(history, id.writer), events))
    })
}

/// Torn headers that were put together may not be what they seem.
fn doubtful(history: &History, seen: &BTreeMap<Id, Seen>, written: &Written) -> Option<Finding> {
    let more = |id: &Id, seen: &Seen| {
        !seen.likely.is_empty() && (seen.sure.len() + seen.likely.len() > 1 || written.span(id.writer, id.number).is_none())
    };
    let (id, _) = seen.iter().find(|(id, seen)| more(id, seen))?;
    Some(view::undecided(format!("torn headers look as if {} had arrived once too often", id.words(history))))
}

fn missing(history: &History, seen: &BTreeMap<Id, Seen>, written: &Written, clear: bool) -> Option<Finding> {
    let certain = written.spans.iter().filter(|span| span.certain);
    let lost = certain
        .flat_map(|span| (span.first..span.first.saturating_add(span.count)).map(move |number| (span.writer, number)))
        .find_map(|(writer, number)| {
            let id = Id { writer, number: u32::try_from(number).ok()? };
            (!seen.contains_key(&id)).then_some(id)
        })?;
    if !clear {
        return Some(view::undecided(format!("{} was not found, but there are bytes that belong to no record", lost.words(history))));
    }
    Some(Finding::fail(format!("{} once", lost.words(history)), "it never arrived", view::name(history, lost.writer), vec![]))
}
