//! Memory: private and shared mappings, counters, semaphores.

use crate::plan::ast::Expect;
use crate::plan::expr::{Arg, Expr};
use crate::plan::forms::short_or_long;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `memory: {as: heap, pages: 64, shared: false}`: an anonymous mapping, every page written once with 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Memory {
    /// Its name.
    #[serde(rename = "as")]
    pub name: String,
    /// Pages of the platform's size.
    pub pages: Expr,
    /// MAP_SHARED instead of MAP_PRIVATE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared: Option<Expr>,
}

/// `poke: {in: heap, value: 7}`: write this byte to the first byte of every page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Poke {
    /// The mapping.
    #[serde(rename = "in")]
    pub place: String,
    /// 0..=255.
    pub value: Expr,
}

/// `peek: {in: heap, expect: {value: 7}}`: read the first byte of every page; success returns it, `EIO` when pages differ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Peek {
    /// The mapping.
    #[serde(rename = "in")]
    pub place: String,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `report-memory: untouched`: record the private memory of the process in KiB under this label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ReportMemory(pub String);

/// `shared: {as: counter, via: shm_open}`: a shared 64-bit integer, 0 at first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Shared {
    /// Its name.
    #[serde(rename = "as")]
    pub name: String,
    /// `shm_open`, `anonymous` (MAP_SHARED) or `sysv`.
    pub via: Arg<String>,
}

/// `add: [counter, 1]`: load, add, store, not atomically.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Add(pub String, pub Expr);

/// `load: counter` or `load: {of: counter, expect: {value: 4}}`: record its value.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Load {
    /// The name alone.
    Name(String),
    /// With an expectation.
    With(LoadWith),
}
short_or_long!(Load, "the name of a counter, or its fields", Load::Name, Load::With);

/// The long form of `load`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LoadWith {
    /// The counter.
    pub of: String,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `semaphore: {as: lock, value: 1}`: process-shared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Semaphore {
    /// Its name.
    #[serde(rename = "as")]
    pub name: String,
    /// Value at first.
    pub value: Expr,
    /// `unnamed` (sem_init) or `named` (sem_open); default: `unnamed` where the platform has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<Arg<String>>,
}

/// `down: lock`, or with an expectation; EINTR is an outcome only with `expect`, otherwise it is waited on again.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Down {
    /// The name alone.
    Name(String),
    /// With an expectation.
    With(LoadWith),
}
short_or_long!(Down, "the name of a semaphore, or its fields", Down::Name, Down::With);

/// `up: lock`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Up(pub String);
