//! The suite inside the tests of somebody else's library: `fixtures/author` is one, outside this package, with childproof as its
//! dev-dependency. Nothing of childproof but what cargo built for it is at hand there.

use assert_cmd::Command;
use std::path::PathBuf;

/// Its tests, run by cargo as its author would; what is built already is used again.
fn tests(args: &[&str]) -> Command {
    let crate_dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/author");
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).parent().expect("it lies in the target folder").to_owned();
    let mut command = Command::new(env!("CARGO"));
    command
        .current_dir(crate_dir)
        .env("CARGO_TARGET_DIR", target)
        .args(["test", "--offline", "--quiet", "--test", "processes", "--"])
        .args(args);
    // Cargo's own of this run would be taken for that one's.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CARGO_") && name != "CARGO_HOME") {
        if name != "CARGO_TARGET_DIR" {
            command.env_remove(name);
        }
    }
    command
}

#[test]
fn the_library_of_the_example_holds() {
    let output = tests(&["wait/"]).env("CHILDPROOF_CASES", "4").output().expect("cargo runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains(" passed") && !text.contains(" 0 passed"), "{text}");
}

#[test]
fn what_it_does_not_claim_is_skipped_when_listing() {
    let output = tests(&["--list", "--ignored"]).output().expect("cargo runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("communicate/big: test"), "{text}");
    assert!(!text.contains("wait/timeout: test"), "{text}");
}

/// What a failing test saved is run again by the command that it named, here with cases that a faulty library left.
#[test]
fn a_saved_case_runs_again() {
    let folder = tempfile::tempdir().expect("a directory");
    let replayed = |fault: &str, scenario: &str| {
        let run = Command::new(env!("CARGO_BIN_EXE_childproof"))
            .args(["run", "--subject", fault, "--scenario", scenario, "--failures"])
            .arg(folder.path())
            .output()
            .expect("childproof runs");
        let told = String::from_utf8_lossy(&run.stdout).into_owned();
        let file = told.lines().find_map(|line| line.trim().strip_prefix("childproof replay ")).expect("a saved case").to_owned();
        tests(&[]).env("CHILDPROOF_REPLAY", file).output().expect("cargo runs")
    };
    let shared = replayed("raw:inherits-stray-descriptors", "start/stray-descriptors");
    let text = String::from_utf8_lossy(&shared.stdout);
    assert!(!shared.status.success() && text.contains("still fails child-descriptors"), "{text}");
    let not_shared = replayed("raw:ignores-cwd", "start/signal-state");
    let text = String::from_utf8_lossy(&not_shared.stdout);
    assert!(not_shared.status.success() && text.contains("1 passed"), "{text}");
}
