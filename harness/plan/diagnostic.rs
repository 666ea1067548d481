//! Problems of a scenario file, told so that the reader can mend them: where, what, and how.
//!
//! A scenario is written by hand, often by somebody who meets the language for the first time; one problem per run would cost
//! them one run per problem. So problems are collected, each with the piece of text that it is about. [`std::fmt::Display`]
//! is plain text that any log can hold; [`Problems::render`] is the picture for a terminal.

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource};
use std::fmt;

/// A piece of the source, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One after the last byte.
    pub end: usize,
}

impl Span {
    /// From `start` up to but not including `end`.
    pub fn new(start: usize, end: usize) -> Span {
        Span { start, end: end.max(start) }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, in one line.
    pub message: String,
    /// Where.
    pub span: Span,
    /// Words for the marked place.
    pub label: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Problem {
    /// A problem at a place.
    pub fn new(span: Span, message: impl Into<String>) -> Problem {
        Problem { message: message.into(), span, label: None, help: None }
    }

    /// The same with advice; an empty text is no advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Problem {
        let help = help.into();
        self.help = (!help.is_empty()).then_some(help);
        self
    }

    /// The same with words for the marked place.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Problem {
        self.label = Some(label.into());
        self
    }
}

/// All problems of one source, in the order of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems {
    /// Path of the source.
    pub path: String,
    /// Its text.
    pub text: String,
    /// What is wrong with it; never empty.
    pub list: Vec<Problem>,
}

/// Problems that are told; nobody reads more, and each is drawn with its line.
const MOST: usize = 100;

/// How [`Problems::render`] draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Colours.
    pub colour: bool,
    /// Line drawing beyond ASCII.
    pub unicode: bool,
    /// Columns.
    pub width: usize,
}

impl Problems {
    /// The problems of a source, sorted by place.
    pub fn new(source: &super::case::Source, mut list: Vec<Problem>) -> Problems {
        list.sort_by_key(|problem| problem.span.start);
        list.dedup();
        if list.len() > MOST {
            let rest = list.len() - MOST;
            let span = list[MOST].span;
            list.truncate(MOST);
            list.push(Problem::new(span, format!("{rest} more problems from here on are not shown")));
        }
        Problems { path: source.path.clone(), text: source.text.clone(), list }
    }

    /// Line and column, both from 1, of a byte of the source. Columns count characters, as editors do.
    pub fn position(&self, byte: usize) -> (usize, usize) {
        position(&self.text, byte)
    }

    /// The picture for a terminal.
    pub fn render(&self, look: Look) -> String {
        let theme = match (look.unicode, look.colour) {
            (true, true) => GraphicalTheme::unicode(),
            (true, false) => GraphicalTheme::unicode_nocolor(),
            (false, true) => GraphicalTheme { characters: miette::ThemeCharacters::ascii(), ..GraphicalTheme::unicode() },
            (false, false) => GraphicalTheme::none(),
        };
        let handler = GraphicalReportHandler::new_themed(theme).with_width(look.width).with_links(false).with_context_lines(1);
        let mut out = String::new();
        for problem in &self.list {
            let drawn = Drawn { problem, span: visible(&self.text, problem.span), code: NamedSource::new(&self.path, self.text.clone()) };
            if handler.render_report(&mut out, &drawn).is_err() {
                out.push_str(&problem.message);
            }
        }
        out
    }
}

/// Line and column, both from 1, of a byte of `text`.
pub fn position(text: &str, byte: usize) -> (usize, usize) {
    let mut byte = byte.min(text.len());
    while !text.is_char_boundary(byte) {
        byte -= 1;
    }
    let before = &text[..byte];
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[start..].chars().count() + 1)
}

/// The part of a span that is on its first line: marking a whole block would bury the picture under bars.
fn visible(text: &str, span: Span) -> Span {
    let start = span.start.min(text.len());
    let line_end = text.as_bytes()[start..].iter().position(|b| *b == b'\n').map_or(text.len(), |at| start + at);
    Span::new(start, span.end.min(line_end))
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.list.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            self.write_plain(f, problem)?;
        }
        Ok(())
    }
}

impl Problems {
    fn write_plain(&self, f: &mut fmt::Formatter<'_>, problem: &Problem) -> fmt::Result {
        let (line, column) = self.position(problem.span.start);
        writeln!(f, "{}:{line}:{column}: {}", self.path, problem.message)?;
        let text = self.text.lines().nth(line - 1).unwrap_or("");
        let shown = visible(&self.text, problem.span);
        let marked = self.text.get(shown.start..shown.end).map_or(1, |piece| piece.chars().count()).max(1);
        // A line may hold anything, control characters included; they would garble the terminal and move the marks.
        let printable: String = text.chars().take(240).map(|c| if c.is_control() { ' ' } else { c }).collect();
        let room = 240usize.saturating_sub(column - 1).max(1);
        let gutter = line.to_string();
        writeln!(f, "  {gutter} | {printable}")?;
        write!(
            f,
            "  {:gutter$} | {:before$}{}",
            "",
            "",
            "^".repeat(marked.min(room)),
            gutter = gutter.len(),
            before = (column - 1).min(240)
        )?;
        match &problem.label {
            Some(label) => writeln!(f, " {label}")?,
            None => writeln!(f)?,
        }
        match &problem.help {
            Some(help) => writeln!(f, "  help: {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Problems {}

/// A problem as miette draws it.
#[derive(Debug)]
struct Drawn<'a> {
    problem: &'a Problem,
    span: Span,
    code: NamedSource<String>,
}

impl fmt::Display for Drawn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem.message)
    }
}

impl std::error::Error for Drawn<'_> {}

impl miette::Diagnostic for Drawn<'_> {
    fn help(&self) -> Option<Box<dyn fmt::Display + '_>> {
        self.problem.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        Some(&self.code)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = LabeledSpan::new(
            self.problem.label.clone().or_else(|| Some("here".to_owned())),
            self.span.start,
            self.span.end - self.span.start,
        );
        Some(Box::new(std::iter::once(label)))
    }
}

/// The word of `known` that is nearest to `word`, when it is near enough to be what was meant.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let within = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= within)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `did you mean X?`, or the whole choice where nothing is near and the choice is short enough to read.
pub fn suggest<'a>(word: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(near) = nearest(word, known.clone()) {
        return format!("did you mean `{near}`?");
    }
    let all: Vec<String> = known.into_iter().map(|word| format!("`{word}`")).collect();
    if all.is_empty() { String::new() } else { format!("it may be {}", all.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        assert_eq!(position("ab\ncäd", 0), (1, 1));
        assert_eq!(position("ab\ncäd", 6), (2, 3));
        assert_eq!(position("ab\ncäd", 999), (2, 4));
    }

    #[test]
    fn near_words_are_suggested_and_far_ones_are_not() {
        assert_eq!(nearest("raed", ["read", "write"]), Some("read"));
        assert_eq!(nearest("zzz", ["read", "write"]), None);
    }
}
