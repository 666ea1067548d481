//! Objects with a number in them: cells of memory, semaphores, offsets of files; and the table of process ids.

use super::Model;
use std::collections::BTreeSet;

/// A number in shared memory: a counter to those who add, a register to those who exchange.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cell {
    /// Its value at first.
    pub start: i64,
}

/// What can be done to a cell. `None`: the process died in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellOp {
    /// Add, and tell the value before.
    Add(i64, Option<i64>),
    /// Put another value there, and tell the one before.
    Exchange(i64, Option<i64>),
    /// Tell the value.
    Load(Option<i64>),
}

impl Model for Cell {
    type State = i64;
    type Op = CellOp;

    fn start(&self) -> i64 {
        self.start
    }

    fn apply(&self, state: &i64, op: &CellOp) -> Vec<i64> {
        let (after, told) = match *op {
            CellOp::Add(by, told) => (state.wrapping_add(by), told),
            CellOp::Exchange(value, told) => (value, told),
            CellOp::Load(told) => (*state, told),
        };
        if told.is_none_or(|told| told == *state) { vec![after] } else { Vec::new() }
    }

    fn words(&self, state: &i64) -> String {
        format!("it held {state}")
    }
}

/// A semaphore.
#[derive(Clone, Copy, Debug, Default)]
pub struct Semaphore {
    /// Its value at first.
    pub start: i64,
}

/// What can be done to a semaphore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SemaphoreOp {
    /// Taken.
    Down,
    /// Given back.
    Up,
    /// Not taken, because it was at 0.
    Refused,
    /// Given up for another reason: a signal, a limit of time. Nothing follows from it about the value.
    GivenUp,
    /// The process died in taking it.
    DownPending,
    /// The process died in giving it back.
    UpPending,
}

impl Model for Semaphore {
    type State = i64;
    type Op = SemaphoreOp;

    fn start(&self) -> i64 {
        self.start
    }

    fn apply(&self, state: &i64, op: &SemaphoreOp) -> Vec<i64> {
        match op {
            SemaphoreOp::Down | SemaphoreOp::DownPending if *state > 0 => vec![state - 1],
            SemaphoreOp::Up | SemaphoreOp::UpPending => vec![state.saturating_add(1)],
            SemaphoreOp::Refused if *state == 0 => vec![0],
            SemaphoreOp::GivenUp => vec![*state],
            _ => Vec::new(),
        }
    }

    fn words(&self, state: &i64) -> String {
        format!("it stood at {state}")
    }
}

/// The offset of an open file that several processes read, record after record.
#[derive(Clone, Copy, Debug, Default)]
pub struct Offset;

/// What can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetOp {
    /// The record of this number; none where the process died in reading.
    Read(Option<i64>),
    /// The end. Nobody writes any more, so that it stays the end.
    End,
}

impl Model for Offset {
    /// The next record; none behind the end.
    type State = Option<i64>;
    type Op = OffsetOp;

    fn start(&self) -> Option<i64> {
        Some(0)
    }

    fn apply(&self, state: &Option<i64>, op: &OffsetOp) -> Vec<Option<i64>> {
        match (state, *op) {
            (Some(next), OffsetOp::Read(told)) if told.is_none_or(|told| told == *next) => vec![Some(next.saturating_add(1))],
            (_, OffsetOp::End) => vec![None],
            _ => Vec::new(),
        }
    }

    fn words(&self, state: &Option<i64>) -> String {
        state.map_or_else(|| "the end was reached".to_owned(), |next| format!("record {next} was the next"))
    }
}

/// Process ids: one is in use from the fork that gave it until it is waited for, and nobody else's in between.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pids;

/// What happens to process ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PidOp {
    /// A fork gave this one.
    Given(i32),
    /// The process of this one was reaped.
    Reaped(i32),
}

impl Model for Pids {
    type State = BTreeSet<i32>;
    type Op = PidOp;

    fn start(&self) -> BTreeSet<i32> {
        BTreeSet::new()
    }

    fn apply(&self, state: &BTreeSet<i32>, op: &PidOp) -> Vec<BTreeSet<i32>> {
        let mut after = state.clone();
        let possible = match op {
            PidOp::Given(pid) => after.insert(*pid),
            PidOp::Reaped(pid) => after.remove(pid),
        };
        possible.then_some(after).into_iter().collect()
    }

    fn words(&self, state: &BTreeSet<i32>) -> String {
        let pids: Vec<String> = state.iter().map(ToString::to_string).collect();
        format!("in use were {}", if pids.is_empty() { "none".to_owned() } else { pids.join(", ") })
    }
}
