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
//! 7. `wait` waits for the process alone, and first closes its input, which nobody could feed meanwhile.
//!    `communicate` ends with the process: what its pipes hold then is returned, what a grandchild writes later is not.
//! 8. A handle dropped before its process ended is reaped at the next operation of the library; the process is not killed, unless
//!    kill-on-drop was wished for: then it is killed and reaped before the drop returns.
//! 9. Descriptors handed on keep their numbers, and are inherited by that one child alone; the caller's own keep their flags. One
//!    that is not open is an error before anything is started.
//! 10. A child with a group of its own leads it; what is sent to the child is then sent to the group.
//! 11. A terminal is new, the child's controlling one, and the child leads its session and foreground group; the caller has its
//!     master alone, and closing that hangs the child up. That nobody holds the terminal any more is the end of the output.
//! 12. A daemon is nobody's child, leads a session of its own, and has the null device where nothing else was asked.
//! 13. Starts of several threads take turns from the opening of the child's descriptors until the caller has closed its copies, so
//!     that no child has, even until its exec, what was opened for another.
//!
//! Workers and pools have rules of their own, in `worker` and `pool`.

pub mod adapter;
mod birth;
mod child;
mod command;
mod communicate;
mod daemon;
pub mod fault;
pub mod handlers;
mod misdeeds;
mod pipeline;
mod platform;
mod pool;
mod process;
mod pty;
mod spawn;
mod stdio;
mod task;
mod wishes;
pub mod worker;

pub use command::{Command, Env, Stdio};
pub use communicate::Output;
pub use fault::Fault;
pub use pipeline::Pipeline;
pub use process::{Child, End, sweep};
pub use wishes::{Group, User, Wishes};

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
