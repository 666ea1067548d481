//! The agent: the program that plays exec'd children.
//!
//! It reports what it was given before anything else runs, so it has no Rust `main`: the runtime's start-up would set SIGPIPE to
//! ignored and reopen closed standard descriptors, which is exactly what scenarios ask about. It finds its part by the
//! path under which it was executed, so that argv, environment and descriptors stay what the library made of them.
//!
//! Executed under its own name it can also become a warden, or the helper of `childproof bench`: both fork much, and a fork
//! costs what the program weighs.
//!
//! Its start was measured against its like (best tenth of 150 interleaved starts, page faults of each): a C program without
//! libc 86 µs and 3 faults, `/bin/true` 993 µs and 50, C linked statically 898 µs and 27, this way 1,259 µs and 64, the same
//! without position independence, RELRO or with link-time optimisation no better than 1,212 µs, linked statically 957 µs and 35.
//! Most of it is glibc's own, which asks the processor what it can do, at the price of a trap each time in a virtual machine.
//! Static linking would save a quarter, but takes a flag for rustc that a package cannot set for one program of its own, and
//! statically linked glibc, which not everybody has.
#![no_main]

use std::os::unix::ffi::OsStringExt;

/// The C runtime's entry.
///
/// # Safety
/// Called once, by the C runtime, with its own `argc`, `argv` and `envp`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn main(_argc: i32, argv: *const *const std::ffi::c_char, envp: *const *const std::ffi::c_char) -> i32 {
    // SAFETY: the C runtime hands over NULL-terminated arrays of NUL-terminated strings.
    let (argv, env) = unsafe { (childproof::run::actor::strings(argv), childproof::run::actor::strings(envp)) };
    if executed_plainly() {
        become_helper(&argv);
    }
    let inherited = childproof::run::actor::inherited(&argv, &env);
    let fallback = argv.first().cloned().unwrap_or_default();
    let path = childproof::run::actor::executed_as().unwrap_or_else(|| std::ffi::OsString::from_vec(fallback).into());
    childproof::run::actor::perform_agent(&path, inherited)
}

/// Whether the program itself was executed, and not one of the links that a case has under names of its own.
fn executed_plainly() -> bool {
    childproof::run::actor::executed_as().is_some_and(|path| path.file_name().is_some_and(|name| name == "childproof-agent"))
}

/// The small processes of childproof's own; comes back when none of them is meant.
fn become_helper(argv: &[Vec<u8>]) {
    match argv.get(1).map(Vec::as_slice) {
        Some(word) if word == childproof::run::warden::WORD.as_bytes() => childproof::run::warden::main(),
        Some(word) if word == childproof::bench::raw::WORD.as_bytes() => childproof::bench::raw::main(),
        _ => {}
    }
}
