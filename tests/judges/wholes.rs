//! Histories of the properties about pipelines, one-call runs and limits.

use super::build::{Build, ROOT, state, text};
use childproof::plan::script::{ActorId, Asked, Ended, Origin, Outcome};
use childproof::plan::value::Value;
use childproof::trace::{History, What};

/// Name, one that holds, one that breaks.
pub fn all() -> Vec<super::Pair> {
    let exited = Ended::Exited;
    vec![
        ("failure-told", told(exited(3)), told(exited(0))),
        ("stage-status", stages(&[exited(3), exited(0)]), stages(&[exited(0), exited(3)])),
        ("limit-kept", ran_out(205), ran_out(120)),
    ]
}

/// A pipeline of two agents: the whole, and its stages.
fn pipeline(b: &mut Build) -> (ActorId, [ActorId; 2]) {
    let whole = b.actor("line", Origin::Pipeline, Some(0));
    let stages = ["head", "tail"].map(|name| b.actor(name, Origin::Stage, Some(0)));
    let step = b.step(0, "pipeline", "line");
    step.stages = stages.iter().map(|stage| Asked { child: Some(*stage), ..Asked::default() }).collect();
    let id = step.id;
    b.event(0, Some(id), What::Call);
    for stage in stages {
        b.event(0, Some(id), What::Return { outcome: Outcome::Done(Some(i64::from(ROOT) + i64::from(stage))), of: Some(stage) });
    }
    b.event(0, Some(id), What::Return { outcome: Outcome::Done(None), of: Some(whole) });
    for stage in stages {
        b.event(stage, None, What::Born { ppid: ROOT, state: Some(Box::new(state(0))) });
    }
    (whole, stages)
}

fn ends(b: &mut Build, stages: [ActorId; 2]) {
    let exit = b.step(stages[0], "exit", "").id;
    b.event(stages[0], Some(exit), What::Call);
    b.event(stages[1], None, What::Finished);
}

fn told(ended: Ended) -> History {
    let mut b = Build::library("pipeline/failing-stage");
    let (whole, stages) = pipeline(&mut b);
    ends(&mut b, stages);
    let step = b.waits(whole, ended);
    b.h.script.steps[step as usize].any = true;
    b.check("failure-told", &[("of", text("line")), ("failed", Value::Bool(true))]);
    b.done()
}

fn stages(ended: &[Ended]) -> History {
    let mut b = Build::library("pipeline/stage-statuses");
    let (whole, stages) = pipeline(&mut b);
    ends(&mut b, stages);
    let step = b.step(0, "wait", "line");
    step.any = true;
    let id = step.id;
    b.event(0, Some(id), What::Call);
    for (stage, ended) in stages.into_iter().zip(ended) {
        b.event(0, Some(id), What::Return { outcome: Outcome::Ended(*ended), of: Some(stage) });
    }
    b.event(0, Some(id), What::Return { outcome: Outcome::Ended(Ended::Exited(3)), of: Some(whole) });
    b.check("stage-status", &[("of", text("head")), ("exited", Value::Int(3))]);
    b.done()
}

fn ran_out(ms: u64) -> History {
    let mut b = Build::library("wait/timeout");
    let child = b.spawn("child", Asked::default(), state(0));
    let step = b.step(0, "wait", "child");
    step.expect = vec![Outcome::TimedOut];
    let id = step.id;
    let called = b.event(0, Some(id), What::Call).at;
    b.event(0, Some(id), What::Return { outcome: Outcome::TimedOut, of: Some(child) }).at = called + ms * 1_000_000;
    b.ends(child);
    b.check("limit-kept", &[("of", text("child")), ("limit", Value::Int(200))]);
    b.done()
}
