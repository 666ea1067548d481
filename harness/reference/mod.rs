//! A process library done right, on raw system calls: what the `raw` subject offers on the library plane.
//!
//! Two uses need it. A library's failure is charged to the library only where the same scenario holds here, on the same
//! machine; and every property is shown to catch something by a twin of this library that differs by one [`Fault`]. So it is
//! written plainly, with each rule in one place where a fault can break it. The rules:
//!
//! 1. A start that fails is an error with the errno of the step that failed, once; the forked child is reaped before the call
//!    returns and never goes on in the caller's code. (An error pipe, close-on-exec: its silence means that exec succeeded.)
//! 2. The child's descriptors are 0, 1 and 2 and no others; each is what was asked for under any permutation, whichever of 0–2
//!    are closed in the caller. An inherited one that is closed stays closed, and so does a stderr that was to follow it.
//! 3. The child's signal mask and ignored set are those that the caller was started with; the caller's own never change.
//! 4. `program` without a slash is searched for in the PATH of the child's environment, then argv and environment arrive byte
//!    for byte. A relative `program` with a slash is relative to the child's working directory.
//! 5. `wait`, `poll` and `communicate` give the same status however often and from whichever thread they are called.
//! 6. Nothing is signalled once its status is known, and never another process that has the number now.
//! 7. `wait` waits for the process alone. `communicate` ends with the process: what its pipes hold then is returned, what a
//!    grandchild writes later is not.
//! 8. Starts of several threads take turns from the opening of the child's descriptors until the caller has closed its copies, so
//!    that no child has, even until its exec, what was opened for another.
//! 9. A handle dropped before its process ended is reaped at the next operation of the library; the process is not killed.

pub mod adapter;
mod birth;
mod child;
mod command;
mod communicate;
pub mod fault;
mod handlers;
mod misdeeds;
mod platform;
mod process;
mod spawn;
mod stdio;

pub use command::{Command, Env, Stdio};
pub use communicate::Output;
pub use fault::Fault;
pub use process::{Child, End, sweep};

/// The library with one fault, or none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Library {
    /// What it does wrong.
    pub fault: Option<Fault>,
}

impl Library {
    /// Whether it has this fault.
    fn has(self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }
}
