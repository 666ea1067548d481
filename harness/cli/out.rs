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
    let whole: Sink = Box::new(Whole { file, whole: 0, now: 0 });
    Ok(Box::new(anstream::StripStream::new(whole)))
}

/// A file that ends with a whole record, whatever happens: what was flushed last stands, and what did not fit behind it is cut off.
struct Whole {
    file: File,
    /// Bytes that were flushed.
    whole: u64,
    /// Bytes that were written.
    now: u64,
}

impl Whole {
    fn kept<T>(&self, done: io::Result<T>) -> io::Result<T> {
        if done.is_err() {
            // A pipe or a device cannot be cut, and holds no half of a file either.
            let _ = self.file.set_len(self.whole);
        }
        done
    }
}

impl Write for Whole {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes);
        let written = self.kept(written)?;
        self.now += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let done = self.file.flush();
        self.kept(done)?;
        self.whole = self.now;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_cut_off() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let mut whole = Whole { file: file.reopen().unwrap(), whole: 0, now: 0 };
        whole.write_all(b"one\n").unwrap();
        whole.flush().unwrap();
        whole.write_all(b"tw").unwrap();
        assert!(whole.kept::<()>(Err(io::Error::from(io::ErrorKind::StorageFull))).is_err());
        let mut text = String::new();
        io::Read::read_to_string(&mut file, &mut text).unwrap();
        assert_eq!(text, "one\n");
    }
}
