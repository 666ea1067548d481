//! From a plan to cases: strategies, binding, shrinking, replay files.

pub mod act;
pub mod covering;
pub mod draw;
pub mod ipc;
pub mod lower;
pub mod program;
pub mod reach;
pub mod replay;
pub mod seed;
pub mod share;
pub mod shrink;
pub mod simpler;
pub mod state;
pub mod strategy;
mod text;
pub mod trial;
