//! The catalogue as tests: one per subject × scenario, named `raw::pipe::sigpipe`.
//!
//! Listing starts no process, as cargo-nextest lists once and then starts this program again for each test. For the same
//! reason what is skipped is decided when listing: nextest shows a test that ends early as passed.
//!
//! `CHILDPROOF_SEED`, `CHILDPROOF_CASES` and `CHILDPROOF_ISOLATION` are the options of `childproof run`, which draws more cases when
//! nobody says how many.

mod common;
#[path = "common/entries.rs"]
mod one;

use childproof::plan::case::Plan;
use childproof::plan::script::Plane;
use childproof::run::subject::{self, Subject};
use childproof::testing::entries;
use common::Lazy;
use libtest_mimic::{Failed, Trial};
use std::process::ExitCode;
use std::sync::Arc;

/// Who is tested; `python-subprocess` where an interpreter is found.
const SUBJECTS: [&str; 3] = ["raw", "rust-std", "python-subprocess"];

/// Cases of each scenario where nobody says how many: all of them together take two minutes.
const CASES: u32 = 8;

fn main() -> ExitCode {
    let arguments = common::arguments();
    let session = Arc::new(Lazy::default());
    let conclusion = libtest_mimic::run(&arguments, trials(&session));
    // The tests are gone with their handles: this ends the wardens, and waits for them, before the process ends. nextest
    // marks a test whose children outlive it.
    drop(session);
    conclusion.exit_code()
}

fn trials(session: &Arc<Lazy>) -> Vec<Trial> {
    let plans: Vec<Arc<Plan>> = match entries::scenarios() {
        Ok(plans) => plans.into_iter().map(Arc::new).collect(),
        Err(problems) => return vec![Trial::test("scenarios::are-right", move || Err(Failed::from(problems)))],
    };
    SUBJECTS.iter().flat_map(|name| of_subject(name, &plans, session)).collect()
}

fn of_subject(name: &'static str, plans: &[Arc<Plan>], session: &Arc<Lazy>) -> Vec<Trial> {
    let subject = subject::find(name).map(Arc::new);
    let suits = |plan: &&Arc<Plan>| name == "raw" || plan.plane == Plane::Library;
    let trial = |plan: &Arc<Plan>| {
        let (plan, session, found) = (plan.clone(), session.clone(), subject.clone());
        let title = format!("{name}::{}", plan.id.replace('/', "::"));
        let skipped = subject.as_ref().map_or(true, |subject| subject.cannot.contains(&plan.id));
        Trial::test(title, move || holds(&session, &*found?, &plan)).with_ignored_flag(skipped)
    };
    plans.iter().filter(suits).map(trial).collect()
}

fn holds(session: &Lazy, subject: &Subject, plan: &Plan) -> Result<(), Failed> {
    let session = session.get()?;
    let entry = one::entry(session, subject, plan, entries::number("CHILDPROOF_CASES").or(Some(CASES)));
    if entries::is_as_expected(&entry) { Ok(()) } else { Err(Failed::from(entries::told(session, &entry))) }
}
