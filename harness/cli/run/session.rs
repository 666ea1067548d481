//! Starting a session of wardens from what the command line says.

use crate::cli::exit::Fault;
use crate::run::{Isolation, Options, Session};
use clap::builder::PossibleValuesParser;

/// An isolation level as written.
pub type Level = String;

/// The levels, for clap.
pub fn isolations() -> PossibleValuesParser {
    Isolation::ALL.map(Isolation::name).into()
}

/// Starts the wardens: `workers` of them, at `level` or the best that works here.
///
/// # Errors
/// A level that was asked for and does not work here is a mistake of usage; anything else is the harness's.
pub fn open(workers: usize, level: Option<&str>) -> Result<Session, Fault> {
    let isolation = level.map(str::parse).transpose().map_err(Fault::Usage)?;
    Session::start(&Options { wardens: workers, isolation, ..Options::default() }).map_err(|error| match level {
        Some(level) => Fault::Usage(format!("isolation {level} does not work here: {error}; `childproof doctor` says what does")),
        None => Fault::Harness(format!("starting the sandbox: {error}")),
    })
}

/// CPUs that this process may use.
pub fn cpus() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
