//! Every property passes the history that holds and fails the one that breaks it, and none fails for another's fault.
//!
//! The histories are files, so that they also hold tomorrow's code to today's judgements. They are written by the builder
//! in `judges/`: `CHILDPROOF_WRITE_HISTORIES=1 cargo test --test judges` writes them anew; the difference is reviewed.

#[path = "judges/build.rs"]
mod build;
#[path = "judges/mangle.rs"]
mod mangle;
#[path = "judges/processes.rs"]
mod processes;
#[path = "judges/rules.rs"]
mod rules;
#[path = "judges/signals.rs"]
mod signals;
#[path = "judges/spawned.rs"]
mod spawned;
#[path = "judges/streams.rs"]
mod streams;
#[path = "judges/tears.rs"]
mod tears;
#[path = "judges/universal.rs"]
mod universal;
#[path = "judges/wholes.rs"]
mod wholes;
#[path = "judges/workers.rs"]
mod workers;

use childproof::judge::verdict::{CaseOutcome, Finding, Judgement, Verdict};
use childproof::judge::{self, PROPERTIES};
use childproof::trace::{History, store};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A property's name, a history in which it holds, one that breaks it.
pub type Pair = (&'static str, History, History);

/// Properties that record what they saw instead of passing: both outcomes are right.
const RECORDING: &[&str] = &["frames-torn", "counter-at-most"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/histories")
}

fn pairs() -> Vec<Pair> {
    [universal::all(), streams::all(), processes::all(), wholes::all(), spawned::all(), signals::all(), workers::all()].concat()
}

/// Writes the files anew when that was asked for, once, before any test reads one.
fn renewed() -> PathBuf {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        if std::env::var_os("CHILDPROOF_WRITE_HISTORIES").is_some() {
            pairs().iter().for_each(|(property, holds, breaks)| {
                [("holds", holds), ("breaks", breaks)].iter().for_each(|(which, history)| write(property, which, history))
            });
        }
    });
    folder()
}

fn read(property: &str, which: &str) -> Vec<History> {
    let path = renewed().join(property).join(format!("{which}.jsonl"));
    let file = std::fs::File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    store::read(std::io::BufReader::new(file)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn write(property: &str, which: &str, history: &History) {
    let folder = folder().join(property);
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    let file = std::fs::File::create(folder.join(format!("{which}.jsonl"))).expect("the file can be made");
    store::write(file, history).expect("the history can be written");
}

/// The properties that failed, with their findings.
pub fn failed(verdict: &Verdict) -> Vec<&Judgement> {
    verdict.judgements.iter().filter(|judgement| matches!(judgement.finding, Finding::Fail(_))).collect()
}

/// What a verdict says of one property.
pub fn finding<'v>(verdict: &'v Verdict, property: &str) -> &'v Finding {
    let found = verdict.judgements.iter().find(|judgement| judgement.property == property);
    &found.unwrap_or_else(|| panic!("{property} was not judged")).finding
}

#[test]
fn the_files_are_what_the_builder_writes() {
    for (property, holds, breaks) in pairs() {
        for (which, history) in [("holds", holds), ("breaks", breaks)] {
            assert_eq!(read(property, which), [history], "{property}/{which}.jsonl: write it anew, see the head of this file");
        }
    }
}

#[test]
fn every_property_has_its_two_histories_and_its_file() {
    let slice: BTreeSet<String> = PROPERTIES.iter().map(|property| property.name().to_owned()).collect();
    assert_eq!(slice.len(), PROPERTIES.len(), "a name occurs twice in the slice");
    assert_eq!(slice, names(&renewed()), "slice and fixtures/histories differ");
    let mut files = names(&Path::new(env!("CARGO_MANIFEST_DIR")).join("harness/judge/property"));
    files.remove("mod");
    assert_eq!(slice, files, "slice and harness/judge/property differ");
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).expect("the folder can be read").map(|entry| entry.expect("an entry").path());
    entries.filter_map(|path| Some(path.file_stem()?.to_str()?.replace('_', "-"))).collect()
}

#[test]
fn what_holds_passes() {
    for property in PROPERTIES {
        for history in read(property.name(), "holds") {
            let verdict = judge::judge(&history);
            assert_eq!(verdict.outcome, CaseOutcome::Completed, "{}", property.name());
            let recorded =
                RECORDING.contains(&property.name()) && matches!(finding(&verdict, property.name()), Finding::Unspecified { .. });
            assert!(
                recorded || *finding(&verdict, property.name()) == Finding::Pass,
                "{}: {:?}",
                property.name(),
                finding(&verdict, property.name())
            );
            let doubtful: Vec<_> = verdict
                .judgements
                .iter()
                .filter(|judgement| matches!(judgement.finding, Finding::Fail(_) | Finding::Undecided { .. }))
                .collect();
            assert!(doubtful.is_empty(), "{}: {doubtful:?}", property.name());
            assert!(verdict.hygiene.is_empty(), "{}: {:?}", property.name(), verdict.hygiene);
        }
    }
}

#[test]
fn what_breaks_is_failed_by_its_property_alone() {
    for property in PROPERTIES {
        for history in read(property.name(), "breaks") {
            let verdict = judge::judge(&history);
            let failed: Vec<&str> = failed(&verdict).iter().map(|judgement| judgement.property.as_str()).collect();
            assert_eq!(failed, [property.name()]);
        }
    }
}

#[test]
fn every_failure_is_worth_reading() {
    let mut text = String::new();
    for property in PROPERTIES {
        for history in read(property.name(), "breaks") {
            let verdict = judge::judge(&history);
            let Finding::Fail(evidence) = finding(&verdict, property.name()) else { panic!("{} did not fail", property.name()) };
            assert!(!evidence.expected.is_empty() && !evidence.seen.is_empty() && !evidence.by.is_empty(), "{}", property.name());
            assert!(evidence.events.iter().all(|at| *at < history.events.len()), "{}", property.name());
            text += &format!(
                "{}\n  expected {}\n  seen     {}\n  by       {} {:?}\n",
                property.name(),
                evidence.expected,
                evidence.seen,
                evidence.by,
                evidence.events
            );
        }
    }
    insta::with_settings!({snapshot_path => "judges/snapshots", prepend_module_to_snapshot => false}, { insta::assert_snapshot!("evidence", text) });
}

#[test]
fn every_property_says_what_it_means() {
    for property in PROPERTIES {
        assert!(property.says().len() > 20 && !property.clause().is_empty(), "{}", property.name());
        let shape = |name: &str| name.chars().all(|c| c.is_ascii_lowercase() || c == '-');
        assert!(shape(property.name()), "{}", property.name());
        assert!(property.args().iter().all(|arg| shape(arg.name) && !arg.help.is_empty()), "{}", property.name());
    }
}
