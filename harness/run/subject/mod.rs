//! Subjects: what is tested, how its adapter is started, and what is known of it.
//!
//! A subject is a folder of `fixtures/subjects/` with a `subject.yaml` ([`declaration`]). The folders ship inside the binary
//! ([`embedded`]) and are found by walking, so that a new library needs no line of Rust. `NAME@VERSION` picks a version: of an
//! interpreter ([`interpreter`]), of a package from pip or npm, of a crate. What that takes is told by a recipe, and installed
//! and built into the user's cache the first time it is asked for.

pub mod broken;
pub mod builtin;
mod cache;
mod cargo;
pub mod declaration;
pub mod embedded;
pub mod expected;
pub mod install;
pub mod interpreter;
pub mod package;
mod recipe;
mod registry;
mod tool;
pub mod versions;

use crate::reference::Fault;
pub use declaration::{Condition, Expectation, Here, Reason, expectations};
use declaration::{Declaration, StartDecl};
use recipe::Recipe;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Folders of subjects beside those of the binary, as `--subjects` names them.
static FOLDERS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Adds a folder of subjects for the rest of the process's life.
///
/// # Errors
/// A folder that cannot be read, a fault of a `subject.yaml` in it.
pub fn add_folder(dir: &Path) -> Result<(), String> {
    if embedded::declarations_in(dir)?.is_empty() {
        return Err(format!("{}: there is no folder with a subject.yaml in it", dir.display()));
    }
    FOLDERS.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(dir.to_owned());
    Ok(())
}

/// Every subject there is; one in a folder that was added hides one of the same name that ships with childproof.
fn declarations() -> Result<Vec<(Declaration, embedded::Place)>, String> {
    let mut found = embedded::declarations()?;
    for dir in FOLDERS.lock().unwrap_or_else(std::sync::PoisonError::into_inner).iter() {
        let more = embedded::declarations_in(dir)?;
        found.retain(|(known, _)| !more.iter().any(|(declaration, _)| declaration.name == known.name));
        found.extend(more);
    }
    Ok(found)
}

/// Why there is no subject to be tested.
#[derive(Clone, Debug, PartialEq)]
pub enum Trouble {
    /// What the user wrote is wrong.
    Usage(String),
    /// It is known, and this machine lacks what it takes; with the remedy.
    Unavailable(String),
}

impl Trouble {
    /// Its text.
    pub fn text(self) -> String {
        match self {
            Trouble::Usage(text) | Trouble::Unavailable(text) => text,
        }
    }
}

impl From<String> for Trouble {
    fn from(text: String) -> Trouble {
        Trouble::Usage(text)
    }
}

/// How far a subject is from being started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It can be started at once.
    Installed,
    /// It is built here when it is first asked for; no registry has to be asked.
    Buildable,
    /// It is installed from a registry when it is first asked for.
    Available,
    /// This machine lacks what it takes.
    Unavailable(String),
}

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
    /// How far it is from being started.
    pub state: State,
    /// Where it is known from.
    pub origin: Origin,
}

/// Where a subject is known from: what it takes to name it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It ships with childproof, or is named by its folder.
    Named,
    /// It lies in this folder, which `--subjects` added.
    Added(PathBuf),
    /// `--command` started it by this line.
    Line(String),
    /// It is the library under test in a test program of its own.
    OwnTests,
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
    /// It cannot be started here, for this reason.
    Not(String),
}

impl Start {
    /// The command line of the adapter; `childproof` is the path of this program.
    pub fn argv(&self, childproof: &Path) -> Vec<OsString> {
        let builtin = |name: &str| vec![childproof.into(), "__subject".into(), name.into()];
        match self {
            Start::Raw => builtin("raw"),
            Start::Builtin(name) => builtin(name),
            Start::Command { argv, .. } => argv.clone(),
            Start::Not(why) => builtin(&format!("not:{why}")),
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
        let origin = Origin::Line(line.to_owned());
        Subject { name: "command".into(), about, start: Start::Command { argv, env: Vec::new() }, origin, ..Subject::bare() }
    }

    /// The command line that runs the case of this file again on this subject.
    pub fn replayed_by(&self, file: &Path) -> String {
        let file = shell_word(&file.to_string_lossy());
        match &self.origin {
            Origin::Named => format!("childproof replay {file}"),
            Origin::Added(folder) => format!("childproof replay {file} --subjects {}", shell_word(&folder.to_string_lossy())),
            Origin::Line(line) => format!("childproof replay {file} --command {}", shell_word(line)),
            Origin::OwnTests => format!("CHILDPROOF_REPLAY={file} cargo test --test {}", test_program()),
        }
    }

    /// The first declared deviation that covers `property` in `scenario` for this version of the library.
    pub fn expectation(&self, scenario: &str, property: &str, version: &str) -> Option<&Expectation> {
        self.expectations.iter().find(|expectation| expectation.covers(scenario, property, version, Here::this()))
    }

    /// A Rust library inside its own tests.
    pub fn of_library(name: &str, start: Start, expectations: Vec<Expectation>) -> Subject {
        let (about, language) = (format!("{name}, inside its own tests"), "rust".into());
        let origin = Origin::OwnTests;
        Subject { name: name.to_owned(), library: name.to_owned(), language, about, start, expectations, origin, ..Subject::bare() }
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
            state: State::Installed,
            origin: Origin::Named,
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

    /// What is written of it, without a way to start it.
    fn described(declaration: &Declaration, version: Option<&str>) -> Subject {
        Subject {
            name: declaration.name.clone(),
            version_wanted: version.map(str::to_owned),
            library: declaration.library.clone(),
            language: declaration.language.clone(),
            about: declaration.about.clone(),
            start: Start::Not("it was not prepared".into()),
            expectations: declaration.expectations.clone(),
            cannot: declaration.cannot.clone(),
            ..Subject::bare()
        }
    }

    /// With how far it is from being started, and its start where that takes nothing.
    fn looked_at(declaration: &Declaration, version: Option<&str>, dir: &Path) -> Result<Subject, Trouble> {
        let mut subject = Subject::described(declaration, version);
        subject.installed = installed(declaration, dir);
        subject.state = match Recipe::of(declaration, version, dir) {
            Err(Trouble::Usage(text)) => return Err(Trouble::Usage(text)),
            Err(Trouble::Unavailable(why)) => State::Unavailable(hinted(declaration, version, &why)),
            Ok(recipe) if recipe.is_ready() => {
                subject.start = recipe.prepare()?;
                State::Installed
            }
            Ok(recipe) => match recipe.lacks() {
                Some(why) => State::Unavailable(hinted(declaration, version, &why)),
                None if recipe.is_remote() => State::Available,
                None => State::Buildable,
            },
        };
        if let State::Unavailable(why) = &subject.state {
            subject.start = Start::Not(why.clone());
        }
        Ok(subject)
    }

    /// Ready to be started: what is missing is installed and built.
    fn prepared(declaration: &Declaration, version: Option<&str>, dir: &Path) -> Result<Subject, Trouble> {
        let mut subject = Subject::looked_at(declaration, version, dir)?;
        match &subject.state {
            State::Installed => {}
            State::Unavailable(why) => return Err(Trouble::Unavailable(why.clone())),
            State::Buildable | State::Available => {
                subject.start = Recipe::of(declaration, version, dir)?.prepare().map_err(Trouble::Unavailable)?;
                subject.state = State::Installed;
            }
        }
        Ok(subject)
    }
}

/// The reason with the command that removes it, where there is one.
fn hinted(declaration: &Declaration, version: Option<&str>, why: &str) -> String {
    let title = version.map_or_else(|| declaration.name.clone(), |version| format!("{}@{version}", declaration.name));
    let why = if why.starts_with(declaration.name.as_str()) { why.to_owned() } else { format!("{title}: {why}") };
    let brought = recipe::before(declaration, version).is_some();
    if declaration.needs.is_empty() && !brought {
        return why;
    }
    format!("{why}; `childproof subjects install {title}` installs what it needs")
}

/// The titles of every version that can be started at once.
fn installed(declaration: &Declaration, dir: &Path) -> Vec<String> {
    let releases = match &declaration.start {
        StartDecl::Builtin(_) => return Vec::new(),
        StartDecl::Command(command) => match (&command.package, &command.interpreter) {
            (Some(package), _) => package.releases(),
            (None, Some(found)) => {
                return interpreter::installed(found).iter().map(|version| format!("{}@{version}", declaration.name)).collect();
            }
            (None, None) => return Vec::new(),
        },
        StartDecl::Cargo(cargo) => cargo.releases(),
    };
    let mut versions: Vec<&str> = releases.known.iter().map(String::as_str).collect();
    if let Some(usual) = releases.usual.filter(|usual| !versions.contains(usual)) {
        versions.push(usual);
    }
    let ready = |version: Option<&str>| Recipe::of(declaration, version, dir).is_ok_and(|recipe| recipe.is_ready());
    let mut found: Vec<String> =
        versions.into_iter().filter(|version| ready(Some(version))).map(|version| format!("{}@{version}", declaration.name)).collect();
    // An interpreter of the machine's own, of a version that nobody asked for.
    if ready(None) && !matches!(&declaration.start, StartDecl::Cargo(_)) && found.is_empty() {
        found.push(declaration.name.clone());
    }
    found
}

/// Finds `NAME[@VERSION]` among the subjects that ship with childproof or were added to them, and installs and builds what it takes;
/// a name with a slash in it is the path of a subject's folder.
///
/// # Errors
/// A message with the remedy: the nearest name, or what was looked for.
pub fn find(wanted: &str) -> Result<Subject, String> {
    prepare(wanted).map_err(Trouble::text)
}

/// As [`find`], told apart: what is written wrong, and what cannot be started here.
///
/// # Errors
/// See there.
pub fn prepare(wanted: &str) -> Result<Subject, Trouble> {
    pick(wanted, Subject::prepared)
}

/// As [`find`], but nothing is installed or built: its start may be [`Start::Not`].
///
/// # Errors
/// A name that is none, a version that cannot be.
pub fn look(wanted: &str) -> Result<Subject, Trouble> {
    pick(wanted, Subject::looked_at)
}

/// Every subject that can be started here without asking a registry, in the order of their names, `raw` first.
pub fn all() -> Vec<Subject> {
    let here = |subject: &Subject| matches!(subject.state, State::Installed | State::Buildable) || !subject.installed.is_empty();
    survey().unwrap_or_default().into_iter().filter(here).collect()
}

/// Every subject there is, in the order of their names, `raw` first, with how far each is from being started.
///
/// # Errors
/// A fault of a `subject.yaml`.
pub fn survey() -> Result<Vec<Subject>, String> {
    let look = |(declaration, place): (Declaration, embedded::Place)| {
        Subject::looked_at(&declaration, None, &place.path()?).map_err(Trouble::text)
    };
    declarations()?.into_iter().map(look).collect()
}

/// The releases of a subject worth comparing, oldest first, as `NAME@VERSION`; those of an interpreter are the ones found here.
///
/// # Errors
/// A name that is none, or that has no releases.
pub fn releases(name: &str) -> Result<Vec<String>, Trouble> {
    let (declaration, ..) = declared(name)?;
    let known = match &declaration.start {
        StartDecl::Command(command) => match (&command.package, &command.interpreter) {
            (Some(package), _) => package.known.clone(),
            (None, Some(found)) => interpreter::installed(found),
            (None, None) => Vec::new(),
        },
        StartDecl::Cargo(cargo) => cargo.known.clone(),
        StartDecl::Builtin(_) => Vec::new(),
    };
    match known.as_slice() {
        [] => Err(Trouble::Usage(format!("{name} has no list of releases to compare; name some with --versions"))),
        known => Ok(known.iter().map(|version| format!("{name}@{version}")).collect()),
    }
}

/// The `subject.yaml` of `NAME[@VERSION]` where it is a file of the user's; none for what ships in the binary.
///
/// # Errors
/// A name that is none.
pub fn file_of(name: &str) -> Result<Option<PathBuf>, Trouble> {
    let (_, place, _) = declared(name)?;
    Ok(if let embedded::Place::Disk(folder) = place { Some(folder.join("subject.yaml")) } else { None })
}

type Way = fn(&Declaration, Option<&str>, &Path) -> Result<Subject, Trouble>;

fn pick(wanted: &str, way: Way) -> Result<Subject, Trouble> {
    if let Some(fault) = wanted.strip_prefix("raw:") {
        return Ok(fault.parse().map(Subject::faulty)?);
    }
    if wanted.starts_with("broken:") {
        return Ok(Subject { name: wanted.into(), start: Start::Builtin(wanted.into()), ..Subject::bare() });
    }
    let (declaration, place, version) = declared(wanted)?;
    let folder = if let embedded::Place::Disk(folder) = &place { Some(folder.clone()) } else { None };
    let named_by_folder = wanted.split('@').next().is_some_and(|name| name.contains('/'));
    let subject = way(&declaration, version.as_deref(), &place.path()?)?;
    let added = folder.as_ref().filter(|_| !named_by_folder).and_then(|folder| folder.parent());
    let origin = added.map_or(Origin::Named, |folder| Origin::Added(folder.to_owned()));
    Ok(Subject { folder: folder.filter(|_| named_by_folder), origin, ..subject })
}

/// A word as a shell takes it for one.
fn shell_word(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=@%+,".contains(letter);
    if !text.is_empty() && text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// The name of the test program that this is: cargo puts a hash behind it.
fn test_program() -> String {
    let exe = std::env::current_exe().unwrap_or_default();
    let stem = exe.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    stem.rsplit_once('-').map_or(stem.clone(), |(name, _)| name.to_owned())
}

/// What is written of `NAME[@VERSION]`, where, and the version.
fn declared(wanted: &str) -> Result<(Declaration, embedded::Place, Option<String>), Trouble> {
    let (name, version) = wanted.split_once('@').map_or((wanted, None), |(name, version)| (name, Some(version.to_owned())));
    if version.as_deref().is_some_and(|version| !version.contains('/') && version.contains([',', '@', ' '])) {
        return Err(Trouble::Usage(format!("`{wanted}` names no release: after `@` stands one version or the path of an interpreter")));
    }
    if name.contains('/') {
        let (declaration, folder) = embedded::declaration_at(Path::new(name))?;
        return Ok((declaration, embedded::Place::Disk(folder), version));
    }
    let mut declarations = declarations()?;
    match declarations.iter().position(|(declaration, _)| declaration.name == name) {
        Some(at) => {
            let (declaration, place) = declarations.swap_remove(at);
            Ok((declaration, place, version))
        }
        None => Err(Trouble::Usage(unknown(name, declarations.iter().map(|(declaration, _)| declaration.name.as_str())))),
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
    fn a_case_is_run_again_by_one_command() {
        let file = Path::new("childproof-failures/a.yaml");
        let named = find("rust-std").map(|subject| subject.replayed_by(file));
        assert_eq!(named, Ok("childproof replay childproof-failures/a.yaml".into()));
        let line = Subject::of_command("./it --name \"it's\"").replayed_by(file);
        assert_eq!(line, r#"childproof replay childproof-failures/a.yaml --command './it --name "it'\''s"'"#);
    }

    #[test]
    fn a_misspelt_name_is_helped() {
        assert_eq!(find("rust-sdt"), Err("there is no subject `rust-sdt`; did you mean `rust-std`?".into()));
        assert!(find("rust-std@1.80").is_err_and(|message| message.contains("built in")));
        assert!(find("raw:levitates").is_err_and(|message| message.contains("leaks-pipe-end")));
        assert!(find("duct@0.13.0,0.13.1").is_err_and(|message| message.contains("one version")));
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
