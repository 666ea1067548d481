//! Containment, tested by attack: scenarios and adapters that mean harm, at every level that works here, as root and as an ordinary
//! user. Each must end as its verdict within its deadline, the next case must run as if nothing had been, and nothing outside may
//! have changed: processes, mounts, shared memory, files, limits.
//!
//! The attacks run in a copy of this test, started once per user with a TMPDIR of its own by which everything it started is found
//! again. Levels without namespaces contain no program of a stranger; there the attacks must be refused, and only those that harm
//! nobody even then are run with trust.

use childproof::cli::run::engine::{Engine, Ran};
use childproof::judge;
use childproof::judge::verdict::CaseOutcome::{self, Completed, Crash, Hang, Protocol, Unavailable};
use childproof::plan::case::{Case, Plan, Source};
use childproof::plan::check;
use childproof::run::doctor::doctor_with;
use childproof::run::subject::{self, Subject, broken};
use childproof::run::{Isolation, Options, Session};
use childproof::trace::What;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where the copy finds what it needs; set for the copy alone.
const DIR: &str = "CHILDPROOF_TEST_DIR";
/// Only this attack, for whoever looks for the cause of a failure.
const ONLY: &str = "CHILDPROOF_TEST_ATTACK";
/// An ordinary user who has nothing else to do.
const NOBODY_ELSE: u32 = 61_234;
/// No attack may take longer than its deadline and the limits of a subject together.
const PATIENCE: Duration = Duration::from_secs(45);

/// An attack by a scenario: its file, how it may end, what it must have said on standard output (nothing else).
struct Attack {
    name: &'static str,
    ends: &'static [CaseOutcome],
    says: Option<&'static str>,
    /// It harms nobody even without namespaces.
    harmless: bool,
}

const fn attack(name: &'static str, ends: &'static [CaseOutcome], says: Option<&'static str>) -> Attack {
    Attack { name, ends, says, harmless: false }
}

const fn harmless(name: &'static str, ends: &'static [CaseOutcome]) -> Attack {
    Attack { name, ends, says: None, harmless: true }
}

const SCENARIOS: &[Attack] = &[
    attack("fork-bomb", &[Crash, Hang], None),
    // It has an end of its own: where nothing else limits processes, the look at them does.
    harmless("shell-crowd", &[Crash]),
    // Nothing is said where not even its words find room.
    attack("disk-fill", &[Completed], None),
    attack("file-bomb", &[Completed], None),
    harmless("output-flood", &[Crash]),
    attack("kill-all", &[Completed], Some("alive\n")),
    attack("kill-parents", &[Completed], Some("alive\n")),
    harmless("daemon", &[Completed]),
    harmless("deaf", &[Hang]),
    harmless("stops-itself", &[Hang]),
    attack("remount", &[Completed], Some("done\n")),
    attack("writes-home", &[Completed], Some("done\n")),
    attack("other-cases", &[Completed], Some("done\n")),
    harmless("forges-record", &[Crash]),
    harmless("cuts-record", &[Crash]),
    harmless("swaps-record", &[Crash]),
    attack("wrecks-run", &[Crash], None),
    attack("shared-memory", &[Completed, Crash], None),
];

/// An attack by an adapter, on the scenario `library`; those that the protocol's client has to bear run at every level.
const ADAPTERS: &[(&str, &[CaseOutcome], Option<&str>)] = &[
    ("wrong-seq", &[Protocol], None),
    ("floods", &[Protocol], None),
    // 64 MiB are read before it is given up, which on a busy machine takes longer than a request may.
    ("endless-line", &[Protocol, Hang], None),
    ("deep-nesting", &[Protocol], None),
    ("answers-first", &[Protocol], None),
    ("dies-mid-line", &[Crash], None),
    ("hangs-in-hello", &[Crash], None),
    ("hangs-in-spawn", &[Hang], None),
    ("hangs-in-reset", &[Protocol], None),
    ("unlinks-fifos", &[Completed], None),
    ("fork-bomb", &[Crash, Hang], None),
    ("thread-bomb", &[Crash, Hang], None),
    ("memory-bomb", &[Crash, Hang], None),
    ("descriptor-bomb", &[Completed], Some("refused after some\n")),
    ("traces-warden", &[Completed], Some("refused\n")),
    ("kills-all", &[Crash], None),
    ("kills-parents", &[Completed], None),
    ("dials-out", &[Completed], Some("refused\n")),
    ("stops-itself", &[Hang], None),
    ("ignores-signals", &[Hang], None),
];

fn own_dir() -> Option<PathBuf> {
    std::env::var_os(DIR).map(PathBuf::from)
}

fn exe() -> PathBuf {
    own_dir().map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_childproof")), |dir| dir.join("childproof"))
}

fn fixtures() -> PathBuf {
    own_dir().map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/hostile"), |dir| dir.join("hostile"))
}

/// Small limits: what an attack takes is taken from a machine that others use too.
fn options(isolation: Option<Isolation>) -> Options {
    let (start_ms, request_ms) = (2_000, 2_000);
    Options { isolation, wardens: 1, exe: Some(exe()), start_ms, request_ms, bytes: 96 << 20, memory: 256 << 20, ..Options::default() }
}

fn levels() -> Vec<Isolation> {
    doctor_with(&options(None)).into_iter().filter(|line| line.works).map(|line| line.level).collect()
}

fn skipped(name: &str) -> bool {
    std::env::var(ONLY).is_ok_and(|only| only != name)
}

fn plan(name: &str) -> Plan {
    let path = fixtures().join(format!("{name}.yaml"));
    let source = Source { id: name.to_owned(), path: path.display().to_string(), text: fs::read_to_string(&path).unwrap() };
    check::check(&source, &judge::declarations()).unwrap()
}

fn run(engine: &Engine, subject: &Subject, plan: &Plan) -> Ran {
    let case = Case { scenario: plan.id.clone(), bindings: BTreeMap::new(), seed: 1, number: 0 };
    let began = Instant::now();
    let ran = engine.case(0, subject, plan, &case);
    assert!(began.elapsed() < PATIENCE, "{} with {} took {:?}: {:?}", plan.id, subject.name, began.elapsed(), ran.verdict.reason);
    ran
}

fn output(ran: &Ran) -> String {
    let said = ran.history.events.iter().filter_map(|event| match &event.what {
        What::Data { stream, bytes } if stream == "stdout" => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    });
    said.collect()
}

/// What is wrong with how an attack ended.
fn complaint(name: &str, level: Isolation, ran: &Ran, ends: &[CaseOutcome], says: Option<&str>) -> Option<String> {
    let (outcome, said) = (&ran.verdict.outcome, output(ran));
    let wrong = !ends.contains(outcome) || says.is_some_and(|says| says != said);
    let short: String = said.chars().take(300).collect();
    wrong.then(|| format!("{level}, {name}: {outcome:?} ({:?}), said {short:?}", ran.verdict.reason))
}

/// That the warden, or the one that took its place, runs a case as if nothing had been.
fn still_works(engine: &Engine, after: &str, level: Isolation) -> Option<String> {
    let source = Source { id: "well".into(), path: "well.yaml".into(), text: WELL.into() };
    let plan = check::check(&source, &judge::declarations()).unwrap();
    let ran = run(engine, &subject::find("raw").unwrap(), &plan);
    let clean = ran.history.observed.left.is_empty() && ran.history.observed.files.is_empty() && ran.history.observed.shared.is_empty();
    let well = ran.verdict.outcome == Completed && clean && output(&ran).is_empty();
    (!well).then(|| format!("{level}, after {after}: {:?} {:?}, {:?}", ran.verdict.outcome, ran.verdict.reason, ran.history.observed))
}

const WELL: &str = "title: All is well\nspec: [observed only]\nsteps:\n  - file: {path: tmp-file, kind: plain, text: x}\n  - fork: {as: child, do: [{exec: {as: image, do: []}}]}\n  - wait: {for: child}\n";

fn attacks_by_scenario(engine: &Engine, level: Isolation, trusted: bool) -> Vec<String> {
    let raw = subject::find("raw").unwrap();
    let mut wrong = Vec::new();
    for Attack { name, ends, says, harmless } in SCENARIOS {
        let contained = level.alone();
        if skipped(name) || (trusted && !contained && !harmless) {
            continue;
        }
        let (ends, says) = if contained || trusted { (*ends, *says) } else { (&[Unavailable][..], None) };
        let ran = run(engine, &raw, &plan(name));
        wrong.extend(complaint(name, level, &ran, ends, says));
        wrong.extend(still_works(engine, name, level));
    }
    wrong
}

fn attacks_by_adapter(engine: &Engine, level: Isolation) -> Vec<String> {
    let plan = plan("library");
    let mut wrong = Vec::new();
    for (how, ends, says) in ADAPTERS {
        if skipped(how) || (!level.alone() && !broken::MEAN.contains(how)) {
            continue;
        }
        let ran = run(engine, &subject::find(&format!("broken:{how}")).unwrap(), &plan);
        wrong.extend(complaint(how, level, &ran, ends, *says));
        wrong.extend(still_works(engine, how, level));
    }
    wrong
}

/// Not a test of its own: what the next ones run with a TMPDIR of its own, and as somebody else.
#[test]
fn helper_that_attacks() {
    if own_dir().is_none() {
        return;
    }
    let mut wrong = Vec::new();
    for level in levels() {
        let session = Session::start(&options(Some(level))).unwrap();
        wrong.extend(attacks_by_scenario(&Engine::new(&session, 1, None, PathBuf::new()).wary(true), level, false));
        if !level.alone() {
            wrong.extend(attacks_by_scenario(&Engine::new(&session, 1, None, PathBuf::new()), level, true));
        }
        wrong.extend(attacks_by_adapter(&Engine::new(&session, 1, None, PathBuf::new()), level));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_attack_is_in_the_table_and_every_table_entry_exists() {
    if own_dir().is_some() {
        return;
    }
    let files = fs::read_dir(fixtures()).unwrap().flatten().map(|entry| entry.path());
    let named = files.filter(|path| path.extension().is_some_and(|ending| ending == "yaml"));
    let found: BTreeSet<String> = named.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    let mut wanted: BTreeSet<String> = SCENARIOS.iter().map(|attack| attack.name.to_owned()).collect();
    wanted.insert("library".into());
    assert_eq!(found, wanted);
    let tried: BTreeSet<&str> = ADAPTERS.iter().map(|(how, ..)| *how).collect();
    assert!(broken::MEAN.iter().chain(broken::hostile::HOW).all(|how| tried.contains(how)));
}

/// What of the machine an attack must not change.
#[derive(Debug, PartialEq)]
struct World {
    mounts: Vec<String>,
    shared: Vec<String>,
    written: Vec<PathBuf>,
    limits: String,
}

impl World {
    /// `tmp`: the directory in which wardens make theirs; others on this machine are none of ours.
    fn seen(tmp: &Path) -> World {
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        let shared = fs::read_dir("/dev/shm").unwrap().flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
        let home = std::env::var("HOME").unwrap_or_default();
        let places = ["/", "/tmp", "/var/tmp", "/etc", "/usr/local", &home].map(|dir| Path::new(dir).join("childproof-was-here"));
        World {
            mounts: mounts.lines().filter(|line| line.contains(&*tmp.to_string_lossy())).map(str::to_owned).collect(),
            shared: shared.filter(|name| name.contains("childproof-hostile")).collect(),
            written: places.into_iter().filter(|path| path.exists()).collect(),
            limits: fs::read_to_string("/proc/self/limits").unwrap(),
        }
    }
}

/// Processes that were started below this directory, however far down, or that bear the number of an attack's own child.
fn left_of(tmp: &Path) -> Vec<String> {
    let mark = format!("TMPDIR={}", tmp.display());
    let of = |dir: PathBuf| {
        let read = |name: &str| fs::read(dir.join(name)).unwrap_or_default();
        let holds = |bytes: &[u8], mark: &[u8]| bytes.windows(mark.len()).any(|part| part == mark);
        let (environ, cmdline) = (read("environ"), read("cmdline"));
        let ours = holds(&environ, mark.as_bytes()) || [&b"98761"[..], b"98762"].iter().any(|number| holds(&cmdline, number));
        ours.then(|| String::from_utf8_lossy(&cmdline).replace('\0', " "))
    };
    fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| of(entry.path())).filter(|line| !line.is_empty()).collect()
}

/// A process of the same user that stands by and must survive.
fn bystander(user: Option<u32>) -> Child {
    let mut command = Command::new("/bin/sleep");
    command.arg("1000");
    if let Some(user) = user {
        command.uid(user).gid(user);
    }
    command.spawn().unwrap()
}

/// Runs the attacks as this user and compares the machine before and after.
fn attacked_by(user: Option<u32>) {
    let dir = tempfile::Builder::new().prefix("cp").tempdir_in("/tmp").unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let tmp = dir.path().join("t");
    fs::create_dir(&tmp).unwrap();
    fs::set_permissions(&tmp, fs::Permissions::from_mode(0o777)).unwrap();
    for (from, name) in
        [(exe(), "childproof"), (exe().with_file_name("childproof-agent"), "childproof-agent"), (std::env::current_exe().unwrap(), "test")]
    {
        fs::copy(from, dir.path().join(name)).unwrap();
    }
    fs::create_dir(dir.path().join("hostile")).unwrap();
    for entry in fs::read_dir(fixtures()).unwrap().flatten() {
        fs::copy(entry.path(), dir.path().join("hostile").join(entry.file_name())).unwrap();
    }
    let before = World::seen(&tmp);
    let mut bystander = bystander(user);
    let mut command = Command::new(dir.path().join("test"));
    command.args(["--exact", "helper_that_attacks", "--nocapture"]).env(DIR, dir.path()).env("TMPDIR", &tmp).current_dir("/");
    if let Some(user) = user {
        command.uid(user).gid(user);
    }
    let output = command.stdin(Stdio::null()).output().unwrap();
    let survived = bystander.try_wait().unwrap().is_none();
    bystander.kill().unwrap();
    bystander.wait().unwrap();
    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(survived, "an attack killed a process outside");
    assert_eq!(World::seen(&tmp), before);
    assert_eq!(left_of(&tmp), Vec::<String>::new());
    let files: Vec<_> = fs::read_dir(&tmp).unwrap().flatten().map(|entry| entry.path()).collect();
    assert!(files.is_empty(), "{files:?}");
}

#[test]
fn nothing_outside_is_harmed() {
    if own_dir().is_none() {
        attacked_by(None);
    }
}

#[test]
fn nothing_outside_is_harmed_by_an_ordinary_user() {
    // SAFETY: only reads an id.
    if unsafe { libc::geteuid() } == 0 && own_dir().is_none() {
        attacked_by(Some(NOBODY_ELSE));
    }
}
