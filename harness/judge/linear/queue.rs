//! A message queue, as POSIX and System V have it.
//!
//! 1. POSIX: the oldest message of the highest priority is received first.
//! 2. System V, `msgtyp` 0: the oldest message, whatever its type. N: the oldest of type N. -N: of the lowest type that is at most
//!    N, the oldest.
//! 3. A full queue refuses what may not wait, an empty one (or one without a wanted message) too.
//!
//! # References
//! POSIX.1-2024 `mq_send()`, `mq_receive()`, `msgsnd()`, `msgrcv()`.

use super::Model;

/// A queue.
#[derive(Clone, Copy, Debug)]
pub struct Queue {
    /// Messages that it holds at most; none where the limit is one of bytes.
    pub most: Option<usize>,
    /// Messages have priorities, and no wishes are made in receiving.
    pub posix: bool,
}

/// A message: priority or type, and its number.
pub type Message = (i64, i64);

/// What can be done to a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueOp {
    /// Sent; or, where the sender died in it, perhaps.
    Sent(Message),
    /// Received, by this wish, the message of this number; none where the receiver died in it.
    Received(i64, Option<i64>),
    /// Not sent: it was full.
    Full,
    /// Not received by this wish: there was none.
    Empty(i64),
    /// Given up for another reason.
    GivenUp,
}

impl Queue {
    /// The place of the message that this wish receives.
    fn first(&self, held: &[Message], wish: i64) -> Option<usize> {
        let places = || held.iter().enumerate();
        if self.posix {
            let highest = held.iter().map(|message| message.0).max()?;
            return places().find(|(_, message)| message.0 == highest).map(|(at, _)| at);
        }
        match wish {
            0 => (!held.is_empty()).then_some(0),
            1.. => places().find(|(_, message)| message.0 == wish).map(|(at, _)| at),
            _ => {
                let lowest = held.iter().map(|message| message.0).filter(|kind| *kind <= wish.saturating_neg()).min()?;
                places().find(|(_, message)| message.0 == lowest).map(|(at, _)| at)
            }
        }
    }

    fn has_room(&self, held: &[Message]) -> bool {
        self.most.is_none_or(|most| held.len() < most)
    }

    fn without(&self, held: &[Message], wish: i64, told: Option<i64>) -> Option<Vec<Message>> {
        let at = self.first(held, wish).filter(|&at| told.is_none_or(|told| held[at].1 == told))?;
        let mut after = held.to_vec();
        after.remove(at);
        Some(after)
    }
}

impl Model for Queue {
    type State = Vec<Message>;
    type Op = QueueOp;

    fn start(&self) -> Vec<Message> {
        Vec::new()
    }

    fn apply(&self, held: &Vec<Message>, op: &QueueOp) -> Vec<Vec<Message>> {
        let same = |holds: bool| holds.then(|| held.clone());
        let after = match *op {
            QueueOp::Sent(message) => self.has_room(held).then(|| [&held[..], &[message]].concat()),
            QueueOp::Received(wish, told) => self.without(held, wish, told),
            // Where the limit is one of bytes, how many messages it means is not known here.
            QueueOp::Full => same(self.most.is_none_or(|most| held.len() >= most)),
            QueueOp::Empty(wish) => same(self.first(held, wish).is_none()),
            QueueOp::GivenUp => same(true),
        };
        after.into_iter().collect()
    }

    fn words(&self, held: &Vec<Message>) -> String {
        let word = if self.posix { "priority" } else { "type" };
        let shown: Vec<String> = held.iter().take(8).map(|(kind, number)| format!("{number} ({word} {kind})")).collect();
        let more = held.len().saturating_sub(8);
        match (shown.is_empty(), more) {
            (true, _) => "it was empty".to_owned(),
            (false, 0) => format!("it held {}", shown.join(", ")),
            (false, more) => format!("it held {} and {more} more", shown.join(", ")),
        }
    }
}
