//! Workers of the reference library: this program again, as `__subject raw-worker`, with its orders in the environment. Or, where
//! a copy of the caller is asked for, a fork.
//!
//! The rules:
//! 1. A worker is a child of the caller, runs its task there and nowhere else, and ends with 0, or with 1 where the task failed.
//! 2. It has the name that was asked for, and nothing of the caller's that it was not given: a fork has all.
//! 3. What it printed is flushed at its orderly end, and what it wanted done at exit is done: in it alone.
//! 4. A main program that comes to its end waits for its workers; those that may not outlive it are ended. Such a worker may have
//!    none of its own.
//! 5. A worker of a pool inherits the caller's standard error, and what its tasks print goes there too: the way of the results is
//!    theirs alone.
//! 6. A result that cannot be sent back is an error of its item, told as any other.

use super::command::{Command, Env, Stdio};
use super::process::{Child, Nature};
use super::task::{self, Failed};
use super::{Fault, Library};
use crate::wire::work::{Call, JobRequest, MainRequest, Method, Task, WorkerRequest};
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, Write};
use std::os::fd::AsFd;
use std::sync::Arc;

/// Where a worker finds its orders.
const ORDERS: &str = "CHILDPROOF_WORK";

/// What a started copy of this program is to do.
#[derive(Serialize, Deserialize)]
enum Orders {
    /// One task.
    Task { task: Task, name: Option<String>, daemon: bool },
    /// Those of a pool, as they come on standard input.
    Pool,
    /// A main program.
    Main(MainRequest),
}

/// One item for a worker of a pool, a line of JSON on its standard input.
#[derive(Serialize, Deserialize)]
pub(super) struct Order {
    pub task: Task,
    pub item: i64,
    pub pad: String,
}

/// Its answer, a line on its standard output.
#[derive(Serialize, Deserialize)]
pub(super) struct Answer {
    pub value: Result<i64, String>,
    pub pad: String,
}

impl Order {
    pub fn of(request: &JobRequest, item: i64) -> Order {
        Order { task: request.task.clone(), item, pad: "x".repeat(usize::try_from(request.pad).unwrap_or(0)) }
    }
}

fn launch(library: Library, orders: &Orders, stdio: [Stdio; 3]) -> io::Result<Child> {
    let name = library.fault.map_or_else(|| "raw-worker".to_owned(), |fault| format!("raw-worker:{fault}"));
    let vars = vec![(OsString::from(ORDERS), OsString::from(serde_json::to_string(orders)?))];
    library.spawn(&Command {
        program: std::env::current_exe()?.into_os_string(),
        args: vec!["__subject".into(), name.into()],
        env: Some(Env { replace: false, vars }),
        stdio,
        ..Command::default()
    })
}

/// Starts a worker in a fresh program.
pub(super) fn start(library: Library, task: &Task, name: Option<String>, daemon: bool) -> io::Result<Child> {
    let name = name.filter(|_| !library.has(Fault::ForgetsWorkerName));
    launch(library, &Orders::Task { task: task.clone(), name, daemon }, Default::default())
}

/// Starts a worker of a pool; its standard input and output are pipes to the caller.
pub(super) fn start_pooled(library: Library) -> io::Result<Child> {
    let errors = if library.has(Fault::PipesWorkersErrors) { Stdio::Pipe } else { Stdio::Inherit };
    launch(library, &Orders::Pool, [Stdio::Pipe, Stdio::Pipe, errors])
}

/// Starts a main program.
pub(super) fn start_main(library: Library, request: &MainRequest) -> io::Result<Child> {
    launch(library, &Orders::Main(request.clone()), Default::default())
}

/// Performs a request for a worker: its process, where one was started.
///
/// # Errors
/// Those of a start; a task that was called here and failed.
pub(super) fn request(library: Library, request: &WorkerRequest) -> io::Result<Option<Child>> {
    task::set_mark(request.mark);
    let here = |task: &Task| task::perform(library, task, None).map_err(|Failed(text)| io::Error::other(text));
    match request.call {
        Call::Run => here(&request.task).map(|_| None),
        Call::Argument => {
            here(&request.task)?;
            start(library, &Task::default(), request.name.clone(), request.daemon).map(Some)
        }
        Call::Start if library.has(Fault::RunsWorkersInCaller) => {
            here(&request.task)?;
            start(library, &Task::default(), request.name.clone(), request.daemon).map(Some)
        }
        Call::Start if request.method == Some(Method::Fork) && !library.has(Fault::ForkStartsAfresh) => fork(library, request).map(Some),
        Call::Start => start(library, &request.task, request.name.clone(), request.daemon).map(Some),
    }
}

/// A copy of this process. Only where it has one thread: what others hold locked would stay locked in the copy.
fn fork(library: Library, request: &WorkerRequest) -> io::Result<Child> {
    let _ = io::stdout().flush();
    // SAFETY: the adapter has one thread, but for pools, whose threads take no lock that a task takes; the copy never returns.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => work(library, &request.task, request.name.clone(), request.daemon),
        pid => Child::new(library, pid, [None, None, None], Nature::default()),
    }
}

fn work(library: Library, task: &Task, name: Option<String>, daemon: bool) -> ! {
    task::be_worker(name, daemon);
    match task::perform(library, task, None) {
        Ok(_) => task::finish(library, 0),
        Err(Failed(text)) => {
            let _ = writeln!(io::stderr(), "worker: {text}");
            task::finish(library, if library.has(Fault::WorkerErrorExitsWith0) { 0 } else { 1 })
        }
    }
}

/// The rest of the life of a process that was started as a worker or main program.
pub fn main(fault: Option<Fault>) -> ! {
    let library = Library { fault };
    let orders = std::env::var(ORDERS).ok().and_then(|orders| serde_json::from_str(&orders).ok());
    match orders {
        Some(Orders::Task { task, name, daemon }) => work(library, &task, name, daemon),
        Some(Orders::Pool) => pooled(library),
        Some(Orders::Main(request)) => main_program(library, &request),
        None => {
            let _ = writeln!(io::stderr(), "childproof: {ORDERS} holds no orders");
            std::process::exit(2)
        }
    }
}

fn pooled(library: Library) -> ! {
    task::be_worker(None, true);
    let Ok(mut answers) = way_back(library) else { task::finish(library, 1) };
    for line in io::stdin().lock().lines() {
        let Ok(Ok(order)) = line.map(|line| serde_json::from_str::<Order>(&line)) else { break };
        let mut value = task::perform(library, &order.task, Some(order.item)).map_err(|Failed(text)| text);
        if library.has(Fault::RunsItemsTwice) {
            value = task::perform(library, &order.task, Some(order.item)).map_err(|Failed(text)| text);
        }
        if value.is_ok() && task::is_unpicklable(&order.task, order.item) {
            if library.has(Fault::LosesUnpicklable) {
                break;
            }
            value = Err("the result cannot be sent back".to_owned());
        }
        let mut answer = serde_json::to_vec(&Answer { value, pad: order.pad }).unwrap_or_default();
        answer.push(b'\n');
        if io::stdout().flush().and_then(|()| answers.write_all(&answer)).is_err() {
            break;
        }
    }
    task::finish(library, 0)
}

/// Rule 5: takes standard output as the way of the results, and has it lead where the errors go.
fn way_back(library: Library) -> io::Result<File> {
    let answers = io::stdout().as_fd().try_clone_to_owned()?;
    if !library.has(Fault::PrintsAmongResults) {
        nix::unistd::dup2_stdout(io::stderr())?;
    }
    Ok(answers.into())
}

/// Rule 4.
fn main_program(library: Library, request: &MainRequest) -> ! {
    let mut workers: Vec<(bool, Arc<Child>)> = Vec::new();
    for worker in &request.workers {
        match self::request(library, worker) {
            Ok(Some(child)) => workers.push((worker.daemon, Arc::new(child))),
            Ok(None) => {}
            Err(error) => {
                let _ = writeln!(io::stderr(), "main: {error}");
                task::finish(library, 1);
            }
        }
    }
    for (_, child) in workers.iter().filter(|(daemon, _)| *daemon && !library.has(Fault::DaemonOutlivesMain)) {
        let _ = child.terminate();
        if !library.has(Fault::MainDoesNotJoin) {
            let _ = child.wait(None);
        }
    }
    for (_, child) in workers.iter().filter(|(daemon, _)| !daemon && !library.has(Fault::MainDoesNotJoin)) {
        let _ = child.wait(None);
    }
    task::finish(library, 0)
}
