//! A counter without a lock never exceeds its total; what it lost is recorded.
//!
//! The negative control of `counter-total`: processes that load, add and store without a lock may overwrite each other's
//! increments. Whether they do in a given run is left open, so a loss is recorded and not failed. A value above the total, or
//! none at all, cannot come of lost increments.
//!
//! # References
//! C11 5.1.2.4 data races; POSIX.1-2024 XBD 4.15.2 "Memory Synchronization".

use super::counter_total;
use crate::judge::args;
use crate::judge::verdict::Finding;
use crate::judge::{Property, view};
use crate::plan::check::ArgDecl;
use crate::plan::script::CheckDecl;
use crate::trace::History;

/// See the module.
pub struct CounterAtMost;

impl Property for CounterAtMost {
    fn name(&self) -> &'static str {
        "counter-at-most"
    }
    fn says(&self) -> &'static str {
        "the counter never exceeds the total; increments that were lost are recorded, not failed"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 XBD 4.15.2 Memory Synchronization"
    }
    fn args(&self) -> &'static [ArgDecl] {
        &[args::OF_COUNTER, counter_total::IS]
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        let (at, event, value, total) = match counter_total::last(history, asked) {
            Ok(found) => found,
            Err(nothing) => return nothing,
        };
        if value == total {
            return Finding::Pass;
        }
        if (1..total).contains(&value) {
            return Finding::Unspecified { seen: format!("{} of {total} increments were lost", total.saturating_sub(value)) };
        }
        Finding::fail(format!("from 1 to {total}"), format!("{value}"), view::name(history, event.actor), vec![at])
    }
}
