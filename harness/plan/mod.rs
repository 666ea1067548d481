//! The language: scenarios as data. Parse, check, print; no operating system in here.
//!
//! text → [`parse`] → [`ast::Scenario`] → [`check`] → [`case::Plan`] → (bound by `gen`) → [`script::Script`].

pub mod ast;
pub mod case;
pub mod check;
pub mod expr;
pub mod record;
pub mod script;
pub mod step;
pub mod value;
