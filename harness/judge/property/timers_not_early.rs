//! No timer fires before its time.
//!
//! Late is the load of the machine; early is a defect, and the one thing about time that can be judged without a clock of one's own.
//!
//! Rules, for each time that a process sets a timer (`timer`, `timerfd`) and what it then takes of it (`sigwait` of SIGALRM,
//! `expirations`) until it sets one again: the k-th time comes no sooner than `after` and k − 1 times `every` after the
//! setting began. A `timerfd` is the same for all who read it. An exec keeps the process, and its timers with it. A millisecond is allowed for clocks that are read in ticks.
//!
//! # References
//! POSIX.1-2024 `alarm()`, `setitimer()`, `timer_settime()`: "rounded up"; timerfd_create(2).

use crate::judge::verdict::Finding;
use crate::judge::{Property, view};
use crate::plan::script::{CheckDecl, Outcome};
use crate::trace::{Event, History, What};
use std::collections::BTreeMap;

/// See the module.
pub struct TimersNotEarly;

/// What clocks that are read in ticks may make of a time.
const TICK_NS: u64 = 1_000_000;

impl Property for TimersNotEarly {
    fn name(&self) -> &'static str {
        "timers-not-early"
    }
    fn says(&self) -> &'static str {
        "no timer fires before its time, the first time or any other"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 alarm(), setitimer(), timer_settime(); timerfd_create(2)"
    }
    fn judge(&self, history: &History, _: &CheckDecl) -> Finding {
        let mut timers: BTreeMap<i32, Timer> = BTreeMap::new();
        let mut judged = 0;
        for (at, event) in history.events.iter().enumerate() {
            let kind = view::step_of(history, event).map_or("", |step| step.kind.as_str());
            let whose = if matches!(kind, "timerfd" | "expirations") { DESCRIPTOR } else { event.pid };
            let timer = timers.entry(whose).or_default();
            timer.note(at, event);
            let Some(times) = taken(history, event) else { continue };
            let Some(due) = timer.take(times) else { continue };
            judged += 1;
            if event.at + TICK_NS < due {
                let ms = |ns: u64| ns / 1_000_000;
                let expected = format!("no sooner than {} ms after the case began", ms(due));
                return Finding::fail(expected, format!("{} ms", ms(event.at)), view::name(history, event.actor), vec![timer.set, at]);
            }
        }
        if judged == 0 { view::undecided("nobody set a timer and took what came of it") } else { Finding::Pass }
    }
}

/// Stands for no process: the timer that is read.
const DESCRIPTOR: i32 = -1;

/// The timer of a process as it was set last.
#[derive(Default)]
struct Timer {
    called: u64,
    began: u64,
    after: u64,
    every: u64,
    taken: u64,
    set: usize,
}

impl Timer {
    fn note(&mut self, at: usize, event: &Event) {
        let ns = |ms: i64| u64::try_from(ms).unwrap_or(0).saturating_mul(1_000_000);
        match &event.what {
            What::Call => self.called = event.at,
            What::Number { name, value } if name == "timer after" => {
                *self = Timer { called: self.called, began: self.called, after: ns(*value), set: at, ..Timer::default() };
            }
            What::Number { name, value } if name == "timer every" => self.every = ns(*value),
            _ => {}
        }
    }

    /// When the last of so many more times was due; `None` where no timer runs.
    fn take(&mut self, times: u64) -> Option<u64> {
        if self.after == 0 || times == 0 {
            return None;
        }
        self.taken = self.taken.saturating_add(times);
        Some(self.began.saturating_add(self.after).saturating_add(self.every.saturating_mul(self.taken - 1)))
    }
}

/// How often a timer has fired by what a step returned.
fn taken(history: &History, event: &Event) -> Option<u64> {
    let What::Return { outcome: Outcome::Done(Some(value)), .. } = &event.what else { return None };
    let step = view::step_of(history, event)?;
    let of_alarm = || step.on.as_deref().is_some_and(|on| on.split_whitespace().any(|name| name == "ALRM"));
    match step.kind.as_str() {
        "sigwait" if of_alarm() => Some(1),
        "expirations" => u64::try_from(*value).ok(),
        _ => None,
    }
}
