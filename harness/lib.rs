//! childproof: a property-based conformance suite for processes.
#![warn(missing_docs)]
#[path = "gen/mod.rs"]
pub mod generate;
pub mod judge;
pub mod names;
pub mod plan;
pub mod reference;
pub mod run;
pub mod sys;
pub mod trace;
pub mod wire;
