//! The capabilities that an adapter can claim. What is not claimed is never asked for.

use super::message::{Operation, SpawnRequest, Stdio};

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
        Operation::Read { stream, .. } => vec![if stream == "stderr" { "stderr" } else { "stdout" }],
        Operation::Communicate { timeout_ms: Some(_), .. } => vec!["communicate", "communicate-timeout"],
        Operation::Communicate { .. } => vec!["communicate"],
        Operation::Wait { timeout_ms: Some(_), .. } => vec!["wait", "wait-timeout"],
        Operation::Wait { .. } => vec!["wait"],
        Operation::Poll { .. } => vec!["poll"],
        Operation::Kill { .. } => vec!["kill"],
        Operation::Terminate { .. } => vec!["terminate"],
        Operation::Signal { .. } => vec!["signal"],
        Operation::Drop { .. } => vec!["drop"],
        Operation::Parallel { ops, .. } => ["threads"].into_iter().chain(ops.iter().flat_map(of)).collect(),
        Operation::Reset | Operation::Quit => Vec::new(),
    }
}

fn of_spawn(request: &SpawnRequest) -> Vec<&'static str> {
    let mut needs = vec!["spawn"];
    match &request.env {
        Some(env) if env.replace => needs.push("env-replace"),
        Some(_) => needs.push("env"),
        None => {}
    }
    if request.cwd.is_some() {
        needs.push("cwd");
    }
    if request.program.bytes().is_some_and(|program| !program.contains(&b'/')) {
        needs.push("path-search");
    }
    for stdio in [&request.stdin, &request.stdout, &request.stderr].into_iter().flatten() {
        needs.push(match stdio {
            Stdio::Inherit => "stdio-inherit",
            Stdio::Null => "stdio-null",
            Stdio::Pipe => "stdio-pipe",
            Stdio::File(_) => "stdio-file",
            Stdio::Fd(_) => "stdio-fd",
            Stdio::Stdout => "stdio-merge",
        });
    }
    needs
}
