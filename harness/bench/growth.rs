//! Whether anything grows in a long run: memory by its slope over the cases, countable things by first and last.
//!
//! One look says little, because an allocator takes and gives back as it likes; so memory is looked at many times, and a line
//! is laid through the looks after the first fifth, in which everything is touched for the first time.

use super::memory::{self, Held};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Memory counts as flat when the whole run adds less than this many KiB, or less than a fiftieth.
const FLAT_KIB: f64 = 512.0;

/// The looks so far.
#[derive(Default)]
pub struct Looks(Vec<(usize, BTreeMap<String, Held>)>);

/// What they say of one process.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Growth {
    /// Resident KiB after the first fifth, and at the end.
    pub kib: [u64; 2],
    /// KiB per thousand cases.
    pub slope: f64,
    /// Whether memory counts as flat over the whole run.
    pub flat: bool,
    /// Descriptors at the same two moments.
    pub fds: [usize; 2],
    /// Mounts.
    pub mounts: [usize; 2],
    /// Namespaces at the end that it was not in before.
    pub new_namespaces: usize,
}

impl Growth {
    /// Whether nothing grows.
    pub fn none(&self) -> bool {
        self.flat && self.fds[1] <= self.fds[0] && self.mounts[1] <= self.mounts[0] && self.new_namespaces == 0
    }
}

impl Looks {
    /// One more look, after so many cases.
    pub fn look(&mut self, cases: usize) {
        self.0.push((cases, memory::of_this_tree()));
    }

    /// What is to be said, by process.
    pub fn growth(&self) -> BTreeMap<String, Growth> {
        let settled = &self.0[self.0.len() / 5..];
        let (Some((from, first)), Some((to, last))) = (settled.first(), settled.last()) else { return BTreeMap::new() };
        let thousands = to.saturating_sub(*from) as f64 / 1e3;
        let of = |(name, last): (&String, &Held)| {
            let first = first.get(name)?;
            let slope = slope(settled.iter().filter_map(|(cases, held)| Some((*cases as f64 / 1e3, held.get(name)?.kib as f64))));
            let flat = (slope * thousands) < FLAT_KIB.max(first.kib as f64 / 50.0);
            let growth = Growth {
                kib: [first.kib, last.kib],
                slope,
                flat,
                fds: [first.fds, last.fds],
                mounts: [first.mounts, last.mounts],
                new_namespaces: last.namespaces.iter().filter(|number| !first.namespaces.contains(number)).count(),
            };
            Some((name.clone(), growth))
        };
        last.iter().filter_map(of).collect()
    }
}

/// The slope of the line of least squares.
fn slope(points: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    let n = points.clone().count() as f64;
    let (x, y) = points.clone().fold((0.0, 0.0), |(sx, sy), (x, y)| (sx + x / n, sy + y / n));
    let (over, under) = points.fold((0.0, 0.0), |(over, under), (px, py)| (over + (px - x) * (py - y), under + (px - x) * (px - x)));
    if under == 0.0 { 0.0 } else { over / under }
}

/// As a table for a person.
pub fn table(cases: usize, seconds: f64, growth: &BTreeMap<String, Growth>) -> String {
    let mut text = format!("{cases} cases in {seconds:.0} s, {:.0} a second\n\n", cases as f64 / seconds);
    let _ = writeln!(text, "{:12} {:>17} {:>16} {:>13} {:>11}", "process", "resident KiB", "KiB/1000 cases", "descriptors", "mounts");
    for (name, held) in growth {
        let pair = |[first, last]: [usize; 2]| format!("{first} to {last}");
        let kib = format!("{} to {}", held.kib[0], held.kib[1]);
        let said = if held.none() { "flat" } else { "grows" };
        let (fds, mounts) = (pair(held.fds), pair(held.mounts));
        let _ = writeln!(text, "{name:12} {kib:>17} {:>16.2} {fds:>13} {mounts:>11}   {said}", held.slope);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_slope_and_a_flat_one_none() {
        let line = |factor: f64| (0..10).map(move |x| (f64::from(x), 7.0 + factor * f64::from(x)));
        assert!((slope(line(3.0)) - 3.0).abs() < 1e-9);
        assert_eq!(slope(line(0.0)), 0.0);
        assert_eq!(slope(std::iter::once((1.0, 1.0))), 0.0);
    }
}
