//! `childproof run`: subjects × scenarios → cases → histories → verdicts → a report.

pub mod engine;
mod fail;
mod interrupt;
mod kept;
mod patience;
mod progress;
mod select;
mod session;
mod standing;
pub mod survey;
mod tally;
mod update;

use super::exit::{Ended, Exit, Fault};
use super::out;
use crate::plan::library;
use crate::report::{self, Entry, Header, Reporter, Summary, Word};
use clap::Args;
use engine::{Engine, Pair};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

pub(super) use fail::evidence;
pub(super) use select::{subject, subject_or_why_not};
pub(super) use session::{Level, cpus, isolations, open as open_session};

/// Options of `childproof run`.
#[derive(Args, Debug)]
pub struct RunArgs {
    /// Subject to test, as `childproof list subjects` names it [default: raw and rust-std]
    #[arg(long = "subject", value_name = "NAME[@VERSION]")]
    subjects: Vec<String>,
    /// Adapter to test, as a command line for sh; may stand beside --subject
    #[arg(long, value_name = "CMD")]
    command: Option<String>,
    /// Only scenarios of this name; `*` and `?` are wild, `pipe` means `pipe/*` [default: all]
    #[arg(long = "scenario", value_name = "GLOB")]
    scenarios: Vec<String>,
    /// Cases to draw of each scenario [default: what the scenario says, or 20]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    cases: Option<u32>,
    /// Seed that all cases are drawn from [default: a new one, printed in the report]
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Cases to run side by side [default: one per CPU]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Isolation level instead of the best that works here
    #[arg(long, value_name = "LEVEL", value_parser = isolations())]
    isolation: Option<Level>,
    /// Run scenario files that start programs of their own even where the isolation level cannot contain them
    #[arg(long)]
    trust: bool,
    /// Form of the report
    #[arg(long, value_name = "FORM", default_value = "terminal", value_parser = forms())]
    format: String,
    /// Write the report to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write what deviates and is not declared into the subject.yaml of the subject, which must lie in a folder of yours
    #[arg(long)]
    update_expectations: bool,
    /// Only count failures: make none of them small, charge nobody with one, save none
    #[arg(long, conflicts_with = "update_expectations")]
    count_only: bool,
    /// Where to save the smallest case of each failure
    #[arg(long, value_name = "DIR", default_value = library::FAILURES)]
    failures: PathBuf,
    /// Scenario files instead of the embedded ones
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
}

fn forms() -> clap::builder::PossibleValuesParser {
    report::FORMS.iter().map(|form| clap::builder::PossibleValue::new(form.name).help(form.help)).collect::<Vec<_>>().into()
}

/// Performs it.
///
/// # Errors
/// Mistakes of usage, found before anything runs; a harness that cannot start.
pub fn run(args: &RunArgs) -> Ended {
    let pairs = select::pairs(&args.subjects, args.command.as_deref(), &args.scenarios, &args.files)?;
    let mut update = if args.update_expectations { Some(update::Update::of(&pairs)?) } else { None };
    let form = report::form(&args.format).ok_or_else(|| Fault::Usage(format!("there is no form `{}`", args.format)))?;
    let sink = out::sink(args.output.as_deref())?;
    let seed = args.seed.unwrap_or_else(fresh_seed);
    let jobs = args.jobs.map_or_else(cpus, usize::from);
    let session = open_session(jobs, args.isolation.as_deref())?;
    let engine = Engine::new(&session, seed, args.cases, args.failures.clone()).wary(!args.trust && !args.files.is_empty());
    let engine = if args.count_only { engine.only_counting() } else { engine };
    let watch = interrupt::Watch::begin().map_err(|error| Fault::Harness(format!("installing signal handlers: {error}")))?;
    let mut desk = Desk::new((form.open)(sink), &engine, jobs, &pairs, args.output.is_some() || args.format != "terminal")?;
    let interrupted = AtomicBool::new(false);
    watch.during(
        || {
            interrupted.store(true, Ordering::Relaxed);
            engine.cancel();
        },
        || {
            engine.run(&pairs, |entry| {
                update.iter_mut().for_each(|update| update.see(&entry));
                desk.take(&entry)
            });
        },
    );
    let exit = desk.close(interrupted.load(Ordering::Relaxed), &session.troubles())?;
    match update {
        Some(update) if !interrupted.load(Ordering::Relaxed) => update.write(exit),
        _ => Ok(exit),
    }
}

/// A seed nobody chose: the standard library's own randomness, cut to a length that can be read out loud.
fn fresh_seed() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::collections::hash_map::RandomState::new().build_hasher().finish() % 1_000_000_000
}

/// Where finished entries arrive: the report, the totals, the progress bar.
struct Desk {
    reporter: Box<dyn Reporter>,
    progress: progress::Progress,
    summary: Summary,
    began: Instant,
    broken: Option<std::io::Error>,
    /// What was found, a line each, for the case that the report cannot be written.
    found: Vec<String>,
    ran: bool,
}

impl Desk {
    fn new(mut reporter: Box<dyn Reporter>, engine: &Engine, jobs: usize, pairs: &[Pair], elsewhere: bool) -> Result<Desk, Fault> {
        let header = header(engine, jobs, pairs);
        reporter.start(&header)?;
        let summary =
            Summary { subjects: header.subjects.len(), scenarios: header.scenarios, isolation: header.isolation, ..Summary::default() };
        let progress = progress::Progress::begin(pairs.len(), elsewhere);
        Ok(Desk { reporter, progress, summary, began: Instant::now(), broken: None, found: Vec::new(), ran: false })
    }

    /// One entry; `false` when nobody wants any more of them.
    fn take(&mut self, entry: &Entry) -> bool {
        self.summary.add(entry);
        self.found.extend(entry.rows.iter().filter(|row| row.word.is_bad()).map(|row| found(entry, row)));
        self.ran |= entry.rows.iter().any(|row| !matches!(row.word, Word::Unsupported | Word::Unavailable | Word::NotRun));
        let reporter = &mut self.reporter;
        let told = self.progress.around(&entry.scenario, || reporter.entry(entry));
        self.broken = self.broken.take().or(told.err());
        self.broken.is_none()
    }

    /// `troubles`: what failed of the harness and was made good.
    fn close(mut self, interrupted: bool, troubles: &[String]) -> Ended {
        self.progress.end();
        self.summary.seconds = (self.began.elapsed().as_secs_f64() * 1e3).round() / 1e3;
        self.summary.interrupted = interrupted;
        let exit = if troubles.is_empty() { exit(&self.summary, self.ran) } else { Exit::Harness };
        self.summary.exit = exit as u8;
        say(troubles);
        let told = self.broken.take().map_or_else(|| self.reporter.finish(&self.summary), Err);
        if let Err(error) = told {
            // Nobody reads on a closed pipe; a full disk must not cost what was found.
            if error.kind() != std::io::ErrorKind::BrokenPipe {
                say(&self.found);
            }
            return Err(error.into());
        }
        Ok(exit)
    }
}

/// One result that is not as it should be.
fn found(entry: &Entry, row: &report::Row) -> String {
    let reason = row.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{} {}: {} {} in {} of {}{reason}", entry.subject.name, entry.scenario, row.property, row.word.name(), row.k, row.n)
}

/// On standard error, for as long as anybody is there to read it.
fn say(lines: &[String]) {
    let mut stderr = anstream::stderr().lock();
    let _ = lines.iter().try_for_each(|line| writeln!(stderr, "childproof: {line}"));
}

/// The rules, the first that applies counts: 1. the harness failed, or was interrupted: 3; 2. something is not as it should be: 1;
/// 3. not everything was tried: 3; 4. nothing could be tried: 4; 5. otherwise 0.
fn exit(summary: &Summary, ran: bool) -> Exit {
    if summary.interrupted || summary.verdict(Word::Harness) > 0 {
        Exit::Harness
    } else if summary.breaking() > 0 {
        Exit::Regression
    } else if summary.verdict(Word::NotRun) > 0 {
        Exit::Harness
    } else if !ran {
        Exit::NothingRan
    } else {
        Exit::AsExpected
    }
}

fn header(engine: &Engine, jobs: usize, pairs: &[Pair]) -> Header {
    let mut subjects: Vec<String> = pairs.iter().map(|pair| pair.subject.title()).collect();
    subjects.dedup();
    let scenarios: BTreeSet<_> = pairs.iter().map(|pair| &pair.plan.id).collect();
    Header {
        childproof: env!("CARGO_PKG_VERSION").to_owned(),
        platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        isolation: engine.isolation(),
        seed: engine.seed(),
        jobs,
        subjects,
        scenarios: scenarios.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_statuses_follow_their_rules() {
        let with = |verdict: &str, expectation: &str| {
            let mut summary = Summary::default();
            summary.verdicts.insert(verdict.into(), 1);
            summary.expectations.insert(expectation.into(), 1);
            summary
        };
        assert_eq!(exit(&with("pass", "expected"), true), Exit::AsExpected);
        assert_eq!(exit(&with("fail", "xfail"), true), Exit::AsExpected);
        assert_eq!(exit(&with("fail", "regression"), true), Exit::Regression);
        assert_eq!(exit(&with("pass", "xpass"), true), Exit::Regression);
        assert_eq!(exit(&with("harness", "new"), true), Exit::Harness);
        assert_eq!(exit(&with("not-run", "new"), true), Exit::Harness);
        assert_eq!(exit(&with("unsupported", "expected"), false), Exit::NothingRan);
    }
}
