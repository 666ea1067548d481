//! x
#![allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind { pub keyword: &'static str, pub family: &'static str, pub plane: Planes, pub capability: &'static str, pub summary: &'static str }
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planes { Platform, Library, Both }
pub const KINDS: &[Kind] = &[];
