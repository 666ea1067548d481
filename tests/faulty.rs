//! The suite is held against faults: for every property there is a program with one small fault that it must fail.
//!
//! `fixtures/faulty/PROPERTY/NAME.yaml` is one fault, in one of two forms (`fixtures/faulty/README.md`):
//!
//! - a fault of a library: the reference library with one deviation (`fault:`) on a scenario of the catalogue;
//!   its healthy twin is `raw` on the same scenario;
//! - a fault of a program: a scenario in `healthy:`, or one of the catalogue's, with one `edit:`; its healthy twin is the
//!   scenario unedited.
//!
//! The named property must fail the fault in one of its cases at least, none may that is not named, and the twin must hold:
//! nothing fails it, and the named property holds. A property that merely had nothing to say would hold no twin.
//!
//! `CHILDPROOF_TWINS=100` runs each twin that many times over, with other cases each time: what is meant to hold on a busy machine
//! is shown by it.

mod common;

use childproof::generate::{draw, lower};
use childproof::judge::verdict::{CaseOutcome, Finding, Verdict};
use childproof::judge::{self, PROPERTIES};
use childproof::plan::case::{Case, Plan, Source};
use childproof::plan::catalogue::ROWS;
use childproof::plan::{check, library};
use childproof::run::Session;
use childproof::run::subject::{self, Subject};
use childproof::testing::entries;
use common::Lazy;
use libtest_mimic::{Failed, Trial};
use serde::Deserialize;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// One fixture.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Faulty {
    /// Its name: the file's begins with it, and with `scenario` alone it is that of a fault of the reference library.
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
    /// The fault is performed under the healthy scenario's declaration: the program does other than it says.
    #[serde(default)]
    undeclared: bool,
    /// `root`, `linux` or `cores` (that stay in the case): ignored where that is not so.
    needs: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    /// Text that occurs once in the healthy scenario.
    find: String,
    /// What stands there in the faulty one.
    put: String,
}

fn raw() -> String {
    "raw".into()
}

/// What failed of what, for the matrix at the end.
type Matrix = Mutex<BTreeMap<String, BTreeSet<String>>>;

/// What came of all cases of a program.
#[derive(Clone, Default)]
struct Seen {
    /// Properties that failed in any case, with the first evidence.
    failed: BTreeMap<String, String>,
    /// Properties that held in one at least: what they ask for was seen, or what is left open.
    held: BTreeSet<String>,
}

/// Subject, scenario and number of cases of a healthy twin.
type Twin = (String, String, u32);

/// What all trials share.
#[derive(Default)]
struct Shared {
    session: Lazy,
    matrix: Matrix,
    /// Next worker to hand to a thread.
    next: AtomicUsize,
    /// Healthy twins seen so far, by subject, scenario and cases: several faults have the same one.
    twins: Mutex<BTreeMap<Twin, Arc<OnceLock<Seen>>>>,
}

/// A fault that is to hang has hung after this part of its time: there are many, and to see each out would take longer than all else.
const PART: u64 = 3;

fn main() -> ExitCode {
    let arguments = common::arguments();
    let shared = Arc::new(Shared::default());
    let files = files();
    let mut trials = vec![Trial::test("every-property-has-a-fault", covered), Trial::test("every-row-has-a-fault", rows_covered)];
    trials.extend(files.into_iter().map(|(property, path)| {
        let shared = shared.clone();
        let name = format!("{property}::{}", path.file_stem().unwrap_or_default().to_string_lossy());
        let ignored = lacks_its_place(&path);
        Trial::test(name.clone(), move || caught(&shared, &property, &path, &name)).with_ignored_flag(ignored)
    }));
    let conclusion = libtest_mimic::run(&arguments, trials);
    if !arguments.list {
        print(&shared.matrix);
    }
    drop(shared);
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
    let bare: Vec<_> = known.difference(&faults).collect();
    let strange: Vec<_> = faults.difference(&known).collect();
    if bare.is_empty() && strange.is_empty() {
        Ok(())
    } else {
        Err(format!("properties without a fault: {bare:?}; folders without a property: {strange:?}").into())
    }
}

/// A row of the catalogue is only as good as the fault that one of its scenarios catches: what can never fail promises nothing.
fn rows_covered() -> Result<(), Failed> {
    let scenarios = library::embedded();
    let row_of = |path: &Path| -> Result<Option<String>, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let faulty: Faulty = serde_saphyr::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        let Some(id) = &faulty.scenario else { return Ok(None) };
        let source = scenarios.iter().find(|source| source.id == *id);
        Ok(source.map(checked).transpose()?.and_then(|plan| plan.scenario.catalogue))
    };
    let rows = files().iter().filter_map(|(_, path)| row_of(path).transpose()).collect::<Result<BTreeSet<String>, String>>()?;
    let bare: Vec<_> = ROWS.iter().map(|row| row.id).filter(|row| !rows.contains(*row)).collect();
    if bare.is_empty() { Ok(()) } else { Err(format!("rows of the catalogue of which no fault is caught: {bare:?}").into()) }
}

fn caught(shared: &Shared, property: &str, path: &Path, name: &str) -> Result<(), Failed> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let faulty: Faulty = serde_saphyr::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    if !faulty.must_fail.contains(property) {
        return Err(format!("{}: `{property}` is not among its must-fail", path.display()).into());
    }
    if path.file_stem().is_none_or(|stem| !stem.to_string_lossy().starts_with(&faulty.fault)) {
        return Err(format!("{}: its fault is called `{}`", path.display(), faulty.fault).into());
    }
    let session = shared.session.get()?;
    let runner = Runner { session, worker: worker(shared, session.workers()) };
    let (healthy, mutant) = plans(&faulty, path)?;
    let twin = twin(shared, &runner, &faulty, &healthy)?;
    let silent: Vec<_> = faulty.must_fail.difference(&twin.held).collect();
    if !twin.failed.is_empty() || !silent.is_empty() {
        return Err(format!("the healthy twin fails {:#?}, and does not hold for {silent:?}", twin.failed).into());
    }
    let declared = if faulty.undeclared { &healthy } else { &mutant };
    let performed = Performed { declared, done: &mutant, cases: cases(&faulty, &mutant), enough: Some(&faulty.must_fail) };
    let seen = runner.seen(&subject::find(&guilty(&faulty))?, &performed, fixed_seed());
    locked(&shared.matrix).insert(name.to_owned(), seen.failed.keys().cloned().collect());
    judged(&faulty, &seen.failed)
}

/// The seed of a fault's cases: `CHILDPROOF_SEED`, or always the same. That a fault is caught is to be no matter of luck; the cases of its
/// healthy twin are others in every run.
fn fixed_seed() -> u64 {
    if std::env::var_os("CHILDPROOF_SEED").is_some() { entries::drawn() } else { 1 }
}

/// Whether the fault cannot be shown here. A file that cannot be read is not skipped: its test says why.
fn lacks_its_place(path: &Path) -> bool {
    let faulty = std::fs::read_to_string(path).ok().and_then(|text| serde_saphyr::from_str::<Faulty>(&text).ok());
    match faulty.and_then(|faulty| faulty.needs).as_deref() {
        Some("root") => !nix::unistd::geteuid().is_root(),
        Some("linux") => std::env::consts::OS != "linux",
        Some("cores") => !childproof::sys::cores_stay(),
        _ => false,
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The worker of this thread: a worker runs one case at a time.
fn worker(shared: &Shared, workers: usize) -> usize {
    thread_local! { static OWN: OnceCell<usize> = const { OnceCell::new() } }
    OWN.with(|own| *own.get_or_init(|| shared.next.fetch_add(1, Ordering::Relaxed))) % workers.max(1)
}

fn cases(faulty: &Faulty, plan: &Plan) -> u32 {
    faulty.cases.unwrap_or_else(|| draw::default_count(plan))
}

/// What comes of the healthy twin, which is run once for all faults that share it.
fn twin(shared: &Shared, runner: &Runner, faulty: &Faulty, healthy: &Plan) -> Result<Seen, String> {
    let subject = subject::find(&faulty.subject)?;
    let cases = cases(faulty, healthy);
    let text = faulty.scenario.as_ref().or(faulty.healthy.as_ref()).cloned().unwrap_or_default();
    let place = locked(&shared.twins).entry((faulty.subject.clone(), text, cases)).or_default().clone();
    let performed = Performed { declared: healthy, done: healthy, cases, enough: None };
    let times = std::env::var("CHILDPROOF_TWINS").ok().and_then(|times| times.parse().ok()).unwrap_or(1);
    let all = || {
        (0..times).fold(Seen::default(), |mut all, round| {
            let seen = runner.seen(&subject, &performed, entries::drawn().wrapping_add(round));
            for (property, words) in seen.failed {
                all.failed.entry(property).or_insert(words);
            }
            all.held.extend(seen.held);
            all
        })
    };
    Ok(place.get_or_init(all).clone())
}

/// The subject that has the fault.
fn guilty(faulty: &Faulty) -> String {
    if faulty.edit.is_none() { format!("{}:{}", faulty.subject, faulty.fault) } else { faulty.subject.clone() }
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
            let plan = checked(&known(id, path)?)?;
            Ok((plan.clone(), plan))
        }
        (Some(id), None, Some(edit)) => {
            let known = known(id, path)?;
            let edited = Source { text: edit.of(&known.text, path)?, ..known.clone() };
            Ok((checked(&known)?, checked(&edited)?))
        }
        (None, Some(text), Some(edit)) => Ok((checked(&source(text.clone()))?, checked(&source(edit.of(text, path)?))?)),
        _ => Err(format!("{}: give `scenario`, or `healthy` with `edit`, or `scenario` with `edit`", path.display())),
    }
}

/// One scenario, checked.
fn checked(source: &Source) -> Result<Plan, String> {
    check::check(source, &judge::declarations()).map_err(|problems| format!("{}: {problems:?}\n", source.path))
}

/// A scenario of the catalogue.
fn known(id: &str, path: &Path) -> Result<Source, String> {
    let mut all = library::embedded().into_iter();
    all.find(|source| source.id == id).ok_or_else(|| format!("{}: no scenario `{id}`", path.display()))
}

impl Edit {
    fn of(&self, text: &str, path: &Path) -> Result<String, String> {
        if text.matches(&self.find).count() != 1 {
            return Err(format!("{}: `{}` must occur once in the healthy scenario", path.display(), self.find));
        }
        Ok(text.replacen(&self.find, &self.put, 1))
    }
}

/// What is run.
struct Performed<'a> {
    /// The plan that judges are told of,
    declared: &'a Plan,
    /// and the one that is performed; the same but for `undeclared` faults.
    done: &'a Plan,
    cases: u32,
    /// Once these have failed, a hang is the last case: each would cost its whole deadline.
    enough: Option<&'a BTreeSet<String>>,
}

struct Runner<'a> {
    session: &'a Session,
    worker: usize,
}

impl Runner<'_> {
    /// What comes of all cases. A hang counts for `in-time`; what is no verdict at all (the harness failed, nothing ran)
    /// counts under its own name, so that a fixture must allow it like a property.
    fn seen(&self, subject: &Subject, performed: &Performed, seed: u64) -> Seen {
        let mut seen = Seen::default();
        for case in draw::cases(performed.done, seed, performed.cases) {
            let lowered = lower::lower(performed.declared, &case)
                .and_then(|(script, _)| lower::lower(performed.done, &case).map(|(_, program)| (script, program)));
            let (script, mut program) = match lowered {
                Ok(lowered) => lowered,
                Err(error) => return Seen { failed: BTreeMap::from([("lowering".to_owned(), error.to_string())]), ..seen },
            };
            if performed.enough.is_some_and(|enough| enough.contains("in-time")) {
                program.deadline_ms /= PART;
            }
            let verdict = judge::judge(&self.session.run(self.worker, &script, &program, subject));
            let hung = verdict.outcome == CaseOutcome::Hang;
            seen.add(verdict, &case);
            if hung && performed.enough.is_some_and(|enough| enough.iter().all(|property| seen.failed.contains_key(property))) {
                break;
            }
        }
        seen
    }
}

impl Seen {
    fn add(&mut self, verdict: Verdict, case: &Case) {
        if !matches!(verdict.outcome, CaseOutcome::Completed | CaseOutcome::Hang | CaseOutcome::Crash) {
            self.failed.entry(format!("{:?}", verdict.outcome)).or_insert_with(|| verdict.reason.unwrap_or_default());
        }
        for judgement in verdict.judgements {
            match judgement.finding {
                Finding::Pass | Finding::Unspecified { .. } => drop(self.held.insert(judgement.property)),
                Finding::Fail(evidence) => {
                    let words = format!("expected {}; seen {}; by {}; {:?}", evidence.expected, evidence.seen, evidence.by, case.bindings);
                    self.failed.entry(judgement.property).or_insert(words);
                }
                Finding::NotApplicable | Finding::Undecided { .. } => {}
            }
        }
    }
}

/// The kill matrix: which property failed which fault.
fn print(matrix: &Matrix) {
    let matrix = locked(matrix);
    println!("fault × property that failed it:");
    for (fault, properties) in matrix.iter() {
        println!("  {fault:<60} {}", properties.iter().cloned().collect::<Vec<_>>().join(" "));
    }
}
