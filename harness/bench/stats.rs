//! Median and spread of a handful of measurements.

use serde::Serialize;

/// The middle and the ends of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// The median.
    pub median: f64,
    /// 10th percentile.
    pub p10: f64,
    /// 90th percentile.
    pub p90: f64,
}

impl Spread {
    /// Of a sample; `None` when it is empty.
    pub fn of(sample: impl IntoIterator<Item = f64>) -> Option<Spread> {
        let mut sorted: Vec<f64> = sample.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let at = |part: f64| sorted.get(((sorted.len().saturating_sub(1)) as f64 * part).round() as usize).copied();
        Some(Spread { median: at(0.5)?, p10: at(0.1)?, p90: at(0.9)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_does_not_matter() {
        let spread = Spread::of((0..=10).rev().map(f64::from)).unwrap();
        assert_eq!(spread, Spread { median: 5.0, p10: 1.0, p90: 9.0 });
        assert_eq!(Spread::of([]), None);
    }
}
