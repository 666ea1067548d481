//! Hangs explained: the classic ways to wait for each other for ever, at every level that works here, and as an ordinary user too
//! when run by root. Each must be told the same everywhere, up to process ids and times.
//!
//! Nothing here is a race: the snapshot is taken at the deadline, and long before it everybody is blocked for good.

use childproof::generate::{draw, lower};
use childproof::judge;
use childproof::plan::case::Source;
use childproof::plan::check;
use childproof::run::doctor::doctor_with;
use childproof::run::subject::{self, Subject};
use childproof::run::{Isolation, Options, Session};
use childproof::trace::End;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where an ordinary user's copy of this test finds what it needs, and writes what it found.
const DIR: &str = "CHILDPROOF_TEST_DIR";
/// Cases of each scenario: as many as it has values, and one run more.
const CASES: u32 = 4;

fn own_dir() -> Option<PathBuf> {
    std::env::var_os(DIR).map(PathBuf::from)
}

fn exe() -> PathBuf {
    own_dir().map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_childproof")), |dir| dir.join("childproof"))
}

fn fixtures() -> PathBuf {
    own_dir().map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/hangs"), |dir| dir.join("hangs"))
}

fn options(isolation: Option<Isolation>, wardens: usize) -> Options {
    Options { isolation, wardens, exe: Some(exe()), ..Options::default() }
}

fn levels() -> Vec<Isolation> {
    doctor_with(&options(None, 1)).into_iter().filter(|line| line.works).map(|line| line.level).collect()
}

fn scenarios() -> Vec<Source> {
    let mut paths: Vec<PathBuf> = fs::read_dir(fixtures()).unwrap().flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "yaml"));
    paths.sort();
    let id = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
    paths.iter().map(|path| Source { id: id(path), path: path.display().to_string(), text: fs::read_to_string(path).unwrap() }).collect()
}

/// The explanation of every case of a scenario, which must all be the same.
fn explained(session: &Session, worker: usize, source: &Source, raw: &Subject) -> String {
    let plan = check::check(source, &judge::declarations()).unwrap();
    let told: Vec<String> = draw::cases(&plan, 1, if plan.scenario.given.is_empty() { 1 } else { CASES })
        .iter()
        .map(|case| {
            let (script, program) = lower::lower(&plan, case).unwrap();
            let history = session.run(worker, &script, &program, raw);
            assert!(matches!(history.end, End::Hang { .. }), "{}: {:?}", source.id, history.end);
            normal(&judge::hang::explain(&history).unwrap().lines().join("\n"))
        })
        .collect();
    assert!(told.iter().all(|text| *text == told[0]), "{}: {told:#?}", source.id);
    told[0].clone()
}

/// Without process ids and times.
fn normal(text: &str) -> String {
    let number = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, digits) = rest.split_at(at);
        let (digits, after) = digits.split_at(number(digits));
        out.push_str(before);
        out.push_str(if before.ends_with("(pid ") || after.starts_with(" ms") { "N" } else { digits });
        rest = after;
    }
    out + rest
}

/// All of them at one level, side by side: they only wait.
fn all_at(level: Isolation) -> BTreeMap<String, String> {
    let sources = scenarios();
    assert!(!sources.is_empty());
    let session = Session::start(&options(Some(level), sources.len())).unwrap();
    let raw = subject::find("raw").unwrap();
    std::thread::scope(|scope| {
        let run = |(worker, source)| {
            let (session, raw) = (&session, &raw);
            scope.spawn(move || (Source::clone(source).id, explained(session, worker, source, raw)))
        };
        let threads: Vec<_> = sources.iter().enumerate().map(run).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn each_hang_is_explained_at_every_level() {
    if own_dir().is_some() {
        return;
    }
    let mut levels = levels().into_iter();
    let first = all_at(levels.next().expect("a level that works"));
    for (name, text) in &first {
        insta::assert_snapshot!(name.as_str(), text);
    }
    for level in levels {
        assert_eq!(all_at(level), first, "{level}");
    }
}

/// Not a test of its own: what the next one runs as somebody else.
#[test]
fn helper_that_explains_as_an_ordinary_user() {
    let Some(dir) = own_dir() else { return };
    let found: BTreeMap<String, BTreeMap<String, String>> = levels().into_iter().map(|level| (level.to_string(), all_at(level))).collect();
    fs::write(dir.join("found"), serde_json::to_vec(&found).unwrap()).unwrap();
}

#[test]
fn an_ordinary_user_is_told_the_same() {
    // SAFETY: only reads an id.
    if unsafe { libc::geteuid() } != 0 || own_dir().is_some() {
        return;
    }
    let dir = tempfile::Builder::new().prefix("cp").tempdir_in("/tmp").unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
    fs::copy(exe(), dir.path().join("childproof")).unwrap();
    fs::copy(exe().with_file_name("childproof-agent"), dir.path().join("childproof-agent")).unwrap();
    fs::create_dir(dir.path().join("hangs")).unwrap();
    for source in scenarios() {
        fs::write(dir.path().join("hangs").join(format!("{}.yaml", source.id)), source.text).unwrap();
    }
    let test = dir.path().join("test");
    fs::copy(std::env::current_exe().unwrap(), &test).unwrap();
    let mut command = Command::new(test);
    command.args(["--exact", "helper_that_explains_as_an_ordinary_user"]).uid(1000).gid(1000).env(DIR, dir.path()).current_dir("/");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let found: BTreeMap<String, BTreeMap<String, String>> = serde_json::from_slice(&fs::read(dir.path().join("found")).unwrap()).unwrap();
    assert!(!found.is_empty());
    let own = all_at(levels()[0]);
    for (level, texts) in found {
        assert_eq!(texts, own, "{level}");
    }
}

fn run(format: &str) -> String {
    let failures = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_childproof"));
    command.args(["run", "--subject", "raw", "--cases", "1", "--format", format, "--failures"]).arg(failures.path());
    command.arg(fixtures().join("wait-before-read.yaml")).env("NO_COLOR", "1");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stdout).unwrap()
}

const WAITS: &str = "writer is blocked in write(p.write): the pipe is full and its only reader, root, waits for writer";

#[test]
fn the_terminal_and_json_tell_it() {
    if own_dir().is_some() {
        return;
    }
    let text = run("terminal");
    assert!(text.contains(WAITS) && text.contains("when it hung") && text.contains("pipe p: read end held by root as 3"), "{text}");
    let text = run("json");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let hang = lines.iter().map(|line| &line["message"]["hang"]).find(|hang| !hang.is_null()).expect("an explanation");
    assert_eq!(hang["sentence"], WAITS);
    assert_eq!(hang["circle"], serde_json::json!(["writer", "root"]));
    assert_eq!(hang["processes"][1]["waits_for"], serde_json::json!(["root"]));
}
