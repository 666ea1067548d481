//! `childproof bench`: what isolation costs, as ratios measured side by side.

use super::exit::{Ended, Exit, Fault};
use super::out;
use super::run::{Level, isolations, open_session};
use crate::bench;
use clap::Args;

/// Options of `childproof bench`.
#[derive(Args, Debug)]
pub struct BenchArgs {
    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
    /// Rounds; each measures every row once
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = clap::value_parser!(u32).range(3..=1000))]
    rounds: u32,
    /// Isolation level instead of the best that works here
    #[arg(long, value_name = "LEVEL", value_parser = isolations())]
    isolation: Option<Level>,
}

/// Performs it.
///
/// # Errors
/// A harness that cannot start; a closed pipe.
pub fn run(args: &BenchArgs) -> Ended {
    let session = open_session(2, args.isolation.as_deref())?;
    let results = bench::measure(&session, args.rounds).map_err(|error| Fault::Harness(format!("measuring: {error}")))?;
    let text = if args.json {
        serde_json::to_string(&results).map_err(|error| Fault::Harness(format!("printing the results: {error}")))? + "\n"
    } else {
        results.table()
    };
    out::print(&text)?;
    Ok(Exit::AsExpected)
}
