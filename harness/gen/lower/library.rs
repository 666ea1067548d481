//! Steps of a library's caller: requests to the subject, and what its driver does itself.

use super::expect::may_fail;
use super::fd::{case_path, close_parts, write_label};
use super::here::Here;
use super::process::agent_path;
use super::wishes;
use super::{LowerError, Lowered, Lowering};
use crate::generate::act::{Act, Payload};
use crate::generate::program::Op;
use crate::plan::ast::{Expect, ExpectWord};
use crate::plan::expr::Arg;
use crate::plan::script::{ActorId, Asked, AskedEnv, Origin, StepDecl};
use crate::plan::step::{Step, fd, library, process, signal};
use crate::plan::value::Value;
use crate::wire::message::{Data, EnvRequest, Operation, SpawnRequest, Stdio};

/// What a pattern repeats; the same as the interpreter's.
const PATTERN: &str = "0123456789abcdef";

/// An operation on a started actor, ready to be asked.
struct Request {
    actor: ActorId,
    operation: Operation,
    kind: &'static str,
    label: String,
    on: String,
}

impl Lowering<'_> {
    /// Steps of the root on the library plane.
    pub(super) fn driver_step(&mut self, here: &mut Here, step: &Step, ops: &mut Vec<Op>) -> Lowered<()> {
        match step {
            Step::Spawn(spawn) => ops.push(self.spawn(here, spawn)?),
            Step::Parallel(parallel) => ops.push(self.parallel(here, parallel)?),
            Step::Handle(handle) => ops.push(self.handle(here, handle)?),
            Step::Fill(fill) => ops.push(self.fill(here, fill)?),
            Step::AtExit(at_exit) => ops.push(self.at_exit(here, at_exit)?),
            Step::Limit(limit) => ops.push(self.limit(here, limit)?),
            Step::Pipeline(pipeline) => ops.push(self.pipeline(here, pipeline)?),
            Step::Run(run) => ops.push(self.run(here, run)?),
            other => match self.requests(here, other)? {
                Some((requests, expect)) => {
                    for request in requests {
                        ops.push(self.ask(here, request, expect)?);
                    }
                }
                None if self.worker_step(here, other, ops)? => {}
                None => self.control_step(here, other, ops)?,
            },
        }
        Ok(())
    }

    fn fill(&mut self, here: &Here, step: &library::Fill) -> Lowered<Op> {
        let (pages, value) = (self.values.int(&step.pages)?, self.values.int(&step.value)?);
        let label = format!("fill {pages} pages of memory with {value}");
        let declared = self.declare(here, "fill", label, None, &step.expect)?;
        Ok(declared.op(Act::Ask { actor: None, name: String::new(), operation: Box::new(Operation::Fill { pages, value }) }))
    }

    fn at_exit(&mut self, here: &Here, step: &library::AtExit) -> Lowered<Op> {
        let declared = self.declare(here, "at-exit", "how many have run the exit handler".to_owned(), None, &step.expect)?;
        Ok(declared.op(Act::Ask { actor: None, name: String::new(), operation: Box::new(Operation::AtExit {}) }))
    }

    fn ask(&mut self, here: &Here, request: Request, expect: &Expect) -> Lowered<Op> {
        let Request { actor, operation, kind, label, on } = request;
        let declared = self.declare(here, kind, label, Some(&on), expect)?;
        Ok(declared.op(Act::Ask { actor: Some(actor), name: self.name_of(actor), operation: Box::new(operation) }))
    }

    /// The requests that a step makes, with its expectation; `None` where it is not the subject's.
    fn requests<'s>(&self, here: &Here, step: &'s Step) -> Lowered<Option<(Vec<Request>, &'s Expect)>> {
        Ok(Some(match step {
            Step::Wait(wait) => (self.waits(here, wait)?, &wait.expect),
            Step::Write(write) => (vec![self.write_request(here, write)?], &write.expect),
            Step::Read(read) => (vec![self.read_request(here, read)?], &read.expect),
            Step::Close(close) => (vec![self.close_request(here, close)?], close_parts(close).1),
            Step::Kill(kill) => (vec![self.kill_request(here, kill)?], &kill.expect),
            Step::Communicate(step) => (vec![self.communicate(here, step)?], &step.expect),
            Step::Poll(poll) => (vec![self.simple(here, "poll", &poll.who, |handle| Operation::Poll { handle })?], &poll.expect),
            Step::Terminate(step) => {
                (vec![self.simple(here, "terminate", &step.who, |handle| Operation::Terminate { handle })?], &step.expect)
            }
            Step::Drop(step) => {
                (vec![self.simple(here, "drop", &step.0, |handle| Operation::Drop { handle })?], self.expect_of_drop(here, &step.0)?)
            }
            _ => return Ok(None),
        }))
    }

    /// Of a child that may not have been started nothing is there to be given up.
    fn expect_of_drop(&self, here: &Here, who: &str) -> Lowered<&'static Expect> {
        let name = self.name_of(self.who(here, who)?);
        let doubtful = |decl: &StepDecl| decl.kind == "spawn" && decl.on.as_ref() == Some(&name) && may_fail(&decl.expect);
        Ok(if self.decls.iter().any(doubtful) { &Expect::Word(ExpectWord::Any) } else { &Expect::Success })
    }

    fn simple(&self, here: &Here, kind: &'static str, who: &str, make: impl FnOnce(String) -> Operation) -> Lowered<Request> {
        let actor = self.who(here, who)?;
        let name = self.name_of(actor);
        Ok(Request { actor, operation: make(String::new()), kind, label: format!("{kind} {name}"), on: name })
    }

    /// One request per child: the subject waits for one handle at a time.
    fn waits(&self, here: &Here, step: &process::Wait) -> Lowered<Vec<Request>> {
        let timeout_ms = self.values.optional(step.timeout.as_ref())?;
        let actors = match step.target.strip_prefix("every ") {
            Some(family) => self.children(here, family.trim()),
            None if step.target == "any" => return Err(LowerError::invalid("a library waits for a child: name it")),
            None => vec![self.who(here, &step.target)?],
        };
        let limit = timeout_ms.map_or_else(String::new, |limit: u64| format!(" for at most {limit} ms"));
        let request = |actor| {
            let on = self.name_of(actor);
            let operation = Operation::Wait { handle: String::new(), timeout_ms };
            Request { actor, operation, kind: "wait", label: format!("wait for {on}{limit}"), on }
        };
        Ok(actors.into_iter().map(request).collect())
    }

    fn write_request(&self, here: &Here, step: &fd::Write) -> Lowered<Request> {
        let (actor, _) = self.channel(here, &step.to, &["stdin"])?;
        let payload = self.payload(step)?;
        let label = write_label(&payload, &step.to, step.once);
        let data = match payload {
            Payload::Pattern(len) => pattern(len),
            Payload::Bytes(bytes) => Data::Bytes(Value::from_bytes(&bytes)),
        };
        let operation = Operation::Write { handle: String::new(), data };
        Ok(Request { actor, operation, kind: "write", label, on: step.to.clone() })
    }

    fn read_request(&self, here: &Here, step: &fd::Read) -> Lowered<Request> {
        let (actor, stream) = self.channel(here, &step.from, &["stdout", "stderr"])?;
        if step.once.is_some() {
            return Err(LowerError::invalid(format!(
                "a library's reads of {} cannot be counted: write `until: eof` or `bytes: N`",
                step.from
            )));
        }
        let bytes: Option<u64> = self.values.optional(step.bytes.as_ref())?;
        let operation = Operation::Read { handle: String::new(), stream, bytes };
        let label = match bytes {
            Some(bytes) => format!("read {bytes} bytes from {}", step.from),
            None => format!("read {} to its end", step.from),
        };
        Ok(Request { actor, operation, kind: "read", label, on: step.from.clone() })
    }

    fn close_request(&self, here: &Here, step: &fd::Close) -> Lowered<Request> {
        let endpoint = close_parts(step).0;
        let (actor, stream) = self.channel(here, endpoint, &["stdin", "stdout", "stderr"])?;
        let operation = match stream.as_str() {
            "stdin" => Operation::CloseStdin { handle: String::new() },
            _ => Operation::Close { handle: String::new(), stream },
        };
        Ok(Request { actor, operation, kind: "close", label: format!("close {endpoint}"), on: endpoint.to_owned() })
    }

    /// The actor and the stream of `child.stdout`.
    fn channel(&self, here: &Here, endpoint: &str, allowed: &[&str]) -> Lowered<(ActorId, String)> {
        match endpoint.rsplit_once('.') {
            Some((name, stream)) if allowed.contains(&stream) => Ok((self.who(here, name)?, stream.to_owned())),
            _ => Err(LowerError::invalid(format!(
                "`{endpoint}`: on the library plane this step works on a started process's {}",
                allowed.join(" or ")
            ))),
        }
    }

    fn kill_request(&self, here: &Here, step: &signal::Kill) -> Lowered<Request> {
        let mut request = self.simple(here, "kill", &step.who, |handle| Operation::Kill { handle })?;
        if let Some(signal) = &step.signal {
            let (signal, _) = self.values.signal(signal)?;
            request.label = format!("send {signal} to {}", request.on);
            request.operation = Operation::Signal { handle: String::new(), signal };
        }
        Ok(request)
    }

    fn communicate(&self, here: &Here, step: &library::Communicate) -> Lowered<Request> {
        let input: Option<u64> = self.values.optional(step.bytes.as_ref())?;
        let timeout_ms = self.values.optional(step.timeout.as_ref())?;
        let mut request = self.simple(here, "communicate", &step.with, |handle| Operation::Communicate {
            handle,
            input: input.map(pattern),
            timeout_ms,
        })?;
        request.label = match input {
            Some(bytes) => format!("communicate {bytes} bytes with {}", request.on),
            None => format!("communicate with {}", request.on),
        };
        Ok(request)
    }

    fn spawn(&mut self, here: &mut Here, step: &library::Spawn) -> Lowered<Op> {
        let (outcomes, _) = self.outcomes(&step.expect)?;
        let child = self.actor(here, &step.name, Origin::Spawned)?;
        let name = self.name_of(child);
        let plays = step.program.is_none();
        let program = self.program_of_spawn(step, &name)?;
        let args = self.values.texts(&step.args)?;
        let (env, cwd) = self.surroundings(step.surroundings())?;
        let streams = [&step.stdin, &step.stdout, &step.stderr];
        let stdio = self.stdio(streams)?;
        let wishes = self.wishes(step)?;
        let declared = self.declare(here, "spawn", spawn_label(step, &name, &program, args.len()), Some(&name), &step.expect)?;
        self.decl(declared).asked = Some(Box::new(Asked {
            child: (plays && !may_fail(&outcomes)).then_some(child),
            program: program.clone(),
            argv: wishes
                .arg0
                .clone()
                .into_iter()
                .chain(wishes.arg0.is_none().then(|| Value::Text(program.clone())))
                .chain(args.iter().cloned())
                .collect(),
            env: env.clone().map(|env| AskedEnv { replace: env.replace, vars: env.vars }),
            fds: wishes::asked_fds(&wishes, &stdio),
            cwd: cwd.clone(),
            identity: wishes::asked_identity(&wishes, &stdio),
            spawn: None,
        }));
        here.made(&step.name, child);
        if plays {
            self.agent(here.spawned(child), &step.steps)?;
        }
        let [stdin, stdout, stderr] = stdio;
        let request = SpawnRequest { program: Value::Text(program), args, env, cwd: cwd.map(Value::Text), stdin, stdout, stderr, ..wishes };
        let operation = Box::new(Operation::Spawn(Box::new(request)));
        Ok(declared.op(Act::Ask { actor: Some(child), name, operation }))
    }

    fn program_of_spawn(&self, step: &library::Spawn, name: &str) -> Lowered<String> {
        match &step.program {
            None => Ok(agent_path(name)),
            Some(program) if step.search => self.values.template(program),
            Some(program) => Ok(self.program_path(&self.values.template(program)?)),
        }
    }

    /// The environment, where one is asked for, and the path of the working directory.
    pub(super) fn surroundings(&self, wished: library::Surroundings<'_>) -> Lowered<(Option<EnvRequest>, Option<String>)> {
        let cwd = self.values.bind_optional(wished.cwd)?.map(|path| self.program_path(&path));
        Ok((self.environment(wished)?, cwd))
    }

    fn environment(&self, wished: library::Surroundings<'_>) -> Lowered<Option<EnvRequest>> {
        let mode = self.values.bind_optional(wished.env_mode)?;
        let replace = match mode.as_deref() {
            None | Some("inherit") => false,
            Some("replace") => true,
            Some(other) => return Err(LowerError::invalid(format!("`env-mode: {other}`: inherit or replace"))),
        };
        let mut vars = Vec::new();
        for (name, value) in wished.env.into_iter().flatten() {
            vars.push((Value::Text(name.clone()), self.values.text(value)?));
        }
        if let Some(text) = wished.env_text {
            vars.push((Value::Text("CHILDPROOF_TEXT".into()), self.values.text(text)?));
        }
        Ok((replace || !vars.is_empty()).then_some(EnvRequest { replace, vars }))
    }

    fn stdio(&self, words: [&Option<Arg<String>>; 3]) -> Lowered<[Option<Stdio>; 3]> {
        let mut stdio = [None, None, None];
        for (place, word) in stdio.iter_mut().zip(words) {
            let word = word.as_ref().map(|word| self.values.template(word)).transpose()?;
            *place = word.map_or(Ok(None), |word| stdio_of(&word))?;
        }
        Ok(stdio)
    }
}

pub(super) fn stdio_of(word: &str) -> Lowered<Option<Stdio>> {
    let stdio = match word.split_once(' ') {
        None => match word {
            "default" => return Ok(None),
            "inherit" => Some(Stdio::Inherit),
            "null" => Some(Stdio::Null),
            "pipe" => Some(Stdio::Pipe),
            "stdout" => Some(Stdio::Stdout),
            "pty" => Some(Stdio::Pty),
            _ => None,
        },
        Some(("file", name)) => Some(Stdio::File(case_path(name.trim()))),
        Some(("fd", number)) => number.trim().parse().ok().map(Stdio::Fd),
        Some(_) => None,
    };
    stdio.map(Some).ok_or_else(|| {
        LowerError::invalid(format!(
            "`{word}` is no place for a standard descriptor: default, inherit, null, pipe, file NAME, fd N, stdout, pty"
        ))
    })
}

fn spawn_label(step: &library::Spawn, name: &str, program: &str, args: usize) -> String {
    let mut label = match &step.program {
        None => format!("spawn {name}"),
        Some(_) => format!("spawn {name} from {}", program.strip_prefix("{case}/").unwrap_or(program)),
    };
    if args > 0 {
        label += &format!(" with {args} arguments");
    }
    label
}

pub(super) fn pattern(len: u64) -> Data {
    Data::Pattern { repeat: PATTERN.to_owned(), len }
}
