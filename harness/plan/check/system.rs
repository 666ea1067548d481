//! The fields of the steps on signals, timers, terminals, ids, and calls that sleep.

use super::actors::Object;
use super::kinds::Sort;
use super::vocabulary as words;
use super::walk::{Checker, Frame};
use crate::plan::expr::Arg;
use crate::plan::node::Node;
use crate::plan::step::Step;

impl Checker<'_> {
    pub(super) fn system(&mut self, frame: &mut Frame, step: &Step, body: &Node) {
        match step {
            Step::Sigwait(wait) => {
                self.signals_of_case(frame, body.at("any-of"), &wait.any_of);
                self.expect(frame, body, &wait.expect);
            }
            Step::Pending(pending) => {
                self.word(frame, body.at("signal"), &pending.signal, "a signal", words::signal);
                self.expect(frame, body, &pending.expect);
            }
            Step::Handled(handled) => {
                self.word(frame, body.at("signal"), &handled.signal, "a signal", words::signal);
                self.field(frame, body, "at-least", handled.at_least.as_ref(), Sort::Int);
                self.expect(frame, body, &handled.expect);
            }
            Step::Timer(timer) => {
                self.word(frame, body.at("set"), &timer.set, "a timer", |word| words::among(word, words::TIMERS));
                self.expr(frame, body.at("after"), &timer.after, Sort::Int);
                self.field(frame, body, "every", timer.every.as_ref(), Sort::Int);
                self.expect(frame, body, &timer.expect);
            }
            Step::Armed(armed) => {
                self.word(frame, body.at("timer"), &armed.timer, "a timer", |word| words::among(word, words::TIMERS));
                self.expect(frame, body, &armed.expect);
            }
            Step::Timerfd(timer) => {
                self.expr(frame, body.at("after"), &timer.after, Sort::Int);
                self.field(frame, body, "every", timer.every.as_ref(), Sort::Int);
            }
            Step::Expirations(read) => {
                self.endpoint(frame, body.at("of"), &read.of);
                self.field(frame, body, "at-least", read.at_least.as_ref(), Sort::Int);
                self.expect(frame, body, &read.expect);
            }
            _ => self.terminal(frame, step, body),
        }
    }

    /// Signals of a list in which parameters may stand.
    pub(super) fn signals_of_case(&mut self, frame: &Frame, node: &Node, list: &[String]) {
        for (at, name) in list.iter().enumerate() {
            let arg = if name.starts_with('$') { Arg::Param(name.clone()) } else { Arg::Lit(name.clone()) };
            self.word(frame, node.item(at), &arg, "a signal", words::signal);
        }
    }

    fn terminal(&mut self, frame: &mut Frame, step: &Step, body: &Node) {
        match step {
            Step::TakeTerminal(take) => {
                self.endpoint(frame, body.at("of"), &take.of);
                self.expect(frame, body, &take.expect);
            }
            Step::Foreground(foreground) => {
                self.endpoint(frame, body.at("of"), &foreground.of);
                if foreground.group != "self" {
                    let _ = self.actor(frame, body.at("group"), &foreground.group);
                }
                self.expect(frame, body, &foreground.expect);
            }
            Step::TerminalMode(mode) => {
                self.endpoint(frame, body.at("of"), &mode.of);
                let flags = [("echo", &mode.echo), ("tostop", &mode.tostop), ("signals", &mode.signals), ("post", &mode.post)];
                flags.iter().for_each(|(field, flag)| self.field(frame, body, field, flag.as_ref(), Sort::Bool));
                self.expect(frame, body, &mode.expect);
            }
            Step::ReadUntil(read) => {
                self.endpoint(frame, body.at("from"), &read.from);
                self.text_field(frame, body, "text", Some(&read.text));
                self.expect(frame, body, &read.expect);
            }
            _ => self.privilege(frame, step, body),
        }
    }

    fn privilege(&mut self, frame: &mut Frame, step: &Step, body: &Node) {
        match step {
            Step::SetId(set) => {
                self.field(frame, body, "user", set.user.as_ref(), Sort::Int);
                self.field(frame, body, "group", set.group.as_ref(), Sort::Int);
                for (at, group) in set.groups.iter().flatten().enumerate() {
                    self.expr(frame, body.at("groups").item(at), group, Sort::Int);
                }
                let named = [set.user.is_some(), set.group.is_some(), set.groups.is_some()];
                if named.iter().filter(|named| **named).count() != 1 {
                    self.problem(body, "one id at a time: their order is what matters".to_owned(), "give `user`, `group` or `groups`");
                }
                self.expect(frame, body, &set.expect);
            }
            Step::Identity(identity) => {
                self.word(frame, body.at("of"), &identity.of, "an id of a process", |word| words::among(word, words::IDENTITIES));
                self.expect(frame, body, &identity.expect);
            }
            Step::Chroot(chroot) => {
                self.free_text(frame, body.at("to"), &chroot.to);
                self.expect(frame, body, &chroot.expect);
            }
            Step::Reach(reach) => {
                self.free_text(frame, body.at("path"), &reach.path);
                self.expect(frame, body, &reach.expect);
            }
            _ => self.blocking(frame, step, body),
        }
    }

    fn blocking(&mut self, frame: &mut Frame, step: &Step, body: &Node) {
        match step {
            Step::BlockIn(block) => {
                self.word(frame, body.at("call"), &block.call, "a call that sleeps", |word| words::among(word, words::CALLS));
                if let Some(on) = &block.on {
                    self.endpoint(frame, body.at("on"), on);
                }
                self.expect(frame, body, &block.expect);
            }
            Step::Trace(trace) => {
                let _ = self.actor(frame, body.at("who"), &trace.who);
                self.expect(frame, body, &trace.expect);
            }
            Step::TakeTraced(take) => {
                let _ = self.actor(frame, body.at("who"), &take.who);
                self.expect(frame, body, &take.expect);
            }
            Step::Needs(needs) => self.word(frame, body.at("what"), &needs.what, "something that a case may need", words::need),
            Step::ThreadMemory(threads) => {
                self.expr(frame, body.at("count"), &threads.count, Sort::Int);
                self.object_of(frame, body.at("in"), &threads.place, Object::Memory);
                self.expect(frame, body, &threads.expect);
            }
            Step::ThreadCrash(threads) => {
                self.expr(frame, body.at("count"), &threads.count, Sort::Int);
                self.word(frame, body.at("signal"), &threads.signal, "a way to crash", |word| words::among(word, words::CRASHES));
            }
            Step::ThreadRelay(relay) => self.expr(frame, body.at("rounds"), &relay.rounds, Sort::Int),
            Step::ThreadWrite(write) => {
                self.endpoint(frame, body.at("to"), &write.to);
                self.expr(frame, body.at("bytes"), &write.bytes, Sort::Int);
                self.expect(frame, body, &write.expect);
            }
            Step::ReportSwitches(label) => self.free_text(frame, body, &label.0),
            _ => self.worker_fields(frame, step, body),
        }
    }
}
