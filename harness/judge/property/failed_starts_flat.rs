//! Failed starts leave no descriptor behind, not even until garbage is collected.
//!
//! Whoever retries a start that fails retries often. Descriptors that wait for a collector are as lost as leaked ones: the limit
//! comes first. After the case handles have been given up, and with them such leaks; so the subject's descriptors are counted
//! right after each failed start.
//!
//! Rules, for a row of failed starts between which the subject was asked for nothing else:
//! 1. Of three or more, not every one leaves more open than the one before. (A library may open something of its own at the first
//!    and close the last one's things a little late; it may not add something each time.)
//! 2. Of however many, no five on end each leave more open than there was before them. (Who collects garbage now and then lets the count
//!    fall again, which makes nothing of the five better.)
//! 3. Of fewer than three nothing can be told.
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
/// So many on end are no lateness any more.
const ON_END: usize = 5;

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
        let grown = rows.iter().find_map(|row| growing(row));
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

/// A part of the row in which every start leaves more open: all of it, or one that is long enough.
fn growing(row: &[(usize, i64)]) -> Option<&[(usize, i64)]> {
    let grows = |part: &&[(usize, i64)]| part.windows(2).all(|pair| pair[0].1 < pair[1].1);
    Some(row).filter(|row| row.len() >= ENOUGH).filter(grows).or_else(|| row.windows(ON_END + 1).find(grows))
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

#[cfg(test)]
mod tests {
    use super::growing;

    fn part(counts: &[i64]) -> Option<Vec<i64>> {
        let row: Vec<(usize, i64)> = counts.iter().copied().enumerate().collect();
        growing(&row).map(|part| part.iter().map(|(_, count)| *count).collect())
    }

    #[test]
    fn all_of_a_row_or_five_on_end() {
        assert_eq!(part(&[7, 8, 9]), Some(vec![7, 8, 9]), "all of three");
        assert_eq!(part(&[7, 8]), None, "of two nothing can be told");
        assert_eq!(part(&[7, 8, 9, 9]), None, "one of the first may open something of the library's own");
        assert_eq!(part(&[7, 8, 9, 10, 11, 7]), None, "four that leave more open, then what was late is closed");
        assert_eq!(part(&[7, 7, 8, 9, 10, 11, 12, 7]), Some(vec![7, 8, 9, 10, 11, 12]), "five, whatever is collected afterwards");
        assert_eq!(part(&[7, 9, 11, 7, 9, 11, 7, 9, 11]), None, "never five on end");
    }
}
