//! Subjects: what is tested, how its adapter is started, and what is known of it.
//!
//! A subject is a folder of `fixtures/subjects/` with a `subject.yaml` ([`declaration`]). The folders ship inside the binary
//! ([`embedded`]) and are found by walking, so that a new library needs no line of Rust. `NAME@VERSION` picks a version, which
//! for interpreted languages means an interpreter ([`interpreter`]).

pub mod broken;
pub mod builtin;
pub mod declaration;
pub mod embedded;
pub mod interpreter;
pub mod versions;

use crate::reference::Fault;
pub use declaration::{Condition, Expectation, Reason};
use declaration::{Declaration, StartDecl};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// One subject, ready to be started.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// `rust-std`, `python-subprocess`, `raw`, `raw:leaks-pipe-end`.
    pub name: String,
    /// Its folder, when it was named by that and not by its name.
    pub folder: Option<PathBuf>,
    /// What came after `@`.
    pub version_wanted: Option<String>,
    /// The library under test: `std::process`.
    pub library: String,
    /// Its language.
    pub language: String,
    /// What a reader of the list should know.
    pub about: String,
    /// How to start its adapter.
    pub start: Start,
    /// Allowed deviations.
    pub expectations: Vec<Expectation>,
    /// Scenarios of which nothing can run.
    pub cannot: Vec<String>,
    /// Every version of it found on this machine, as `NAME@VERSION`; empty where there is only the one.
    pub installed: Vec<String>,
}

/// How to start an adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// The platform itself; on the library plane `childproof __subject raw`.
    Raw,
    /// `childproof __subject NAME`.
    Builtin(String),
    /// Another program.
    Command {
        /// The program and its arguments.
        argv: Vec<OsString>,
        /// Variables beside those of every case.
        env: Vec<(OsString, OsString)>,
    },
}

impl Start {
    /// The command line of the adapter; `childproof` is the path of this program.
    pub fn argv(&self, childproof: &Path) -> Vec<OsString> {
        let builtin = |name: &str| vec![childproof.into(), "__subject".into(), name.into()];
        match self {
            Start::Raw => builtin("raw"),
            Start::Builtin(name) => builtin(name),
            Start::Command { argv, .. } => argv.clone(),
        }
    }

    /// Variables beside those of every case.
    pub fn env(&self) -> &[(OsString, OsString)] {
        if let Start::Command { env, .. } = self { env } else { &[] }
    }
}

impl Subject {
    /// As the command line names it: `NAME`, `NAME@VERSION`, or with the path of its folder in the place of the name.
    pub fn title(&self) -> String {
        let name = self.folder.as_ref().map_or_else(|| self.name.clone(), |folder| folder.display().to_string());
        self.version_wanted.as_ref().map_or_else(|| name.clone(), |version| format!("{name}@{version}"))
    }

    /// A subject of `--command LINE`: the line is given to `sh`, which becomes the adapter.
    pub fn of_command(line: &str) -> Subject {
        let argv = vec!["/bin/sh".into(), "-c".into(), format!("exec {line}").into()];
        let about = format!("the adapter started by `{line}`");
        Subject { name: "command".into(), about, start: Start::Command { argv, env: Vec::new() }, ..Subject::bare() }
    }

    /// The first declared deviation that covers `property` in `scenario` for this version of the library.
    pub fn expectation(&self, scenario: &str, property: &str, version: &str) -> Option<&Expectation> {
        self.expectations.iter().find(|expectation| expectation.covers(scenario, property, version, std::env::consts::OS))
    }

    fn bare() -> Subject {
        Subject {
            name: String::new(),
            folder: None,
            version_wanted: None,
            library: String::new(),
            language: String::new(),
            about: String::new(),
            start: Start::Raw,
            expectations: Vec::new(),
            cannot: Vec::new(),
            installed: Vec::new(),
        }
    }

    /// The reference library with one fault.
    pub fn faulty(fault: Fault) -> Subject {
        let name = format!("raw:{fault}");
        Subject {
            about: fault.about().into(),
            start: Start::Builtin(name.clone()),
            name,
            library: "childproof reference".into(),
            language: "rust".into(),
            ..Subject::bare()
        }
    }

    fn of(declaration: &Declaration, version: Option<&str>, dir: &Path) -> Result<Subject, String> {
        let plain = |start| match version {
            Some(version) => Err(format!("{} is built in: it has no version {version} to pick", declaration.name)),
            None => Ok(start),
        };
        let start = match &declaration.start {
            StartDecl::Builtin(name) if name == "raw" => plain(Start::Raw)?,
            StartDecl::Builtin(name) => plain(Start::Builtin(name.clone()))?,
            StartDecl::Command(command) => interpreter::start(&declaration.name, command, version, dir)?,
        };
        let installed = match &declaration.start {
            StartDecl::Builtin(_) => Vec::new(),
            StartDecl::Command(command) => {
                interpreter::installed(command).iter().map(|version| format!("{}@{version}", declaration.name)).collect()
            }
        };
        Ok(Subject {
            name: declaration.name.clone(),
            folder: None,
            version_wanted: version.map(str::to_owned),
            library: declaration.library.clone(),
            language: declaration.language.clone(),
            about: declaration.about.clone(),
            start,
            expectations: declaration.expectations.clone(),
            cannot: declaration.cannot.clone(),
            installed,
        })
    }
}

/// Finds `NAME[@VERSION]` among the subjects that ship with childproof; a name with a slash in it is the path of a subject's
/// folder.
///
/// # Errors
/// A message with the remedy: the nearest name, or what was looked for.
pub fn find(wanted: &str) -> Result<Subject, String> {
    pick(wanted, embedded::declarations()?)
}

/// The same among the folders of `dir`.
///
/// # Errors
/// As [`find`], and every fault of a `subject.yaml` there.
pub fn find_in(dir: &Path, wanted: &str) -> Result<Subject, String> {
    pick(wanted, embedded::declarations_in(dir)?)
}

/// Every subject that ships with childproof and can be started here, in the order of their names, `raw` first.
pub fn all() -> Vec<Subject> {
    let declarations = embedded::declarations().unwrap_or_default();
    declarations.iter().filter_map(|(declaration, place)| Subject::of(declaration, None, &place.path().ok()?).ok()).collect()
}

/// Every subject of a folder of subjects.
///
/// # Errors
/// Every fault of a `subject.yaml` there; a subject that cannot be started here is one too.
pub fn all_in(dir: &Path) -> Result<Vec<Subject>, String> {
    embedded::declarations_in(dir)?.iter().map(|(declaration, place)| Subject::of(declaration, None, &place.path()?)).collect()
}

fn pick(wanted: &str, declarations: Vec<(Declaration, embedded::Place)>) -> Result<Subject, String> {
    if let Some(fault) = wanted.strip_prefix("raw:") {
        return fault.parse().map(Subject::faulty);
    }
    if wanted.starts_with("broken:") {
        return Ok(Subject { name: wanted.into(), start: Start::Builtin(wanted.into()), ..Subject::bare() });
    }
    let (name, version) = wanted.split_once('@').map_or((wanted, None), |(name, version)| (name, Some(version)));
    if name.contains('/') {
        let (declaration, folder) = embedded::declaration_at(Path::new(name))?;
        return Ok(Subject { folder: Some(folder.clone()), ..Subject::of(&declaration, version, &folder)? });
    }
    match declarations.iter().find(|(declaration, _)| declaration.name == name) {
        Some((declaration, place)) => Subject::of(declaration, version, &place.path()?),
        None => Err(unknown(name, declarations.iter().map(|(declaration, _)| declaration.name.as_str()))),
    }
}

fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let near = known.clone().map(|other| (strsim::damerau_levenshtein(name, other), other)).min();
    match near {
        Some((distance, other)) if distance <= 3 => format!("there is no subject `{name}`; did you mean `{other}`?"),
        _ => format!("there is no subject `{name}`; there are: {}", known.collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_ones_are_found() {
        assert_eq!(find("raw").map(|subject| subject.start), Ok(Start::Raw));
        assert_eq!(find("rust-std").map(|subject| subject.start), Ok(Start::Builtin("rust-std".into())));
        assert_eq!(find("raw:leaks-pipe-end").map(|subject| subject.start), Ok(Start::Builtin("raw:leaks-pipe-end".into())));
        assert_eq!(all().first().map(|subject| subject.name.clone()), Some("raw".into()));
    }

    #[test]
    fn a_misspelt_name_is_helped() {
        assert_eq!(find("rust-sdt"), Err("there is no subject `rust-sdt`; did you mean `rust-std`?".into()));
        assert!(find("rust-std@1.80").is_err_and(|message| message.contains("built in")));
        assert!(find("raw:levitates").is_err_and(|message| message.contains("leaks-pipe-end")));
    }

    #[test]
    fn a_folder_of_ones_own_is_a_subject() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/subjects/rust-std");
        let subject = find(folder).expect("it is there");
        assert_eq!((subject.name.as_str(), subject.title().as_str()), ("rust-std", folder));
        assert!(find("./no-such-folder").is_err_and(|message| message.contains("no-such-folder")));
    }

    #[test]
    fn a_missing_interpreter_is_named() {
        let message = find("python-subprocess@/nowhere/python").expect_err("there is none");
        assert!(message.contains("/nowhere/python"), "{message}");
    }
}
