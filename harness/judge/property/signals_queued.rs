//! What was sent while a process blocked it is taken in the order that the standard gives.
//!
//! Of a real-time signal every one is kept, with its number; of a standard signal one, however many came.
//!
//! Rules, for the numbered signals sent to the actor `of` (`kill` with `value`) and those that it took (`sigwait`), all sent before
//! the first was taken; what a process becomes by exec takes them too:
//! 1. Of each real-time signal the same numbers are taken in the same order.
//! 2. Of each standard signal one is taken, which is the first that was sent (the number is Linux's rule).
//! 3. Of several real-time signals the lower number comes first.
//!
//! # References
//! POSIX.1-2024 2.4.1 "Signal Generation and Delivery", `sigqueue()`, `sigtimedwait()`; signal(7) "Real-time signals".

use crate::judge::verdict::Finding;
use crate::judge::{Property, signals, view};
use crate::plan::check::{ArgDecl, ArgKind};
use crate::plan::script::{ActorId, CheckDecl, Origin};
use crate::trace::{History, What};
use std::collections::{BTreeMap, BTreeSet};

/// See the module.
pub struct SignalsQueued;

const ARGS: &[ArgDecl] = &[ArgDecl { name: "of", kind: ArgKind::Actor, required: true, help: "who takes them" }];

impl Property for SignalsQueued {
    fn name(&self) -> &'static str {
        "signals-queued"
    }
    fn says(&self) -> &'static str {
        "of blocked real-time signals each is kept and taken in order, the lower number first; of standard ones one is kept"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 2.4.1 Signal Generation and Delivery; signal(7)"
    }
    fn args(&self) -> &'static [ArgDecl] {
        ARGS
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        let Some(of) = view::text(asked, "of") else { return view::wants("of") };
        let taker = with_images(history, view::named(history, of));
        let sent: Vec<Numbered> = numbered(history, "sent ").filter(|sent| goes_to(history, sent, &taker)).collect();
        let took: Vec<Numbered> = numbered(history, "took ").filter(|took| taker.contains(&history.events[took.at].actor)).collect();
        let (Some(last_sent), Some(first_took)) = (sent.last(), took.first()) else {
            return view::undecided(format!("nothing was sent to `{of}` with a number, or nothing taken by it"));
        };
        if last_sent.at > first_took.at {
            return view::undecided("some were sent when others had been taken already");
        }
        let expected = expected(&sent);
        let names: BTreeSet<&str> = sent.iter().chain(&took).map(|one| one.name).collect();
        for name in names {
            let seen: Vec<i64> = took.iter().filter(|one| one.name == name).map(|one| one.value).collect();
            let wanted = expected.get(name).cloned().unwrap_or_default();
            if seen != wanted {
                let at = took.iter().filter(|one| one.name == name).map(|one| one.at).collect();
                return Finding::fail(
                    format!("{name} with {}", view::list(wanted, 12)),
                    format!("{name} with {}", view::list(seen, 12)),
                    of,
                    at,
                );
            }
        }
        out_of_order(&took, of).unwrap_or(Finding::Pass)
    }
}

/// These actors and what they became by exec: what is pending stays with the process.
fn with_images(history: &History, mut actors: Vec<ActorId>) -> Vec<ActorId> {
    for actor in history.script.actors.iter().filter(|actor| actor.origin == Origin::Image) {
        if actor.parent.is_some_and(|parent| actors.contains(&parent)) {
            actors.push(actor.id);
        }
    }
    actors
}

/// A signal with its number.
struct Numbered<'h> {
    at: usize,
    name: &'h str,
    value: i64,
}

fn numbered<'h>(history: &'h History, prefix: &'static str) -> impl Iterator<Item = Numbered<'h>> {
    history.events.iter().enumerate().filter_map(move |(at, event)| match &event.what {
        What::Number { name, value } => Some(Numbered { at, name: name.strip_prefix(prefix)?, value: *value }),
        _ => None,
    })
}

fn goes_to(history: &History, sent: &Numbered, taker: &[ActorId]) -> bool {
    let event = &history.events[sent.at];
    let target = view::step_of(history, event).and_then(|step| step.on.as_deref());
    target.is_some_and(|target| {
        if target == "self" { taker.contains(&event.actor) } else { view::named(history, target).iter().any(|actor| taker.contains(actor)) }
    })
}

fn is_real_time(name: &str) -> bool {
    name.starts_with("RTM")
}

/// Rules 1 and 2.
fn expected<'h>(sent: &[Numbered<'h>]) -> BTreeMap<&'h str, Vec<i64>> {
    let mut expected: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for one in sent {
        let kept = expected.entry(one.name).or_default();
        if is_real_time(one.name) || kept.is_empty() {
            kept.push(one.value);
        }
    }
    expected
}

/// Rule 3.
fn out_of_order(took: &[Numbered], of: &str) -> Option<Finding> {
    let number = |one: &Numbered| signals::numbers(one.name).first().copied().unwrap_or(0);
    let real_time: Vec<&Numbered> = took.iter().filter(|one| is_real_time(one.name)).collect();
    let pair = real_time.windows(2).find(|pair| number(pair[0]) > number(pair[1]))?;
    let expected = format!("{} before {}", pair[1].name, pair[0].name);
    Some(Finding::fail(expected, format!("{} first", pair[0].name), of, vec![pair[0].at, pair[1].at]))
}
