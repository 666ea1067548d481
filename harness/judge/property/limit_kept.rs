//! A wait with a limit ends near its limit, neither before it nor long after.
//!
//! One that returns early makes its caller kill a healthy child; one that counts sleeps in the place of time, or waits for
//! something else after its limit ran out, is a hang that somebody believed to have excluded.
//!
//! Rules, for each operation with a limit that says that it ran out:
//! 1. No less than the limit has passed, but for the granularity of the clocks (10 ms).
//! 2. No more than the limit and `within` milliseconds have passed (default 5000: a loaded machine is no fault of a library).
//! 3. At least one ran out; otherwise nothing was shown.
//!
//! # References
//! POSIX.1-2024 `poll()` and `sigtimedwait()`: a timeout is a minimum; each library's documentation of its limits.

use crate::judge::verdict::Finding;
use crate::judge::{Property, view};
use crate::plan::check::{ArgDecl, ArgKind};
use crate::plan::script::{CheckDecl, Outcome};
use crate::trace::{Event, History, What};

/// See the module.
pub struct LimitKept;

const ARGS: &[ArgDecl] = &[
    ArgDecl { name: "of", kind: ArgKind::Actor, required: true, help: "the process that is waited for" },
    ArgDecl { name: "limit", kind: ArgKind::Expr, required: true, help: "the limit in milliseconds" },
    ArgDecl { name: "within", kind: ArgKind::Expr, required: false, help: "milliseconds that it may take longer (default 5000)" },
];
const GRANULARITY_MS: i64 = 10;
const DEFAULT_MS: i64 = 5000;

impl Property for LimitKept {
    fn name(&self) -> &'static str {
        "limit-kept"
    }
    fn says(&self) -> &'static str {
        "a wait with a limit that runs out ends near its limit, not before it and not long after"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 poll(), sigtimedwait(); the library's documentation of its limits"
    }
    fn args(&self) -> &'static [ArgDecl] {
        ARGS
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        let Some(of) = view::text(asked, "of") else { return view::wants("of") };
        let Some(limit) = view::int(asked, "limit") else { return view::wants("limit") };
        let most = limit.saturating_add(view::int(asked, "within").unwrap_or(DEFAULT_MS));
        let waited_for = view::named(history, of);
        let mut ran_out = false;
        for (at, event, outcome, whom) in view::returns(history) {
            if *outcome != Outcome::TimedOut || !whom.is_some_and(|whom| waited_for.contains(&whom)) {
                continue;
            }
            let Some((call, took)) = took(history, at, event) else { continue };
            ran_out = true;
            if took + GRANULARITY_MS < limit || took > most {
                let step = view::step_of(history, event).map(view::place).unwrap_or_default();
                let expected = format!("{step} to give up after {limit} ms, {most} at the latest");
                return Finding::fail(expected, format!("it gave up after {took} ms"), "the subject", vec![call, at]);
            }
        }
        if ran_out { Finding::Pass } else { view::undecided(format!("no limit ran out while `{of}` was waited for")) }
    }
}

/// When the operation that returned here was called, and how many milliseconds it took.
fn took(history: &History, at: usize, back: &Event) -> Option<(usize, i64)> {
    let earlier = history.events.iter().enumerate().take(at);
    let (call, event) = earlier.rev().find(|(_, event)| event.step == back.step && event.what == What::Call)?;
    Some((call, i64::try_from(back.at.saturating_sub(event.at) / 1_000_000).ok()?))
}
