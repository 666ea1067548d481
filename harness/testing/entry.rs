//! What a test program does before its own `main`: it may have been started as a warden, or as a program of a case.

use crate::run::{actor, warden};
use std::ffi::{OsString, c_char, c_int};
use std::os::unix::ffi::OsStringExt;

/// Becomes the agent where a part lies beside the path under which this process was executed, a warden where the first argument
/// says so; comes back otherwise, and the program goes on to its `main`.
///
/// # Safety
/// Called once, by the C runtime's start, with its own `argc`, `argv` and `envp`.
pub unsafe extern "C" fn early(_argc: c_int, argv: *const *const c_char, envp: *const *const c_char) {
    // SAFETY: the C runtime hands over NULL-terminated arrays of NUL-terminated strings.
    let argv = unsafe { actor::strings(argv) };
    let executed = actor::executed_as().unwrap_or_else(|| OsString::from_vec(argv.first().cloned().unwrap_or_default()).into());
    if actor::has_part(&executed) {
        // SAFETY: as above.
        let env = unsafe { actor::strings(envp) };
        let inherited = actor::inherited(&argv, &env);
        actor::perform_agent(&executed, inherited)
    }
    if argv.get(1).is_some_and(|word| word == warden::WORD.as_bytes()) {
        warden::main()
    }
}
