//! Descriptors: pipes, files, duplicating, reading and writing.
//!
//! An endpoint is written `p.read`, `p.write` (a pipe), `c` (a socket or file), `stdin`/`stdout`/`stderr`, `fd 7`, or, for
//! a child that the subject started, `child.stdin`, `child.stdout`, `child.stderr` (then the subject performs the step).

use crate::plan::ast::Expect;
use crate::plan::expr::{Arg, Expr};
use crate::plan::forms::short_or_long;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `pipe: p` or `pipe: {as: p, close-on-exec: true, nonblock: true, capacity: 4096}`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Pipe {
    /// A plain pipe of this name.
    Name(String),
    /// With options.
    With(PipeWith),
}
short_or_long!(Pipe, "the name of a pipe, or its fields", Pipe::Name, Pipe::With);

/// The long form of `pipe`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PipeWith {
    /// Its name.
    #[serde(rename = "as")]
    pub name: String,
    /// Both ends close-on-exec.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub close_on_exec: bool,
    /// Both ends O_NONBLOCK.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nonblock: bool,
    /// Capacity in bytes (F_SETPIPE_SZ; `unavailable` where there is none).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<Expr>,
}

/// `open: {as: log, path: log.txt, mode: append, create: true}`; the path is relative to the case directory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Open {
    /// Its name.
    #[serde(rename = "as")]
    pub name: String,
    /// Path, relative to the case directory; `/dev/null` as it is.
    pub path: String,
    /// How.
    #[serde(default)]
    pub mode: OpenMode,
    /// Create it with mode 0600 when it does not exist.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub create: bool,
    /// O_NONBLOCK: nobody is waited for at a FIFO.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nonblock: bool,
    /// Close-on-exec (a boolean or a parameter).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub close_on_exec: Option<Expr>,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// Access mode of `open`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OpenMode {
    /// O_RDONLY
    #[default]
    Read,
    /// O_WRONLY
    Write,
    /// O_RDWR
    ReadWrite,
    /// O_WRONLY | O_APPEND
    Append,
}

/// `close: p.read`, or `close: {of: p.read, expect: ...}`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Close {
    /// The endpoint alone.
    Endpoint(String),
    /// With an expectation.
    With(CloseWith),
}
short_or_long!(Close, "an endpoint, or its fields", Close::Endpoint, Close::With);

/// The long form of `close`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CloseWith {
    /// The endpoint.
    pub of: String,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `dup2: {from: p.write, to: stdout}`: the target is then another name of the same open file description.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Dup2 {
    /// The endpoint to duplicate.
    pub from: String,
    /// `stdin`, `stdout`, `stderr`, `fd N`, or an endpoint that is open.
    pub to: String,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `write: {to: p.write, bytes: 4096}` or `text: "..."`: one write call per attempt, gone on with until all is written
/// unless `once`. On `child.stdin` the subject writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Write {
    /// The endpoint.
    pub to: String,
    /// This many bytes (a fixed pattern).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Expr>,
    /// This text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Expr>,
    /// One call only; a short count is an outcome.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub once: bool,
    /// MSG_NOSIGNAL: a socket whose other side is gone is an error and never a signal.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_signal: bool,
    /// What must come of it; success returns the count of bytes.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `write-records: {to: stdout, count: 10, size: 64}`: numbered records that name their writer (`plan::record`), one write
/// call each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WriteRecords {
    /// The endpoint.
    pub to: String,
    /// How many.
    pub count: Expr,
    /// Bytes of each, newline included, at least 17.
    pub size: Expr,
    /// Bytes per write call, when a record is to be written in pieces (a seeded fault, or a slow writer).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub piece: Option<Expr>,
    /// What must come of it; success returns the count of bytes.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `read: {from: p.read, until: eof}` or `bytes: N` (until N bytes or the end) or `once: N` (one call of at most N bytes).
/// What was read is recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Read {
    /// The endpoint.
    pub from: String,
    /// Read to the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Until>,
    /// Read exactly this many bytes (fewer only at the end).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Expr>,
    /// One call with a buffer of this many bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub once: Option<Expr>,
    /// Buffer size of each call in bytes (default 65536).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chunk: Option<Expr>,
    /// What must come of it; success returns the count of bytes, `eof` when there were none.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `copy: {from: stdin, to: stdout}`: read to the end and write everything; only the count of bytes is recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Copy {
    /// The endpoint to read.
    pub from: String,
    /// The endpoint to write.
    pub to: String,
    /// What must come of it; success returns the count of bytes.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// Where a read ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Until {
    /// At end of file.
    Eof,
}

/// `set-flags: {of: p.write, nonblock: true}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SetFlags {
    /// The endpoint.
    pub of: String,
    /// O_NONBLOCK of its open file description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonblock: Option<Arg<bool>>,
    /// FD_CLOEXEC of the descriptor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub close_on_exec: Option<Expr>,
}

/// `send-file: {from: log, to: line, via: sendfile, offset: 0, bytes: 4096}`: send a part of a file, gone on with until all is
/// written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SendFile {
    /// The file.
    pub from: String,
    /// The socket or pipe.
    pub to: String,
    /// `sendfile`, or `mmap` (and write).
    pub via: Arg<String>,
    /// Where in the file to begin (default 0).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<Expr>,
    /// How many bytes.
    pub bytes: Expr,
    /// What must come of it; success returns the count of bytes.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// `query: {of: log, what: offset, expect: {value: 4096}}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Query {
    /// The endpoint.
    pub of: String,
    /// `close-on-exec` and `nonblock` (0 or 1), `offset`, or `available` (bytes that can be read, FIONREAD).
    pub what: Arg<String>,
    /// What must come of it.
    #[serde(default, skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}
