//! From what is written of a subject to something that can be started: interpreter, package, build, in this order.
//!
//! Making a recipe looks at the machine and changes nothing; [`Recipe::prepare`] installs and builds what is not in the cache yet.
//! That happens in the main process before any sandbox exists, never in a case.

use super::cache::{self, Place};
use super::cargo::Project;
use super::declaration::{Command, Declaration, StartDecl};
use super::package::{Package, Source, fits};
use super::{Start, Trouble, interpreter, registry, tool};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// What has to be done before a subject can be started.
#[derive(Clone, Debug)]
pub(super) struct Recipe {
    /// `NAME@VERSION` as it was asked for.
    title: String,
    how: How,
}

#[derive(Clone, Debug)]
enum How {
    Nothing(Start),
    Command(Box<Steps>),
    Cargo(Box<Project>),
}

/// The steps of a command, with every place decided.
#[derive(Clone, Debug)]
struct Steps {
    argv: Vec<String>,
    env: Vec<(OsString, OsString)>,
    install: Option<registry::Install>,
    build: Vec<Vec<String>>,
    built: Option<Place>,
    fill: Fill,
}

/// What the words in braces stand for.
#[derive(Clone, Debug, Default)]
struct Fill {
    dir: PathBuf,
    support: PathBuf,
    interpreter: Option<PathBuf>,
    packages: Option<PathBuf>,
    build: Option<PathBuf>,
    adapter: Option<PathBuf>,
}

impl Recipe {
    /// The recipe of `declaration`, whose folder is `dir`, at the version asked for.
    pub(super) fn of(declaration: &Declaration, version: Option<&str>, dir: &Path) -> Result<Recipe, Trouble> {
        let name = &declaration.name;
        let title = version.map_or_else(|| name.clone(), |version| format!("{name}@{version}"));
        let how = match &declaration.start {
            StartDecl::Builtin(_) if version.is_some() => {
                return Err(Trouble::Usage(format!("{name} is built in: it has no version {} to pick", version.unwrap_or_default())));
            }
            StartDecl::Builtin(name) if name == "raw" => How::Nothing(Start::Raw),
            StartDecl::Builtin(name) => How::Nothing(Start::Builtin(name.clone())),
            StartDecl::Command(command) => How::Command(Box::new(steps(declaration, command, version, dir)?)),
            StartDecl::Cargo(cargo) => {
                let support = super::embedded::support(dir).map_err(Trouble::Unavailable)?;
                How::Cargo(Box::new(Project::of(name, cargo, version, dir, &support)?))
            }
        };
        Ok(Recipe { title, how })
    }

    /// Whether it can be started without installing or building anything.
    pub(super) fn is_ready(&self) -> bool {
        match &self.how {
            How::Nothing(_) => true,
            How::Command(steps) => steps.installed() && steps.built.as_ref().is_none_or(Place::is_complete),
            How::Cargo(project) => project.is_ready(),
        }
    }

    /// Whether a registry may have to be asked first.
    pub(super) fn is_remote(&self) -> bool {
        match &self.how {
            How::Nothing(_) => false,
            How::Command(steps) => !steps.installed(),
            How::Cargo(project) => !project.is_ready(),
        }
    }

    /// The first tool that is wanted to prepare it and is not on this machine.
    pub(super) fn lacks(&self) -> Option<String> {
        let wanted: Vec<&str> = match &self.how {
            How::Command(steps) if !self.is_ready() => {
                let installer = steps.install.iter().map(registry::Install::tool);
                installer.chain(steps.build.iter().filter_map(|argv| argv.first()).map(String::as_str)).collect()
            }
            How::Cargo(project) if !project.is_ready() => vec!["cargo"],
            _ => Vec::new(),
        };
        let known = |word: &&str| !word.contains('{') && tool::find(word).is_none();
        wanted.into_iter().find(known).map(|word| format!("there is no `{word}` on PATH"))
    }

    /// The start, with everything installed and built that it needs.
    ///
    /// # Errors
    /// The tool that failed, with its last lines.
    pub(super) fn prepare(&self) -> Result<Start, String> {
        match &self.how {
            How::Nothing(start) => Ok(start.clone()),
            How::Command(steps) => steps.prepare(&self.title),
            How::Cargo(project) => {
                let program = project.build(&self.title)?;
                Ok(Start::Command { argv: vec![program.into()], env: Vec::new() })
            }
        }
    }
}

/// `VERSION`, `VERSION:INTERPRETER`, `/path/to/interpreter` of a subject with a package; otherwise all of it means the interpreter.
fn split<'a>(package: Option<&Package>, asked: Option<&'a str>) -> (Option<&'a str>, Option<&'a str>) {
    let Some(asked) = asked else { return (None, None) };
    let wanted = |text: &'a str| Some(text).filter(|text| !text.is_empty());
    match (package, asked.split_once(':')) {
        (None, _) => (None, Some(asked)),
        (Some(_), Some((version, interpreter))) => (wanted(version), wanted(interpreter)),
        (Some(_), None) if asked.contains('/') => (None, Some(asked)),
        (Some(_), None) => (Some(asked), None),
    }
}

fn steps(declaration: &Declaration, command: &Command, asked: Option<&str>, dir: &Path) -> Result<Steps, Trouble> {
    let name = declaration.name.as_str();
    let missing =
        |why: String| Trouble::Unavailable(format!("{name}{}: {why}", asked.map(|asked| format!("@{asked}")).unwrap_or_default()));
    let (version, wanted) = split(command.package.as_ref(), asked);
    if let (None, None, Some(asked)) = (&command.package, &command.interpreter, asked) {
        return Err(Trouble::Usage(format!("{name} has no versions to pick from: nothing can be said about @{asked}")));
    }
    let mut fill = Fill { dir: dir.to_owned(), ..Fill::default() };
    fill.support = super::embedded::support(dir).map_err(Trouble::Unavailable)?;
    let mut chosen = None;
    if let Some(package) = &command.package {
        chosen = Some(package.releases().choose(version).map_err(|why| Trouble::Usage(format!("{name}: {why}")))?);
    }
    fill.adapter = adapter(dir, &command.sources, chosen.as_deref());
    fill.interpreter = match (&command.interpreter, &command.package) {
        // The package is the interpreter, unless one of another origin is named or none in particular is asked for.
        (Some(found), Some(package)) if package.program.is_some() && version.is_none() => interpreter::resolve(name, found, wanted)
            .map_or_else(|why| if wanted.is_some() { Err(missing(why)) } else { Ok(None) }, |path| Ok(Some(path)))?,
        (_, Some(package)) if package.program.is_some() => None,
        (Some(found), package) => {
            let by_range = package.as_ref().and_then(|package| package.interpreter_of(chosen.as_deref()));
            Some(interpreter::resolve(name, found, wanted.or(by_range)).map_err(missing)?)
        }
        (None, _) => None,
    };
    let install = match (&command.package, chosen) {
        (Some(package), Some(version)) if package.program.is_none() || fill.interpreter.is_none() => {
            Some(registry::Install::of(package, &version, fill.interpreter.as_deref()).map_err(missing)?)
        }
        _ => None,
    };
    if let (Some(install), Some(package)) = (&install, &command.package) {
        fill.packages = Some(install.place.dir().to_owned());
        fill.interpreter = fill.interpreter.or_else(|| package.program.as_ref().map(|program| install.program(program)));
    }
    let built = built(name, command, &fill)?;
    fill.build = built.as_ref().map(|place| place.dir().to_owned());
    let env = command.env.iter().map(|(name, value)| (name.into(), fill.word(value))).collect();
    let first = command.argv.first().map_or("", String::as_str);
    if !first.contains(['{', '/']) && tool::find(first).is_none() {
        return Err(missing(format!("there is no `{first}` on PATH")));
    }
    Ok(Steps { argv: command.argv.clone(), env, install, build: command.build.clone(), built, fill })
}

/// `NAME@VERSION` of the subject that has to be installed first, as it brings the interpreter of this one.
pub(super) fn before(declaration: &Declaration, asked: Option<&str>) -> Option<String> {
    let StartDecl::Command(command) = &declaration.start else { return None };
    let (version, wanted) = split(command.package.as_ref(), asked);
    let by_range = command.package.as_ref().and_then(|package| {
        let chosen = package.releases().choose(version).ok()?;
        package.interpreter_of(Some(&chosen))
    });
    interpreter::brought_by(command.interpreter.as_ref()?, wanted.or(by_range))
}

/// The first source whose range fits; without any the file named `adapter.*`.
pub(super) fn adapter(dir: &Path, sources: &[Source], version: Option<&str>) -> Option<PathBuf> {
    if let Some(source) = sources.iter().find(|source| fits(version, source.versions.as_deref())) {
        return Some(dir.join(&source.file));
    }
    let mut found: Vec<PathBuf> = fs::read_dir(dir).ok()?.flatten().map(|entry| entry.path()).collect();
    found.sort();
    found.into_iter().find(|path| path.file_stem().is_some_and(|stem| stem == "adapter"))
}

/// The place of what the build makes: it changes with every file that could go into it, and with who builds from it.
fn built(name: &str, command: &Command, fill: &Fill) -> Result<Option<Place>, Trouble> {
    if command.build.is_empty() {
        return Ok(None);
    }
    let from = (content(&fill.dir), content(&fill.support), &command.build, &fill.interpreter, &fill.packages, &fill.adapter);
    let place = Place::of("built", &format!("{name}-{}", cache::digest(from)), &format!("built-{name}"));
    place.map(Some).map_err(Trouble::Unavailable)
}

/// Every file below a folder with its content; hidden ones and links are none of it.
pub(super) fn content(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut entries: Vec<_> = fs::read_dir(dir).into_iter().flatten().flatten().collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    let mut found = Vec::new();
    for entry in entries.into_iter().filter(|entry| !entry.file_name().to_string_lossy().starts_with('.')) {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(content(&entry.path())),
            Ok(kind) if kind.is_file() => found.extend(fs::read(entry.path()).map(|content| (entry.path(), content))),
            _ => {}
        }
    }
    found
}

impl Steps {
    fn installed(&self) -> bool {
        self.install.as_ref().is_none_or(|install| install.place.is_complete())
    }

    fn prepare(&self, title: &str) -> Result<Start, String> {
        let remedy = |message: String| format!("{message}\n  mend that and try `childproof subjects install {title}`");
        if let Some(install) = &self.install {
            install.perform(title).map_err(remedy)?;
            if let Some(missing) = self.fill.interpreter.as_ref().filter(|path| !tool::is_program(path)) {
                return Err(format!("{title}: there is no program at {} after installing its package", missing.display()));
            }
        }
        if let Some(place) = &self.built {
            place.fill(&format!("building {title}"), |dir| self.run_build(title, dir)).map_err(remedy)?;
        }
        let mut argv: Vec<OsString> = self.argv.iter().map(|word| self.fill.word(word)).collect();
        if let Some(found) = self.argv.first().filter(|first| !first.contains(['{', '/'])).and_then(|first| tool::find(first)) {
            argv[0] = found.into();
        }
        Ok(Start::Command { argv, env: self.env.clone() })
    }

    fn run_build(&self, title: &str, dir: &Path) -> Result<(), String> {
        let path = std::env::join_paths(tool::places()).map_err(|error| format!("PATH: {error}"))?;
        for argv in &self.build {
            let words: Vec<OsString> = argv.iter().map(|word| self.fill.word(word)).collect();
            let Some((program, args)) = words.split_first() else { continue };
            let mut command = std::process::Command::new(program);
            tool::run(&format!("building {title}"), command.args(args).current_dir(dir).env("PATH", &path))?;
        }
        Ok(())
    }
}

impl Fill {
    /// A word of a command with what its braces stand for. One that is nothing but a path keeps bytes that are no text.
    fn word(&self, word: &str) -> OsString {
        let known = [
            ("{dir}", Some(&self.dir)),
            ("{support}", Some(&self.support)),
            ("{interpreter}", self.interpreter.as_ref()),
            ("{packages}", self.packages.as_ref()),
            ("{build}", self.build.as_ref()),
            ("{adapter}", self.adapter.as_ref()),
        ];
        let mut text = word.to_owned();
        for (name, path) in known {
            let Some(path) = path else { continue };
            if word == name {
                return path.clone().into();
            }
            text = text.replace(name, &path.to_string_lossy());
        }
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_after_the_at_sign() {
        let package = Package::default();
        assert_eq!(split(None, Some("3.8")), (None, Some("3.8")));
        assert_eq!(split(Some(&package), Some("1.12.10")), (Some("1.12.10"), None));
        assert_eq!(split(Some(&package), Some("1.12.10:3.8")), (Some("1.12.10"), Some("3.8")));
        assert_eq!(split(Some(&package), Some(":3.8")), (None, Some("3.8")));
        assert_eq!(split(Some(&package), Some("/usr/bin/node")), (None, Some("/usr/bin/node")));
    }

    #[test]
    fn words_are_filled_in() {
        let fill = Fill { dir: "/d".into(), build: Some("/b".into()), ..Fill::default() };
        assert_eq!(fill.word("{dir}/x:{build}/y"), "/d/x:/b/y");
        assert_eq!(fill.word("{packages}"), "{packages}");
    }
}
