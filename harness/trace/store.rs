//! Histories on disk: JSON lines.

use super::{History, SCHEMA};
use std::io::{BufRead, Write};

/// Appends one history as a line.
///
/// # Errors
/// Those of the writer.
pub fn write(mut to: impl Write, history: &History) -> std::io::Result<()> {
    serde_json::to_writer(&mut to, history)?;
    to.write_all(b"\n")
}

/// Reads every history; blank lines are passed over.
///
/// # Errors
/// A text naming the line (from 1) and what is wrong with it.
pub fn read(from: impl BufRead) -> Result<Vec<History>, String> {
    let mut histories = Vec::new();
    for (number, line) in from.lines().enumerate() {
        let line = line.map_err(|error| format!("line {}: {error}", number + 1))?;
        if line.trim().is_empty() {
            continue;
        }
        let history: History = serde_json::from_str(&line).map_err(|error| format!("line {}: {error}", number + 1))?;
        if history.schema != SCHEMA {
            return Err(format!("line {}: history format {}, this childproof reads {SCHEMA}", number + 1, history.schema));
        }
        histories.push(history);
    }
    Ok(histories)
}
