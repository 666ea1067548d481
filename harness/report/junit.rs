//! JUnit XML, for CI servers: one suite per subject, one test case per scenario and property.
//!
//! XML 1.0 has no way to write most control characters, not even escaped, and one of them makes a server refuse the whole
//! file; output of processes is full of them. They become U+FFFD.

use super::entry::{Failure, standing};
use super::{Entry, Header, Reporter, Row, Sink, Summary, Word};
use std::fmt::Write as _;
use std::io::{self, Write};

/// Keeps everything until the end: the totals stand in front.
pub struct Junit {
    sink: Sink,
    header: Option<Header>,
    suites: Vec<Suite>,
}

#[derive(Default)]
struct Suite {
    name: String,
    cases: String,
    tests: u64,
    failures: u64,
    errors: u64,
    skipped: u64,
    seconds: f64,
}

impl Junit {
    /// Writes to this sink.
    pub fn new(sink: Sink) -> Self {
        Junit { sink, header: None, suites: Vec::new() }
    }

    fn suite(&mut self, name: String) -> &mut Suite {
        let at = self.suites.iter().position(|suite| suite.name == name).unwrap_or_else(|| {
            self.suites.push(Suite { name, ..Suite::default() });
            self.suites.len() - 1
        });
        &mut self.suites[at]
    }
}

impl Reporter for Junit {
    fn start(&mut self, header: &Header) -> io::Result<()> {
        self.header = Some(header.clone());
        Ok(())
    }

    fn entry(&mut self, entry: &Entry) -> io::Result<()> {
        let suite = self.suite(entry.subject.name.clone());
        suite.seconds += entry.duration.as_secs_f64();
        for row in &entry.rows {
            suite.add(entry, row);
        }
        Ok(())
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        let total = |of: fn(&Suite) -> u64| self.suites.iter().map(of).sum::<u64>();
        writeln!(self.sink, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
        writeln!(
            self.sink,
            r#"<testsuites name="childproof" tests="{}" failures="{}" errors="{}" skipped="{}" time="{:.3}">"#,
            total(|suite| suite.tests),
            total(|suite| suite.failures),
            total(|suite| suite.errors),
            total(|suite| suite.skipped),
            summary.seconds
        )?;
        for suite in &self.suites {
            suite.print(&mut self.sink, self.header.as_ref())?;
        }
        writeln!(self.sink, "</testsuites>")?;
        self.sink.flush()
    }
}

impl Suite {
    fn add(&mut self, entry: &Entry, row: &Row) {
        self.tests += 1;
        let seconds = if row.property == Row::COMPLETES { entry.duration.as_secs_f64() } else { 0.0 };
        let (class, name) = (format!("{}.{}", entry.subject.name, entry.scenario.replace('/', ".")), escape(&row.property));
        let _ = write!(self.cases, r#"    <testcase classname="{}" name="{name}" time="{seconds:.3}""#, escape(&class));
        let inside = self.inside(entry, row);
        let _ = if inside.is_empty() { writeln!(self.cases, "/>") } else { writeln!(self.cases, ">{inside}</testcase>") };
    }

    /// The element that says what is not simply right.
    fn inside(&mut self, entry: &Entry, row: &Row) -> String {
        let failure = entry.failures.iter().find(|failure| failure.property == row.property);
        let message = escape(&message(row, failure));
        if row.word == Word::Harness {
            self.errors += 1;
            format!(r#"<error type="harness" message="{message}"/>"#)
        } else if row.breaks_the_run() {
            self.failures += 1;
            let text = failure.map(details).unwrap_or_default();
            format!(r#"<failure type="{}" message="{message}">{}</failure>"#, standing(row.standing), escape(&text))
        } else if row.word != Word::Pass && row.word != Word::Unspecified {
            self.skipped += 1;
            format!(r#"<skipped message="{message}"/>"#)
        } else {
            String::new()
        }
    }

    fn print(&self, sink: &mut Sink, header: Option<&Header>) -> io::Result<()> {
        writeln!(
            sink,
            r#"  <testsuite name="{}" tests="{}" failures="{}" errors="{}" skipped="{}" time="{:.3}">"#,
            escape(&self.name),
            self.tests,
            self.failures,
            self.errors,
            self.skipped,
            self.seconds
        )?;
        if let Some(header) = header {
            writeln!(sink, "    <properties>")?;
            let seed = header.seed.to_string();
            for (name, value) in [("childproof", &header.childproof), ("isolation", &header.isolation), ("seed", &seed)] {
                writeln!(sink, r#"      <property name="{name}" value="{}"/>"#, escape(value))?;
            }
            writeln!(sink, "    </properties>")?;
        }
        write!(sink, "{}", self.cases)?;
        writeln!(sink, "  </testsuite>")
    }
}

fn message(row: &Row, failure: Option<&Failure>) -> String {
    let reason = match (failure, &row.reason) {
        (Some(failure), _) => format!(": expected {}, seen {}", failure.evidence.expected, failure.evidence.seen),
        (None, Some(reason)) => format!(": {reason}"),
        (None, None) => String::new(),
    };
    format!("{} in {} of {}, {}{reason}", row.word.name(), row.k, row.n, standing(row.standing))
}

fn details(failure: &Failure) -> String {
    let plain = super::failure::block(failure, 100);
    anstream::adapter::strip_str(&plain).to_string()
}

/// Text as XML 1.0 can hold it, in attributes and content.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#10;"),
            '\t' => escaped.push_str("&#9;"),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            _ => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_hold_is_replaced() {
        assert_eq!(escape("a<b>&\"\u{1b}[0m\0"), "a&lt;b&gt;&amp;&quot;\u{fffd}[0m\u{fffd}");
    }
}
