//! A crash told with its place: who died of what is in the case's end; in which step, and after what, is in the events.

use super::outcome;
use super::view;
use crate::trace::{End, Event, History, What};

/// Events that are told before a crash.
const LAST: usize = 6;

/// The step that the root was in when the case crashed.
pub fn step(history: &History) -> Option<String> {
    let own = || history.events.iter().filter(|event| event.actor == 0);
    let call = own().rev().find(|event| event.what == What::Call)?;
    let ended = own().any(|event| event.step == call.step && event.at >= call.at && matches!(event.what, What::Return { .. }));
    if ended { None } else { Some(view::place(view::step_of(history, call)?)) }
}

/// What the case's end says, and where it was.
pub fn reason(history: &History, message: &str) -> String {
    match step(history) {
        Some(step) => format!("{message}; root was in {step}"),
        None => message.to_owned(),
    }
}

/// The last events before the crash, a line each; nothing for a case that did not crash.
pub fn last_events(history: &History) -> Vec<String> {
    if !matches!(history.end, End::Crash { .. }) {
        return Vec::new();
    }
    let told: Vec<String> = history.events.iter().filter_map(|event| Some(line(history, event, words(history, event)?))).collect();
    let from = told.len().saturating_sub(LAST);
    told.into_iter().skip(from).collect()
}

fn line(history: &History, event: &Event, words: String) -> String {
    let (millis, micros) = (event.at / 1_000_000, event.at / 1_000 % 1_000);
    format!("{millis}.{micros:03} ms {} (pid {}) {words}", view::name(history, event.actor), event.pid)
}

/// An event in words; none for those that are no step of anybody.
fn words(history: &History, event: &Event) -> Option<String> {
    let step = || view::step_of(history, event).map_or_else(|| "a step".to_owned(), view::place);
    match &event.what {
        What::Born { ppid, .. } => Some(format!("begins as a child of {ppid}")),
        What::Call => Some(format!("begins {}", step())),
        What::Return { outcome, .. } => Some(format!("ends {}: {}", step(), outcome::words(outcome))),
        What::Data { stream, bytes } => Some(format!("has {} bytes from {stream}", bytes.len())),
        What::GaveUp => Some("gives up".to_owned()),
        What::Finished => Some("has done its last step".to_owned()),
        What::Told(told) => Some(format!("says `{}`", told.what)),
        What::State { .. } | What::Number { .. } | What::Reply { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::script::Outcome;

    fn event(at: u64, step: u32, what: What) -> Event {
        Event { at, actor: 0, pid: 9, step: Some(step), what }
    }

    #[test]
    fn the_last_events_are_told_and_the_step_under_way() {
        let done = || What::Return { outcome: Outcome::Done(None), of: None };
        let events = (0..9).flat_map(|n| [event(n * 2_500, n as u32, What::Call), event(n * 2_500 + 1, n as u32, done())]);
        let mut history = History { events: events.collect(), end: End::Crash { message: "x".into() }, ..History::default() };
        assert_eq!(step(&history), None);
        let told = last_events(&history);
        assert_eq!((told.len(), told[5].as_str()), (LAST, "0.020 ms root (pid 9) ends a step: success"));
        history.script.steps = vec![crate::judge::hang::declared(0, 0, "exec", None)];
        history.events.truncate(1);
        assert_eq!(reason(&history, "killed"), "killed; root was in `exec`");
        history.end = End::Done;
        assert!(last_events(&history).is_empty());
    }
}
