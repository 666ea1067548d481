//! Gates, awaited states, loops and conditions.

use super::here::Here;
use super::known::makes;
use super::{LIMIT, LowerError, Lowered, Lowering};
use crate::generate::act::{Act, State};
use crate::generate::program::Op;
use crate::plan::ast::Expect;
use crate::plan::script::Origin;
use crate::plan::step::control::{Await, AwaitState, Burn, Gate, OpenGate, Repeat, When};

impl Lowering<'_> {
    pub(super) fn gate(&mut self, here: &mut Here, step: &Gate) -> Lowered<Op> {
        let (gate, name) = self.gate_number(&step.0)?;
        self.plain(here, "gate", format!("wait at gate {name}"), Some(&name), Act::Gate { gate })
    }

    pub(super) fn open_gate(&mut self, here: &mut Here, step: &OpenGate) -> Lowered<Op> {
        let (gate, name) = self.gate_number(&step.0)?;
        self.plain(here, "open-gate", format!("open gate {name}"), Some(&name), Act::OpenGate { gate })
    }

    fn gate_number(&mut self, name: &str) -> Lowered<(u16, String)> {
        let name = self.values.name(name)?;
        if let Some(gate) = self.gates.get(&name) {
            return Ok((*gate, name));
        }
        let gate = u16::try_from(self.gates.len()).map_err(|_| super::too_large())?;
        self.gates.insert(name.clone(), gate);
        Ok((gate, name))
    }

    pub(super) fn await_state(&mut self, here: &mut Here, step: &Await) -> Lowered<Op> {
        let who = self.who(here, &step.who)?;
        let count: Option<u32> = self.values.optional(step.count.as_ref())?;
        let (state, words) = match (step.state, count) {
            (AwaitState::Begun, None) => (State::Begun, "has begun".to_owned()),
            (AwaitState::Blocked, None) => (State::Blocked, "is blocked".to_owned()),
            (AwaitState::Zombie, None) => (State::Zombie, "is a zombie".to_owned()),
            (AwaitState::Ended, None) => (State::Ended, "has ended".to_owned()),
            (AwaitState::Stopped, None) => (State::Stopped, "is stopped".to_owned()),
            (AwaitState::Asleep, None) => (State::Asleep, "is asleep".to_owned()),
            (AwaitState::Gone, None) => (State::Gone, "is gone".to_owned()),
            (AwaitState::Reaped, Some(count)) => (State::Reaped(count), format!("has reaped {count} children")),
            (AwaitState::Reaped, None) => return Err(LowerError::invalid("`await` of `reaped` needs a `count`")),
            (_, Some(_)) => return Err(LowerError::invalid("`count` belongs to `state: reaped`")),
        };
        let forked = self.actors.get(usize::from(who)).filter(|decl| decl.origin == Origin::Forked);
        let maker = forked.and_then(|decl| decl.parent).filter(|_| matches!(state, State::Gone | State::Ended));
        let label = format!("wait until {} {words}", self.name_of(who));
        let op = self.plain(here, "await", label, Some(&self.name_of(who)), Act::Await { who, state, maker })?;
        // Awaiting `reaped` returns the end of each child, whatever it was; what is right is a matter of `reaped-all`.
        self.decls[op.step as usize].any = matches!(state, State::Reaped(_));
        Ok(op)
    }

    pub(super) fn burn(&mut self, here: &mut Here, step: &Burn) -> Lowered<Op> {
        let (ms, beside) = (self.values.int(&step.ms)?, self.who(here, &step.beside)?);
        let name = self.name_of(beside);
        self.plain(here, "burn", format!("use {ms} ms of CPU beside {name}"), Some(&name), Act::Burn { ms, beside })
    }

    pub(super) fn repeat(&mut self, here: &mut Here, step: &Repeat, ops: &mut Vec<Op>) -> Lowered<()> {
        let times: u64 = self.values.int(&step.times)?;
        if step.index.is_none() && !step.steps.iter().any(makes) {
            let declared = self.declare(here, "repeat", format!("repeat {times} times"), None, &Expect::Success)?;
            self.decl(declared).operands = vec![i64::try_from(times).unwrap_or(i64::MAX)];
            let body = self.steps(here, &step.steps)?;
            ops.push(declared.op(Act::Repeat { times, body }));
            return Ok(());
        }
        if times > LIMIT as u64 {
            return Err(super::too_large());
        }
        for round in 0..times {
            self.round(here, step, round as i64, ops)?;
        }
        Ok(())
    }

    fn round(&mut self, here: &mut Here, step: &Repeat, round: i64, ops: &mut Vec<Op>) -> Lowered<()> {
        if let Some(index) = &step.index {
            self.values.enter(index, round);
        }
        let body = self.steps(here, &step.steps);
        if step.index.is_some() {
            self.values.leave();
        }
        ops.append(&mut body?);
        Ok(())
    }

    pub(super) fn when(&mut self, here: &mut Here, step: &When, ops: &mut Vec<Op>) -> Lowered<()> {
        let chosen = if self.values.holds(&step.holds)? { &step.steps } else { &step.otherwise };
        ops.append(&mut self.steps(here, chosen)?);
        Ok(())
    }
}
