//! Threads of the subject, and the signals that it handles.
//!
//! The operations of `parallel` are asked for in one request, and each has a step of its own all the same: what came of it is
//! judged by its own expectation. Where no thread differs from another, one list with one step for each operation stands for all
//! of them; where threads start children, or run programs, each has its own.

use super::here::Here;
use super::known::makes;
use super::{LowerError, Lowered, Lowering};
use crate::generate::act::Act;
use crate::generate::program::Op;
use crate::plan::ast::Expect;
use crate::plan::step::control::{Repeat, When};
use crate::plan::step::library::{Handle, Parallel};
use crate::plan::step::{self, Step};
use crate::wire::message::Operation;

/// More threads at once would only be a longer queue.
const MOST_THREADS: u32 = 64;

impl Lowering<'_> {
    pub(super) fn parallel(&mut self, here: &mut Here, step: &Parallel) -> Lowered<Op> {
        let threads: u32 = match &step.threads {
            Some(threads) => self.values.int(threads)?,
            None => step.lists.len() as u32,
        };
        if !(1..=MOST_THREADS).contains(&threads) {
            return Err(LowerError::invalid(format!("`parallel` of {threads} threads: from 1 to {MOST_THREADS} are possible")));
        }
        let declared = self.declare(here, "parallel", format!("in {threads} threads at once"), None, &Expect::Success)?;
        let lists = if !step.lists.is_empty() {
            step.lists.iter().map(|list| self.thread(here, list)).collect::<Lowered<_>>()?
        } else if step.index.is_some() || step.steps.iter().any(makes) {
            (0..threads).map(|thread| self.rounds(here, step.index.as_deref(), thread.into(), &step.steps)).collect::<Lowered<_>>()?
        } else {
            vec![self.thread(here, &step.steps)?]
        };
        Ok(declared.op(Act::AskParallel { threads, lists }))
    }

    /// What one thread does, written out.
    fn thread(&mut self, here: &mut Here, steps: &[Step]) -> Lowered<Vec<Op>> {
        let mut ops = Vec::new();
        for step in steps {
            match step {
                Step::Repeat(repeat) => ops.append(&mut self.thread_repeat(here, repeat)?),
                Step::When(when) => ops.append(&mut self.thread_when(here, when)?),
                other => {
                    self.step(here, other, &mut ops)?;
                    if !ops.last().is_some_and(|op| is_asked(&op.act)) {
                        return Err(LowerError::invalid(format!("a thread of `parallel` cannot perform `{}`", step::name(other))));
                    }
                }
            }
        }
        Ok(ops)
    }

    fn thread_repeat(&mut self, here: &mut Here, step: &Repeat) -> Lowered<Vec<Op>> {
        let times: u32 = self.values.int(&step.times)?;
        let mut ops = Vec::new();
        for round in 0..times {
            ops.append(&mut self.rounds(here, step.index.as_deref(), round.into(), &step.steps)?);
        }
        Ok(ops)
    }

    fn thread_when(&mut self, here: &mut Here, step: &When) -> Lowered<Vec<Op>> {
        let holds = self.values.holds(&step.holds)?;
        self.thread(here, if holds { &step.steps } else { &step.otherwise })
    }

    /// One thread or one round, under its number.
    fn rounds(&mut self, here: &mut Here, index: Option<&str>, number: i64, steps: &[Step]) -> Lowered<Vec<Op>> {
        let Some(index) = index else { return self.thread(here, steps) };
        self.values.enter(index, number);
        let ops = self.thread(here, steps);
        self.values.leave();
        ops
    }

    pub(super) fn handle(&mut self, here: &mut Here, step: &Handle) -> Lowered<Op> {
        let (signal, _) = self.values.signal(&step.signal)?;
        let label = format!("handle {signal}");
        let operation = Box::new(Operation::Handle { signal });
        self.plain(here, "handle", label, None, Act::Ask { actor: None, name: String::new(), operation })
    }
}

/// Whether it is one operation of the library, whose answer is complete when it comes.
fn is_asked(act: &Act) -> bool {
    match act {
        Act::Ask { .. } => true,
        Act::AskPipeline { operation, .. } => matches!(**operation, Operation::Run { .. }),
        _ => false,
    }
}
