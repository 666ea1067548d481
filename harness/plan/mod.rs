//! The language: scenarios as data. Parse, check, print; no operating system in here.
//!
//! text → [`node`] → [`de`] ([`parse`] is both) → [`ast::Scenario`] → [`check`] → [`case::Plan`] → (bound by `gen`) → [`script::Script`].

pub mod ast;
pub mod case;
pub mod catalogue;
pub mod check;
pub mod de;
pub mod describe;
pub mod diagnostic;
pub mod expr;
pub mod forms;
pub mod formula;
pub mod library;
pub mod node;
pub mod parse;
pub mod print;
pub mod record;
pub mod schema;
pub mod script;
pub mod step;
pub mod value;
