//! `childproof explain ID`: what a name in a report means.

use super::exit::{Ended, Exit, Fault};
use super::{load, names, out};
use crate::generate::{draw, lower};
use crate::judge;
use crate::plan::case::Plan;
use crate::plan::describe::{Kind, Planes};
use crate::plan::step;
use crate::report::{Row, explain};
use crate::run::subject::{self, Subject};
use clap::Args;
use std::path::Path;

/// Options of `childproof explain`.
#[derive(Args, Debug)]
pub struct ExplainArgs {
    /// A scenario (or its file), property, step or subject
    #[arg(value_name = "ID")]
    id: String,
}

/// Performs it.
///
/// # Errors
/// A name that nothing has; a closed pipe.
pub fn run(args: &ExplainArgs) -> Ended {
    out::print(&text(&args.id)?)?;
    Ok(Exit::AsExpected)
}

/// The first that has this name: a file, a scenario, a property, a step, a subject.
fn text(id: &str) -> Result<String, Fault> {
    if Path::new(id).is_file() {
        return Ok(scenario(&load::one(id)?));
    }
    let plans = load::embedded()?;
    if let Some(plan) = plans.iter().find(|plan| plan.id == id || plan.id == id.replacen('.', "/", 1)) {
        return Ok(scenario(plan));
    }
    if let Some(property) = judge::PROPERTIES.iter().find(|property| property.name() == id) {
        return Ok(explain::property(*property));
    }
    if let Some(kind) = step::KINDS.iter().find(|kind| kind.keyword == id) {
        return Ok(step(kind));
    }
    if let Some(known) = subject::all().iter().find(|known| known.name == id) {
        return Ok(subject(known));
    }
    if id == Row::COMPLETES {
        let says = "The case comes to its end: nobody crashes, hangs or breaks the protocol, the subject can and the platform may.";
        return Ok(explain::plain(id, says, &[]));
    }
    Err(unknown(id, &plans))
}

fn unknown(id: &str, plans: &[Plan]) -> Fault {
    let subjects = subject::all();
    let all = plans.iter().map(|plan| plan.id.as_str());
    let all = all.chain(judge::PROPERTIES.iter().map(|property| property.name()));
    let all = all.chain(step::KINDS.iter().map(|kind| kind.keyword));
    let all = all.chain(subjects.iter().map(|known| known.name.as_str()));
    Fault::Usage(names::unknown("scenario, property, step or subject", id, all, "scenarios|properties|steps|subjects"))
}

/// With the steps of its first case.
fn scenario(plan: &Plan) -> String {
    let sample = lower::lower(plan, &draw::case(plan, 0, 0)).ok().map(|(script, _)| script);
    explain::scenario(plan, sample.as_ref())
}

fn step(kind: &Kind) -> String {
    let who = match kind.plane {
        Planes::Both => "any actor; by a root on either plane",
        Planes::Platform => "an actor, by system calls",
        Planes::Library => "the subject, through its library",
    };
    let facts =
        [("family", kind.family.to_owned()), ("performed by", who.to_owned()), ("needs the capability", kind.capability.to_owned())];
    explain::plain(kind.keyword, kind.summary, &facts)
}

fn subject(of: &Subject) -> String {
    let declared: Vec<_> =
        of.expectations.iter().map(|entry| format!("{} on {}: {}", entry.property, entry.scenario, entry.reason)).collect();
    let facts = [
        ("library", of.library.clone()),
        ("language", of.language.clone()),
        ("versions here", of.installed.join("\n")),
        ("declared", declared.join("\n")),
    ];
    explain::plain(&of.name, &of.about, &facts)
}
