//! Names as steps use them: endpoints, objects, actors. A name must exist where it is used, and be of the right kind.

use super::actors::Object;
use super::walk::{Checker, Frame, Performer};
use crate::plan::diagnostic::{Problem, nearest, position};
use crate::plan::node::Node;

/// `base[index].end` in its parts.
struct Reference<'t> {
    base: &'t str,
    index: Option<&'t str>,
    end: Option<&'t str>,
}

fn cut(text: &str) -> Reference<'_> {
    if let Some((base, rest)) = text.split_once('[')
        && let Some((index, rest)) = rest.split_once(']')
    {
        return Reference { base, index: Some(index), end: rest.strip_prefix('.') };
    }
    let (base, end) = text.split_once('.').map_or((text, None), |(base, end)| (base, Some(end)));
    Reference { base, index: None, end }
}

impl Checker<'_> {
    fn index(&mut self, frame: &Frame, node: &Node, index: Option<&str>) {
        if let Some(index) = index {
            self.integer_text(frame, node, index);
        }
    }

    /// An endpoint: `p.read`, `c`, `stdin`, `fd 7`, `child.stdout`.
    pub(super) fn endpoint(&mut self, frame: &Frame, node: &Node, text: &str) {
        if let Some(number) = text.strip_prefix("fd ") {
            return self.integer_text(frame, node, number);
        }
        if super::vocabulary::STREAMS.contains(&text) {
            if matches!(frame.performer, Performer::Subject | Performer::Threads) {
                self.problem(
                    node,
                    format!("`{text}` belongs to the subject itself here"),
                    "name the child too: `CHILD.stdin`, `CHILD.stdout`",
                );
            }
            return;
        }
        let parts = cut(text);
        self.index(frame, node, parts.index);
        if self.actors.get(parts.base).is_some_and(|actor| actor.spawned) {
            return self.child_stream(frame, node, parts.base, parts.index.is_some(), parts.end);
        }
        match (self.object(frame, node, parts.base, parts.index.is_some()), parts.end) {
            (None, _) | (Some(Object::Pipe), Some("read" | "write")) | (Some(Object::Pair), Some("a" | "b")) => {}
            (Some(Object::Stream | Object::Listener | Object::EventQueue), None) => {}
            (Some(Object::Terminal), Some("master" | "slave")) => {}
            (Some(Object::Terminal), _) => {
                self.problem(
                    node,
                    format!("`{}` is a terminal with two sides", parts.base),
                    &format!("write `{0}.master` or `{0}.slave`", parts.base),
                );
            }
            (Some(Object::Pipe), None) => {
                self.problem(
                    node,
                    format!("`{}` is a pipe with two ends", parts.base),
                    &format!("write `{0}.read` or `{0}.write`", parts.base),
                );
            }
            (Some(Object::Pipe), Some(end)) => {
                let near = nearest(end, ["read", "write"]);
                let help = near.map_or(format!("write `{0}.read` or `{0}.write`", parts.base), |near| {
                    format!("did you mean `{}.{near}`?", parts.base)
                });
                self.problem(node, format!("the pipe `{}` has no end `{end}`", parts.base), &help);
            }
            (Some(Object::Pair), _) => {
                let help = format!("write `{0}.a` or `{0}.b`", parts.base);
                self.problem(node, format!("`{}` is a pair of sockets with two ends", parts.base), &help);
            }
            (Some(object @ (Object::Stream | Object::Listener | Object::EventQueue)), Some(_)) => {
                self.problem(node, format!("`{}` is {object} and has no ends", parts.base), &format!("write `{}`", parts.base));
            }
            (Some(object), _) => self.problem(node, format!("`{}` is {object}, and an endpoint is needed", parts.base), ""),
        }
    }

    fn child_stream(&mut self, frame: &Frame, node: &Node, child: &str, indexed: bool, end: Option<&str>) {
        if !matches!(frame.performer, Performer::Subject | Performer::Threads) {
            self.problem(node, format!("only the subject holds the other side of `{child}`'s descriptors"), "move the step to the root");
        }
        self.started(frame, node, child, indexed);
        match end {
            Some("stdin" | "stdout" | "stderr") => {}
            _ => self.problem(
                node,
                format!("`{child}` is an actor"),
                &format!("write `{child}.stdin`, `{child}.stdout` or `{child}.stderr`"),
            ),
        }
    }

    /// Something made by an earlier step that this actor can see.
    pub(super) fn object(&mut self, frame: &Frame, node: &Node, name: &str, indexed: bool) -> Option<Object> {
        if let Some((object, family)) = frame.objects.get(name) {
            if *family && !indexed && !frame.round.contains(name) {
                self.problem(node, format!("there are several `{name}`, one for each round"), &format!("say which: `{name}[0]`"));
            }
            return Some(*object);
        }
        match self.objects.get(name) {
            Some((_, span)) => {
                let line = position(self.text, span.start).0;
                let help = if frame.performer == Performer::Agent {
                    "a started program holds only its standard descriptors and what it makes itself".to_owned()
                } else {
                    format!("it is made on line {line}; make it before this step, in this actor or before the fork")
                };
                self.problem(node, format!("`{name}` does not exist here yet"), &help);
            }
            None => {
                let known: Vec<&str> = frame.objects.keys().map(String::as_str).chain(self.objects.keys().map(String::as_str)).collect();
                let help = nearest(name, known).map_or_else(
                    || "make it first, with `pipe`, `open`, `shared`, ...".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                self.problem(node, format!("there is nothing called `{name}`"), &help);
            }
        }
        None
    }

    /// An object of one kind.
    pub(super) fn object_of(&mut self, frame: &Frame, node: &Node, text: &str, wanted: Object) {
        let parts = cut(text);
        self.index(frame, node, parts.index);
        if let Some(object) = self.object(frame, node, parts.base, parts.index.is_some())
            && object != wanted
        {
            self.problem(node, format!("`{}` is {object}, and {wanted} is needed", parts.base), "");
        }
    }

    /// A listener, made by whatever actor: its address is known to the whole case.
    pub(super) fn listener(&mut self, frame: &Frame, node: &Node, text: &str) {
        if !matches!(self.objects.get(cut(text).base), Some((Object::Listener, _))) {
            self.object_of(frame, node, text, Object::Listener);
        }
    }

    /// An actor that somebody starts: for signals and awaited states.
    pub(super) fn actor(&mut self, frame: &Frame, node: &Node, text: &str) -> Option<String> {
        let parts = cut(text.strip_prefix("every ").unwrap_or(text));
        self.index(frame, node, parts.index);
        if parts.base == "subject" {
            return self.subject(frame, node);
        }
        if parts.base == "root" || parts.base == frame.actor {
            return Some(parts.base.to_owned());
        }
        if self.actors.contains_key(parts.base) {
            if self.families.contains(parts.base)
                && parts.index.is_none()
                && !text.starts_with("every ")
                && !frame.round.contains(parts.base)
            {
                let help = format!("write `every {0}`, or `{0}[0]`", parts.base);
                self.problem(node, format!("`{}` is a family of actors", parts.base), &help);
            }
            return Some(parts.base.to_owned());
        }
        let known = self.actors.keys().map(String::as_str).collect::<Vec<_>>();
        let help = nearest(parts.base, known)
            .map_or_else(|| "start it with `fork` or `spawn`".to_owned(), |near| format!("did you mean `{near}`?"));
        self.problem(node, format!("no actor is called `{}`", parts.base), &help);
        None
    }

    /// A child of this actor that has been started by an earlier step.
    pub(super) fn child(&mut self, frame: &Frame, node: &Node, text: &str) -> Option<String> {
        let name = self.actor(frame, node, text)?;
        self.started(frame, node, &name, true);
        Some(name)
    }

    /// A child that the subject has started.
    pub(super) fn spawned(&mut self, frame: &Frame, node: &Node, text: &str) -> Option<String> {
        let name = self.child(frame, node, text)?;
        if self.actors.get(&name).is_some_and(|actor| !actor.spawned) {
            self.problem(node, format!("`{name}` was not started by the subject"), "only actors of `spawn` have a handle");
        }
        Some(name)
    }

    fn started(&mut self, frame: &Frame, node: &Node, name: &str, indexed: bool) {
        if frame.started.contains(name) {
            if !indexed && self.families.contains(name) && !frame.round.contains(name) {
                self.problem(node, format!("`{name}` is a family of actors"), &format!("say which: `{name}[0]`"));
            }
            return;
        }
        let Some(actor) = self.actors.get(name).cloned() else {
            return self.problem(node, format!("`{name}` is not a child of this actor"), "wait for one that it has started");
        };
        if let Some(whole) = &actor.stage_of {
            let help = format!("only the whole has a handle: `{whole}`");
            return self.problem(node, format!("`{name}` is a stage of `{whole}`"), &help);
        }
        let line = position(self.text, actor.span.start).0;
        if actor.parent == frame.actor {
            self.problem(node, format!("`{name}` is not started yet"), &format!("it is started on line {line}; move this step below it"));
        } else {
            self.problem(
                node,
                format!("`{name}` is a child of `{}`, not of `{}`", actor.parent, frame.actor),
                "only the parent can wait for it",
            );
        }
    }

    pub(super) fn problem(&mut self, node: &Node, message: String, help: &str) {
        self.problems.push(Problem::new(node.span, message).help(help));
    }
}
