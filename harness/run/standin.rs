//! x
#![allow(missing_docs)]
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
#[derive(Default)]
pub struct Options { pub isolation: Option<Isolation>, pub wardens: usize }
pub struct Session;
impl Session {
  pub fn start(_: &Options) -> Result<Session, String> { Err("standin".into()) }
  pub fn isolation(&self) -> Isolation { Isolation::Root }
  pub fn workers(&self) -> usize { 1 }
  pub fn cancel(&self) {}
  pub fn run(&self, _: usize, _: &crate::plan::script::Script, _: &crate::generate::program::Program, _: &crate::run::subject::Subject) -> crate::trace::History { Default::default() }
}
pub struct DoctorLine { pub level: Isolation, pub works: bool, pub why: String }
pub fn doctor() -> Vec<DoctorLine> { Vec::new() }
