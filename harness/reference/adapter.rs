//! The reference library as a subject: `childproof __subject raw`, or `raw:FAULT` for a faulty twin.

use super::pool::{Job, Pool};
use super::spawn::Refusal;
use super::{
    Child, Command, End, Env, Fault, Group, Library, Output, Pipeline, Stdio, User, Wishes, birth, handlers, platform, sweep, worker,
};
use crate::plan::value::Value;
use crate::wire::adapter::{done, errno_name, failed, hello, in_threads, input, ok, refused, run, text, unknown_handle};
use crate::wire::message::{Data, Fields, Operation, ReplyBody, SpawnRequest, Status, Stdio as Wanted};
use crate::wire::work::{JobRequest, WorkerRequest};
use crate::wire::{burden, farewell};
use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const CLAIMS: &[&str] = &[
    "spawn",
    "stdin",
    "stdout",
    "stderr",
    "communicate",
    "communicate-timeout",
    "wait",
    "wait-timeout",
    "poll",
    "kill",
    "terminate",
    "signal",
    "drop",
    "threads",
    "env",
    "env-replace",
    "cwd",
    "path-search",
    "stdio-inherit",
    "stdio-null",
    "stdio-pipe",
    "stdio-file",
    "stdio-fd",
    "stdio-merge",
    "handlers",
    "memory",
    "exit-handlers",
    "at-limits",
    "read-some",
    "close-output",
    "run",
    "run-timeout",
    "run-pipeline",
    "pipeline",
    "pipeline-stderr",
    "stdio-pty",
    "pass-fds",
    "arg0",
    "session",
    "process-group",
    "group-kill",
    "daemon",
    "kill-on-drop",
    "umask",
    "user",
    "worker",
    "worker-name",
    "worker-daemon",
    "worker-call",
    "worker-child",
    "worker-stderr",
    "start-fork",
    "start-spawn",
    "pool",
    "pool-max-tasks",
    "pool-respawn",
    "pool-unpicklable",
    "pool-unsendable",
    "submit",
    "map",
    "result-timeout",
    "shutdown-now",
    "main",
];

/// What a handle stands for.
#[derive(Clone)]
enum Started {
    Child(Arc<Child>),
    Pipeline(Arc<Pipeline>),
    Pool(Arc<Pool>),
    Job(Arc<Job>),
    /// There only to be given up.
    Daemon,
}

#[derive(Default)]
struct Handles {
    next: u64,
    open: HashMap<String, Started>,
}

struct Adapter {
    library: Library,
    handles: Mutex<Handles>,
}

/// Serves the reference library, with a fault or without, until it is asked to quit.
pub fn main(fault: Option<Fault>) -> ! {
    birth::close_again();
    let adapter = Adapter { library: Library { fault }, handles: Mutex::default() };
    run(hello("childproof reference", env!("CARGO_PKG_VERSION"), "rust", CLAIMS), |operation| adapter.answer(operation))
}

impl Adapter {
    fn answer(&self, operation: &Operation) -> ReplyBody {
        sweep();
        match operation {
            Operation::Spawn(request) => {
                command(request).and_then(|command| self.spawn(request.handle.as_deref(), &command)).unwrap_or_else(|error| explain(&error))
            }
            Operation::Parallel { threads, ops, lists } => in_threads(*threads, ops, lists, |operation| self.answer(operation)),
            Operation::Reset => {
                let handles = std::mem::take(&mut *self.handles());
                drop(handles);
                super::misdeeds::collect();
                handlers::undo();
                farewell::forget();
                burden::empty()
            }
            Operation::Fill { pages, value } => burden::fill(*pages, *value),
            Operation::AtExit {} => farewell::count(),
            Operation::Quit => done(),
            Operation::Handle { signal } => match number(signal) {
                Some(number) => handlers::handle(number).map_or_else(|error| explain(&error), |()| done()),
                None => refused("InvalidInput", format!("no signal `{signal}` here")),
            },
            Operation::Run { stages, input, timeout_ms } => {
                self.run(stages, input.as_ref(), timeout_ms.map(Duration::from_millis)).unwrap_or_else(|error| explain(&error))
            }
            Operation::Pipeline { handle, stages, stderr } => {
                self.pipeline(handle.as_deref(), stages, stderr).unwrap_or_else(|error| explain(&error))
            }
            Operation::Worker(request) => self.worker(request).unwrap_or_else(|error| explain(&error)),
            Operation::Main(request) => worker::start_main(self.library, request)
                .map(|child| self.keep_child(&request.handle, Some(child)))
                .unwrap_or_else(|error| explain(&error)),
            Operation::Pool(request) => self.kept(&request.handle, Started::Pool(Arc::new(Pool::new(self.library, request)))),
            Operation::Submit(request) | Operation::Map(request) => self.job(request),
            Operation::Result { handle, .. }
            | Operation::Shutdown { handle, .. }
            | Operation::Write { handle, .. }
            | Operation::CloseStdin { handle }
            | Operation::Read { handle, .. }
            | Operation::Close { handle, .. }
            | Operation::Communicate { handle, .. }
            | Operation::Wait { handle, .. }
            | Operation::Poll { handle }
            | Operation::Kill { handle }
            | Operation::Terminate { handle }
            | Operation::Signal { handle, .. }
            | Operation::Drop { handle } => {
                let Some(started) = self.handles().open.get(handle).cloned() else { return unknown_handle(handle) };
                if matches!(operation, Operation::Drop { .. }) {
                    let dropped = self.handles().open.remove(handle);
                    drop(dropped);
                    super::misdeeds::collect();
                    return done();
                }
                let result = match &started {
                    Started::Child(child) => with_child(child, operation),
                    Started::Pool(pool) => with_pool(pool, operation),
                    Started::Job(job) => with_job(self.library, job, operation),
                    Started::Daemon => return ReplyBody::Unsupported("nothing is known of a daemon".into()),
                    Started::Pipeline(pipeline) => with_pipeline(pipeline, operation),
                };
                result.unwrap_or_else(|error| explain(&error))
            }
        }
    }

    fn spawn(&self, wanted: Option<&str>, command: &Command) -> io::Result<ReplyBody> {
        let (started, pid) = if command.wishes.daemon {
            self.library.daemonise(command)?;
            (Started::Daemon, None)
        } else {
            let child = self.library.spawn(command)?;
            let pid = child.pid();
            (Started::Child(Arc::new(child)), Some(pid))
        };
        let handle = self.keep(wanted, started);
        Ok(ok(Fields { handle: Some(handle), pid, ..Fields::default() }))
    }

    fn worker(&self, request: &WorkerRequest) -> io::Result<ReplyBody> {
        let child = worker::request(self.library, request)?;
        Ok(self.keep_child(&request.handle, child))
    }

    /// The handle of a started process; of a task that was called here nothing is left.
    fn keep_child(&self, handle: &str, child: Option<Child>) -> ReplyBody {
        let pid = child.as_ref().map(Child::pid);
        let handle = self.keep(Some(handle), child.map_or(Started::Daemon, |child| Started::Child(Arc::new(child))));
        ok(Fields { handle: Some(handle), pid, ..Fields::default() })
    }

    fn kept(&self, handle: &str, started: Started) -> ReplyBody {
        ok(Fields { handle: Some(self.keep(Some(handle), started)), ..Fields::default() })
    }

    fn job(&self, request: &JobRequest) -> ReplyBody {
        let Some(Started::Pool(pool)) = self.handles().open.get(&request.pool).cloned() else { return unknown_handle(&request.pool) };
        pool.give(request).map_or_else(|error| explain(&error), |job| self.kept(&request.handle, Started::Job(job)))
    }

    fn pipeline(&self, wanted: Option<&str>, stages: &[SpawnRequest], stderr: &Option<Wanted>) -> io::Result<ReplyBody> {
        let commands = stages.iter().map(command).collect::<io::Result<_>>()?;
        let pipeline = self.library.pipeline(commands, stderr.is_some().then(|| stdio(stderr, false)))?;
        let pids = pipeline.pids();
        let handle = self.keep(wanted, Started::Pipeline(Arc::new(pipeline)));
        Ok(ok(Fields { handle: Some(handle), pids, ..Fields::default() }))
    }

    fn run(&self, stages: &[SpawnRequest], data: Option<&Data>, limit: Option<Duration>) -> io::Result<ReplyBody> {
        let commands = stages.iter().map(command).collect::<io::Result<_>>()?;
        let data = data.map(input).transpose()?;
        let Some((output, ends)) = self.library.run(commands, data.as_deref(), limit)? else { return Ok(timed_out()) };
        let statuses = if ends.len() > 1 { ends.into_iter().map(|end| Some(status(end))).collect() } else { Vec::new() };
        Ok(ok(Fields { statuses, ..told(output) }))
    }

    fn keep(&self, wanted: Option<&str>, started: Started) -> String {
        let mut handles = self.handles();
        handles.next += 1;
        let handle = wanted.map_or_else(|| format!("child-{}", handles.next), str::to_owned);
        handles.open.insert(handle.clone(), started);
        handle
    }

    fn handles(&self) -> MutexGuard<'_, Handles> {
        self.handles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn with_child(child: &Child, operation: &Operation) -> io::Result<ReplyBody> {
    match operation {
        Operation::Write { data, .. } => {
            let written = child.write(&input(data)?)?;
            Ok(ok(Fields { written: Some(written as u64), ..Fields::default() }))
        }
        Operation::CloseStdin { .. } => child.close_stdin().map(|()| done()),
        Operation::Read { stream, bytes, .. } => {
            let Some(which) = output(stream) else { return Ok(no_output(stream)) };
            let data = match bytes {
                Some(bytes) => child.read_some(which, usize::try_from(*bytes).unwrap_or(usize::MAX))?,
                None => child.read(which)?,
            };
            Ok(ok(Fields { data: Some(Value::from_bytes(&data)), ..Fields::default() }))
        }
        Operation::Close { stream, .. } => match output(stream) {
            Some(which) => child.close_output(which).map(|()| done()),
            None => Ok(no_output(stream)),
        },
        Operation::Communicate { input: data, timeout_ms, .. } => {
            let data = data.as_ref().map(input).transpose()?.unwrap_or_default();
            let Some(output) = child.communicate(&data, timeout_ms.map(Duration::from_millis))? else { return Ok(timed_out()) };
            Ok(ok(told(output)))
        }
        Operation::Wait { timeout_ms, .. } => {
            let end = child.wait(timeout_ms.map(Duration::from_millis))?;
            Ok(end.map_or_else(timed_out, |end| ended(Some(end))))
        }
        Operation::Poll { .. } => child.poll().map(ended),
        Operation::Kill { .. } => child.signal(libc::SIGKILL).map(|()| done()),
        Operation::Terminate { .. } => child.terminate().map(|()| done()),
        Operation::Signal { signal, .. } => match number(signal) {
            Some(number) => child.signal(number).map(|()| done()),
            None => Ok(refused("InvalidInput", format!("no signal `{signal}` here"))),
        },
        _ => Ok(ReplyBody::Unsupported("not an operation on a child".into())),
    }
}

/// What a whole takes; its pipes are its last stage's.
fn with_pipeline(pipeline: &Pipeline, operation: &Operation) -> io::Result<ReplyBody> {
    let limit = |timeout_ms: &Option<u64>| timeout_ms.map(Duration::from_millis);
    let fields = match operation {
        Operation::Communicate { input: data, timeout_ms, .. } => {
            let data = data.as_ref().map(input).transpose()?.unwrap_or_default();
            let Some(output) = pipeline.communicate(&data, limit(timeout_ms))? else { return Ok(timed_out()) };
            told(output)
        }
        Operation::Wait { timeout_ms, .. } => {
            let Some(end) = pipeline.wait(limit(timeout_ms))? else { return Ok(timed_out()) };
            Fields { status: Some(status(end)), ..Fields::default() }
        }
        Operation::Poll { .. } => Fields { status: pipeline.poll()?.map(status), ..Fields::default() },
        Operation::Kill { .. } => return pipeline.signal(libc::SIGKILL).map(|()| done()),
        Operation::Terminate { .. } => return pipeline.signal(libc::SIGTERM).map(|()| done()),
        Operation::Signal { signal, .. } => {
            let Some(number) = number(signal) else { return Ok(refused("InvalidInput", format!("no signal `{signal}` here"))) };
            return pipeline.signal(number).map(|()| done());
        }
        other => return with_child(pipeline.ends_of_the_line(), other),
    };
    let statuses = pipeline.statuses()?.into_iter().map(|end| end.map(status)).collect();
    Ok(ok(Fields { statuses, ..fields }))
}

fn with_pool(pool: &Pool, operation: &Operation) -> io::Result<ReplyBody> {
    match operation {
        Operation::Shutdown { now, .. } => {
            pool.shutdown(*now);
            Ok(done())
        }
        _ => Ok(ReplyBody::Unsupported("not an operation on a pool".into())),
    }
}

fn with_job(library: Library, job: &Job, operation: &Operation) -> io::Result<ReplyBody> {
    match operation {
        Operation::Result { timeout_ms, .. } => {
            let Some(values) = job.result(library, timeout_ms.map(Duration::from_millis))? else { return Ok(timed_out()) };
            Ok(ok(Fields { values, ..Fields::default() }))
        }
        _ => Ok(ReplyBody::Unsupported("not an operation on a job".into())),
    }
}

/// What was collected, with the end.
fn told(output: Output) -> Fields {
    let (stdout, stderr) = (Some(Value::from_bytes(&output.stdout)), Some(Value::from_bytes(&output.stderr)));
    Fields { stdout, stderr, status: Some(status(output.end)), ..Fields::default() }
}

fn output(stream: &str) -> Option<usize> {
    ["stdin", "stdout", "stderr"].iter().position(|name| *name == stream).filter(|which| *which > 0)
}

fn no_output(stream: &str) -> ReplyBody {
    refused("InvalidInput", format!("`{stream}` is no output"))
}

fn command(request: &SpawnRequest) -> io::Result<Command> {
    let env = request.env.as_ref().map(|env| {
        let vars = env.vars.iter().map(|(name, value)| Ok((text(name)?, text(value)?))).collect::<io::Result<_>>()?;
        Ok::<_, io::Error>(Env { replace: env.replace, vars })
    });
    Ok(Command {
        program: text(&request.program)?,
        args: request.args.iter().map(text).collect::<io::Result<_>>()?,
        env: env.transpose()?,
        cwd: request.cwd.as_ref().map(text).transpose()?,
        stdio: [&request.stdin, &request.stdout, &request.stderr].map(|wanted| stdio(wanted, request.daemon)),
        wishes: wishes(request)?,
    })
}

fn wishes(request: &SpawnRequest) -> io::Result<Wishes> {
    let user = request.user.clone().unwrap_or_default();
    Ok(Wishes {
        pass: request.pass.clone(),
        arg0: request.arg0.as_ref().map(text).transpose()?,
        session: request.new_session,
        group: match (request.own_group, request.new_group) {
            (true, _) => Group::Own,
            (false, true) => Group::New,
            (false, false) => Group::Inherit,
        },
        daemon: request.daemon,
        kill_on_drop: request.kill_on_drop,
        umask: request.umask,
        user: User { uid: user.uid, gid: user.gid, groups: user.groups },
    })
}

fn stdio(wanted: &Option<Wanted>, daemon: bool) -> Stdio {
    match wanted {
        None if daemon => Stdio::Null,
        None | Some(Wanted::Inherit) => Stdio::Inherit,
        Some(Wanted::Pty) => Stdio::Pty,
        Some(Wanted::Null) => Stdio::Null,
        Some(Wanted::Pipe) => Stdio::Pipe,
        Some(Wanted::File(path)) => Stdio::File(path.into()),
        Some(Wanted::Fd(fd)) => Stdio::Fd(*fd),
        Some(Wanted::Stdout) => Stdio::Stdout,
    }
}

/// A signal's number by its name without SIG: `TERM`, `RTMIN+2`.
fn number(name: &str) -> Option<i32> {
    if let Some(rest) = name.strip_prefix("RTMIN") {
        let offset = rest.strip_prefix('+').map_or(Some(0), |offset| offset.parse().ok())?;
        return platform::realtime(offset);
    }
    format!("SIG{name}").parse::<nix::sys::signal::Signal>().ok().map(|signal| signal as i32)
}

fn explain(error: &io::Error) -> ReplyBody {
    match failed(error) {
        ReplyBody::Error(mut failure) => {
            failure.errno = Refusal::errno_of(error).map(errno_name);
            ReplyBody::Error(failure)
        }
        body => body,
    }
}

fn status(end: End) -> Status {
    match end {
        End::Exited(code) => Status::Exited(code),
        End::Killed(signal) => Status::Killed(signal),
    }
}

fn ended(end: Option<End>) -> ReplyBody {
    ok(Fields { status: end.map(status), ..Fields::default() })
}

fn timed_out() -> ReplyBody {
    ok(Fields { timed_out: true, ..Fields::default() })
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn signals_are_known_by_name() {
        assert_eq!(number("TERM"), Some(libc::SIGTERM));
        assert_eq!(number("LEVITATE"), None);
    }
}
