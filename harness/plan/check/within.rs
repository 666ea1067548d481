//! The fields of `posix-spawn`, and of the steps on what lives within one process.

use super::kinds::Sort;
use super::walk::{Checker, Frame};
use crate::plan::expr::{Arg, Expr};
use crate::plan::node::Node;
use crate::plan::step::Step;
use crate::plan::step::spawn::PosixSpawn;

impl Checker<'_> {
    pub(super) fn within_fields(&mut self, frame: &Frame, step: &Step, body: &Node) {
        match step {
            Step::PosixSpawn(spawn) => self.posix_spawn(frame, spawn, body),
            Step::Threads(threads) => {
                self.expr(frame, body.at("count"), &threads.count, Sort::Int);
                self.field(frame, body, "hold", threads.hold.as_ref(), Sort::Bool);
            }
            Step::TryLock(lock) => self.expect(frame, body, &lock.expect),
            Step::Buffer(buffer) => {
                self.endpoint(frame, body.at("to"), &buffer.to);
                self.text_field(frame, body, "text", Some(&buffer.text));
            }
            _ => {}
        }
    }

    fn posix_spawn(&mut self, frame: &Frame, spawn: &PosixSpawn, body: &Node) {
        if let Some(Arg::Lit(text) | Arg::Param(text)) = &spawn.program {
            self.free_text(frame, body.at("program"), text);
        }
        if spawn.program.is_some() && !spawn.steps.is_empty() {
            let help = "remove one of the two";
            self.problem(body.at("program"), "only the agent can perform `do`, and `program` takes its place".to_owned(), help);
        }
        self.texts(frame, body.at("args"), &spawn.args);
        self.texts(frame, body.at("env"), spawn.env.as_deref().unwrap_or_default());
        self.texts(frame, body.at("actions"), &spawn.actions);
        for (i, action) in spawn.actions.iter().enumerate() {
            self.file_action(body.at("actions").item(i), action);
        }
        self.field(frame, body, "group", spawn.group.as_ref(), Sort::Bool);
        self.field(frame, body, "session", spawn.session.as_ref(), Sort::Bool);
        self.signals_or_list(frame, body.at("mask"), spawn.mask.as_deref().unwrap_or_default());
        self.signals_or_list(frame, body.at("defaults"), &spawn.defaults);
        self.expect(frame, body, &spawn.expect);
    }

    fn file_action(&mut self, node: &Node, action: &Expr) {
        let Expr::Text(text) = action else {
            return self.problem(node, "a file action is a text".to_owned(), "write `close 5`, `dup2 5 1`, `open 5 file`, `chdir place`");
        };
        let words = ["close ", "dup2 ", "open ", "create ", "chdir "];
        if !text.starts_with('$') && !words.iter().any(|word| text.starts_with(word)) {
            self.problem(node, format!("`{text}` is no file action"), "write `close 5`, `dup2 5 1`, `open 5 file`, `chdir place`");
        }
    }
}
