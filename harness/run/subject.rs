//! Subjects: what is tried.

/// An implementation under test.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// `raw`, `rust-std`, `python-subprocess`.
    pub name: String,
    /// The version asked for on the command line.
    pub version_wanted: Option<String>,
    /// How it is started.
    pub start: Start,
}

/// How a subject is started.
#[derive(Clone, Debug, PartialEq)]
pub enum Start {
    /// The harness itself: system calls on the platform plane, the reference implementation on the library plane.
    Raw,
    /// An adapter built into this program.
    Builtin(String),
    /// A program.
    Command {
        /// Program and arguments.
        argv: Vec<String>,
        /// Environment beside that of every case.
        env: Vec<(String, String)>,
    },
}
