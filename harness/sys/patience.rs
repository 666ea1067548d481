//! A limit on time of which only what this process was awake for counts.
//!
//! Whoever waits for a case may itself be stopped and continued, or its machine put to sleep, or a busy host gives it no CPU for
//! seconds. The clock runs on, and a deadline on it would call a case late that had no chance to run. So the wait is cut into
//! short slices, and a slice that took far longer than was asked for counts as what was asked for and a little more.

use super::now_ns;

/// What a slice may take beyond its length and still counts: being late by that much is an ordinary busy machine.
const SLACK_NS: u64 = 500_000_000;

/// What is left of a limit.
#[derive(Debug)]
pub struct Patience {
    left_ns: u64,
    looked_ns: u64,
}

impl Patience {
    /// So many milliseconds from now.
    pub fn of_ms(ms: u64) -> Patience {
        Patience { left_ns: ms.saturating_mul(1_000_000), looked_ns: now_ns() }
    }

    /// How long to sleep at once: what is left, rounded up, but no more than `most` milliseconds.
    pub fn slice_ms(&self, most: u64) -> i32 {
        i32::try_from(self.left_ns.div_ceil(1_000_000).min(most)).unwrap_or(i32::MAX)
    }

    /// Takes off what passed since the last look, in which this process asked to sleep for at most so many milliseconds. Whether
    /// anything is left.
    pub fn lasts(&mut self, asked_ms: i32) -> bool {
        self.lasts_at(now_ns(), asked_ms)
    }

    fn lasts_at(&mut self, now_ns: u64, asked_ms: i32) -> bool {
        let asked_ns = u64::try_from(asked_ms).unwrap_or(0) * 1_000_000;
        let passed = now_ns.saturating_sub(self.looked_ns).min(asked_ns + SLACK_NS);
        self.left_ns = self.left_ns.saturating_sub(passed);
        self.looked_ns = now_ns;
        self.left_ns > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_of_being_stopped_counts_as_one_slice() {
        let mut patience = Patience { left_ns: 2_000_000_000, looked_ns: 0 };
        assert!(patience.lasts_at(50_000_000, 50), "50 ms of 2 s");
        assert!(patience.lasts_at(3_600_000_000_000, 50), "stopped for an hour");
        assert_eq!(patience.left_ns, 2_000_000_000 - 50_000_000 - 550_000_000);
        assert_eq!(patience.slice_ms(50), 50);
        assert!(!patience.lasts_at(3_602_000_000_000, 2_000));
        assert_eq!(patience.slice_ms(50), 0);
    }
}
