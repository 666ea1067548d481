//! Tables of what was found, one mark per cell: for a terminal, for a page, for a program.

use crate::judge::verdict::Standing;
use crate::report::{Row, Word};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;

/// What a cell says, from nothing to the worst; of several findings the last in this order counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell {
    /// Nothing could be tried.
    #[default]
    Nothing,
    /// It held.
    Holds,
    /// It could not be told.
    Undecided,
    /// It did not hold, by the subject's own documentation or by the platform.
    Documented,
    /// It did not hold: a known defect.
    Known,
    /// It did not hold, and nothing is declared of it (or nobody asked).
    Defect,
}

impl Cell {
    const ALL: [Cell; 6] = [Cell::Holds, Cell::Documented, Cell::Known, Cell::Defect, Cell::Undecided, Cell::Nothing];

    /// Of a row of a report.
    pub fn of(row: &Row) -> Cell {
        match (row.word, row.standing) {
            (word, Standing::Xfail | Standing::FlakyDeclared) if word.is_bad() => Cell::declared(row.class.unwrap_or_default()),
            (word, _) if word.is_bad() => Cell::Defect,
            (Word::Pass, _) => Cell::Holds,
            (Word::Undecided | Word::Harness | Word::NotRun, _) => Cell::Undecided,
            _ => Cell::Nothing,
        }
    }

    /// Of what is declared, by the class of its reason.
    pub fn declared(class: &str) -> Cell {
        if matches!(class, "ok" | "platform") { Cell::Documented } else { Cell::Known }
    }

    /// One character.
    pub fn mark(self) -> char {
        match self {
            Cell::Nothing => '·',
            Cell::Holds => '✓',
            Cell::Undecided => '?',
            Cell::Documented => 'd',
            Cell::Known => 'k',
            Cell::Defect => '✗',
        }
    }

    /// One word, as JSON has it.
    pub fn name(self) -> &'static str {
        match self {
            Cell::Nothing => "nothing",
            Cell::Holds => "holds",
            Cell::Undecided => "undecided",
            Cell::Documented => "documented",
            Cell::Known => "known-defect",
            Cell::Defect => "fails",
        }
    }

    fn says(self) -> &'static str {
        match self {
            Cell::Nothing => "nothing could be tried",
            Cell::Holds => "holds",
            Cell::Undecided => "could not be told",
            Cell::Documented => "deviates, always or at times, by its own documentation or by the platform",
            Cell::Known => "a known defect, always or at times",
            Cell::Defect => "fails",
        }
    }
}

/// Cells by column and row, both in the order in which they were first met.
#[derive(Debug, Default)]
pub struct Grid {
    columns: Vec<String>,
    rows: Vec<String>,
    cells: BTreeMap<(String, String), Cell>,
}

impl Grid {
    /// A column that is there even if nothing is in it.
    pub fn column(&mut self, name: &str) {
        if !self.columns.iter().any(|known| known == name) {
            self.columns.push(name.to_owned());
        }
    }

    /// A row that is there even if nothing is in it.
    pub fn row(&mut self, name: &str) {
        if !self.rows.iter().any(|known| known == name) {
            self.rows.push(name.to_owned());
        }
    }

    /// Adds a finding.
    pub fn add(&mut self, row: &str, column: &str, cell: Cell) {
        self.column(column);
        self.row(row);
        let old = self.cells.entry((row.to_owned(), column.to_owned())).or_default();
        *old = cell.max(*old);
    }

    /// What a cell says.
    pub fn cell(&self, row: &str, column: &str) -> Cell {
        self.cells.get(&(row.to_owned(), column.to_owned())).copied().unwrap_or_default()
    }

    /// The columns.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The rows.
    pub fn rows(&self) -> &[String] {
        &self.rows
    }

    /// For a terminal: each column is a number that is told below where its name is too long to stand above it.
    pub fn plain(&self) -> String {
        let wide = self.rows.iter().map(|row| row.chars().count()).max().unwrap_or(0);
        let short = self.columns.iter().all(|column| column.chars().count() <= 8);
        let heads: Vec<String> = if short { self.columns.clone() } else { (1..=self.columns.len()).map(|at| at.to_string()).collect() };
        let mut text = format!("{:wide$}", "");
        heads.iter().for_each(|head| text += &format!("  {head:>3}"));
        text.push('\n');
        for row in &self.rows {
            let _ = write!(text, "{row:wide$}");
            for (column, head) in self.columns.iter().zip(&heads) {
                let _ = write!(text, "  {:>1$}", self.cell(row, column).mark(), head.chars().count().max(3));
            }
            text.push('\n');
        }
        if !short {
            text.push('\n');
            self.columns.iter().zip(1..).for_each(|(column, at)| text += &format!("{at:>4}  {column}\n"));
        }
        text.push('\n');
        text + &self.legend()
    }

    /// The marks that occur.
    fn legend(&self) -> String {
        let occurs = |cell: Cell| self.rows.iter().any(|row| self.columns.iter().any(|column| self.cell(row, column) == cell));
        Cell::ALL.iter().filter(|cell| occurs(**cell)).map(|cell| format!("{}  {}\n", cell.mark(), cell.says())).collect()
    }

    /// For a page.
    pub fn markdown(&self) -> String {
        let mut text = format!("| | {} |\n|---|{}\n", self.columns.join(" | "), "---|".repeat(self.columns.len()));
        for row in &self.rows {
            let cells: Vec<String> = self.columns.iter().map(|column| self.cell(row, column).mark().to_string()).collect();
            let _ = writeln!(text, "| {row} | {} |", cells.join(" | "));
        }
        text + "\n" + &self.legend().lines().fold(String::new(), |all, line| all + line + "  \n")
    }

    /// For a program: per row, per column, the cell's word.
    pub fn json(&self) -> Value {
        let row = |row: &String| {
            let cells: serde_json::Map<String, Value> =
                self.columns.iter().map(|column| (column.clone(), json!(self.cell(row, column).name()))).collect();
            (row.clone(), Value::Object(cells))
        };
        Value::Object(self.rows.iter().map(row).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_of_a_cell_is_shown() {
        let mut grid = Grid::default();
        grid.add("a", "x", Cell::Holds);
        grid.add("a", "x", Cell::Defect);
        grid.add("a", "x", Cell::Documented);
        grid.add("b", "y", Cell::Holds);
        assert_eq!(grid.cell("a", "x"), Cell::Defect);
        assert_eq!(grid.plain().lines().next(), Some("     x    y"));
        assert!(grid.markdown().starts_with("| | x | y |\n|---|---|---|\n| a | ✗ | · |\n"), "{}", grid.markdown());
        assert_eq!(grid.json()["b"]["y"], "holds");
    }
}
