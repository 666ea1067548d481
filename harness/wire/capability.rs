//! The capabilities that an adapter can claim. What is not claimed is never asked for.

use super::message::{Operation, SpawnRequest, Stdio};
use super::work::WorkerRequest;

/// Name, and what claiming it promises.
pub const CAPABILITIES: &[(&str, &str)] = &[
    ("spawn", "start a program"),
    ("stdin", "write to a child's standard input and close it"),
    ("stdout", "read a child's standard output to its end"),
    ("stderr", "read a child's standard error to its end"),
    ("communicate", "input, both outputs and the status in one call"),
    ("communicate-timeout", "communicate with a limit"),
    ("wait", "wait for a child's end"),
    ("wait-timeout", "wait with a limit"),
    ("poll", "ask for a child's end without waiting"),
    ("kill", "the library's own kill"),
    ("terminate", "the library's own terminate"),
    ("signal", "send any signal"),
    ("drop", "give a handle up"),
    ("threads", "operations from several threads at once"),
    ("env", "variables over the inherited environment"),
    ("env-replace", "an environment instead of the inherited one"),
    ("cwd", "a working directory for the child"),
    ("path-search", "a program given by its bare name"),
    ("stdio-inherit", "a standard descriptor inherited"),
    ("stdio-null", "the null device as a standard descriptor"),
    ("stdio-pipe", "a new pipe as a standard descriptor"),
    ("stdio-file", "a file as a standard descriptor"),
    ("stdio-fd", "any open descriptor as a standard descriptor"),
    ("stdio-merge", "stderr wherever stdout leads"),
    ("stdio-pty", "a new pseudo-terminal as standard descriptors"),
    ("read-some", "read so many bytes of an output"),
    ("close-output", "close the reading end of an output"),
    ("run", "start, input, output and status in one call"),
    ("run-timeout", "the same with a limit, at which it ends what it started"),
    ("run-pipeline", "the same of several programs connected by pipes"),
    ("pipeline", "start several programs connected by pipes"),
    ("pipeline-stderr", "one place for the standard error of all stages"),
    ("handlers", "handle a signal while the library works"),
    ("at-limits", "answer while the system gives it no further process or thread"),
    ("memory", "hold much memory of the caller's own"),
    ("exit-handlers", "run a handler at the orderly end of a process, and tell how many have"),
    ("pass-fds", "further descriptors for the child"),
    ("arg0", "an `argv[0]` other than the program"),
    ("session", "a new session for the child"),
    ("process-group", "a new process group for the child"),
    ("group-kill", "a child with its group: kill and wait mean all of it"),
    ("daemon", "a detached program in a session of its own"),
    ("kill-on-drop", "a child that is killed and reaped when its handle is given up"),
    ("malformed", "be given a value of a type that cannot be right"),
    ("umask", "a file mode creation mask for the child"),
    ("user", "user, group and supplementary groups for the child"),
    ("worker", "start a worker: a process that runs a function"),
    ("worker-name", "a name for a worker"),
    ("worker-daemon", "a worker that does not outlive its main program"),
    ("worker-call", "run a worker's function in the caller"),
    ("worker-child", "a worker may start workers of its own"),
    ("worker-stderr", "a task may write to standard error"),
    ("start-fork", "workers that are copies of the caller"),
    ("start-spawn", "workers in a fresh program"),
    ("start-forkserver", "workers that are copies of a server"),
    ("pool", "a pool of workers"),
    ("pool-max-tasks", "a worker is replaced after so many tasks"),
    ("pool-respawn", "a worker that died is replaced, and the pool goes on"),
    ("pool-unpicklable", "a task of a pool may have a result that cannot be sent back"),
    ("pool-unsendable", "an item may be one that cannot be sent to a worker"),
    ("submit", "give a pool one item"),
    ("map", "give a pool many items in one call"),
    ("result-timeout", "wait for a result with a limit"),
    ("shutdown-now", "end a pool without waiting for its work"),
    ("main", "a main program of its own that starts workers and ends"),
];

/// Whether there is a capability of this name.
pub fn is_known(name: &str) -> bool {
    CAPABILITIES.iter().any(|(known, _)| *known == name)
}

/// The capabilities that an operation needs.
pub fn of(operation: &Operation) -> Vec<&'static str> {
    match operation {
        Operation::Spawn(request) => of_spawn(request),
        Operation::Write { .. } | Operation::CloseStdin { .. } => vec!["stdin"],
        Operation::Read { stream, bytes, .. } => [output(stream)].into_iter().chain(bytes.is_some().then_some("read-some")).collect(),
        Operation::Close { stream, .. } => vec![output(stream), "close-output"],
        Operation::Run { stages, timeout_ms, .. } => {
            let own = if stages.len() > 1 { "run-pipeline" } else { "run" };
            [own].into_iter().chain(timeout_ms.map(|_| "run-timeout")).chain(stages.iter().flat_map(of_stage)).collect()
        }
        Operation::Pipeline { stages, stderr, .. } => {
            let shared = stderr.iter().flat_map(|stderr| ["pipeline-stderr", of_stdio(stderr)]);
            ["pipeline"].into_iter().chain(stages.iter().flat_map(of_stage)).chain(shared).collect()
        }
        Operation::Handle { .. } => vec!["handlers"],
        Operation::Fill { .. } => vec!["memory"],
        Operation::AtExit {} => vec!["exit-handlers"],
        Operation::Communicate { timeout_ms: Some(_), .. } => vec!["communicate", "communicate-timeout"],
        Operation::Communicate { .. } => vec!["communicate"],
        Operation::Wait { timeout_ms: Some(_), .. } => vec!["wait", "wait-timeout"],
        Operation::Wait { .. } => vec!["wait"],
        Operation::Poll { .. } => vec!["poll"],
        Operation::Kill { .. } => vec!["kill"],
        Operation::Terminate { .. } => vec!["terminate"],
        Operation::Signal { .. } => vec!["signal"],
        Operation::Drop { .. } => vec!["drop"],
        Operation::Parallel { ops, lists, .. } => {
            ["threads"].into_iter().chain(ops.iter().chain(lists.iter().flatten()).flat_map(of)).collect()
        }
        Operation::Worker(request) => request.needs(),
        Operation::Pool(request) => request.needs(),
        Operation::Submit(request) => ["submit"].into_iter().chain(request.task.needs()).collect(),
        Operation::Map(request) => ["map"].into_iter().chain(request.task.needs()).collect(),
        Operation::Result { timeout_ms, .. } => timeout_ms.is_some().then_some("result-timeout").into_iter().collect(),
        Operation::Shutdown { now, .. } => now.then_some("shutdown-now").into_iter().collect(),
        Operation::Main(request) => ["main"].into_iter().chain(request.workers.iter().flat_map(WorkerRequest::needs)).collect(),
        Operation::Reset | Operation::Quit => Vec::new(),
    }
}

fn output(stream: &str) -> &'static str {
    if stream == "stderr" { "stderr" } else { "stdout" }
}

fn of_spawn(request: &SpawnRequest) -> Vec<&'static str> {
    ["spawn"].into_iter().chain(of_stage(request)).collect()
}

/// What a start needs beside the operation that it is part of.
fn of_stage(request: &SpawnRequest) -> Vec<&'static str> {
    let env = request.env.as_ref().map(|env| if env.replace { "env-replace" } else { "env" });
    let bare = request.program.bytes().is_some_and(|program| !program.contains(&b'/'));
    let wishes = [
        (request.cwd.is_some() || request.malformed.as_deref() == Some("directory"), "cwd"),
        (bare, "path-search"),
        (!request.pass.is_empty(), "pass-fds"),
        (request.arg0.is_some(), "arg0"),
        (request.new_session, "session"),
        (request.new_group, "process-group"),
        (request.own_group, "group-kill"),
        (request.daemon, "daemon"),
        (request.kill_on_drop, "kill-on-drop"),
        (request.umask.is_some(), "umask"),
        (request.user.is_some(), "user"),
        (request.malformed.is_some(), "malformed"),
        (request.malformed.as_deref() == Some("variable"), "env"),
    ];
    let stdio = [&request.stdin, &request.stdout, &request.stderr].into_iter().flatten().map(of_stdio);
    env.into_iter().chain(wishes.into_iter().filter_map(|(wished, name)| wished.then_some(name))).chain(stdio).collect()
}

fn of_stdio(stdio: &Stdio) -> &'static str {
    match stdio {
        Stdio::Inherit => "stdio-inherit",
        Stdio::Null => "stdio-null",
        Stdio::Pipe => "stdio-pipe",
        Stdio::File(_) => "stdio-file",
        Stdio::Fd(_) => "stdio-fd",
        Stdio::Stdout => "stdio-merge",
        Stdio::Pty => "stdio-pty",
    }
}
