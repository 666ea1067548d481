//! Completions and the manual page, from the definition of the command line. For packagers; hidden from the help.

use super::exit::{Ended, Exit};
use super::{Cli, out};
use clap::{Args, CommandFactory};

/// Options of `childproof completions`.
#[derive(Args, Debug)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: clap_complete::Shell,
}

/// Prints completions. They are made in memory: the generator panics when its writer fails.
///
/// # Errors
/// A closed pipe.
pub fn completions(args: &CompletionsArgs) -> Ended {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "childproof", &mut text);
    out::print(&String::from_utf8_lossy(&text))?;
    Ok(Exit::AsExpected)
}

/// Prints the manual page.
///
/// # Errors
/// A closed pipe.
pub fn page() -> Ended {
    let mut text = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut text)?;
    out::print(&String::from_utf8_lossy(&text))?;
    Ok(Exit::AsExpected)
}
