//! The started program is who it was asked to be: file mode mask, user, group, supplementary groups.
//!
//! Dropping rights half way is worse than not at all: a program that runs as another user and has kept root's groups, or its saved
//! ids, can take back what it was to lose.
//!
//! Rules:
//! 1. The mask is the one asked for, or the subject's own.
//! 2. Real, effective and saved user id are all the one asked for, or the subject's own. The same of the group.
//! 3. The supplementary groups are those asked for; where none were asked for but another user or group was, the library chooses;
//!    otherwise they are the subject's own. That a list of groups names the group id too makes no difference.
//! 4. What the platform does not show of the subject is not compared with it.
//!
//! # References
//! POSIX.1-2024 `umask()`, `setuid()`, `setgid()`, `exec` (what is inherited); setgroups(2), credentials(7).

use crate::judge::starts::{self, Start};
use crate::judge::verdict::Finding;
use crate::judge::{Property, args, view};
use crate::plan::check::ArgDecl;
use crate::plan::script::CheckDecl;
use crate::trace::History;
use crate::trace::state::ProcState;
use std::collections::BTreeSet;

/// See the module.
pub struct ChildIdentity;

impl Property for ChildIdentity {
    fn name(&self) -> &'static str {
        "child-identity"
    }
    fn says(&self) -> &'static str {
        "the started program has the umask, user and groups asked for, or else the subject's own"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 umask(), setuid(), setgid(), exec; setgroups(2), credentials(7)"
    }
    fn args(&self) -> &'static [ArgDecl] {
        &[args::OF_ACTOR]
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        let Some(before) = &history.observed.before else {
            return view::undecided("the subject's own identity was not recorded");
        };
        starts::each(history, asked, |start| judged(history, start, before))
    }
}

fn judged(history: &History, start: &Start, before: &ProcState) -> Finding {
    let (asked, seen) = (&start.asked.identity, start.state);
    // A platform that shows nothing of another process's limits shows neither its mask nor its groups.
    let shown = !before.limits.is_empty();
    let mask = asked.umask.or(shown.then_some(before.umask));
    if let Some(mask) = mask.filter(|mask| *mask != seen.umask) {
        return start.fails(history, format!("umask {mask:04o}"), format!("{:04o}", seen.umask));
    }
    let ids = [("user ids", asked.uid, before.uids, seen.uids), ("group ids", asked.gid, before.gids, seen.gids)];
    for (what, wanted, own, seen) in ids {
        let wanted = wanted.map_or(own, |id| [id; 3]);
        if wanted != seen {
            return start.fails(history, format!("{what} {wanted:?} (real, effective, saved)"), format!("{seen:?}"));
        }
    }
    let changed = asked.uid.is_some() || asked.gid.is_some();
    let own = (shown && !changed).then(|| before.groups.clone());
    let Some(groups) = asked.groups.clone().or(own) else { return Finding::Pass };
    let apart = |groups: &[u32]| groups.iter().copied().filter(|group| *group != seen.gids[1]).collect::<BTreeSet<u32>>();
    if apart(&groups) == apart(&seen.groups) {
        return Finding::Pass;
    }
    start.fails(history, format!("supplementary groups: {}", view::list(&groups, 16)), view::list(&seen.groups, 16))
}
