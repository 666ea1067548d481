//! The subject protocol: what childproof and an adapter say to each other.
pub mod message;
