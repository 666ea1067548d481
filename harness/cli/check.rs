//! `childproof check FILE…`: every problem of every file.

use super::exit::{Ended, Exit, Fault};
use super::{load, out};
use crate::report::plural;
use clap::Args;
use std::path::PathBuf;

/// Options of `childproof check`.
#[derive(Args, Debug)]
pub struct CheckArgs {
    /// Scenario files, or directories of them
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// Performs it.
///
/// # Errors
/// The problems.
pub fn run(args: &CheckArgs) -> Ended {
    let (plans, problems) = load::checked(&load::sources(&args.files)?);
    if !problems.is_empty() {
        return Err(Fault::Problems(problems));
    }
    out::print(&format!("{}, no problem\n", plural(plans.len() as u64, "scenario")))?;
    Ok(Exit::AsExpected)
}
