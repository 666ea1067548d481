//! Subjects.
pub mod broken;
pub mod builtin;
