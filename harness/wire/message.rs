//! The messages of the subject protocol, version 1.0. One JSON object per line.
//!
//! Bytes are a JSON string where they are UTF-8 and `{"hex": "ff00"}` otherwise ([`Value`]); requests may also carry long
//! inputs as `{"repeat": "text", "len": N}`: the text over and over, cut to N bytes.

use crate::plan::script::Ended;
use crate::plan::value::Value;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Protocol version that this harness speaks.
pub const PROTOCOL: &str = "1.0";
/// Environment variable naming the FIFO that requests come through; the adapter opens it for reading, close-on-exec.
pub const REQUESTS: &str = "CHILDPROOF_REQUESTS";
/// Environment variable naming the FIFO that replies go through; the adapter opens it for writing, close-on-exec.
pub const REPLIES: &str = "CHILDPROOF_REPLIES";

/// The first line of an adapter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Hello {
    /// `major.minor`; the major must be the harness's.
    pub protocol: String,
    /// The library: `std::process`, `subprocess`.
    pub library: String,
    /// Its version.
    pub version: String,
    /// Its language: `rust`, `python`.
    pub language: String,
    /// `getpid()`.
    pub pid: i32,
    /// Capabilities claimed; absent ones are never asked for.
    pub capabilities: Vec<String>,
}

/// The envelope of the hello line: `{"hello": {...}}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HelloLine {
    /// The hello.
    pub hello: Hello,
}

/// A request line: `{"seq": 1, "op": "spawn", ...}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Request {
    /// Opaque; the reply repeats it.
    pub seq: u64,
    /// The operation with its arguments, in the same object.
    #[serde(flatten)]
    pub op: Operation,
}

/// The operations. The name in the comment is the capability that must be claimed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Operation {
    /// `spawn`: start a program; reply `{"handle": "...", "pid": n}` (pid null where the library does not tell).
    Spawn(Box<SpawnRequest>),
    /// `stdin`: write all of `data` to the child's standard input; reply `{"written": n}`.
    Write {
        /// The child.
        handle: String,
        /// What.
        data: Data,
    },
    /// `stdin`: close the child's standard input.
    CloseStdin {
        /// The child.
        handle: String,
    },
    /// `stdout`/`stderr`: read to the end; reply `{"data": ...}`.
    Read {
        /// The child.
        handle: String,
        /// `stdout` or `stderr`.
        stream: String,
    },
    /// `communicate`: write the input, read both outputs, wait; reply `{"stdout", "stderr", "status"}`.
    Communicate {
        /// The child.
        handle: String,
        /// Input, when there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        input: Option<Data>,
        /// Limit (capability `communicate-timeout`); when it runs out reply `{"timed_out": true}`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout_ms: Option<u64>,
    },
    /// `wait`: reply `{"status": ...}`.
    Wait {
        /// The child.
        handle: String,
        /// Limit (capability `wait-timeout`); when it runs out reply `{"timed_out": true}`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout_ms: Option<u64>,
    },
    /// `poll`: reply `{"status": ...}`, null while it runs.
    Poll {
        /// The child.
        handle: String,
    },
    /// `kill`: the library's own kill.
    Kill {
        /// The child.
        handle: String,
    },
    /// `terminate`: the library's own terminate.
    Terminate {
        /// The child.
        handle: String,
    },
    /// `signal`: send this one through the library.
    Signal {
        /// The child.
        handle: String,
        /// Name without SIG.
        signal: String,
    },
    /// `drop`: give the handle up; collect garbage where the language collects.
    Drop {
        /// The child.
        handle: String,
    },
    /// `threads`: each of `threads` threads performs `ops` in order, all started together; reply
    /// `{"results": [[reply, ...], ...]}`, one list per thread.
    Parallel {
        /// How many.
        threads: u32,
        /// What each does.
        ops: Vec<Operation>,
    },
    /// No capability: drop every handle, collect garbage, answer. Sent after each case.
    Reset,
    /// No capability: answer and end with status 0.
    Quit,
}

/// What to start, and how.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SpawnRequest {
    /// Path of the program, or a bare name to be found through PATH.
    pub program: Value,
    /// Arguments after `argv[0]`.
    #[serde(default)]
    pub args: Vec<Value>,
    /// Variables; absent: the environment is inherited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env: Option<EnvRequest>,
    /// Working directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<Value>,
    /// Standard input; absent: the library's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdin: Option<Stdio>,
    /// Standard output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdout: Option<Stdio>,
    /// Standard error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stderr: Option<Stdio>,
}

/// An environment for the child. Capability `env`; `replace: true` also needs `env-replace`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EnvRequest {
    /// Exactly these, or these over the inherited ones.
    pub replace: bool,
    /// Names with values.
    pub vars: Vec<(Value, Value)>,
}

/// Where a standard descriptor of the child leads. Capabilities `stdio-inherit`, `stdio-null`, `stdio-pipe`, `stdio-file`,
/// `stdio-fd`, `stdio-merge`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stdio {
    /// The subject's own.
    Inherit,
    /// The null device.
    Null,
    /// A new pipe to the subject.
    Pipe,
    /// This file, opened by the adapter: for reading on stdin, for appending (created) otherwise.
    File(String),
    /// This descriptor of the subject.
    Fd(i32),
    /// On stderr: wherever stdout leads.
    Stdout,
}

/// Input data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Data {
    /// `repeat` over and over, cut to `len` bytes.
    Pattern {
        /// The text.
        repeat: String,
        /// Bytes in all.
        len: u64,
    },
    /// As it is.
    Bytes(Value),
}

/// A reply line: `{"seq": 1, "pid": 4711, "ok": {...}}`, or with `error` or `unsupported` in the place of `ok`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reply {
    /// Of the request.
    pub seq: u64,
    /// `getpid()` when it was written.
    pub pid: i32,
    /// What came of it.
    #[serde(flatten)]
    pub body: ReplyBody,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplyBody {
    /// It succeeded; the fields that the operation names.
    Ok(Box<Fields>),
    /// It failed.
    Error(Failure),
    /// The library does not offer it in this form.
    Unsupported(String),
}

/// Fields of successful replies; each operation names its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    /// Opaque name of a child.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
    /// The child's process id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<i32>,
    /// Bytes written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written: Option<u64>,
    /// Bytes read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
    /// Standard output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdout: Option<Value>,
    /// Standard error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stderr: Option<Value>,
    /// How the child ended; absent or null while it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// The limit ran out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub timed_out: bool,
    /// Of `parallel`: per thread, per operation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<Vec<ReplyBody>>,
}

/// An error as the library raised it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Failure {
    /// The errno's name, where the library tells (`ENOENT`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errno: Option<String>,
    /// The library's own name for the error: `FileNotFoundError`.
    pub kind: String,
    /// Its text.
    pub message: String,
}

/// How a child ended, as the library says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It exited with this code.
    Exited(i32),
    /// It died by this signal number.
    Killed(i32),
    /// The library cannot tell (its own words).
    Unknown(String),
}

impl Status {
    /// The exact form, where the library can tell; libraries do not tell whether a core was dumped.
    pub fn ended(&self) -> Option<Ended> {
        match self {
            Status::Exited(code) => Some(Ended::Exited(*code)),
            Status::Killed(signal) => Some(Ended::Killed { signal: *signal, core: false }),
            Status::Unknown(_) => None,
        }
    }
}
