//! Reports: what a run found, told to a person, a program or a CI server.
//!
//! A run hands over one [`Entry`] per subject and scenario, in a fixed order; each form prints what its reader needs of it.
//! To add a form: one file with a [`Reporter`], one line in [`FORMS`].

mod entry;
pub mod explain;
mod failure;
mod json;
mod junit;
pub mod lanes;
mod record;
mod summary;
mod terminal;
mod text;

pub use entry::{Blame, Entry, Failure, Row, Word};
pub use record::{Evidence, Header, Record, ResultLine, schema};
pub use summary::{Counts, Summary};
pub use text::plural;

use std::io::{self, Write};

/// Where a report goes.
pub type Sink = Box<dyn Write + Send>;

/// One report in the making.
pub trait Reporter: Send {
    /// Before the first case.
    ///
    /// # Errors
    /// Those of the sink, as in every method here.
    fn start(&mut self, header: &Header) -> io::Result<()>;
    /// One subject on one scenario is done.
    ///
    /// # Errors
    /// Those of the sink.
    fn entry(&mut self, entry: &Entry) -> io::Result<()>;
    /// After the last.
    ///
    /// # Errors
    /// Those of the sink.
    fn finish(&mut self, summary: &Summary) -> io::Result<()>;
}

/// A form of report.
pub struct Form {
    /// As `--format` spells it.
    pub name: &'static str,
    /// Who it is for, for `--help`.
    pub help: &'static str,
    /// Begins one.
    pub open: fn(Sink) -> Box<dyn Reporter>,
}

/// Every form of report.
pub const FORMS: &[Form] = &[
    Form { name: "terminal", help: "for a person", open: |sink| Box::new(terminal::Terminal::new(sink)) },
    Form {
        name: "json",
        help: "one JSON object a line; `childproof schema results` describes it",
        open: |sink| Box::new(json::Json::new(sink)),
    },
    Form { name: "junit", help: "JUnit XML, for CI servers", open: |sink| Box::new(junit::Junit::new(sink)) },
];

/// The form of this name.
pub fn form(name: &str) -> Option<&'static Form> {
    FORMS.iter().find(|form| form.name == name)
}
