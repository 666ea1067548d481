//! Failed starts leave no descriptor behind, not even until garbage is collected.
//!
//! Whoever retries a start that fails retries often. Descriptors that wait for a collector are as lost as leaked ones: the limit
//! comes first. After the case handles have been given up, and with them such leaks; so the subject's descriptors are counted
//! right after each failed start.
//!
//! Rules, for a row of failed starts between which the subject was asked for nothing else:
//! 1. Of three or more, not every one leaves more open than the one before. (A library may open something of its own at the first
//!    and close the last one's things a little late; it may not add something each time.)
//! 2. Of fewer nothing can be told.
//!
//! # References
//! POSIX.1-2024 `open()`, `fork()`, `close()`; observed only.

use crate::judge::verdict::{Finding, Hygiene};
use crate::judge::{Property, view};
use crate::plan::script::CheckDecl;
use crate::trace::{History, What};

/// See the module.
pub struct FailedStartsFlat;

/// Under which name the driver records the count.
const COUNT: &str = "subject descriptors";
/// So many in a row tell something.
const ENOUGH: usize = 3;

impl Property for FailedStartsFlat {
    fn name(&self) -> &'static str {
        "failed-starts-flat"
    }
    fn says(&self) -> &'static str {
        "failed starts, one after the other, do not each leave a descriptor open in the subject"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 open(), fork(), close(); observed only"
    }
    fn universal(&self) -> bool {
        true
    }
    fn flag(&self) -> Option<Hygiene> {
        Some(Hygiene::FdLeak)
    }
    fn judge(&self, history: &History, _: &CheckDecl) -> Finding {
        let rows = rows(history);
        let grown = rows.iter().find(|row| row.len() >= ENOUGH && row.windows(2).all(|pair| pair[0].1 < pair[1].1));
        match grown {
            None if rows.iter().all(|row| row.len() < ENOUGH) => Finding::NotApplicable,
            None => Finding::Pass,
            Some(row) => Finding::fail(
                format!("as many descriptors after {} failed starts as after the first", row.len()),
                format!("one after the other: {}", view::list(row.iter().map(|(_, count)| count), 24)),
                "root",
                vec![row[0].0, row[row.len() - 1].0],
            ),
        }
    }
}

/// The counts, in rows of failed starts without another request in between.
fn rows(history: &History) -> Vec<Vec<(usize, i64)>> {
    let (mut rows, mut row) = (Vec::new(), Vec::new());
    let mut replies = 0;
    for (at, event) in history.events.iter().enumerate() {
        match &event.what {
            What::Reply { .. } => replies += 1,
            What::Number { name, value } if name == COUNT => {
                if replies > 1 {
                    rows.push(std::mem::take(&mut row));
                }
                row.push((at, *value));
                replies = 0;
            }
            _ => {}
        }
    }
    rows.push(row);
    rows
}
