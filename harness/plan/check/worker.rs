//! Workers, pools and doors.

use super::kinds::Sort;
use super::vocabulary as words;
use super::walk::{Checker, Frame};
use crate::plan::expr::{Arg, Expr};
use crate::plan::node::Node;
use crate::plan::step::Step;
use crate::plan::step::pool::{ClosePool, Pool, Release};
use crate::plan::step::worker::{Deed, Main, Worker};

/// Ways in which a library makes a worker's process.
const METHODS: &[&str] = &["fork", "spawn", "forkserver"];
/// How a function is handed over.
const CALLS: &[&str] = &["start", "run", "argument"];

impl Checker<'_> {
    /// What these steps say of themselves.
    pub(super) fn worker_fields(&mut self, frame: &Frame, step: &Step, body: &Node) {
        match step {
            Step::Worker(worker) => self.worker(frame, worker, body),
            Step::Main(main) => self.main_program(frame, main, body),
            Step::Pool(pool) => self.pool(frame, pool, body),
            Step::Submit(submit) => {
                self.need("submit");
                self.spawned(frame, body.at("to"), &submit.to);
                self.wanted(frame, body, "item", submit.item.as_ref());
                self.field(frame, body, "pad", submit.pad.as_ref(), Sort::Int);
                self.deeds(frame, body.at("task"), &submit.task, true);
                self.expect(frame, body, &submit.expect);
            }
            Step::Map(map) => {
                self.need("map");
                self.spawned(frame, body.at("to"), &map.to);
                self.wanted(frame, body, "items", map.items.as_ref());
                self.field(frame, body, "pad", map.pad.as_ref(), Sort::Int);
                self.deeds(frame, body.at("task"), &map.task, true);
                self.expect(frame, body, &map.expect);
            }
            Step::Result(result) => {
                self.spawned(frame, body.at("of"), &result.of);
                self.field(frame, body, "timeout", result.timeout.as_ref(), Sort::Int);
                if result.timeout.is_some() {
                    self.need("result-timeout");
                }
                self.expect(frame, body, &result.expect);
            }
            Step::ClosePool(close) => self.close_pool(frame, close, body),
            Step::Meet(meet) => {
                self.door(frame, body.at("at"), &meet.at);
                self.field(frame, body, "count", meet.count.as_ref(), Sort::Int);
            }
            Step::Release(release) => self.release(frame, release, body),
            _ => {}
        }
    }

    fn worker(&mut self, frame: &Frame, worker: &Worker, body: &Node) {
        self.need("worker");
        self.deeds(frame, body.at("task"), &worker.task, false);
        self.text_field(frame, body, "named", worker.named.as_ref());
        self.field(frame, body, "daemon", worker.daemon.as_ref(), Sort::Bool);
        self.field(frame, body, "mark", worker.mark.as_ref(), Sort::Int);
        for (wished, capability) in [(worker.named.is_some(), "worker-name"), (worker.daemon.is_some(), "worker-daemon")] {
            if wished {
                self.need(capability);
            }
        }
        if let Some(method) = &worker.method {
            self.word(frame, body.at("method"), method, "a way to start a worker", |word| words::among(word, METHODS));
            if let Arg::Lit(word) = method {
                self.need(&format!("start-{word}"));
            }
        }
        if let Some(call) = &worker.call {
            self.word(frame, body.at("call"), call, "a way to hand a function over", |word| words::among(word, CALLS));
            if self.possible(call).iter().any(|word| word != "start") {
                self.need("worker-call");
            }
        }
        self.expect(frame, body, &worker.expect);
    }

    fn main_program(&mut self, frame: &Frame, main: &Main, body: &Node) {
        self.need("main");
        if main.workers.is_empty() {
            self.problem(body, "a main program without workers".to_owned(), "add `workers: [{as: a, task: [...]}]`");
        }
        for (index, worker) in main.workers.iter().enumerate() {
            let node = body.at("workers").item(index);
            self.name(node.at("as"), &worker.name);
            self.worker(frame, worker, node);
            if frame.repeated {
                self.families.insert(worker.name.clone());
            }
        }
    }

    fn pool(&mut self, frame: &Frame, pool: &Pool, body: &Node) {
        self.need("pool");
        self.wanted(frame, body, "workers", pool.workers.as_ref());
        self.field(frame, body, "max-tasks", pool.max_tasks.as_ref(), Sort::Int);
        for (wished, capability) in [(pool.max_tasks.is_some(), "pool-max-tasks"), (pool.respawn, "pool-respawn")] {
            if wished {
                self.need(capability);
            }
        }
        self.expect(frame, body, &pool.expect);
    }

    fn close_pool(&mut self, frame: &Frame, shutdown: &ClosePool, body: &Node) {
        self.spawned(frame, body.at("of"), &shutdown.of);
        if shutdown.now {
            self.need("shutdown-now");
        }
        self.expect(frame, body, &shutdown.expect);
    }

    fn release(&mut self, frame: &Frame, release: &Release, body: &Node) {
        self.door(frame, body.at("at"), &release.at);
        self.field(frame, body, "count", release.count.as_ref(), Sort::Int);
        self.field(frame, body, "item", release.item.as_ref(), Sort::Int);
        if [release.count.is_some(), release.item.is_some(), release.all].iter().filter(|given| **given).count() > 1 {
            self.problem(body, "whom is it to let through?".to_owned(), "give one of `count`, `item` and `all: true`");
        }
    }

    /// A door exists because a task names it, before or after: what nobody comes to would be waited at for ever.
    fn door(&mut self, frame: &Frame, node: &Node, name: &str) {
        self.free_text(frame, node, name);
        if !self.doors.contains(name) && !name.contains('$') {
            let help = crate::plan::diagnostic::suggest(name, self.doors.iter().map(String::as_str));
            self.problem(node, format!("no task comes to the door `{name}`"), &help);
        }
    }

    fn wanted(&mut self, frame: &Frame, body: &Node, field: &str, expr: Option<&Expr>) {
        match expr {
            Some(expr) => self.expr(frame, body.at(field), expr, Sort::Int),
            None => self.problem(body, format!("`{field}` is missing"), &format!("add `{field}: 3`")),
        }
    }

    /// `told`: somebody asks for the result.
    fn deeds(&mut self, frame: &Frame, nodes: &Node, deeds: &[Deed], told: bool) {
        for (index, deed) in deeds.iter().enumerate() {
            let node = nodes.item(index);
            if deed.count() != 1 {
                self.problem(node, "a deed is one thing".to_owned(), "write `- hold: door`, `- exit: 3`; beside it only `only` may stand");
            }
            self.field(frame, node, "only", deed.only.as_ref(), Sort::Any);
            for (field, text) in [("hold", &deed.hold), ("hold-item", &deed.hold_item), ("knock", &deed.knock), ("at-exit", &deed.at_exit)]
            {
                if let Some(text) = text {
                    self.free_text(frame, node.at(field), text);
                }
            }
            self.text_field(frame, node, "print", deed.print.as_ref());
            self.text_field(frame, node, "fail", deed.fail.as_ref());
            self.field(frame, node, "print-error", deed.print_error.as_ref(), Sort::Int);
            if deed.print_error.is_some() {
                self.need("worker-stderr");
            }
            if deed.unpicklable {
                self.need("pool-unpicklable");
            }
            if deed.unsendable {
                self.need("pool-unsendable");
            }
            let misplaced = [
                (deed.unpicklable, "unpicklable", "the result of a worker is sent to nobody"),
                (deed.unsendable, "unsendable", "a worker has no item that could be sent to it"),
            ];
            for (_, field, why) in misplaced.into_iter().filter(|(asked, ..)| *asked && !told) {
                self.problem(node.at(field), why.to_owned(), "give the deed to a pool, by `submit` or `map`");
            }
            self.field(frame, node, "exit", deed.exit.as_ref(), Sort::Int);
            self.field(frame, node, "leave", deed.leave.as_ref(), Sort::Int);
            if let Some(signal) = &deed.die {
                self.word(frame, node.at("die"), signal, "a signal", words::signal);
            }
            if let Some(child) = &deed.child {
                self.need("worker-child");
                self.deeds(frame, node.at("child"), child, false);
            }
        }
    }
}

/// Every door that a task of these steps comes to.
pub fn doors(steps: &[Step]) -> std::collections::BTreeSet<String> {
    let mut found = std::collections::BTreeSet::new();
    for step in steps {
        match step {
            Step::Worker(worker) => doors_of(&worker.task, &mut found),
            Step::Main(main) => main.workers.iter().for_each(|worker| doors_of(&worker.task, &mut found)),
            Step::Submit(submit) => doors_of(&submit.task, &mut found),
            Step::Map(map) => doors_of(&map.task, &mut found),
            other => crate::plan::step::bodies(other).into_iter().for_each(|(_, body)| found.extend(doors(body))),
        }
    }
    found
}

fn doors_of(deeds: &[Deed], found: &mut std::collections::BTreeSet<String>) {
    for deed in deeds {
        found.extend([&deed.hold, &deed.hold_item, &deed.knock].into_iter().flatten().cloned());
        doors_of(deed.child.as_deref().unwrap_or_default(), found);
    }
}
