//! `check-adapter`: tries an adapter with everything odd and names the first rule that it breaks.
//!
//! An adapter that is wrong makes its library look wrong. Scenarios ask well-formed questions only, so faults in the adapter
//! would show as strange verdicts much later; here each rule of the protocol is tried by itself, outside any sandbox.

mod rules;
mod session;

use super::subject::Subject;
use crate::wire::client::TWO_PROCESSES;
use session::Session;
use std::path::{Path, PathBuf};

/// Limit of one question in milliseconds; the start of an interpreter on a loaded machine is within it.
pub const LIMIT_MS: u64 = 10_000;

/// One rule and how the adapter did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleResult {
    /// Its name: `unknown-operation`.
    pub rule: &'static str,
    /// What it demands, in a sentence.
    pub says: &'static str,
    /// How the adapter did.
    pub outcome: RuleOutcome,
}

/// How an adapter did by a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleOutcome {
    /// It kept it.
    Held,
    /// It broke it; how.
    Broken(String),
    /// It was not tried; why.
    Skipped(String),
}

/// Tries every rule in order, up to the first that is broken; those after it are skipped.
pub fn probe(subject: &Subject) -> Vec<RuleResult> {
    probe_with(subject, &std::env::current_exe().unwrap_or_else(|_| PathBuf::from("childproof")), LIMIT_MS)
}

/// [`probe`] with the path of the `childproof` program, which starts the built-in subjects, and with the limit of each question
/// in milliseconds.
pub fn probe_with(subject: &Subject, childproof: &Path, limit_ms: u64) -> Vec<RuleResult> {
    let mut session = Session::start(subject, childproof, limit_ms);
    let mut results: Vec<RuleResult> = Vec::new();
    let mut broken = None;
    for rule in rules::RULES {
        let outcome = match (&broken, &mut session) {
            (Some(first), _) => RuleOutcome::Skipped(format!("{first} is broken")),
            (None, Err(message)) => RuleOutcome::Broken(message.clone()),
            (None, Ok(session)) => try_one(rule, session),
        };
        if matches!(outcome, RuleOutcome::Broken(_)) {
            broken = Some(rule.name);
        } else if rule.in_vain {
            session = Session::start(subject, childproof, limit_ms);
        }
        results.push(RuleResult { rule: rule.name, says: rule.says, outcome });
    }
    results
}

fn try_one(rule: &rules::Rule, session: &mut Session) -> RuleOutcome {
    let lacks = |name: &&str| !session.claims(name);
    if let Some(name) = rule.needs.iter().copied().find(lacks) {
        return RuleOutcome::Skipped(format!("`{name}` is not claimed"));
    }
    session.passed_over = None;
    let result = (rule.test)(session);
    // A library may offer an operation in another form than the rule's.
    if let Some(reason) = session.passed_over.take() {
        return RuleOutcome::Skipped(reason);
    }
    match result.and_then(|()| session.nothing_unasked()) {
        Ok(()) => RuleOutcome::Held,
        Err(message) if rule.in_vain && message.contains(TWO_PROCESSES) => {
            RuleOutcome::Skipped(format!("after a start that fails, {TWO_PROCESSES}: the library's doing, which scenarios judge"))
        }
        Err(message) => RuleOutcome::Broken(message),
    }
}
