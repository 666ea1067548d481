//! The started program has exactly the descriptors that were asked for.
//!
//! A descriptor too many in a child is a pipe that never ends, a lock that is never dropped, a socket that stays bound, and
//! a hole through which a sandboxed program reaches its parent's files.
//!
//! Rules:
//! 1. Every descriptor asked for is what it was asked to be: the subject's own file of some number, the null device, a new
//!    pipe or socket, a named file, the same file as another of the child's, or not open.
//! 2. A pipe's direction fits: descriptor 0 can be read, 1 and 2 can be written.
//! 3. A program started by a library has nothing open but 0, 1, 2 and what was asked for.
//! 4. What the platform does not show is undecided.
//!
//! # References
//! POSIX.1-2024 `exec` (FD_CLOEXEC), `posix_spawn_file_actions_adddup2()`, `dup2()`; each library's documentation of its
//! default for inheriting descriptors.

use crate::judge::starts::{self, Start};
use crate::judge::verdict::Finding;
use crate::judge::{Property, args, drift, view};
use crate::plan::check::ArgDecl;
use crate::plan::script::{AskedFd, CheckDecl};
use crate::trace::History;
use crate::trace::state::FdState;

/// See the module.
pub struct ChildDescriptors;

impl Property for ChildDescriptors {
    fn name(&self) -> &'static str {
        "child-descriptors"
    }
    fn says(&self) -> &'static str {
        "the started program's descriptors are exactly those asked for, each the right file"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 exec FD_CLOEXEC, posix_spawn_file_actions_adddup2(), dup2()"
    }
    fn args(&self) -> &'static [ArgDecl] {
        &[args::OF_ACTOR]
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        starts::each(history, asked, |start| judged(history, start))
    }
}

fn judged(history: &History, start: &Start) -> Finding {
    let wrong = start.asked.fds.iter().map(|(fd, wanted)| one(history, start, *fd, wanted));
    starts::worst(wrong.chain([surplus(history, start)]))
}

fn surplus(history: &History, start: &Start) -> Finding {
    let unasked = start.state.fds.iter().filter(|fd| fd.fd > 2 && !start.asked.fds.contains_key(&fd.fd));
    let words: Vec<String> = unasked.map(drift::fd_words).collect();
    if !matches!(start.step.kind.as_str(), "spawn" | "pipeline" | "run") || words.is_empty() {
        return Finding::Pass;
    }
    start.fails(history, "no descriptor that was not asked for", format!("also open: {}", view::list(words, 8)))
}

/// Rule 1 for one descriptor.
fn one(history: &History, start: &Start, fd: i32, wanted: &AskedFd) -> Finding {
    let seen = find(&start.state.fds, fd);
    let fails = |expected: String| {
        let seen = seen.map_or_else(|| format!("{fd} is not open"), |seen| format!("{} ({})", drift::fd_words(seen), seen.access));
        start.fails(history, expected, seen)
    };
    let judged = |right: bool, expected: String| if right { Finding::Pass } else { fails(expected) };
    match (wanted, seen) {
        (AskedFd::Closed, _) => judged(seen.is_none(), format!("{fd} not open")),
        (AskedFd::Inherit(own), _) => {
            inherited(history, fd, *own, seen).unwrap_or_else(|was| fails(format!("{fd} = the subject's own {was}")))
        }
        (AskedFd::Null, seen) => judged(seen.is_some_and(|seen| seen.target == "/dev/null"), format!("{fd} -> /dev/null")),
        (AskedFd::Pipe, seen) => {
            judged(seen.is_some_and(|seen| new_pipe(history, seen)), format!("{fd} = a new pipe in the right direction"))
        }
        (AskedFd::Terminal, seen) => {
            judged(seen.is_some_and(|seen| starts::is_new_terminal(history, seen)), format!("{fd} = a new pseudo-terminal"))
        }
        (AskedFd::File(path), seen) => judged(seen.is_some_and(|seen| starts::same_path(path, &seen.target)), format!("{fd} -> {path}")),
        (AskedFd::SameAs(other), seen) => {
            let other_one = find(&start.state.fds, *other);
            judged(seen.zip(other_one).is_some_and(|(a, b)| drift::same_file(a, b)), format!("{fd} = the same file as {other}"))
        }
    }
}

/// Against the subject's own descriptor; `Err` holds what that one is.
fn inherited(history: &History, fd: i32, own: i32, seen: Option<&FdState>) -> Result<Finding, String> {
    let Some(before) = &history.observed.before else {
        return Ok(view::undecided("the subject's own descriptors were not recorded"));
    };
    match (find(&before.fds, own), seen) {
        (None, None) => Ok(Finding::Pass),
        (Some(was), Some(seen)) if drift::same_file(was, seen) => Ok(Finding::Pass),
        // What the caller's runtime opened for itself where a standard descriptor was closed is nothing to hand on. One that is
        // handed on on purpose, under another number or beyond the standard ones, has to lose close-on-exec on its way.
        (Some(was), None) if fd == own && fd <= 2 && was.cloexec == Some(true) => Ok(Finding::Pass),
        (Some(was), _) => Err(drift::fd_words(was)),
        (None, Some(_)) => Err(format!("{own}, which is not open")),
    }
}

fn new_pipe(history: &History, seen: &FdState) -> bool {
    let kind = ["pipe", "socket", "unix", "PIPE"].iter().any(|kind| seen.target.starts_with(kind));
    let wrong_way = if seen.fd == 0 { "write" } else { "read" };
    let old = history.observed.before.as_ref().is_some_and(|before| before.fds.iter().any(|fd| drift::same_file(fd, seen)));
    kind && !old && (seen.fd > 2 || seen.access != wrong_way)
}

fn find(fds: &[FdState], number: i32) -> Option<&FdState> {
    fds.iter().find(|fd| fd.fd == number)
}
