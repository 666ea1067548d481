//! `childproof list`: what there is, one thing per line, name first, so that `cut` and `grep` can work on it.

use super::exit::{Ended, Exit, Fault};
use super::{load, out};
use crate::judge;
use crate::plan::catalogue;
use crate::plan::script::Plane;
use crate::plan::step;
use crate::run::subject::{self, State};
use clap::{Args, ValueEnum};
use std::fmt::Write;

/// Options of `childproof list`.
#[derive(Args, Debug)]
pub struct ListArgs {
    /// Of what
    #[arg(value_enum, value_name = "WHAT")]
    what: What,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// Scenarios in the binary, with the plane they are for
    Scenarios,
    /// Properties; universal ones are checked on every case
    Properties,
    /// Subjects, with what it takes to test those that are not installed
    Subjects,
    /// Steps of the scenario language, with the capability that each needs
    Steps,
    /// Rows of the catalogue, who can run them, and the scenarios that cover them
    Catalogue,
}

/// Performs it.
///
/// # Errors
/// A closed pipe.
pub fn run(args: &ListArgs) -> Ended {
    let rows = match args.what {
        What::Scenarios => scenarios()?,
        What::Properties => properties(),
        What::Subjects => subjects()?,
        What::Steps => steps(),
        What::Catalogue => catalogue()?,
    };
    out::print(&table(&rows))?;
    Ok(Exit::AsExpected)
}

type Table = Vec<[String; 3]>;

fn scenarios() -> Result<Table, Fault> {
    let row = |plan: crate::plan::case::Plan| [plan.id, plane(plan.plane).to_owned(), plan.scenario.title];
    Ok(load::embedded()?.into_iter().map(row).collect())
}

fn plane(plane: Plane) -> &'static str {
    match plane {
        Plane::Platform => "platform",
        Plane::Library => "library",
    }
}

fn properties() -> Table {
    let kind = |universal| if universal { "universal" } else { "asked for" };
    judge::PROPERTIES.iter().map(|of| [of.name().to_owned(), kind(of.universal()).to_owned(), of.says().to_owned()]).collect()
}

fn subjects() -> Result<Table, Fault> {
    let each = |subject: subject::Subject| {
        let says = match &subject.state {
            State::Installed => subject.library.clone(),
            State::Buildable => format!("{} (built when first asked for)", subject.library),
            State::Available => format!("{} (available: `childproof subjects install {}`)", subject.library, subject.name),
            State::Unavailable(why) => format!("{} (unavailable: {why})", subject.library),
        };
        let names = if subject.installed.is_empty() { vec![subject.name] } else { subject.installed };
        let (language, library) = (subject.language, subject.library);
        // A version that is listed is installed, whatever the one is that would be taken.
        let plain = move |name: &str| if name.contains('@') { library.clone() } else { says.clone() };
        names.into_iter().map(move |name| [name.clone(), language.clone(), plain(&name)])
    };
    Ok(subject::survey().map_err(Fault::Usage)?.into_iter().flat_map(each).collect())
}

fn steps() -> Table {
    step::KINDS
        .iter()
        .map(|kind| {
            [
                kind.keyword.to_owned(),
                if kind.capability.is_empty() { kind.family } else { kind.capability }.to_owned(),
                kind.summary.to_owned(),
            ]
        })
        .collect()
}

/// Row, subjects by plane, scenarios. A plane on which a row means something and no scenario covers it is said to be missing.
fn catalogue() -> Result<Table, Fault> {
    let plans = load::embedded()?;
    let libraries = subject::all().iter().filter(|subject| subject.name != "raw").count();
    let cell = |row: &catalogue::Row| {
        let covering = || plans.iter().filter(|plan| plan.scenario.catalogue.as_deref() == Some(row.id));
        let on = |wanted: Plane| covering().any(|plan| plan.plane == wanted);
        let told = |means: bool, plane: Plane, who: String| match (means, on(plane)) {
            (_, true) => Some(who),
            (true, false) => Some(format!("no {} scenario", self::plane(plane))),
            (false, false) => None,
        };
        let subjects =
            [told(row.platform, Plane::Platform, "raw".into()), told(row.library, Plane::Library, format!("raw, {libraries} libraries"))];
        let scenarios: Vec<&str> = covering().map(|plan| plan.id.as_str()).collect();
        [row.id.to_owned(), subjects.into_iter().flatten().collect::<Vec<_>>().join("; "), scenarios.join(" ")]
    };
    Ok(catalogue::ROWS.iter().map(cell).collect())
}

/// Columns padded to the widest, the last one as it is.
fn table(rows: &[[String; 3]]) -> String {
    let wide = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (first, second) = (wide(0), wide(1));
    let mut text = String::new();
    for [name, kind, says] in rows {
        let _ = writeln!(text, "{}", format!("{name:first$}  {kind:second$}  {says}").trim_end());
    }
    text
}
