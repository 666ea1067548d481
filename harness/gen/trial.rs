//! One run of a candidate, and the arithmetic of deciding from several.
//!
//! A race fails in one run of five, so one run that holds says little. With failure rate p, k runs all hold by chance with
//! probability (1-p)^k. To overlook a failing candidate with probability at most [`MISS`] takes
//!
//! ```text
//! k = ceil(ln(MISS) / ln(1 - p))        p = 0.2: k = 21        p = 0.9: k = 2
//! ```
//!
//! A candidate that fails is done at its first failure, after 1/p runs on average; only those that hold cost all k.

/// Probability of taking a failing candidate for a good one, when it fails as often as the case that was found.
pub const MISS: f64 = 0.01;

/// No candidate gets more runs than this, however rare the failure: below p = 0.03 the miss probability grows instead.
const MOST_RUNS: u32 = 150;

/// What came of one run of a case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trial {
    /// Whether anything failed.
    pub failed: bool,
    /// Names of the properties that failed (or of the outcome that took their place: `crash`, `hang`).
    pub properties: Vec<String>,
}

impl Trial {
    /// A run in which everything held.
    pub fn held() -> Trial {
        Trial::default()
    }

    /// A run that these properties failed.
    pub fn failing(properties: impl IntoIterator<Item = impl Into<String>>) -> Trial {
        let properties: Vec<String> = properties.into_iter().map(Into::into).collect();
        Trial { failed: !properties.is_empty(), properties }
    }

    /// Whether this very property failed. Another failure is another bug: following it would explain the wrong one.
    pub fn fails(&self, property: &str) -> bool {
        self.failed && self.properties.iter().any(|failed| failed == property)
    }
}

/// Runs per candidate for a failure that was seen `failed` times in `of` runs.
///
/// The rate is taken as failed/(of+1): a case that failed in each of its first 4 runs may well hold in its fifth.
pub fn runs_per_candidate(failed: u32, of: u32) -> u32 {
    let rate = f64::from(failed) / (f64::from(of) + 1.0);
    if rate <= 0.0 {
        return MOST_RUNS;
    }
    let runs = (MISS.ln() / (1.0 - rate).ln()).ceil();
    (runs.max(1.0) as u32).min(MOST_RUNS)
}

/// The failure rates that `failed` of `of` runs leave open, with 95 % confidence (Wilson's score interval).
pub fn rate_bounds(failed: u32, of: u32) -> (f64, f64) {
    if of == 0 {
        return (0.0, 1.0);
    }
    const Z: f64 = 1.96;
    let (n, p) = (f64::from(of), f64::from(failed) / f64::from(of));
    let centre = p + Z * Z / (2.0 * n);
    let spread = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    (((centre - spread) / scale).max(0.0), ((centre + spread) / scale).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_failures_get_more_runs() {
        assert_eq!(runs_per_candidate(200, 999), 21);
        assert_eq!(runs_per_candidate(4, 4), 3);
        assert_eq!(runs_per_candidate(1, 1000), MOST_RUNS);
        assert_eq!(runs_per_candidate(0, 60), MOST_RUNS);
    }

    #[test]
    fn the_bounds_hold_the_rate_and_narrow() {
        let (low, high) = rate_bounds(37, 40);
        assert!(low > 0.79 && high < 0.98, "{low}..{high}");
        assert_eq!(rate_bounds(0, 0), (0.0, 1.0));
        assert!(rate_bounds(0, 40).1 < 0.09);
    }

    #[test]
    fn another_property_is_another_bug() {
        assert!(Trial::failing(["status", "no-zombie"]).fails("no-zombie"));
        assert!(!Trial::failing(["status"]).fails("no-zombie"));
        assert!(!Trial::held().fails("status"));
    }
}
