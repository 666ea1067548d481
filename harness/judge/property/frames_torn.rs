//! Whether frames sent in two calls by several processes tore is recorded; that no byte is lost must hold anyway.
//!
//! The negative control of `frames-whole`: nothing in the standard keeps two calls of one process together, and nothing
//! forces another's call between them. So both outcomes are right, and the one seen is recorded.
//!
//! Rules:
//! 1. As many bytes of every value arrive as were sent.
//! 2. A tear, or that there was none, is recorded as unspecified. It is never a pass: that no tear came about shows nothing.
//!
//! # References
//! POSIX.1-2024 `send()`, `socket()` SOCK_STREAM: no message boundaries.

use crate::judge::frames;
use crate::judge::streams::Reading;
use crate::judge::tally::Tally;
use crate::judge::verdict::Finding;
use crate::judge::written::{self, Written};
use crate::judge::{Property, args, view};
use crate::plan::check::ArgDecl;
use crate::plan::script::CheckDecl;
use crate::trace::History;

/// See the module.
pub struct FramesTorn;

impl Property for FramesTorn {
    fn name(&self) -> &'static str {
        "frames-torn"
    }
    fn says(&self) -> &'static str {
        "frames sent in two calls may tear, which is recorded; no byte of them is lost"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 send(), socket() SOCK_STREAM"
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
    if !written.exact() || !written.others.is_empty() {
        return view::undecided("what was sent over the connection is not known exactly");
    }
    let Some(sent) = Tally::written(written, frames::length) else { return view::undecided("too many bytes to count") };
    if let Some(seen) = sent.difference(&Tally::read(readings)) {
        let by = readings.first().map_or_else(|| "nobody".to_owned(), |reading| view::name(history, reading.reader));
        let last = readings.first().and_then(|reading| reading.event(reading.bytes.len()));
        return Finding::fail("every byte that was sent, torn or not", seen, by, last.into_iter().collect());
    }
    let torn = readings.iter().find_map(|reading| {
        let (whole, tear) = frames::parse(history, &reading.bytes);
        tear.map(|tear| format!("torn after {} whole frames: at offset {} {}", whole.len(), tear.at, tear.seen))
    });
    Finding::Unspecified { seen: torn.unwrap_or_else(|| format!("no tear in {} frames", written.certain())) }
}
