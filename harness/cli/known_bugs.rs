//! `childproof known-bugs`: real defects of real libraries, failed in the release that has them and held in the one that has not.

use super::exit::{Ended, Exit, Fault};
use super::run::engine::Pair;
use super::run::subject_or_why_not;
use super::run::survey::{self, Seen, Survey, SurveyArgs};
use super::{names, out};
use crate::report::{Entry, Row, Word, plural};
use crate::run::subject::{Start, Subject};
use clap::Args;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// The list that ships with childproof.
const LIST: &str = include_str!("../../fixtures/known-bugs.yaml");

/// Options of `childproof known-bugs`.
#[derive(Args, Debug)]
pub struct KnownBugsArgs {
    /// Only those whose subject, property or text holds this
    #[arg(value_name = "FILTER")]
    filter: Option<String>,
    /// Only those that are marked as fast
    #[arg(long)]
    fast: bool,
    /// Another list than the one that ships with childproof
    #[arg(long, value_name = "FILE")]
    list: Option<PathBuf>,
    #[command(flatten)]
    survey: SurveyArgs,
}

/// One known bug.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bug {
    /// The subject's name.
    subject: String,
    /// A version that has it.
    affected: String,
    /// A version that has it no more.
    fixed: String,
    /// The property that tells.
    property: String,
    /// Scenarios that tell; all of the subject's otherwise.
    #[serde(default)]
    scenario: Option<String>,
    /// The interpreter to run both with.
    #[serde(default)]
    interpreter: Option<String>,
    /// Where it can be read about.
    reference: String,
    /// What it is.
    about: String,
    /// Takes little time and nothing from a registry, or a small thing.
    #[serde(default)]
    fast: bool,
}

impl Bug {
    fn title(&self, version: &str) -> String {
        let interpreter = self.interpreter.as_ref().map(|interpreter| format!(":{interpreter}")).unwrap_or_default();
        format!("{}@{version}{interpreter}", self.subject)
    }

    fn matches(&self, filter: &str) -> bool {
        [&self.subject, &self.property, &self.about].into_iter().any(|text| text.contains(filter))
    }
}

/// What came of one pair.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Shown,
    NotShown(String),
    Unavailable(String),
}

/// The pairs to run on the affected and on the fixed version; or what is said of the bug without running any.
type Trial = Result<[Vec<Pair>; 2], Outcome>;

/// Performs it: 1 where a bug is not shown, 4 where nothing ran.
///
/// # Errors
/// A list that is none; a harness that cannot start; a closed pipe.
pub fn run(args: &KnownBugsArgs) -> Ended {
    let bugs: Vec<Bug> = read(args)?.into_iter().filter(|bug| wanted(bug, args)).collect();
    let mut subjects = BTreeMap::new();
    let trials = bugs.iter().map(|bug| trial(bug, &mut subjects)).collect::<Result<Vec<_>, _>>()?;
    let survey = Survey::begin(&args.survey)?;
    let seed = survey.seed();
    let pairs = trials.iter().flatten().flat_map(|both| both.iter().flatten().cloned()).collect();
    let mut told = Told::new(&bugs, trials);
    told.those_complete()?;
    survey.each(pairs, |seen| {
        told.seen.push(seen);
        told.those_complete()
    })?;
    let Told { shown, failed, missing, .. } = told;
    let many = plural(bugs.len() as u64, "known bug");
    out::print(&format!("\n{many}: {shown} told from their fix, {failed} not, {missing} unavailable · seed {seed}\n"))?;
    Ok(match (shown, failed) {
        (_, 1..) => Exit::Regression,
        (1.., 0) => Exit::AsExpected,
        _ => Exit::NothingRan,
    })
}

/// The bugs in their order, each told as soon as its pairs and those before it were run.
struct Told<'a> {
    left: std::iter::Zip<std::slice::Iter<'a, Bug>, std::vec::IntoIter<Trial>>,
    /// Whose turn it is.
    now: Option<(&'a Bug, Trial)>,
    /// What was run of its pairs.
    seen: Vec<Seen>,
    shown: u32,
    failed: u32,
    missing: u32,
}

impl<'a> Told<'a> {
    fn new(bugs: &'a [Bug], trials: Vec<Trial>) -> Told<'a> {
        let mut left = bugs.iter().zip(trials);
        Told { now: left.next(), left, seen: Vec::new(), shown: 0, failed: 0, missing: 0 }
    }

    /// Tells of each whose turn it is and of which there is nothing left to run.
    fn those_complete(&mut self) -> Result<(), Fault> {
        while let Some((bug, trial)) = self.now.take_if(|(_, trial)| wants(trial) == self.seen.len()) {
            let seen = std::mem::take(&mut self.seen);
            let outcome = match trial {
                Ok([affected, _]) => judged(bug, seen.split_at(affected.len())),
                Err(outcome) => outcome,
            };
            self.tell(bug, outcome)?;
            self.now = self.left.next();
        }
        Ok(())
    }

    fn tell(&mut self, bug: &Bug, outcome: Outcome) -> Result<(), Fault> {
        let (mark, count, why) = match outcome {
            Outcome::Shown => ("✓", &mut self.shown, String::new()),
            Outcome::NotShown(why) => ("✗", &mut self.failed, format!("\n      {why}")),
            Outcome::Unavailable(why) => ("○", &mut self.missing, format!("\n      unavailable: {why}")),
        };
        *count += 1;
        out::print(&format!("  {mark} {} {} → {}  {}: {}{why}\n", bug.subject, bug.affected, bug.fixed, bug.property, bug.about))
    }
}

/// How many pairs there are to run.
fn wants(trial: &Trial) -> usize {
    trial.as_ref().map_or(0, |both| both.iter().map(Vec::len).sum())
}

fn read(args: &KnownBugsArgs) -> Result<Vec<Bug>, Fault> {
    let Some(path) = &args.list else {
        return parse(LIST).map_err(|error| Fault::Harness(format!("reading the list of known bugs: {error}")));
    };
    let said = |error: String| Fault::Usage(format!("{}: {error}", path.display()));
    std::fs::read_to_string(path).map_err(|error| said(error.to_string())).and_then(|text| parse(&text).map_err(said))
}

fn parse(text: &str) -> Result<Vec<Bug>, String> {
    serde_saphyr::from_str(text).map_err(|error| error.to_string())
}

fn wanted(bug: &Bug, args: &KnownBugsArgs) -> bool {
    let globs = &args.survey.scenarios;
    let scenario = bug.scenario.as_deref();
    (bug.fast || !args.fast)
        && args.filter.as_deref().is_none_or(|filter| bug.matches(filter))
        && (globs.is_empty() || scenario.is_some_and(|scenario| globs.iter().any(|glob| names::matches(glob, scenario))))
}

/// What there is to run for it.
fn trial(bug: &Bug, subjects: &mut BTreeMap<String, Subject>) -> Result<Trial, Fault> {
    let globs: Vec<String> = bug.scenario.iter().cloned().collect();
    let plans = match survey::plans(&globs, true) {
        Ok(plans) => plans,
        Err(Fault::Usage(why)) => return Ok(Err(Outcome::NotShown(why))),
        Err(fault) => return Err(fault),
    };
    let mut both = [Vec::new(), Vec::new()];
    for (pairs, version) in both.iter_mut().zip([&bug.affected, &bug.fixed]) {
        let title = bug.title(version);
        let subject = match subjects.get(&title) {
            Some(known) => known.clone(),
            None => match subject_or_why_not(&title) {
                Ok(found) => subjects.entry(title).or_insert(found).clone(),
                Err(Fault::Usage(why)) => return Ok(Err(Outcome::Unavailable(why))),
                Err(fault) => return Err(fault),
            },
        };
        if let Start::Not(why) = &subject.start {
            return Ok(Err(Outcome::Unavailable(why.clone())));
        }
        // A subject of its own for each bug: one that hangs for this one is not given up for the next.
        *pairs = survey::pairs(&[Arc::new(subject)], &plans);
    }
    Ok(Ok(both))
}

/// What came of the pairs of one bug, on the affected version and on the fixed one.
fn judged(bug: &Bug, (affected, fixed): (&[Seen], &[Seen])) -> Outcome {
    outcome(bug, &words(affected, &bug.property), &words(fixed, &bug.property))
}

/// A scenario, what was found of the property, and what there is to say of the cases where that is nothing.
type Found<'a> = (&'a str, Option<Word>, Word);

/// What was found of the property, scenario by scenario.
fn words<'a>(seen: &'a [Seen], property: &str) -> Vec<Found<'a>> {
    let of = |entry: &'a Entry, name: &str| entry.rows.iter().find(|row| row.property == name).map(|row| row.word);
    let found = |entry: &'a Entry| {
        let word = of(entry, property);
        Some((entry.scenario.as_str(), word, word.or_else(|| of(entry, Row::COMPLETES))?))
    };
    seen.iter().filter_map(|seen| found(&seen.entry)).collect()
}

/// Rules: 1. the property fails somewhere on the affected version; 2. it holds somewhere on the fixed one, and fails nowhere.
fn outcome(bug: &Bug, affected: &[Found], fixed: &[Found]) -> Outcome {
    let told = |(scenario, word, instead): &Found| match word {
        Some(word) => format!("{scenario} {}", word.name()),
        None => format!("{scenario} says nothing of it: {}", instead.name()),
    };
    let list = |found: &[Found]| match found {
        [] => "nothing is said of it".to_owned(),
        found => found.iter().map(told).collect::<Vec<_>>().join(", "),
    };
    let said = |found: &[Found]| found.iter().filter_map(|(_, word, _)| *word).collect::<Vec<Word>>();
    let (on_affected, on_fixed) = (said(affected), said(fixed));
    if !on_affected.iter().any(|word| word.is_bad()) {
        return Outcome::NotShown(format!("{} is to fail on {}: {}", bug.property, bug.affected, list(affected)));
    }
    if on_fixed.iter().any(|word| word.is_bad()) || !on_fixed.iter().any(|word| matches!(word, Word::Pass | Word::Unspecified)) {
        return Outcome::NotShown(format!("{} is to hold on {}: {}", bug.property, bug.fixed, list(fixed)));
    }
    Outcome::Shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bug() -> Bug {
        parse(LIST).expect("it is valid").remove(0)
    }

    #[test]
    fn the_list_is_valid_and_names_what_exists() {
        let subjects = crate::run::subject::survey().expect("valid");
        for bug in parse(LIST).expect("valid") {
            let known = crate::judge::PROPERTIES.iter().any(|property| property.name() == bug.property);
            assert!(known || bug.property == Row::COMPLETES, "{bug:?}");
            assert!(bug.reference.starts_with("http") || bug.reference == "no report found", "{bug:?}");
            // A subject may come later than the bugs that are known of it.
            let _ = subjects.iter().any(|subject| subject.name == bug.subject);
        }
    }

    #[test]
    fn a_pair_has_to_differ() {
        let found = |word| [("a/b", Some(word), word)];
        let (bad, good) = (found(Word::Fail), found(Word::Pass));
        assert_eq!(outcome(&bug(), &bad, &good), Outcome::Shown);
        for (affected, fixed) in [(&good[..], &good[..]), (&bad, &bad), (&bad, &[]), (&[], &good)] {
            assert!(matches!(outcome(&bug(), affected, fixed), Outcome::NotShown(_)));
        }
        let unsaid = [("a/b", None, Word::NotRun)];
        let Outcome::NotShown(why) = outcome(&bug(), &unsaid, &good) else { panic!("what was not run shows nothing") };
        assert!(why.ends_with("a/b says nothing of it: not-run"), "{why}");
    }
}
