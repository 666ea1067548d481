//! What lives within one process and what a fork makes of it: threads, a lock, the C library's buffers.

use crate::plan::ast::Expect;
use crate::plan::expr::Expr;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `threads: {count: 3, hold: true}`: start so many threads beside the one that performs the steps; they sleep until the process ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Threads {
    /// How many.
    pub count: Expr,
    /// The first of them takes the process's lock and keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Expr>,
}

/// `try-lock: {}`: take the process's lock, a mutex that every process has one of, and give it back; `EBUSY` when somebody has it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TryLock {
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `buffer: {to: p.write, text: hello}`: write by the C library's stdio, which keeps it in a buffer of this process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Buffer {
    /// The endpoint that the buffer belongs to.
    pub to: String,
    /// What is written, less than 4096 bytes in all.
    pub text: Expr,
}

/// `flush: {}`: hand all buffers of this process over to the system.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Flush {}
