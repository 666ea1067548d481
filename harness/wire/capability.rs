//! The capabilities that an adapter can claim. What is not claimed is never asked for.

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
