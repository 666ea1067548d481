//! The driver's half of the library plane: asks the subject and records what it answers.

use super::pipeline::Stages;
use super::worker::Work;
use super::{DriverLink, PROTOCOL, Performer, SUBJECT_DIED, SUBJECT_HUNG, Stop};
use crate::plan::script::{ActorId, Outcome, SUBJECT};
use crate::plan::value::Value;
use crate::run::arena::Arena;
use crate::trace::What;
use crate::wire::client::{Client, WireError};
use crate::wire::message::{EnvRequest, Failure, Fields, Operation, Reply, ReplyBody, SpawnRequest, Status, Stdio};
use crate::wire::work::Task;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

/// What the subject does, as [`Arena::doing`] has it: one step is like another.
const BUSY: u32 = 2;
/// The name of that number; judges know it.
const DESCRIPTORS: &str = "subject descriptors";

/// A conversation with the subject on behalf of the case.
pub struct Driver {
    client: Client,
    limit_ms: u64,
    pub(super) handles: BTreeMap<ActorId, String>,
    pub(super) stages: Stages,
    pub(super) work: Work,
}

impl Driver {
    pub fn new(link: DriverLink, arena: &Arena) -> Driver {
        let seq = arena.header().next_seq.load(Ordering::Acquire);
        arena.set_pid(SUBJECT, link.pid);
        Driver {
            client: Client::resume(link.request_fd, link.reply_fd, link.pid, seq),
            limit_ms: link.request_ms,
            handles: BTreeMap::new(),
            stages: Stages::new(),
            work: Work::default(),
        }
    }

    pub(super) fn handle(&self, actor: Option<ActorId>) -> String {
        actor.and_then(|actor| self.handles.get(&actor)).cloned().unwrap_or_default()
    }
}

impl Performer<'_> {
    pub(super) fn ask(&mut self, actor: Option<ActorId>, name: &str, operation: &Operation) -> Result<(), Stop> {
        let Some(reply) = self.question(actor, operation)? else {
            return self.settle(Err(Outcome::Other("there is no subject to ask".to_owned())));
        };
        let outcome = self.understand(actor, name, operation, reply.body);
        if matches!(operation, Operation::Spawn(_)) && matches!(outcome, Outcome::Error(_) | Outcome::Other(_)) {
            self.count_descriptors();
        }
        let failed = is_failure(&outcome);
        self.returned(outcome, actor);
        if failed && !self.lenient { Err(Stop::GaveUp) } else { Ok(()) }
    }

    /// What the subject has open after a start that failed, before it is asked for anything else: giving handles up collects
    /// garbage in many languages, and hides what a failed start left.
    fn count_descriptors(&self) {
        let pid = self.context.subject.map(|link| link.pid);
        if let Some(count) = pid.and_then(crate::sys::descriptor_count) {
            self.note_step(What::Number { name: DESCRIPTORS.to_owned(), value: count as i64 });
        }
    }

    /// Asks; a subject that fails as a partner (and not as a library) ends the driver.
    pub(super) fn question(&mut self, actor: Option<ActorId>, operation: &Operation) -> Result<Option<Reply>, Stop> {
        let case = self.context.case_dir.to_string_lossy().into_owned();
        let Some(driver) = &mut self.driver else { return Ok(None) };
        let operation = fill(&with_handle(operation, &driver.handle(actor)), &case);
        if let Err(outcome) = self.prepare_work(&operation) {
            self.returned(outcome, actor);
            return Err(Stop::GaveUp);
        }
        let Some(driver) = &mut self.driver else { return Ok(None) };
        // From here on who awaits the subject knows that it has been asked: while it only waits for a question it is asleep, too.
        let asked = self.arena.doing(SUBJECT);
        let result = driver.client.ask_noting(&operation, driver.limit_ms, || asked.store(BUSY, Ordering::Release));
        asked.store(0, Ordering::Release);
        let seq = driver.client.seq();
        let extra = driver.client.extra_replies();
        self.arena.header().next_seq.store(seq, Ordering::Release);
        if let Ok(reply) = &result {
            self.note_step(What::Reply { seq: reply.seq, pid: reply.pid });
        }
        for seen in extra {
            self.note_step(What::Reply { seq: seen.seq, pid: seen.pid });
        }
        self.note_work();
        match result {
            Ok(reply) => Ok(Some(reply)),
            Err(error) => {
                self.returned(Outcome::Other(error.to_string()), actor);
                Err(Stop::Subject(match error {
                    WireError::Protocol(_) | WireError::Io(_) => PROTOCOL,
                    WireError::Died { .. } => SUBJECT_DIED,
                    WireError::TimedOut => SUBJECT_HUNG,
                }))
            }
        }
    }

    pub(super) fn understand(&mut self, actor: Option<ActorId>, name: &str, operation: &Operation, body: ReplyBody) -> Outcome {
        let fields = match body {
            ReplyBody::Ok(fields) => fields,
            other => return refusal(other),
        };
        self.note_stages(actor, &fields);
        if fields.timed_out {
            if matches!(operation, Operation::Run { .. }) {
                self.collected(name, &fields);
                // What was ended before it came to its first step never tells its number.
                actor.inspect(|actor| self.arena.set_nobody(*actor));
            }
            return Outcome::TimedOut;
        }
        match operation {
            Operation::Spawn(_) | Operation::Pipeline { .. } => self.started(actor, &fields),
            Operation::Worker(_) | Operation::Main(_) => self.started_worker(actor, operation, &fields),
            Operation::Pool(_) | Operation::Submit(_) | Operation::Map(_) => self.started(actor, &fields),
            Operation::Result { .. } => {
                self.note_values(name, &fields.values);
                Outcome::Done(i64::try_from(fields.values.len()).ok())
            }
            Operation::Run { .. } => {
                self.collected(name, &fields);
                status(&fields)
            }
            Operation::Fill { .. } | Operation::AtExit {} => Outcome::Done(fields.values.first().copied()),
            Operation::Write { .. } => Outcome::Done(fields.written.map(|n| n as i64)),
            Operation::Read { stream, .. } => self.arrived(&format!("{name}.{stream}"), fields.data.as_ref()),
            Operation::Communicate { .. } => {
                self.arrived(&format!("{name}.stdout"), fields.stdout.as_ref());
                self.arrived(&format!("{name}.stderr"), fields.stderr.as_ref());
                status(&fields)
            }
            Operation::Wait { .. } | Operation::Poll { .. } => status(&fields),
            _ => Outcome::Done(None),
        }
    }

    fn started(&mut self, actor: Option<ActorId>, fields: &Fields) -> Outcome {
        if let (Some(driver), Some(actor), Some(handle)) = (&mut self.driver, actor, &fields.handle) {
            driver.handles.insert(actor, handle.clone());
        }
        Outcome::Done(fields.pid.map(i64::from))
    }

    /// A worker is no program of ours that could tell of itself: that it is there at all is told to whoever awaits it.
    fn started_worker(&mut self, actor: Option<ActorId>, operation: &Operation, fields: &Fields) -> Outcome {
        if let (Some(actor), Operation::Worker(request)) = (actor, operation) {
            self.note_asked(actor, request, fields.pid);
        }
        if let (Some(actor), Some(pid)) = (actor, fields.pid) {
            self.arena.set_pid(actor, pid);
            self.arena.doing(actor).store(BUSY, Ordering::Release);
        }
        self.started(actor, fields)
    }

    pub(super) fn arrived(&self, stream: &str, data: Option<&Value>) -> Outcome {
        let Some(bytes) = data.and_then(Value::bytes) else { return Outcome::Eof };
        if bytes.is_empty() {
            return Outcome::Eof;
        }
        let count = bytes.len() as i64;
        self.note_step(What::Data { stream: stream.to_owned(), bytes });
        Outcome::Done(Some(count))
    }
}

/// Whether an operation failed, for a step that does not say that it may.
pub(super) fn is_failure(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Error(_) | Outcome::Other(_) | Outcome::Unsupported(_) | Outcome::TimedOut)
}

fn status(fields: &Fields) -> Outcome {
    match &fields.status {
        None => Outcome::Pending,
        Some(status) => status_of(status),
    }
}

pub(super) fn status_of(status: &Status) -> Outcome {
    match status.ended() {
        Some(ended) => Outcome::Ended(ended),
        None => Outcome::Other(format!("{status:?}")),
    }
}

pub(super) fn refusal(body: ReplyBody) -> Outcome {
    match body {
        ReplyBody::Error(Failure { errno: Some(errno), .. }) => Outcome::Error(errno),
        ReplyBody::Error(Failure { kind, message, .. }) => Outcome::Other(format!("{kind}: {message}")),
        ReplyBody::Unsupported(reason) => Outcome::Unsupported(reason),
        ReplyBody::Ok(_) => Outcome::Done(None),
    }
}

pub(super) fn with_handle(operation: &Operation, to: &str) -> Operation {
    let mut operation = operation.clone();
    match &mut operation {
        Operation::Write { handle, .. }
        | Operation::CloseStdin { handle }
        | Operation::Read { handle, .. }
        | Operation::Close { handle, .. }
        | Operation::Communicate { handle, .. }
        | Operation::Wait { handle, .. }
        | Operation::Poll { handle }
        | Operation::Kill { handle }
        | Operation::Terminate { handle }
        | Operation::Signal { handle, .. }
        | Operation::Result { handle, .. }
        | Operation::Shutdown { handle, .. }
        | Operation::Drop { handle } => to.clone_into(handle),
        Operation::Spawn(_)
        | Operation::Run { .. }
        | Operation::Pipeline { .. }
        | Operation::Parallel { .. }
        | Operation::Handle { .. }
        | Operation::Fill { .. }
        | Operation::AtExit {}
        | Operation::Worker(_)
        | Operation::Pool(_)
        | Operation::Submit(_)
        | Operation::Map(_)
        | Operation::Main(_)
        | Operation::Reset
        | Operation::Quit => {}
    }
    operation
}

/// The operation with the case directory in the place of `{case}`.
fn fill(operation: &Operation, case: &str) -> Operation {
    let mut operation = operation.clone();
    fill_in(&mut operation, case);
    operation
}

fn fill_in(operation: &mut Operation, case: &str) {
    match operation {
        Operation::Spawn(request) => fill_spawn(request, case),
        Operation::Run { stages, .. } => stages.iter_mut().for_each(|stage| fill_spawn(stage, case)),
        Operation::Pipeline { stages, stderr, .. } => {
            stages.iter_mut().for_each(|stage| fill_spawn(stage, case));
            fill_stdio(stderr, case);
        }
        Operation::Parallel { ops, lists, .. } => {
            ops.iter_mut().chain(lists.iter_mut().flatten()).for_each(|operation| fill_in(operation, case));
        }
        Operation::Worker(request) => fill_task(&mut request.task, case),
        Operation::Main(request) => request.workers.iter_mut().for_each(|worker| fill_task(&mut worker.task, case)),
        Operation::Submit(request) | Operation::Map(request) => fill_task(&mut request.task, case),
        _ => {}
    }
}

fn fill_task(task: &mut Task, case: &str) {
    task.paths().into_iter().for_each(|path| *path = path.replace("{case}", case));
}

fn fill_spawn(request: &mut SpawnRequest, case: &str) {
    let SpawnRequest { program, args, env, cwd, stdin, stdout, stderr, arg0, .. } = request;
    fill_value(program, case);
    args.iter_mut().chain(cwd).chain(arg0).for_each(|arg| fill_value(arg, case));
    if let Some(EnvRequest { vars, .. }) = env {
        vars.iter_mut().for_each(|(_, value)| fill_value(value, case));
    }
    [stdin, stdout, stderr].into_iter().for_each(|stdio| fill_stdio(stdio, case));
}

fn fill_stdio(stdio: &mut Option<Stdio>, case: &str) {
    if let Some(Stdio::File(path)) = stdio {
        *path = path.replace("{case}", case);
    }
}

fn fill_value(value: &mut Value, case: &str) {
    if let Value::Text(text) = value
        && text.contains("{case}")
    {
        *text = text.replace("{case}", case);
    }
}
