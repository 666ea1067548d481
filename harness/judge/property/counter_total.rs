//! A counter comes to its total.
//!
//! Several processes load, add and store; under a lock no increment is lost. The last value recorded counts.
//!
//! # References
//! POSIX.1-2024 `sem_init()` with pshared, `mmap()` MAP_SHARED, `shm_open()`.

use crate::judge::args;
use crate::judge::verdict::Finding;
use crate::judge::{Property, view};
use crate::plan::check::{ArgDecl, ArgKind};
use crate::plan::script::CheckDecl;
use crate::trace::History;

/// See the module.
pub struct CounterTotal;

/// The total.
pub const IS: ArgDecl = ArgDecl { name: "is", kind: ArgKind::Expr, required: true, help: "the total" };

impl Property for CounterTotal {
    fn name(&self) -> &'static str {
        "counter-total"
    }
    fn says(&self) -> &'static str {
        "the counter holds exactly the total in the end"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 sem_init() pshared, mmap() MAP_SHARED"
    }
    fn args(&self) -> &'static [ArgDecl] {
        &[args::OF_COUNTER, IS]
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        let (at, event, value, total) = match last(history, asked) {
            Ok(found) => found,
            Err(nothing) => return nothing,
        };
        if value == total {
            return Finding::Pass;
        }
        let lost = total.saturating_sub(value);
        let seen =
            if lost > 0 { format!("{value}: {lost} increments were lost") } else { format!("{value}: {} too many", lost.unsigned_abs()) };
        Finding::fail(format!("a total of {total}"), seen, view::name(history, event.actor), vec![at])
    }
}

/// The last value recorded of the counter, and the total asked for.
pub fn last<'h>(history: &'h History, asked: &CheckDecl) -> Result<(usize, &'h crate::trace::Event, i64, i64), Finding> {
    let counter = view::text(asked, "of").ok_or_else(|| view::wants("of"))?;
    let total = view::int(asked, "is").ok_or_else(|| view::wants("is"))?;
    let (at, event, value) =
        view::numbers(history, counter).last().ok_or_else(|| view::undecided(format!("nobody recorded the value of `{counter}`")))?;
    Ok((at, event, value, total))
}
