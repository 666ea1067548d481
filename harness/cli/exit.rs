//! How a command ends: named exit statuses, and faults that stop it.

use std::fmt;
use std::io;
use std::process::ExitCode;

/// Exit statuses; `--help` and the README list them too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything came out as expected.
    AsExpected = 0,
    /// Something did not hold that should, or an expectation is stale.
    Regression = 1,
    /// The command line or a scenario file is wrong.
    Usage = 2,
    /// The harness failed, or was interrupted.
    Harness = 3,
    /// Nothing ran.
    NothingRan = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// What stops a command before its end.
#[derive(Debug)]
pub enum Fault {
    /// What the user wrote is wrong; a text that says how to put it right.
    Usage(String),
    /// Scenario files are wrong; every problem with its place.
    Problems(Vec<String>),
    /// Our own part failed; a lowercase text.
    Harness(String),
    /// Nobody reads our output any more (`childproof list | head`): not an error, and nobody to tell.
    ClosedPipe,
}

impl Fault {
    /// The status that it ends with.
    pub fn exit(&self) -> Exit {
        match self {
            Fault::Usage(_) | Fault::Problems(_) => Exit::Usage,
            Fault::Harness(_) => Exit::Harness,
            Fault::ClosedPipe => Exit::AsExpected,
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Fault {
        if error.kind() == io::ErrorKind::BrokenPipe { Fault::ClosedPipe } else { Fault::Harness(format!("writing the output: {error}")) }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Usage(text) | Fault::Harness(text) => f.write_str(text),
            Fault::Problems(problems) => f.write_str(&problems.join("\n")),
            Fault::ClosedPipe => f.write_str("nobody reads the output"),
        }
    }
}

/// What every command returns.
pub type Ended = Result<Exit, Fault>;
