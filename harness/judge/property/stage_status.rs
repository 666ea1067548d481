//! What is told of one stage of a pipeline is true of that stage.
//!
//! A library that starts several programs and waits for them in its own order can give one's status to another, or a process
//! id that is none of theirs.
//!
//! Rules:
//! 1. Every status told of a stage is the one that it ended with.
//! 2. A process id told of a stage is the one under which its program ran.
//! 3. A library that tells the end of the whole and no stage's status or process id has broken no promise: not applicable.
//!
//! # References
//! Observed only: the libraries' documentation of pipelines; POSIX.1-2024 `waitpid()` for the status.

use crate::judge::verdict::Finding;
use crate::judge::{Property, outcome, signals, starts, view};
use crate::plan::check::{ArgDecl, ArgKind};
use crate::plan::script::{ActorId, CheckDecl, Ended, Origin, Outcome};
use crate::trace::History;

/// See the module.
pub struct StageStatus;

const ARGS: &[ArgDecl] = &[
    ArgDecl { name: "of", kind: ArgKind::Actor, required: true, help: "the stage or family of stages" },
    ArgDecl { name: "exited", kind: ArgKind::Expr, required: false, help: "the code that it exits with (default 0)" },
    ArgDecl { name: "killed", kind: ArgKind::Label, required: false, help: "the signal that it dies of" },
];

impl Property for StageStatus {
    fn name(&self) -> &'static str {
        "stage-status"
    }
    fn says(&self) -> &'static str {
        "every status and process id told of a stage is that stage's own"
    }
    fn clause(&self) -> &'static str {
        "observed only; POSIX.1-2024 waitpid() for the status"
    }
    fn args(&self) -> &'static [ArgDecl] {
        ARGS
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        let Some(of) = view::text(asked, "of") else { return view::wants("of") };
        let stages = view::named(history, of);
        let findings: Vec<Finding> = view::returns(history)
            .filter_map(|(at, _, seen, whom)| Some((at, seen, whom.filter(|whom| stages.contains(whom))?)))
            .filter_map(|(at, seen, stage)| judged(history, asked, at, seen, stage))
            .collect();
        match findings.is_empty() {
            false => starts::worst(findings),
            true if whole_told(history) => Finding::NotApplicable,
            true => view::undecided("nobody was told how a pipeline ended"),
        }
    }
}

/// Whether an operation said anything of the end of a pipeline, so that it could have told of the stages.
fn whole_told(history: &History) -> bool {
    view::returns(history).any(|(_, _, seen, whom)| {
        let whole = whom.and_then(|whom| view::actor(history, whom)).is_some_and(|actor| actor.origin == Origin::Pipeline);
        whole && matches!(seen, Outcome::Ended(_) | Outcome::Error(_) | Outcome::Other(_))
    })
}

fn judged(history: &History, asked: &CheckDecl, at: usize, seen: &Outcome, stage: ActorId) -> Option<Finding> {
    let name = view::name(history, stage);
    let fails = |expected: String| Finding::fail(expected, outcome::words(seen), "the subject", vec![at]);
    match seen {
        Outcome::Ended(ended) => {
            let right = right(asked, *ended);
            Some(if right { Finding::Pass } else { fails(format!("{} told of {name}", wanted(asked))) })
        }
        Outcome::Done(Some(pid)) => {
            let born = view::births(history).find(|(_, event, ..)| event.actor == stage)?.1.pid;
            Some(if i64::from(born) == *pid { Finding::Pass } else { fails(format!("{born}, the process id of {name}")) })
        }
        _ => None,
    }
}

fn right(asked: &CheckDecl, ended: Ended) -> bool {
    match (view::text(asked, "killed"), ended) {
        (Some(signal), Ended::Killed { signal: by, .. }) => signals::numbers(signal).contains(&by),
        (Some(_), _) => false,
        (None, ended) => ended == Ended::Exited(code(asked)),
    }
}

fn code(asked: &CheckDecl) -> i32 {
    view::int(asked, "exited").and_then(|code| i32::try_from(code).ok()).unwrap_or(0)
}

fn wanted(asked: &CheckDecl) -> String {
    view::text(asked, "killed").map_or_else(|| format!("exit with {}", code(asked)), |signal| format!("death by {signal}"))
}
