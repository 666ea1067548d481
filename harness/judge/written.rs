//! What was written to a stream, known from the script and from what came of the writing steps.
//!
//! The steps say how many records of which size were *to be* written; the returns say which of them *were*. A record of a
//! step that did not succeed may or may not have arrived, so it is allowed but not required.
//!
//! Which writers lead to a stream, when the request does not name them:
//! 1. `p.read` carries what went to `p.write`, and what went to standard or numbered descriptors (they may have been
//!    duplicated onto the pipe), but nothing that went to another pipe by name.
//! 2. `stdout`, `child.stdout`: not what went to `stderr` by name, unless some start merged the two; and the reverse.
//! 3. Anything else (sockets, files): every writer.

use super::streams::{self, Reading};
use super::verdict::Finding;
use super::view;
use crate::plan::record;
use crate::plan::script::{ActorId, AskedFd, CheckDecl, Outcome, StepDecl};
use crate::trace::{History, What};
use std::collections::BTreeSet;

/// A run of consecutive records of one writer, all of one size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Who.
    pub writer: ActorId,
    /// Number of the first.
    pub first: u64,
    /// How many.
    pub count: u64,
    /// Bytes of each, newline included.
    pub size: usize,
    /// Their step succeeded, so they must arrive.
    pub certain: bool,
}

/// Everything that was written to one stream.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// By writer, then by number.
    pub spans: Vec<Span>,
    /// Actors that write records, but not those that were asked about.
    pub others: BTreeSet<ActorId>,
}

/// The largest record number that its eight digits can hold.
const LARGEST: u64 = 99_999_999;
/// After so many rounds of a native loop only failures are recorded.
const ROUNDS_RECORDED: usize = 64;

impl Written {
    /// The span that a record belongs to.
    pub fn span(&self, writer: ActorId, number: u32) -> Option<&Span> {
        let number = u64::from(number);
        self.spans.iter().find(|span| span.writer == writer && (span.first..span.first.saturating_add(span.count)).contains(&number))
    }

    /// The number of bytes of a record.
    pub fn size(&self, writer: ActorId, number: u32) -> Option<usize> {
        self.span(writer, number).map(|span| span.size)
    }

    /// How many records must arrive.
    pub fn certain(&self) -> u64 {
        self.spans.iter().filter(|span| span.certain).fold(0, |sum, span| sum.saturating_add(span.count))
    }

    /// Whether all that was written is known exactly.
    pub fn exact(&self) -> bool {
        self.spans.iter().all(|span| span.certain)
    }

    /// Bytes in all, of certain and possible records.
    pub fn bytes(&self) -> u64 {
        self.spans.iter().fold(0, |sum, span| sum.saturating_add(span.count.saturating_mul(span.size as u64)))
    }
}

/// What went to `stream` by steps of this kind (`write-records`, `send-frames`), or why that cannot be told.
pub fn to(history: &History, asked: &CheckDecl, stream: &str, kind: &str) -> Result<Written, Finding> {
    let chosen = match view::text(asked, "writers").or_else(|| view::text(asked, "of")) {
        Some(name) => Some(known(history, name)?),
        None => None,
    };
    let mut written = Written::default();
    for actor in history.script.actors.iter().map(|actor| actor.id) {
        let steps: Vec<&StepDecl> = history.script.steps.iter().filter(|step| step.actor == actor && step.kind == kind).collect();
        if steps.is_empty() {
            continue;
        }
        let leads = |step: &StepDecl| chosen.as_ref().map_or_else(|| leads_to(history, step, stream), |chosen| chosen.contains(&actor));
        let spans = spans(history, actor, &steps, &leads);
        if spans.is_empty() {
            written.others.insert(actor);
        }
        written.spans.extend(spans);
    }
    if written.spans.is_empty() {
        return Err(view::undecided(format!("nobody is known to have written to `{stream}`")));
    }
    Ok(written)
}

/// What was read from the stream that the request names, and what had been written to it, or why there is nothing to judge.
pub fn and_read(history: &History, asked: &CheckDecl, kind: &str) -> Result<(Vec<Reading>, Written), Finding> {
    let stream = view::text(asked, "stream").ok_or_else(|| view::wants("stream"))?;
    let written = to(history, asked, stream, kind)?;
    Ok((streams::readings(history, stream)?, written))
}

fn known(history: &History, name: &str) -> Result<Vec<ActorId>, Finding> {
    let actors = view::named(history, name);
    if actors.is_empty() { Err(view::undecided(format!("there is no actor `{name}`"))) } else { Ok(actors) }
}

/// The interpreter numbers the records of an actor from 0, on through all its writing steps, wherever they lead.
fn spans(history: &History, writer: ActorId, steps: &[&StepDecl], leads: &dyn Fn(&StepDecl) -> bool) -> Vec<Span> {
    let mut spans = Vec::new();
    let (mut next, mut sure) = (0u64, true);
    for step in steps {
        let Some(records) = step.records else { continue };
        let size = (records.size as usize).max(record::SHORTEST);
        let rounds =
            Rounds::of(history, step, u64::from(records.count).saturating_mul(if step.kind == "write-records" { size as u64 } else { 1 }));
        let mut push = |first: u64, count: u64, certain: bool| {
            let (first, count) = (first.min(LARGEST), count.min(LARGEST));
            if count > 0 && leads(step) {
                spans.push(Span { writer, first, count, size, certain });
            }
        };
        let done = u64::from(records.count).saturating_mul(rounds.done);
        push(next, done, sure);
        next = next.saturating_add(done);
        let open = if rounds.uncounted {
            LARGEST.saturating_sub(next)
        } else {
            u64::from(records.count).saturating_mul(rounds.begun.saturating_sub(rounds.done))
        };
        push(next, open, false);
        next = next.saturating_add(open);
        sure &= open == 0;
    }
    spans
}

/// How often a step was performed.
struct Rounds {
    begun: u64,
    done: u64,
    uncounted: bool,
}

impl Rounds {
    fn of(history: &History, step: &StepDecl, enough: u64) -> Rounds {
        let mine = history.events.iter().filter(|event| event.step == Some(step.id));
        let (mut begun, mut done, mut returned) = (0u64, 0u64, 0u64);
        for event in mine {
            match &event.what {
                What::Call => begun += 1,
                What::Return { outcome, .. } => {
                    returned += 1;
                    done += u64::from(whole(outcome, enough));
                }
                _ => {}
            }
        }
        Rounds { begun: begun.max(returned), done, uncounted: begun >= ROUNDS_RECORDED as u64 }
    }
}

/// Whether an outcome says that all was written: so many bytes of records, or so many frames.
fn whole(outcome: &Outcome, enough: u64) -> bool {
    match outcome {
        Outcome::Done(None) => true,
        Outcome::Done(Some(count)) => u64::try_from(*count).is_ok_and(|count| count >= enough),
        _ => false,
    }
}

fn leads_to(history: &History, step: &StepDecl, stream: &str) -> bool {
    let Some(on) = step.on.as_deref() else { return true };
    if let Some(pipe) = stream.strip_suffix(".read") {
        return on.strip_suffix(".write").is_none_or(|other| other == pipe);
    }
    let (wanted, other) = match stream.rsplit('.').next() {
        Some("stdout") => ("stdout", "stderr"),
        Some("stderr") => ("stderr", "stdout"),
        _ => return true,
    };
    !on.ends_with(".write") && (on == wanted || on != other || merged(history))
}

fn merged(history: &History) -> bool {
    history
        .script
        .steps
        .iter()
        .flat_map(|step| step.asked.as_deref().into_iter().chain(&step.stages))
        .any(|asked| asked.fds.values().any(|fd| matches!(fd, AskedFd::SameAs(_))))
}
