//! Threads, the process's lock, buffers of the C library.

use super::here::Here;
use super::{LowerError, Lowered, Lowering};
use crate::generate::act::{Act, Within};
use crate::generate::program::Op;
use crate::plan::step::within;

/// What a stream of the C library is given as a buffer: more than this would be handed over before anybody asked.
const BUFFERED: usize = 4096;
/// More threads than this tell nothing more.
const THREADS: u32 = 64;

impl Lowering<'_> {
    pub(super) fn start_threads(&mut self, here: &Here, step: &within::Threads) -> Lowered<Op> {
        let count: u32 = self.values.int(&step.count)?;
        if count > THREADS {
            return Err(LowerError::invalid(format!("`threads` of {count}: at most {THREADS} are possible")));
        }
        let hold = step.hold.as_ref().map_or(Ok(false), |hold| self.values.holds(hold))?;
        let how = if hold { ", one of which takes the lock" } else { "" };
        self.plain(here, "threads", format!("start {count} threads{how}"), None, Act::Within(Within::Threads { count, hold }))
    }

    pub(super) fn try_lock(&mut self, here: &Here, step: &within::TryLock) -> Lowered<Op> {
        let declared = self.declare(here, "try-lock", "take the process's lock".to_owned(), None, &step.expect)?;
        Ok(declared.op(Act::Within(Within::TryLock)))
    }

    pub(super) fn buffer(&mut self, here: &Here, step: &within::Buffer) -> Lowered<Op> {
        let (fd, text) = (here.fd(&step.to)?, self.values.bytes(&step.text)?);
        if text.len() >= BUFFERED {
            return Err(LowerError::invalid(format!("`buffer` of {} bytes: fewer than {BUFFERED} stay in a buffer", text.len())));
        }
        let label = format!("write {} bytes into a buffer of {}", text.len(), step.to);
        self.plain(here, "buffer", label, Some(&step.to), Act::Within(Within::Buffer { fd, text }))
    }

    pub(super) fn flush(&mut self, here: &Here) -> Lowered<Op> {
        self.plain(here, "flush", "flush all buffers".to_owned(), None, Act::Within(Within::Flush))
    }
}
