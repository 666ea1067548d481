//! `childproof subjects install NAME…`: subjects made ready, by package name.

use super::exit::{Ended, Exit, Fault};
use super::out;
use crate::run::subject::{self, Trouble, install};
use clap::{Args, Subcommand};

/// Options of `childproof subjects`.
#[derive(Args, Debug)]
pub struct SubjectsArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Install or build what subjects need: system packages by apt-get, packages of pip, npm and cargo into the user's cache
    Install {
        /// Subjects
        #[arg(required_unless_present = "all", value_name = "NAME[@VERSION]")]
        names: Vec<String>,
        /// Every subject there is, in its usual release
        #[arg(long, conflicts_with = "names")]
        all: bool,
    },
}

/// Performs it; 1 where one of them could not be made ready.
///
/// # Errors
/// A name that is none; a closed pipe.
pub fn run(args: &SubjectsArgs) -> Ended {
    let What::Install { names, all } = &args.what;
    let every = if *all { subject::survey().map_err(Fault::Usage)? } else { Vec::new() };
    let names = names.iter().cloned().chain(every.into_iter().map(|subject| subject.name));
    let mut exit = Exit::AsExpected;
    for name in names {
        match install::install(&name) {
            Ok(subject) => out::print(&format!("{}: ready\n", subject.title()))?,
            Err(Trouble::Usage(text)) => return Err(Fault::Usage(text)),
            Err(Trouble::Unavailable(why)) => {
                out::print(&format!("{why}\n"))?;
                exit = Exit::Regression;
            }
        }
    }
    Ok(exit)
}
