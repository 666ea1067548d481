//! A program that failed is never reported as a success, and success never as a failure.
//!
//! Of several programs in a row only the last one's status lies at hand, and the first ones' failures are the ones that truncate
//! what it read. A library decides by a rule of its own which status the whole has; whatever the rule, an archive of which half is
//! missing must not have "exited with 0" unless the documentation says that only the last one counts.
//!
//! Rules, for every report of the whole's end, by `wait`, `poll`, `communicate` and `run` alike:
//! 1. Where a program failed, it is not an exit with 0. Any other status will do, and so will an error.
//! 2. Where none failed, it is an exit with 0.
//! 3. Somebody was told of the end; otherwise nothing was shown.
//!
//! # References
//! Observed only: the libraries' documentation of the status of pipelines; POSIX.1-2024 XCU 2.9.2 Pipelines, `set -o pipefail`.

use crate::judge::verdict::Finding;
use crate::judge::{Property, outcome, view};
use crate::plan::check::{ArgDecl, ArgKind};
use crate::plan::script::{CheckDecl, Ended, Outcome};
use crate::plan::value::Value;
use crate::trace::History;

/// See the module.
pub struct FailureTold;

const ARGS: &[ArgDecl] = &[
    ArgDecl { name: "of", kind: ArgKind::Actor, required: true, help: "the pipeline, or the program that was started" },
    ArgDecl { name: "failed", kind: ArgKind::Expr, required: true, help: "whether one of its programs failed: `$code != 0`" },
];

impl Property for FailureTold {
    fn name(&self) -> &'static str {
        "failure-told"
    }
    fn says(&self) -> &'static str {
        "a program that failed is never reported as a success, nor a success as a failure, by whatever operation"
    }
    fn clause(&self) -> &'static str {
        "observed only; POSIX.1-2024 XCU 2.9.2 Pipelines"
    }
    fn args(&self) -> &'static [ArgDecl] {
        ARGS
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        let Some(of) = view::text(asked, "of") else { return view::wants("of") };
        let Some(Value::Bool(failed)) = asked.args.get("failed") else { return view::wants("failed") };
        let wholes = view::named(history, of);
        let mut told = false;
        for (at, event, seen, whom) in view::returns(history) {
            let Some(whole) = whom.filter(|whom| wholes.contains(whom)) else { continue };
            let Some(step) = view::step_of(history, event).filter(|step| reports(&step.kind)) else { continue };
            let Some(success) = succeeded(seen) else { continue };
            told = true;
            if success == *failed {
                let expected = if *failed { "a failure" } else { "success" };
                let name = view::name(history, whole);
                return Finding::fail(
                    format!("{} to tell {expected} of {name}", view::place(step)),
                    outcome::words(seen),
                    "the subject",
                    vec![at],
                );
            }
        }
        if told { Finding::Pass } else { view::undecided(format!("nobody was told how `{of}` ended")) }
    }
}

fn reports(kind: &str) -> bool {
    matches!(kind, "wait" | "poll" | "communicate" | "run" | "parallel")
}

/// `None` for what says nothing about the end.
fn succeeded(seen: &Outcome) -> Option<bool> {
    match seen {
        Outcome::Ended(Ended::Exited(0)) => Some(true),
        Outcome::Ended(Ended::Exited(_) | Ended::Killed { .. }) | Outcome::Error(_) | Outcome::Other(_) => Some(false),
        _ => None,
    }
}
