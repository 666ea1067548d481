//! Packages from pip and npm: installed once into a folder of the cache, by the registry's own client.

use super::cache::{self, Place};
use super::package::Package;
use super::tool;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One package at one version, with where it goes.
#[derive(Clone, Debug)]
pub(super) struct Install {
    pub(super) place: Place,
    by: By,
    name: String,
    version: String,
    with: Vec<String>,
    /// The interpreter that it is.
    is_program: Option<String>,
}

#[derive(Clone, Debug, Hash)]
enum By {
    /// With this interpreter, for packages may hold code that was built for it.
    Pip(PathBuf),
    Npm,
}

impl Install {
    /// Of that version for that interpreter.
    ///
    /// # Errors
    /// No interpreter that pip could be run with; no folder to put it in.
    pub(super) fn of(package: &Package, version: &str, interpreter: Option<&Path>) -> Result<Install, String> {
        let name = package.name();
        let by = if package.pip.is_some() {
            let any = || tool::find("python3").ok_or("pip wants a `python3` on PATH");
            By::Pip(interpreter.map_or_else(any, |path| Ok(path.to_owned()))?)
        } else {
            By::Npm
        };
        let kind = if package.pip.is_some() { "pip" } else { "npm" };
        let key = format!("{name}-{version}-{}", cache::digest((&by, &package.with)));
        let place = Place::of(kind, &key, &format!("{kind}-{key}"))?;
        Ok(Install { place, by, name, version: version.to_owned(), with: package.with.clone(), is_program: package.program.clone() })
    }

    /// The program that performs it.
    pub(super) fn tool(&self) -> &str {
        match &self.by {
            By::Pip(python) => python.to_str().unwrap_or("python3"),
            By::Npm => "npm",
        }
    }

    /// The path of a program of the package; for npm either below its own folder or below that of everything installed.
    pub(super) fn program(&self, program: &str) -> PathBuf {
        match self.by {
            By::Pip(_) => self.place.dir().join(program),
            By::Npm if program.starts_with("node_modules/") => self.place.dir().join(program),
            By::Npm => self.place.dir().join("node_modules").join(&self.name).join(program),
        }
    }

    /// Installs it unless it is there.
    pub(super) fn perform(&self, title: &str) -> Result<(), String> {
        let doing = format!("installing {} {} for {title}", self.name, self.version);
        self.place.fill(&doing, |dir| {
            tool::run(&doing, &mut self.command(dir))?;
            let program = self.is_program.as_ref().map(|program| self.program(program));
            // Some release's archive forgot that it may be executed.
            program.map_or(Ok(()), |path| let_run(&path).map_err(|error| format!("{doing}: {}: {error}", path.display())))
        })
    }

    fn command(&self, dir: &Path) -> Command {
        match &self.by {
            By::Pip(python) => {
                let mut command = pip(python, dir);
                command.arg(format!("{}=={}", self.name, self.version)).args(&self.with);
                command
            }
            By::Npm => {
                let mut command = npm(dir);
                command.arg(format!("{}@{}", self.name, self.version)).args(&self.with);
                command
            }
        }
    }
}

fn let_run(program: &Path) -> std::io::Result<()> {
    let mode = std::fs::metadata(program)?.permissions().mode();
    if mode & 0o111 == 0 { std::fs::set_permissions(program, Permissions::from_mode(mode | 0o755)) } else { Ok(()) }
}

/// `pip install` into a folder.
pub(super) fn pip(python: &Path, dir: &Path) -> Command {
    let mut command = Command::new(python);
    command.args(["-m", "pip", "install", "--target"]).arg(dir).args(["--disable-pip-version-check", "--no-input"]);
    command
}

/// `npm install` into a folder. Without a package.json of its own npm would look for one further up, and install there.
pub(super) fn npm(dir: &Path) -> Command {
    let mut command = Command::new("npm");
    command.args(["install", "--no-audit", "--no-fund", "--no-package-lock", "--prefix"]).arg(dir).current_dir(dir);
    command
}
