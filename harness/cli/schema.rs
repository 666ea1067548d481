//! `childproof schema WHAT`: the JSON Schemas of what goes in and comes out.

use super::exit::{Ended, Exit, Fault};
use super::out;
use clap::{Args, ValueEnum};

/// Options of `childproof schema`.
#[derive(Args, Debug)]
pub struct SchemaArgs {
    /// Of what
    #[arg(value_enum, value_name = "WHAT")]
    what: What,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// Scenario files, for editors
    Scenario,
    /// Lines of `run --format json`
    Results,
    /// Lines of the subject protocol
    Protocol,
}

/// Performs it.
///
/// # Errors
/// A closed pipe.
pub fn run(args: &SchemaArgs) -> Ended {
    let schema = match args.what {
        What::Scenario => crate::plan::schema::scenario(),
        What::Results => crate::report::schema(),
        What::Protocol => crate::wire::schema::protocol(),
    };
    let text = serde_json::to_string_pretty(&schema).map_err(|error| Fault::Harness(format!("printing the schema: {error}")))?;
    out::print(&(text + "\n"))?;
    Ok(Exit::AsExpected)
}
