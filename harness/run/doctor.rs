//! `childproof doctor`: which levels of isolation work here, and why the others do not. Each level is tried for real.

use super::session::{Options, RunError, Session};
use super::{Isolation, sandbox};

/// What is to be said of one level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoctorLine {
    /// The level.
    pub level: Isolation,
    /// Whether it works here.
    pub works: bool,
    /// Why not; empty when it does.
    pub why: String,
}

/// Raises a warden at each level, strongest first, and tells how that went.
pub fn doctor() -> Vec<DoctorLine> {
    doctor_with(&Options::default())
}

/// The same with other programs than the running one.
pub fn doctor_with(options: &Options) -> Vec<DoctorLine> {
    Isolation::ALL.into_iter().map(|level| examine(options, level)).collect()
}

fn examine(options: &Options, level: Isolation) -> DoctorLine {
    let why = match sandbox::eligible(level) {
        Err(why) => why,
        Ok(()) => match Session::start(&Options { isolation: Some(level), wardens: 1, ..options.clone() }) {
            Ok(_) => String::new(),
            Err(RunError::NoLevel(tried)) => tried.into_iter().map(|(_, why)| why).collect::<Vec<_>>().join("; "),
            Err(error) => error.to_string(),
        },
    };
    DoctorLine { level, works: why.is_empty(), why }
}
