//! What to run: which subjects, which scenarios, which of each with which.

use super::engine::Pair;
use crate::cli::exit::Fault;
use crate::cli::{load, names};
use crate::plan::case::Plan;
use crate::plan::script::Plane;
use crate::run::subject::{self, Start, Subject, Trouble};
use std::path::PathBuf;
use std::sync::Arc;

/// The subject that performs system calls itself, and with which blame is settled.
pub const RAW: &str = "raw";
/// Tested when nobody says otherwise: they need nothing installed.
const DEFAULT: [&str; 2] = [RAW, "rust-std"];

/// Every subject with every scenario that it can be tried with, subject by subject.
pub fn pairs(wanted: &[String], command: Option<&str>, globs: &[String], files: &[PathBuf]) -> Result<Vec<Pair>, Fault> {
    let plans: Vec<Arc<Plan>> = scenarios(globs, files)?.into_iter().map(Arc::new).collect();
    let subjects: Vec<Arc<Subject>> = subjects(wanted, command)?.into_iter().map(Arc::new).collect();
    let with = |subject: &Arc<Subject>| {
        let subject = subject.clone();
        let suits = move |plan: &&Arc<Plan>| plan.plane == Plane::Library || subject.name == RAW;
        plans.iter().filter(suits).cloned().collect::<Vec<_>>()
    };
    let pairs: Vec<Pair> =
        subjects.iter().flat_map(|subject| with(subject).into_iter().map(|plan| Pair { subject: subject.clone(), plan })).collect();
    if pairs.is_empty() {
        let some: Vec<&str> = plans.iter().take(4).map(|plan| plan.id.as_str()).collect();
        let more = if plans.len() > some.len() { format!(" and {} more", plans.len() - some.len()) } else { String::new() };
        let what = some.join(", ");
        anstream::eprintln!("note: no library performs {what}{more}, system calls do: add `--subject {RAW}`");
    }
    Ok(pairs)
}

fn subjects(wanted: &[String], command: Option<&str>) -> Result<Vec<Subject>, Fault> {
    let by_default = if wanted.is_empty() && command.is_none() { &DEFAULT[..] } else { &[] };
    let names = by_default.iter().copied().chain(wanted.iter().map(String::as_str));
    let mut subjects = names.map(subject_or_why_not).collect::<Result<Vec<_>, _>>()?;
    subjects.extend(command.map(Subject::of_command));
    Ok(subjects)
}

/// The subject of this name; one that cannot be started here is in the report all the same, with the reason.
pub fn subject_or_why_not(name: &str) -> Result<Subject, Fault> {
    match subject::prepare(name) {
        Ok(subject) => Ok(subject),
        Err(Trouble::Usage(text)) => Err(Fault::Usage(text)),
        Err(Trouble::Unavailable(why)) => {
            let known = subject::look(name).map_err(|trouble| Fault::Usage(trouble.text()))?;
            Ok(Subject { start: Start::Not(why), ..known })
        }
    }
}

/// The subject of this name.
pub fn subject(name: &str) -> Result<Subject, Fault> {
    subject::find(name).map_err(Fault::Usage)
}

/// The scenarios of these files, or of the binary, that one of the globs means.
pub fn scenarios(globs: &[String], files: &[PathBuf]) -> Result<Vec<Plan>, Fault> {
    let plans = if files.is_empty() { load::embedded()? } else { load::files(files)? };
    for glob in globs {
        if !plans.iter().any(|plan| names::matches(glob, &plan.id)) {
            return Err(Fault::Usage(names::unknown("scenario", glob, plans.iter().map(|plan| plan.id.as_str()), "scenarios")));
        }
    }
    let chosen = |plan: &Plan| globs.is_empty() || globs.iter().any(|glob| names::matches(glob, &plan.id));
    Ok(plans.into_iter().filter(chosen).collect())
}
