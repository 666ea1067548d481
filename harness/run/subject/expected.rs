//! Expectations written into a `subject.yaml`, as text: what a person wrote there, comments and order, stays as it is.

use super::declaration;
use std::fmt::Write;
use std::path::Path;

/// A deviation that was seen and is not declared.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// In which scenario.
    pub scenario: String,
    /// The property that failed.
    pub property: String,
    /// Cases that did not hold.
    pub k: u32,
    /// Of so many.
    pub n: u32,
    /// The version asked for, where one was.
    pub version: Option<String>,
}

const KEY: &str = "expectations:";

/// Adds entries to the file of a subject; the reason of each is left to be written by a person.
///
/// # Errors
/// A file that cannot be read or written, or whose list is not written line by line.
pub fn add(path: &Path, observed: &[Observed]) -> Result<(), String> {
    let said = |what: String| format!("{}: {what}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| said(error.to_string()))?;
    let new = added(&text, observed).map_err(said)?;
    declaration::parse(path, &new).map_err(|error| format!("nothing was written, for it would not be valid: {error}"))?;
    std::fs::write(path, new).map_err(|error| said(error.to_string()))
}

fn added(text: &str, observed: &[Observed]) -> Result<String, String> {
    let mut lines: Vec<&str> = text.lines().collect();
    let entries: String = observed.iter().map(entry).collect();
    let Some(head) = lines.iter().position(|line| line.starts_with(KEY)) else {
        lines.push(KEY);
        return Ok(lines.join("\n") + "\n" + &entries);
    };
    match lines[head][KEY.len()..].split('#').next().map(str::trim) {
        Some("" | "[]") => lines[head] = KEY,
        _ => return Err(format!("line {}: write the expectations one per line, beginning with `- scenario:`", head + 1)),
    }
    // The list ends where the next key begins; its entries may be indented or not.
    let inside = |line: &&str| line.is_empty() || line.starts_with([' ', '-', '#']);
    let end = head + 1 + lines[head + 1..].iter().take_while(|line| inside(line)).count();
    let end = (head + 1..=end).rev().find(|at| *at == head + 1 || !lines[at - 1].trim().is_empty()).unwrap_or(end);
    let flush = lines[head + 1..end].iter().any(|line| line.starts_with('-'));
    let entries = if flush { entries.replace("\n  ", "\n").trim_start().to_owned() } else { entries };
    let (before, after) = lines.split_at(end);
    let after = if after.is_empty() { String::new() } else { after.join("\n") + "\n" };
    Ok(before.join("\n") + "\n" + &entries + &after)
}

fn entry(of: &Observed) -> String {
    let Observed { scenario, property, k, n, version } = of;
    let mut text = format!("  - scenario: {scenario}\n    property: {property}\n    reason-class: bug\n");
    let _ = writeln!(text, "    reason: to be written (seen in {k} of {n} cases)\n    reference: to be written");
    if k < n {
        text += "    sometimes: true\n";
    }
    // A path of an interpreter is no version.
    let version = version.as_deref().map(|version| version.split(':').next().unwrap_or(version)).filter(|version| !version.is_empty());
    if let Some(version) = version.filter(|version| !version.contains('/')) {
        let _ = writeln!(text, "    condition: {{versions: \"={version}\"}}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUBJECT: &str = "name: x\nlibrary: l\nlanguage: c\nabout: a\nstart: {builtin: x}\n";

    fn seen() -> [Observed; 1] {
        let (scenario, property) = ("wait/drop".into(), "no-zombie".into());
        [Observed { scenario, property, k: 3, n: 20, version: Some("1.2".into()) }]
    }

    fn count(text: &str) -> usize {
        declaration::parse(Path::new("x/subject.yaml"), text).unwrap_or_else(|error| panic!("{error}\n{text}")).expectations.len()
    }

    #[test]
    fn entries_are_added_wherever_the_list_stands() {
        let old = "expectations:\n  # why\n  - {scenario: a/b, property: p, reason-class: ok, reason: r, reference: u}\n";
        let flush = "expectations:\n- scenario: a/b\n  property: p\n  reason-class: ok\n  reason: r\n  reference: u\n";
        for (before, wanted) in [
            (SUBJECT.to_owned(), 1),
            (format!("{SUBJECT}expectations: []\n"), 1),
            (format!("{SUBJECT}{old}"), 2),
            (format!("{old}\n{SUBJECT}"), 2),
            (format!("{flush}{SUBJECT}"), 2),
            (format!("{SUBJECT}{flush}"), 2),
        ] {
            let after = added(&before, &seen()).expect("possible");
            assert_eq!(count(&after), wanted, "{after}");
            assert_eq!(before.contains("# why"), after.contains("# why"));
        }
        assert!(added("expectations: [{scenario: x}]\n", &seen()).is_err_and(|error| error.contains("line 1")));
    }

    #[test]
    fn an_entry_says_what_was_seen() {
        let text = entry(&seen()[0]);
        assert!(text.contains("seen in 3 of 20") && text.contains("sometimes: true") && text.contains("versions: \"=1.2\""), "{text}");
    }
}
