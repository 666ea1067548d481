//! The fields of each kind of step.

use super::actors::Object;
use super::gates::Move;
use super::kinds::Sort;
use super::vocabulary as words;
use super::walk::{Checker, Frame, Performer};
use crate::plan::ast::{Clause, Expect};
use crate::plan::expr::{Arg, Expr};
use crate::plan::node::Node;
use crate::plan::step::Step;
use crate::plan::step::control::{Await, AwaitState};
use crate::plan::step::fd::{Close, Pipe, Read, Write};
use crate::plan::step::library::{Communicate, Spawn};
use crate::plan::step::process::{Exec, Wait};
use crate::plan::step::signal::Kill;

impl Checker<'_> {
    /// What a step says of itself; the steps inside it are the walk's.
    pub(super) fn fields(&mut self, frame: &mut Frame, step: &Step, body: &Node) {
        match step {
            Step::Fork(fork) => {
                if let Some(other) = &fork.pid_of {
                    self.actor(frame, body.at("pid-of"), other);
                }
                self.expect(frame, body, &fork.expect);
            }
            Step::ForkTree(tree) => self.expr(frame, body.at("levels"), &tree.levels, Sort::Int),
            Step::Exec(exec) => self.exec(frame, exec, body),
            Step::Exit(exit) => self.expr(frame, body, &exit.0, Sort::Int),
            Step::Vfork(vfork) => self.expect(frame, body, &vfork.expect),
            Step::Quit(quit) => self.expr(frame, body, &quit.0, Sort::Int),
            Step::PosixSpawn(_) | Step::Threads(_) | Step::TryLock(_) | Step::Buffer(_) => self.within_fields(frame, step, body),
            Step::Wait(wait) => self.wait(frame, wait, body),
            Step::ReportState(label) => self.free_text(frame, body, &label.0),
            Step::ReportMemory(label) => self.free_text(frame, body, &label.0),
            Step::Gate(gate) => {
                self.free_text(frame, body, &gate.0);
                self.moves(frame, Move::Gate(gate.0.clone(), body.span));
                self.gates.awaited.entry(gate.0.clone()).or_insert((body.span, frame.actor.clone()));
            }
            Step::OpenGate(gate) => {
                self.free_text(frame, body, &gate.0);
                self.moves(frame, Move::Open(gate.0.clone()));
                self.gates.opened.entry(gate.0.clone()).or_insert(body.span);
            }
            Step::Await(awaited) => self.awaited(frame, awaited, body),
            Step::Burn(burn) => {
                self.expr(frame, body.at("ms"), &burn.ms, Sort::Int);
                self.actor(frame, body.at("beside"), &burn.beside);
            }
            Step::Repeat(repeat) => self.expr(frame, body.at("times"), &repeat.times, Sort::Int),
            Step::When(when) => self.expr(frame, body.at("holds"), &when.holds, Sort::Bool),
            Step::File(file) => {
                self.word(frame, body.at("kind"), &file.kind, "a kind of file", |word| words::among(word, words::FILES));
                self.text_field(frame, body, "text", file.text.as_ref());
                self.free_text(frame, body.at("path"), &file.path);
            }
            Step::Limit(_)
            | Step::Umask(_)
            | Step::Chdir(_)
            | Step::Nice(_)
            | Step::NewSession(_)
            | Step::ControlGroup(_)
            | Step::Group(_)
            | Step::KillGroup(_)
            | Step::Become(_)
            | Step::Spin(_) => self.attribute(frame, step, body),
            Step::Signal(signal) => {
                self.word(frame, body.at("set"), &signal.set, "a signal", words::signal);
                self.word(frame, body.at("to"), &signal.to, "a disposition", |word| words::among(word, words::DISPOSITIONS));
                let flags = [
                    ("restart", &signal.restart),
                    ("reset", &signal.reset),
                    ("no-defer", &signal.no_defer),
                    ("no-child-stop", &signal.no_child_stop),
                ];
                flags.iter().for_each(|(field, flag)| self.field(frame, body, field, flag.as_ref(), Sort::Bool));
            }
            Step::Mask(mask) => {
                self.signals_or_list(frame, body.at("block"), &mask.block);
                self.signals_or_list(frame, body.at("unblock"), &mask.unblock);
            }
            Step::Kill(kill) => self.kill(frame, kill, body),
            _ => self.more_fields(frame, step, body),
        }
    }

    fn more_fields(&mut self, frame: &mut Frame, step: &Step, body: &Node) {
        match step {
            Step::Listen(listen) => {
                self.word(frame, body.at("family"), &listen.family, "a family of sockets", |word| words::among(word, words::FAMILIES));
                self.field(frame, body, "backlog", listen.backlog.as_ref(), Sort::Int);
                if let Some(other) = &listen.at {
                    self.listener(frame, body.at("at"), other);
                }
                self.field(frame, body, "reuse-address", listen.reuse_address.as_ref(), Sort::Bool);
                self.field(frame, body, "reuse-port", listen.reuse_port.as_ref(), Sort::Bool);
                self.expect(frame, body, &listen.expect);
            }
            Step::Connect(connect) => {
                self.listener(frame, body.at("to"), &connect.to);
                self.expect(frame, body, &connect.expect);
            }
            Step::Accept(accept) => {
                self.acceptor(frame, body.at("from"), &accept.from);
                self.expect(frame, body, &accept.expect);
            }
            Step::SendFrames(frames) => {
                self.endpoint(frame, body.at("to"), &frames.to);
                for (field, expr) in [("count", &frames.count), ("size", &frames.size), ("sends", &frames.sends)] {
                    self.expr(frame, body.at(field), expr, Sort::Int);
                }
                if let Some(lock) = &frames.lock {
                    self.object_of(frame, body.at("lock"), lock, Object::Semaphore);
                }
            }
            Step::Memory(memory) => {
                self.expr(frame, body.at("pages"), &memory.pages, Sort::Int);
                self.field(frame, body, "shared", memory.shared.as_ref(), Sort::Bool);
                self.expect(frame, body, &memory.expect);
            }
            Step::Poke(poke) => {
                self.object_of(frame, body.at("in"), &poke.place, Object::Memory);
                self.expr(frame, body.at("value"), &poke.value, Sort::Int);
            }
            Step::Peek(peek) => {
                self.object_of(frame, body.at("in"), &peek.place, Object::Memory);
                self.expect(frame, body, &peek.expect);
            }
            Step::Shared(_)
            | Step::Detach(_)
            | Step::Remove(_)
            | Step::Add(_)
            | Step::FetchAdd(_)
            | Step::Exchange(_)
            | Step::Load(_)
            | Step::Semaphore(_)
            | Step::Down(_)
            | Step::Up(_) => self.shared_fields(frame, step, body),
            Step::Lock(_) | Step::Unlock(_) | Step::Queue(_) | Step::SendMessage(_) | Step::ReceiveMessage(_) => {
                self.lock_and_queue_fields(frame, step, body);
            }
            _ => self.descriptor_fields(frame, step, body),
        }
    }

    fn descriptor_fields(&mut self, frame: &mut Frame, step: &Step, body: &Node) {
        match step {
            Step::Pipe(Pipe::With(pipe)) => self.field(frame, body, "capacity", pipe.capacity.as_ref(), Sort::Int),
            Step::Open(open) => {
                self.free_text(frame, body.at("path"), &open.path);
                self.field(frame, body, "close-on-exec", open.close_on_exec.as_ref(), Sort::Bool);
                self.expect(frame, body, &open.expect);
            }
            Step::Close(Close::Endpoint(endpoint)) => self.close(frame, body, endpoint),
            Step::Close(Close::With(close)) => {
                self.close(frame, body.at("of"), &close.of);
                self.expect(frame, body, &close.expect);
            }
            Step::Dup2(dup) => {
                self.endpoint(frame, body.at("from"), &dup.from);
                self.endpoint(frame, body.at("to"), &dup.to);
                self.expect(frame, body, &dup.expect);
            }
            Step::Write(write) => self.write(frame, write, body),
            Step::WriteRecords(records) => {
                self.endpoint(frame, body.at("to"), &records.to);
                self.expr(frame, body.at("count"), &records.count, Sort::Int);
                self.expr(frame, body.at("size"), &records.size, Sort::Int);
                self.field(frame, body, "piece", records.piece.as_ref(), Sort::Int);
                self.expect(frame, body, &records.expect);
            }
            Step::Read(read) => self.read(frame, read, body),
            Step::Copy(copy) => {
                self.endpoint(frame, body.at("from"), &copy.from);
                self.endpoint(frame, body.at("to"), &copy.to);
                self.expect(frame, body, &copy.expect);
            }
            Step::SetFlags(flags) => {
                self.endpoint(frame, body.at("of"), &flags.of);
                if let Some(Arg::Param(param)) = &flags.nonblock {
                    self.expr(frame, body.at("nonblock"), &Expr::Text(param.clone()), Sort::Bool);
                }
                self.field(frame, body, "close-on-exec", flags.close_on_exec.as_ref(), Sort::Bool);
            }
            _ if self.ipc(frame, step, body) => {}
            _ => self.library_fields(frame, step, body),
        }
    }

    fn library_fields(&mut self, frame: &mut Frame, step: &Step, body: &Node) {
        match step {
            Step::Spawn(spawn) => self.spawn(frame, spawn, body),
            Step::Communicate(communicate) => self.communicate(frame, communicate, body),
            Step::Poll(poll) => {
                self.need("poll");
                self.spawned(frame, body.at("who"), &poll.who);
                self.expect(frame, body, &poll.expect);
            }
            Step::Terminate(terminate) => {
                self.need("terminate");
                let who = self.spawned(frame, body.at("who"), &terminate.who);
                let killed = self.with_stages(who);
                self.gates.killed.extend(killed);
                self.expect(frame, body, &terminate.expect);
            }
            Step::Drop(dropped) => {
                self.need("drop");
                let who = self.spawned(frame, body, &dropped.0);
                let given_up = self.with_stages(who);
                self.gates.killed.extend(given_up);
            }
            Step::Parallel(parallel) => self.parallel(frame, parallel, body),
            Step::Handle(handle) => {
                self.need("handlers");
                self.word(frame, body.at("signal"), &handle.signal, "a signal", words::signal);
            }
            Step::Fill(fill) => {
                self.need("memory");
                self.expr(frame, body.at("pages"), &fill.pages, Sort::Int);
                self.expr(frame, body.at("value"), &fill.value, Sort::Int);
                self.expect(frame, body, &fill.expect);
            }
            Step::AtExit(at_exit) => {
                self.need("exit-handlers");
                self.expect(frame, body, &at_exit.expect);
            }
            Step::Pipeline(pipeline) => self.pipeline(frame, pipeline, body),
            Step::Run(run) => self.run(frame, run, body),
            _ => self.system(frame, step, body),
        }
    }

    pub(super) fn need(&mut self, capability: &str) {
        if !self.needs.iter().any(|known| known == capability) {
            self.needs.push(capability.to_owned());
        }
    }

    fn exec(&mut self, frame: &Frame, exec: &Exec, body: &Node) {
        if let Some(Arg::Param(param)) = &exec.program {
            self.free_text(frame, body.at("program"), param);
        }
        if exec.program.is_some() && !exec.steps.is_empty() {
            self.problem(
                body.at("program"),
                "only the agent can perform `do`, and `program` takes its place".to_owned(),
                "remove one of the two",
            );
        }
        self.texts(frame, body.at("args"), &exec.args);
        self.texts(frame, body.at("env"), exec.env.as_deref().unwrap_or_default());
        self.field(frame, body, "long-arg", exec.long_arg.as_ref(), Sort::Int);
        self.expect(frame, body, &exec.expect);
    }

    fn wait(&mut self, frame: &Frame, wait: &Wait, body: &Node) {
        let node = body.at("for");
        let library = frame.performer == Performer::Subject || frame.performer == Performer::Threads;
        if wait.target == "any" {
            if library {
                self.problem(node, "a library waits for one child at a time".to_owned(), "name the child, or `every FAMILY`");
            } else if frame.started.is_empty() {
                self.problem(node, format!("`{}` has started no child", frame.actor), "start one before this step");
            }
        } else if let Some(child) = self.child(frame, node, &wait.target)
            && !wait.nohang
            && !wait.untraced
            && !wait.continued
            && wait.timeout.is_none()
            && wait.expect.is_success_or_end()
        {
            self.ends(frame, &child, node);
        }
        if let Some(via) = &wait.via {
            self.word(frame, body.at("via"), via, "a system call that waits", |word| words::among(word, words::WAITS));
        }
        self.field(frame, body, "timeout", wait.timeout.as_ref(), Sort::Int);
        if library {
            self.need("wait");
        } else if wait.timeout.is_some() {
            self.problem(
                body.at("timeout"),
                "no system call waits with a limit".to_owned(),
                "`timeout` is for children of `spawn`; use `nohang`",
            );
        }
        if library && wait.timeout.is_some() {
            self.need("wait-timeout");
        }
        self.expect(frame, body, &wait.expect);
    }

    fn awaited(&mut self, frame: &Frame, awaited: &Await, body: &Node) {
        self.field(frame, body, "count", awaited.count.as_ref(), Sort::Int);
        let ends = matches!(awaited.state, AwaitState::Gone | AwaitState::Zombie);
        if awaited.state == AwaitState::Begun && frame.performer == Performer::Process {
            self.problem(
                body.at("state"),
                "a process that makes system calls itself has begun when it is there".to_owned(),
                "`begun` is for programs that a library starts; let the process open a gate",
            );
        }
        if awaited.who == "self" {
            if awaited.state != AwaitState::Reaped {
                self.problem(
                    body.at("who"),
                    "an actor can only await its own reaped children".to_owned(),
                    "name another actor, or use `state: reaped`",
                );
            }
        } else if let Some(who) = self.actor(frame, body.at("who"), &awaited.who)
            && ends
        {
            self.moves(frame, Move::Wait(who, body.span));
        }
    }

    fn kill(&mut self, frame: &Frame, kill: &Kill, body: &Node) {
        if let Some(signal) = &kill.signal {
            self.word(frame, body.at("signal"), signal, "a signal", words::signal);
        }
        self.field(frame, body, "value", kill.value.as_ref(), Sort::Int);
        if kill.who == "self" && matches!(frame.performer, Performer::Process | Performer::Agent) {
            self.gates.killed.insert(frame.actor.clone());
        } else if matches!(frame.performer, Performer::Process | Performer::Agent) {
            let who = self.actor(frame, body.at("who"), &kill.who);
            self.gates.killed.extend(who);
        } else {
            self.need(if kill.signal.is_some() { "signal" } else { "kill" });
            let who = self.spawned(frame, body.at("who"), &kill.who);
            let killed = self.with_stages(who);
            self.gates.killed.extend(killed);
        }
        if kill.signal.is_none() && matches!(frame.performer, Performer::Process | Performer::Agent) {
            self.problem(body, "which signal?".to_owned(), "add `signal: KILL`; only a library's own `kill` has a default");
        }
        self.expect(frame, body, &kill.expect);
    }

    fn close(&mut self, frame: &Frame, node: &Node, endpoint: &str) {
        self.endpoint(frame, node, endpoint);
        if frame.performer != Performer::Process && frame.performer != Performer::Agent {
            match endpoint.rsplit_once('.') {
                Some((_, stream @ ("stdout" | "stderr"))) => ["close-output", stream].into_iter().for_each(|name| self.need(name)),
                _ => self.need("stdin"),
            }
        }
    }

    fn write(&mut self, frame: &Frame, write: &Write, body: &Node) {
        self.endpoint(frame, body.at("to"), &write.to);
        if write.bytes.is_some() == write.text.is_some() {
            self.problem(body, "what is to be written?".to_owned(), "give one of `bytes: N` and `text: ...`");
        }
        self.field(frame, body, "bytes", write.bytes.as_ref(), Sort::Int);
        self.text_field(frame, body, "text", write.text.as_ref());
        if frame.performer == Performer::Subject || frame.performer == Performer::Threads {
            self.need("stdin");
        }
        self.expect(frame, body, &write.expect);
    }

    fn read(&mut self, frame: &Frame, read: &Read, body: &Node) {
        self.endpoint(frame, body.at("from"), &read.from);
        let given = [read.until.is_some(), read.bytes.is_some(), read.once.is_some()];
        if given.iter().filter(|given| **given).count() != 1 {
            self.problem(body, "how much is to be read?".to_owned(), "give one of `until: eof`, `bytes: N` and `once: N`");
        }
        for (field, expr) in [("bytes", &read.bytes), ("once", &read.once), ("chunk", &read.chunk)] {
            self.field(frame, body, field, expr.as_ref(), Sort::Int);
        }
        if frame.performer == Performer::Subject || frame.performer == Performer::Threads {
            self.need(if read.from.ends_with("stderr") { "stderr" } else { "stdout" });
            if read.bytes.is_some() {
                self.need("read-some");
            }
        }
        self.expect(frame, body, &read.expect);
    }

    fn spawn(&mut self, frame: &Frame, spawn: &Spawn, body: &Node) {
        self.need("spawn");
        if let Some(Arg::Param(text) | Arg::Lit(text)) = &spawn.program {
            self.free_text(frame, body.at("program"), text);
        }
        self.texts(frame, body.at("args"), &spawn.args);
        self.surroundings(frame, spawn.surroundings(), body);
        self.wishes(frame, spawn, body);
        for (field, arg) in [("stdin", &spawn.stdin), ("stdout", &spawn.stdout), ("stderr", &spawn.stderr)] {
            if let Some(arg) = arg {
                if let Arg::Lit(text) = arg {
                    self.free_text(frame, body.at(field), text);
                }
                let valid = if field == "stderr" { words::stderr } else { words::stdio };
                self.word(frame, body.at(field), arg, "a place for a standard descriptor", valid);
                self.possible(arg).iter().filter_map(|word| words::stdio_capability(word)).for_each(|capability| self.need(capability));
            }
        }
        self.expect(frame, body, &spawn.expect);
    }

    /// The words that an argument may be.
    pub(super) fn possible(&self, arg: &Arg<String>) -> Vec<String> {
        match arg {
            Arg::Lit(word) => vec![word.clone()],
            Arg::Param(param) => self.members(param.strip_prefix('$').unwrap_or(param)).into_iter().flatten().collect(),
        }
    }

    fn communicate(&mut self, frame: &Frame, communicate: &Communicate, body: &Node) {
        self.need("communicate");
        let child = self.spawned(frame, body.at("with"), &communicate.with);
        self.field(frame, body, "bytes", communicate.bytes.as_ref(), Sort::Int);
        self.field(frame, body, "timeout", communicate.timeout.as_ref(), Sort::Int);
        if communicate.timeout.is_some() {
            self.need("communicate-timeout");
        } else if let Some(child) = child {
            self.ends(frame, &child, body);
        }
        self.expect(frame, body, &communicate.expect);
    }

    pub(super) fn texts(&mut self, frame: &Frame, node: &Node, list: &[Expr]) {
        for (i, expr) in list.iter().enumerate() {
            if let Expr::Text(text) = expr {
                self.free_text(frame, node.item(i), text);
            }
        }
    }

    pub(super) fn text_field(&mut self, frame: &Frame, body: &Node, field: &str, expr: Option<&Expr>) {
        if let Some(Expr::Text(text)) = expr {
            self.free_text(frame, body.at(field), text);
        }
    }

    pub(super) fn signals(&mut self, node: &Node, list: &[String]) {
        for (i, name) in list.iter().enumerate() {
            self.signal(node.item(i), name);
        }
    }

    fn signal(&mut self, node: &Node, name: &str) {
        if let Err(help) = words::signal(name) {
            self.problem(node, format!("`{name}` is not a signal"), &help);
        }
    }

    /// Signals by name, and parameters that stand for one or for lists of them.
    pub(super) fn signals_or_list(&mut self, frame: &Frame, node: &Node, list: &[String]) {
        for (i, name) in list.iter().enumerate() {
            if name.starts_with('$') {
                self.free_text(frame, node.item(i), name);
            } else {
                self.signal(node.item(i), name);
            }
        }
    }

    pub(super) fn expect(&mut self, frame: &Frame, body: &Node, expect: &Expect) {
        let node = body.at("expect");
        match expect {
            Expect::Success | Expect::Word(_) => {}
            Expect::One(clause) => self.clause(frame, node, clause),
            Expect::First(list) => list.iter().enumerate().for_each(|(i, clause)| self.clause(frame, node.item(i), clause)),
        }
    }

    fn clause(&mut self, frame: &Frame, node: &Node, clause: &Clause) {
        self.field(frame, node, "when", clause.when.as_ref(), Sort::Bool);
        for (i, name) in clause.error.iter().enumerate() {
            if let Err(help) = words::errno(name) {
                self.problem(node.at("error").item(i), format!("`{name}` is not the name of an error"), &help);
            }
        }
        self.field(frame, node, "value", clause.value.as_ref(), Sort::Int);
        self.field(frame, node, "exited", clause.exited.as_ref(), Sort::Int);
        for (field, signal) in [("killed", &clause.killed), ("stopped", &clause.stopped), ("signal", &clause.signal)] {
            if let Some(signal) = signal {
                self.word(frame, node.at(field), signal, "a signal", words::signal);
            }
        }
        if clause.core.is_some() && clause.killed.is_none() {
            self.problem(node.at("core"), "only a death by a signal leaves a core".to_owned(), "write `killed: SEGV` beside it");
        }
        if clause.core.is_some() && !matches!(frame.performer, Performer::Process | Performer::Agent) {
            self.problem(
                node.at("core"),
                "a library does not tell of cores".to_owned(),
                "leave `core` out, or let a program wait for its own child",
            );
        }
    }
}

impl Expect {
    /// Whether what is expected of a wait means that the child has ended.
    fn is_success_or_end(&self) -> bool {
        match self {
            Expect::Success => true,
            Expect::Word(_) => false,
            Expect::One(clause) => clause.ends(),
            Expect::First(list) => list.iter().all(Clause::ends),
        }
    }
}

impl Clause {
    fn ends(&self) -> bool {
        self.exited.is_some() || self.killed.is_some()
    }
}
