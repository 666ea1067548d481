//! What was collected of a program is what that program wrote, and nothing of another's.
//!
//! Calls that run side by side, in threads or one after the other, keep their output somewhere until they return. A buffer, a file or a
//! callback that several of them share gives one caller what another program wrote, and often no error at all.
//!
//! Rules, where programs write numbered records that name their writer:
//! 1. In what was read from `child[2].stdout`, every record is one of `child[2]`'s.
//! 2. Where a record's beginning had to be put together it may not be what it seems, and nobody is blamed for it.
//! 3. Some record of each program that wrote any was seen in its own stream; otherwise nothing was shown.
//!
//! Whether every record is there, and once, is what `exactly-once` asks.
//!
//! # References
//! Observed only: the libraries' documentation of what their calls return.

use crate::judge::verdict::Finding;
use crate::judge::written::{self, Written};
use crate::judge::{Property, args, pieces, streams, view};
use crate::plan::check::ArgDecl;
use crate::plan::script::{ActorId, CheckDecl};
use crate::trace::History;
use std::collections::BTreeSet;

/// See the module.
pub struct OutputApart;

impl Property for OutputApart {
    fn name(&self) -> &'static str {
        "output-apart"
    }
    fn says(&self) -> &'static str {
        "what was collected of each program holds that program's records alone"
    }
    fn clause(&self) -> &'static str {
        "observed only: the library's documentation of what its calls return"
    }
    fn args(&self) -> &'static [ArgDecl] {
        &[args::STREAM]
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        let Some(stream) = view::text(asked, "stream") else { return view::wants("stream") };
        match written::to(history, asked, stream, "write-records") {
            Ok(written) => judged(history, stream, &written),
            Err(nothing) => nothing,
        }
    }
}

fn judged(history: &History, stream: &str, written: &Written) -> Finding {
    let mut heard: BTreeSet<ActorId> = BTreeSet::new();
    for (name, reading) in streams::apart(history, stream) {
        let owner = name.rsplit_once('.').and_then(|(owner, _)| history.script.actors.iter().find(|actor| actor.name == owner));
        let Some(owner) = owner else { return view::undecided(format!("`{name}` is no stream of one program's")) };
        for beginning in pieces::beginnings(&pieces::of(&reading.bytes, written)).into_iter().filter(|beginning| beginning.sure) {
            if beginning.id.writer != owner.id {
                let events = reading.event(beginning.at).into_iter().collect();
                let seen = format!("{} in `{name}`", beginning.id.words(history));
                return Finding::fail(
                    format!("nothing but records of {} there", owner.name),
                    seen,
                    view::name(history, reading.reader),
                    events,
                );
            }
            heard.insert(owner.id);
        }
    }
    let silent = written.spans.iter().find(|span| span.certain && !heard.contains(&span.writer));
    match silent {
        None if heard.is_empty() => view::undecided("no step that writes records succeeded"),
        None => Finding::Pass,
        Some(span) => view::undecided(format!("no record of {} was seen", view::name(history, span.writer))),
    }
}
