//! Starts: what a `spawn` or `exec` step was asked for, and what the started program reported of itself.

use super::verdict::Finding;
use super::{drift, view};
use crate::plan::script::{ActorId, Asked, CheckDecl, StepDecl};
use crate::plan::value::Value;
use crate::trace::History;
use crate::trace::state::{FdState, ProcState};

/// A start whose program came to life and reported what it was given.
pub struct Start<'h> {
    /// The step.
    pub step: &'h StepDecl,
    /// What was asked for.
    pub asked: &'h Asked,
    /// Who plays the program.
    pub child: ActorId,
    /// What it was given.
    pub state: &'h ProcState,
    /// The event in which it said so.
    pub event: usize,
}

/// The starts that a request is about, or an undecided finding when no started program reported anything.
pub fn of<'h>(history: &'h History, asked: &CheckDecl) -> Result<Vec<Start<'h>>, Finding> {
    let only = view::text(asked, "of").map(|name| view::named(history, name));
    let mut starts = Vec::new();
    for step in &history.script.steps {
        for request in step.asked.as_deref().into_iter().chain(&step.stages) {
            let Some(child) = request.child.filter(|child| only.as_ref().is_none_or(|only| only.contains(child))) else { continue };
            let born = view::births(history)
                .find_map(|(at, event, _, state)| (event.actor == child).then_some(state).flatten().map(|state| (at, state)));
            if let Some((event, state)) = born {
                starts.push(Start { step, asked: request, child, state, event });
            }
        }
    }
    if starts.is_empty() { Err(view::undecided("no started program reported what it was given")) } else { Ok(starts) }
}

/// Judges each start; the first failure counts, then whatever is undecided, then what was noted.
pub fn each(history: &History, asked: &CheckDecl, judged: impl Fn(&Start) -> Finding) -> Finding {
    match of(history, asked) {
        Ok(starts) => worst(starts.iter().map(judged)),
        Err(nothing) => nothing,
    }
}

/// The gravest of several findings: failure, undecided, unspecified, pass. Undecided when there are none.
pub fn worst(findings: impl IntoIterator<Item = Finding>) -> Finding {
    findings.into_iter().max_by_key(gravity).unwrap_or_else(|| view::undecided("there was nothing to judge"))
}

fn gravity(finding: &Finding) -> u8 {
    match finding {
        Finding::NotApplicable => 0,
        Finding::Pass => 1,
        Finding::Unspecified { .. } => 2,
        Finding::Undecided { .. } => 3,
        Finding::Fail(_) => 4,
    }
}

impl Start<'_> {
    /// A failure of this start, shown by what its program reported.
    pub fn fails(&self, history: &History, expected: impl Into<String>, seen: impl Into<String>) -> Finding {
        Finding::fail(
            format!("{} after {}", expected.into(), view::place(self.step)),
            seen,
            view::name(history, self.child),
            vec![self.event],
        )
    }
}

/// Whether what arrived is what was handed over. `{case}` stands for the case directory, whose name the script does not know.
pub fn same_text(asked: &[u8], seen: &[u8]) -> bool {
    const CASE: &[u8] = b"{case}";
    if asked == seen {
        return true;
    }
    let Some(at) = asked.windows(CASE.len()).position(|window| window == CASE) else { return false };
    let (before, after) = (&asked[..at], &asked[at + CASE.len()..]);
    seen.len() > before.len() + after.len() && seen.starts_with(before) && seen.ends_with(after)
}

/// Whether a path that was seen is the one asked for, which may be relative to the case directory.
pub fn same_path(asked: &str, seen: &str) -> bool {
    let relative = asked.trim_start_matches("./").trim_end_matches('/');
    same_text(asked.as_bytes(), seen.as_bytes())
        || (!relative.starts_with('/') && !relative.is_empty() && seen.ends_with(&format!("/{relative}")))
}

/// The bytes of an argument or variable; those of its printed form where it is neither text nor bytes.
pub fn bytes(value: &Value) -> Vec<u8> {
    value.bytes().unwrap_or_else(|| value.to_string().into_bytes())
}

/// A string of bytes for people: quoted, escaped, cut.
pub fn quoted(bytes: &[u8]) -> String {
    const MOST: usize = 60;
    let shown: String = bytes.iter().take(MOST).flat_map(|byte| std::ascii::escape_default(*byte)).map(char::from).collect();
    if bytes.len() > MOST { format!("\"{shown}...\" ({} bytes)", bytes.len()) } else { format!("\"{shown}\"") }
}

/// Whether this is a terminal that the subject did not have itself.
pub fn is_new_terminal(history: &History, seen: &FdState) -> bool {
    let terminal = ["/dev/pts/", "/dev/ttys"].iter().any(|place| seen.target.starts_with(place));
    let old = history.observed.before.as_ref().is_some_and(|before| before.fds.iter().any(|fd| drift::same_file(fd, seen)));
    terminal && !old
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_case_directory_stands_for_itself() {
        assert!(same_text(b"{case}/bin/child", b"/tmp/x/bin/child"));
        assert!(!same_text(b"{case}/bin/child", b"/bin/child"));
        assert!(same_text(b"{case}", b"{case}"));
        assert!(same_path("sub", "/tmp/x/sub"));
        assert!(same_path("{case}", "/tmp/x"));
        assert!(!same_path("/", "/tmp/x"));
        assert!(!same_path("sub", "/tmp/x/other"));
    }
}
