//! From a plan to cases: strategies, binding, shrinking, replay files.
pub mod act;
pub mod lower;
pub mod program;
