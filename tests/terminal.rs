//! The command at a real terminal: what a person sees, and that Ctrl-C leaves nothing behind.
//!
//! Everything else about the command line is tested through pipes (`cli.rs`); here only what differs at a terminal: colour,
//! the progress line, and the keys. rexpect opens the pseudo-terminal.

use nix::sys::wait::WaitStatus;
use rexpect::session::{PtySession, spawn_command};
use std::process::Command;

/// Milliseconds for anything that a test waits for; reached only when something hangs.
const PATIENCE_MS: u64 = 120_000;

fn childproof(arguments: &[&str]) -> PtySession {
    let mut command = Command::new(env!("CARGO_BIN_EXE_childproof"));
    command.args(arguments).env("TERM", "xterm-256color").env("COLUMNS", "100").env_remove("NO_COLOR").env_remove("CI");
    spawn_command(command, Some(PATIENCE_MS)).expect("a terminal")
}

fn status(session: &PtySession) -> i32 {
    match session.process().wait().expect("it ends") {
        WaitStatus::Exited(_, code) => code,
        other => panic!("it ended otherwise: {other:?}"),
    }
}

#[test]
fn a_run_is_coloured_and_ends_with_its_summary() {
    let mut session = childproof(&["run", "--subject", "raw", "--scenario", "pipe/sigpipe", "--cases", "4"]);
    let before = session.exp_string("1 subject").expect("a summary");
    assert!(before.contains("\x1b["), "no colour at a terminal: {before:?}");
    assert!(before.contains("pipe/sigpipe"), "the scenario is named: {before:?}");
    session.exp_eof().expect("the end");
    assert_eq!(status(&session), 0);
}

#[test]
fn no_colour_where_it_is_not_wanted() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_childproof"));
    command.args(["list", "properties"]).env("TERM", "xterm-256color").env("NO_COLOR", "1");
    let mut session = spawn_command(command, Some(PATIENCE_MS)).expect("a terminal");
    let text = session.exp_eof().expect("the end");
    assert!(!text.contains("\x1b["), "{text:?}");
    assert!(text.contains("no-zombie"), "{text:?}");
}

#[test]
fn control_c_ends_a_run_with_what_was_finished() {
    let mut session = childproof(&["run", "--subject", "raw", "--cases", "4000", "--jobs", "1"]);
    session.exp_string("isolation").expect("the head line");
    session.send_control('c').expect("the key");
    let rest = session.exp_eof().expect("the end");
    assert!(rest.contains("not run") || rest.contains("not-run"), "what was not run is said: {rest:?}");
    assert_eq!(status(&session), 3);
}
