//! Tools that install and build: run with a word at the terminal, quiet otherwise, heard out when they fail.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::fs;
use std::io::{self, IsTerminal, Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// How many of a tool's own last lines an error shows.
const LINES: usize = 12;

/// A line at the terminal for as long as it lives; nothing where standard error is none.
pub(super) struct Waiting(ProgressBar);

impl Waiting {
    pub(super) fn begin(doing: &str) -> Waiting {
        let shown = io::stderr().is_terminal();
        let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target).with_style(ProgressStyle::default_spinner()).with_message(doing.to_owned());
        if shown {
            bar.enable_steady_tick(Duration::from_millis(120));
        }
        Waiting(bar)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Runs a tool to its end.
///
/// # Errors
/// What was being done, how it ended, and the tool's own last lines.
pub(super) fn run(doing: &str, command: &mut Command) -> Result<(), String> {
    let _waiting = Waiting::begin(doing);
    let name = command.get_program().to_string_lossy().into_owned();
    let said = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => format!("{doing}: there is no `{name}` on PATH"),
        _ => format!("{doing}: {name}: {error}"),
    };
    // A file and not a pipe: whatever the tool leaves running in the background cannot make us wait for it.
    let mut output = tempfile::tempfile().map_err(|error| format!("{doing}: {error}"))?;
    let both = || output.try_clone().map(Stdio::from).map_err(|error| format!("{doing}: {error}"));
    command.stdin(Stdio::null()).stdout(both()?).stderr(both()?);
    let status = command.status().map_err(said)?;
    if status.success() {
        return Ok(());
    }
    let mut text = Vec::new();
    let _ = output.rewind().and_then(|()| output.read_to_end(&mut text));
    Err(format!("{doing}: {name} failed ({status}){}", last(&String::from_utf8_lossy(&text))))
}

/// The last lines that say anything, indented below a colon.
fn last(text: &str) -> String {
    let said: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let shown = &said[said.len().saturating_sub(LINES)..];
    shown.iter().fold(if shown.is_empty() { String::new() } else { ":".into() }, |text, line| text + "\n    " + line)
}

/// Whether that is a program that we may execute.
pub(super) fn is_program(path: &Path) -> bool {
    path.is_file() && nix::unistd::access(path, nix::unistd::AccessFlags::X_OK).is_ok()
}

/// Finds a program: along PATH, then among what `childproof subjects install` installed by pip and npm. Shims of version managers
/// are passed over: they are shell scripts that change the environment on their way, and a subject's environment is what is tested.
pub(super) fn find(program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(PathBuf::from(program)).filter(|path| is_program(path));
    }
    places().into_iter().map(|dir| dir.join(program)).find(|path| is_program(path))
}

/// The folders in which programs are looked for.
pub(super) fn places() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let own = super::install::folders().unwrap_or_default();
    std::env::split_paths(&path).filter(|dir| !dir.ends_with("shims")).chain(own).collect()
}

/// Writes a file, and says which could not be written.
pub(super) fn write(path: &Path, content: &[u8]) -> Result<(), String> {
    let parent = path.parent().map_or(Ok(()), fs::create_dir_all);
    parent.and_then(|()| fs::write(path, content)).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_shows_the_last_lines() {
        let script = "i=0; while [ $i -lt 30 ]; do i=$((i+1)); echo line $i; done; echo no such package >&2; exit 3";
        let message = run("installing x", Command::new("/bin/sh").args(["-c", script])).expect_err("it failed");
        assert!(message.starts_with("installing x: /bin/sh failed (exit status: 3):\n"), "{message}");
        assert!(message.ends_with("    line 30\n    no such package") && !message.contains("line 5\n"), "{message}");
        let message = run("installing x", &mut Command::new("no-such-tool")).expect_err("there is none");
        assert!(message.contains("there is no `no-such-tool` on PATH"), "{message}");
    }
}
