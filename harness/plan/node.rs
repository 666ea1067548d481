//! The text as a tree with places: what YAML says, before anything is meant by it.
//!
//! Built on the events of granit-parser, the crate under serde-saphyr, and not on serde-saphyr itself: its serde front hides
//! whether a scalar was quoted, hides anchors that nobody refers to, follows aliases, and stops at the first error. A strict
//! language needs all four, and a place for every node.

use super::diagnostic::{Problem, Span};
use granit_parser::{Event, Parser, ScalarStyle};
use std::collections::HashSet;

/// The largest source in bytes. Scenarios are a page long; this is room for a generated one.
pub const LARGEST: usize = 256 * 1024;
/// How deep maps and lists may nest.
pub const DEEPEST: usize = 64;

/// A piece of the tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Number in the order of the text, from 0.
    pub id: usize,
    /// Where it is.
    pub span: Span,
    /// What it is.
    pub kind: Kind,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A scalar; `plain` when it was written without quotes and may stand for a number, a boolean or nothing.
    Scalar {
        /// Its text after unescaping.
        text: String,
        /// Written without quotes.
        plain: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// A map in file order; keys are scalars and differ.
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// The entry of a map under `key`.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, value)| value)
    }

    /// Key and value of the entry of a map under `key`.
    pub fn entry(&self, key: &str) -> Option<(&Node, &Node)> {
        match &self.kind {
            Kind::Map(entries) => entries.iter().find(|(name, _)| name.text() == Some(key)).map(|(name, value)| (name, value)),
            _ => None,
        }
    }

    /// The node under `key`, or this one where there is no such entry: short forms have no fields of their own.
    pub fn at(&self, key: &str) -> &Node {
        self.get(key).unwrap_or(self)
    }

    /// Member `index` of a list; a node that is no list is its own only member.
    pub fn item(&self, index: usize) -> &Node {
        match &self.kind {
            Kind::List(items) => items.get(index).unwrap_or(self),
            _ => self,
        }
    }

    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        matches!(&self.kind, Kind::Scalar { text, plain: true } if text.is_empty())
    }
}

/// Reads the text into a tree, or says everything that is wrong with it as YAML of the strict kind.
pub fn read(text: &str) -> Result<Node, Vec<Problem>> {
    if text.len() > LARGEST {
        let message = format!("the file is {} bytes long, which is more than {LARGEST}", text.len());
        return Err(vec![Problem::new(Span::new(0, 0), message).help("split it: one scenario per file")]);
    }
    let mut builder = Builder { text, stack: Vec::new(), root: None, problems: Vec::new(), next: 0, documents: 0 };
    let options = granit_parser::options! {
        emit_unresolved_aliases: true,
        disallow_directives: true,
        emit_comments: false,
        flow_nesting_limit: DEEPEST,
        block_nesting_limit: DEEPEST,
    };
    for event in Parser::new_from_str_with_options(text, options) {
        match event {
            Ok((event, span)) => builder.event(event, span),
            Err(error) => {
                builder.syntax(&error);
                break;
            }
        }
        if builder.stack.len() > DEEPEST || builder.problems.len() >= MOST {
            break;
        }
    }
    builder.finish()
}

/// Problems after which a file is not read on; nobody reads more.
const MOST: usize = 50;

struct Builder<'a> {
    text: &'a str,
    stack: Vec<Open>,
    root: Option<Node>,
    problems: Vec<Problem>,
    next: usize,
    documents: usize,
}

/// A collection that has not ended; `key` holds the key that waits for its value.
struct Open {
    id: usize,
    start: usize,
    map: bool,
    items: Vec<Node>,
    entries: Vec<(Node, Node)>,
    seen: HashSet<String>,
    key: Option<Node>,
}

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>, at: granit_parser::Span) {
        let span = self.span(&at);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse(anchor, tag.is_some(), span);
                let node =
                    Node { id: self.number(), span, kind: Kind::Scalar { text: text.into_owned(), plain: style == ScalarStyle::Plain } };
                self.add(node);
            }
            Event::SequenceStart(_, anchor, tag) => self.open(anchor, tag.is_some(), span, false),
            Event::MappingStart(_, anchor, tag) => self.open(anchor, tag.is_some(), span, true),
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                self.problems.push(
                    Problem::new(span, "aliases are not part of the language")
                        .help("write the value out, or make it a parameter under `given:`"),
                );
                let node = Node { id: self.number(), span, kind: Kind::Scalar { text: String::new(), plain: false } };
                self.add(node);
            }
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents == 2 {
                    self.problems.push(Problem::new(span, "a second document begins here").help("one scenario per file"));
                }
            }
            _ => {}
        }
    }

    fn span(&self, at: &granit_parser::Span) -> Span {
        let start = at.start.byte_offset().unwrap_or(0).min(self.text.len());
        Span::new(start, at.end.byte_offset().unwrap_or(start).min(self.text.len()))
    }

    fn number(&mut self) -> usize {
        self.next += 1;
        self.next - 1
    }

    fn refuse(&mut self, anchor: usize, tagged: bool, span: Span) {
        if anchor != 0 {
            self.problems.push(Problem::new(span, "anchors are not part of the language").help("write the value out where it is needed"));
        }
        if tagged {
            self.problems.push(Problem::new(span, "tags are not part of the language").help("quote what is to be text"));
        }
    }

    fn open(&mut self, anchor: usize, tagged: bool, span: Span, map: bool) {
        self.refuse(anchor, tagged, span);
        if self.stack.len() == DEEPEST {
            self.problems.push(Problem::new(span, format!("nested more than {DEEPEST} deep")));
        }
        let id = self.number();
        self.stack.push(Open { id, start: span.start, map, items: Vec::new(), entries: Vec::new(), seen: HashSet::new(), key: None });
    }

    fn close(&mut self, span: Span) {
        let Some(open) = self.stack.pop() else { return };
        // The end event of a block collection stands where the next token begins, which may be lines further down.
        let last = open.entries.last().map(|(_, value)| value.span.end).or_else(|| open.items.last().map(|item| item.span.end));
        let flow = matches!(self.text.as_bytes().get(span.end.wrapping_sub(1)), Some(b']' | b'}')) && span.end > span.start;
        let end = if flow { span.end } else { last.unwrap_or(span.end) };
        let kind = if open.map { Kind::Map(open.entries) } else { Kind::List(open.items) };
        self.add(Node { id: open.id, span: Span::new(open.start, end), kind });
    }

    fn add(&mut self, node: Node) {
        if self.documents > 1 {
            return;
        }
        let Some(open) = self.stack.last_mut() else {
            self.root = Some(node);
            return;
        };
        if !open.map {
            open.items.push(node);
        } else if let Some(key) = open.key.take() {
            open.entries.push((key, node));
        } else {
            if let Some(problem) = bad_key(&node, &mut open.seen) {
                self.problems.push(problem);
            }
            open.key = Some(node);
        }
    }

    fn syntax(&mut self, error: &granit_parser::ScanError) {
        let at = error.marker().byte_offset().unwrap_or(self.text.len()).min(self.text.len());
        let end = self.text[at..].chars().next().map_or(at, |c| at + c.len_utf8());
        let help = if self.text[at..].starts_with('%') { "directives are not part of the language" } else { "" };
        self.problems.push(Problem::new(Span::new(at, end), format!("this is not YAML: {}", error.info())).help(help));
    }

    fn finish(mut self) -> Result<Node, Vec<Problem>> {
        match self.root.take() {
            Some(root) if self.problems.is_empty() => Ok(root),
            _ if !self.problems.is_empty() => Err(self.problems),
            _ => {
                Err(vec![Problem::new(Span::new(0, 0), "the file is empty").help("a scenario needs at least `title`, `spec` and `steps`")])
            }
        }
    }
}

fn bad_key(key: &Node, seen: &mut HashSet<String>) -> Option<Problem> {
    let Kind::Scalar { text, plain } = &key.kind else {
        return Some(Problem::new(key.span, "a key must be a word").help("put quotes around text that begins with `{` or `[`"));
    };
    if *plain && text == "<<" {
        return Some(Problem::new(key.span, "merge keys are not part of the language").help("write the fields out"));
    }
    let again = !seen.insert(text.clone());
    again.then(|| Problem::new(key.span, format!("`{text}` is given twice")).help("keep one of the two"))
}
