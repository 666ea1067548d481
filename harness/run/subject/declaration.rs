//! `subject.yaml`: what is written of a subject.

use super::package::{CargoDecl, Needs, Package, Source};
use super::versions;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::OnceLock;

/// One `subject.yaml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Declaration {
    /// Its name; that of its folder.
    pub name: String,
    /// The library under test: `subprocess`.
    pub library: String,
    /// Its language: `python`.
    pub language: String,
    /// What a reader should know: which form of the library is meant, what is left out and why.
    pub about: String,
    /// How its adapter is started.
    pub start: StartDecl,
    /// What `childproof subjects install` installs where the machine lacks it.
    #[serde(default, skip_serializing_if = "Needs::is_empty")]
    pub needs: Needs,
    /// Scenarios of which nothing can run, for want of what the library does not offer: a test of them is listed as skipped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cannot: Vec<String>,
    /// Allowed deviations, each with its reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expectations: Vec<Expectation>,
}

/// `start: {builtin: rust-std}`, `start: {command: {...}}` or `start: {cargo: {...}}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StartDecl {
    /// Compiled into childproof.
    Builtin(String),
    /// A program.
    Command(Box<Command>),
    /// A Rust crate, for which a program is built.
    Cargo(Box<CargoDecl>),
}

/// A program to start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Command {
    /// Program and arguments; `{dir}` is the subject's folder, `{support}` the folder of what adapters share, `{interpreter}` the
    /// interpreter, `{packages}` where the package is installed, `{build}` where `build` puts its results, `{adapter}` the source.
    pub argv: Vec<String>,
    /// How `{interpreter}` is found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interpreter: Option<Interpreter>,
    /// The package that is tested, or that brings the interpreter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<Package>,
    /// Commands that put the adapter into `{build}`, performed once per version and content.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub build: Vec<Vec<String>>,
    /// Which file `{adapter}` is, by the version of the package; otherwise the one named `adapter.*`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
    /// Variables beside those of every case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<(String, String)>,
}

/// How an interpreter is found: `NAME@/a/path` is that path; `NAME@VERSION` is looked for; `NAME` alone is the first of `names`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Interpreter {
    /// Programs to look for on PATH when no version is asked for, best first.
    pub names: Vec<String>,
    /// The program's name on PATH with its version: `python{version}`.
    pub versioned: String,
    /// Places of version managers; a `*` after `{version}` stands for the rest of that folder's name, `~` for HOME, `{cache}` for
    /// the folder of childproof's cache, `{os}` and `{arch}` for what npm calls them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub folders: Vec<String>,
    /// Versions to look for when all that are installed are to be tested.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<String>,
    /// Arguments with which it has to exit with 0, where the library is a package of the system's: `[-MIPC::Run, -e1]`. Without that the
    /// subject is unavailable, however good the interpreter.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub probe: Vec<String>,
    /// The subject whose package brings such an interpreter, at the version that is wanted: `from: node`. One of `folders` has to lead
    /// to where that is installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
}

/// A deviation that is allowed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Expectation {
    /// Scenario id; `*` stands for any text.
    pub scenario: String,
    /// The property that fails; `*` stands for any text.
    pub property: String,
    /// What sort of deviation it is.
    pub reason_class: Reason,
    /// Why it is so, in a sentence.
    pub reason: String,
    /// Where that can be read: the library's documentation, or its issue.
    pub reference: String,
    /// It does not fail in every case (the parameters or the timing decide): holding is no news.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sometimes: bool,
    /// Counts only where this holds.
    #[serde(default, skip_serializing_if = "Condition::is_empty")]
    pub condition: Condition,
}

/// Sorts of deviations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Documented, and a matter of taste.
    Ok,
    /// A bug of the library.
    Bug,
    /// The library does not do it (yet).
    NotImplemented,
    /// The platform's or its C library's doing.
    Platform,
}

/// Where an expectation counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Condition {
    /// Versions of the library: `<3.0`, or several that must all hold: `>=3.7, <3.13`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versions: Option<String>,
    /// `linux`, `macos`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub os: Option<String>,
    /// C library of the machine: `glibc`, `musl`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub libc: Option<String>,
}

/// A system, as conditions speak of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Here {
    /// Its operating system.
    pub os: &'static str,
    /// Its C library.
    pub libc: &'static str,
}

impl Here {
    /// This one. What childproof itself was linked with says nothing of the subjects: the dynamic linkers of the machine do. They are
    /// looked for once.
    pub fn this() -> Here {
        static THIS: OnceLock<Here> = OnceLock::new();
        *THIS.get_or_init(Here::looked_at)
    }

    fn looked_at() -> Here {
        let linkers = |start: &str| {
            let folders = ["/lib", "/lib64"].into_iter().filter_map(|dir| std::fs::read_dir(dir).ok());
            folders.flatten().flatten().any(|entry| entry.file_name().to_string_lossy().starts_with(start))
        };
        let libc = match std::env::consts::OS {
            "linux" if linkers("ld-musl") && !linkers("ld-linux") => "musl",
            "linux" => "glibc",
            _ => "system",
        };
        Here { os: std::env::consts::OS, libc }
    }
}

impl Reason {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Reason::Ok => "ok",
            Reason::Bug => "bug",
            Reason::NotImplemented => "not-implemented",
            Reason::Platform => "platform",
        }
    }
}

impl Condition {
    fn is_empty(&self) -> bool {
        *self == Condition::default()
    }
}

impl Expectation {
    /// Whether it speaks of this property in this scenario, for this version on this system.
    pub fn covers(&self, scenario: &str, property: &str, version: &str, here: Here) -> bool {
        let versions = self.condition.versions.as_deref();
        glob(&self.scenario, scenario)
            && glob(&self.property, property)
            && versions.is_none_or(|wanted| versions::satisfies(version, wanted) == Ok(true))
            && self.condition.os.as_deref().is_none_or(|wanted| wanted == here.os)
            && self.condition.libc.as_deref().is_none_or(|wanted| wanted == here.libc)
    }
}

/// Whether `text` is `pattern`, in which each `*` stands for any text.
fn glob(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(head) else { return false };
    text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| glob(rest, &text[at..]))
}

/// Reads a `subject.yaml`.
///
/// # Errors
/// File, line, what is wrong.
pub fn parse(path: &Path, text: &str) -> Result<Declaration, String> {
    let said = |message: String| format!("{}: {message}", path.display());
    let declaration: Declaration = serde_saphyr::from_str(text).map_err(|error| said(error.to_string()))?;
    let folder = path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    if folder.is_some_and(|folder| folder != declaration.name) {
        return Err(said(format!("its name is `{}`, but its folder has another", declaration.name)));
    }
    match &declaration.start {
        StartDecl::Builtin(_) => {}
        StartDecl::Command(command) => {
            let sources = super::package::check_sources(&command.sources);
            command.package.as_ref().map_or(Ok(()), Package::check).and(sources).map_err(said)?;
        }
        StartDecl::Cargo(cargo) => cargo.check().map_err(said)?,
    }
    sound(&declaration.expectations).map_err(said)?;
    Ok(declaration)
}

/// Reads a list of expectations by itself.
///
/// # Errors
/// The line, and what is wrong.
pub fn expectations(text: &str) -> Result<Vec<Expectation>, String> {
    let expectations: Vec<Expectation> = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
    sound(&expectations)?;
    Ok(expectations)
}

fn sound(expectations: &[Expectation]) -> Result<(), String> {
    for expectation in expectations {
        if let Some(wanted) = &expectation.condition.versions {
            versions::satisfies("0", wanted).map_err(|message| format!("expectation of {}: {message}", expectation.scenario))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUBJECT: &str = "name: x\nlibrary: l\nlanguage: c\nabout: a\nstart: {builtin: x}\n";

    #[test]
    fn globs_match_whole_names() {
        assert!(glob("start/*", "start/child-fds"));
        assert!(glob("*/child*s", "start/child-fds"));
        assert!(!glob("start", "start/child-fds"));
    }

    #[test]
    fn faults_name_file_and_line() {
        let path = Path::new("subjects/x/subject.yaml");
        assert!(parse(path, SUBJECT).is_ok());
        let message = parse(path, &format!("{SUBJECT}colour: red\n")).expect_err("an unknown key");
        assert!(message.contains("subjects/x/subject.yaml") && message.contains("colour") && message.contains("line 6"), "{message}");
        assert!(parse(Path::new("subjects/y/subject.yaml"), SUBJECT).is_err());
    }

    #[test]
    fn an_expectation_counts_under_its_condition() {
        let text = format!(
            "{SUBJECT}expectations: [{{scenario: a/*, property: p, reason-class: bug, reason: r, reference: u, condition: {{versions: \"<3.0\"}}}}]\n"
        );
        let declaration = parse(Path::new("x/subject.yaml"), &text).expect("valid");
        let (expectation, here) = (&declaration.expectations[0], Here { os: "linux", libc: "glibc" });
        assert!(expectation.covers("a/b", "p", "2.7.18", here));
        assert!(!expectation.covers("a/b", "p", "3.6", here));
        assert!(!expectation.covers("a/b", "q", "2.7.18", here));
    }
}
