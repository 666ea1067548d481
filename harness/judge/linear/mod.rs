//! Whether what several processes did to one object at once could have been done one after the other.
//!
//! Two fetch-adds that overlap may take effect in either order, but not both at once: there must be one order of all operations,
//! none before it was called or after it had returned, in which a plain sequential object gives every one the very result that
//! it had. No single outcome shows that, and no count of outcomes does; only the history as a whole.
//!
//! Rules:
//! 1. An operation is an interval: from the event of its call to the event of its return. Events are numbered in the order in
//!    which room for them was reserved in shared memory, so that intervals have no ties and need no clock.
//! 2. An operation whose process died in it has no end: it may have happened at any time after its call, or not at all.
//! 3. What an object may answer is a [`Model`]: a state and, for an operation with its result, the states that it may leave.
//! 4. The search is a walk over orders, each extended only by operations that began before the first open one returned. What was
//!    done and the state it led to are remembered: the same pair a second time leads nowhere else.
//! 5. A walk that used up its budget is undecided, never a pass.
//!
//! # References
//! Herlihy, Wing: Linearizability: a correctness condition for concurrent objects (1990). Wing, Gong: Testing and verifying
//! concurrent objects (1993), the walk. Lowe: Testing for linearizability (2017), the memory of it.

pub mod model;
pub mod operations;
pub mod queue;
pub mod search;

#[cfg(test)]
mod tests;

use std::hash::Hash;

/// A sequential object.
pub trait Model {
    /// What it holds.
    type State: Clone + Eq + Hash;
    /// An operation together with what came of it.
    type Op;
    /// Its state at first.
    fn start(&self) -> Self::State;
    /// The states in which the operation may leave it; none where it cannot have had its result now.
    fn apply(&self, state: &Self::State, op: &Self::Op) -> Vec<Self::State>;
    /// The state in words.
    fn words(&self, state: &Self::State) -> String;
}

/// An operation and when it was under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interval<Op> {
    /// Position of its call among the events.
    pub call: usize,
    /// That of its return; none where it never returned.
    pub end: Option<usize>,
    /// What it was.
    pub op: Op,
}

/// What the search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// There is an order; the operations in it, by their place in the slice.
    Holds(Vec<usize>),
    /// There is none.
    Broken(Longest),
    /// The budget ran out after so many looks.
    Undecided(usize),
}

/// How far an order could be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Longest {
    /// The longest order that was right so far.
    pub prefix: Vec<usize>,
    /// The state that it led to, in words.
    pub state: String,
    /// Operations that had to come next, and could not.
    pub stuck: Vec<usize>,
}
