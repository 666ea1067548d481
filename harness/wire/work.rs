//! Workers: processes that run a *function* of the library's own language, and pools of them.
//!
//! Libraries such as multiprocessing start no program that an agent could play. What a worker is to do is therefore told in a
//! handful of deeds, the same for every language, which an adapter performs in its own: enough to be held, seen, ended and
//! counted. What a worker saw of itself it writes down in a file, and at doors it waits for the harness; neither goes through the
//! library, so that a library that loses an answer is caught by what the worker itself wrote.
//!
//! A **note** is one line, a JSON object ([`Note`]), written by one call to the end of the file [`Task::notes`]. A **door** `D` is
//! made by the harness: two FIFOs, `D.here` and `D.go`, or `D.go-ITEM` for an item's own. To knock is to write a note to
//! `D.here`; to be held is to knock, then to read one byte from `D.go`. Whoever finds its end there sleeps for ever: nobody is
//! left to let it in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a worker is to do: a note that it `began`, the deeds, a note that it `ended`; the result is the square of its item.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Task {
    /// What notes are to say that they are `of`.
    pub of: String,
    /// The file that notes are added to.
    pub notes: String,
    /// What to do, in order.
    #[serde(default, rename = "do")]
    pub deeds: Vec<Deed>,
}

/// One thing to do: exactly one of the fields beside `only` is there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Deed {
    /// For these items alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only: Option<Vec<i64>>,
    /// Be held at this door.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<String>,
    /// Be held at this door, until it is opened for the item (`D.go-ITEM`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold_item: Option<String>,
    /// Knock at this door and go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub knock: Option<String>,
    /// Print this text to standard output, by the language's own means, without flushing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub print: Option<String>,
    /// Capability `worker-stderr`: write so many bytes to standard error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub print_error: Option<u64>,
    /// Capability `pool-unpicklable`: have a result of a kind that the library cannot send to the caller (a function, a lock).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unpicklable: bool,
    /// Capability `pool-unsendable`: nothing to do in the worker. The item travels with something that the library cannot send to one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unsendable: bool,
    /// End the process in the language's own way (`sys.exit`), with this code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
    /// End it at once (`_exit`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leave: Option<i32>,
    /// Fail with an error of this text (an exception, a panic).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fail: Option<String>,
    /// Die by this signal, sent to itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub die: Option<String>,
    /// Have a note of this word written when the process ends in an orderly way (`atexit`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_exit: Option<String>,
    /// Start a worker of its own and wait for it; where the library refuses, a note `refused`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub child: Option<Box<Task>>,
}

/// What a worker wrote down. Of these only `what`, `of` and `pid` must be there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Note {
    /// `began`, `ended`, `here` (at a door), `refused`, or the word of an `at_exit`.
    pub what: String,
    /// The task's `of`.
    pub of: String,
    /// `getpid()`.
    pub pid: i32,
    /// `getppid()`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ppid: Option<i32>,
    /// What the library calls the worker that this is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The mark that it finds; see [`WorkerRequest::mark`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mark: Option<i64>,
    /// The item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<i64>,
}

/// How a task is handed to the library.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// It is started.
    #[default]
    Start,
    /// Capability `worker-call`: what the library runs in the worker is called in the caller (`Process(target=f).run()`).
    Run,
    /// Capability `worker-call`: the function is called where it should have been handed over (`Process(target=f())`); then what it
    /// returned is started.
    Argument,
}

/// The library's way of making a worker's process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Capability `start-fork`: a copy of the caller.
    Fork,
    /// Capability `start-spawn`: a fresh program.
    Spawn,
    /// Capability `start-forkserver`: a copy of a server that was started before.
    Forkserver,
}

/// A worker to start. Capability `worker`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorkerRequest {
    /// Name that the handle is to have.
    pub handle: String,
    /// What it is to do.
    pub task: Task,
    /// `worker-name`: its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `worker-daemon`: it is not to outlive its main program, which does not wait for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub daemon: bool,
    /// The way; absent: the library's own (an adapter's that has several).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Method>,
    /// How.
    #[serde(default)]
    pub call: Call,
    /// Put this number into a variable of the program, 0 when it began, before the start: notes tell what they find there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<i64>,
}

/// A pool to make. Capability `pool`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PoolRequest {
    /// Name that the handle is to have.
    pub handle: String,
    /// How many workers.
    pub workers: u32,
    /// `pool-max-tasks`: a worker is replaced after so many tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tasks: Option<u32>,
    /// `pool-respawn`: it is relied on that a worker that died is replaced, and that the pool goes on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub respawn: bool,
}

impl PoolRequest {
    /// The capabilities that it needs.
    pub fn needs(&self) -> Vec<&'static str> {
        let wishes = [(self.max_tasks.is_some(), "pool-max-tasks"), (self.respawn, "pool-respawn")];
        ["pool"].into_iter().chain(wishes.into_iter().filter_map(|(wished, name)| wished.then_some(name))).collect()
    }
}

/// Work for a pool. `submit`: one item; `map`: all of them in one call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct JobRequest {
    /// Name that the handle is to have.
    pub handle: String,
    /// The pool.
    pub pool: String,
    /// What to do with each.
    pub task: Task,
    /// The items.
    pub items: Vec<i64>,
    /// So many bytes travel with each item, and back with its result.
    #[serde(default)]
    pub pad: u64,
}

/// A main program of its own: it starts the workers, one after the other, and comes to its end. Capability `main`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MainRequest {
    /// Name that the handle is to have.
    pub handle: String,
    /// The workers.
    pub workers: Vec<WorkerRequest>,
}

impl Task {
    /// The capabilities that its deeds need.
    pub fn needs(&self) -> Vec<&'static str> {
        let mut found = Vec::new();
        for deed in &self.deeds {
            let wishes = [
                (deed.child.is_some(), "worker-child"),
                (deed.print_error.is_some(), "worker-stderr"),
                (deed.unpicklable, "pool-unpicklable"),
                (deed.unsendable, "pool-unsendable"),
            ];
            found.extend(wishes.into_iter().filter_map(|(wished, name)| wished.then_some(name)));
            found.extend(deed.child.iter().flat_map(|child| child.needs()));
        }
        found
    }

    /// Every path in it.
    pub fn paths(&mut self) -> Vec<&mut String> {
        let mut found = vec![&mut self.notes];
        for deed in &mut self.deeds {
            found.extend(deed.hold.as_mut());
            found.extend(deed.hold_item.as_mut());
            found.extend(deed.knock.as_mut());
            found.extend(deed.child.as_mut().map(|child| child.paths()).unwrap_or_default());
        }
        found
    }
}

impl WorkerRequest {
    /// The capabilities that it needs.
    pub fn needs(&self) -> Vec<&'static str> {
        let method = self.method.map(|method| match method {
            Method::Fork => "start-fork",
            Method::Spawn => "start-spawn",
            Method::Forkserver => "start-forkserver",
        });
        let wishes = [(self.name.is_some(), "worker-name"), (self.daemon, "worker-daemon"), (self.call != Call::Start, "worker-call")];
        let wished = wishes.into_iter().filter_map(|(wished, name)| wished.then_some(name));
        ["worker"].into_iter().chain(method).chain(wished).chain(self.task.needs()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::capability;
    use crate::wire::message::Operation;

    #[test]
    fn a_request_needs_what_its_deeds_need_however_deep() {
        let deeds = |deeds: Vec<Deed>| Task { deeds, ..Task::default() };
        let inner = deeds(vec![Deed { print_error: Some(1), ..Deed::default() }]);
        let outer = deeds(vec![Deed { child: Some(Box::new(inner)), ..Deed::default() }]);
        let worker = WorkerRequest { task: outer, ..WorkerRequest::default() };
        assert_eq!(worker.needs(), ["worker", "worker-child", "worker-stderr"]);
        let job = JobRequest { task: deeds(vec![Deed { unpicklable: true, ..Deed::default() }]), ..JobRequest::default() };
        assert_eq!(capability::of(&Operation::Map(Box::new(job))), ["map", "pool-unpicklable"]);
    }
}
