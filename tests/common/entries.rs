//! Whole entries as the command line makes them: one subject on one scenario.

use childproof::cli::run::engine::Pair;
use childproof::plan::case::Plan;
use childproof::report::Entry;
use childproof::run::Session;
use childproof::run::subject::Subject;
use childproof::testing::entries;
use std::path::PathBuf;
use std::sync::Arc;

/// Runs one subject on one scenario. `cases`: how many, unless as many as the scenario deserves.
pub fn entry(session: &Session, subject: &Subject, plan: &Plan, cases: Option<u32>) -> Entry {
    let failures = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("failures");
    let pair = Pair { subject: Arc::new(subject.clone()), plan: Arc::new(plan.clone()) };
    entries::entry(session, pair, cases, failures).expect("an engine hands over one entry for each pair")
}
