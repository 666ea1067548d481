//! The results as a table for a person.

use super::{Goal, Ratio, Results};
use std::fmt::Write;

impl Results {
    /// The ratios, the measurements under them, memory.
    pub fn table(&self) -> String {
        let mut text =
            format!("childproof {} · {} · isolation {} · {} rounds\n\n", self.childproof, self.platform, self.isolation, self.rounds);
        let _ = writeln!(text, "{:36} {:>8}   {:>17}   goal", "ratio (median of rounds)", "", "p10 to p90");
        for row in &self.ratios {
            let _ = writeln!(text, "{}", line(row, self.too_noisy).trim_end());
        }
        let _ = writeln!(text, "\n{:36} {:>8}   {:>17}", "microseconds", "median", "p10 to p90");
        for (name, time) in &self.microseconds {
            let _ = writeln!(text, "{name:36} {:8.1}   {:8.1}{:9.1}", time.median, time.p10, time.p90);
        }
        let _ = writeln!(text, "\n{:36} {:>8}", "resident memory", "KiB");
        for (name, kib) in &self.memory_kib {
            let _ = writeln!(text, "{name:36} {kib:8}");
        }
        if self.too_noisy {
            let _ =
                writeln!(text, "\ntoo noisy: plain fork itself varies by {:.2} (p90 / p10); the ratios above are no evidence", self.noise);
        }
        text
    }
}

fn line(row: &Ratio, too_noisy: bool) -> String {
    let goal = row.goal.map(|goal| {
        let (sign, bound) = match goal {
            Goal::AtMost(most) => ("<=", most),
            Goal::AtLeast(least) => (">=", least),
        };
        let word = match goal.met(row.ratio.median) {
            _ if too_noisy => "not judged",
            true => "met",
            false => "missed",
        };
        format!("{sign} {bound:<5} {word}")
    });
    format!("{:36} {:8.2}   {:8.2}{:9.2}   {}", row.name, row.ratio.median, row.ratio.p10, row.ratio.p90, goal.unwrap_or_default())
}
