//! Scenarios from the binary or from files, checked, with every problem of every file told at once.

use super::exit::Fault;
use super::names;
use crate::judge;
use crate::plan::case::{Plan, Source};
use crate::plan::check::check;
use crate::plan::diagnostic::{Look, Problems};
use crate::plan::library;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// The scenarios that ship in the binary.
///
/// # Errors
/// One that does not check is a fault of the build.
pub fn embedded() -> Result<Vec<Plan>, Fault> {
    let (plans, problems) = checked(&library::embedded());
    match &problems[..] {
        [] => Ok(plans),
        [first, ..] => Err(Fault::Harness(format!("checking the embedded scenarios: {first}"))),
    }
}

/// The scenarios of files and directories.
///
/// # Errors
/// Files that cannot be read, and every problem of those that do not check.
pub fn files(paths: &[PathBuf]) -> Result<Vec<Plan>, Fault> {
    let (plans, problems) = checked(&sources(paths)?);
    if problems.is_empty() { Ok(plans) } else { Err(Fault::Problems(problems)) }
}

/// The sources of files and directories.
///
/// # Errors
/// The first path that cannot be read.
pub fn sources(paths: &[PathBuf]) -> Result<Vec<Source>, Fault> {
    let mut sources = Vec::new();
    for path in paths {
        let found = library::load(path).map_err(|error| Fault::Usage(format!("cannot read {error}")))?;
        if found.is_empty() {
            return Err(Fault::Usage(format!("`{}` holds no scenario file (`*.yaml`)", path.display())));
        }
        sources.extend(found);
    }
    Ok(sources)
}

/// Checks sources: the plans of the good ones, the problems of the others in print.
pub fn checked(sources: &[Source]) -> (Vec<Plan>, Vec<String>) {
    let declared = judge::declarations();
    let (mut plans, mut problems) = (Vec::new(), Vec::new());
    for source in sources {
        match check(source, &declared) {
            Ok(plan) => plans.push(plan),
            Err(found) => problems.push(print(&found)),
        }
    }
    (plans, problems)
}

/// One scenario by its name or its file's path.
///
/// # Errors
/// As [`embedded`] and [`files`]; a name that does not exist.
pub fn one(name: &str) -> Result<Plan, Fault> {
    let path = Path::new(name);
    if path.is_file() {
        return files(&[path.to_owned()]).map(|mut plans| plans.remove(0));
    }
    let mut plans = embedded()?;
    match plans.iter().position(|plan| plan.id == name || plan.id == name.replacen('.', "/", 1)) {
        Some(at) => Ok(plans.swap_remove(at)),
        None => Err(Fault::Usage(names::unknown("scenario", name, plans.iter().map(|plan| plan.id.as_str()), "scenarios"))),
    }
}

/// A picture at a terminal, lines `file:line:column: problem` elsewhere.
fn print(problems: &Problems) -> String {
    if std::io::stderr().is_terminal() {
        problems.render(Look { colour: std::env::var_os("NO_COLOR").is_none(), unicode: true, width: 100 })
    } else {
        problems.to_string()
    }
}
