//! What was read from a stream: the bytes of its `Data` events, put together per reader.
//!
//! Two readers of one pipe each get a part of it, and nothing says how their parts lay side by side; so the parts are kept
//! apart and a record that spans two of them shows as torn.

use super::outcome;
use super::verdict::Finding;
use super::view;
use crate::plan::script::{ActorId, Outcome};
use crate::trace::{History, What};
use std::collections::BTreeMap;

/// What one actor read from a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Who read.
    pub reader: ActorId,
    /// The bytes, in the order in which they arrived.
    pub bytes: Vec<u8>,
    /// Where each read call's bytes begin, and the event that holds them.
    chunks: Vec<(usize, usize)>,
}

impl Reading {
    fn add(&mut self, event: usize, bytes: &[u8]) {
        self.chunks.push((self.bytes.len(), event));
        self.bytes.extend_from_slice(bytes);
    }

    /// The event that brought the byte at this offset.
    pub fn event(&self, offset: usize) -> Option<usize> {
        let after = self.chunks.partition_point(|(begin, _)| *begin <= offset);
        self.chunks.get(after.checked_sub(1)?).map(|(_, event)| *event)
    }

    /// The events that brought the bytes of this range, a few at most.
    pub fn events(&self, from: usize, len: usize) -> Vec<usize> {
        let mut events: Vec<usize> =
            [self.event(from), self.event(from.saturating_add(len.saturating_sub(1)))].into_iter().flatten().collect();
        events.dedup();
        events
    }
}

/// What each reader read from the stream, or an undecided finding when nobody did.
pub fn readings(history: &History, stream: &str) -> Result<Vec<Reading>, Finding> {
    let mut readings: Vec<Reading> = Vec::new();
    for (at, event) in history.events.iter().enumerate() {
        let What::Data { stream: name, bytes } = &event.what else { continue };
        if !means(name, stream) {
            continue;
        }
        let place = readings.iter().position(|reading| reading.reader == event.actor).unwrap_or_else(|| {
            readings.push(Reading { reader: event.actor, ..Reading::default() });
            readings.len() - 1
        });
        if let Some(reading) = readings.get_mut(place) {
            reading.add(at, bytes);
        }
    }
    if readings.is_empty() && !met_its_end(history, stream) {
        return Err(view::undecided(format!("nobody read from `{stream}`")));
    }
    Ok(readings)
}

/// What was read from the stream of each member of a family, by the name of that stream.
pub fn apart(history: &History, stream: &str) -> BTreeMap<String, Reading> {
    let mut readings: BTreeMap<String, Reading> = BTreeMap::new();
    for (at, event) in history.events.iter().enumerate() {
        let What::Data { stream: name, bytes } = &event.what else { continue };
        if means(name, stream) {
            let reading = readings.entry(name.clone()).or_insert_with(|| Reading { reader: event.actor, ..Reading::default() });
            reading.add(at, bytes);
        }
    }
    readings
}

/// `child.stdout` names the stream of every member of the family `child`.
fn means(name: &str, wanted: &str) -> bool {
    name == wanted
        || name.split_once('[').zip(name.split_once(']')).is_some_and(|((family, _), (_, rest))| wanted.strip_prefix(family) == Some(rest))
}

/// Whether somebody read from the stream to its end, and so saw that nothing came.
fn met_its_end(history: &History, stream: &str) -> bool {
    view::returns(history).any(|(_, event, outcome, _)| {
        let step = view::step_of(history, event);
        step.is_some_and(|step| match step.kind.as_str() {
            "read" => step.on.as_deref().is_some_and(|on| means(on, stream)) && matches!(outcome, Outcome::Eof | Outcome::Done(Some(0))),
            "communicate" | "run" => (stream.ends_with(".stdout") || stream.ends_with(".stderr")) && outcome::as_declared(step, outcome),
            _ => false,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_names_the_streams_of_its_members() {
        assert!(means("child[2].stdout", "child.stdout"));
        assert!(means("p.read", "p.read"));
        assert!(!means("child[2].stderr", "child.stdout"));
        assert!(!means("child", "child.stdout"));
    }

    #[test]
    fn an_offset_leads_back_to_its_event() {
        let reading = Reading { reader: 0, bytes: vec![0; 10], chunks: vec![(0, 3), (4, 7)] };
        assert_eq!((reading.event(0), reading.event(3), reading.event(4)), (Some(3), Some(3), Some(7)));
        assert_eq!(Reading::default().event(0), None);
    }
}
