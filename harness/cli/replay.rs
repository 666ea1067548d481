//! `childproof replay FILE`: the case of a replay file again; 1 where it still fails, 0 where it does not.

use super::exit::{Ended, Exit, Fault};
use super::run::engine::{Engine, Ran};
use super::run::{Level, evidence, isolations, open_session, subject};
use super::{load, out};
use crate::generate::{replay, trial};
use crate::judge::verdict::CaseOutcome;
use crate::plan::ast::Replay;
use crate::plan::case::{Case, Plan};
use crate::report::lanes;
use crate::run::Session;
use crate::run::subject::Subject;
use crate::trace::store;
use clap::Args;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Options of `childproof replay`.
#[derive(Args, Debug)]
pub struct ReplayArgs {
    /// A file that `run` saved
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Another subject than the one that failed
    #[arg(long, value_name = "NAME[@VERSION]")]
    subject: Option<String>,
    /// The subject that an adapter of yours is, started by this line
    #[arg(long, value_name = "LINE", conflicts_with = "subject")]
    command: Option<String>,
    /// How often to run it [default: enough to meet the failure again with 99 %]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    times: Option<u32>,
    /// Isolation level instead of the best that works here
    #[arg(long, value_name = "LEVEL", value_parser = isolations())]
    isolation: Option<Level>,
    /// Run it even where it starts programs of its own and the isolation level cannot contain them
    #[arg(long)]
    trust: bool,
    /// Write the histories to this file, for `childproof judge`
    #[arg(long, value_name = "FILE")]
    histories: Option<PathBuf>,
}

/// Performs it.
///
/// # Errors
/// A file that is no replay file; a harness that cannot start.
pub fn run(args: &ReplayArgs) -> Ended {
    let plan = load::one(&args.file.to_string_lossy())?;
    let (case, from) = saved(&plan, &args.file)?;
    let subject = match &args.command {
        Some(line) => Subject::of_command(line),
        None => subject(args.subject.as_deref().unwrap_or(&from.subject))?,
    };
    let session = open_session(1, args.isolation.as_deref())?;
    let engine = Engine::new(&session, case.seed, None, PathBuf::new()).wary(!args.trust);
    let ran = repeated(&engine, &subject, &plan, &case, args.times.unwrap_or_else(|| enough(&from)));
    keep(args, &ran)?;
    let (text, ended) = told(&plan, &from, &subject.name, &ran);
    out::print(&text)?;
    Ok(ended)
}

/// The case of a replay file again, on this subject and in this session: what came of it, in words, and whether it still fails.
///
/// # Errors
/// A file that is no replay file.
pub fn again(session: &Session, subject: &Subject, file: &Path) -> Result<(String, Exit), Fault> {
    let plan = load::one(&file.to_string_lossy())?;
    let (case, from) = saved(&plan, file)?;
    let engine = Engine::new(session, case.seed, None, PathBuf::new());
    let ran = repeated(&engine, subject, &plan, &case, enough(&from));
    Ok(told(&plan, &from, &subject.name, &ran))
}

fn saved(plan: &Plan, file: &Path) -> Result<(Case, Replay), Fault> {
    replay::case_of(plan).zip(plan.scenario.replay.clone()).ok_or_else(|| {
        let text = format!("`{}` is a scenario without a `replay:` section; `childproof run {0}` runs it", file.display());
        Fault::Usage(text)
    })
}

/// So many runs that the failure is met again with 99 %.
fn enough(from: &Replay) -> u32 {
    trial::runs_per_candidate(from.failed, from.of).max(3)
}

fn repeated(engine: &Engine, subject: &Subject, plan: &Plan, case: &Case, times: u32) -> Vec<Ran> {
    (0..times).map(|_| engine.case(0, subject, plan, case)).collect()
}

fn keep(args: &ReplayArgs, ran: &[Ran]) -> Result<(), Fault> {
    let Some(path) = &args.histories else { return Ok(()) };
    let written = std::fs::File::create(path).and_then(|mut file| ran.iter().try_for_each(|ran| store::write(&mut file, &ran.history)));
    written.map_err(|error| Fault::Usage(format!("cannot write the histories to `{}`: {error}", path.display())))
}

fn told(plan: &Plan, from: &Replay, subject: &str, ran: &[Ran]) -> (String, Exit) {
    let shown: Vec<_> = ran.iter().filter_map(|ran| Some((ran, evidence(&ran.verdict, &from.property)?))).collect();
    let (failed, of) = (shown.len(), ran.len());
    let mut text = format!("{} · {subject} · {}\n", from.scenario, plan.scenario.title);
    let Some((ran, evidence)) = shown.first() else {
        return quiet(text, from, ran);
    };
    let _ = writeln!(text, "still fails {}: {failed} of {of} (was {} of {})", from.property, from.failed, from.of);
    let _ = writeln!(text, "  expected {}\n      seen {}\n        by {}\n", evidence.expected, evidence.seen, evidence.by);
    for line in lanes::of_history(&ran.history, &evidence.events, 96) {
        let _ = writeln!(text, "    {line}");
    }
    (text, Exit::Regression)
}

/// It did not fail; said with what that is worth, and only where it ran at all.
fn quiet(mut text: String, from: &Replay, ran: &[Ran]) -> (String, Exit) {
    if let Some(odd) = ran.iter().find(|ran| ran.verdict.outcome != CaseOutcome::Completed) {
        let reason = odd.verdict.reason.as_deref().unwrap_or("no reason given");
        let _ = writeln!(text, "could not be run to its end: {reason}");
        return (text, if odd.verdict.outcome == CaseOutcome::Harness { Exit::Harness } else { Exit::NothingRan });
    }
    let _ = writeln!(text, "{} holds: 0 of {} (was {} of {})", from.property, ran.len(), from.failed, from.of);
    (text, Exit::AsExpected)
}
