//! An orphan gets a new parent that lives.
//!
//! Rules, for the state labelled `orphaned` that an actor reports after its parent has ended:
//! 1. The parent's id is positive and is not that of the process that ended.
//! 2. It is no process of the case: init, or the nearest subreaper, adopts orphans; a sibling or grandparent does not.
//!
//! # References
//! POSIX.1-2024 `_exit()` CONSEQUENCES; prctl(2) PR_SET_CHILD_SUBREAPER.

use crate::judge::verdict::Finding;
use crate::judge::{Property, args, starts, view};
use crate::plan::check::ArgDecl;
use crate::plan::script::CheckDecl;
use crate::trace::{History, What};

/// See the module.
pub struct Adopted;

impl Property for Adopted {
    fn name(&self) -> &'static str {
        "adopted"
    }
    fn says(&self) -> &'static str {
        "an orphan's parent is init or a subreaper, and no longer the process that ended"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 _exit(); prctl(2) PR_SET_CHILD_SUBREAPER"
    }
    fn args(&self) -> &'static [ArgDecl] {
        &[args::OF_ACTOR]
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        let only = view::text(asked, "of").map(|name| view::named(history, name));
        let reports = history.events.iter().enumerate().filter_map(|(at, event)| match &event.what {
            What::State { label, state } if label == "orphaned" && only.as_ref().is_none_or(|only| only.contains(&event.actor)) => {
                Some((at, event.actor, state.ppid))
            }
            _ => None,
        });
        starts::worst(reports.map(|(at, actor, ppid)| {
            let relative = history.events.iter().find(|event| event.pid == ppid);
            match relative {
                _ if ppid <= 0 => Finding::fail("a parent", format!("parent's id {ppid}"), view::name(history, actor), vec![at]),
                Some(event) => {
                    let seen = format!("parent's id {ppid}, which is {}", view::name(history, event.actor));
                    Finding::fail("init or a subreaper as its parent", seen, view::name(history, actor), vec![at])
                }
                None => Finding::Pass,
            }
        }))
    }
}
