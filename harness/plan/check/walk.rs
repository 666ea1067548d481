//! The walk over the steps of every actor, with what each of them knows at each point.

use super::actors::{self, Actors, Object};
use super::gates::{Gates, Move};
use super::kinds::{Sort, infer};
use crate::plan::ast::{Domain, Given};
use crate::plan::describe::Planes;
use crate::plan::diagnostic::{Problem, Span, nearest};
use crate::plan::expr::{Arg, Expr, text_params};
use crate::plan::formula;
use crate::plan::node::{Kind, Node};
use crate::plan::step::{self, Step, pipeline};
use std::collections::{BTreeMap, BTreeSet};

/// What the whole file knows, and what has been found so far.
pub struct Checker<'a> {
    pub(super) text: &'a str,
    pub(super) root: &'a Node,
    pub(super) given: &'a Given,
    pub(super) actors: Actors,
    pub(super) families: BTreeSet<String>,
    pub(super) objects: BTreeMap<String, (Object, Span)>,
    pub(super) used: BTreeSet<String>,
    pub(super) gates: Gates,
    /// Doors that tasks of workers come to.
    pub(super) doors: BTreeSet<String>,
    pub(super) needs: Vec<String>,
    pub(super) problems: Vec<Problem>,
}

/// Who performs the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Performer {
    /// The root or a forked process, by system calls.
    Process,
    /// The subject, driven by the root.
    Subject,
    /// The same, from several threads at once.
    Threads,
    /// The agent, in a program that the subject started.
    Agent,
}

/// What an actor knows at one point.
#[derive(Clone, Debug)]
pub struct Frame {
    pub(super) actor: String,
    pub(super) performer: Performer,
    /// Objects that it can see; `true` for those of which every round makes one.
    pub(super) objects: BTreeMap<String, (Object, bool)>,
    /// Its children so far.
    pub(super) started: BTreeSet<String>,
    /// Numbers of rounds.
    pub(super) indices: BTreeSet<String>,
    /// Families and objects of which the present round's own is meant.
    pub(super) round: BTreeSet<String>,
    /// Inside a `repeat`.
    pub(super) repeated: bool,
    /// These steps may not be performed at all.
    pub(super) doubtful: bool,
}

impl Frame {
    pub(super) fn root(performer: Performer) -> Frame {
        Frame {
            actor: "root".to_owned(),
            performer,
            objects: BTreeMap::new(),
            started: BTreeSet::new(),
            indices: BTreeSet::new(),
            round: BTreeSet::new(),
            repeated: false,
            doubtful: false,
        }
    }
}

impl<'a> Checker<'a> {
    pub(super) fn steps(&mut self, frame: &mut Frame, steps: &'a [Step], nodes: &'a Node) {
        for (i, step) in steps.iter().enumerate() {
            let node = nodes.item(i);
            let (key, body) = node.entry(step::name(step)).unwrap_or((node, node));
            if self.can_perform(frame, step, key) {
                self.fields(frame, step, body);
            }
            self.make(frame, step, body);
            self.inside(frame, step, body);
        }
    }

    /// Whether the actor can perform this kind of step at all; a problem where not.
    fn can_perform(&mut self, frame: &Frame, step: &Step, key: &Node) -> bool {
        let kind = step::describe(step);
        let (message, help) = match frame.performer {
            Performer::Process | Performer::Agent if kind.plane == Planes::Library => (
                format!("`{}` is performed by the subject, and `{}` is not the subject", kind.keyword, frame.actor),
                "move it to the root, or use the system call: `fork`, `exec`, `wait`",
            ),
            Performer::Subject | Performer::Threads if kind.plane == Planes::Platform => (
                format!("`{}` is a system call, and the root of this scenario drives a library", kind.keyword),
                "put it into the `do:` of a `spawn`, or make it a scenario without library steps",
            ),
            Performer::Threads if !super::parallel::is_threadable(step) => {
                (format!("`{}` cannot be performed by the threads of `parallel`", kind.keyword), "only operations of the library can")
            }
            _ => return true,
        };
        self.problem(key, message, help);
        false
    }

    /// Enters what the step makes into what the actor knows from here on.
    fn make(&mut self, frame: &mut Frame, step: &Step, body: &Node) {
        if let Some((name, object)) = actors::makes(step) {
            let node = body.at("as");
            self.name(node, name);
            let known = frame.objects.insert(name.to_owned(), (object, frame.repeated));
            if known.is_some() && !frame.doubtful {
                self.problem(node, format!("`{name}` exists already"), "give each its own name");
            } else if self.actors.contains_key(name) {
                self.problem(node, format!("`{name}` is also the name of an actor"), "give each its own name");
            }
            if frame.repeated {
                frame.round.insert(name.to_owned());
            }
        }
    }

    /// The steps inside a step.
    fn inside(&mut self, frame: &mut Frame, step: &'a Step, body: &'a Node) {
        match step {
            Step::Repeat(repeat) => {
                let mut inner = Frame { repeated: true, ..frame.clone() };
                inner.doubtful |= self.may_be_zero(&repeat.times);
                if let Some(index) = &repeat.index {
                    self.spelling(body.at("index"), index);
                    inner.indices.insert(index.clone());
                }
                self.steps(&mut inner, &repeat.steps, body.at("do"));
                frame.objects = inner.objects;
                frame.started = inner.started;
            }
            Step::When(when) => {
                for (field, steps) in [("do", &when.steps), ("else", &when.otherwise)] {
                    let mut inner = Frame { doubtful: true, ..frame.clone() };
                    self.steps(&mut inner, steps, body.at(field));
                    frame.objects.extend(inner.objects);
                    frame.started.extend(inner.started);
                    frame.round.extend(inner.round);
                }
            }
            Step::Parallel(parallel) => self.threads(frame, parallel, body),
            _ if pipeline::whole(step).is_some() => self.stages(frame, step, body),
            _ => self.new_actor(frame, step, body),
        }
    }

    pub(super) fn new_actor(&mut self, frame: &mut Frame, step: &'a Step, body: &'a Node) {
        let Some(name) = actors::starts(step) else {
            return step::bodies(step).into_iter().for_each(|(place, steps)| self.steps(&mut frame.clone(), steps, place.of(body)));
        };
        self.name(body.at("as"), name);
        let is_image = matches!(step, Step::Exec(_));
        let mut inner = Frame { actor: name.to_owned(), repeated: false, doubtful: false, ..frame.clone() };
        match step {
            Step::Spawn(_) | Step::Run(_) => inner = Frame { actor: name.to_owned(), ..Frame::root(Performer::Agent) },
            // It holds descriptors by number: whether a name's is still open is what file actions decide.
            Step::PosixSpawn(_) => inner = Frame { actor: name.to_owned(), ..Frame::root(Performer::Agent) },
            Step::Exec(_) => {
                inner.performer = Performer::Agent;
                // Mappings do not survive an exec; descriptors do.
                let kept = |object| matches!(object, Object::Pipe | Object::Pair | Object::Terminal | Object::Stream | Object::Listener);
                inner.objects.retain(|_, (object, _)| kept(*object));
            }
            _ => inner.started = BTreeSet::new(),
        }
        inner.indices = frame.indices.clone();
        self.moves(frame, Move::Start(name.to_owned()));
        for (place, steps) in step::bodies(step) {
            self.steps(&mut inner, steps, place.of(body));
        }
        if !is_image && !matches!(step, Step::ForkTree(_)) {
            frame.started.insert(name.to_owned());
        }
        if matches!(step, Step::Run(_)) {
            self.ends(frame, name, body);
        }
        if frame.repeated || matches!(step, Step::ForkTree(_)) {
            self.families.insert(name.to_owned());
        }
        if frame.repeated {
            frame.round.insert(name.to_owned());
        }
    }

    /// Notes what others may have to wait for; what may not happen at all blocks nobody.
    pub(super) fn moves(&mut self, frame: &Frame, step: Move) {
        let blocks = matches!(step, Move::Gate(..) | Move::Wait(..));
        // Of several threads one may wait for what another brings about.
        let doubtful = frame.doubtful || frame.performer == Performer::Threads;
        if !(blocks && doubtful) {
            self.gates.moves.entry(frame.actor.clone()).or_default().push(step);
        }
    }

    fn may_be_zero(&self, times: &Expr) -> bool {
        use crate::plan::ast::IntDomain;
        match times {
            Expr::Int(n) => *n < 1,
            Expr::Text(text) => match text.strip_prefix('$').and_then(|name| self.given.get(name)) {
                Some(Domain::Int(IntDomain::Range(range) | IntDomain::Edges { range, .. })) => range.low < 1,
                _ => true,
            },
            Expr::Bool(_) => true,
        }
    }

    /// A name that the scenario gives to something.
    pub(super) fn name(&mut self, node: &Node, name: &str) {
        let is_reserved = ["any", "self", "root", "subject", "every", "stdin", "stdout", "stderr", "fd"].contains(&name);
        if is_reserved {
            self.problem(node, format!("`{name}` has a meaning of its own"), "choose another name");
        } else {
            self.spelling(node, name);
        }
    }

    /// How names are spelt, those of parameters too.
    pub(super) fn spelling(&mut self, node: &Node, name: &str) {
        if formula::name_length(name) != name.len() || name.is_empty() {
            self.problem(
                node,
                format!("`{name}` is not a name"),
                "use letters, digits and hyphens, beginning with a letter: `reader-2` is written `reader2`",
            );
        }
    }

    /// A parameter or the number of a round.
    pub(super) fn param(&mut self, frame: &Frame, node: &Node, name: &str) -> bool {
        self.used.insert(name.to_owned());
        if self.given.contains_key(name) || frame.indices.contains(name) {
            return true;
        }
        let known: Vec<&str> = self.given.keys().map(String::as_str).chain(frame.indices.iter().map(String::as_str)).collect();
        let help = nearest(name, known)
            .map_or_else(|| format!("declare it: `given: {{{name}: {{int: 1..=8}}}}`"), |near| format!("did you mean `${near}`?"));
        let span = self.within(node, &format!("${name}"));
        self.problems.push(Problem::new(span, format!("there is no parameter `${name}`")).help(help));
        false
    }

    /// The place of a piece of text within a node, where the node is written as it reads.
    fn within(&self, node: &Node, piece: &str) -> Span {
        let written = self.text.get(node.span.start..node.span.end).unwrap_or_default();
        written.find(piece).map_or(node.span, |at| Span::new(node.span.start + at, node.span.start + at + piece.len()))
    }

    /// An expression of a wanted kind.
    pub(super) fn expr(&mut self, frame: &Frame, node: &Node, expr: &Expr, wanted: Sort) {
        let formula = match expr.formula() {
            Ok(formula) => formula,
            Err(wrong) => {
                // What it uses is used all the same: one mistake is one problem.
                self.used.extend(expr.params());
                let is_plain = matches!(&node.kind, Kind::Scalar { plain: true, .. });
                let start = node.span.start + if is_plain { wrong.at } else { 0 };
                let span = if is_plain { Span::new(start.min(node.span.end), node.span.end) } else { node.span };
                return self.problems.push(Problem::new(span, wrong.message).label("in this expression"));
            }
        };
        let mut names = Vec::new();
        formula.params(&mut |name| names.push(name.to_owned()));
        let unknown = names.iter().filter(|name| !self.param(frame, node, name)).count();
        if unknown > 0 {
            return;
        }
        let sort = |name: &str| self.given.get(name).map_or(Sort::Int, Sort::of_domain);
        match infer(&formula, &sort) {
            Ok(found) if !found.fits(wanted) => self.problem(node, format!("expected {wanted}, and `{formula}` is {found}"), ""),
            Ok(_) => {}
            Err(message) => self.problem(node, message, ""),
        }
    }

    /// An optional expression of a field.
    pub(super) fn field(&mut self, frame: &Frame, body: &Node, field: &str, expr: Option<&Expr>, wanted: Sort) {
        if let Some(expr) = expr {
            self.expr(frame, body.at(field), expr, wanted);
        }
    }

    pub(super) fn integer_text(&mut self, frame: &Frame, node: &Node, text: &str) {
        self.expr(frame, node, &Expr::Text(text.to_owned()), Sort::Int);
    }

    /// Text with parameters in it.
    pub(super) fn free_text(&mut self, frame: &Frame, node: &Node, text: &str) {
        for name in text_params(text) {
            self.param(frame, node, &name);
        }
    }

    /// A word of a vocabulary, written out or out of a parameter's domain.
    pub(super) fn word(&mut self, frame: &Frame, node: &Node, arg: &Arg<String>, what: &str, valid: impl Fn(&str) -> Result<(), String>) {
        let refuse = |word: &str| valid(word).err();
        match arg {
            Arg::Lit(word) => {
                if let Some(help) = refuse(word) {
                    self.problem(node, format!("`{word}` is not {what}"), &help);
                }
            }
            Arg::Param(param) => {
                let name = param.strip_prefix('$').unwrap_or(param);
                if !self.param(frame, node, name) {
                    return;
                }
                let members = self.members(name);
                // Under a condition the parameter may be narrowed to the members that fit.
                if frame.doubtful && members.iter().flatten().any(|word| valid(word).is_ok()) {
                    return;
                }
                for (index, member) in members.into_iter().enumerate() {
                    let place = self.root.at("given").at(name).at("one-of").item(index);
                    match member.as_deref() {
                        Some(word) => {
                            if let Some(help) = refuse(word) {
                                self.problem(place, format!("`{word}` is not {what}, and `{param}` is used as one"), &help);
                            }
                        }
                        None => {
                            self.problem(node, format!("`{param}` is not text, and {what} is needed"), "give it a domain `one-of: [...]`")
                        }
                    }
                }
            }
        }
    }

    /// The texts that a parameter may be; `None` for a value that is no text.
    pub(super) fn members(&self, name: &str) -> Vec<Option<String>> {
        match self.given.get(name) {
            Some(Domain::OneOf(values)) => values.iter().map(|value| value.text().map(str::to_owned)).collect(),
            Some(Domain::NastyText { .. } | Domain::Bytes { .. }) => Vec::new(),
            _ => vec![None],
        }
    }
}
