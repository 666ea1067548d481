//! Every adapter that can be started here keeps the protocol, and adapters that are broken on purpose are named.
//!
//! One test per adapter and interpreter; those that are not installed are not listed, so that a skip never looks like a pass.

use childproof::reference::Fault;
use childproof::run::probe::{LIMIT_MS, RuleOutcome, RuleResult, probe_with};
use childproof::run::subject::{self, Start, Subject, broken};
use libtest_mimic::{Arguments, Failed, Trial};
use std::path::Path;

/// Broken adapter → the first rule that it breaks, and what its message says.
const BROKEN: &[(&str, &str, &str)] = &[
    ("wrong-seq", "reset", "wrong seq"),
    ("two-replies", "reset", "two replies"),
    ("not-json", "reset", "not JSON"),
    ("wrong-pid", "reset", "wrong pid"),
    ("wrong-version", "hello", "9.0"),
    ("silent", "hello", "no answer"),
    ("crashes", "reset", "ended during"),
    ("unknown-field", "reset", "colour"),
    ("prints", "silent-stdout", "hello, world"),
    ("strange-claim", "capabilities-known", "`spawn`"),
    ("fails-at-quit", "quit", "exit status: 7"),
];

fn main() {
    let arguments = Arguments::from_args();
    let mut trials: Vec<Trial> =
        names().into_iter().map(|name| Trial::test(format!("keeps_the_protocol::{name}"), move || keeps(&name))).collect();
    trials.extend(BROKEN.iter().map(|&(how, rule, says)| Trial::test(format!("is_named::{how}"), move || is_named(how, rule, says))));
    trials.extend(Fault::ALL.iter().map(|fault| Trial::test(format!("faulty_twin_speaks::{fault}"), move || speaks(*fault))));
    trials.push(Trial::test("every_broken_adapter_is_tried", every_broken_adapter_is_tried));
    trials.push(Trial::test("a_missing_program_is_named", a_missing_program_is_named));
    trials.push(Trial::test("two_processes_after_a_failed_start_are_the_librarys", two_processes_after_a_failed_start_are_the_librarys));
    libtest_mimic::run(&arguments, trials).exit();
}

/// Every subject that starts here, in the version taken when none is asked for; of Python every interpreter at hand, since one file is
/// to run on all of them. What else is installed would make the test another one on each machine.
fn names() -> Vec<String> {
    let ready = subject::all().into_iter().filter(|subject| !matches!(subject.start, Start::Not(_)));
    let versions = |subject: Subject| match subject.name.as_str() {
        "python-subprocess" if !subject.installed.is_empty() => subject.installed,
        _ => vec![subject.title()],
    };
    ready.flat_map(versions).collect()
}

/// Enough for what answers at all; a hang is then told soon.
const SHORT_MS: u64 = 2_000;

fn tried(subject: &Subject, limit_ms: u64) -> Vec<RuleResult> {
    probe_with(subject, Path::new(env!("CARGO_BIN_EXE_childproof")), limit_ms)
}

fn first_broken(results: &[RuleResult]) -> Option<(&'static str, &str)> {
    results.iter().find_map(|result| match &result.outcome {
        RuleOutcome::Broken(message) => Some((result.rule, message.as_str())),
        _ => None,
    })
}

fn keeps(name: &str) -> Result<(), Failed> {
    match first_broken(&tried(&subject::find(name)?, LIMIT_MS)) {
        None => Ok(()),
        Some((rule, message)) => Err(format!("{name} breaks {rule}: {message}").into()),
    }
}

fn is_named(how: &str, rule: &str, says: &str) -> Result<(), Failed> {
    match first_broken(&tried(&subject::find(&format!("broken:{how}"))?, SHORT_MS)) {
        Some((found, message)) if found == rule && message.contains(says) => Ok(()),
        other => Err(format!("{how} was to break {rule} with a message about {says:?}, but: {other:?}").into()),
    }
}

/// A faulty library is still an honest adapter: it says hello, and answers reset and quit.
fn speaks(fault: Fault) -> Result<(), Failed> {
    let results = tried(&subject::find(&format!("raw:{fault}"))?, SHORT_MS);
    match first_broken(&results) {
        Some((rule @ ("hello" | "capabilities-known" | "reset" | "unknown-operation" | "two-at-once"), message)) => {
            Err(format!("raw:{fault} breaks {rule}: {message}").into())
        }
        _ => Ok(()),
    }
}

fn every_broken_adapter_is_tried() -> Result<(), Failed> {
    let untried: Vec<_> = broken::HOW.iter().filter(|how| !BROKEN.iter().any(|(tried, ..)| tried == *how)).collect();
    if untried.is_empty() { Ok(()) } else { Err(format!("not tried: {untried:?}").into()) }
}

fn a_missing_program_is_named() -> Result<(), Failed> {
    let results = tried(&Subject::of_command("/childproof/no/such/adapter"), SHORT_MS);
    match first_broken(&results) {
        Some(("hello", message)) if message.contains("/childproof/no/such/adapter") => Ok(()),
        other => Err(format!("{other:?}").into()),
    }
}

/// Scenarios judge that (`one-process`); the rules after it are tried with an adapter that is new.
fn two_processes_after_a_failed_start_are_the_librarys() -> Result<(), Failed> {
    let results = tried(&subject::find("raw:two-processes-on-failure")?, LIMIT_MS);
    if let Some((rule, message)) = first_broken(&results) {
        return Err(format!("{rule} is broken: {message}").into());
    }
    let of = |name: &str| results.iter().find(|result| result.rule == name).map(|result| &result.outcome);
    match (of("missing-program"), of("statuses")) {
        // Which of the two answers first is a race.
        (Some(RuleOutcome::Held), Some(RuleOutcome::Held)) => Ok(()),
        (Some(RuleOutcome::Skipped(why)), Some(RuleOutcome::Held)) if why.contains("two processes") => Ok(()),
        other => Err(format!("{other:?}").into()),
    }
}
