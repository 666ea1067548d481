//! Looking at a history without ever trusting it.
//!
//! A history may have been cut short, edited by hand or written by a broken subject: a step may have no declaration, an
//! actor no name. Everything here answers for such a history too, so that no property can panic on one.

use super::verdict::Finding;
use crate::plan::script::{ActorDecl, ActorId, CheckDecl, Origin, Outcome, StepDecl, StepId};
use crate::plan::value::Value;
use crate::trace::state::ProcState;
use crate::trace::{Event, History, What};
use std::fmt::Display;

/// The actor's declaration. Position = id in what lowering writes, but nothing forces an edited file to keep to that.
pub fn actor(history: &History, id: ActorId) -> Option<&ActorDecl> {
    history
        .script
        .actors
        .get(usize::from(id))
        .filter(|actor| actor.id == id)
        .or_else(|| history.script.actors.iter().find(|actor| actor.id == id))
}

/// The actor's name as reports print it.
pub fn name(history: &History, id: ActorId) -> String {
    match actor(history, id) {
        Some(actor) => actor.name.clone(),
        None if id == 0 => "root".to_owned(),
        None => format!("actor {id}"),
    }
}

/// Whether a `Return` is about a stage of a pipeline, and so beside what came of its step.
pub fn is_stage(history: &History, of: Option<ActorId>) -> bool {
    of.and_then(|of| actor(history, of)).is_some_and(|actor| actor.origin == Origin::Stage)
}

/// The ids of the actors that a name means: one actor, or every member of a family (`every worker` too).
pub fn named(history: &History, name: &str) -> Vec<ActorId> {
    let name = name.strip_prefix("every ").unwrap_or(name);
    history.script.actors.iter().filter(|actor| actor.name == name || actor.family == name).map(|actor| actor.id).collect()
}

/// The step's declaration.
pub fn step(history: &History, id: StepId) -> Option<&StepDecl> {
    let at = usize::try_from(id).ok()?;
    history.script.steps.get(at).filter(|step| step.id == id).or_else(|| history.script.steps.iter().find(|step| step.id == id))
}

/// The declaration of the step that an event belongs to.
pub fn step_of<'h>(history: &'h History, event: &Event) -> Option<&'h StepDecl> {
    step(history, event.step?)
}

/// Where a step stands, for people: its words and its line.
pub fn place(step: &StepDecl) -> String {
    let words = if step.label.is_empty() { &step.kind } else { &step.label };
    if step.line == 0 { format!("`{words}`") } else { format!("`{words}` (line {})", step.line) }
}

/// Every `Return`: position, event, outcome, and whom it is about.
pub fn returns(history: &History) -> impl Iterator<Item = (usize, &Event, &Outcome, Option<ActorId>)> {
    history.events.iter().enumerate().filter_map(|(at, event)| match &event.what {
        What::Return { outcome, of } => Some((at, event, outcome, *of)),
        _ => None,
    })
}

/// Every birth: position, event, parent seen, state reported.
pub fn births(history: &History) -> impl Iterator<Item = (usize, &Event, i32, Option<&ProcState>)> {
    history.events.iter().enumerate().filter_map(|(at, event)| match &event.what {
        What::Born { ppid, state } => Some((at, event, *ppid, state.as_deref())),
        _ => None,
    })
}

/// Every number of this name: position, event, value.
pub fn numbers<'h>(history: &'h History, wanted: &str) -> impl Iterator<Item = (usize, &'h Event, i64)> {
    history.events.iter().enumerate().filter_map(move |(at, event)| match &event.what {
        What::Number { name, value } if name == wanted => Some((at, event, *value)),
        _ => None,
    })
}

/// A text argument of the request.
pub fn text<'c>(asked: &'c CheckDecl, name: &str) -> Option<&'c str> {
    asked.args.get(name).and_then(Value::text)
}

/// An integer argument of the request.
pub fn int(asked: &CheckDecl, name: &str) -> Option<i64> {
    asked.args.get(name).and_then(Value::int)
}

/// The finding for a request that cannot be judged because an argument is missing or of the wrong kind. The checker refuses
/// such a scenario; a recorded history can still hold one.
pub fn wants(argument: &str) -> Finding {
    undecided(format!("the request has no usable argument `{argument}`"))
}

/// An undecided finding.
pub fn undecided(reason: impl Into<String>) -> Finding {
    Finding::Undecided { reason: reason.into() }
}

/// The subject before and after, or why they cannot be compared.
pub fn subject_states(history: &History) -> Result<(&ProcState, &ProcState), Finding> {
    match (&history.observed.before, &history.observed.after) {
        (Some(before), Some(after)) => Ok((before, after)),
        (None, _) => Err(undecided("the subject's state before the case was not recorded")),
        (_, None) => Err(undecided("the subject's state after the case was not recorded")),
    }
}

/// Whether anything was observed from outside at all; without that no absence may be read as cleanliness.
pub fn observed(history: &History) -> Result<(), Finding> {
    if history.observed.isolation.is_empty() {
        return Err(undecided("nobody looked at what the case left: the history names no isolation level"));
    }
    Ok(())
}

/// At most `most` members as text, separated by commas, and how many more there are.
pub fn list<T: Display>(members: impl IntoIterator<Item = T>, most: usize) -> String {
    let mut members = members.into_iter();
    let mut text: Vec<String> = members.by_ref().take(most).map(|member| member.to_string()).collect();
    let more = members.count();
    if more > 0 {
        text.push(format!("and {more} more"));
    }
    if text.is_empty() { "nothing".to_owned() } else { text.join(", ") }
}
