//! Memory: private and shared mappings, counters, semaphores; and the names under which they outlive their makers.

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
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
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
///
/// Without `name` only its maker and what it forks afterwards have it: its name is removed as soon as it is mapped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Shared {
    /// Its name.
    #[serde(rename = "as")]
    pub name: String,
    /// `shm_open`, `anonymous` (MAP_SHARED) or `sysv`.
    pub via: Arg<String>,
    /// The name under which others find it, until somebody removes it; the scenario's own, not a path.
    #[serde(rename = "name", default, skip_serializing_if = "Option::is_none")]
    pub public: Option<String>,
    /// With `name`: make it, where none of that name may be; otherwise what is there is mapped.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub create: bool,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `detach: counter`: unmap a shared counter; the process has it no more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Detach(pub String);

/// `remove: {name: box, of: shared, via: shm_open}`: remove the name of an object; who has the object keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Remove {
    /// The name that it was made under.
    pub name: String,
    /// `shared`, `semaphore` or `queue`.
    pub of: String,
    /// As it was made; not for semaphores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<Arg<String>>,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `add: [counter, 1]`: load, add, store, not atomically.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Add(pub String, pub Expr);

/// `fetch-add: {of: counter, by: 1}`: add at once, and record the value before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FetchAdd {
    /// The counter.
    pub of: String,
    /// How much.
    pub by: Expr,
    /// Load, let others run, store: the mistake that the atomic instruction is there for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub torn: bool,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `exchange: {of: counter, for: 7}`: store another value at once, and record the value before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Exchange {
    /// The counter.
    pub of: String,
    /// The new value.
    #[serde(rename = "for")]
    pub value: Expr,
}

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
    /// Value at first; absent only where the one of that `name` is opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Expr>,
    /// `unnamed` (sem_init) or `named` (sem_open); default: `unnamed` where the platform has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<Arg<String>>,
    /// The name under which others find it, until somebody removes it. With `value` it is made, where none of that name may be.
    #[serde(rename = "name", default, skip_serializing_if = "Option::is_none")]
    pub public: Option<String>,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `down: lock`, or with an expectation; EINTR is an outcome only with `expect`, otherwise it is waited on again.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Down {
    /// The name alone.
    Name(String),
    /// With wishes.
    With(Box<DownWith>),
}
short_or_long!(Down, "the name of a semaphore, or its fields", Down::Name, Down::With);

/// The long form of `down`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DownWith {
    /// The semaphore.
    pub of: String,
    /// Do not wait for it: EAGAIN where it is at 0.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nohang: bool,
    /// Wait for it so many milliseconds at most (sem_timedwait; macOS has none).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Expr>,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `up: lock`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Up(pub String);
