//! Waiting for a case: for its root, for main, for the deadline, all at once and without a single sleep. Of the deadline only the
//! time counts in which the warden was awake ([`Patience`]).

use crate::plan::script::Ended;
use crate::sys::{self, Change, Patience, Watch};

/// Why the wait is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// The root ended.
    Ended(Ended),
    /// The root did its last step and stopped itself, because it still has children.
    Stopped,
    /// The deadline ran out.
    Late,
    /// The case takes more than any case needs.
    TooMuch(Excess),
    /// Main is gone, or wants the warden to end.
    MainGone,
}

/// What a case has too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excess {
    /// So many processes at once.
    Processes(usize),
    /// So many threads at once.
    Threads(u64),
    /// So many bytes of memory.
    Memory(u64),
}

/// What a case's wait looks at.
pub struct Wait<'a> {
    /// News of children.
    pub watch: &'a Watch,
    /// The channel to main.
    pub control: i32,
    /// The case root.
    pub root: i32,
    /// The adapter, when there is one.
    pub adapter: Option<i32>,
    /// After how many milliseconds it is late.
    pub limit_ms: u64,
    /// Whether the root has done its last step.
    pub root_done: &'a dyn Fn() -> bool,
    /// How often to look at what the case uses.
    pub tick_ms: u64,
    /// What it uses too much of now.
    pub excess: &'a dyn Fn() -> Option<Excess>,
}

impl Wait<'_> {
    /// Waits; tells why it is over, and how the adapter ended when it did meanwhile. Orphans are reaped as they end: nobody in
    /// the case can.
    pub fn wait(&self) -> (Over, Option<Ended>) {
        let mut adapter_ended = None;
        let mut patience = Patience::of_ms(self.limit_ms);
        let mut looked_ns = sys::now_ns();
        loop {
            let slice = patience.slice_ms(self.tick_ms);
            let [news, main] = sys::readable([self.watch.fd(), self.control], slice);
            if news {
                self.watch.drain();
                if let Some(over) = self.changes(&mut adapter_ended) {
                    return (over, adapter_ended);
                }
            }
            if main {
                return (Over::MainGone, adapter_ended);
            }
            if !patience.lasts(slice) {
                return (Over::Late, adapter_ended);
            }
            // A bomb of short-lived processes makes news without end; that must not keep the look from happening.
            if looked_ns + self.tick_ms * 1_000_000 <= sys::now_ns() {
                if let Some(excess) = (self.excess)() {
                    return (Over::TooMuch(excess), adapter_ended);
                }
                looked_ns = sys::now_ns();
            }
        }
    }

    fn changes(&self, adapter_ended: &mut Option<Ended>) -> Option<Over> {
        while let Ok(Some(Change { pid, ended })) = sys::reap(-1) {
            match ended {
                Ended::Stopped(signal) if pid == self.root && signal == libc::SIGSTOP && (self.root_done)() => return Some(Over::Stopped),
                Ended::Stopped(_) | Ended::Continued => {}
                _ if pid == self.root => return Some(Over::Ended(ended)),
                _ if Some(pid) == self.adapter => *adapter_ended = Some(ended),
                _ => {}
            }
        }
        None
    }
}
