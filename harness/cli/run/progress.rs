//! A progress bar where standard error is a terminal; nothing where it is not.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::time::Duration;

/// The bar.
pub struct Progress(ProgressBar);

impl Progress {
    /// A bar over so many subject-scenario pairs. With the report going `elsewhere` or to the same terminal makes no
    /// difference: the bar steps aside while a line of the report is printed.
    pub fn begin(pairs: usize, elsewhere: bool) -> Progress {
        let shown = std::io::stderr().is_terminal() && (elsewhere || std::io::stdout().is_terminal());
        let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let style = ProgressStyle::with_template("{spinner} {bar:30} {pos}/{len} {elapsed} {msg:.dim}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::with_draw_target(Some(pairs as u64), target).with_style(style);
        if shown {
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        Progress(bar)
    }

    /// Counts an entry, of this scenario, and prints it with the bar out of the way.
    pub fn around<T>(&self, scenario: &str, print: impl FnOnce() -> T) -> T {
        self.0.set_message(scenario.to_owned());
        self.0.inc(1);
        self.0.suspend(print)
    }

    /// Takes the bar away.
    pub fn end(&self) {
        self.0.finish_and_clear();
    }
}
