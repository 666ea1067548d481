//! The further wishes of a start: what each may be, and the capability that it needs.

use super::kinds::Sort;
use super::vocabulary as words;
use super::walk::{Checker, Frame};
use crate::plan::expr::{Arg, Expr};
use crate::plan::node::Node;
use crate::plan::step::library::{Spawn, Surroundings};

impl Checker<'_> {
    pub(super) fn wishes(&mut self, frame: &Frame, spawn: &Spawn, body: &Node) {
        self.numbers(frame, body.at("pass"), &spawn.pass);
        self.text_field(frame, body, "arg0", spawn.arg0.as_ref());
        for (field, expr) in [("session", &spawn.session), ("daemon", &spawn.daemon), ("kill-on-drop", &spawn.kill_on_drop)] {
            self.field(frame, body, field, expr.as_ref(), Sort::Bool);
        }
        if let Some(group) = &spawn.group {
            self.word(frame, body.at("group"), group, "a process group", |word| words::among(word, words::GROUPS));
        }
        if let Some(umask) = &spawn.umask {
            self.word(frame, body.at("umask"), umask, "a file mode creation mask", words::umask);
        }
        if let Some(malformed) = &spawn.malformed {
            self.word(frame, body.at("malformed"), malformed, "a place of a start", |word| words::among(word, words::PLACES));
        }
        if let Some(user) = &spawn.user {
            let node = body.at("user");
            self.field(frame, node, "uid", user.uid.as_ref(), Sort::Int);
            self.field(frame, node, "gid", user.gid.as_ref(), Sort::Int);
            self.numbers(frame, node.at("groups"), user.groups.as_deref().unwrap_or_default());
        }
        self.needs_of_wishes(spawn);
        if spawn.group.is_some() {
            self.gates.groups.insert(spawn.name.clone());
        }
    }

    /// Environment and working directory, of `spawn` and `run`.
    pub(super) fn surroundings(&mut self, frame: &Frame, asked: Surroundings<'_>, body: &Node) {
        if let Some(Arg::Param(text) | Arg::Lit(text)) = asked.cwd {
            self.need("cwd");
            self.free_text(frame, body.at("cwd"), text);
        }
        for (name, value) in asked.env.into_iter().flatten() {
            self.text_field(frame, body.at("env"), name, Some(value));
        }
        self.text_field(frame, body, "env-text", asked.env_text);
        if asked.env.is_some() || asked.env_text.is_some() || asked.env_mode.is_some() {
            self.need("env");
        }
        if let Some(mode) = asked.env_mode {
            self.word(frame, body.at("env-mode"), mode, "a mode of the environment", |word| words::among(word, words::ENV_MODES));
            if self.possible(mode).iter().any(|word| word == "replace") {
                self.need("env-replace");
            }
        }
    }

    /// Numbers, or parameters that are lists of them.
    pub(super) fn numbers(&mut self, frame: &Frame, node: &Node, list: &[Expr]) {
        for (i, expr) in list.iter().enumerate() {
            self.expr(frame, node.item(i), expr, Sort::Any);
        }
    }

    fn needs_of_wishes(&mut self, spawn: &Spawn) {
        let group = |wanted: &str| spawn.group.iter().flat_map(|group| self.possible(group)).any(|word| word == wanted);
        let wishes = [
            (!spawn.pass.is_empty(), "pass-fds"),
            (spawn.arg0.is_some(), "arg0"),
            (spawn.session.is_some(), "session"),
            (group("new"), "process-group"),
            (group("own"), "group-kill"),
            (spawn.daemon.is_some(), "daemon"),
            (spawn.kill_on_drop.is_some(), "kill-on-drop"),
            (spawn.umask.is_some(), "umask"),
            (spawn.user.is_some(), "user"),
            (spawn.malformed.is_some(), "malformed"),
        ];
        wishes.into_iter().filter(|(wished, _)| *wished).for_each(|(_, capability)| self.need(capability));
    }

    /// Whoever is started by a child with a group of its own is killed with it.
    pub(super) fn end_groups(&mut self) {
        let leaders: Vec<String> = self.gates.groups.intersection(&self.gates.killed).cloned().collect();
        let led = |name: &String| self.ancestors(name).iter().any(|ancestor| leaders.contains(ancestor));
        let members: Vec<String> = self.actors.keys().filter(|name| led(name)).cloned().collect();
        self.gates.killed.extend(members);
    }

    fn ancestors(&self, name: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut next = self.actors.get(name);
        while let Some(actor) = next.filter(|actor| !found.contains(&actor.parent)) {
            found.push(actor.parent.clone());
            next = self.actors.get(&actor.parent);
        }
        found
    }
}
