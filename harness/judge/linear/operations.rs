//! The operations of a history, as intervals, for each kind of object.
//!
//! An actor does one thing after the other, so its returns belong to its last call. What is not recorded cannot be judged: of a
//! loop only the first rounds are, and then nothing is said at all.

use super::Interval;
use super::model::{CellOp, OffsetOp, PidOp, SemaphoreOp};
use super::queue::QueueOp;
use crate::judge::verdict::Finding;
use crate::judge::view;
use crate::plan::record;
use crate::plan::script::{ActorId, Ended, Outcome, RECORDED_ROUNDS, StepDecl};
use crate::trace::{Event, History, What};
use std::collections::BTreeMap;

/// One operation as it was seen.
pub struct Seen<'h> {
    /// Position of its call among the events.
    pub call: usize,
    /// Position of its return.
    pub end: Option<usize>,
    /// Its step.
    pub step: &'h StepDecl,
    /// What came of it.
    pub outcome: Option<&'h Outcome>,
    /// The actor that it is about.
    pub of: Option<ActorId>,
    /// What was read in it first.
    pub data: Option<&'h [u8]>,
}

impl Seen<'_> {
    fn interval<Op>(&self, op: Op) -> Interval<Op> {
        Interval { call: self.call, end: self.end, op }
    }

    fn number(&self) -> Option<i64> {
        match self.outcome {
            Some(Outcome::Done(number)) => *number,
            _ => None,
        }
    }

    /// The number that the step was given at this place.
    fn operand(&self, at: usize) -> i64 {
        self.step.operands.get(at).copied().unwrap_or_default()
    }
}

/// Intervals, and for each the event that shows it best.
type Found<Op> = Result<Vec<Interval<Op>>, Finding>;

/// Every operation of the wanted steps, by the position of its call.
///
/// # Errors
/// An undecided finding where some were not recorded.
pub fn seen<'h>(history: &'h History, wanted: impl Fn(&StepDecl) -> bool) -> Result<Vec<Seen<'h>>, Finding> {
    if let Some(step) = history.script.steps.iter().find(|step| wanted(step) && in_long_loop(history, step)) {
        return Err(view::undecided(format!("{} is in a loop of which only {RECORDED_ROUNDS} rounds are recorded", view::place(step))));
    }
    let mut open: BTreeMap<ActorId, Open<'h>> = BTreeMap::new();
    let mut found = Vec::new();
    for (at, event) in history.events.iter().enumerate() {
        match &event.what {
            What::Call => {
                let before = view::step_of(history, event).and_then(|step| open.insert(event.actor, Open::new(step, at)));
                found.extend(before.and_then(Open::never_returned));
            }
            What::Return { outcome, of } => found.extend(returned(history, &mut open, (at, event), outcome, *of)?),
            What::Data { bytes, .. } => {
                if let Some(open) = open.get_mut(&event.actor) {
                    open.data.get_or_insert(bytes);
                }
            }
            _ => {}
        }
    }
    found.extend(open.into_values().filter_map(Open::never_returned));
    found.retain(|seen| wanted(seen.step));
    found.sort_by_key(|seen| seen.call);
    Ok(found)
}

/// A step that an actor is in.
struct Open<'h> {
    step: &'h StepDecl,
    call: usize,
    /// It has returned once, and may do so again.
    again: bool,
    data: Option<&'h [u8]>,
}

impl<'h> Open<'h> {
    fn new(step: &'h StepDecl, call: usize) -> Open<'h> {
        Open { step, call, again: false, data: None }
    }

    fn never_returned(self) -> Option<Seen<'h>> {
        (!self.again).then_some(Seen { call: self.call, end: None, step: self.step, outcome: None, of: None, data: self.data })
    }
}

fn returned<'h>(
    history: &'h History,
    open: &mut BTreeMap<ActorId, Open<'h>>,
    (at, event): (usize, &Event),
    outcome: &'h Outcome,
    of: Option<ActorId>,
) -> Result<Option<Seen<'h>>, Finding> {
    // Steps around others, such as loops, return after what is in them.
    let Some(step) = view::step_of(history, event).filter(|step| !matches!(step.kind.as_str(), "repeat" | "parallel" | "fork-tree")) else {
        return Ok(None);
    };
    match open.get_mut(&event.actor).filter(|open| open.step.id == step.id) {
        Some(open) => {
            let call = std::mem::replace(&mut open.call, at);
            open.again = true;
            Ok(Some(Seen { call, end: Some(at), step, outcome: Some(outcome), of, data: open.data.take() }))
        }
        None => Err(view::undecided(format!("{} returned and was never called", view::place(step)))),
    }
}

/// Whether a loop before the step, which may be around it, has more rounds than are recorded.
fn in_long_loop(history: &History, step: &StepDecl) -> bool {
    let most = i64::try_from(RECORDED_ROUNDS).unwrap_or(i64::MAX);
    let mut before = history.script.steps.iter().filter(|other| other.actor == step.actor && other.id < step.id);
    before.any(|other| other.kind == "repeat" && other.operands.first().is_none_or(|times| *times > most))
}

/// The one step that made an object, and the operations on it.
///
/// # Errors
/// An undecided finding where it is not one object, or not all of it was recorded.
pub fn on<'h>(history: &'h History, object: &str, maker: &str) -> Result<(&'h StepDecl, Vec<Seen<'h>>), Finding> {
    let is_on = |step: &StepDecl| step.on.as_deref() == Some(object);
    let mut makers = history.script.steps.iter().filter(|step| step.kind == maker && is_on(step) && !step.operands.is_empty());
    match (makers.next(), makers.next()) {
        (Some(made), None) => Ok((made, seen(history, |step| is_on(step) && step.kind != maker)?)),
        (None, _) => Err(view::undecided(format!("nobody made `{object}` by `{maker}`"))),
        (Some(_), Some(_)) => Err(view::undecided(format!("several steps make `{object}`"))),
    }
}

/// Operations on a shared number.
///
/// # Errors
/// An undecided finding where one of them is none that happens at once.
pub fn on_cell(history: &History, object: &str) -> Result<(i64, Vec<Interval<CellOp>>), Finding> {
    let (made, seen) = on(history, object, "shared")?;
    let mut operations = Vec::new();
    for seen in seen.iter().filter(|seen| matches!(seen.outcome, None | Some(Outcome::Done(_)))) {
        operations.push(seen.interval(match seen.step.kind.as_str() {
            "fetch-add" => CellOp::Add(seen.operand(0), seen.number()),
            "exchange" => CellOp::Exchange(seen.operand(0), seen.number()),
            "load" => CellOp::Load(seen.number()),
            "detach" => continue,
            _ => return Err(view::undecided(format!("{} is not done at once", view::place(seen.step)))),
        }));
    }
    Ok((made.operands[0], operations))
}

/// Operations on a semaphore.
///
/// # Errors
/// As [`on`].
pub fn on_semaphore(history: &History, object: &str) -> Result<(i64, Vec<Interval<SemaphoreOp>>), Finding> {
    let (made, seen) = on(history, object, "semaphore")?;
    let operation = |seen: &Seen| {
        let down = seen.step.kind == "down";
        match seen.outcome {
            None => {
                if down {
                    SemaphoreOp::DownPending
                } else {
                    SemaphoreOp::UpPending
                }
            }
            Some(Outcome::Done(_)) => {
                if down {
                    SemaphoreOp::Down
                } else {
                    SemaphoreOp::Up
                }
            }
            Some(Outcome::Error(name)) if down && is_again(name) => SemaphoreOp::Refused,
            Some(_) => SemaphoreOp::GivenUp,
        }
    };
    let of_it = seen.iter().filter(|seen| matches!(seen.step.kind.as_str(), "down" | "up"));
    Ok((made.operands[0], of_it.map(|seen| seen.interval(operation(seen))).collect()))
}

/// Operations on a message queue; the operands of the step that made it: 1 for POSIX, then how many messages it holds at most (0:
/// not known).
///
/// # Errors
/// As [`on`].
pub fn on_queue(history: &History, object: &str) -> Result<(super::queue::Queue, Vec<Interval<QueueOp>>), Finding> {
    let (made, seen) = on(history, object, "queue")?;
    let most = made.operands.get(1).and_then(|most| usize::try_from(*most).ok()).filter(|most| *most > 0);
    let queue = super::queue::Queue { most, posix: made.operands[0] == 1 };
    let of_it = seen.iter().filter(|seen| matches!(seen.step.kind.as_str(), "send-message" | "receive-message"));
    Ok((queue, of_it.map(|seen| seen.interval(queue_operation(seen))).collect()))
}

fn queue_operation(seen: &Seen) -> QueueOp {
    let sends = seen.step.kind == "send-message";
    let message = (seen.operand(0), seen.operand(1));
    match seen.outcome {
        None | Some(Outcome::Done(_)) if sends => QueueOp::Sent(message),
        None | Some(Outcome::Done(_)) => QueueOp::Received(seen.operand(0), seen.number()),
        Some(Outcome::Error(name)) if is_again(name) && sends => QueueOp::Full,
        Some(Outcome::Error(name)) if is_again(name) => QueueOp::Empty(seen.operand(0)),
        Some(_) => QueueOp::GivenUp,
    }
}

fn is_again(name: &str) -> bool {
    matches!(name, "EAGAIN" | "EWOULDBLOCK" | "ENOMSG")
}

/// Reads of whole records from one open file.
///
/// # Errors
/// An undecided finding where something else than one record was read, or who read is not known to share one description.
pub fn on_offset(history: &History, object: &str) -> Found<OffsetOp> {
    let is_on = |step: &StepDecl| step.on.as_deref() == Some(object);
    let opened = history.script.steps.iter().filter(|step| step.kind == "open" && is_on(step)).count();
    if opened != 1 {
        return Err(view::undecided(format!("`{object}` is opened by {opened} steps")));
    }
    let seen = seen(history, |step| step.kind == "read" && is_on(step))?;
    let operation = |seen: &Seen| match (seen.outcome, seen.data.map(record::parse)) {
        (Some(Outcome::Eof), None) => Ok(OffsetOp::End),
        (None, None) => Ok(OffsetOp::Read(None)),
        (_, Some(Some((_, number)))) => Ok(OffsetOp::Read(Some(number.into()))),
        _ => Err(view::undecided(format!("{} did not read one record", view::place(seen.step)))),
    };
    seen.iter().map(|seen| Ok(seen.interval(operation(seen)?))).collect()
}

/// What happened to process ids. A child that nobody was seen to reap is somebody else's in the end, and may be reaped at any time.
///
/// # Errors
/// An undecided finding where children may be reaped unseen.
pub fn on_pids(history: &History) -> Found<PidOp> {
    let reaps_unseen = |step: &&StepDecl| step.kind == "signal" && step.on.as_deref().is_some_and(|on| on.contains("CHLD"));
    if let Some(step) = history.script.steps.iter().find(reaps_unseen) {
        return Err(view::undecided(format!("children may be reaped unseen: {}", view::place(step))));
    }
    let seen = seen(history, |step| matches!(step.kind.as_str(), "fork" | "wait"))?;
    let mut reaped: BTreeMap<ActorId, (usize, usize)> = BTreeMap::new();
    for seen in &seen {
        if let (Some(of), Some(end), true) = (seen.of, seen.end, has_reaped(seen)) {
            reaped.insert(of, (seen.call, end));
        }
    }
    let mut operations = Vec::new();
    for (given, child, pid) in seen.iter().filter_map(|seen| forked(history, seen)) {
        operations.push(given.interval(PidOp::Given(pid)));
        let (call, end) = reaped.get(&child).map_or((given.call, None), |(call, end)| (*call, Some(*end)));
        operations.push(Interval { call, end, op: PidOp::Reaped(pid) });
    }
    Ok(operations)
}

/// Whether a wait took its child away; with an operand of 1 it only looked.
fn has_reaped(seen: &Seen) -> bool {
    let ended = matches!(seen.outcome, Some(Outcome::Ended(Ended::Exited(_) | Ended::Killed { .. })));
    ended && seen.step.kind == "wait" && seen.operand(0) == 0
}

fn forked<'s, 'h>(history: &History, seen: &'s Seen<'h>) -> Option<(&'s Seen<'h>, ActorId, i32)> {
    let pid = seen.number().filter(|_| seen.step.kind == "fork").and_then(|pid| i32::try_from(pid).ok())?;
    let name = seen.step.on.as_deref()?;
    let child = history.script.actors.iter().find(|actor| actor.name == name)?;
    Some((seen, child.id, pid))
}
