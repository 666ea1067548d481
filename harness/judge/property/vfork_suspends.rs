//! Who calls vfork goes on only when the child has ended or has executed another program.
//!
//! The child borrows the caller's memory; if both ran, each would overwrite what the other works with.
//!
//! Rules, for each `vfork` that returned a child's id:
//! 1. The child did something before the caller went on.
//! 2. It does nothing more afterwards. (The image that it executed is another actor.)
//!
//! # References
//! vfork(2): "the calling thread is suspended until the child terminates ... or it makes a call to execve(2)"; 4.3BSD; POSIX.1-2001
//! vfork(), since removed.

use crate::judge::verdict::Finding;
use crate::judge::{Property, args, starts, view};
use crate::plan::check::ArgDecl;
use crate::plan::script::{CheckDecl, Outcome};
use crate::trace::History;

/// See the module.
pub struct VforkSuspends;

impl Property for VforkSuspends {
    fn name(&self) -> &'static str {
        "vfork-suspends"
    }
    fn says(&self) -> &'static str {
        "who calls vfork goes on only when the child has ended or executed another program"
    }
    fn clause(&self) -> &'static str {
        "vfork(2); POSIX.1-2001 vfork(), since removed"
    }
    fn args(&self) -> &'static [ArgDecl] {
        &[args::OF_ACTOR]
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        let only = view::text(asked, "of").map(|name| view::named(history, name));
        let returned = view::returns(history).filter_map(|(at, event, outcome, _)| {
            let step = view::step_of(history, event).filter(|step| step.kind == "vfork")?;
            let child = *view::named(history, step.on.as_deref()?).first()?;
            let wanted = only.as_ref().is_none_or(|only| only.contains(&child));
            (wanted && matches!(outcome, Outcome::Done(Some(_)))).then_some((at, step, child))
        });
        starts::worst(returned.map(|(at, step, child)| {
            let mut own = history.events.iter().enumerate().filter(|(_, event)| event.actor == child);
            let expected = format!("{} to return when {} is done with the memory", view::place(step), view::name(history, child));
            match (own.clone().next(), own.rfind(|(other, _)| *other > at)) {
                (_, Some((later, _))) => Finding::fail(expected, "it went on before", view::name(history, step.actor), vec![at, later]),
                (None, None) => view::undecided("the child recorded nothing"),
                (Some(_), None) => Finding::Pass,
            }
        }))
    }
}
