//! x
#![allow(missing_docs)]
use super::case::Source;
pub fn embedded() -> Vec<Source> { Vec::new() }
pub fn load(_: impl AsRef<std::path::Path>) -> std::io::Result<Vec<Source>> { Ok(Vec::new()) }
