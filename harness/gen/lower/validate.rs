//! What must be true of every script and program; checked in tests after each lowering.

use crate::generate::act::{Act, FdRef};
use crate::generate::program::{Op, Program};
use crate::generate::share::{NAMES, Share};
use crate::plan::script::{SUBJECT, Script};

/// Every fault found, in words; empty when both halves are sound and fit each other.
pub(crate) fn validate(script: &Script, program: &Program) -> Vec<String> {
    let mut faults = Vec::new();
    ids(script, &mut faults);
    if usize::from(program.actors) != script.actors.len() {
        faults.push(format!("the program has {} actors, the script {}", program.actors, script.actors.len()));
    }
    let mut seen = vec![0_u32; script.steps.len()];
    let mut checker = Checker { script, program, seen: &mut seen, faults: &mut faults };
    checker.ops(&program.root, 0);
    for part in &program.agents {
        if part.file.contains(['[', ']', '/']) || part.file.is_empty() {
            checker.faults.push(format!("the agent file `{}` has an odd name", part.file));
        }
        checker.ops(&part.ops, part.actor);
    }
    for (step, count) in seen.iter().enumerate() {
        if *count != 1 {
            faults.push(format!("step {step} ({}) is performed by {count} ops", script.steps[step].label));
        }
    }
    faults
}

fn ids(script: &Script, faults: &mut Vec<String>) {
    for (at, actor) in script.actors.iter().enumerate() {
        if usize::from(actor.id) != at {
            faults.push(format!("actor {at} has the id {}", actor.id));
        }
        if actor.parent.is_none() != (at == 0) || actor.parent.is_some_and(|parent| usize::from(parent) >= at) {
            faults.push(format!("actor {at} has the parent {:?}", actor.parent));
        }
    }
    for (at, step) in script.steps.iter().enumerate() {
        if step.id as usize != at {
            faults.push(format!("step {at} has the id {}", step.id));
        }
        if usize::from(step.actor) >= script.actors.len() || step.label.is_empty() || step.kind.is_empty() {
            faults.push(format!("step {at} is not whole: {step:?}"));
        }
    }
}

struct Checker<'a> {
    script: &'a Script,
    program: &'a Program,
    seen: &'a mut [u32],
    faults: &'a mut Vec<String>,
}

impl Checker<'_> {
    fn ops(&mut self, ops: &[Op], actor: u16) {
        for op in ops {
            self.op(op, actor);
        }
    }

    fn op(&mut self, op: &Op, actor: u16) {
        match self.script.steps.get(op.step as usize) {
            None => return self.faults.push(format!("an op performs step {}, which does not exist", op.step)),
            Some(step) if step.actor != actor => {
                self.faults.push(format!("step {} belongs to actor {} and is performed by {actor}", op.step, step.actor));
            }
            Some(_) => {}
        }
        self.seen[op.step as usize] += 1;
        self.act(&op.act, actor);
    }

    fn act(&mut self, act: &Act, performer: u16) {
        match act {
            Act::Fork { actor, body, .. } | Act::Vfork { actor, body } => self.ops(body, *actor),
            Act::ForkTree { first, levels, bodies } => {
                self.below("bodies", bodies.len(), (1 << levels) + 1);
                for (number, body) in (0_u16..).zip(bodies) {
                    self.ops(body, if number == 0 { performer } else { first + number });
                }
            }
            Act::Repeat { body, .. } => self.ops(body, performer),
            Act::Gate { gate } | Act::OpenGate { gate } => self.below("gate", *gate, self.program.gates),
            Act::Pipe { read, write, .. } => {
                self.below("slot", *read, self.program.fd_slots);
                self.below("slot", *write, self.program.fd_slots);
            }
            Act::Open { slot, .. } | Act::Listen { slot, .. } | Act::Connect { slot, .. } | Act::Accept { slot, .. } => {
                self.below("slot", *slot, self.program.fd_slots);
            }
            Act::Close { fd } | Act::Write { fd, .. } | Act::Read { fd, .. } | Act::WriteRecords { fd, .. } => self.fd(*fd),
            Act::Copy { from, to } => [from, to].into_iter().for_each(|fd| self.fd(*fd)),
            Act::Memory { slot, .. } | Act::Shared { slot, .. } | Act::Semaphore { slot, .. } | Act::Add { slot, .. } => {
                self.below("memory", *slot, self.program.memory_slots);
            }
            Act::Share(
                Share::FetchAdd { slot, .. }
                | Share::Exchange { slot, .. }
                | Share::Detach { slot }
                | Share::Queue { slot, .. }
                | Share::Send { slot, .. }
                | Share::Receive { slot, .. },
            ) => self.below("memory", *slot, self.program.memory_slots),
            Act::Share(Share::Remove { number, .. }) => self.below("name", *number, NAMES),
            Act::Share(Share::Lock(lock)) => self.fd(lock.fd),
            Act::Await { who: SUBJECT, .. } if self.program.library => {}
            Act::Await { who, .. } => self.below("actor", *who, self.program.actors),
            Act::Ask { .. } | Act::AskParallel { .. } | Act::AskPipeline { .. } if performer != 0 || !self.program.library => {
                self.faults.push("only a library's driver asks".to_owned());
            }
            Act::AskParallel { threads, lists } => {
                if lists.len() != 1 && lists.len() != *threads as usize {
                    self.faults.push(format!("{} lists for {threads} threads", lists.len()));
                }
                lists.iter().for_each(|list| self.ops(list, performer));
            }
            _ => {}
        }
    }

    fn fd(&mut self, fd: FdRef) {
        if let FdRef::Slot(slot) = fd {
            self.below("slot", slot, self.program.fd_slots);
        }
    }

    fn below<T: PartialOrd + std::fmt::Display>(&mut self, what: &str, number: T, limit: T) {
        if number >= limit {
            self.faults.push(format!("{what} {number} is not below {limit}"));
        }
    }
}
