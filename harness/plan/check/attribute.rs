//! The fields of the steps on attributes of processes.

use super::kinds::Sort;
use super::vocabulary as words;
use super::walk::{Checker, Frame, Performer};
use crate::plan::node::Node;
use crate::plan::step::Step;
use crate::plan::step::attribute::Limit;

impl Checker<'_> {
    pub(super) fn attribute(&mut self, frame: &mut Frame, step: &Step, body: &Node) {
        match step {
            Step::Limit(limit) => {
                self.limited(frame, body, limit);
                self.word(frame, body.at("set"), &limit.set, "a resource limit", |word| words::among(word, words::LIMITS));
                self.field(frame, body, "soft", limit.soft.as_ref(), Sort::Int);
                self.field(frame, body, "hard", limit.hard.as_ref(), Sort::Int);
                self.expect(frame, body, &limit.expect);
            }
            Step::Umask(umask) => self.expr(frame, body, &umask.0, Sort::Int),
            Step::Nice(nice) => self.expr(frame, body, &nice.0, Sort::Int),
            Step::Chdir(chdir) => self.free_text(frame, body, &chdir.0),
            Step::ControlGroup(group) => self.expr(frame, body.at("processes"), &group.processes, Sort::Int),
            Step::NewSession(session) => self.expect(frame, body, &session.expect),
            Step::Group(group) => {
                for (field, who) in [("of", &group.of), ("join", &group.join)] {
                    if who != "self" {
                        let _ = self.actor(frame, body.at(field), who);
                    }
                }
                self.expect(frame, body, &group.expect);
            }
            Step::Become(become_) => {
                for (field, id) in [("uid", &become_.uid), ("gid", &become_.gid)] {
                    self.field(frame, body, field, id.as_ref(), Sort::Int);
                }
                let others = become_.uid.is_some() || become_.gid.is_some() || become_.groups.is_some();
                if become_.ordinary == others {
                    self.problem(body, "who is it to be?".to_owned(), "write `ordinary: true`, or some of `uid`, `gid` and `groups`");
                }
                for (i, group) in become_.groups.iter().flatten().enumerate() {
                    self.expr(frame, body.at("groups").item(i), group, Sort::Any);
                }
                self.expect(frame, body, &become_.expect);
            }
            Step::KillGroup(kill) => {
                self.word(frame, body.at("signal"), &kill.signal, "a signal", words::signal);
                let who = if kill.of == "self" { None } else { self.actor(frame, body.at("of"), &kill.of) };
                self.gates.killed.extend(who);
                self.expect(frame, body, &kill.expect);
            }
            _ => {}
        }
    }

    /// Whose limit it is: who drives a library can only set the subject's, everybody else only its own.
    fn limited(&mut self, frame: &Frame, body: &Node, limit: &Limit) {
        match (limit.of.as_deref(), frame.performer == Performer::Subject) {
            (Some("subject"), true) => {
                if self.possible(&limit.set).iter().any(|name| name == "NPROC") {
                    self.need("at-limits");
                }
            }
            (None, false) => {}
            (None, true) => self.problem(body, "whose limit is it?".to_owned(), "write `of: subject`"),
            (Some(_), true) => {
                self.problem(body.at("of"), "only the subject's limits can be set from outside".to_owned(), "write `subject`")
            }
            (Some(_), false) => self.problem(body.at("of"), "a process sets its own limits".to_owned(), "leave `of` out"),
        }
    }
}
