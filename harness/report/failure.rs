//! A failure explained to a person: what should hold and by which clause, what was seen, the smallest case, how reliably it
//! fails, its steps as lanes, who is charged, and the command that shows it again.

use super::entry::{Blame, Failure, Row};
use super::lanes;
use super::text::{BAD, FAINT, STRONG, fit, paint};
use crate::judge::verdict::Standing;
use crate::judge::{crash, hang};
use crate::plan::script::Plane;
use std::fmt::Write;

/// Left margin of everything below the heading.
const MARGIN: &str = "  ";

/// The block, `columns` wide, with styles.
pub fn block(failure: &Failure, columns: usize) -> String {
    let mut block = heading(failure);
    field(&mut block, "expected", &failure.evidence.expected);
    field(&mut block, "seen", &paint(BAD, &one_line(&failure.evidence.seen)));
    field(&mut block, "by", &failure.evidence.by);
    if !failure.bindings.is_empty() {
        field(&mut block, "smallest", &bindings(failure, columns));
    }
    field(&mut block, "fails", &reliability(failure));
    field(&mut block, "charged", &blame(failure));
    if let Some(reason) = &failure.reason {
        field(&mut block, "declared", reason);
    }
    for line in circumstances(failure) {
        let _ = writeln!(block, "{MARGIN}{MARGIN}{line}");
    }
    block.push('\n');
    for line in lanes::of_history(&failure.history, &failure.evidence.events, columns - 2 * MARGIN.len()) {
        let _ = writeln!(block, "{MARGIN}{MARGIN}{line}");
    }
    if let Some(command) = &failure.again {
        let _ = writeln!(block, "\n{MARGIN}{}", paint(STRONG, command));
    }
    block
}

/// Of a hang everybody with what they wait for, of a crash the last events; each under a heading.
fn circumstances(failure: &Failure) -> Vec<String> {
    if failure.property != Row::COMPLETES {
        return Vec::new();
    }
    let (heading, lines) = match hang::explain(&failure.history) {
        Some(explained) => ("when it hung", explained.lines()),
        None => ("last events", crash::last_events(&failure.history)),
    };
    if lines.is_empty() {
        return lines;
    }
    [String::new(), paint(STRONG, heading)].into_iter().chain(lines).collect()
}

fn heading(failure: &Failure) -> String {
    let script = &failure.history.script;
    let subject = [failure.history.subject.name.as_str(), failure.history.subject.version.as_str()].join(" ");
    let word = match failure.standing {
        Standing::Xfail => "fails as declared",
        Standing::FlakyDeclared => "fails at times, as declared",
        _ => "FAIL",
    };
    let mut heading = format!("{} {} · {}\n", paint(BAD, word), paint(STRONG, &script.scenario), subject.trim_end());
    let _ = writeln!(heading, "{MARGIN}{}", script.title);
    field(&mut heading, "property", &format!("{}: {}", failure.property, failure.says));
    field(&mut heading, "clause", &paint(FAINT, &failure.clause));
    heading
}

fn field(block: &mut String, name: &str, text: &str) {
    let _ = writeln!(block, "{MARGIN}{} {}", paint(FAINT, &format!("{name:>8}")), text);
}

fn one_line(text: &str) -> String {
    fit(text, 400)
}

fn bindings(failure: &Failure, columns: usize) -> String {
    let all: Vec<_> = failure.bindings.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    fit(&all.join(", "), columns.saturating_sub(12).max(20))
}

/// `37 of 40 runs of the smallest case`, and what that bounds: a case that never held may still hold once in a while.
fn reliability(failure: &Failure) -> String {
    format!("{} of {} runs of this case", failure.failed, failure.of)
}

fn blame(failure: &Failure) -> String {
    let name = &failure.history.subject.name;
    match failure.blame {
        Blame::Library => format!("{name}: the same case holds on raw system calls here"),
        Blame::Platform if name == "raw" && failure.history.script.plane == Plane::Library => {
            "nobody else: raw is the reference that libraries are compared with".to_owned()
        }
        Blame::Platform if name == "raw" => "the platform: these are its own system calls".to_owned(),
        Blame::Platform => format!("the platform, not {name}: the same case fails on raw system calls here"),
        Blame::Unknown => "nobody: the same case could not be run on raw system calls here".to_owned(),
    }
}
