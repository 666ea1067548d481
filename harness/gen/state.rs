//! The states of a process that another one can await.

use serde::{Deserialize, Serialize};

/// What is awaited of an actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Its program runs, and has told its number.
    Begun,
    /// Asleep in a blocking call that is not a gate.
    Blocked,
    /// Ended and not reaped.
    Zombie,
    /// A zombie, or not there any more.
    Ended,
    /// Stopped.
    Stopped,
    /// Not there any more.
    Gone,
    /// Asleep for whatever reason, in a call that signals do not interrupt too.
    Asleep,
    /// The reap handler of the awaiting process itself has reaped so many.
    Reaped(u32),
}
