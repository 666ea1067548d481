//! The report for a person: a line per subject and scenario, failures explained, a summary. Styles are stripped by the sink
//! where they are not wanted.

use super::entry::{Failure, Row, Word, standing};
use super::text::{BAD, FAINT, GOOD, ODD, STRONG, columns, fit, pad, paint, plural};
use super::{Entry, Header, Reporter, Sink, Summary, failure};
use crate::judge::verdict::Standing;
use std::io::{self, Write};

/// Column of the remark behind a scenario's name.
const NAMES: usize = 34;

/// See the module.
pub struct Terminal {
    sink: Sink,
    subject: Option<String>,
    failures: Vec<Failure>,
}

impl Terminal {
    /// Writes to this sink.
    pub fn new(sink: Sink) -> Self {
        Terminal { sink, subject: None, failures: Vec::new() }
    }

    /// A heading whenever the subject changes.
    fn subject(&mut self, entry: &Entry) -> io::Result<()> {
        let name = [entry.subject.name.as_str(), entry.subject.version.as_str()].join(" ");
        if self.subject.as_deref() != Some(&name) {
            self.subject = Some(name.clone());
            writeln!(self.sink, "\n{}", paint(STRONG, name.trim_end()))?;
        }
        Ok(())
    }
}

impl Reporter for Terminal {
    fn start(&mut self, header: &Header) -> io::Result<()> {
        let line = format!(
            "childproof {} · {} · isolation {} · {} · seed {}",
            header.childproof,
            header.platform,
            header.isolation,
            plural(header.jobs as u64, "worker"),
            header.seed
        );
        writeln!(self.sink, "{}", paint(FAINT, &line))?;
        self.sink.flush()
    }

    fn entry(&mut self, entry: &Entry) -> io::Result<()> {
        self.subject(entry)?;
        let (mark, remark) = remark(entry);
        let seconds = format!("{:>4} cases {:>7.2} s", entry.cases, entry.duration.as_secs_f64());
        let line = format!("  {mark} {} {} {remark}", pad(&entry.scenario, NAMES), paint(FAINT, &seconds));
        writeln!(self.sink, "{}", line.trim_end())?;
        self.failures.extend(entry.failures.iter().cloned());
        self.sink.flush()
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        for failure in &self.failures {
            // What was declared needs no explanation again; `--format json` keeps all of it.
            if failure.standing != Standing::Xfail {
                writeln!(self.sink, "\n{}", failure::block(failure, columns()).trim_end())?;
            }
        }
        writeln!(self.sink, "\n{}", totals(summary))?;
        self.sink.flush()
    }
}

/// The mark in front of an entry and the words behind it.
fn remark(entry: &Entry) -> (String, String) {
    let worst = entry.rows.iter().max_by_key(|row| weight(row));
    let Some(row) = worst.filter(|row| weight(row) > 0) else { return (paint(GOOD, "✓"), String::new()) };
    let (style, mark) = match weight(row) {
        5.. => (BAD, "✗"),
        3..=4 => (ODD, "!"),
        _ => (FAINT, "○"),
    };
    let more = entry.rows.iter().filter(|other| weight(other) >= weight(row)).count() - 1;
    let more = if more > 0 { format!(" (+{more})") } else { String::new() };
    (paint(style, mark), paint(style, &format!("{}{more}", words(row))))
}

/// How much a row deserves to be the one shown; 0 for what is simply right.
fn weight(row: &Row) -> u8 {
    match (row.word, row.standing) {
        (Word::Harness, _) => 7,
        (_, Standing::Regression | Standing::XfailChanged) => 6,
        (_, Standing::Xpass) => 5,
        (Word::Undecided | Word::NotRun, _) => 4,
        (_, Standing::Xfail | Standing::FlakyDeclared) => 3,
        (Word::Unsupported | Word::Unavailable, _) => 2,
        (word, _) if word.is_bad() => 6,
        _ => 0,
    }
}

fn words(row: &Row) -> String {
    let what = match row.word {
        Word::Fail => format!("{} fails in {} of {}", row.property, row.k, row.n),
        Word::Pass => row.property.clone(),
        word if row.property == Row::COMPLETES => format!("{} in {} of {}", word.name(), row.k, row.n),
        word => format!("{} {}", row.property, word.name()),
    };
    let what = if row.standing == Standing::Expected || row.standing == Standing::Regression {
        what
    } else {
        format!("{what}, {}", standing(row.standing))
    };
    let what = match row.class.filter(|_| row.is_declared()) {
        Some("ok") => format!("{what} by its own documentation"),
        Some("platform") => format!("{what} by the platform"),
        Some(_) => format!("{what} as a known defect"),
        None => what,
    };
    match &row.reason {
        Some(reason) => format!("{what}: {}", fit(reason, 60)),
        None => what,
    }
}

/// The last lines.
fn totals(summary: &Summary) -> String {
    let style = match summary.exit {
        0 => GOOD,
        1 => BAD,
        _ => ODD,
    };
    let verdicts: Vec<_> = summary.verdicts.iter().map(|(name, count)| format!("{count} {name}")).collect();
    let odd = summary.expectations.iter().filter(|(name, _)| *name != "expected");
    let standings: Vec<_> = odd.map(|(name, count)| format!("{count} {name}")).collect();
    let mut lines = vec![summary.sizes(), verdicts.join(" · ")];
    if !standings.is_empty() {
        lines.push(standings.join(" · "));
    }
    lines.extend(deviations(summary));
    lines.push(paint(style, verdict(summary)));
    lines.join("\n")
}

/// What is declared of the subjects and was seen: their choices apart from their defects.
fn deviations(summary: &Summary) -> Option<String> {
    let count = |classes: &[&str]| classes.iter().filter_map(|class| summary.deviations.get(*class)).sum::<u64>();
    let kinds = [
        (count(&["ok"]), "by the subjects' own documentation"),
        (count(&["bug", "not-implemented"]), "known defects of the subjects"),
        (count(&["platform"]), "by the platform"),
    ];
    let told: Vec<String> = kinds.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    (!told.is_empty()).then(|| format!("declared deviations: {}", told.join(" · ")))
}

fn verdict(summary: &Summary) -> &'static str {
    match summary.exit {
        0 => "as expected",
        1 => "not as expected",
        4 => "nothing ran",
        _ if summary.interrupted => "interrupted: the rest was not run",
        _ if summary.verdict(Word::NotRun) > 0 && summary.verdict(Word::Harness) == 0 => "not everything was run",
        _ => "the harness failed",
    }
}
