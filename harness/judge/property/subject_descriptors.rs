//! The subject's descriptors after a case are those from before it.
//!
//! A leaked descriptor is not only a number lost: the write end of a pipe that a library forgets keeps a reader from ever
//! seeing the end. A descriptor that changed what it refers to is worse, because writes then go astray.
//!
//! Rules:
//! 1. No number is open that was not open before.
//! 2. No number is closed that was open before.
//! 3. Every number refers to the same file (device and inode, or the name where the platform shows no inode).
//! 4. Every number is close-on-exec, or not, as before, where the platform shows it: what is to be inherited by one child is made
//!    so in that child.
//! 5. Numbers that the scenario itself opened, closed or duplicated onto in the root do not count.
//!
//! # References
//! POSIX.1-2024 `open()`, `close()`, `fork()`, `exec` on the inheritance of descriptors; proc_pid_fd(5).

use crate::judge::verdict::{Finding, Hygiene};
use crate::judge::{Property, drift, view};
use crate::plan::script::CheckDecl;
use crate::trace::History;
use crate::trace::state::FdState;
use std::collections::BTreeMap;

/// See the module.
pub struct SubjectDescriptors;

impl Property for SubjectDescriptors {
    fn name(&self) -> &'static str {
        "subject-descriptors"
    }
    fn says(&self) -> &'static str {
        "the subject has the same descriptors open on the same files after the case as before it"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 open(), close(), fork(), exec; proc_pid_fd(5)"
    }
    fn universal(&self) -> bool {
        true
    }
    fn flag(&self) -> Option<Hygiene> {
        Some(Hygiene::FdLeak)
    }
    fn judge(&self, history: &History, _: &CheckDecl) -> Finding {
        let (before, after) = match view::subject_states(history) {
            Ok(states) => states,
            Err(unseen) => return unseen,
        };
        if before.fds.is_empty() && after.fds.is_empty() {
            return view::undecided("the platform shows no descriptors");
        }
        let asked = drift::asked_fds(history);
        let differences: Vec<String> = differences(&by_number(&before.fds), &by_number(&after.fds))
            .into_iter()
            .filter(|(fd, _)| !asked.contains(fd))
            .map(|(_, words)| words)
            .collect();
        if differences.is_empty() {
            return Finding::Pass;
        }
        Finding::fail("the descriptors from before the case", view::list(differences, 8), "warden", vec![])
    }
}

fn by_number(fds: &[FdState]) -> BTreeMap<i32, &FdState> {
    fds.iter().map(|fd| (fd.fd, fd)).collect()
}

fn differences(before: &BTreeMap<i32, &FdState>, after: &BTreeMap<i32, &FdState>) -> Vec<(i32, String)> {
    let left =
        after.iter().filter(|(fd, _)| !before.contains_key(fd)).map(|(fd, now)| (*fd, format!("left open: {}", drift::fd_words(now))));
    let gone = before.iter().filter(|(fd, _)| !after.contains_key(fd)).map(|(fd, was)| (*fd, format!("closed: {}", drift::fd_words(was))));
    let changed = before.iter().filter_map(|(fd, was)| {
        let now = after.get(fd).filter(|now| !drift::same_file(was, now))?;
        Some((*fd, format!("changed: {}, was {}", drift::fd_words(now), was.target)))
    });
    let marked = before.iter().filter_map(|(fd, was)| {
        let now = after.get(fd).filter(|now| drift::same_file(was, now) && now.cloexec.is_some() && was.cloexec.is_some())?;
        let words = if now.cloexec == Some(true) { "close-on-exec now" } else { "no longer close-on-exec" };
        (now.cloexec != was.cloexec).then(|| (*fd, format!("{words}: {}", drift::fd_words(now))))
    });
    left.chain(gone).chain(changed).chain(marked).collect()
}
