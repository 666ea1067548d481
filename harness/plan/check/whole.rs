//! What is checked of the scenario as a whole: its head, its domains, the properties that it asks for.

use super::kinds::Sort;
use super::vocabulary as words;
use super::walk::{Checker, Frame};
use super::{ArgDecl, ArgKind, PropertyDecl};
use crate::plan::ast::{CheckArg, Domain, IntDomain, Range, Scenario};
use crate::plan::diagnostic::{Problem, suggest};
use crate::plan::expr::Expr;
use crate::plan::node::Node;
use crate::plan::script::Plane;

impl Checker<'_> {
    pub(super) fn head(&mut self, scenario: &Scenario, plane: Plane) {
        let root = self.root;
        if scenario.title.trim().is_empty() {
            self.problem(root.at("title"), "the title says nothing".to_owned(), "say in one sentence what must hold");
        }
        if scenario.spec.iter().all(|clause| clause.trim().is_empty()) {
            self.problem(
                root.at("spec"),
                "the scenario rests on nothing".to_owned(),
                "name the clauses: a POSIX page, a man page, or \"observed only\"",
            );
        }
        if scenario.steps.is_empty() {
            self.problem(root.at("steps"), "there are no steps".to_owned(), "say what the root does");
        }
        for (field, value) in [("cases", scenario.cases.map(u64::from)), ("deadline", scenario.deadline)] {
            if value == Some(0) {
                self.problem(root.at(field), format!("`{field}` cannot be 0"), "leave it out for the default");
            }
        }
        if let Some(subject) = &scenario.subject {
            let node = root.at("subject");
            if plane == Plane::Platform {
                let key = root.entry("subject").map_or(node, |(key, _)| key);
                self.problem(
                    key,
                    "there is no subject to start: the root performs system calls itself".to_owned(),
                    "remove it, or start something with `spawn`",
                );
            }
            let frame = Frame::root(super::walk::Performer::Subject);
            self.signals(node.at("blocked"), &subject.blocked);
            self.signals(node.at("ignored"), &subject.ignored);
            self.field(&frame, node, "closed", subject.closed.as_ref(), Sort::Any);
            if let Some(stdin) = &subject.stdin {
                self.word(&frame, node.at("stdin"), stdin, "a way to open standard input", |word| words::among(word, words::WAYS_TO_OPEN));
                if subject.closed_fds.contains(&0) {
                    self.problem(node.at("stdin"), "standard input is closed".to_owned(), "remove it, or 0 from `closed-fds`");
                }
            }
            self.field(&frame, node, "stray", subject.stray.as_ref(), Sort::Int);
            self.field(&frame, node, "nofile", subject.nofile.as_ref(), Sort::Int);
            self.text_field(&frame, node, "path", subject.path.as_ref());
            self.numbers(&frame, node.at("hold"), &subject.hold);
            self.field(&frame, node, "spare", subject.spare.as_ref(), Sort::Int);
            self.numbers(&frame, node.at("pair"), &subject.pair);
            if !matches!(subject.pair.len(), 0 | 2) {
                self.problem(node.at("pair"), "a pair of sockets has two descriptors".to_owned(), "give two numbers: `pair: [21, 22]`");
            }
            if let Some(listen) = &subject.listen {
                let place = node.at("listen");
                self.name(place.at("as"), &listen.name);
                self.expr(&frame, place.at("on"), &listen.on, Sort::Int);
                self.objects.insert(listen.name.clone(), (super::actors::Object::Listener, place.at("as").span));
            }
        }
    }

    pub(super) fn domains(&mut self) {
        let (given, node) = (self.given, self.root.at("given"));
        for (name, domain) in given {
            if let Some((key, value)) = node.entry(name) {
                self.spelling(key, name);
                if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
                    self.problem(
                        key,
                        format!("the parameter `{name}` does not begin with a small letter"),
                        "`$HOME` and its like stay text",
                    );
                }
                self.domain(value, domain);
            }
        }
    }

    fn domain(&mut self, node: &Node, domain: &Domain) {
        match domain {
            Domain::OneOf(values) if values.is_empty() => {
                self.problem(node.at("one-of"), "there is nothing to choose from".to_owned(), "list at least one value")
            }
            Domain::Int(IntDomain::Edges { range, edges }) => {
                for (i, edge) in edges.iter().enumerate().filter(|(_, edge)| !(range.low..=range.high).contains(edge)) {
                    self.problem(
                        node.at("int").at("edges").item(i),
                        format!("the edge {edge} lies outside {}..={}", range.low, range.high),
                        "",
                    );
                }
            }
            Domain::List { of, len } => {
                self.length(node.at("list").at("len"), *len);
                self.domain(node.at("list").at("of"), of);
            }
            Domain::Bytes { len, .. } => self.length(node.at("bytes").at("len"), *len),
            Domain::NastyText { len } => self.length(node.at("nasty-text").at("len"), *len),
            _ => {}
        }
    }

    fn length(&mut self, node: &Node, range: Range) {
        if range.low < 0 {
            self.problem(node, "a length cannot be below 0".to_owned(), "");
        }
    }

    /// Every parameter must matter: one that nothing uses only multiplies cases.
    pub(super) fn unused(&mut self) {
        let (given, node) = (self.given, self.root.at("given"));
        for name in given.keys().filter(|name| !self.used.contains(*name)) {
            let span = node.entry(name).map_or(node.span, |(key, _)| key.span);
            self.problems.push(
                Problem::new(span, format!("the parameter `{name}` is never used")).help(format!("use `${name}` in a step, or remove it")),
            );
        }
    }

    pub(super) fn properties(&mut self, scenario: &Scenario, known: &[PropertyDecl], end: &Frame) {
        let nodes = self.root.at("check");
        for (i, requested) in scenario.check.iter().enumerate() {
            let node = nodes.item(i);
            if requested.0.len() != 1 {
                self.problem(node, "one property belongs here".to_owned(), "give each its own `- name: {...}`");
            }
            for (name, args) in &requested.0 {
                let (key, value) = node.entry(name).unwrap_or((node, node));
                match known.iter().find(|declared| declared.name == name) {
                    Some(declared) => self.arguments(key, value, declared, args, end),
                    None => self.problem(key, format!("there is no property `{name}`"), &suggest_property(name, known)),
                }
            }
        }
        self.permits(scenario, known);
    }

    fn permits(&mut self, scenario: &Scenario, known: &[PropertyDecl]) {
        for (name, reason) in &scenario.permits {
            let Some((key, value)) = self.root.at("permits").entry(name) else { continue };
            match known.iter().find(|declared| declared.name == name) {
                None => self.problem(key, format!("there is no property `{name}`"), &suggest_property(name, known)),
                Some(declared) if !declared.universal => {
                    self.problem(key, format!("`{name}` is not checked on every case, so there is nothing to lift"), "remove it");
                }
                Some(_) if reason.trim().is_empty() => self.problem(value, "why is it lifted?".to_owned(), "give the reason as text"),
                Some(_) => {}
            }
        }
    }

    fn arguments(
        &mut self,
        key: &Node,
        value: &Node,
        declared: &PropertyDecl,
        args: &std::collections::BTreeMap<String, CheckArg>,
        end: &Frame,
    ) {
        for (name, arg) in args {
            let (name_node, node) = value.entry(name).unwrap_or((value, value));
            let Some(decl) = declared.args.iter().find(|decl| decl.name == name) else {
                let names = declared.args.iter().map(|decl| decl.name);
                self.problem(name_node, format!("`{}` takes no argument `{name}`", declared.name), &suggest(name, names));
                continue;
            };
            match arg {
                CheckArg::One(expr) => self.argument(node, decl, expr, end),
                CheckArg::Many(list) => list.iter().enumerate().for_each(|(i, expr)| self.argument(node.item(i), decl, expr, end)),
            }
        }
        for decl in declared.args.iter().filter(|decl| decl.required && !args.contains_key(decl.name)) {
            self.problem(
                key,
                format!("`{}` needs the argument `{}`", declared.name, decl.name),
                &format!("`{}`: {}", decl.name, decl.help),
            );
        }
    }

    fn argument(&mut self, node: &Node, decl: &ArgDecl, expr: &Expr, end: &Frame) {
        let text = match (decl.kind, expr) {
            (ArgKind::Expr, _) => return self.expr(end, node, expr, Sort::Any),
            (_, Expr::Text(text)) => text,
            _ => return self.problem(node, format!("`{}` takes a name", decl.name), decl.help),
        };
        match decl.kind {
            ArgKind::Actor if text != "self" => {
                let frame = Frame { round: self.families.clone(), ..end.clone() };
                self.actor(&frame, node, text);
            }
            ArgKind::Stream | ArgKind::Object => self.known_name(node, text, decl.kind),
            _ => self.free_text(end, node, text),
        }
    }

    /// Properties look at the whole case: whatever any actor has made can be named.
    fn known_name(&mut self, node: &Node, text: &str, kind: ArgKind) {
        let base = text.split(['.', '[']).next().unwrap_or(text);
        let is_standard = super::vocabulary::STREAMS.contains(&base) || base == "root" || base.starts_with("fd ");
        let is_known = self.objects.contains_key(base) || kind == ArgKind::Stream && (is_standard || self.actors.contains_key(base));
        if !is_known {
            let names: Vec<&str> = self.objects.keys().map(String::as_str).chain(self.actors.keys().map(String::as_str)).collect();
            let help = suggest(base, names);
            self.problem(node, format!("there is nothing called `{base}`"), &help);
        }
    }
}

fn suggest_property(name: &str, known: &[PropertyDecl]) -> String {
    match crate::plan::diagnostic::nearest(name, known.iter().map(|declared| declared.name)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`childproof list properties` names them all".to_owned(),
    }
}
