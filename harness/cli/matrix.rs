//! `childproof matrix`: subjects × properties.

use super::exit::{Ended, Exit, Fault};
use super::grid::{Cell, Grid};
use super::out;
use super::run::subject_or_why_not;
use super::run::survey::{self, Seen, Survey, SurveyArgs};
use crate::report::Row;
use crate::run::subject;
use clap::{Args, ValueEnum};
use std::sync::Arc;

/// Options of `childproof matrix`.
#[derive(Args, Debug)]
pub struct MatrixArgs {
    /// Subjects to compare [default: all that can be tested here without installing anything, each in its newest release]
    #[arg(long = "subject", value_name = "NAME[@VERSION]")]
    subjects: Vec<String>,
    /// Every release that is here, not only the newest of each
    #[arg(long, conflicts_with = "subjects")]
    releases: bool,
    #[command(flatten)]
    survey: SurveyArgs,
    /// Form of the table
    #[arg(long, value_enum, value_name = "FORM", default_value = "terminal")]
    format: Form,
}

/// Forms of a table.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Form {
    /// For a person
    Terminal,
    /// For a page
    Markdown,
    /// For a program
    Json,
}

/// The table in that form.
///
/// # Errors
/// None in practice: a table can be printed.
pub fn shown(grid: &Grid, form: Form) -> Result<String, Fault> {
    Ok(match form {
        Form::Terminal => grid.plain(),
        Form::Markdown => grid.markdown(),
        Form::Json => {
            serde_json::to_string_pretty(&grid.json()).map_err(|error| Fault::Harness(format!("printing the table: {error}")))? + "\n"
        }
    })
}

/// Performs it; 1 where a cell fails that nothing declares, 4 where nothing ran.
///
/// # Errors
/// An unknown subject or scenario; a harness that cannot start; a closed pipe.
pub fn run(args: &MatrixArgs) -> Ended {
    let plans = survey::plans(&args.survey.scenarios, false)?;
    let names = if args.subjects.is_empty() { here(args.releases) } else { args.subjects.clone() };
    let subjects = names.iter().map(|name| subject_or_why_not(name).map(Arc::new)).collect::<Result<Vec<_>, _>>()?;
    let survey = Survey::begin(&args.survey)?;
    let seed = survey.seed();
    let mut grid = Grid::default();
    let seen = survey.run(survey::pairs(&subjects, &plans))?;
    for seen in &seen {
        grid.row(&seen.subject.title());
        seen.cells().for_each(|(property, cell)| grid.add(&seen.subject.title(), property, cell));
    }
    out::print(&shown(&grid, args.format)?)?;
    let mut missing: Vec<&str> = seen.iter().filter_map(Seen::unavailable).collect();
    missing.dedup();
    let notes: String =
        seen.iter().map(|seen| unexplained(seen, seed)).chain(missing.iter().map(|why| format!("\nnot tried: {why}"))).collect();
    match args.format {
        // What a program reads is the table alone.
        Form::Json if notes.is_empty() => {}
        Form::Json => anstream::eprintln!("{}", notes.trim_start_matches('\n')),
        Form::Terminal | Form::Markdown => out::print(&notes)?,
    }
    let any =
        |wanted: &dyn Fn(Cell) -> bool| grid.rows().iter().any(|row| grid.columns().iter().any(|column| wanted(grid.cell(row, column))));
    Ok(match () {
        () if any(&|cell| cell == Cell::Defect) => Exit::Regression,
        () if any(&|cell| cell != Cell::Nothing) => Exit::AsExpected,
        () => Exit::NothingRan,
    })
}

/// A line for each finding that nothing declares, with the command that shows it.
fn unexplained(seen: &Seen, seed: u64) -> String {
    let (subject, scenario) = (seen.subject.title(), &seen.entry.scenario);
    let line = |row: &Row| {
        let (Row { property, k, n, .. }, cases) = (row, seen.entry.cases);
        format!(
            "\n{subject}: {property} {} in {k} of {n}\n  childproof run --subject {subject} --scenario {scenario} --cases {cases} --seed {seed}",
            row.word.name()
        )
    };
    seen.rows().filter(|row| Cell::of(row) == Cell::Defect).map(line).collect()
}

/// What can be tested without installing anything, release by release.
fn here(all: bool) -> Vec<String> {
    let titles = |mut subject: subject::Subject| match subject.installed.len() {
        0 => vec![subject.title()],
        // Oldest first.
        count => subject.installed.split_off(if all { 0 } else { count - 1 }),
    };
    subject::all().into_iter().flat_map(titles).collect()
}
