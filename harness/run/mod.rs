//! Running cases for real: sessions, wardens, actors, subjects.
pub mod actor;
pub mod arena;
pub mod probe;
pub mod subject;
