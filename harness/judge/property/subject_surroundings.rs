//! The subject's working directory, file mode mask, limits, priority, groups and identities are as before.
//!
//! What a child is to have (another directory, lower limits, another user) must be set in the child. A library that sets it
//! in the caller and sets it back changes the whole program meanwhile, and for good when the start fails half way.
//!
//! # References
//! POSIX.1-2024 `chdir()`, `umask()`, `setrlimit()`, `nice()`, `setpgid()`, `setuid()`; credentials(7).

use crate::judge::verdict::Finding;
use crate::judge::{Property, view};
use crate::plan::script::CheckDecl;
use crate::trace::History;
use crate::trace::state::ProcState;
use std::fmt::Debug;

/// See the module.
pub struct SubjectSurroundings;

impl Property for SubjectSurroundings {
    fn name(&self) -> &'static str {
        "subject-surroundings"
    }
    fn says(&self) -> &'static str {
        "the subject's working directory, umask, limits, nice value, group, session and ids are as before the case"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 chdir(), umask(), setrlimit(), nice(), setpgid(), setuid(); credentials(7)"
    }
    fn universal(&self) -> bool {
        true
    }
    fn judge(&self, history: &History, _: &CheckDecl) -> Finding {
        let (before, after) = match view::subject_states(history) {
            Ok(states) => states,
            Err(unseen) => return unseen,
        };
        let differences = differences(before, after);
        if differences.is_empty() {
            return Finding::Pass;
        }
        Finding::fail("the surroundings from before the case", view::list(differences, 8), "warden", vec![])
    }
}

/// What differs between two states of one process, in words; used across exec as well.
pub fn differences(was: &ProcState, now: &ProcState) -> Vec<String> {
    let mut found: Vec<String> = [
        differs("working directory", &was.cwd, &now.cwd),
        differs("nice value", &was.nice, &now.nice),
        differs("process group", &was.pgid, &now.pgid),
        differs("session", &was.sid, &now.sid),
        differs("user ids", &was.uids, &now.uids),
        differs("group ids", &was.gids, &now.gids),
        differs("supplementary groups", &was.groups, &now.groups),
    ]
    .into_iter()
    .flatten()
    .collect();
    if was.umask != now.umask {
        found.push(format!("umask is {:04o}, was {:04o}", now.umask, was.umask));
    }
    let limits = was.limits.iter().filter_map(|(name, limit)| differs(&format!("limit {name}"), limit, now.limits.get(name)?));
    found.extend(limits);
    found
}

fn differs<T: Debug + PartialEq>(what: &str, was: &T, now: &T) -> Option<String> {
    (was != now).then(|| format!("{what} is {now:?}, was {was:?}"))
}
