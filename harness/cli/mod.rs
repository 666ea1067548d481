//! The command line: what can be asked, and who answers. One file per command.
//!
//! Everything a user sees in help, completions and the man page comes from the one definition in [`Cli`].

mod bench;
mod cases;
mod check;
mod check_adapter;
mod doctor;
mod exit;
mod explain;
mod grid;
mod history;
mod judge;
mod known_bugs;
mod list;
mod load;
mod manual;
mod matrix;
mod names;
mod new_adapter;
mod out;
pub(crate) mod replay;
pub mod run;
mod schema;
mod subjects;

use clap::{Parser, Subcommand};
use exit::{Ended, Fault};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

pub use exit::Exit;

const AFTER: &str = "\
Exit status: 0 as expected, 1 regression, 2 usage (scenario files included), 3 harness, 4 nothing ran.

Run `childproof run` to try everything that ships with it; `childproof explain NAME` for what a name in a report means.";

/// A property-based conformance suite for processes.
#[derive(Parser, Debug)]
#[command(name = "childproof", version, about, after_help = AFTER, max_term_width = 100, propagate_version = false)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    /// A folder of subjects of your own, beside those that ship with childproof
    #[arg(id = "folders", long = "subjects", value_name = "DIR", global = true)]
    folders: Vec<PathBuf>,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Run scenarios on subjects, judge what happens, report
    Run(Box<run::RunArgs>),
    /// List what there is
    List(list::ListArgs),
    /// Check scenario files and tell every problem
    Check(check::CheckArgs),
    /// Print the cases that a seed draws from a scenario
    Cases(cases::CasesArgs),
    /// Judge recorded histories again
    Judge(judge::JudgeArgs),
    /// Run the case of a replay file again and say whether it still fails
    Replay(replay::ReplayArgs),
    /// Compare releases of a subject and tell where each property changed
    History(Box<history::HistoryArgs>),
    /// Compare subjects, property by property
    Matrix(Box<matrix::MatrixArgs>),
    /// Try known bugs: each fails on the affected release and holds on the fixed one
    KnownBugs(Box<known_bugs::KnownBugsArgs>),
    /// Make subjects ready to be tested
    Subjects(subjects::SubjectsArgs),
    /// Say which isolation levels work here, and why the others do not
    Doctor,
    /// Try an adapter with everything odd and name the first rule it breaks
    CheckAdapter(check_adapter::CheckAdapterArgs),
    /// Write an adapter to begin with
    NewAdapter(new_adapter::NewAdapterArgs),
    /// Explain a scenario, property, step or subject
    Explain(explain::ExplainArgs),
    /// Measure what isolation costs beside plain fork and exec
    Bench(bench::BenchArgs),
    /// Print a JSON Schema
    Schema(schema::SchemaArgs),
    /// Print shell completions
    #[command(hide = true)]
    Completions(manual::CompletionsArgs),
    /// Print the manual page
    #[command(hide = true)]
    Man,
    /// A built-in subject's process
    #[command(name = "__subject", hide = true)]
    Subject {
        /// Its name
        name: String,
    },
}

/// Runs the command of this process's arguments.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let folders = cli.folders.iter().try_for_each(|dir| crate::run::subject::add_folder(dir)).map_err(Fault::Usage);
    match folders.and_then(|()| perform(cli.command)) {
        Ok(exit) => exit.into(),
        Err(fault) => {
            complain(&fault);
            fault.exit().into()
        }
    }
}

fn perform(command: Command) -> Ended {
    match command {
        Command::Run(args) => run::run(&args),
        Command::List(args) => list::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Cases(args) => cases::run(&args),
        Command::Judge(args) => judge::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::History(args) => history::run(&args),
        Command::Matrix(args) => matrix::run(&args),
        Command::KnownBugs(args) => known_bugs::run(&args),
        Command::Subjects(args) => subjects::run(&args),
        Command::Doctor => doctor::run(),
        Command::CheckAdapter(args) => check_adapter::run(&args),
        Command::NewAdapter(args) => new_adapter::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Schema(args) => schema::run(&args),
        Command::Completions(args) => manual::completions(&args),
        Command::Man => manual::page(),
        Command::Subject { name } => crate::run::subject::builtin::main(&name),
    }
}

/// Says on standard error what went wrong. When that is closed too there is nobody left to tell.
fn complain(fault: &Fault) {
    let mut stderr = anstream::stderr().lock();
    let _ = match fault {
        Fault::ClosedPipe => Ok(()),
        Fault::Problems(problems) => problems.iter().try_for_each(|problem| writeln!(stderr, "{}", problem.trim_end())),
        Fault::Usage(text) => writeln!(stderr, "childproof: {text}"),
        Fault::Harness(text) => writeln!(stderr, "childproof: the harness failed: {text}"),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }
}
