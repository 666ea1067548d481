//! x
#![allow(missing_docs)]
pub struct Look { pub colour: bool, pub unicode: bool, pub width: usize }
#[derive(Debug)]
pub struct Problems;
impl Problems { pub fn render(&self, _: Look) -> String { String::new() } }
impl std::fmt::Display for Problems { fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { Ok(()) } }
