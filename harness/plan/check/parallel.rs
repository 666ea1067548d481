//! `parallel` and the subject itself, as other actors see it.

use super::kinds::Sort;
use super::walk::{Checker, Frame, Performer};
use crate::plan::describe::Planes;
use crate::plan::node::Node;
use crate::plan::step::library::Parallel;
use crate::plan::step::{self, Step};

/// Whether a thread of the subject can perform this kind of step.
pub(super) fn is_threadable(step: &Step) -> bool {
    match step {
        // In many languages only the main thread may install handlers.
        Step::Parallel(_) | Step::Handle(_) | Step::Fill(_) | Step::AtExit(_) => false,
        Step::Pipeline(_) => false,
        Step::Worker(_) | Step::Main(_) | Step::Pool(_) | Step::Submit(_) | Step::Map(_) => false,
        Step::Result(_) | Step::ClosePool(_) | Step::Meet(_) | Step::Release(_) => false,
        Step::Wait(_) | Step::Kill(_) | Step::Read(_) | Step::Write(_) | Step::Close(_) | Step::Repeat(_) | Step::When(_) => true,
        other => step::describe(other).plane == Planes::Library,
    }
}

impl<'a> Checker<'a> {
    /// What `parallel` says of itself.
    pub(super) fn parallel(&mut self, frame: &Frame, parallel: &Parallel, body: &Node) {
        self.need("threads");
        self.field(frame, body, "threads", parallel.threads.as_ref(), Sort::Int);
        let each = !parallel.lists.is_empty();
        if each != parallel.steps.is_empty() {
            let help = "give one of `do: [...]`, with `threads`, and `lists: [[...], [...]]`";
            return self.problem(body, "what are the threads to do?".to_owned(), help);
        }
        let (message, help) = match (each, &parallel.threads, &parallel.index) {
            (false, None, _) => ("how many threads?", "add `threads: 4`"),
            (true, Some(_), _) => ("there are as many threads as `lists`", "remove `threads`"),
            (true, _, Some(_)) => ("each of `lists` is one thread's alone, so its number tells nothing", "remove `index`"),
            _ => return,
        };
        self.problem(body, message.to_owned(), help);
    }

    /// The steps of the threads. What one thread starts is its own until all have ended.
    pub(super) fn threads(&mut self, frame: &mut Frame, parallel: &'a Parallel, body: &'a Node) {
        let mut inner = Frame { performer: Performer::Threads, ..frame.clone() };
        if parallel.lists.is_empty() {
            inner.repeated = true;
            if let Some(index) = &parallel.index {
                self.spelling(body.at("index"), index);
                inner.indices.insert(index.clone());
            }
            self.steps(&mut inner, &parallel.steps, body.at("do"));
            return frame.started.extend(inner.started);
        }
        for (at, list) in parallel.lists.iter().enumerate() {
            let mut own = inner.clone();
            self.steps(&mut own, list, body.at("lists").item(at));
            frame.started.extend(own.started);
        }
    }

    /// The subject as an actor: a started program may signal it and await what it does.
    pub(super) fn subject(&mut self, frame: &Frame, node: &Node) -> Option<String> {
        match frame.performer {
            Performer::Agent => return Some("subject".to_owned()),
            Performer::Process => {
                self.problem(node, "there is no subject here: the root performs system calls itself".to_owned(), "name an actor");
            }
            Performer::Subject | Performer::Threads => {
                let help = "put the step into the `do:` of a `spawn`: a started program can, while the subject works";
                self.problem(node, "the subject cannot wait for itself".to_owned(), help);
            }
        }
        None
    }
}
