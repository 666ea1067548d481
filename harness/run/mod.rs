//! Running cases for real: sessions, wardens, actors, subjects.

pub mod probe;
pub mod subject;
