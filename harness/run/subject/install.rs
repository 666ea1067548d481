//! `childproof subjects install`: what a subject needs is installed by package name, then the subject itself.
//!
//! System packages are installed only by who may install them: root, or a user whose sudo asks for no password. Anybody else is told
//! the command. Programs from pip and npm go into the cache, where only childproof looks for them.

use super::cache::{self, Place};
use super::declaration::Declaration;
use super::package::Needs;
use super::{State, Subject, Trouble, declared, prepare, recipe, registry, tool};
use std::path::PathBuf;
use std::process::Command;

/// Folders of programs that were installed from pip and npm for whole subjects.
pub(super) fn folders() -> Option<Vec<PathBuf>> {
    let base = cache::in_base("programs", |base| Ok(base.join("needs"))).ok()?;
    let each = std::fs::read_dir(base).ok()?.flatten().map(|entry| entry.path());
    Some(each.flat_map(|dir| [dir.join("bin"), dir.join("node_modules/.bin")]).collect())
}

/// Installs `NAME[@VERSION]` with all that it needs; it is ready to be started then.
///
/// # Errors
/// A name that is none; what failed, with the remedy.
pub fn install(wanted: &str) -> Result<Subject, Trouble> {
    let (declaration, place, version) = declared(wanted)?;
    if let Some(first) = recipe::before(&declaration, version.as_deref()) {
        let why = |text: String| format!("{}: its interpreter comes from {first}: {text}", declaration.name);
        prepare(&first).map_err(|trouble| match trouble {
            Trouble::Usage(text) => Trouble::Usage(why(text)),
            Trouble::Unavailable(text) => Trouble::Unavailable(why(text)),
        })?;
    }
    let subject = Subject::looked_at(&declaration, version.as_deref(), &place.path()?)?;
    if matches!(subject.state, State::Unavailable(_)) && !declaration.needs.is_empty() {
        satisfy(&declaration).map_err(Trouble::Unavailable)?;
    }
    prepare(wanted)
}

fn satisfy(declaration: &Declaration) -> Result<(), String> {
    let Needs { apt, pip, npm } = &declaration.needs;
    if !apt.is_empty() {
        by_apt(&declaration.name, apt)?;
    }
    for package in pip {
        let python = tool::find("python3").ok_or_else(|| format!("{}: pip wants a `python3` on PATH", declaration.name))?;
        from(package, "pip", |dir| registry::pip(&python, dir))?;
    }
    npm.iter().try_for_each(|package| from(package, "npm", registry::npm))
}

fn from(package: &str, kind: &str, client: impl Fn(&std::path::Path) -> Command) -> Result<(), String> {
    let place = Place::of("needs", &format!("{kind}-{package}"), &format!("needs-{kind}-{package}"))?;
    let doing = format!("installing {package} from {kind}");
    place.fill(&doing, |dir| tool::run(&doing, client(dir).arg(package)))
}

fn by_apt(name: &str, packages: &[String]) -> Result<(), String> {
    let line = format!("apt-get install -y {}", packages.join(" "));
    if tool::find("apt-get").is_none() {
        return Err(format!("{name} needs {}, and this machine has no apt-get to install it", packages.join(" ")));
    }
    let sudo = match () {
        () if nix::unistd::geteuid().is_root() => false,
        () if asks_no_password() => true,
        () => return Err(format!("{name} needs {}; run `sudo {line}`, then this again", packages.join(" "))),
    };
    let apt = |arguments: &[&str]| {
        let mut command = Command::new(if sudo { "sudo" } else { "apt-get" });
        command.args(if sudo { &["-n", "apt-get"][..] } else { &[] }).args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        tool::run(&format!("installing {} for {name}", packages.join(" ")), &mut command)
    };
    let install: Vec<&str> = ["install", "-y"].into_iter().chain(packages.iter().map(String::as_str)).collect();
    // Its lists may be old, or not there at all.
    apt(&install).or_else(|_| apt(&["update"]).and_then(|()| apt(&install)))
}

fn asks_no_password() -> bool {
    tool::find("sudo").is_some() && tool::run("asking sudo", Command::new("sudo").args(["-n", "true"])).is_ok()
}
