//! Where output goes: a terminal with colours, a pipe without, a file.
//!
//! A Rust `main` ignores SIGPIPE and `println!` panics on EPIPE, so nothing here uses it: errors of the writer travel up as
//! [`Fault::ClosedPipe`](super::exit::Fault::ClosedPipe) and end the command quietly.

use super::exit::Fault;
use crate::report::Sink;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// Standard output, with colours where it is a terminal that wants them.
pub fn stdout() -> Sink {
    Box::new(anstream::AutoStream::auto(io::stdout()))
}

/// Prints text.
///
/// # Errors
/// A closed pipe or a full disk.
pub fn print(text: &str) -> Result<(), Fault> {
    let mut out = stdout();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// A file made anew (without colours), or standard output where no path is given.
///
/// # Errors
/// A path that cannot be written is a mistake of usage, found before anything runs.
pub fn sink(path: Option<&Path>) -> Result<Sink, Fault> {
    let Some(path) = path else { return Ok(stdout()) };
    let file = File::create(path).map_err(|error| Fault::Usage(format!("cannot write the report to `{}`: {error}", path.display())))?;
    Ok(Box::new(anstream::StripStream::new(file)))
}
