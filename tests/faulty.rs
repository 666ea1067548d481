//! The suite is held against faults: for every property there is a program with one small fault that it must fail.
//!
//! `fixtures/faulty/PROPERTY/NAME.yaml` is one fault, in one of two forms (`fixtures/faulty/README.md`):
//!
//! - a fault of a library: the reference library with one deviation (`fault:`) on a scenario of the catalogue;
//!   its healthy twin is `raw` on the same scenario;
//! - a fault of a program: a scenario in `healthy:` with one `edit:`; its healthy twin is the scenario unedited.
//!
//! The named property must fail the fault in one of its cases at least, none may that is not named, and the twin must hold.

mod common;

use childproof::generate::{draw, lower};
use childproof::judge::PROPERTIES;
use childproof::judge::verdict::{CaseOutcome, Finding};
use childproof::plan::case::{Plan, Source};
use childproof::plan::library;
use childproof::run::Session;
use childproof::run::subject::{self, Subject};
use common::Lazy;
use libtest_mimic::{Arguments, Failed, Trial};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

/// One fixture.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Faulty {
    /// Its name: that of the file, and with `scenario` that of a fault of the reference library.
    fault: String,
    /// Who is tested, and who is the healthy twin.
    #[serde(default = "raw")]
    subject: String,
    /// What is wrong, in a sentence.
    about: String,
    /// A scenario of the catalogue, or:
    scenario: Option<String>,
    /// A scenario without the fault,
    healthy: Option<String>,
    /// and the fault.
    edit: Option<Edit>,
    /// Properties that must fail it, that of the folder among them.
    must_fail: BTreeSet<String>,
    /// Properties that the same fault may break as well.
    #[serde(default)]
    may_fail: BTreeSet<String>,
    /// Cases to draw.
    cases: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    /// Text that occurs once in the healthy scenario.
    find: String,
    /// What stands there in the faulty one.
    put: String,
}

/// Properties that only a kernel or an emulator can break, as no program has a say in them. Their faults are recorded histories.
const OF_THE_KERNEL: [&str; 2] = ["parentage", "exec-preserves"];

fn raw() -> String {
    "raw".into()
}

/// What failed of what, for the matrix at the end.
type Matrix = Arc<Mutex<BTreeMap<String, BTreeSet<String>>>>;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let (session, matrix) = (Arc::new(Lazy::default()), Matrix::default());
    let files = files();
    let mut trials = vec![Trial::test("every-property-has-a-fault", covered)];
    trials.extend(files.into_iter().map(|(property, path)| {
        let (session, matrix) = (session.clone(), matrix.clone());
        let name = format!("{property}::{}", path.file_stem().unwrap_or_default().to_string_lossy());
        Trial::test(name.clone(), move || caught(&session, &property, &path, &name, &matrix))
    }));
    let conclusion = libtest_mimic::run(&arguments, trials);
    if !arguments.list {
        print(&matrix);
    }
    drop(session);
    conclusion.exit_code()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/faulty")
}

/// Every fixture with the property of its folder, sorted.
fn files() -> Vec<(String, PathBuf)> {
    let entries = |path: &Path| std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path()).collect::<BTreeSet<_>>();
    let yaml = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "yaml");
    let named = |folder: &PathBuf| folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    entries(&folder()).iter().flat_map(|folder| entries(folder).into_iter().filter(yaml).map(|path| (named(folder), path))).collect()
}

fn covered() -> Result<(), Failed> {
    let faults: BTreeSet<String> = files().into_iter().map(|(property, _)| property).collect();
    let known: BTreeSet<String> = PROPERTIES.iter().map(|property| property.name().to_owned()).collect();
    let recorded =
        |property: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/histories").join(property).join("breaks.jsonl").exists();
    let excused = |property: &str| OF_THE_KERNEL.contains(&property) && recorded(property);
    let bare: Vec<_> = known.difference(&faults).filter(|property| !excused(property)).collect();
    let strange: Vec<_> = faults.difference(&known).collect();
    if bare.is_empty() && strange.is_empty() {
        Ok(())
    } else {
        Err(format!("properties without a fault: {bare:?}; folders without a property: {strange:?}").into())
    }
}

fn caught(session: &Lazy, property: &str, path: &Path, name: &str, matrix: &Matrix) -> Result<(), Failed> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let faulty: Faulty = serde_saphyr::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    if !faulty.must_fail.contains(property) {
        return Err(format!("{}: `{property}` is not among its must-fail", path.display()).into());
    }
    if path.file_stem().is_none_or(|stem| stem.to_string_lossy() != faulty.fault) {
        return Err(format!("{}: its fault is called `{}`", path.display(), faulty.fault).into());
    }
    let session = session.get()?;
    let (healthy, mutant) = plans(&faulty, path)?;
    let twin = failures(session, &subject::find(&faulty.subject)?, &healthy, faulty.cases);
    if !twin.is_empty() {
        return Err(format!("the healthy twin fails {twin:?}").into());
    }
    let failed = failures(session, &subject::find(&guilty(&faulty))?, &mutant, faulty.cases);
    matrix.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), failed.keys().cloned().collect());
    judged(&faulty, &failed)
}

/// The subject that has the fault.
fn guilty(faulty: &Faulty) -> String {
    if faulty.scenario.is_some() { format!("{}:{}", faulty.subject, faulty.fault) } else { faulty.subject.clone() }
}

fn judged(faulty: &Faulty, failed: &BTreeMap<String, String>) -> Result<(), Failed> {
    let names: BTreeSet<String> = failed.keys().cloned().collect();
    let missed: Vec<_> = faulty.must_fail.difference(&names).collect();
    let unrelated: Vec<_> = names.iter().filter(|name| !faulty.must_fail.contains(*name) && !faulty.may_fail.contains(*name)).collect();
    if missed.is_empty() && unrelated.is_empty() {
        return Ok(());
    }
    Err(format!("{}\nnot failed by: {missed:?}\nfailed by unrelated: {unrelated:?}\nseen: {failed:#?}", faulty.about).into())
}

/// The healthy plan and the faulty one.
fn plans(faulty: &Faulty, path: &Path) -> Result<(Plan, Plan), String> {
    let source = |text: String| Source { id: "faulty/program".into(), path: path.display().to_string(), text };
    match (&faulty.scenario, &faulty.healthy, &faulty.edit) {
        (Some(id), None, None) => {
            let known = library::embedded()
                .into_iter()
                .find(|source| source.id == *id)
                .ok_or_else(|| format!("{}: no scenario `{id}`", path.display()))?;
            let plan = common::plan(&known)?;
            Ok((plan.clone(), plan))
        }
        (None, Some(text), Some(edit)) => {
            if text.matches(&edit.find).count() != 1 {
                return Err(format!("{}: `{}` must occur once in `healthy`", path.display(), edit.find));
            }
            Ok((common::plan(&source(text.clone()))?, common::plan(&source(text.replacen(&edit.find, &edit.put, 1)))?))
        }
        _ => Err(format!("{}: give either `scenario`, or `healthy` with `edit`", path.display())),
    }
}

/// Properties that failed in any case, with the first evidence. A hang counts for `in-time`; what is no verdict at all
/// (the harness failed, nothing ran) counts under its own name, which no fixture may have.
fn failures(session: &Session, subject: &Subject, plan: &Plan, cases: Option<u32>) -> BTreeMap<String, String> {
    let mut failed = BTreeMap::new();
    for case in draw::cases(plan, common::seed(), cases.unwrap_or_else(|| draw::default_count(plan))) {
        let (script, program) = match lower::lower(plan, &case) {
            Ok(lowered) => lowered,
            Err(error) => return BTreeMap::from([("lowering".to_owned(), format!("{error}"))]),
        };
        let verdict = childproof::judge::judge(&session.run(0, &script, &program, subject));
        if !matches!(verdict.outcome, CaseOutcome::Completed | CaseOutcome::Hang | CaseOutcome::Crash) {
            failed.entry(format!("{:?}", verdict.outcome)).or_insert_with(|| verdict.reason.clone().unwrap_or_default());
        }
        for judgement in verdict.judgements {
            if let Finding::Fail(evidence) = judgement.finding {
                let seen = format!("expected {}; seen {}; by {}; {:?}", evidence.expected, evidence.seen, evidence.by, case.bindings);
                failed.entry(judgement.property).or_insert(seen);
            }
        }
    }
    failed
}

/// The kill matrix: which property failed which fault.
fn print(matrix: &Matrix) {
    let matrix = matrix.lock().unwrap_or_else(PoisonError::into_inner);
    println!("fault × property that failed it:");
    for (fault, properties) in matrix.iter() {
        println!("  {fault:<60} {}", properties.iter().cloned().collect::<Vec<_>>().join(" "));
    }
}
