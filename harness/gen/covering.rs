//! Rows that cover every pair of members of the closed domains.
//!
//! Most faults of process code need one particular option, nearly all the others two together (this disposition with that
//! kind of descriptor). Drawing members at random leaves pairs out for long: of 10 × 4 pairs, 40 draws miss a third. A greedy
//! covering array meets them all in little more than 40 rows, and each single member within the first few.

use std::collections::BTreeSet;

/// Nobody runs more systematic cases than this; the rest is random.
const MOST_ROWS: usize = 512;

/// One member of one domain: position of the domain, position of the member.
type Choice = (usize, usize);

/// Rows of member positions, one position per domain; `sizes` are the numbers of members. Row 0 is all-first, row 1 all-last.
///
/// Every member occurs, and every pair of members of two domains, unless that takes more than [`MOST_ROWS`].
pub fn rows(sizes: &[usize]) -> Vec<Vec<usize>> {
    if sizes.is_empty() || sizes.contains(&0) {
        return Vec::new();
    }
    let mut open = Open::all(sizes);
    let mut rows = Vec::new();
    for row in [vec![0; sizes.len()], sizes.iter().map(|size| size - 1).collect()] {
        open.close(&row);
        rows.push(row);
    }
    while !open.is_empty() && rows.len() < MOST_ROWS {
        let row = open.best_row(sizes);
        open.close(&row);
        rows.push(row);
    }
    rows
}

/// What no row has covered yet.
struct Open {
    singles: BTreeSet<Choice>,
    pairs: BTreeSet<(Choice, Choice)>,
}

impl Open {
    fn all(sizes: &[usize]) -> Open {
        let singles: BTreeSet<Choice> =
            sizes.iter().enumerate().flat_map(|(at, size)| (0..*size).map(move |member| (at, member))).collect();
        let pairs = singles.iter().flat_map(|a| singles.range((a.0 + 1, 0)..).map(|b| (*a, *b))).collect();
        Open { singles, pairs }
    }

    fn is_empty(&self) -> bool {
        self.singles.is_empty() && self.pairs.is_empty()
    }

    fn close(&mut self, row: &[usize]) {
        for (at, member) in row.iter().enumerate() {
            self.singles.remove(&(at, *member));
            for (later, other) in row.iter().enumerate().skip(at + 1) {
                self.pairs.remove(&((at, *member), (later, *other)));
            }
        }
    }

    /// The members chosen one domain after the other, each for what it newly covers. As the first domain with an open pair
    /// takes a member of one, and its partner then counts, each row closes something.
    fn best_row(&self, sizes: &[usize]) -> Vec<usize> {
        let mut row = Vec::with_capacity(sizes.len());
        for (at, size) in sizes.iter().enumerate() {
            // `max_by_key` takes the last of equals: reversed, the simplest.
            let member = (0..*size).rev().max_by_key(|member| self.gain(&row, (at, *member)));
            row.push(member.unwrap_or(0));
        }
        row
    }

    /// New single, new pairs with what the row has, and pairs still open with later domains: compared in this order.
    fn gain(&self, row: &[usize], choice: Choice) -> (bool, usize, usize) {
        let with_row = row.iter().enumerate().filter(|(at, member)| self.pairs.contains(&((*at, **member), choice))).count();
        let later = self.pairs.range((choice, (0, 0))..=(choice, (usize::MAX, usize::MAX))).count();
        (self.singles.contains(&choice), with_row, later)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_is_covered_in_few_rows() {
        for (sizes, most) in [(vec![3], 3), (vec![2, 2], 4), (vec![10, 4], 44), (vec![3, 3, 3, 3], 16), (vec![2; 8], 12), (vec![1, 5], 5)] {
            let rows = rows(&sizes);
            let mut open = Open::all(&sizes);
            rows.iter().for_each(|row| open.close(row));
            assert!(open.is_empty(), "{sizes:?}: {rows:?}");
            assert!(rows.len() <= most, "{sizes:?}: {} rows", rows.len());
        }
    }

    #[test]
    fn each_single_member_comes_early() {
        let rows = rows(&[10, 4, 2]);
        for (at, size) in [(0, 10), (1, 4), (2, 2)] {
            let seen: BTreeSet<usize> = rows[..size.max(2)].iter().map(|row| row[at]).collect();
            assert_eq!(seen.len(), size, "domain {at}");
        }
    }
}
