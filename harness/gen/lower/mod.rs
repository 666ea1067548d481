//! Lowering: from a checked scenario and one set of parameter values to what is performed and what is judged.
//!
//! Nothing is left to look up afterwards. The interpreter runs in processes that were forked from a small program and may
//! neither allocate much nor evaluate expressions, and a history must be judged without its scenario file; so every name,
//! expression and condition is settled here, and both halves, [`Script`] and [`Program`], come from one walk over the steps.
//!
//! The rules:
//! 1. Actors and steps are numbered in the order in which the walk meets them: the root is 0, a process comes before what
//!    it does. The same case always gets the same numbers.
//! 2. The walk is made twice. A step may name an actor or a listener that comes later in the file (a child awaits its
//!    younger sibling behind a gate); the first walk finds the numbers, the second uses them.
//! 3. `when` is decided here. A `repeat` whose body makes processes or names, or uses its index, is written out; any other
//!    becomes one native loop.
//! 4. Descriptors and mappings are slots of a table that a fork copies, so a name has the same slot in parent and child. An
//!    exec'd program starts with an empty table: it knows only descriptor numbers.

mod attribute;
mod control;
mod expect;
mod fd;
mod file;
mod here;
mod ipc;
mod known;
mod library;
mod lock;
mod memory;
mod parallel;
mod pipeline;
mod process;
mod queue;
mod signal;
mod socket;
mod spawn;
mod system;
mod values;
mod wishes;
mod within;
mod worker;

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod validate;

use super::act::Act;
use super::program::{AgentPart, Op, Program, SubjectStart};
use crate::plan::ast::Expect;
use crate::plan::case::{Case, Plan};
use crate::plan::script::{ActorDecl, ActorId, CheckDecl, Origin, Plane, SUBJECT, Script, StepDecl, StepId};
use crate::plan::step::{self, Step};
use here::Here;
use known::Known;
use std::collections::BTreeMap;
use std::fmt;
use values::Values;

/// How many actors and steps a case may have. Beyond it a case is a mistake, and its history too long to read.
pub const LIMIT: usize = 4096;
/// Deadline of a case whose scenario names none.
pub const DEADLINE_MS: u64 = 10_000;

/// Why a case cannot be lowered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LowerError {
    /// The scenario is wrong with these values; the text says where and what to change.
    Invalid(String),
    /// This platform has no such thing: the case is `unavailable` here, not wrong.
    Unavailable(String),
}

impl fmt::Display for LowerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LowerError::Invalid(what) | LowerError::Unavailable(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for LowerError {}

impl LowerError {
    fn invalid(what: impl Into<String>) -> LowerError {
        LowerError::Invalid(what.into())
    }

    /// Puts the place before the message, once per level.
    fn at(self, place: &str) -> LowerError {
        match self {
            LowerError::Invalid(what) => LowerError::Invalid(format!("{place}: {what}")),
            other => other,
        }
    }
}

type Lowered<T> = Result<T, LowerError>;

/// Lowers one case.
///
/// # Errors
/// [`LowerError::Invalid`] where the values do not fit the steps (a negative size, too many actors);
/// [`LowerError::Unavailable`] where this platform lacks what a step names.
pub fn lower(plan: &Plan, case: &Case) -> Result<(Script, Program), LowerError> {
    let found = walk(plan, case, Known::default())?.known_next();
    let mut lowering = walk(plan, case, found)?;
    lowering.finish().map_err(|error| error.at(&plan.path))
}

fn walk<'a>(plan: &'a Plan, case: &'a Case, known: Known) -> Lowered<Lowering<'a>> {
    let mut lowering = Lowering::new(plan, case, known);
    let mut root = Here::root(plan.plane);
    let announced = lowering.announce(&mut root).map_err(|error| error.at(&plan.path))?;
    let performed = lowering.steps(&mut root, &plan.scenario.steps).map_err(|error| error.at(&plan.path))?;
    lowering.root = announced.into_iter().chain(performed).collect();
    Ok(lowering)
}

/// The state of one walk.
struct Lowering<'a> {
    plan: &'a Plan,
    values: Values<'a>,
    /// What the walk before this one found.
    known: Known,
    /// Where each step stands in the file, and the line of the one being lowered.
    lines: BTreeMap<*const Step, u32>,
    line: u32,
    /// How often each family is made; see [`known::families`].
    families: BTreeMap<String, u32>,
    actors: Vec<ActorDecl>,
    decls: Vec<StepDecl>,
    agents: Vec<AgentPart>,
    root: Vec<Op>,
    /// Path of a `file` step → the path by which it is to be started.
    programs: BTreeMap<String, String>,
    gates: BTreeMap<String, u16>,
    /// Names under which objects are found by others than those that were forked from their maker.
    public_names: BTreeMap<String, u16>,
    listeners: BTreeMap<String, u16>,
    listener_count: u16,
    fd_slots: u16,
    memory_slots: u16,
}

/// A step that has its number.
#[derive(Clone, Copy)]
struct Declared {
    id: StepId,
    lenient: bool,
}

impl Declared {
    fn op(self, act: Act) -> Op {
        Op { step: self.id, lenient: self.lenient, act }
    }
}

impl<'a> Lowering<'a> {
    fn new(plan: &'a Plan, case: &'a Case, known: Known) -> Lowering<'a> {
        let root = ActorDecl { id: 0, name: "root".into(), family: "root".into(), index: 0, parent: None, origin: Origin::Root };
        Lowering {
            plan,
            values: Values::new(&case.bindings),
            known,
            lines: known::lines(plan),
            line: 0,
            families: known::families(&plan.scenario.steps),
            actors: vec![root],
            decls: Vec::new(),
            agents: Vec::new(),
            root: Vec::new(),
            programs: BTreeMap::new(),
            gates: BTreeMap::new(),
            public_names: BTreeMap::new(),
            listeners: BTreeMap::new(),
            listener_count: 0,
            fd_slots: 0,
            memory_slots: 0,
        }
    }

    fn known_next(self) -> Known {
        Known::of(self.actors, self.listeners)
    }

    /// Lowers a list of steps of one process.
    fn steps(&mut self, here: &mut Here, steps: &[Step]) -> Lowered<Vec<Op>> {
        let mut ops = Vec::with_capacity(steps.len());
        for step in steps {
            self.step(here, step, &mut ops)?;
        }
        Ok(ops)
    }

    fn step(&mut self, here: &mut Here, step: &Step, ops: &mut Vec<Op>) -> Lowered<()> {
        self.line = self.lines.get(&std::ptr::from_ref(step)).copied().unwrap_or(0);
        if here.driver {
            return self.driver_step(here, step, ops);
        }
        match step {
            Step::Fork(fork) => ops.push(self.fork(here, fork)?),
            Step::ForkTree(tree) => ops.push(self.fork_tree(here, tree)?),
            Step::Exec(exec) => ops.push(self.exec(here, exec)?),
            Step::Exit(exit) => ops.push(self.exit(here, exit)?),
            Step::Wait(wait) => ops.extend(self.wait(here, wait)?),
            Step::ReportState(report) => ops.push(self.report_state(here, report)?),
            Step::Vfork(vfork) => ops.push(self.vfork(here, vfork)?),
            Step::Quit(quit) => ops.push(self.quit(here, quit)?),
            Step::PosixSpawn(spawn) => ops.push(self.posix_spawn(here, spawn)?),
            Step::Threads(threads) => ops.push(self.start_threads(here, threads)?),
            Step::TryLock(lock) => ops.push(self.try_lock(here, lock)?),
            Step::Buffer(buffer) => ops.push(self.buffer(here, buffer)?),
            Step::Flush(_) => ops.push(self.flush(here)?),
            Step::Pipe(pipe) => ops.push(self.pipe(here, pipe)?),
            Step::Open(open) => ops.push(self.open(here, open)?),
            Step::Close(close) => ops.push(self.close(here, close)?),
            Step::Dup2(dup2) => ops.push(self.dup2(here, dup2)?),
            Step::Write(write) => ops.push(self.write(here, write)?),
            Step::WriteRecords(write) => ops.push(self.write_records(here, write)?),
            Step::Read(read) => ops.push(self.read(here, read)?),
            Step::Copy(copy) => ops.push(self.copy(here, copy)?),
            Step::SetFlags(flags) => ops.push(self.set_flags(here, flags)?),
            Step::Limit(limit) => ops.push(self.limit(here, limit)?),
            Step::Umask(umask) => ops.push(self.umask(here, umask)?),
            Step::Chdir(chdir) => ops.push(self.chdir(here, chdir)?),
            Step::Nice(nice) => ops.push(self.nice(here, nice)?),
            Step::ControlGroup(group) => ops.push(self.control_group(here, group)?),
            Step::NewSession(session) => ops.push(self.new_session(here, session)?),
            Step::Group(group) => ops.push(self.group(here, group)?),
            Step::KillGroup(kill) => ops.push(self.kill_group(here, kill)?),
            Step::Spin(_) => ops.push(self.spin(here)?),
            Step::Become(identity) => ops.push(self.become_other(here, identity)?),
            Step::Signal(signal) => ops.push(self.signal(here, signal)?),
            Step::Mask(mask) => ops.push(self.mask(here, mask)?),
            Step::Kill(kill) => ops.push(self.kill(here, kill)?),
            Step::Listen(listen) => ops.push(self.listen(here, listen)?),
            Step::Connect(connect) => ops.push(self.connect(here, connect)?),
            Step::Accept(accept) => ops.push(self.accept(here, accept)?),
            Step::SendFrames(send) => ops.push(self.send_frames(here, send)?),
            Step::Shutdown(_)
            | Step::SocketPair(_)
            | Step::Bind(_)
            | Step::SendFds(_)
            | Step::ReceiveFds(_)
            | Step::SendFile(_)
            | Step::Query(_)
            | Step::Ready(_)
            | Step::EventQueue(_)
            | Step::Watch(_)
            | Step::NextEvent(_) => ops.push(self.ipc(here, step)?),
            Step::Memory(memory) => ops.push(self.memory(here, memory)?),
            Step::Poke(poke) => ops.push(self.poke(here, poke)?),
            Step::Peek(peek) => ops.push(self.peek(here, peek)?),
            Step::ReportMemory(report) => ops.push(self.report_memory(here, report)?),
            Step::Shared(shared) => ops.push(self.shared(here, shared)?),
            Step::Add(add) => ops.push(self.add(here, add)?),
            Step::Load(load) => ops.push(self.load(here, load)?),
            Step::Semaphore(semaphore) => ops.push(self.semaphore(here, semaphore)?),
            Step::Down(down) => ops.push(self.down(here, down)?),
            Step::Up(up) => ops.push(self.up(here, up)?),
            Step::Burn(burn) => ops.push(self.burn(here, burn)?),
            Step::Detach(detach) => ops.push(self.detach(here, detach)?),
            Step::Remove(remove) => ops.push(self.remove(here, remove)?),
            Step::FetchAdd(add) => ops.push(self.fetch_add(here, add)?),
            Step::Exchange(exchange) => ops.push(self.exchange(here, exchange)?),
            Step::Lock(lock) => ops.push(self.lock(here, lock)?),
            Step::Unlock(unlock) => ops.push(self.unlock(here, unlock)?),
            Step::Queue(queue) => ops.push(self.queue(here, queue)?),
            Step::SendMessage(send) => ops.push(self.send_message(here, send)?),
            Step::ReceiveMessage(receive) => ops.push(self.receive_message(here, receive)?),
            other => self.control_step(here, other, ops)?,
        }
        Ok(())
    }

    /// Steps that every kind of actor can perform: files, ordering, loops, conditions.
    fn control_step(&mut self, here: &mut Here, step: &Step, ops: &mut Vec<Op>) -> Lowered<()> {
        match step {
            Step::File(file) => ops.push(self.file(here, file)?),
            Step::Gate(gate) => ops.push(self.gate(here, gate)?),
            Step::OpenGate(gate) => ops.push(self.open_gate(here, gate)?),
            Step::Await(wait) => ops.push(self.await_state(here, wait)?),
            Step::Repeat(repeat) => self.repeat(here, repeat, ops)?,
            Step::When(when) => self.when(here, when, ops)?,
            other if !here.driver && system::is_one(other) => ops.push(self.system(here, other)?),
            other => {
                let who = if here.driver { "the library's caller" } else { "a process on the platform plane" };
                return Err(LowerError::invalid(format!("{who} cannot perform `{}`", step::name(other))));
            }
        }
        Ok(())
    }

    /// Numbers a step and works out what must come of it.
    fn declare(&mut self, here: &Here, kind: &str, label: String, on: Option<&str>, expect: &Expect) -> Lowered<Declared> {
        let (outcomes, any) = self.outcomes(expect).map_err(|error| error.at(&format!("`{label}`")))?;
        let id = StepId::try_from(self.decls.len()).map_err(|_| too_large())?;
        self.decls.push(StepDecl {
            id,
            actor: here.actor,
            kind: kind.to_owned(),
            label,
            line: self.line,
            expect: outcomes,
            any,
            on: on.map(str::to_owned),
            records: None,
            asked: None,
            operands: Vec::new(),
            stages: Vec::new(),
        });
        self.within_limit()?;
        Ok(Declared { id, lenient: !expect.is_success() })
    }

    /// A step without expectation whose act is ready.
    fn plain(&mut self, here: &Here, kind: &str, label: String, on: Option<&str>, act: Act) -> Lowered<Op> {
        Ok(self.declare(here, kind, label, on, &Expect::Success)?.op(act))
    }

    fn decl(&mut self, declared: Declared) -> &mut StepDecl {
        &mut self.decls[declared.id as usize]
    }

    /// A new actor of this family, numbered and named.
    fn actor(&mut self, here: &Here, family: &str, origin: Origin) -> Lowered<ActorId> {
        self.actor_under(here.actor, family, origin)
    }

    fn actor_under(&mut self, parent: ActorId, family: &str, origin: Origin) -> Lowered<ActorId> {
        let id = ActorId::try_from(self.actors.len()).map_err(|_| too_large())?;
        let index = self.actors.iter().filter(|actor| actor.family == family).count() as u32;
        let several = self.families.get(family).is_some_and(|count| *count > 1);
        let name = if several { format!("{family}[{index}]") } else { family.to_owned() };
        self.actors.push(ActorDecl { id, name, family: family.to_owned(), index, parent: Some(parent), origin });
        self.within_limit()?;
        Ok(id)
    }

    fn name_of(&self, actor: ActorId) -> String {
        if actor == SUBJECT {
            return "the subject".to_owned();
        }
        self.actors.get(usize::from(actor)).map_or_else(|| format!("actor {actor}"), |decl| decl.name.clone())
    }

    fn within_limit(&self) -> Lowered<()> {
        if self.actors.len() + self.decls.len() > LIMIT { Err(too_large()) } else { Ok(()) }
    }

    /// Both halves, when the walk is over.
    fn finish(&mut self) -> Lowered<(Script, Program)> {
        let scenario = &self.plan.scenario;
        let deadline_ms = scenario.deadline.unwrap_or(DEADLINE_MS);
        let checks = self.checks()?;
        let subject_start = self.subject_start()?;
        for part in &mut self.agents {
            part.fd_slots = self.fd_slots;
            part.memory_slots = self.memory_slots;
        }
        let program = Program {
            root: std::mem::take(&mut self.root),
            agents: std::mem::take(&mut self.agents),
            actors: self.actors.len() as u16,
            fd_slots: self.fd_slots,
            memory_slots: self.memory_slots,
            gates: self.gates.len() as u16,
            deadline_ms,
            parallel: scenario.parallel,
            library: self.plan.plane == Plane::Library,
            subject_start,
        };
        let script = Script {
            scenario: self.plan.id.clone(),
            title: scenario.title.clone(),
            plane: self.plan.plane,
            bindings: self.values.bindings().clone(),
            actors: std::mem::take(&mut self.actors),
            steps: std::mem::take(&mut self.decls),
            checks,
            deadline_ms,
            permits: scenario.permits.clone(),
        };
        Ok((script, program))
    }

    fn checks(&self) -> Lowered<Vec<CheckDecl>> {
        let entries = self.plan.scenario.check.iter().enumerate();
        let requested = entries.flat_map(|(at, requested)| requested.0.iter().map(move |asked| (at, asked)));
        requested
            .map(|(at, (property, args))| {
                let worked_out = args.iter().map(|(name, arg)| Ok((name.clone(), self.values.check_arg(arg)?)));
                let args = worked_out.collect::<Lowered<_>>().map_err(|error| error.at(&format!("check `{property}`")))?;
                Ok(CheckDecl { property: property.clone(), args, line: self.plan.check_lines.get(at).copied().unwrap_or(0) })
            })
            .collect()
    }

    /// How the subject is started; `None` when nothing about it is unusual, so that one subject can serve many cases.
    fn subject_start(&self) -> Lowered<Option<SubjectStart>> {
        let Some(wish) = &self.plan.scenario.subject else { return Ok(None) };
        let mut closed = wish.closed_fds.clone();
        if let Some(list) = &wish.closed {
            closed.extend(self.values.ints::<i32>(list)?);
        }
        closed.sort_unstable();
        closed.dedup();
        let write_only_stdin = match self.values.bind_optional(wish.stdin.as_ref())?.as_deref() {
            None | Some("read-only") => false,
            Some("write-only") if closed.contains(&0) => {
                return Err(LowerError::invalid("`subject`: standard input is closed with these values, and is to be opened for writing"));
            }
            Some("write-only") => true,
            Some(other) => return Err(LowerError::invalid(format!("`stdin: {other}`: read-only or write-only"))),
        };
        let start = SubjectStart {
            closed,
            write_only_stdin,
            blocked: self.values.signals(&wish.blocked)?,
            ignored: self.values.signals(&wish.ignored)?,
            groups: wish.groups.clone(),
            stray: self.values.optional(wish.stray.as_ref())?.unwrap_or(0),
            nofile: self.values.optional(wish.nofile.as_ref())?,
            hold: self.held(&wish.hold)?,
            path: wish.path.as_ref().map(|path| self.values.text(path)).transpose()?.map(|path| path.to_string()),
            spare: self.values.optional(wish.spare.as_ref())?,
            listen: self.held_listener()?.map(|(name, number)| (crate::generate::ipc::unix_path(self.listeners[name]), number)),
            pair: match self.held(&wish.pair)?[..] {
                [one, other] => Some((one, other)),
                _ => None,
            },
            ordinary: wish.ordinary,
        };
        Ok((start != SubjectStart::default()).then_some(start))
    }
}

fn too_large() -> LowerError {
    LowerError::invalid(format!(
        "the case has more than {LIMIT} actors and steps: lower the range of the parameter that is repeated, or let the body \
         make no names so that the loop runs natively"
    ))
}
