//! The messages of the subject protocol, version 1.1. One JSON object per line.
//!
//! Bytes are a JSON string where they are UTF-8 and `{"hex": "ff00"}` otherwise ([`Value`]); requests may also carry long
//! inputs as `{"repeat": "text", "len": N}`: the text over and over, cut to N bytes.

use super::work::{JobRequest, MainRequest, PoolRequest, WorkerRequest};
use crate::plan::script::Ended;
use crate::plan::value::Value;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Protocol version that this harness speaks.
pub const PROTOCOL: &str = "1.1";
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
        /// Read exactly so many bytes, fewer only at the end (capability `read-some`).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bytes: Option<u64>,
    },
    /// `close-output`: close the subject's end of the child's `stdout` or `stderr`.
    Close {
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
    /// `run` (one stage) or `run-pipeline` (several): start, give `input`, collect what the last stage writes, wait, all in the one
    /// call that the library has for it; reply `{"stdout", "stderr", "status", "statuses"}`. An end that the library raises as an
    /// error (a status other than 0) is a status all the same where the error tells it.
    Run {
        /// The stages from left to right; their standard descriptors that are connected or collected are absent.
        stages: Vec<SpawnRequest>,
        /// Input of the first stage, when there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        input: Option<Data>,
        /// Limit of the call (capability `run-timeout`); when it runs out the library ends what it started, and the reply is
        /// `{"timed_out": true}`, with the `stdout` and `stderr` that the library hands over of what came until then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout_ms: Option<u64>,
    },
    /// `pipeline`: start all stages, each one's output connected to the next one's input; reply `{"handle", "pids"}`. The handle takes
    /// what a child's takes: its input is the first stage's, its output the last one's, its status the library's own rule;
    /// replies to `wait`, `poll` and `communicate` hold `statuses` too where the library tells each.
    Pipeline {
        /// Name that the handle is to have; absent: the adapter's choice.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        handle: Option<String>,
        /// The stages from left to right. `stdin` counts on the first, `stdout` on the last, `stderr` on each.
        stages: Vec<SpawnRequest>,
        /// For all stages together (capability `pipeline-stderr`): where their standard error leads.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stderr: Option<Stdio>,
    },
    /// `threads`: each of `threads` threads (tasks, where the library is asynchronous) performs `ops` in order, all started
    /// together; with `lists` in their place, thread N performs list N. Reply `{"results": [[reply, ...], ...]}`, one list per thread.
    Parallel {
        /// How many.
        threads: u32,
        /// What each does.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        ops: Vec<Operation>,
        /// What thread N does; as many as `threads`.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        lists: Vec<Vec<Operation>>,
    },
    /// `handlers`: handle this signal from now on, in the language's own way, with a handler that returns. Undone by `reset`.
    Handle {
        /// Name without SIG.
        signal: String,
    },
    /// `memory`: write the byte `value` to so many pages of 4 KiB of memory that the adapter has for this alone and keeps until `reset`;
    /// reply `{"values": [before]}`: what all of them held before, 0 where they are new, -1 where they differed.
    Fill {
        /// How many; as many each time.
        pages: u32,
        /// The byte.
        value: u8,
    },
    /// `exit-handlers`: from now on have a handler that is run when a process of this program ends in the language's orderly way; reply
    /// `{"values": [count]}`: how many processes have run it since the last `reset`, those that were forked on the way of a start among them.
    AtExit {},
    /// `worker`: start a process that runs a function; reply `{"handle", "pid"}` (pid null where none was started). The handle takes
    /// `wait`, `poll`, `kill`, `terminate` and `drop`.
    Worker(Box<WorkerRequest>),
    /// `pool`: make a pool of workers; reply `{"handle"}`.
    Pool(PoolRequest),
    /// `submit`: give a pool one item without waiting for it; reply `{"handle"}`.
    Submit(Box<JobRequest>),
    /// `map`: give a pool all items in one call, without waiting where the library can; reply `{"handle"}`.
    Map(Box<JobRequest>),
    /// No capability beside its job's: wait for what came of it; reply `{"values"}`, in the items' order, or an error.
    Result {
        /// The job.
        handle: String,
        /// Limit (capability `result-timeout`); when it runs out reply `{"timed_out": true}`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout_ms: Option<u64>,
    },
    /// No capability beside the pool's: take no more work, wait for what there is and for the workers' end.
    Shutdown {
        /// The pool.
        handle: String,
        /// `shutdown-now`: do not wait for work that is there.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        now: bool,
    },
    /// `main`: start a main program of its own that starts these workers and comes to its end; reply `{"handle", "pid"}`. The handle
    /// takes `wait` and `poll`.
    Main(MainRequest),
    /// No capability: drop every handle, collect garbage, answer. Sent after each case.
    Reset,
    /// No capability: answer and end with status 0.
    Quit,
}

/// What to start, and how.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SpawnRequest {
    /// Name that the handle is to have, so that operations of one `parallel` can mean it; absent: the adapter's choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
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
    /// `pass-fds`: descriptors of the subject that the child has under the same numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pass: Vec<i32>,
    /// `arg0`: what the child sees as `argv[0]` in the place of `program`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arg0: Option<Value>,
    /// `session`: the child leads a new session.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub new_session: bool,
    /// `process-group`: the child leads a new process group.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub new_group: bool,
    /// `group-kill`: the child leads a new process group, and kill, terminate, signal and wait mean all of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own_group: bool,
    /// `daemon`: by the library's daemonising call: detached, in a session of its own. The handle is only there to be dropped.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub daemon: bool,
    /// `kill-on-drop`: giving the handle up kills the child and reaps it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub kill_on_drop: bool,
    /// `umask`: the child's file mode creation mask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub umask: Option<u32>,
    /// `user`: user id, group id and supplementary groups of the child.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserRequest>,
    /// `malformed`: where the adapter puts a value of a type that nothing there can be, as an object without a text: `program` (in its
    /// place), `argument` (one more), `variable` (one more, over those of `env` or the inherited ones) or `directory` (in its place).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub malformed: Option<String>,
}

/// Who the child is to be. Capability `user`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UserRequest {
    /// User id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// Group id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gid: Option<u32>,
    /// Supplementary groups; absent: the library's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<u32>>,
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
/// `stdio-fd`, `stdio-merge`, `stdio-pty`.
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
    /// A new pseudo-terminal, the child's controlling one; the same for each of 0, 1, 2 that asks for it. What the child writes is
    /// read as `stdout`, what is written goes to its input.
    Pty,
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
    /// Of a pipeline: each stage's process id, from left to right.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pids: Vec<i32>,
    /// Of a pipeline: how each stage ended, where the library tells; null for one that it does not know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub statuses: Vec<Option<Status>>,
    /// Of a job: the results in the order of the items.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<i64>,
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
