//! Histories of the properties about signals, timers and context switches.

use super::build::{Build, ROOT, text};
use childproof::plan::script::{ActorId, Outcome};
use childproof::plan::value::Value;
use childproof::trace::{History, What};

/// Name, one that holds, one that breaks.
pub fn all() -> Vec<super::Pair> {
    vec![
        ("signal-info", informed(ROOT), informed(ROOT + 7)),
        ("signals-queued", queued(&[0, 1, 2]), queued(&[0, 2, 1])),
        ("timers-not-early", fired(21), fired(12)),
        ("switches-counted", switched(5), switched(3)),
    ]
}

fn number(b: &mut Build, actor: ActorId, step: u32, name: &str, value: i64) {
    b.event(actor, Some(step), What::Number { name: name.into(), value });
}

/// The root sends a child a signal, whose handler is told of this sender.
fn informed(sender: i32) -> History {
    let mut b = Build::platform("signal/info");
    let child = b.fork("receiver");
    b.does(0, "kill", "receiver", Outcome::Done(None));
    let step = b.step(child, "handled", "USR1").id;
    b.event(child, Some(step), What::Call);
    for (field, value) in [("pid", i64::from(sender)), ("uid", 0), ("code", 1), ("value", 5)] {
        number(&mut b, child, step, &format!("USR1 {field}"), value);
    }
    b.event(child, Some(step), What::Return { outcome: Outcome::Done(Some(1)), of: None });
    b.ends(child);
    b.check(
        "signal-info",
        &[("of", text("receiver")), ("signal", text("USR1")), ("from", text("root")), ("code", text("queue")), ("value", Value::Int(5))],
    );
    b.done()
}

/// Three real-time signals are sent, and taken in this order.
fn queued(order: &[i64]) -> History {
    let mut b = Build::platform("signal/real-time");
    let taker = b.fork("taker");
    for value in 0..3 {
        let step = b.step(0, "kill", "taker").id;
        b.event(0, Some(step), What::Call);
        number(&mut b, 0, step, "sent RTMIN+1", value);
        b.event(0, Some(step), What::Return { outcome: Outcome::Done(None), of: None });
    }
    for value in order {
        let step = b.step(taker, "sigwait", "RTMIN+1").id;
        b.event(taker, Some(step), What::Call);
        number(&mut b, taker, step, "took RTMIN+1", *value);
        b.event(taker, Some(step), What::Return { outcome: Outcome::Done(Some(35)), of: None });
    }
    b.ends(taker);
    b.check("signals-queued", &[("of", text("taker"))]);
    b.done()
}

/// A timer of 20 ms, which is seen to fire after so many.
fn fired(ms: u64) -> History {
    let mut b = Build::platform("signal/timers");
    let set = b.step(0, "timer", "").id;
    let called = b.event(0, Some(set), What::Call).at;
    number(&mut b, 0, set, "timer after", 20);
    number(&mut b, 0, set, "timer every", 0);
    b.event(0, Some(set), What::Return { outcome: Outcome::Done(None), of: None });
    let step = b.step(0, "sigwait", "ALRM").id;
    b.event(0, Some(step), What::Call);
    b.event(0, Some(step), What::Return { outcome: Outcome::Done(Some(14)), of: None }).at = called + ms * 1_000_000;
    b.check("timers-not-early", &[]);
    b.done()
}

/// A process that was seen to sleep five times was switched away from so often.
fn switched(times: i64) -> History {
    let mut b = Build::platform("isolation/switches");
    for (label, count) in [("before", 2), ("after", 2 + times)] {
        let step = b.step(0, "report-switches", "").id;
        b.event(0, Some(step), What::Call);
        number(&mut b, 0, step, &format!("voluntary switches {label}"), count);
        number(&mut b, 0, step, &format!("involuntary switches {label}"), 1);
        b.event(0, Some(step), What::Return { outcome: Outcome::Done(Some(count)), of: None });
    }
    b.check("switches-counted", &[("of", text("after")), ("since", text("before")), ("at-least", Value::Int(5))]);
    b.done()
}
