//! The fields of the steps on messages, travelling descriptors and readiness.

use super::actors::Object;
use super::kinds::Sort;
use super::vocabulary as words;
use super::walk::{Checker, Frame};
use crate::plan::node::Node;
use crate::plan::step::Step;

impl Checker<'_> {
    /// Whether the step is one of these.
    pub(super) fn ipc(&mut self, frame: &Frame, step: &Step, body: &Node) -> bool {
        match step {
            Step::Shutdown(shutdown) => {
                self.endpoint(frame, body.at("of"), &shutdown.of);
                self.word(frame, body.at("how"), &shutdown.how, "a direction", |word| words::among(word, words::SHUTDOWNS));
                self.expect(frame, body, &shutdown.expect);
            }
            Step::SocketPair(pair) => {
                self.word(frame, body.at("type"), &pair.kind, "a type of socket pair", |word| words::among(word, words::PAIRS));
            }
            Step::Bind(bind) => {
                let valid = |word: &str| words::among(word, words::DATAGRAM_FAMILIES);
                self.word(frame, body.at("family"), &bind.family, "a family of datagram sockets", valid);
            }
            Step::SendFds(send) => {
                self.endpoint(frame, body.at("over"), &send.over);
                for (i, fd) in send.fds.iter().enumerate() {
                    self.endpoint(frame, body.at("fds").item(i), fd);
                }
                if send.fds.is_empty() {
                    self.problem(body.at("fds"), "no descriptor is sent".to_owned(), "name an endpoint: `fds: [p.read]`");
                }
                self.field(frame, body, "times", send.times.as_ref(), Sort::Int);
                self.expect(frame, body, &send.expect);
            }
            Step::ReceiveFds(receive) => {
                self.endpoint(frame, body.at("over"), &receive.over);
                self.field(frame, body, "room", receive.room.as_ref(), Sort::Int);
                self.field(frame, body, "close-on-exec", receive.close_on_exec.as_ref(), Sort::Bool);
                self.field(frame, body, "truncated", receive.truncated.as_ref(), Sort::Bool);
                self.expect(frame, body, &receive.expect);
            }
            Step::SendFile(send) => {
                self.endpoint(frame, body.at("from"), &send.from);
                self.endpoint(frame, body.at("to"), &send.to);
                self.word(frame, body.at("via"), &send.via, "a way to send a file", |word| words::among(word, words::CARRIERS));
                self.field(frame, body, "offset", send.offset.as_ref(), Sort::Int);
                self.expr(frame, body.at("bytes"), &send.bytes, Sort::Int);
                self.expect(frame, body, &send.expect);
            }
            Step::Query(query) => {
                self.endpoint(frame, body.at("of"), &query.of);
                self.word(frame, body.at("what"), &query.what, "a fact about a descriptor", |word| words::among(word, words::FACTS));
                self.expect(frame, body, &query.expect);
            }
            _ => return self.readiness(frame, step, body),
        }
        true
    }

    fn readiness(&mut self, frame: &Frame, step: &Step, body: &Node) -> bool {
        match step {
            Step::Ready(ready) => {
                self.endpoint(frame, body.at("of"), &ready.of);
                self.word(frame, body.at("for"), &ready.what, "what an endpoint can be ready for", |word| {
                    words::among(word, words::INTERESTS)
                });
                self.word(frame, body.at("via"), &ready.via, "a call that tells of readiness", |word| words::among(word, words::TELLERS));
                self.expect(frame, body, &ready.expect);
            }
            Step::EventQueue(_) => {}
            Step::Watch(watch) => {
                self.object_of(frame, body.at("with"), &watch.with, Object::EventQueue);
                self.endpoint(frame, body.at("of"), &watch.of);
                self.word(frame, body.at("for"), &watch.what, "what an endpoint can be watched for", |word| {
                    words::among(word, &words::INTERESTS[..2])
                });
                self.expr(frame, body.at("tag"), &watch.tag, Sort::Int);
                self.expect(frame, body, &watch.expect);
            }
            Step::NextEvent(next) => {
                self.object_of(frame, body.at("from"), &next.from, Object::EventQueue);
                self.expect(frame, body, &next.expect);
            }
            _ => return false,
        }
        true
    }

    /// Whatever connections may be accepted from: a listener, or a descriptor that was handed over.
    pub(super) fn acceptor(&mut self, frame: &Frame, node: &Node, text: &str) {
        let handed = text.starts_with("fd ")
            || words::STREAMS.contains(&text)
            || matches!(frame.objects.get(text.split('[').next().unwrap_or(text)), Some((Object::Stream, _)));
        if handed { self.endpoint(frame, node, text) } else { self.object_of(frame, node, text, Object::Listener) }
    }
}
