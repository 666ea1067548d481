//! `pipeline` and `run`: several programs under one handle, and programs that are started and waited for in one call.
//!
//! The whole is an actor of its own without a process: it has the handle. Stages are actors with a process and without one.

use super::here::Here;
use super::library::{pattern, stdio_of};
use super::process::agent_path;
use super::wishes::asked_fds;
use super::{LowerError, Lowered, Lowering};
use crate::generate::act::Act;
use crate::generate::program::Op;
use crate::plan::ast::Expect;
use crate::plan::expr::Arg;
use crate::plan::script::{ActorId, Asked, AskedEnv, AskedFd, Origin, Outcome};
use crate::plan::step::library::Surroundings;
use crate::plan::step::pipeline::{Pipeline, Run, Stage};
use crate::plan::value::Value;
use crate::wire::message::{Operation, SpawnRequest, Stdio};
use std::collections::BTreeMap;

/// What is to be started, before anything is said of its descriptors.
struct Planned {
    actor: ActorId,
    request: SpawnRequest,
    asked: Asked,
}

impl Lowering<'_> {
    pub(super) fn pipeline(&mut self, here: &mut Here, step: &Pipeline) -> Lowered<Op> {
        let whole = self.actor(here, &step.name, Origin::Pipeline)?;
        let ends = [self.place(step.stdin.as_ref())?, self.place(step.stdout.as_ref())?];
        let shared = self.place(step.stderr.as_ref())?;
        here.made(&step.name, whole);
        let mut planned = self.stages(here, &step.stages, &step.expect)?;
        connect(&mut planned, ends, shared.as_ref());
        let (actors, requests, asked) = apart(planned);
        let name = self.name_of(whole);
        let label = format!("start the pipeline {name}: {}", self.line_of(&actors));
        let declared = self.declare(here, "pipeline", label, Some(&name), &step.expect)?;
        self.decl(declared).stages = asked;
        let operation = Box::new(Operation::Pipeline { handle: None, stages: requests, stderr: shared });
        Ok(declared.op(Act::AskPipeline { actor: whole, name, stages: actors, operation }))
    }

    pub(super) fn run(&mut self, here: &mut Here, step: &Run) -> Lowered<Op> {
        let bytes: Option<u64> = self.values.optional(step.bytes.as_ref())?;
        let timeout_ms: Option<u64> = self.values.optional(step.timeout.as_ref())?;
        let several = !step.stages.is_empty();
        let whole = self.actor(here, &step.name, if several { Origin::Pipeline } else { Origin::Spawned })?;
        here.made(&step.name, whole);
        let mut planned = if several {
            self.stages(here, &step.stages, &step.expect)?
        } else {
            let only = Stage {
                program: step.program.clone(),
                search: step.search,
                args: step.args.clone(),
                steps: step.steps.clone(),
                ..Stage::default()
            };
            let mut planned = self.planned(whole, &only, &step.expect)?;
            self.surround(&mut planned, step.surroundings())?;
            if step.program.is_none() {
                self.agent(here.spawned(whole), &step.steps)?;
            }
            vec![planned]
        };
        connect_collected(&mut planned);
        let (actors, stages, asked) = apart(planned);
        let name = self.name_of(whole);
        let what = if several { self.line_of(&actors) } else { name.clone() };
        let input_words = bytes.map_or_else(String::new, |bytes| format!(" with {bytes} bytes of input"));
        let limit = timeout_ms.map_or_else(String::new, |limit| format!(" for at most {limit} ms"));
        let declared = self.declare(here, "run", format!("run {what}{input_words}{limit}"), Some(&name), &step.expect)?;
        self.decl(declared).stages = asked;
        let operation = Box::new(Operation::Run { stages, input: bytes.map(pattern), timeout_ms });
        let actors = if several { actors } else { Vec::new() };
        Ok(declared.op(Act::AskPipeline { actor: whole, name, stages: actors, operation }))
    }

    fn stages(&mut self, here: &mut Here, stages: &[Stage], expect: &Expect) -> Lowered<Vec<Planned>> {
        let mut planned = Vec::new();
        for stage in stages {
            if !stage.when.as_ref().map_or(Ok(true), |when| self.values.holds(when))? {
                continue;
            }
            let times: u32 = self.values.optional(stage.times.as_ref())?.unwrap_or(1);
            for _ in 0..times {
                let actor = self.actor(here, &stage.name, Origin::Stage)?;
                planned.push(self.planned(actor, stage, expect)?);
                here.made(&stage.name, actor);
                if stage.program.is_none() {
                    self.agent(here.spawned(actor), &stage.steps)?;
                }
            }
        }
        if planned.is_empty() {
            return Err(LowerError::invalid("no stage is left of the pipeline with these values: it needs one"));
        }
        Ok(planned)
    }

    fn planned(&mut self, actor: ActorId, stage: &Stage, expect: &Expect) -> Lowered<Planned> {
        let (outcomes, _) = self.outcomes(expect)?;
        let program = match &stage.program {
            None => agent_path(&self.name_of(actor)),
            Some(program) if stage.search => self.values.bind(program)?,
            Some(program) => self.program_path(&self.values.bind(program)?),
        };
        let args = self.values.texts(&stage.args)?;
        let asked = Asked {
            child: (stage.program.is_none() && !to_fail(&outcomes)).then_some(actor),
            program: program.clone(),
            argv: std::iter::once(Value::Text(program.clone())).chain(args.iter().cloned()).collect(),
            ..Asked::default()
        };
        let stderr = self.place(stage.stderr.as_ref())?;
        let request = SpawnRequest { program: Value::Text(program), args, stderr, ..SpawnRequest::default() };
        Ok(Planned { actor, request, asked })
    }

    fn surround(&self, planned: &mut Planned, wished: Surroundings<'_>) -> Lowered<()> {
        let (env, cwd) = self.surroundings(wished)?;
        planned.asked.env = env.clone().map(|env| AskedEnv { replace: env.replace, vars: env.vars });
        planned.asked.cwd = cwd.clone();
        (planned.request.env, planned.request.cwd) = (env, cwd.map(Value::Text));
        Ok(())
    }

    fn place(&self, word: Option<&Arg<String>>) -> Lowered<Option<Stdio>> {
        self.values.bind_optional(word)?.map_or(Ok(None), |word| stdio_of(&word))
    }

    fn line_of(&self, stages: &[ActorId]) -> String {
        let names: Vec<String> = stages.iter().map(|stage| self.name_of(*stage)).collect();
        names.join(" | ")
    }
}

/// Who is connected to whom: in the request the connected ends are absent, what is asked of the stages says all of it.
fn connect(planned: &mut [Planned], [stdin, stdout]: [Option<Stdio>; 2], shared: Option<&Stdio>) {
    if let Some(first) = planned.first_mut() {
        first.request.stdin = stdin;
    }
    if let Some(last) = planned.last_mut() {
        last.request.stdout = stdout;
    }
    for (index, stage) in planned.iter_mut().enumerate() {
        let SpawnRequest { stdin, stdout, stderr, .. } = &stage.request;
        let stderr = stderr.clone().or_else(|| shared.cloned());
        let mut fds = asked_fds(&SpawnRequest::default(), &[stdin.clone(), stdout.clone(), stderr]);
        fds.extend((index > 0).then_some((0, AskedFd::Pipe)));
        stage.asked.fds = fds;
    }
    let connected = planned.len().saturating_sub(1);
    planned[..connected].iter_mut().for_each(|stage| drop(stage.asked.fds.insert(1, AskedFd::Pipe)));
}

/// One call collects the output; what the first input and the errors are is the library's own.
fn connect_collected(planned: &mut [Planned]) {
    for (index, stage) in planned.iter_mut().enumerate() {
        let mut fds = BTreeMap::from([(1, AskedFd::Pipe)]);
        fds.extend((index > 0).then_some((0, AskedFd::Pipe)));
        stage.asked.fds = fds;
    }
}

/// Whether nothing but an error is right: a failure that is told as an error is not one of the start.
fn to_fail(outcomes: &[Outcome]) -> bool {
    !outcomes.is_empty() && outcomes.iter().all(|outcome| matches!(outcome, Outcome::Error(_) | Outcome::Other(_)))
}

fn apart(planned: Vec<Planned>) -> (Vec<ActorId>, Vec<SpawnRequest>, Vec<Asked>) {
    let mut parts = (Vec::new(), Vec::new(), Vec::new());
    for Planned { actor, request, asked } in planned {
        parts.0.push(actor);
        parts.1.push(request);
        parts.2.push(asked);
    }
    parts
}
