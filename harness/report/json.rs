//! JSON lines, for programs.

use super::record::{Header, Record, ResultLine};
use super::{Entry, Reporter, Sink, Summary};
use std::io::{self, Write};

/// See [`super::schema`].
pub struct Json {
    sink: Sink,
    seed: u64,
}

impl Json {
    /// Writes to this sink.
    pub fn new(sink: Sink) -> Self {
        Json { sink, seed: 0 }
    }

    fn line(&mut self, record: &Record) -> io::Result<()> {
        // One write per line: a reader of a pipe, or of a file that grows, never sees half a record of an ordinary size.
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        self.sink.write_all(&line)?;
        self.sink.flush()
    }
}

impl Reporter for Json {
    fn start(&mut self, header: &Header) -> io::Result<()> {
        self.seed = header.seed;
        self.line(&Record::Run(header.clone()))
    }

    fn entry(&mut self, entry: &Entry) -> io::Result<()> {
        for row in &entry.rows {
            self.line(&Record::Result(ResultLine::new(entry, row, self.seed)))?;
        }
        Ok(())
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        self.line(&Record::Summary(summary.clone()))
    }
}
