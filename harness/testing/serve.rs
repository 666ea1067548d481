//! The test program as the adapter of its library: operations of the protocol become calls of the two traits.

use super::library::{Child, Library, Output, Refused, Start, Stream, bytes};
use crate::names;
use crate::plan::value::Value;
use crate::reference::handlers;
use crate::wire::adapter::{done, hello, in_threads, ok, refused, run, unknown_handle};
use crate::wire::message::{Fields, Operation, ReplyBody, SpawnRequest};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Says hello and answers until `quit`.
pub fn serve<L: Library>(name: &str, version: &str, library: &L) -> ! {
    let adapter = Adapter { library, handles: Mutex::default() };
    run(hello(name, version, "rust", library.capabilities()), |operation| adapter.answer(operation))
}

struct Handles<C> {
    next: u64,
    open: HashMap<String, Arc<C>>,
}

impl<C> Default for Handles<C> {
    fn default() -> Self {
        Handles { next: 0, open: HashMap::new() }
    }
}

struct Adapter<'a, L: Library> {
    library: &'a L,
    handles: Mutex<Handles<L::Child>>,
}

impl<L: Library> Adapter<'_, L> {
    fn answer(&self, operation: &Operation) -> ReplyBody {
        self.performed(operation).unwrap_or_else(Refused::reply)
    }

    fn performed(&self, operation: &Operation) -> Result<ReplyBody, Refused> {
        match operation {
            Operation::Spawn(request) => {
                let child = self.library.spawn(&Start::of(request)?)?;
                Ok(self.keep(request.handle.as_deref(), child))
            }
            Operation::Run { stages, input, .. } => {
                let input = input.as_ref().map(bytes).transpose()?;
                self.library.run(&starts(stages)?, input.as_deref()).map(collected)
            }
            Operation::Pipeline { handle, stages, stderr } => {
                let child = self.library.pipeline(&starts(stages)?, stderr.as_ref())?;
                Ok(self.keep(handle.as_deref(), child))
            }
            Operation::Parallel { threads, ops, lists } => Ok(in_threads(*threads, ops, lists, |operation| self.answer(operation))),
            Operation::Handle { signal } => {
                let number = names::signal_number(signal).ok_or_else(|| Refused::Unsupported(format!("no signal {signal}")))?;
                handlers::handle(number)?;
                Ok(done())
            }
            Operation::Drop { handle } => {
                let child = self.handles().open.remove(handle);
                Ok(child.map_or_else(|| unknown_handle(handle), |_| done()))
            }
            Operation::Reset => {
                let children = std::mem::take(&mut self.handles().open);
                drop(children);
                handlers::undo();
                self.library.reset();
                Ok(done())
            }
            Operation::Quit => Ok(done()),
            _ => self.with_child(operation),
        }
    }

    fn with_child(&self, operation: &Operation) -> Result<ReplyBody, Refused> {
        let Some(handle) = handle(operation) else {
            return Refused::unsupported("unknown operation");
        };
        let Some(child) = self.handles().open.get(handle).cloned() else {
            return Ok(unknown_handle(handle));
        };
        let limit = |ms: &Option<u64>| ms.map(Duration::from_millis);
        match operation {
            Operation::Write { data, .. } => {
                let data = bytes(data)?;
                child.write(&data)?;
                Ok(ok(Fields { written: Some(data.len() as u64), ..Fields::default() }))
            }
            Operation::CloseStdin { .. } => child.close_stdin().map(|()| done()),
            Operation::Read { stream, bytes, .. } => {
                let data = child.read(which(stream), *bytes)?;
                Ok(ok(Fields { data: Some(Value::from_bytes(&data)), ..Fields::default() }))
            }
            Operation::Close { stream, .. } => child.close(which(stream)).map(|()| done()),
            Operation::Communicate { input, timeout_ms, .. } => {
                let input = input.as_ref().map(bytes).transpose()?;
                Ok(child.communicate(input.as_deref(), limit(timeout_ms))?.map_or_else(late, collected))
            }
            Operation::Wait { timeout_ms, .. } => Ok(child.wait(limit(timeout_ms))?.map_or_else(late, |status| {
                let statuses = child.statuses().into_iter().map(|status| status.map(Into::into)).collect();
                ok(Fields { status: Some(status.into()), statuses, ..Fields::default() })
            })),
            Operation::Poll { .. } => {
                let status = child.poll()?;
                let each = if status.is_some() { child.statuses() } else { Vec::new() };
                let statuses = each.into_iter().map(|status| status.map(Into::into)).collect();
                Ok(ok(Fields { status: status.map(Into::into), statuses, ..Fields::default() }))
            }
            Operation::Kill { .. } => child.kill().map(|()| done()),
            Operation::Terminate { .. } => child.terminate().map(|()| done()),
            Operation::Signal { signal, .. } => match names::signal_number(signal) {
                Some(number) => child.signal(number).map(|()| done()),
                None => Ok(refused("UnknownSignal", format!("there is no signal `{signal}`"))),
            },
            _ => Refused::unsupported("unknown operation"),
        }
    }

    fn keep(&self, name: Option<&str>, child: L::Child) -> ReplyBody {
        let number = |id: u32| i32::try_from(id).ok();
        let (pid, pids) = (child.id().and_then(number), child.ids().into_iter().filter_map(number).collect());
        let mut handles = self.handles();
        handles.next += 1;
        let handle = name.map_or_else(|| format!("child-{}", handles.next), str::to_owned);
        let replaced = handles.open.insert(handle.clone(), Arc::new(child));
        drop(handles);
        drop(replaced);
        ok(Fields { handle: Some(handle), pid, pids, ..Fields::default() })
    }

    fn handles(&self) -> std::sync::MutexGuard<'_, Handles<L::Child>> {
        self.handles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn starts(stages: &[SpawnRequest]) -> Result<Vec<Start>, Refused> {
    Ok(stages.iter().map(Start::of).collect::<std::io::Result<_>>()?)
}

fn handle(operation: &Operation) -> Option<&str> {
    match operation {
        Operation::Write { handle, .. }
        | Operation::CloseStdin { handle }
        | Operation::Read { handle, .. }
        | Operation::Close { handle, .. }
        | Operation::Communicate { handle, .. }
        | Operation::Wait { handle, .. }
        | Operation::Poll { handle }
        | Operation::Kill { handle }
        | Operation::Terminate { handle }
        | Operation::Signal { handle, .. } => Some(handle),
        _ => None,
    }
}

fn which(stream: &str) -> Stream {
    if stream == "stderr" { Stream::Stderr } else { Stream::Stdout }
}

fn late() -> ReplyBody {
    ok(Fields { timed_out: true, ..Fields::default() })
}

fn collected(output: Output) -> ReplyBody {
    let value = |bytes: Option<Vec<u8>>| bytes.map(|bytes| Value::from_bytes(&bytes));
    ok(Fields {
        stdout: value(output.stdout),
        stderr: value(output.stderr),
        status: output.status.map(Into::into),
        statuses: output.statuses.into_iter().map(|status| status.map(Into::into)).collect(),
        ..Fields::default()
    })
}
