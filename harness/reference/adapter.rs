//! The reference library as a subject: `childproof __subject raw`, or `raw:FAULT` for a faulty twin.

use super::spawn::Refusal;
use super::{Child, Command, End, Env, Fault, Library, Stdio, birth, handlers, platform, sweep};
use crate::plan::value::Value;
use crate::wire::adapter::{done, errno_name, failed, hello, in_threads, input, ok, refused, run, text, unknown_handle};
use crate::wire::message::{Fields, Operation, ReplyBody, SpawnRequest, Status, Stdio as Wanted};
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
];

#[derive(Default)]
struct Handles {
    next: u64,
    open: HashMap<String, Arc<Child>>,
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
                self.handles().open.clear();
                handlers::undo();
                done()
            }
            Operation::Quit => done(),
            Operation::Handle { signal } => match number(signal) {
                Some(number) => handlers::handle(number).map_or_else(|error| explain(&error), |()| done()),
                None => refused("InvalidInput", format!("no signal `{signal}` here")),
            },
            Operation::Run { .. } | Operation::Pipeline { .. } => ReplyBody::Unsupported("the reference library does not offer it".into()),
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
            | Operation::Drop { handle } => {
                let Some(child) = self.handles().open.get(handle).cloned() else { return unknown_handle(handle) };
                if matches!(operation, Operation::Drop { .. }) {
                    self.handles().open.remove(handle);
                    return done();
                }
                with_child(&child, operation).unwrap_or_else(|error| explain(&error))
            }
        }
    }

    fn spawn(&self, wanted: Option<&str>, command: &Command) -> io::Result<ReplyBody> {
        let child = self.library.spawn(command)?;
        let pid = child.pid();
        let mut handles = self.handles();
        handles.next += 1;
        let handle = wanted.map_or_else(|| format!("child-{}", handles.next), str::to_owned);
        handles.open.insert(handle.clone(), Arc::new(child));
        Ok(ok(Fields { handle: Some(handle), pid: Some(pid), ..Fields::default() }))
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
        Operation::Read { stream, .. } => {
            let Some(which) = ["stdin", "stdout", "stderr"].iter().position(|name| name == stream).filter(|which| *which > 0) else {
                return Ok(refused("InvalidInput", format!("`{stream}` is no output")));
            };
            Ok(ok(Fields { data: Some(Value::from_bytes(&child.read(which)?)), ..Fields::default() }))
        }
        Operation::Communicate { input: data, timeout_ms, .. } => {
            let data = data.as_ref().map(input).transpose()?.unwrap_or_default();
            let Some(output) = child.communicate(&data, timeout_ms.map(Duration::from_millis))? else { return Ok(timed_out()) };
            let (stdout, stderr) = (Some(Value::from_bytes(&output.stdout)), Some(Value::from_bytes(&output.stderr)));
            Ok(ok(Fields { stdout, stderr, status: Some(status(output.end)), ..Fields::default() }))
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
        stdio: [&request.stdin, &request.stdout, &request.stderr].map(stdio),
    })
}

fn stdio(wanted: &Option<Wanted>) -> Stdio {
    match wanted {
        // A pseudo-terminal is not claimed.
        None | Some(Wanted::Inherit | Wanted::Pty) => Stdio::Inherit,
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
