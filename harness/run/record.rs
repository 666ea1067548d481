//! From what a warden sends of a case to its history: main's half of the work.
//!
//! A warden forks, and after each fork it copies every page that it writes to; main does not. So the warden sends its log as it
//! lies there, and everything that is only reckoning is done here.

use super::frame::Done;
use super::{arena, capture};
use crate::plan::script::Outcome;
use crate::trace::state::Observations;
use crate::trace::{Event, History, What};

/// Fills a history with what came of its case.
pub fn fill(history: &mut History, done: Done) {
    let mut events = arena::events_in(&done.log);
    let observed = &mut history.observed;
    let [before, after] = done.adapter;
    (observed.before, observed.after) = (before, after);
    take_states(&mut events, observed);
    if done.last_words {
        take_last_words(&mut events);
    }
    let last = events.last().map_or(0, |event| event.at);
    let first = events.iter().find(|event| matches!(event.what, What::Call)).map_or(last, |event| event.at);
    observed.elapsed_ns = last.saturating_sub(first);
    let output = |(stream, bytes)| Event { at: last, actor: 0, pid: done.root, step: None, what: What::Data { stream, bytes } };
    events.extend(done.output.into_iter().map(output));
    let [before, after] = done.flags.map(|flags| flags.map(capture::in_words).unwrap_or_default());
    (observed.terminal_before, observed.terminal_after) = (before, after);
    (observed.accounted_fds, observed.left) = (done.accounted_fds, done.left);
    (observed.files, observed.shared, observed.hang) = (done.files, done.shared, done.hang);
    (history.events, history.end) = (events, done.end);
    if !done.version.is_empty() {
        history.subject.version = done.version;
    }
}

/// The root's own samples of itself are observations, not events.
fn take_states(events: &mut Vec<Event>, observed: &mut Observations) {
    events.retain_mut(|event| match &mut event.what {
        What::State { label, state } if event.actor == 0 && event.step.is_none() => {
            let place = match label.as_str() {
                "before" => &mut observed.before,
                "after" => &mut observed.after,
                _ => return true,
            };
            *place = Some(std::mem::take(state));
            false
        }
        _ => true,
    });
}

/// Where the subject failed as a partner, the driver's last event tells why. The case's end says it now, and it is nothing that
/// the library answered.
fn take_last_words(events: &mut Vec<Event>) {
    let last = events.iter().rposition(|event| event.actor == 0);
    if let Some(at) = last.filter(|at| matches!(events[*at].what, What::Return { outcome: Outcome::Other(_), .. })) {
        events.remove(at);
    }
}
