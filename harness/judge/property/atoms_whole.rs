//! Records that are small enough to be written atomically arrive untorn.
//!
//! Several writers on one pipe may write at once; up to PIPE_BUF bytes per call the system keeps each call's bytes together.
//! A torn one shows as a beginning whose rest is elsewhere, with another writer's bytes in between.
//!
//! Rules: every record of at most `size` bytes that begins in the stream is whole, its bytes side by side, wherever it
//! stands; and every one of a step that succeeded is there. Larger records may be torn.
//!
//! # References
//! POSIX.1-2024 `write()`: "Write requests of {PIPE_BUF} bytes or less shall not be interleaved"; pipe(7).

use crate::judge::args;
use crate::judge::pieces::{self, Id, Piece, What};
use crate::judge::streams::Reading;
use crate::judge::verdict::Finding;
use crate::judge::written::{self, Written};
use crate::judge::{Property, view};
use crate::plan::check::{ArgDecl, ArgKind};
use crate::plan::script::CheckDecl;
use crate::trace::History;
use std::collections::BTreeSet;

/// See the module.
pub struct AtomsWhole;

const SIZE: ArgDecl = ArgDecl { name: "size", kind: ArgKind::Expr, required: true, help: "records of at most so many bytes must be whole" };

impl Property for AtomsWhole {
    fn name(&self) -> &'static str {
        "atoms-whole"
    }
    fn says(&self) -> &'static str {
        "records of at most the atom size arrive untorn, whoever else writes"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 write() {PIPE_BUF}; pipe(7)"
    }
    fn args(&self) -> &'static [ArgDecl] {
        &[args::STREAM, SIZE, args::WRITERS]
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        let Some(size) = view::int(asked, "size").and_then(|size| usize::try_from(size).ok()) else {
            return view::wants("size");
        };
        match written::and_read(history, asked, "write-records") {
            Ok((readings, written)) => judged(history, &readings, &written, size),
            Err(nothing) => nothing,
        }
    }
}

fn judged(history: &History, readings: &[Reading], written: &Written, atom: usize) -> Finding {
    let mut whole = BTreeSet::new();
    for reading in readings {
        let pieces = pieces::of(&reading.bytes, written);
        if let Some(failure) = torn(history, reading, &pieces, written, atom) {
            return failure;
        }
        whole.extend(pieces.iter().filter_map(|piece| if let What::Whole(id) = piece.what { Some(id) } else { None }));
    }
    let small = written.spans.iter().filter(|span| span.certain && span.size <= atom);
    let mut numbers =
        small.flat_map(|span| (span.first..span.first.saturating_add(span.count)).map(move |number| (span.writer, number))).peekable();
    if numbers.peek().is_none() {
        return view::undecided(format!("no record of at most {atom} bytes was written"));
    }
    let lost = numbers.find(|(writer, number)| u32::try_from(*number).is_ok_and(|number| !whole.contains(&Id { writer: *writer, number })));
    match lost {
        Some((writer, number)) => view::undecided(format!("record {number} of {} did not arrive", view::name(history, writer))),
        None => Finding::Pass,
    }
}

fn torn(history: &History, reading: &Reading, pieces: &[Piece], written: &Written, atom: usize) -> Option<Finding> {
    pieces.iter().enumerate().find_map(|(i, piece)| {
        let id = piece.begins().filter(|id| piece.what != What::Whole(*id))?;
        let size = written.size(id.writer, id.number).filter(|size| *size <= atom)?;
        let expected = format!("{} whole ({size} bytes)", id.words(history));
        let len = pieces.iter().skip(i).take(2).map(|piece| piece.len).sum();
        Some(Finding::fail(expected, pieces::words(history, pieces, i), view::name(history, reading.reader), reading.events(piece.at, len)))
    })
}
