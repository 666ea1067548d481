//! No byte is lost or duplicated between writers and readers.
//!
//! Writes larger than PIPE_BUF may be torn and interleaved, but every byte of them arrives, once.
//!
//! Rules:
//! 1. Where every record arrived whole, each is there once. Otherwise:
//! 2. As many bytes of every value arrive as were written. Each record's fill runs through the alphabet from a place of its
//!    own and its header names it, so that losing one part and doubling another does not come out even by chance.
//! 3. No record begins twice.
//! 4. Where it is not known what was written (a writer was killed half way), the answer is undecided.
//!
//! # References
//! POSIX.1-2024 `write()`, `read()`, `pipe()`; pipe(7) PIPE_BUF.

use crate::judge::pieces::{self, Id, What};
use crate::judge::streams::Reading;
use crate::judge::tally::Tally;
use crate::judge::verdict::Finding;
use crate::judge::written::{self, Written};
use crate::judge::{Property, args, view};
use crate::plan::check::{ArgDecl, ArgKind};
use crate::plan::script::CheckDecl;
use crate::trace::History;
use std::collections::BTreeMap;

/// See the module.
pub struct BytesConserved;

const OF: ArgDecl = ArgDecl { name: "of", kind: ArgKind::Actor, required: false, help: "the same as `writers`" };

impl Property for BytesConserved {
    fn name(&self) -> &'static str {
        "bytes-conserved"
    }
    fn says(&self) -> &'static str {
        "no byte is lost or duplicated between writers and readers, torn or not"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 write(), read(), pipe(); pipe(7)"
    }
    fn args(&self) -> &'static [ArgDecl] {
        &[args::STREAM, args::WRITERS, OF]
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        match written::and_read(history, asked, "write-records") {
            Ok((readings, written)) => judged(history, &readings, &written),
            Err(nothing) => nothing,
        }
    }
}

fn judged(history: &History, readings: &[Reading], written: &Written) -> Finding {
    if !written.exact() {
        return view::undecided("a writer did not come to the end of its records, so it is not known how many bytes it wrote");
    }
    let (mut begun, mut arrived) = (BTreeMap::<Id, Vec<usize>>::new(), BTreeMap::<Id, usize>::new());
    let (mut whole, mut foreign) = (true, false);
    for reading in readings {
        let pieces = pieces::of(&reading.bytes, written);
        for piece in &pieces {
            whole &= matches!(piece.what, What::Whole(_));
            if let What::Whole(id) | What::Part { id, .. } = piece.what {
                *arrived.entry(id).or_default() += piece.len;
            }
        }
        for beginning in pieces::beginnings(&pieces).into_iter().filter(|beginning| beginning.sure) {
            foreign |= written.others.contains(&beginning.id.writer);
            begun.entry(beginning.id).or_default().extend(reading.event(beginning.at));
        }
    }
    if foreign {
        return view::undecided("others wrote to the same stream, and their bytes cannot be told apart");
    }
    twice(history, &begun).unwrap_or_else(|| counted(history, readings, written, whole, &arrived))
}

fn twice(history: &History, begun: &BTreeMap<Id, Vec<usize>>) -> Option<Finding> {
    let (id, events) = begun.iter().find(|(_, events)| events.len() > 1)?;
    let expected = format!("the bytes of {} once", id.words(history));
    Some(Finding::fail(
        expected,
        format!("{} times", events.len()),
        view::name(history, id.writer),
        events.iter().copied().take(8).collect(),
    ))
}

fn counted(history: &History, readings: &[Reading], written: &Written, whole: bool, arrived: &BTreeMap<Id, usize>) -> Finding {
    if whole && arrived.len() as u64 == written.certain() && arrived.keys().all(|id| written.span(id.writer, id.number).is_some()) {
        return Finding::Pass;
    }
    let Some(sent) = Tally::written(written, |_| Vec::new()) else { return view::undecided("too many bytes to count") };
    let by = readings.first().map_or_else(|| "nobody".to_owned(), |reading| view::name(history, reading.reader));
    match sent.difference(&Tally::read(readings)) {
        Some(seen) => {
            let last = readings.first().and_then(|reading| reading.event(reading.bytes.len()));
            Finding::fail(
                "every byte that was written, once",
                format!("{seen}{}", hint(history, written, arrived)),
                by,
                last.into_iter().collect(),
            )
        }
        None if whole => Finding::fail(
            "the records that were written",
            format!("as many bytes, but other records{}", hint(history, written, arrived)),
            by,
            vec![],
        ),
        None => Finding::Pass,
    }
}

/// The first record of which bytes are missing.
fn hint(history: &History, written: &Written, arrived: &BTreeMap<Id, usize>) -> String {
    let all = written.spans.iter().flat_map(|span| (span.first..span.first.saturating_add(span.count)).map(move |number| (span, number)));
    let mut short = all.filter_map(|(span, number)| {
        let id = Id { writer: span.writer, number: u32::try_from(number).ok()? };
        let seen = arrived.get(&id).copied().unwrap_or(0);
        (seen < span.size).then(|| format!("; {seen} of the {} bytes of {} were found", span.size, id.words(history)))
    });
    short.next().unwrap_or_default()
}
