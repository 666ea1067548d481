//! Counting bytes by value: what was written against what arrived, whoever's bytes they are and however they lie.

use super::streams::Reading;
use super::written::Written;
use crate::plan::record;

/// How often each byte value occurs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally([u64; 256]);

/// More than this is not counted: a mangled history may claim gigabytes.
const MOST: u64 = 1 << 27;

impl Default for Tally {
    fn default() -> Tally {
        Tally([0; 256])
    }
}

impl Tally {
    /// Counts these too.
    pub fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0[usize::from(*byte)] += 1;
        }
    }

    /// Of everything that was read.
    pub fn read(readings: &[Reading]) -> Tally {
        let mut tally = Tally::default();
        readings.iter().for_each(|reading| tally.add(&reading.bytes));
        tally
    }

    /// Of everything that was written, each record behind `prefix` of its size; `None` when it is too much to count.
    pub fn written(written: &Written, prefix: impl Fn(usize) -> Vec<u8>) -> Option<Tally> {
        let records: u64 = written.spans.iter().fold(0, |sum, span| sum.saturating_add(span.count));
        if written.bytes() > MOST || records > MOST / record::SHORTEST as u64 {
            return None;
        }
        let mut tally = Tally::default();
        for span in &written.spans {
            for number in span.first..span.first.saturating_add(span.count) {
                tally.add(&prefix(span.size));
                tally.add(&record::record(span.writer, u32::try_from(number).unwrap_or(u32::MAX), span.size));
            }
        }
        Some(tally)
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// How the second differs from the first, in words; `None` when it does not.
    pub fn difference(&self, seen: &Tally) -> Option<String> {
        if self == seen {
            return None;
        }
        let (wanted, seen_total) = (self.total(), seen.total());
        let lost: u64 = self.0.iter().zip(&seen.0).map(|(a, b)| a.saturating_sub(*b)).sum();
        let more: u64 = self.0.iter().zip(&seen.0).map(|(a, b)| b.saturating_sub(*a)).sum();
        Some(format!("{seen_total} bytes instead of {wanted}: at least {lost} lost and {more} too many"))
    }
}
