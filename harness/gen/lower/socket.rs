//! Listeners, connections, frames.

use super::here::Here;
use super::{LowerError, Lowered, Lowering};
use crate::generate::act::{Act, Family, Slot};
use crate::generate::ipc::{Ipc, Reuse};
use crate::generate::program::Op;
use crate::plan::expr::Expr;
use crate::plan::script::Records;
use crate::plan::step::socket;

/// Connections that may wait for an accept, unless the step says otherwise.
const BACKLOG: u32 = 64;
/// A frame's length has four decimal digits.
const LONGEST_FRAME: u32 = 9999;

impl Lowering<'_> {
    pub(super) fn listen(&mut self, here: &mut Here, step: &socket::Listen) -> Lowered<Op> {
        let word = self.values.bind(&step.family)?;
        let family = family_of(&word)?;
        let backlog = self.values.optional(step.backlog.as_ref())?.unwrap_or(BACKLOG);
        let at = step.at.as_deref().map(|other| self.listener(other)).transpose()?;
        let holds = |wish: &Option<Expr>| wish.as_ref().map_or(Ok(false), |wish| self.values.holds(wish));
        let reuse = Reuse { address: holds(&step.reuse_address)?, port: holds(&step.reuse_port)?, at };
        let (slot, listener) = self.new_listener(here, &step.name)?;
        let act = match reuse == Reuse::default() {
            true => Act::Listen { slot, listener, family, backlog },
            false => Act::Ipc(Ipc::Listen { slot, listener, family, backlog, reuse }),
        };
        let label = format!("listen as {} ({word}){}", step.name, reuse_words(step, reuse));
        Ok(self.declare(here, "listen", label, Some(&step.name), &step.expect)?.op(act))
    }

    /// A slot for something that others can connect to, and the number of its address.
    pub(super) fn new_listener(&mut self, here: &mut Here, name: &str) -> Lowered<(Slot, u16)> {
        let listener = self.listener_count;
        self.listener_count = listener.checked_add(1).ok_or_else(super::too_large)?;
        self.listeners.insert(name.to_owned(), listener);
        let slot = self.fd_slot()?;
        here.name_fd(name.to_owned(), slot);
        Ok((slot, listener))
    }

    pub(super) fn connect(&mut self, here: &mut Here, step: &socket::Connect) -> Lowered<Op> {
        let listener = self.listener(&step.to)?;
        let slot = self.fd_slot()?;
        here.name_fd(step.name.clone(), slot);
        let label = format!("connect {} to {}", step.name, step.to);
        let declared = self.declare(here, "connect", label, Some(&step.to), &step.expect)?;
        Ok(declared.op(Act::Connect { slot, listener }))
    }

    fn listener(&self, name: &str) -> Lowered<u16> {
        let found = self.listeners.get(name).or_else(|| self.known.listeners.get(name)).copied();
        match found {
            Some(listener) => Ok(listener),
            None if self.known.complete => Err(LowerError::invalid(format!("no listener is called `{name}`"))),
            None => Ok(0),
        }
    }

    pub(super) fn accept(&mut self, here: &mut Here, step: &socket::Accept) -> Lowered<Op> {
        let (from, name) = self.endpoint(here, &step.from)?;
        let slot = self.fd_slot()?;
        here.name_fd(step.name.clone(), slot);
        let label = format!("accept {} from {name}", step.name);
        let declared = self.declare(here, "accept", label, Some(&name), &step.expect)?;
        Ok(declared.op(Act::Accept { slot, from }))
    }

    pub(super) fn send_frames(&mut self, here: &mut Here, step: &socket::SendFrames) -> Lowered<Op> {
        let fd = here.fd(&step.to)?;
        let records = self.records(&step.count, &step.size)?;
        let Records { count, size } = records;
        if size > LONGEST_FRAME {
            return Err(LowerError::invalid(format!(
                "a frame of {size} bytes: its length has four digits, so {LONGEST_FRAME} is the most"
            )));
        }
        let sends = self.values.int(&step.sends)?;
        if !(1..=2).contains(&sends) {
            return Err(LowerError::invalid(format!("`sends: {sends}`: a frame goes out in 1 or 2 sends")));
        }
        let lock = step.lock.as_deref().map(|name| here.memory(name)).transpose()?;
        let under = step.lock.as_deref().map_or_else(String::new, |name| format!(" under {name}"));
        let label = format!("send {count} frames of {size} bytes to {} in {sends} sends each{under}", step.to);
        let op = self.plain(here, "send-frames", label, Some(&step.to), Act::SendFrames { fd, count, size, sends, lock })?;
        self.decls[op.step as usize].records = Some(records);
        Ok(op)
    }
}

fn reuse_words(step: &socket::Listen, reuse: Reuse) -> String {
    let at = step.at.as_deref().map(|other| format!(" at the address of {other}"));
    let address = reuse.address.then(|| " with SO_REUSEADDR".to_owned());
    let port = reuse.port.then(|| " with SO_REUSEPORT".to_owned());
    [at, address, port].into_iter().flatten().collect()
}

fn family_of(word: &str) -> Lowered<Family> {
    match word {
        "unix" => Ok(Family::Unix),
        "tcp4" => Ok(Family::Tcp4),
        "tcp6" => Ok(Family::Tcp6),
        other => Err(LowerError::invalid(format!("`{other}` is no address family: unix, tcp4 or tcp6"))),
    }
}
