//! The started program is where it was asked to be among processes: session, process group, controlling terminal, parent.
//!
//! Who leads a group is who a Ctrl-C and a group kill reach; who shares the caller's is hit by what was meant for the caller.
//!
//! Rules:
//! 1. Asked for a new session, it leads one: session and group are its own process id.
//! 2. Asked for a new group, it leads one, in the subject's session.
//! 3. Asked for a terminal on one of 0, 1, 2, that is its controlling one, and its group is the foreground one.
//! 4. Asked to be a daemon, it is in another session than the subject, has no controlling terminal on 0, 1, 2, and is not the
//!    subject's child.
//! 5. Asked for nothing of the kind, it is in the subject's session and group.
//!
//! # References
//! POSIX.1-2024 `setsid()`, `setpgid()`, `tcgetsid()`, `tcgetpgrp()`, XBD 11.1.3 "The Controlling Terminal"; daemon(7).

use crate::judge::starts::{self, Start};
use crate::judge::verdict::Finding;
use crate::judge::{Property, args, view};
use crate::plan::check::ArgDecl;
use crate::plan::script::{AskedFd, CheckDecl};
use crate::trace::History;
use crate::trace::state::{ProcState, Terminal};

/// See the module.
pub struct ChildSession;

impl Property for ChildSession {
    fn name(&self) -> &'static str {
        "child-session"
    }
    fn says(&self) -> &'static str {
        "the started program leads the session, group and terminal asked for, or else is in the subject's"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 setsid(), setpgid(), tcgetsid(), tcgetpgrp(); daemon(7)"
    }
    fn args(&self) -> &'static [ArgDecl] {
        &[args::OF_ACTOR]
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        let Some(before) = &history.observed.before else {
            return view::undecided("the subject's own session was not recorded");
        };
        starts::each(history, asked, |start| judged(history, start, before))
    }
}

fn judged(history: &History, start: &Start, before: &ProcState) -> Finding {
    let (asked, seen) = (&start.asked.identity, start.state);
    if asked.daemon {
        return detached(history, start, before);
    }
    let (session, group) = match (asked.session, asked.group) {
        (true, _) => (seen.pid, seen.pid),
        (false, true) => (before.sid, seen.pid),
        (false, false) => (before.sid, before.pgid),
    };
    for (what, wanted, seen) in [("session", session, seen.sid), ("process group", group, seen.pgid)] {
        if wanted != seen {
            return start.fails(
                history,
                format!("{what} {wanted}{}", whose(start, before, wanted)),
                format!("{what} {seen}{}", whose(start, before, seen)),
            );
        }
    }
    if start.asked.fds.values().any(|fd| *fd == AskedFd::Terminal) { on_terminal(history, start) } else { Finding::Pass }
}

/// Whose number it is, where that is known.
fn whose(start: &Start, before: &ProcState, number: i32) -> &'static str {
    if number == start.state.pid {
        ", its own"
    } else if [before.sid, before.pgid].contains(&number) {
        ", the subject's"
    } else {
        ""
    }
}

/// Rule 3.
fn on_terminal(history: &History, start: &Start) -> Finding {
    let pid = start.state.pid;
    match &start.state.terminal {
        None => start.fails(history, "a controlling terminal", "none on 0, 1 and 2"),
        Some(Terminal { session, foreground, .. }) if (*session, *foreground) == (pid, pid) => Finding::Pass,
        Some(Terminal { session, foreground, fd }) => start.fails(
            history,
            format!("descriptor {fd} to control session {pid} with {pid} in the foreground"),
            format!("session {session} with {foreground} in the foreground"),
        ),
    }
}

/// Rule 4.
fn detached(history: &History, start: &Start, before: &ProcState) -> Finding {
    let seen = start.state;
    if seen.sid == before.sid {
        return start.fails(history, "another session than the subject's", format!("session {}", seen.sid));
    }
    if let Some(terminal) = &seen.terminal {
        return start.fails(history, "no controlling terminal", format!("descriptor {} is one", terminal.fd));
    }
    if seen.ppid == before.pid {
        return start.fails(history, "a parent other than the subject", format!("the subject's process {}", seen.ppid));
    }
    Finding::Pass
}
