//! The command at a real terminal: what a person sees, and that Ctrl-C leaves nothing behind.
//!
//! Everything else about the command line is tested through pipes (`cli.rs`); here only what differs at a terminal: colour,
//! the progress line, and the keys. rexpect opens the pseudo-terminal.

use nix::sys::wait::WaitStatus;
use rexpect::session::{PtySession, spawn_command};
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Milliseconds for anything that a test waits for; reached only when something hangs.
const PATIENCE_MS: u64 = 120_000;
/// What a shell says when it is ready for a line.
const PROMPT: &str = "your-turn> ";

fn childproof(arguments: &[&str]) -> PtySession {
    let mut command = Command::new(env!("CARGO_BIN_EXE_childproof"));
    command.args(arguments).env("TERM", "xterm-256color").env("COLUMNS", "100").env_remove("NO_COLOR").env_remove("CI");
    as_at_a_login(&mut command);
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

/// As at a login: whoever runs the tests as a background job or under nohup ignores some signals, and a shell hands on to its jobs
/// what was ignored when it started. Such a job hears no Ctrl-C, and
/// its shell waits for it for ever.
fn as_at_a_login(command: &mut Command) {
    let default = || {
        for signal in 1..32 {
            // SAFETY: async-signal-safe; no handler is installed, and KILL and STOP are refused.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
        }
        Ok(())
    };
    // SAFETY: the closure allocates nothing and makes only async-signal-safe calls.
    unsafe { command.pre_exec(default) };
}

/// What `signal/shell` expects of a shell is seen here by another pair of hands, so that a mistake in our own terminal steps cannot hide
/// in both.
#[test]
fn a_shell_at_a_terminal_stops_continues_and_interrupts_its_job() {
    let shells: [(&str, &[&str]); 2] = [("/bin/bash", &["--norc", "--noprofile", "--noediting", "-i"]), ("/bin/dash", &["-i"])];
    // A missing program is a child that goes on in this test's code: it is not even tried.
    for (shell, arguments) in shells.iter().filter(|(shell, _)| std::path::Path::new(shell).exists()) {
        let mut command = Command::new(shell);
        command.args(*arguments).env_clear();
        command.envs([("PATH", "/usr/bin:/bin"), ("HOME", "/"), ("LC_ALL", "C"), ("HISTFILE", ""), ("TERM", "dumb"), ("PS1", PROMPT)]);
        as_at_a_login(&mut command);
        let mut session = spawn_command(command, Some(PATIENCE_MS)).expect("a terminal");
        let hear = |session: &mut PtySession, what: &str| {
            session.exp_string(what).unwrap_or_else(|error| panic!("{shell}, {what:?}: {error}"));
        };
        // What is typed before the shell is back may be read by the job that is just being stopped or killed.
        let tell = |session: &mut PtySession, line: &str| {
            hear(session, PROMPT);
            session.send_line(line).expect("a line");
        };
        tell(&mut session, "echo ready-$((20+3))");
        hear(&mut session, "ready-23");
        tell(&mut session, "tr a-z A-Z");
        session.send_line("hello").expect("a line");
        hear(&mut session, "HELLO");
        session.send_control('z').expect("the key");
        hear(&mut session, "Stopped");
        tell(&mut session, "echo here-$((20+4))");
        hear(&mut session, "here-24");
        tell(&mut session, "fg");
        session.send_line("again").expect("a line");
        hear(&mut session, "AGAIN");
        session.send_control('c').expect("the key");
        tell(&mut session, "echo status-$?-");
        hear(&mut session, "status-130-");
        tell(&mut session, "exit 7");
        session.exp_eof().unwrap_or_else(|error| panic!("{shell} ends: {error}"));
        assert_eq!(status(&session), 7, "{shell}");
    }
}
