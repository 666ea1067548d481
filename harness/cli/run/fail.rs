//! A failure made small, charged and saved.

use super::engine::{Engine, Pair, Ran};
use super::select::RAW;
use crate::generate::{replay, shrink, trial::Trial};
use crate::judge;
use crate::judge::verdict::{CaseOutcome, Evidence, Finding, Standing, Verdict};
use crate::plan::ast::Replay;
use crate::plan::case::{Case, Plan};
use crate::plan::library;
use crate::report::{Blame, Failure, Row, Word};
use crate::run::subject;
use crate::trace::History;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What shrinking one failure may cost. A hang costs its whole deadline per run, so the time is what bounds those.
const BUDGET: shrink::Budget = shrink::Budget { runs: 1200, time: Duration::from_secs(10) };
/// A case that takes this long hung somewhere and is told as it was found: each further run would hang too.
const SLOW: Duration = Duration::from_secs(4);
/// Failures of one entry that are shrunk; one fault often breaks several properties, and the third explains no more.
const SHRUNK: usize = 3;
/// Runs on `raw` before it counts as holding there.
const ON_RAW: u32 = 3;

/// Explains every row that is bad.
pub fn explain(engine: &Engine, worker: usize, pair: &Pair, rows: &[Row], ran: &[Ran]) -> Vec<Failure> {
    let bad = rows.iter().filter(|row| row.word.is_bad());
    let explained = bad.enumerate().filter_map(|(at, row)| {
        let first = ran.iter().find(|ran| evidence(&ran.verdict, &row.property).is_some())?;
        let small = row.breaks_the_run() && at < SHRUNK && row.word != Word::Hang && first.took < SLOW && !engine.cancelled();
        let mut failure = failure(engine, worker, pair, row, first, small)?;
        if row.breaks_the_run() {
            failure.replay = save(engine, pair, &failure);
            failure.again = failure.replay.as_deref().map(|file| pair.subject.replayed_by(file));
        }
        Some(failure)
    });
    explained.collect()
}

fn failure(engine: &Engine, worker: usize, pair: &Pair, row: &Row, first: &Ran, small: bool) -> Option<Failure> {
    let mut last = None;
    let (case, failed, of) = if small {
        let shrunk = smallest(engine, worker, pair, row, first, &mut last);
        (shrunk.case, shrunk.failed, shrunk.of)
    } else {
        (first.case.clone(), row.k, row.n)
    };
    // A case that failed once and never again is told as it was found.
    let shown = last.filter(|(of, _, _)| *of == case).map(|(_, history, evidence)| (history, evidence));
    let (history, seen) = shown.or_else(|| Some((first.history.clone(), evidence(&first.verdict, &row.property)?)))?;
    let (says, clause) = sentence(&row.property, &pair.plan);
    Some(Failure {
        property: row.property.clone(),
        says,
        clause,
        evidence: seen,
        bindings: case.bindings.clone(),
        failed,
        of,
        history,
        replay: None,
        again: None,
        blame: blame(engine, worker, pair, &row.property, &case),
        standing: row.standing,
        reason: row.reason.clone().filter(|_| row.word == Word::Fail || row.standing == Standing::Xfail),
    })
}

/// The smallest case; `last` keeps the last failing run, whose case is the smallest one's unless that never failed again.
fn smallest(
    engine: &Engine,
    worker: usize,
    pair: &Pair,
    row: &Row,
    first: &Ran,
    last: &mut Option<(Case, History, Evidence)>,
) -> shrink::Shrunk {
    let mut run = |case: &Case| {
        let ran = engine.case(worker, &pair.subject, &pair.plan, case);
        match evidence(&ran.verdict, &row.property) {
            Some(evidence) => {
                *last = Some((ran.case, ran.history, evidence));
                Trial::failing([row.property.as_str()])
            }
            None => Trial::held(),
        }
    };
    shrink::shrink(&pair.plan, &first.case, &row.property, BUDGET, &mut run)
}

/// What shows that this property failed in a case; `None` where it did not.
pub fn evidence(verdict: &Verdict, property: &str) -> Option<Evidence> {
    if property == Row::COMPLETES {
        let bad = matches!(verdict.outcome, CaseOutcome::Crash | CaseOutcome::Hang | CaseOutcome::Protocol);
        let seen = || verdict.reason.clone().unwrap_or_else(|| format!("{:?}", verdict.outcome).to_lowercase());
        return bad.then(|| Evidence {
            expected: "the case comes to its end".into(),
            seen: seen(),
            by: "warden".into(),
            events: Vec::new(),
        });
    }
    let mut of_it = verdict.judgements.iter().filter(|judgement| judgement.property == property);
    of_it.find_map(|judgement| if let Finding::Fail(evidence) = &judgement.finding { Some(evidence.clone()) } else { None })
}

/// A property's sentence and clause. What a scenario expects of its steps rests on the scenario's own clauses.
fn sentence(property: &str, plan: &Plan) -> (String, String) {
    judge::find(property).map_or_else(
        || ("nobody crashes, hangs or breaks the protocol".to_owned(), "the case's deadline and the subject protocol".to_owned()),
        |known| {
            let own = known.name() == "as-expected" && !plan.scenario.spec.is_empty();
            (known.says().to_owned(), if own { plan.scenario.spec.join("; ") } else { known.clause().to_owned() })
        },
    )
}

/// A library is charged only with what holds on `raw` here.
fn blame(engine: &Engine, worker: usize, pair: &Pair, property: &str, case: &Case) -> Blame {
    if pair.subject.name == RAW {
        return Blame::Platform;
    }
    let Ok(raw) = subject::find(RAW) else { return Blame::Unknown };
    for _ in 0..ON_RAW {
        let ran = engine.case(worker, &raw, &pair.plan, case);
        if evidence(&ran.verdict, property).is_some() {
            return Blame::Platform;
        }
        if ran.verdict.outcome != CaseOutcome::Completed {
            return Blame::Unknown;
        }
    }
    Blame::Library
}

/// Saves the smallest case where it can be written: in the directory asked for, else in the one for temporary files.
fn save(engine: &Engine, pair: &Pair, failure: &Failure) -> Option<PathBuf> {
    let replay = Replay {
        scenario: pair.plan.id.clone(),
        subject: pair.subject.title(),
        bindings: failure.bindings.clone(),
        seed: engine.seed(),
        property: failure.property.clone(),
        failed: failure.failed,
        of: failure.of,
        isolation: engine.isolation(),
    };
    let name = format!("{}.{}", pair.subject.title().replace(['/', ':'], "-"), replay::file_name(&replay));
    let text = replay::to_text(&pair.plan, &replay);
    let aside = std::env::temp_dir().join(library::FAILURES);
    [engine.failures.as_path(), aside.as_path()].into_iter().find_map(|directory| write(directory, &name, &text).ok())
}

fn write(directory: &Path, name: &str, text: &str) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(directory)?;
    let path = directory.join(name);
    std::fs::write(&path, text)?;
    Ok(path)
}
