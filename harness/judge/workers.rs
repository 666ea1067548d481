//! What workers told of themselves, for the properties about them.

use super::verdict::Finding;
use super::view;
use crate::plan::script::{ActorId, CheckDecl};
use crate::plan::value::Value;
use crate::trace::state::ProcState;
use crate::trace::{Event, History, Told, What};

/// Everything that was told: position, event, what.
pub fn told(history: &History) -> impl Iterator<Item = (usize, &Event, &Told)> {
    history.events.iter().enumerate().filter_map(|(at, event)| match &event.what {
        What::Told(told) => Some((at, event, told)),
        _ => None,
    })
}

/// The actors that `of` names.
pub fn asked_about(history: &History, asked: &CheckDecl) -> Result<Vec<ActorId>, Finding> {
    let name = view::text(asked, "of").ok_or_else(|| view::wants("of"))?;
    let ids = view::named(history, name);
    if ids.is_empty() { Err(view::undecided(format!("nobody is called `{name}`"))) } else { Ok(ids) }
}

/// Every beginning of a task of these actors.
pub fn beginnings<'h>(history: &'h History, of: &'h [ActorId]) -> impl Iterator<Item = (usize, &'h Event, &'h Told)> {
    told(history).filter(move |(_, event, told)| told.what == "began" && of.contains(&event.actor))
}

/// The process that answers for the subject.
pub fn subject(history: &History) -> Option<i32> {
    history.events.iter().find_map(|event| match event.what {
        What::Reply { pid, .. } => Some(pid),
        _ => None,
    })
}

/// What was seen of these actors at doors: position, state.
pub fn states<'h>(history: &'h History, of: &'h [ActorId]) -> impl Iterator<Item = (usize, &'h Event, &'h ProcState)> {
    history.events.iter().enumerate().filter_map(move |(at, event)| match &event.what {
        What::State { state, label } if label.starts_with("at ") && of.contains(&event.actor) => Some((at, event, &**state)),
        _ => None,
    })
}

/// A truth value of the request.
pub fn wish(asked: &CheckDecl, name: &str) -> Option<bool> {
    match asked.args.get(name) {
        Some(Value::Bool(wish)) => Some(*wish),
        _ => None,
    }
}
