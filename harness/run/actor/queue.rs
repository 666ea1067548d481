//! Message queues. A message holds its number, its priority and its length, so that one that arrives torn, joined to another or
//! under another's priority is told from a whole one.

use super::{DONE, Performer, failed, share_os};
use crate::generate::share::{MessageQueue, QueueVia};
use crate::plan::script::Outcome;
use crate::sys::names;

/// A queue that is open in this process.
#[derive(Clone, Copy, Debug)]
pub struct Queue {
    via: QueueVia,
    /// Descriptors of a POSIX queue, the second one non-blocking; id of a System V one.
    ids: [i32; 2],
    size: u32,
    /// The process that has to remove it, where it has no name: a System V queue stays by itself.
    owner: Option<i32>,
}

const HEAD: usize = 24;

impl Performer<'_> {
    pub(super) fn queue(&mut self, slot: u16, wanted: MessageQueue) -> Result<Outcome, Outcome> {
        let ids = match wanted.via {
            QueueVia::Posix => self.posix(slot, wanted)?,
            QueueVia::Sysv => [self.sysv(wanted)?, -1],
        };
        self.note_public(wanted.public);
        if self.actor == 0 && wanted.via == QueueVia::Posix {
            ids.iter().for_each(|fd| self.arena.account_fd(*fd));
        }
        let owner = (wanted.via == QueueVia::Sysv && wanted.public.is_none()).then_some(self.pid);
        self.queues.insert(slot, Queue { via: wanted.via, ids, size: wanted.size, owner });
        DONE
    }

    fn posix(&self, slot: u16, wanted: MessageQueue) -> Result<[i32; 2], Outcome> {
        let path = wanted.public.map_or_else(|| format!("/childproof-{}-q{slot}", self.pid), |public| self.public_name(public.number));
        let create = wanted.public.is_none_or(|public| public.create);
        let ids = share_os::open_queue(&path, create.then_some([wanted.messages.unwrap_or(1), wanted.size]));
        if wanted.public.is_none() {
            names::unlink_queue(&path);
        }
        ids
    }

    /// Without a name it is found by its id alone, which a fork hands on.
    fn sysv(&self, wanted: MessageQueue) -> Result<i32, Outcome> {
        let number = wanted.public.map(|public| public.number);
        let key = number.map_or(libc::IPC_PRIVATE, |number| names::key(self.root_pid(), number));
        let create = wanted.public.is_none_or(|public| public.create);
        let limit = wanted.messages.filter(|_| create).map(|messages| u64::from(messages) * u64::from(wanted.size));
        share_os::open_sysv_queue(key, create, limit)
    }

    /// Removes the queues of this process that nobody else could.
    pub(super) fn remove_own_queues(&self) {
        self.queues.values().filter(|queue| queue.owner == Some(self.pid)).for_each(|queue| share_os::remove_sysv_queue(queue.ids[0]));
    }

    fn queue_at(&self, slot: u16) -> Result<Queue, Outcome> {
        self.queues.get(&slot).copied().ok_or_else(|| Outcome::Error("EBADF".to_owned()))
    }

    pub(super) fn send_message(&self, slot: u16, [number, priority]: [i64; 2], bytes: u32, nohang: bool) -> Result<Outcome, Outcome> {
        let queue = self.queue_at(slot)?;
        let text = message(number, priority, if bytes == 0 { queue.size } else { bytes } as usize);
        match queue.via {
            QueueVia::Posix => share_os::send(queue.ids[usize::from(nohang)], &text, priority)?,
            QueueVia::Sysv => share_os::send_sysv(queue.ids[0], &text, priority, nohang)?,
        }
        DONE
    }

    pub(super) fn receive_message(&self, slot: u16, wish: i64, room: u32, nohang: bool) -> Result<Outcome, Outcome> {
        let queue = self.queue_at(slot)?;
        let mut text = vec![0; if room == 0 { queue.size } else { room } as usize];
        let (length, priority) = match queue.via {
            QueueVia::Posix => share_os::receive(queue.ids[usize::from(nohang)], &mut text)?,
            QueueVia::Sysv => share_os::receive_sysv(queue.ids[0], &mut text, wish, nohang)?,
        };
        text.truncate(length);
        match number_of(&text, priority) {
            Some(number) => Ok(Outcome::Done(Some(number))),
            None => Err(Outcome::Error("EBADMSG".to_owned())),
        }
    }
}

/// Number, priority, length, then bytes that depend on the number.
fn message(number: i64, priority: i64, bytes: usize) -> Vec<u8> {
    let head = [number, priority, bytes as i64].map(i64::to_le_bytes).concat();
    head.into_iter().chain((HEAD..bytes).map(|at| filler(number, at))).collect()
}

fn filler(number: i64, at: usize) -> u8 {
    (number as usize).wrapping_mul(31).wrapping_add(at) as u8
}

/// The number of a message that is whole and has this priority.
fn number_of(text: &[u8], priority: i64) -> Option<i64> {
    let word = |at: usize| text.get(at * 8..at * 8 + 8).and_then(|bytes| bytes.try_into().ok()).map(i64::from_le_bytes);
    let number = word(0)?;
    (text == message(number, priority, usize::try_from(word(2)?).ok().filter(|length| *length == text.len())?)).then_some(number)
}

/// What a call that returns -1 on failure came to.
pub(super) fn done(result: impl Into<i64>) -> Result<(), Outcome> {
    if result.into() < 0 { failed() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_known_by_its_number_only_when_it_is_whole() {
        let whole = message(7, 3, 40);
        assert_eq!(number_of(&whole, 3), Some(7));
        assert_eq!(number_of(&whole, 2), None);
        assert_eq!(number_of(&whole[..39], 3), None);
        assert_eq!(number_of(&[whole.clone(), whole].concat(), 3), None);
        assert_eq!(number_of(b"short", 1), None);
    }
}
