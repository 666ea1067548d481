//! The cases that are measured, and how long they take through the whole way: lowered, isolated, performed, cleaned up, judged.

use super::Round;
use crate::generate::lower;
use crate::generate::program::Program;
use crate::judge;
use crate::judge::verdict::CaseOutcome;
use crate::plan::case::{Case, Plan, Source};
use crate::plan::check::check;
use crate::plan::script::Script;
use crate::run::Session;
use crate::run::subject::{self, Subject};
use std::io;
use std::time::Instant;

/// Cases per measurement.
const TIMES: u32 = 20;
/// Steps that the long case has beyond the short one.
const MORE: usize = 200;

/// The cases.
pub struct Cases<'a> {
    session: &'a Session,
    raw: Subject,
    empty: (Script, Program),
    two: (Script, Program),
    short: (Script, Program),
    long: (Script, Program),
}

impl<'a> Cases<'a> {
    /// Prepares them.
    ///
    /// # Errors
    /// A text below that does not check, which the tests would have found.
    pub fn new(session: &'a Session) -> io::Result<Cases<'a>> {
        let raw = subject::find("raw").map_err(io::Error::other)?;
        Ok(Cases {
            session,
            raw,
            empty: bound("  - repeat: {times: 0, do: [{report-state: never}]}\n")?,
            two: bound(&two_actors())?,
            short: bound(&steps("  ", 0))?,
            long: bound(&steps("  ", MORE))?,
        })
    }

    /// One case on this worker, which is not measured.
    ///
    /// # Errors
    /// As [`Cases::round`].
    pub fn warm_up(&self, worker: usize) -> io::Result<()> {
        self.once(worker, &self.empty)
    }

    /// Nanoseconds of each.
    ///
    /// # Errors
    /// A case that does not complete.
    pub fn round(&self, round: &mut Round) -> io::Result<()> {
        let empty = self.timed(&self.empty, TIMES)?;
        round.insert("empty case", empty);
        round.insert("judging", self.judging());
        round.insert("2 actors x 10 steps", self.timed(&self.two, TIMES)?);
        let (short, long) = (self.timed(&self.short, TIMES)?, self.timed(&self.long, TIMES)?);
        round.insert("one more step", (long - short).max(1.0) / MORE as f64);
        Ok(())
    }

    /// What judging an empty case takes, of the same history again and again.
    fn judging(&self) -> f64 {
        let history = self.session.run(0, &self.empty.0, &self.empty.1, &self.raw);
        let began = Instant::now();
        for _ in 0..TIMES {
            std::hint::black_box(judge::judge(std::hint::black_box(&history)));
        }
        began.elapsed().as_nanos() as f64 / f64::from(TIMES)
    }

    fn timed(&self, case: &(Script, Program), times: u32) -> io::Result<f64> {
        let began = Instant::now();
        for _ in 0..times {
            self.once(0, case)?;
        }
        Ok(began.elapsed().as_nanos() as f64 / f64::from(times))
    }

    fn once(&self, worker: usize, (script, program): &(Script, Program)) -> io::Result<()> {
        let verdict = judge::judge(&self.session.run(worker, script, program, &self.raw));
        match verdict.outcome {
            CaseOutcome::Completed => Ok(()),
            outcome => Err(io::Error::other(format!("a case ended as {outcome:?}: {}", verdict.reason.unwrap_or_default()))),
        }
    }
}

/// A pipe, and `count` steps that write to it and read from it in turn.
fn steps(margin: &str, count: usize) -> String {
    let write = format!("{margin}- write: {{to: p.write, bytes: 8}}\n");
    let read = format!("{margin}- read: {{from: p.read, bytes: 8}}\n");
    let turns: String = (0..count).map(|at| if at % 2 == 0 { write.as_str() } else { read.as_str() }).collect();
    format!("{margin}- pipe: p\n{turns}")
}

fn two_actors() -> String {
    let actor = |name: &str| format!("  - fork:\n      as: {name}\n      do:\n{}", steps("        ", 9));
    format!("{}{}  - wait: {{for: one}}\n  - wait: {{for: two}}\n", actor("one"), actor("two"))
}

/// The scenario of two actors, for a long run.
///
/// # Errors
/// A text above that does not check, which the tests would have found.
pub fn long_plan() -> io::Result<Plan> {
    plan(&two_actors())
}

fn plan(steps: &str) -> io::Result<Plan> {
    let text = format!("title: Measured\nspec: [observed only]\nsteps:\n{steps}");
    let source = Source { id: "bench/case".into(), path: "bench/case.yaml".into(), text };
    check(&source, &judge::declarations()).map_err(|problems| io::Error::other(problems.to_string()))
}

fn bound(steps: &str) -> io::Result<(Script, Program)> {
    let plan = plan(steps)?;
    let case = Case { scenario: plan.id.clone(), bindings: Default::default(), seed: 0, number: 0 };
    lower::lower(&plan, &case).map_err(|error| io::Error::other(error.to_string()))
}
