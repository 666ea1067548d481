//! Running cases for real: sessions, wardens, actors, subjects.
//!
//! ```text
//! main process ── exec ──> keeper ── clone ──> warden (process 1 of its namespaces, one CPU)
//!   Session                 waits for it,        ├── case root ── actors     one case at a time
//!   one thread per worker   removes the run dir  └── adapter of the subject   serves many cases
//! ```
//!
//! The process that draws cases never forks them: it is big and has threads. A warden is the agent's program, the smallest there is;
//! it stays small and single-threaded, and lives no longer than the channel to main: its end of file means "clean up and go".

pub mod actor;
pub mod arena;
pub mod doctor;
pub mod frame;
pub mod probe;
pub mod session;
pub mod subject;
pub mod warden;

mod adapter;
mod capture;
mod case;
mod deadline;
mod excess;
mod home;
mod keeper;
mod observe;
mod plain;
mod privilege;
mod record;
mod sandbox;
mod snapshot;

pub use case::needs;
pub use doctor::{DoctorLine, doctor};
pub use session::{Options, RunError, Session};

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How strongly cases are kept apart from the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Isolation {
    /// Namespaces, made by root.
    Root,
    /// Namespaces, made by an ordinary user.
    Userns,
    /// Linux without namespaces: a child subreaper, walks of the process tree.
    Subreaper,
    /// Without any of that: an own session, sweeps by parent and session.
    Group,
}

impl Isolation {
    /// Every level, strongest first.
    pub const ALL: [Isolation; 4] = [Isolation::Root, Isolation::Userns, Isolation::Subreaper, Isolation::Group];

    /// Its name on the command line and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Isolation::Root => "root",
            Isolation::Userns => "userns",
            Isolation::Subreaper => "subreaper",
            Isolation::Group => "group",
        }
    }

    /// Whether cases have a pid namespace of their own.
    pub fn alone(self) -> bool {
        matches!(self, Isolation::Root | Isolation::Userns)
    }
}

impl fmt::Display for Isolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Isolation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Isolation::ALL.into_iter().find(|level| level.name() == text);
        found.ok_or_else(|| format!("`{text}` is no isolation level: root, userns, subreaper or group"))
    }
}
