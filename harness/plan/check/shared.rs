//! The fields of the steps on objects that processes share: counters, semaphores, locks on files, message queues.

use super::actors::Object;
use super::kinds::Sort;
use super::vocabulary as words;
use super::walk::{Checker, Frame};
use crate::plan::expr::Arg;
use crate::plan::node::Node;
use crate::plan::step::Step;
use crate::plan::step::memory::{Down, DownWith, Load, Remove, Semaphore, Shared};

impl Checker<'_> {
    pub(super) fn shared_fields(&mut self, frame: &mut Frame, step: &Step, body: &Node) {
        match step {
            Step::Shared(shared) => self.shared(frame, shared, body),
            Step::Detach(detach) => self.object_of(frame, body, &detach.0, Object::Counter),
            Step::Remove(remove) => self.remove(frame, remove, body),
            Step::Add(add) => {
                self.object_of(frame, body.item(0), &add.0, Object::Counter);
                self.expr(frame, body.item(1), &add.1, Sort::Int);
            }
            Step::FetchAdd(add) => {
                self.object_of(frame, body.at("of"), &add.of, Object::Counter);
                self.expr(frame, body.at("by"), &add.by, Sort::Int);
                self.expect(frame, body, &add.expect);
            }
            Step::Exchange(exchange) => {
                self.object_of(frame, body.at("of"), &exchange.of, Object::Counter);
                self.expr(frame, body.at("for"), &exchange.value, Sort::Int);
            }
            Step::Load(Load::Name(name)) => self.object_of(frame, body, name, Object::Counter),
            Step::Load(Load::With(load)) => {
                self.object_of(frame, body.at("of"), &load.of, Object::Counter);
                self.expect(frame, body, &load.expect);
            }
            Step::Semaphore(semaphore) => self.semaphore(frame, semaphore, body),
            Step::Down(Down::Name(name)) => self.object_of(frame, body, name, Object::Semaphore),
            Step::Down(Down::With(down)) => self.down(frame, down, body),
            Step::Up(up) => self.object_of(frame, body, &up.0, Object::Semaphore),
            _ => {}
        }
    }

    pub(super) fn lock_and_queue_fields(&mut self, frame: &mut Frame, step: &Step, body: &Node) {
        match step {
            Step::Lock(lock) => {
                self.endpoint(frame, body.at("file"), &lock.file);
                self.lock_by(frame, body, &lock.by);
                self.word(frame, body.at("mode"), &lock.mode, "a way to lock", |word| words::among(word, words::LOCK_MODES));
                self.field(frame, body, "from", lock.from.as_ref(), Sort::Int);
                self.field(frame, body, "bytes", lock.bytes.as_ref(), Sort::Int);
                self.expect(frame, body, &lock.expect);
            }
            Step::Unlock(unlock) => {
                self.endpoint(frame, body.at("file"), &unlock.file);
                self.lock_by(frame, body, &unlock.by);
                self.field(frame, body, "from", unlock.from.as_ref(), Sort::Int);
                self.field(frame, body, "bytes", unlock.bytes.as_ref(), Sort::Int);
            }
            Step::Queue(queue) => {
                self.word(frame, body.at("via"), &queue.via, "a kind of queue", |word| words::among(word, words::QUEUES));
                self.field(frame, body, "messages", queue.messages.as_ref(), Sort::Int);
                self.field(frame, body, "size", queue.size.as_ref(), Sort::Int);
                self.public(frame, body, queue.public.as_deref(), queue.create);
                self.expect(frame, body, &queue.expect);
            }
            Step::SendMessage(send) => {
                self.object_of(frame, body.at("to"), &send.to, Object::Queue);
                self.expr(frame, body.at("number"), &send.number, Sort::Int);
                self.field(frame, body, "priority", send.priority.as_ref(), Sort::Int);
                self.field(frame, body, "bytes", send.bytes.as_ref(), Sort::Int);
                self.expect(frame, body, &send.expect);
            }
            Step::ReceiveMessage(receive) => {
                self.object_of(frame, body.at("from"), &receive.from, Object::Queue);
                self.field(frame, body, "wish", receive.wish.as_ref(), Sort::Int);
                self.field(frame, body, "room", receive.room.as_ref(), Sort::Int);
                self.expect(frame, body, &receive.expect);
            }
            _ => {}
        }
    }

    fn lock_by(&mut self, frame: &Frame, body: &Node, by: &Arg<String>) {
        self.word(frame, body.at("by"), by, "a kind of lock", |word| words::among(word, words::LOCKS));
    }

    fn shared(&mut self, frame: &Frame, shared: &Shared, body: &Node) {
        self.word(frame, body.at("via"), &shared.via, "a way to share", |word| words::among(word, words::SHARED));
        self.public(frame, body, shared.public.as_deref(), shared.create);
        if shared.public.is_some() && self.possible(&shared.via).iter().any(|word| word == "anonymous") && !frame.doubtful {
            self.problem(body.at("via"), "an anonymous mapping has no name".to_owned(), "use `shm_open` or `sysv`, or leave `name` out");
        }
        self.expect(frame, body, &shared.expect);
    }

    /// The name under which others find an object.
    fn public(&mut self, frame: &Frame, body: &Node, name: Option<&str>, create: bool) {
        match name {
            Some(name) => self.free_text(frame, body.at("name"), name),
            None if create => {
                self.problem(body.at("create"), "what has no name is always made anew".to_owned(), "remove it, or add `name`");
            }
            None => {}
        }
    }

    fn remove(&mut self, frame: &Frame, remove: &Remove, body: &Node) {
        self.free_text(frame, body.at("name"), &remove.name);
        let valid = match remove.of.as_str() {
            "shared" => words::SHARED,
            "queue" => words::QUEUES,
            _ => &[],
        };
        if let Err(help) = words::among(&remove.of, words::REMOVABLE) {
            self.problem(body.at("of"), format!("`{}` is nothing that has a name", remove.of), &help);
        } else if remove.via.is_some() == valid.is_empty() {
            let help = if valid.is_empty() { "a semaphore needs no `via`".to_owned() } else { format!("`via`: {}", valid.join(" or ")) };
            self.problem(body, format!("how was the {} made?", remove.of), &help);
        }
        if let Some(via) = remove.via.as_ref().filter(|_| !valid.is_empty()) {
            self.word(frame, body.at("via"), via, "how it was made", |word| words::among(word, valid));
        }
        self.expect(frame, body, &remove.expect);
    }

    fn semaphore(&mut self, frame: &Frame, semaphore: &Semaphore, body: &Node) {
        self.field(frame, body, "value", semaphore.value.as_ref(), Sort::Int);
        if let Some(via) = &semaphore.via {
            self.word(frame, body.at("via"), via, "a form of semaphore", |word| words::among(word, words::SEMAPHORES));
        }
        match (&semaphore.public, &semaphore.value) {
            (Some(name), _) => self.free_text(frame, body.at("name"), name),
            (None, Some(_)) => {}
            (None, None) => {
                self.problem(body, "what is its value at first?".to_owned(), "add `value: 1`, or the `name` of one that exists")
            }
        }
        self.expect(frame, body, &semaphore.expect);
    }

    fn down(&mut self, frame: &Frame, down: &DownWith, body: &Node) {
        self.object_of(frame, body.at("of"), &down.of, Object::Semaphore);
        self.field(frame, body, "timeout", down.timeout.as_ref(), Sort::Int);
        if down.nohang && down.timeout.is_some() {
            self.problem(body, "wait, or not?".to_owned(), "give one of `nohang` and `timeout`");
        }
        self.expect(frame, body, &down.expect);
    }
}
