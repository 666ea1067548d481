//! Frames sent by several processes over one connection arrive whole, once, and in each sender's order.
//!
//! A stream socket has no message boundaries. Who sends a frame in one call, or holds a lock around its calls, may share the
//! connection with others; who sends length and text in two calls may find another's frame between them.
//!
//! Rules, in what each reader read:
//! 1. The stream is a sequence of whole frames.
//! 2. Every frame that was sent is there once, and no other.
//! 3. The numbers of each sender rise.
//!
//! # References
//! POSIX.1-2024 `send()`, `socket()` SOCK_STREAM. That one call on a stream socket is not interleaved with others is
//! observed only.

use crate::judge::frames;
use crate::judge::pieces::Id;
use crate::judge::streams::Reading;
use crate::judge::verdict::Finding;
use crate::judge::written::{self, Written};
use crate::judge::{Property, args, view};
use crate::plan::check::ArgDecl;
use crate::plan::script::{ActorId, CheckDecl};
use crate::trace::History;
use std::collections::{BTreeMap, BTreeSet};

/// See the module.
pub struct FramesWhole;

impl Property for FramesWhole {
    fn name(&self) -> &'static str {
        "frames-whole"
    }
    fn says(&self) -> &'static str {
        "length-prefixed frames arrive whole, once, and in each sender's order"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 send(), socket() SOCK_STREAM; observed only"
    }
    fn args(&self) -> &'static [ArgDecl] {
        &[args::STREAM, args::WRITERS]
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        match written::and_read(history, asked, "send-frames") {
            Ok((readings, written)) => judged(history, &readings, &written),
            Err(nothing) => nothing,
        }
    }
}

fn judged(history: &History, readings: &[Reading], written: &Written) -> Finding {
    let mut found = BTreeSet::new();
    for reading in readings {
        if let Some(failure) = one(history, reading, written, &mut found) {
            return failure;
        }
    }
    let certain = written.spans.iter().filter(|span| span.certain);
    let mut sent =
        certain.flat_map(|span| (span.first..span.first.saturating_add(span.count)).map(move |number| (span.writer, number))).peekable();
    if sent.peek().is_none() {
        return view::undecided("no step that sends frames succeeded");
    }
    let lost = sent.find_map(|(writer, number)| {
        let id = Id { writer, number: u32::try_from(number).ok()? };
        (!found.contains(&id)).then_some(id)
    });
    match lost {
        Some(id) => Finding::fail(format!("{} once", id.words(history)), "it never arrived", view::name(history, id.writer), vec![]),
        None => Finding::Pass,
    }
}

fn one(history: &History, reading: &Reading, written: &Written, found: &mut BTreeSet<Id>) -> Option<Finding> {
    let reader = view::name(history, reading.reader);
    let (frames, tear) = frames::parse(history, &reading.bytes);
    let mut last: BTreeMap<ActorId, (usize, u32)> = BTreeMap::new();
    for (at, id) in &frames {
        let events = |earlier: usize| [reading.event(earlier), reading.event(*at)].into_iter().flatten().collect();
        if written.span(id.writer, id.number).is_none() && !written.others.contains(&id.writer) {
            return Some(Finding::fail("only frames that were sent", id.words(history), reader, events(*at)));
        }
        if let Some((earlier, before)) = last.insert(id.writer, (*at, id.number)).filter(|(_, before)| *before >= id.number) {
            let expected = format!("{} once, and before record {before}", id.words(history));
            return Some(Finding::fail(expected, format!("it came after record {before}"), reader, events(earlier)));
        }
        if !found.insert(*id) {
            return Some(Finding::fail(format!("{} once", id.words(history)), "it arrived at two readers", reader, events(*at)));
        }
    }
    let tear = tear?;
    let expected = format!("a whole frame at offset {}, after {} whole ones", tear.at, frames.len());
    Some(Finding::fail(expected, tear.seen, reader, reading.events(tear.at, frames::LENGTH + 1)))
}
