//! A start that fails is one error with its errno, soon, and nothing was started.
//!
//! Libraries that fork before they exec must carry the error back to the caller. Those that do not report a child that
//! "exited with 127"; those that do it badly report it twice, from two processes, or never.
//!
//! Rules, for each start that was to fail:
//! 1. It returns exactly once per call.
//! 2. It returns an error. That it names the right errno is what the step expects (`as-expected`); some libraries tell none.
//! 3. No program of that start is ever born.
//! 4. It returns within `within` milliseconds (default 5000).
//!
//! # References
//! POSIX.1-2024 `exec` ERRORS, `posix_spawn()` RETURN VALUE; each library's documentation of start errors.

use crate::judge::verdict::Finding;
use crate::judge::{Property, outcome, starts, view};
use crate::plan::check::{ArgDecl, ArgKind};
use crate::plan::script::{ActorId, CheckDecl, Origin, Outcome, StepDecl};
use crate::trace::{History, What};

/// See the module.
pub struct StartFailedOnce;

const ARGS: &[ArgDecl] =
    &[ArgDecl { name: "within", kind: ArgKind::Expr, required: false, help: "milliseconds that a failing start may take (default 5000)" }];
const DEFAULT_MS: i64 = 5000;

impl Property for StartFailedOnce {
    fn name(&self) -> &'static str {
        "start-failed-once"
    }
    fn says(&self) -> &'static str {
        "a failing start is reported as an error, once and soon, and nothing is started"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 exec ERRORS, posix_spawn()"
    }
    fn args(&self) -> &'static [ArgDecl] {
        ARGS
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        let within = view::int(asked, "within").unwrap_or(DEFAULT_MS);
        let failing =
            history.script.steps.iter().filter(|step| matches!(step.kind.as_str(), "spawn" | "exec" | "pipeline" | "run") && to_fail(step));
        starts::worst(failing.map(|step| judged(history, step, within)))
    }
}

/// Whether the step expects nothing but errors.
fn to_fail(step: &StepDecl) -> bool {
    let errors = step.expect.iter().all(|expected| matches!(expected, Outcome::Error(_) | Outcome::Other(_)));
    errors && !(step.expect.is_empty() && step.asked.as_ref().is_none_or(|asked| asked.child.is_some()))
}

fn judged(history: &History, step: &StepDecl, within: i64) -> Finding {
    let mine = || history.events.iter().enumerate().filter(|(_, event)| event.step == Some(step.id));
    let calls: Vec<usize> = mine().filter(|(_, event)| event.what == What::Call).map(|(at, _)| at).collect();
    let returns: Vec<(usize, &Outcome)> = mine()
        .filter_map(|(at, event)| match &event.what {
            What::Return { outcome, of } if !view::is_stage(history, *of) => Some((at, outcome)),
            _ => None,
        })
        .collect();
    let by = view::name(history, step.actor);
    let fails = |expected: String, seen: String, events: Vec<usize>| {
        Finding::fail(format!("{expected} from {}", view::place(step)), seen, by.clone(), events)
    };
    if calls.is_empty() && returns.is_empty() {
        return view::undecided(format!("{} was never performed", view::place(step)));
    }
    if returns.len() != calls.len().max(1) {
        let events = calls.into_iter().chain(returns.iter().map(|(at, _)| *at)).collect();
        return fails("exactly one error".to_owned(), format!("{} returns", returns.len()), events);
    }
    if let Some((at, seen)) = returns.iter().find(|(_, seen)| !is_error(seen)) {
        return fails("an error".to_owned(), outcome::words(seen), vec![*at]);
    }
    if let Some((at, name)) = born(history, step) {
        return fails("no program".to_owned(), format!("{name} was born"), vec![at]);
    }
    let took = |call: usize, back: usize| {
        history.events.get(back).zip(history.events.get(call)).map_or(0, |(back, call)| back.at.saturating_sub(call.at) / 1_000_000)
    };
    let slow = calls.iter().zip(&returns).find(|(call, (back, _))| i64::try_from(took(**call, *back)).is_ok_and(|ms| ms > within));
    match slow {
        Some((call, (back, _))) => fails(format!("an error within {within} ms"), format!("{} ms", took(*call, *back)), vec![*call, *back]),
        None => Finding::Pass,
    }
}

fn is_error(seen: &Outcome) -> bool {
    matches!(seen, Outcome::Error(_) | Outcome::Other(_))
}

/// The program of this start, under the name that the step gives it.
fn born(history: &History, step: &StepDecl) -> Option<(usize, String)> {
    let named = |id: ActorId| {
        view::actor(history, id).is_some_and(|actor| step.on.as_deref() == Some(actor.name.as_str()) && actor.origin != Origin::Forked)
    };
    let asked = step.asked.as_ref().and_then(|asked| asked.child);
    view::births(history)
        .find(|(_, event, ..)| asked == Some(event.actor) || named(event.actor))
        .map(|(at, event, ..)| (at, view::name(history, event.actor)))
}
