//! Outcomes: when one is as expected, and how it is put into words.
//!
//! Rules, in this order:
//! 1. `any` accepts everything that came of trying it.
//! 2. With alternatives declared, one of them must match. `Done(None)` matches success with any number. An error whose name
//!    is empty, `*` or `any` stands for `refused`: any error at all, with or without an errno. Whether a
//!    core was dumped is compared only where that is asked for: a library cannot tell.
//! 3. Without alternatives the step must succeed: `wait`, `communicate` and `run` report an exit with 0, `exec` does not return,
//!    `poll` and `parallel` report whatever they find without an error, and everything else is done (a read may also meet the
//!    end at once).

use crate::plan::script::{Ended, Outcome, StepDecl};
use crate::trace::{End, History};

use super::crash;
use super::hang;
use super::signals;
use super::verdict::CaseOutcome;
use super::view;

/// Whether this outcome is right for the step.
pub fn as_declared(step: &StepDecl, seen: &Outcome) -> bool {
    if step.any {
        return true;
    }
    if step.expect.is_empty() { succeeded(&step.kind, seen) } else { step.expect.iter().any(|expected| matches(expected, seen)) }
}

/// Rule 3.
fn succeeded(kind: &str, seen: &Outcome) -> bool {
    match kind {
        "wait" | "communicate" | "run" => matches!(seen, Outcome::Ended(Ended::Exited(0))),
        "exec" => false,
        "poll" | "parallel" => matches!(seen, Outcome::Done(_) | Outcome::Ended(_) | Outcome::Pending),
        "read" => matches!(seen, Outcome::Done(_) | Outcome::Eof),
        _ => matches!(seen, Outcome::Done(_)),
    }
}

/// Rule 2, for one alternative.
pub fn matches(expected: &Outcome, seen: &Outcome) -> bool {
    match (expected, seen) {
        (Outcome::Done(None), Outcome::Done(_)) => true,
        (Outcome::Error(_) | Outcome::Other(_), Outcome::Error(_) | Outcome::Other(_)) if refused(expected) => true,
        (Outcome::Ended(Ended::Killed { signal, .. }), Outcome::Ended(Ended::Killed { signal: by, .. })) => signal == by,
        (Outcome::Ended(Ended::KilledExactly { signal, core }), Outcome::Ended(Ended::Killed { signal: by, core: left })) => {
            (signal, core) == (by, left)
        }
        _ => expected == seen,
    }
}

/// Whether an expectation means any error at all.
pub fn refused(expected: &Outcome) -> bool {
    matches!(expected, Outcome::Error(name) | Outcome::Other(name) if matches!(name.as_str(), "" | "*" | "any"))
}

/// What the step must come to, in words.
pub fn wanted(step: &StepDecl) -> String {
    if !step.expect.is_empty() {
        let alternatives: Vec<String> = step.expect.iter().map(words).collect();
        return alternatives.join(" or ");
    }
    match step.kind.as_str() {
        "wait" | "communicate" | "run" => "exit with 0".to_owned(),
        "exec" => "no return: the new image runs".to_owned(),
        _ => "success".to_owned(),
    }
}

/// An outcome in words.
pub fn words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done(None) => "success".to_owned(),
        Outcome::Done(Some(number)) => format!("success with {number}"),
        Outcome::Error(_) | Outcome::Other(_) if refused(outcome) => "an error".to_owned(),
        Outcome::Error(name) => format!("error {name}"),
        Outcome::Other(text) => format!("an error that names no errno: {text}"),
        Outcome::Ended(ended) => ended_words(*ended),
        Outcome::Eof => "end of file".to_owned(),
        Outcome::Pending => "nothing to report yet".to_owned(),
        Outcome::Unsupported(what) => format!("not offered by the subject: {what}"),
        Outcome::Unavailable(why) => format!("not available here: {why}"),
        Outcome::TimedOut => "its time limit ran out".to_owned(),
    }
}

/// An end in words.
pub fn ended_words(ended: Ended) -> String {
    match ended {
        Ended::Exited(code) => format!("exit with {code}"),
        Ended::Killed { signal, core: false } => format!("death by {}", signals::words(signal)),
        Ended::Killed { signal, core: true } | Ended::KilledExactly { signal, core: true } => {
            format!("death by {}, core dumped", signals::words(signal))
        }
        Ended::KilledExactly { signal, core: false } => format!("death by {} without a core", signals::words(signal)),
        Ended::Stopped(signal) => format!("stop by {}", signals::words(signal)),
        Ended::Continued => "continuation".to_owned(),
    }
}

/// How the case came out, with the reason where it did not complete. A step that met a limit of subject or platform unasked
/// makes the case unsupported or unavailable, whatever the root did next: nothing was tried that could be judged.
pub fn of_case(history: &History) -> (CaseOutcome, Option<String>) {
    match &history.end {
        End::Done => limit_met(history).unwrap_or((CaseOutcome::Completed, None)),
        End::Hang { evidence } => {
            let why = hang::explain(history).map(|explained| explained.sentence).or_else(|| evidence.first().cloned());
            let why = why.map(|why| format!(": {why}")).unwrap_or_default();
            (CaseOutcome::Hang, Some(format!("not done within {} ms{why}", history.script.deadline_ms)))
        }
        End::Crash { message } => (CaseOutcome::Crash, Some(crash::reason(history, message))),
        End::Protocol { message } => (CaseOutcome::Protocol, Some(message.clone())),
        End::Harness { message } => (CaseOutcome::Harness, Some(message.clone())),
        End::Unsupported { reason } => (CaseOutcome::Unsupported, Some(reason.clone())),
        End::Unavailable { reason } => (CaseOutcome::Unavailable, Some(reason.clone())),
        End::NotRun { reason } => (CaseOutcome::NotRun, Some(reason.clone())),
    }
}

fn limit_met(history: &History) -> Option<(CaseOutcome, Option<String>)> {
    view::returns(history).find_map(|(_, event, outcome, _)| {
        let step = view::step_of(history, event)?;
        // What was not tried is no outcome that `any` could stand for.
        if !step.any && as_declared(step, outcome) {
            return None;
        }
        match outcome {
            Outcome::Unsupported(what) => Some((CaseOutcome::Unsupported, Some(format!("{}: {what}", view::place(step))))),
            Outcome::Unavailable(why) => Some((CaseOutcome::Unavailable, Some(format!("{}: {why}", view::place(step))))),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternatives_match_by_their_rules() {
        assert!(matches(&Outcome::Done(None), &Outcome::Done(Some(3))));
        assert!(!matches(&Outcome::Done(Some(4)), &Outcome::Done(Some(3))));
        assert!(matches(&Outcome::Error("*".into()), &Outcome::Other("nope".into())));
        assert!(!matches(&Outcome::Error("ENOENT".into()), &Outcome::Other("ENOENT".into())));
        let died = |core| Outcome::Ended(Ended::Killed { signal: 11, core });
        assert!(matches(&died(false), &died(true)));
        let exactly = |core| Outcome::Ended(Ended::KilledExactly { signal: 11, core });
        assert!(matches(&exactly(true), &died(true)) && matches(&exactly(false), &died(false)));
        assert!(!matches(&exactly(true), &died(false)) && !matches(&exactly(false), &died(true)));
    }
}
