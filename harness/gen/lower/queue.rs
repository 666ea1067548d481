//! Message queues.

use super::here::Here;
use super::memory::under;
use super::{LowerError, Lowered, Lowering};
use crate::generate::act::Act;
use crate::generate::program::Op;
use crate::generate::share::{MessageQueue, QueueVia, Share};
use crate::plan::step::queue;

/// Messages that a POSIX queue holds, unless the step says otherwise: fewer than the ten that Linux allows an ordinary user.
const MESSAGES: u32 = 8;
/// Bytes of a message, unless the step says otherwise.
const SIZE: u32 = 64;
/// Number, priority and length, eight bytes each.
pub const SHORTEST: u32 = 24;

impl Lowering<'_> {
    pub(super) fn queue(&mut self, here: &mut Here, step: &queue::Queue) -> Lowered<Op> {
        let word = self.values.bind(&step.via)?;
        let via = via_of(&word)?;
        let public = self.public(step.public.as_deref(), step.create)?;
        let messages: Option<u32> = self.values.optional(step.messages.as_ref())?;
        let size = long_enough(self.values.optional(step.size.as_ref())?.unwrap_or(SIZE))?;
        let slot = self.memory_slot()?;
        here.name_memory(&step.name, slot);
        let made = public.is_none_or(|public| public.create);
        let room = messages.filter(|_| made).map_or_else(String::new, |messages| format!(" for {messages} messages"));
        let verb = if made { "make" } else { "open" };
        let label = format!("{verb} the {word} queue {}{room} of at most {size} bytes{}", step.name, under(step.public.as_deref()));
        let declared = self.declare(here, "queue", label, Some(&step.name), &step.expect)?;
        if made {
            // Where the limit is one of bytes, more of the short messages fit.
            let posix = via == QueueVia::Posix;
            self.decl(declared).operands = vec![posix.into(), if posix { messages.unwrap_or(MESSAGES).into() } else { 0 }];
        }
        let messages = messages.or((via == QueueVia::Posix).then_some(MESSAGES));
        Ok(declared.op(Act::Share(Share::Queue { slot, queue: MessageQueue { via, messages, size, public } })))
    }

    pub(super) fn send_message(&mut self, here: &Here, step: &queue::SendMessage) -> Lowered<Op> {
        let slot = here.memory(&step.to)?;
        let number: i64 = self.values.int(&step.number)?;
        let priority: i64 = self.values.optional(step.priority.as_ref())?.unwrap_or(1);
        let bytes: Option<u32> = self.values.optional(step.bytes.as_ref())?;
        let bytes = bytes.map(long_enough).transpose()?.unwrap_or(0);
        let length = if bytes == 0 { String::new() } else { format!(" of {bytes} bytes") };
        let waiting = if step.nohang { " without waiting" } else { "" };
        let label = format!("send message {number}{length} to {} with priority {priority}{waiting}", step.to);
        let declared = self.declare(here, "send-message", label, Some(&step.to), &step.expect)?;
        self.decl(declared).operands = vec![priority, number];
        Ok(declared.op(Act::Share(Share::Send { slot, number, priority, bytes, nohang: step.nohang })))
    }

    pub(super) fn receive_message(&mut self, here: &Here, step: &queue::ReceiveMessage) -> Lowered<Op> {
        let slot = here.memory(&step.from)?;
        let wish: i64 = self.values.optional(step.wish.as_ref())?.unwrap_or(0);
        let room: u32 = self.values.optional(step.room.as_ref())?.unwrap_or(0);
        let wished = if wish == 0 { String::new() } else { format!(" of type {wish}") };
        let waiting = if step.nohang { " without waiting" } else { "" };
        let label = format!("receive a message{wished} from {}{waiting}", step.from);
        let declared = self.declare(here, "receive-message", label, Some(&step.from), &step.expect)?;
        self.decl(declared).operands = vec![wish];
        Ok(declared.op(Act::Share(Share::Receive { slot, wish, room, nohang: step.nohang })))
    }
}

fn long_enough(bytes: u32) -> Lowered<u32> {
    if bytes >= SHORTEST { Ok(bytes) } else { Err(LowerError::invalid(format!("a message of {bytes} bytes: the shortest has {SHORTEST}"))) }
}

pub(super) fn via_of(word: &str) -> Lowered<QueueVia> {
    match word {
        "posix" => Ok(QueueVia::Posix),
        "sysv" => Ok(QueueVia::Sysv),
        other => Err(LowerError::invalid(format!("`{other}` is no kind of queue: posix or sysv"))),
    }
}
