//! The driver's half of `parallel`: many operations in one request, and which answer belongs to which.
//!
//! A thread that starts a child goes on to use it within the same request, so the handle's name is chosen here and sent along.

use super::library::{is_failure, refusal, with_handle};
use super::pipeline::absent;
use super::{Performer, Stop};
use crate::generate::act::Act;
use crate::generate::program::Op;
use crate::plan::script::Outcome;
use crate::trace::What;
use crate::wire::message::{Operation, ReplyBody};

impl Performer<'_> {
    pub(super) fn ask_parallel(&mut self, threads: u32, lists: &[Vec<Op>]) -> Result<(), Stop> {
        let block = self.step;
        let started =
            |op: &Op| if let Act::AskPipeline { operation, .. } = &op.act { absent(operation).filter(|_| !op.lenient) } else { None };
        if let Some(missing) = lists.iter().flatten().find_map(started) {
            return self.settle(Err(Outcome::Unavailable(format!("there is no `{missing}` on PATH here"))));
        }
        self.name_started(lists);
        let Some(request) = self.request(threads, lists) else {
            return self.settle(Err(Outcome::Other("there is no subject to ask".to_owned())));
        };
        for op in lists.iter().flatten() {
            self.note_on(Some(op.step), What::Call);
        }
        let Some(reply) = self.question(None, &request)? else { return Ok(()) };
        let results = match reply.body {
            ReplyBody::Ok(fields) => fields.results,
            other => return self.settle(Err(refusal(other))),
        };
        if let Some(wrong) = wrong_shape(threads, lists, &results) {
            return self.settle(Err(Outcome::Other(wrong)));
        }
        let failed = self.record(lists, results);
        (self.step, self.lenient) = (block, false);
        self.settle(Ok(Outcome::Done(Some(threads.into()))))?;
        if failed { Err(Stop::GaveUp) } else { Ok(()) }
    }

    /// Chooses the handles of the children that the threads start.
    fn name_started(&mut self, lists: &[Vec<Op>]) {
        let Some(driver) = &mut self.driver else { return };
        for op in lists.iter().flatten() {
            if let Act::Ask { actor: Some(actor), name, operation } = &op.act
                && matches!(**operation, Operation::Spawn(_) | Operation::Pipeline { .. })
            {
                driver.handles.insert(*actor, format!("parallel/{name}"));
            }
        }
    }

    fn request(&self, threads: u32, lists: &[Vec<Op>]) -> Option<Operation> {
        let driver = self.driver.as_ref()?;
        let fill = |op: &Op| match &op.act {
            Act::Ask { actor, operation, .. } => Some(with_own_handle(operation, &driver.handle(*actor))),
            Act::AskPipeline { operation, .. } => Some((**operation).clone()),
            _ => None,
        };
        let mut filled: Vec<Vec<Operation>> = lists.iter().map(|list| list.iter().filter_map(fill).collect()).collect();
        Some(match filled.len() {
            1 => Operation::Parallel { threads, ops: filled.pop().unwrap_or_default(), lists: Vec::new() },
            _ => Operation::Parallel { threads, ops: Vec::new(), lists: filled },
        })
    }

    /// Records what came of each operation, thread after thread; whether any failed that should not.
    fn record(&mut self, lists: &[Vec<Op>], results: Vec<Vec<ReplyBody>>) -> bool {
        let mut failed = false;
        for (list, bodies) in lists.iter().cycle().zip(results) {
            for (op, body) in list.iter().zip(bodies) {
                let (actor, name, operation) = match &op.act {
                    Act::Ask { actor, name, operation } => (*actor, name, operation),
                    Act::AskPipeline { actor, name, stages, operation } => {
                        self.know_stages(*actor, stages);
                        (Some(*actor), name, operation)
                    }
                    _ => continue,
                };
                self.step = op.step;
                let outcome = self.understand(actor, name, operation, body);
                failed |= is_failure(&outcome) && !op.lenient;
                self.returned(outcome, actor);
            }
        }
        failed
    }
}

/// The operation on this handle; a start gets it as the name that its handle is to have.
fn with_own_handle(operation: &Operation, to: &str) -> Operation {
    let mut operation = with_handle(operation, to);
    match &mut operation {
        Operation::Spawn(request) => request.handle = Some(to.to_owned()),
        Operation::Pipeline { handle, .. } => *handle = Some(to.to_owned()),
        _ => {}
    }
    operation
}

/// An adapter that leaves an answer out would shift all that follow it to the wrong operations.
fn wrong_shape(threads: u32, lists: &[Vec<Op>], results: &[Vec<ReplyBody>]) -> Option<String> {
    if results.len() != threads as usize {
        return Some(format!("the subject answered for {} threads of {threads}", results.len()));
    }
    let mut answered = lists.iter().cycle().zip(results);
    let (list, bodies) = answered.find(|(list, bodies)| list.len() != bodies.len())?;
    Some(format!("a thread of the subject gave {} answers to {} operations", bodies.len(), list.len()))
}
