//! Workers, pools and doors.
//!
//! Handles are chosen here and are the actors' names, so that one request can mean what another makes. Notes say whom they are
//! `of` by the number of the actor, which the driver reads back.

use super::here::Here;
use super::{LowerError, Lowered, Lowering};
use crate::generate::act::Act;
use crate::generate::program::Op;
use crate::plan::ast::Expect;
use crate::plan::expr::{Arg, Expr};
use crate::plan::script::{ActorId, Origin};
use crate::plan::step::Step;
use crate::plan::step::pool::{ClosePool, Map, Meet, Pool, Release, Result as Outcome, Submit};
use crate::plan::step::worker::{self, Main, Worker};
use crate::wire::message::Operation;
use crate::wire::work::{Call, Deed, JobRequest, MainRequest, Method, PoolRequest, Task, WorkerRequest};

/// Where workers write down what they saw.
const NOTES: &str = "{case}/notes";

impl Lowering<'_> {
    /// The steps of this family; `false` where it is none.
    pub(super) fn worker_step(&mut self, here: &mut Here, step: &Step, ops: &mut Vec<Op>) -> Lowered<bool> {
        match step {
            Step::Worker(worker) => ops.push(self.worker(here, worker)?),
            Step::Main(main) => ops.push(self.main_program(here, main)?),
            Step::Pool(pool) => ops.push(self.pool(here, pool)?),
            Step::Submit(submit) => ops.push(self.submit(here, submit)?),
            Step::Map(map) => ops.push(self.map(here, map)?),
            Step::Result(result) => self.results(here, result, ops)?,
            Step::ClosePool(close) => ops.push(self.close_pool(here, close)?),
            Step::Meet(meet) => ops.push(self.meet(here, meet)?),
            Step::Release(release) => ops.push(self.release(here, release)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn worker(&mut self, here: &mut Here, step: &Worker) -> Lowered<Op> {
        let actor = self.actor(here, &step.name, Origin::Worker)?;
        let request = self.worker_request(step, actor)?;
        here.made(&step.name, actor);
        let name = self.name_of(actor);
        self.asked(here, "worker", format!("start the worker {name}"), actor, &step.expect, Operation::Worker(Box::new(request)))
    }

    fn worker_request(&self, step: &Worker, actor: ActorId) -> Lowered<WorkerRequest> {
        let method = self.values.bind_optional(step.method.as_ref())?.map(|word| method(&word)).transpose()?;
        let call = self.values.bind_optional(step.call.as_ref())?.map_or(Ok(Call::Start), |word| call(&word))?;
        Ok(WorkerRequest {
            handle: self.name_of(actor),
            task: self.task(actor, &step.task)?,
            name: step.named.as_ref().map(|name| self.values.text(name)).transpose()?.map(|name| name.to_string()),
            daemon: step.daemon.as_ref().map_or(Ok(false), |daemon| self.values.holds(daemon))?,
            method,
            call,
            mark: self.values.optional(step.mark.as_ref())?,
        })
    }

    fn main_program(&mut self, here: &mut Here, step: &Main) -> Lowered<Op> {
        let actor = self.actor(here, &step.name, Origin::Worker)?;
        here.made(&step.name, actor);
        let mut workers = Vec::with_capacity(step.workers.len());
        for worker in &step.workers {
            let member = self.actor_under(actor, &worker.name, Origin::Worker)?;
            workers.push(self.worker_request(worker, member)?);
        }
        let name = self.name_of(actor);
        let label = format!("start the main program {name} with {} workers", workers.len());
        self.asked(here, "main", label, actor, &Expect::Success, Operation::Main(MainRequest { handle: name, workers }))
    }

    fn pool(&mut self, here: &mut Here, step: &Pool) -> Lowered<Op> {
        let actor = self.actor(here, &step.name, Origin::Handle)?;
        here.made(&step.name, actor);
        let workers = self.count(step.workers.as_ref())?;
        let handle = self.name_of(actor);
        let label = format!("make {handle}, a pool of {workers} workers");
        let request = PoolRequest { handle, workers, max_tasks: self.values.optional(step.max_tasks.as_ref())?, respawn: step.respawn };
        self.asked(here, "pool", label, actor, &step.expect, Operation::Pool(request))
    }

    fn submit(&mut self, here: &mut Here, step: &Submit) -> Lowered<Op> {
        let item: i64 = self.count(step.item.as_ref())?;
        let (actor, request) = self.job(here, &step.name, &step.to, vec![item], &step.task, step.pad.as_ref())?;
        let label = format!("give {} the item {item}", request.pool);
        self.asked(here, "submit", label, actor, &step.expect, Operation::Submit(Box::new(request)))
    }

    fn map(&mut self, here: &mut Here, step: &Map) -> Lowered<Op> {
        let items: u16 = self.count(step.items.as_ref())?;
        let all = (0..i64::from(items)).collect();
        let (actor, request) = self.job(here, &step.name, &step.to, all, &step.task, step.pad.as_ref())?;
        let label = format!("give {} {items} items", request.pool);
        self.asked(here, "map", label, actor, &step.expect, Operation::Map(Box::new(request)))
    }

    fn job(
        &mut self,
        here: &mut Here,
        name: &str,
        to: &str,
        items: Vec<i64>,
        deeds: &[worker::Deed],
        pad: Option<&Expr>,
    ) -> Lowered<(ActorId, JobRequest)> {
        let pool = self.name_of(self.who(here, to)?);
        let actor = self.actor(here, name, Origin::Handle)?;
        here.made(name, actor);
        let task = self.task(actor, deeds)?;
        Ok((actor, JobRequest { handle: self.name_of(actor), pool, task, items, pad: self.values.optional(pad)?.unwrap_or(0) }))
    }

    fn results(&mut self, here: &mut Here, step: &Outcome, ops: &mut Vec<Op>) -> Lowered<()> {
        let timeout_ms = self.values.optional(step.timeout.as_ref())?;
        let actors = match step.of.strip_prefix("every ") {
            Some(family) => self.children(here, family.trim()),
            None => vec![self.who(here, &step.of)?],
        };
        for actor in actors {
            let label = format!("wait for the result of {}", self.name_of(actor));
            let operation = Operation::Result { handle: String::new(), timeout_ms };
            ops.push(self.asked(here, "result", label, actor, &step.expect, operation)?);
        }
        Ok(())
    }

    fn close_pool(&mut self, here: &Here, step: &ClosePool) -> Lowered<Op> {
        let actor = self.who(here, &step.of)?;
        let label = format!("close {}{}", self.name_of(actor), if step.now { " at once" } else { "" });
        self.asked(here, "close-pool", label, actor, &step.expect, Operation::Shutdown { handle: String::new(), now: step.now })
    }

    fn asked(&mut self, here: &Here, kind: &str, label: String, actor: ActorId, expect: &Expect, operation: Operation) -> Lowered<Op> {
        let name = self.name_of(actor);
        let declared = self.declare(here, kind, label, Some(&name), expect)?;
        Ok(declared.op(Act::Ask { actor: Some(actor), name, operation: Box::new(operation) }))
    }

    fn meet(&mut self, here: &Here, step: &Meet) -> Lowered<Op> {
        let door = self.values.name(&step.at)?;
        let count: u32 = self.values.optional(step.count.as_ref())?.unwrap_or(1);
        let label = format!("meet {count} workers at {door}");
        let act = Act::Meet { name: door.clone(), door: path_of(&door), count };
        self.plain(here, "meet", label, Some(&door), act)
    }

    fn release(&mut self, here: &Here, step: &Release) -> Lowered<Op> {
        let door = self.values.name(&step.at)?;
        let item: Option<i64> = self.values.optional(step.item.as_ref())?;
        let count: u32 = if step.all { EVERYBODY } else { self.values.optional(step.count.as_ref())?.unwrap_or(1) };
        let whom = item.map_or_else(
            || if step.all { "everybody".to_owned() } else { format!("{count} workers") },
            |item| format!("the one with item {item}"),
        );
        let act = Act::Release { door: path_of(&door), item, count };
        self.plain(here, "release", format!("let {whom} through {door}"), Some(&door), act)
    }

    fn count<T: TryFrom<i64>>(&self, expr: Option<&Expr>) -> Lowered<T> {
        expr.map_or_else(|| Err(LowerError::invalid("a number is missing")), |expr| self.values.int(expr))
    }

    fn task(&self, actor: ActorId, deeds: &[worker::Deed]) -> Lowered<Task> {
        let deeds = deeds.iter().map(|deed| self.deed(actor, deed)).collect::<Lowered<_>>()?;
        Ok(Task { of: format!("{actor} {}", self.name_of(actor)), notes: NOTES.to_owned(), deeds })
    }

    fn deed(&self, actor: ActorId, deed: &worker::Deed) -> Lowered<Deed> {
        let door = |name: &Option<String>| name.as_ref().map(|name| Ok(path_of(&self.values.name(name)?))).transpose();
        let text = |expr: &Option<Expr>| expr.as_ref().map(|expr| Ok(self.values.text(expr)?.to_string())).transpose();
        let signal = |arg: &Option<Arg<String>>| arg.as_ref().map(|arg| Ok(self.values.signal(arg)?.0)).transpose();
        Ok(Deed {
            only: deed.only.as_ref().map(|only| self.values.ints(only)).transpose()?,
            hold: door(&deed.hold)?,
            hold_item: door(&deed.hold_item)?,
            knock: door(&deed.knock)?,
            print: text(&deed.print)?,
            print_error: self.values.optional(deed.print_error.as_ref())?,
            unpicklable: deed.unpicklable,
            unsendable: deed.unsendable,
            exit: self.values.optional(deed.exit.as_ref())?,
            leave: self.values.optional(deed.leave.as_ref())?,
            fail: text(&deed.fail)?,
            die: signal(&deed.die)?,
            at_exit: deed.at_exit.as_ref().map(|word| self.values.name(word)).transpose()?,
            child: deed.child.as_ref().map(|deeds| self.task(actor, deeds)).transpose()?.map(Box::new),
        })
    }
}

/// So many are let through where everybody is: less than a FIFO holds, more than a case has.
const EVERYBODY: u32 = 4000;

/// The path of a door.
fn path_of(door: &str) -> String {
    format!("{{case}}/door-{door}")
}

fn method(word: &str) -> Lowered<Method> {
    match word {
        "fork" => Ok(Method::Fork),
        "spawn" => Ok(Method::Spawn),
        "forkserver" => Ok(Method::Forkserver),
        other => Err(LowerError::invalid(format!("`method: {other}`: fork, spawn or forkserver"))),
    }
}

fn call(word: &str) -> Lowered<Call> {
    match word {
        "start" => Ok(Call::Start),
        "run" => Ok(Call::Run),
        "argument" => Ok(Call::Argument),
        other => Err(LowerError::invalid(format!("`call: {other}`: start, run or argument"))),
    }
}
