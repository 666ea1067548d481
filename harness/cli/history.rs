//! `childproof history NAME`: a list of releases, and where each property changed.

use super::exit::{Ended, Exit, Fault};
use super::grid::{Cell, Grid};
use super::matrix::{Form, shown};
use super::out;
use super::run::subject_or_why_not;
use super::run::survey::{self, Seen, Survey, SurveyArgs};
use crate::run::subject;
use clap::Args;
use serde_json::json;
use std::fmt::Write;
use std::sync::Arc;

/// Options of `childproof history`.
#[derive(Args, Debug)]
pub struct HistoryArgs {
    /// A subject of which there are versions
    #[arg(value_name = "NAME")]
    name: String,
    /// Versions, oldest first [default: the known releases of the subject]
    #[arg(long, value_name = "V,…", value_delimiter = ',')]
    versions: Vec<String>,
    #[command(flatten)]
    survey: SurveyArgs,
    /// Form of the table
    #[arg(long, value_enum, value_name = "FORM", default_value = "terminal")]
    format: Form,
}

/// A property of a scenario that is not the same in all releases.
struct Change {
    what: String,
    from: (String, Cell),
    to: (String, Cell),
}

/// Performs it; 4 where nothing ran. What changed is told, and no judgement of the subject.
///
/// # Errors
/// A subject without versions; a harness that cannot start; a closed pipe.
pub fn run(args: &HistoryArgs) -> Ended {
    if let Some((name, versions)) = args.name.split_once('@') {
        return Err(Fault::Usage(format!("history takes a name alone: childproof history {name} --versions {versions}")));
    }
    let plans = survey::plans(&args.survey.scenarios, true)?;
    let titles = if args.versions.is_empty() {
        subject::releases(&args.name).map_err(|trouble| Fault::Usage(trouble.text()))?
    } else {
        args.versions.iter().map(|version| format!("{}@{version}", args.name)).collect()
    };
    let subjects = titles.iter().map(|title| subject_or_why_not(title).map(Arc::new)).collect::<Result<Vec<_>, _>>()?;
    let survey = Survey::begin(&args.survey)?;
    let seen = survey.run(survey::pairs(&subjects, &plans))?;
    let (mut by_property, mut by_scenario) = (Grid::default(), Grid::default());
    for seen in &seen {
        let release = release(seen);
        by_property.column(&release);
        for row in seen.rows() {
            by_property.add(&row.property, &release, bare(Cell::of(row)));
            by_scenario.add(&format!("{} in {}", row.property, seen.entry.scenario), &release, bare(Cell::of(row)));
        }
    }
    let changes = changes(&by_scenario);
    out::print(&text(&by_property, &changes, &seen, args.format)?)?;
    let ran = seen.iter().any(|seen| seen.rows().any(|row| Cell::of(row) != Cell::Nothing));
    Ok(if ran { Exit::AsExpected } else { Exit::NothingRan })
}

fn release(seen: &Seen) -> String {
    seen.subject.version_wanted.clone().unwrap_or_else(|| seen.entry.subject.version.clone())
}

/// Between releases it is what happens that counts, not what is declared of it.
fn bare(cell: Cell) -> Cell {
    if matches!(cell, Cell::Documented | Cell::Known) { Cell::Defect } else { cell }
}

/// Each step from one release to the next that could be told, at which a property went over to failing or to holding.
fn changes(grid: &Grid) -> Vec<Change> {
    let mut found = Vec::new();
    for row in grid.rows() {
        let told = |release: &&String| matches!(grid.cell(row, release), Cell::Holds | Cell::Defect);
        let releases: Vec<&String> = grid.columns().iter().filter(told).collect();
        for pair in releases.windows(2) {
            let cells = (grid.cell(row, pair[0]), grid.cell(row, pair[1]));
            if cells.0 != cells.1 {
                found.push(Change { what: row.clone(), from: (pair[0].clone(), cells.0), to: (pair[1].clone(), cells.1) });
            }
        }
    }
    found
}

fn text(grid: &Grid, changes: &[Change], seen: &[Seen], form: Form) -> Result<String, Fault> {
    if let Form::Json = form {
        let change =
            |of: &Change| json!({"what": of.what, "from": of.from.0, "was": of.from.1.name(), "to": of.to.0, "is": of.to.1.name()});
        let all = json!({"properties": grid.json(), "changes": changes.iter().map(change).collect::<Vec<_>>()});
        return serde_json::to_string_pretty(&all).map(|text| text + "\n").map_err(|error| Fault::Harness(format!("printing: {error}")));
    }
    let mut text = shown(grid, form)? + "\n";
    for Change { what, from, to } in changes {
        let _ = writeln!(text, "{what}: {} in {}, {} from {} on", from.1.name(), from.0, to.1.name(), to.0);
    }
    if changes.is_empty() {
        text += "nothing changed between these releases\n";
    }
    let mut missing: Vec<&str> = seen.iter().filter_map(Seen::unavailable).collect();
    missing.dedup();
    missing.iter().for_each(|why| text += &format!("not tried: {why}\n"));
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_between_the_releases_that_say_something() {
        let mut grid = Grid::default();
        for (release, cell) in [("1", Cell::Defect), ("2", Cell::Undecided), ("3", Cell::Holds), ("4", Cell::Holds)] {
            grid.add("same-status in wait/idempotent", release, cell);
        }
        let found = changes(&grid);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].from.0.as_str(), found[0].to.0.as_str()), ("1", "3"));
    }
}
