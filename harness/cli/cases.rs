//! `childproof cases SCENARIO`: what a seed draws, one JSON object per line.

use super::exit::{Ended, Exit, Fault};
use super::{load, out};
use crate::generate::draw;
use clap::Args;

/// Options of `childproof cases`.
#[derive(Args, Debug)]
pub struct CasesArgs {
    /// Name of an embedded scenario, or a file
    #[arg(value_name = "SCENARIO")]
    scenario: String,
    /// Seed to draw from
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// How many [default: what the scenario says, or as many as it deserves]
    #[arg(long, value_name = "N")]
    cases: Option<u32>,
}

/// Performs it.
///
/// # Errors
/// An unknown scenario; a closed pipe.
pub fn run(args: &CasesArgs) -> Ended {
    let plan = load::one(&args.scenario)?;
    let count = args.cases.unwrap_or_else(|| draw::default_count(&plan));
    let mut text = String::new();
    for case in draw::cases(&plan, args.seed, count) {
        let line = serde_json::to_string(&case).map_err(|error| Fault::Harness(format!("printing a case: {error}")))?;
        text.push_str(&line);
        text.push('\n');
    }
    out::print(&text)?;
    Ok(Exit::AsExpected)
}
