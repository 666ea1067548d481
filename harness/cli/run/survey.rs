//! Many subjects on many scenarios, only counted: what `history`, `matrix` and `known-bugs` are made of.

use super::engine::{Engine, Pair};
use super::session::{Level, cpus, isolations, open};
use super::{fresh_seed, interrupt, progress, select};
use crate::cli::exit::Fault;
use crate::cli::grid::Cell;
use crate::plan::case::Plan;
use crate::plan::script::Plane;
use crate::report::{Entry, Row, Word};
use crate::run::Session;
use crate::run::subject::{Start, Subject};
use clap::Args;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Options that all of them have.
#[derive(Args, Debug, Clone)]
pub struct SurveyArgs {
    /// Only scenarios of this name; `*` and `?` are wild, `pipe` means `pipe/*` [default: all]
    #[arg(long = "scenario", value_name = "GLOB")]
    pub scenarios: Vec<String>,
    /// Cases to draw of each scenario [default: what the scenario says, or 20]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub cases: Option<u32>,
    /// Seed that all cases are drawn from [default: a new one]
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
    /// Cases to run side by side [default: one per CPU]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: Option<u16>,
    /// Isolation level instead of the best that works here
    #[arg(long, value_name = "LEVEL", value_parser = isolations())]
    pub isolation: Option<Level>,
}

/// Wardens at work for a survey.
pub struct Survey {
    session: Session,
    seed: u64,
    cases: Option<u32>,
}

/// One subject on one scenario, as it was seen.
pub struct Seen {
    /// Who.
    pub subject: Arc<Subject>,
    /// What came of it.
    pub entry: Entry,
}

impl Seen {
    /// Its results.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.entry.rows.iter().filter(|row| self.is_result(row))
    }

    /// That a case simply came to its end is no result. Where one did not, which is a result of its own, what could not be told for that
    /// is none either: how many cases come to no end varies with the machine's load, and what the others show does not.
    fn is_result(&self, row: &Row) -> bool {
        let unended = || self.entry.rows.iter().any(|row| row.property == Row::COMPLETES && row.word.is_bad());
        if row.property == Row::COMPLETES { row.word.is_bad() } else { row.word != Word::Undecided || !unended() }
    }

    /// What each result says in a table, the same in every run: what is declared to fail sometimes is shown as declared, whether it did
    /// this time or not.
    pub fn cells(&self) -> impl Iterator<Item = (&str, Cell)> {
        let Entry { scenario, subject, rows, .. } = &self.entry;
        rows.iter().filter_map(move |row| {
            let declared = self.subject.expectation(scenario, &row.property, &subject.version).filter(|entry| entry.sometimes);
            let cell = match (row.word, declared) {
                (Word::Pass | Word::Undecided | Word::Unspecified, Some(entry)) => Cell::declared(entry.reason_class.name()),
                _ if self.is_result(row) => Cell::of(row),
                _ => return None,
            };
            Some((row.property.as_str(), cell))
        })
    }

    /// Why its subject cannot be started here.
    pub fn unavailable(&self) -> Option<&str> {
        if let Start::Not(why) = &self.subject.start { Some(why) } else { None }
    }
}

impl Survey {
    /// Starts the wardens.
    ///
    /// # Errors
    /// As [`open`].
    pub fn begin(args: &SurveyArgs) -> Result<Survey, Fault> {
        let session = open(args.jobs.map_or_else(cpus, usize::from), args.isolation.as_deref())?;
        Ok(Survey { session, seed: args.seed.unwrap_or_else(fresh_seed), cases: args.cases })
    }

    /// The seed of its cases.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Every pair, in this order. Once in the life of a process, for it watches for signals meanwhile.
    ///
    /// # Errors
    /// An interruption: what is not complete says nothing.
    pub fn run(self, pairs: Vec<Pair>) -> Result<Vec<Seen>, Fault> {
        let mut all = Vec::with_capacity(pairs.len());
        self.each(pairs, |seen| {
            all.push(seen);
            Ok(())
        })?;
        Ok(all)
    }

    /// Every pair, handed over in this order, each as soon as it and those before it are complete. Once in the life of a process.
    ///
    /// # Errors
    /// An interruption, and the first of `take`, after which no more is run.
    pub fn each(self, pairs: Vec<Pair>, mut take: impl FnMut(Seen) -> Result<(), Fault> + Send) -> Result<(), Fault> {
        let engine = Engine::new(&self.session, self.seed, self.cases, PathBuf::new()).only_counting();
        let watch = interrupt::Watch::begin().map_err(|error| Fault::Harness(format!("installing signal handlers: {error}")))?;
        let (bar, interrupted) = (progress::Progress::begin(pairs.len(), false), AtomicBool::new(false));
        let (mut subjects, mut taken) = (pairs.iter().map(|pair| pair.subject.clone()), Ok(()));
        watch.during(
            || {
                interrupted.store(true, Ordering::Relaxed);
                engine.cancel();
            },
            || {
                engine.run(&pairs, |entry| {
                    // What is complete after an interruption may be so for want of cases that were never run.
                    let Some(subject) = subjects.next().filter(|_| !engine.cancelled()) else { return false };
                    taken = bar.around(&entry.scenario.clone(), || take(Seen { subject, entry }));
                    taken.is_ok()
                });
            },
        );
        bar.end();
        taken?;
        if interrupted.load(Ordering::Relaxed) {
            return Err(Fault::Harness("interrupted: the rest was not run".into()));
        }
        Ok(())
    }
}

/// Every subject on every plan that it can be tried with.
pub fn pairs(subjects: &[Arc<Subject>], plans: &[Arc<Plan>]) -> Vec<Pair> {
    let suits = |subject: &Subject, plan: &Plan| plan.plane == Plane::Library || subject.name == select::RAW;
    let with = |subject: &Arc<Subject>| {
        let fitting = plans.iter().filter(|plan| suits(subject, plan));
        fitting.map(|plan| Pair { subject: subject.clone(), plan: plan.clone() }).collect::<Vec<_>>()
    };
    subjects.iter().flat_map(with).collect()
}

/// The scenarios of these globs; of the library plane only, where `libraries` are tried.
///
/// # Errors
/// A glob that matches none.
pub fn plans(globs: &[String], libraries: bool) -> Result<Vec<Arc<Plan>>, Fault> {
    let plans = select::scenarios(globs, &[])?;
    Ok(plans.into_iter().filter(|plan| !libraries || plan.plane == Plane::Library).map(Arc::new).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::verdict::Standing;
    use crate::run::subject::{Condition, Expectation, Reason};
    use crate::trace::SubjectId;
    use std::time::Duration;

    fn seen(words: &[(&str, Word)], declared: &[(&str, Reason)]) -> Seen {
        let row = |&(property, word): &(&str, Word)| {
            let (property, standing) = (property.to_owned(), if word.is_bad() { Standing::FlakyDeclared } else { Standing::Expected });
            Row { property, word, standing, k: 0, n: 1, hygiene: Vec::new(), reason: None, class: Some("ok") }
        };
        let entry = |&(property, reason_class): &(&str, Reason)| {
            let (reason, reference) = ("known".to_owned(), "observed".to_owned());
            let condition = Condition::default();
            Expectation { scenario: "*".into(), property: property.into(), reason_class, reason, reference, sometimes: true, condition }
        };
        let subject = Subject::of_library("a", Start::Not("never".into()), declared.iter().map(entry).collect());
        let id = SubjectId { name: "a".into(), version: "1".into() };
        let rows = words.iter().map(row).collect();
        let entry = Entry { subject: id, scenario: "a/b".into(), cases: 1, duration: Duration::ZERO, rows, failures: Vec::new() };
        Seen { subject: Arc::new(subject), entry }
    }

    #[test]
    fn a_table_does_not_tell_how_luck_went() {
        let declared = [("completes", Reason::Ok), ("in-time", Reason::Bug)];
        let runs = [
            [("completes", Word::Pass), ("in-time", Word::Pass), ("no-zombie", Word::Pass)],
            [("completes", Word::Hang), ("in-time", Word::Undecided), ("no-zombie", Word::Pass)],
            [("completes", Word::Pass), ("in-time", Word::Unspecified), ("no-zombie", Word::Pass)],
        ];
        for words in runs {
            let seen = seen(&words, &declared);
            let cells: Vec<_> = seen.cells().collect();
            assert_eq!(cells, [("completes", Cell::Documented), ("in-time", Cell::Known), ("no-zombie", Cell::Holds)], "{words:?}");
        }
    }

    #[test]
    fn what_came_to_no_end_is_told_once() {
        let seen = seen(&[("completes", Word::Crash), ("in-time", Word::Undecided), ("no-zombie", Word::Fail)], &[]);
        assert_eq!(seen.rows().map(|row| row.property.as_str()).collect::<Vec<_>>(), ["completes", "no-zombie"]);
        let seen = self::seen(&[("completes", Word::Pass), ("in-time", Word::Undecided)], &[]);
        assert_eq!(seen.rows().map(|row| row.property.as_str()).collect::<Vec<_>>(), ["in-time"]);
    }
}
