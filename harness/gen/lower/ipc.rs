//! Messages, travelling descriptors, readiness.

use super::here::Here;
use super::{LowerError, Lowered, Lowering};
use crate::generate::act::{Act, Family, FdRef};
use crate::generate::ipc::{Carrier, Fact, Interest, Ipc, PairKind, Teller};
use crate::generate::program::Op;
use crate::plan::expr::{Arg, Expr};
use crate::plan::step::{Step, fd, message, poll, socket};

/// Linux sends at most so many descriptors in one message (SCM_MAX_FD); one more lets a scenario ask what comes of it.
const MOST_FDS: u32 = 254;

impl Lowering<'_> {
    pub(super) fn ipc(&mut self, here: &mut Here, step: &Step) -> Lowered<Op> {
        match step {
            Step::Shutdown(shutdown) => self.shutdown(here, shutdown),
            Step::SocketPair(pair) => self.socket_pair(here, pair),
            Step::Bind(bind) => self.bind_socket(here, bind),
            Step::SendFds(send) => self.send_fds(here, send),
            Step::ReceiveFds(receive) => self.receive_fds(here, receive),
            Step::SendFile(send) => self.send_file(here, send),
            Step::Query(query) => self.query(here, query),
            Step::Ready(ready) => self.ready(here, ready),
            Step::EventQueue(queue) => self.event_queue(here, queue),
            Step::Watch(watch) => self.watch(here, watch),
            Step::NextEvent(next) => self.next_event(here, next),
            other => Err(LowerError::invalid(format!("`{}` is no step on sockets", crate::plan::step::name(other)))),
        }
    }

    /// What an endpoint means, and how it is called; `got[$i]` is that of this round.
    pub(super) fn endpoint(&self, here: &Here, name: &str) -> Lowered<(FdRef, String)> {
        let name = match indexed(name) {
            Some((base, index, end)) => {
                let index: u32 = self.values.int(&Expr::Text(index.to_owned()))?;
                format!("{base}[{index}]{end}")
            }
            None => self.values.name(name)?,
        };
        Ok((here.fd(&name)?, name))
    }

    /// A word of a vocabulary, as what it stands for.
    fn one_of<T: Copy>(&self, word: &Arg<String>, meanings: &[(&str, T)]) -> Lowered<(T, String)> {
        let word = self.values.bind(word)?;
        match meanings.iter().find(|(name, _)| *name == word) {
            Some((_, meaning)) => Ok((*meaning, word)),
            None => {
                let known: Vec<&str> = meanings.iter().map(|(name, _)| *name).collect();
                Err(LowerError::invalid(format!("`{word}` is none of {}", known.join(", "))))
            }
        }
    }

    /// The listener that the subject is started with, and its number.
    pub(super) fn held_listener(&self) -> Lowered<Option<(&str, i32)>> {
        let Some(listen) = self.plan.scenario.subject.as_ref().and_then(|wish| wish.listen.as_ref()) else { return Ok(None) };
        let number = self.held(std::slice::from_ref(&listen.on))?;
        Ok(number.first().map(|number| (listen.name.as_str(), *number)))
    }

    /// Whoever connects to that listener waits until it is known to be there.
    pub(super) fn announce(&mut self, here: &mut Here) -> Lowered<Option<Op>> {
        let Some((name, number)) = self.held_listener()?.map(|(name, number)| (name.to_owned(), number)) else { return Ok(None) };
        let (_, listener) = self.new_listener(here, &name)?;
        let label = format!("know of {name}, which the subject holds as descriptor {number}");
        self.plain(here, "listen", label, Some(&name), Act::Ipc(Ipc::Announce { listener })).map(Some)
    }

    fn shutdown(&mut self, here: &mut Here, step: &socket::Shutdown) -> Lowered<Op> {
        let (fd, name) = self.endpoint(here, &step.of)?;
        let ((read, write), word) = self.one_of(&step.how, &[("read", (true, false)), ("write", (false, true)), ("both", (true, true))])?;
        let label = format!("shut down {name} for {word}");
        let declared = self.declare(here, "shutdown", label, Some(&name), &step.expect)?;
        Ok(declared.op(Act::Ipc(Ipc::Shutdown { fd, read, write })))
    }

    fn socket_pair(&mut self, here: &mut Here, step: &message::SocketPair) -> Lowered<Op> {
        let kinds = [("stream", PairKind::Stream), ("dgram", PairKind::Dgram), ("seqpacket", PairKind::Seqpacket)];
        let (kind, word) = self.one_of(&step.kind, &kinds)?;
        let (a, b) = (self.fd_slot()?, self.fd_slot()?);
        here.name_fd(format!("{}.a", step.name), a);
        here.name_fd(format!("{}.b", step.name), b);
        let label = format!("make the socket pair {} ({word})", step.name);
        self.plain(here, "socketpair", label, Some(&step.name), Act::Ipc(Ipc::SocketPair { a, b, kind }))
    }

    fn bind_socket(&mut self, here: &mut Here, step: &message::Bind) -> Lowered<Op> {
        let families = [("udp4", Family::Udp4), ("udp6", Family::Udp6), ("unix-dgram", Family::UnixDgram)];
        let (family, word) = self.one_of(&step.family, &families)?;
        let (slot, listener) = self.new_listener(here, &step.name)?;
        let label = format!("take datagrams as {} ({word})", step.name);
        self.plain(here, "bind", label, Some(&step.name), Act::Ipc(Ipc::Bind { slot, listener, family }))
    }

    fn send_fds(&mut self, here: &mut Here, step: &message::SendFds) -> Lowered<Op> {
        let (over, name) = self.endpoint(here, &step.over)?;
        let fds = step.fds.iter().map(|fd| Ok(self.endpoint(here, fd)?.0)).collect::<Lowered<Vec<_>>>()?;
        let times: u32 = self.values.optional(step.times.as_ref())?.unwrap_or(1);
        let count = times.saturating_mul(fds.len() as u32);
        if !(1..=MOST_FDS).contains(&count) {
            return Err(LowerError::invalid(format!("`send-fds` of {count} descriptors: 1 to {MOST_FDS} can be asked for")));
        }
        let words = step.fds.join(", ");
        let label =
            if count == 1 { format!("send {words} over {name}") } else { format!("send {count} descriptors of {words} over {name}") };
        let declared = self.declare(here, "send-fds", label, Some(&name), &step.expect)?;
        Ok(declared.op(Act::Ipc(Ipc::SendFds { over, fds, times })))
    }

    fn receive_fds(&mut self, here: &mut Here, step: &message::ReceiveFds) -> Lowered<Op> {
        let (over, name) = self.endpoint(here, &step.over)?;
        let room: u16 = self.values.optional(step.room.as_ref())?.unwrap_or(1);
        if !(1..=MOST_FDS as u16).contains(&room) {
            return Err(LowerError::invalid(format!("`receive-fds` with room for {room} descriptors: 1 to {MOST_FDS} can be asked for")));
        }
        let cloexec = step.close_on_exec.as_ref().map_or(Ok(false), |wish| self.values.holds(wish))?;
        let truncated = step.truncated.as_ref().map_or(Ok(false), |wish| self.values.holds(wish))?;
        let first = self.fd_slot()?;
        for more in 1..room {
            let slot = self.fd_slot()?;
            here.name_fd(format!("{}[{more}]", step.name), slot);
        }
        here.name_fd(step.name.clone(), first);
        here.name_fd(format!("{}[0]", step.name), first);
        let label = format!("receive up to {room} descriptors over {name} as {}", step.name);
        let declared = self.declare(here, "receive-fds", label, Some(&name), &step.expect)?;
        Ok(declared.op(Act::Ipc(Ipc::ReceiveFds { over, first, room, cloexec, truncated })))
    }

    fn send_file(&mut self, here: &mut Here, step: &fd::SendFile) -> Lowered<Op> {
        let ((from, source), (to, name)) = (self.endpoint(here, &step.from)?, self.endpoint(here, &step.to)?);
        let (via, word) = self.one_of(&step.via, &[("sendfile", Carrier::Sendfile), ("mmap", Carrier::Mmap)])?;
        let offset = self.values.optional(step.offset.as_ref())?.unwrap_or(0);
        let bytes: u64 = self.values.int(&step.bytes)?;
        let label = format!("send {bytes} bytes of {source} from {offset} on to {name} by {word}");
        let declared = self.declare(here, "send-file", label, Some(&name), &step.expect)?;
        Ok(declared.op(Act::Ipc(Ipc::SendFile { from, to, via, offset, bytes })))
    }

    fn query(&mut self, here: &mut Here, step: &fd::Query) -> Lowered<Op> {
        let (of, name) = self.endpoint(here, &step.of)?;
        let facts =
            [("close-on-exec", Fact::CloseOnExec), ("nonblock", Fact::Nonblock), ("offset", Fact::Offset), ("available", Fact::Available)];
        let (what, word) = self.one_of(&step.what, &facts)?;
        let declared = self.declare(here, "query", format!("ask {name} for {word}"), Some(&name), &step.expect)?;
        Ok(declared.op(Act::Ipc(Ipc::Query { of, what })))
    }

    fn ready(&mut self, here: &mut Here, step: &poll::Ready) -> Lowered<Op> {
        let (of, name) = self.endpoint(here, &step.of)?;
        let (what, word) = self.interest(&step.what)?;
        let (via, call) = self.one_of(&step.via, &[("select", Teller::Select), ("poll", Teller::Poll), ("queue", Teller::Queue)])?;
        if via == Teller::Select && matches!(what, Interest::HangUp | Interest::Error) {
            return Err(LowerError::invalid(format!("select does not tell of `{word}`: ask it for read and write")));
        }
        let wait = if step.wait { "wait until" } else { "see whether" };
        let label = format!("{wait} {name} is ready for {word} by {call}");
        let declared = self.declare(here, "ready", label, Some(&name), &step.expect)?;
        Ok(declared.op(Act::Ipc(Ipc::Ready { of, what, via, wait: step.wait })))
    }

    fn interest(&self, word: &Arg<String>) -> Lowered<(Interest, String)> {
        let interests = [("read", Interest::Read), ("write", Interest::Write), ("hang-up", Interest::HangUp), ("error", Interest::Error)];
        self.one_of(word, &interests)
    }

    fn event_queue(&mut self, here: &mut Here, step: &poll::EventQueue) -> Lowered<Op> {
        let slot = self.fd_slot()?;
        here.name_fd(step.name.clone(), slot);
        let label = format!("make the event queue {}", step.name);
        self.plain(here, "event-queue", label, Some(&step.name), Act::Ipc(Ipc::EventQueue { slot }))
    }

    fn watch(&mut self, here: &mut Here, step: &poll::Watch) -> Lowered<Op> {
        let (queue, of) = (here.fd(&step.with)?, self.endpoint(here, &step.of)?.0);
        let (what, word) = self.interest(&step.what)?;
        let tag: u32 = self.values.int(&step.tag)?;
        let label = format!("watch {} for {word} with {}, as {tag}", step.of, step.with);
        let declared = self.declare(here, "watch", label, Some(&step.with), &step.expect)?;
        Ok(declared.op(Act::Ipc(Ipc::Watch { queue, of, what, tag })))
    }

    fn next_event(&mut self, here: &mut Here, step: &poll::NextEvent) -> Lowered<Op> {
        let queue = here.fd(&step.from)?;
        let wait = if step.wait { "wait for" } else { "look for" };
        let declared = self.declare(here, "next-event", format!("{wait} an event of {}", step.from), Some(&step.from), &step.expect)?;
        Ok(declared.op(Act::Ipc(Ipc::NextEvent { queue, wait: step.wait })))
    }
}

/// The parts of `got[$i].a`.
fn indexed(name: &str) -> Option<(&str, &str, &str)> {
    let (base, rest) = name.split_once('[')?;
    let (index, end) = rest.split_once(']')?;
    Some((base, index, end))
}
