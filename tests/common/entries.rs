//! Whole entries as the command line makes them: every plan, one subject on it, and its report as text.

use crate::common::{plan, seed};
use childproof::cli::run::engine::{Engine, Pair};
use childproof::plan::case::Plan;
use childproof::plan::library;
use childproof::report::{self, Entry, Header};
use childproof::run::Session;
use childproof::run::subject::Subject;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// Every embedded scenario, checked; the problems of all that are wrong otherwise.
pub fn plans() -> Result<Vec<Plan>, String> {
    let (good, bad): (Vec<_>, Vec<_>) = library::embedded().iter().map(plan).partition(Result::is_ok);
    if bad.is_empty() { Ok(good.into_iter().flatten().collect()) } else { Err(bad.into_iter().filter_map(Result::err).collect()) }
}

/// Runs one subject on one scenario. `cases`: how many, unless as many as the scenario deserves.
pub fn entry(session: &Session, subject: &Subject, plan: &Plan, cases: Option<u32>) -> Entry {
    let failures = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("failures");
    let engine = Engine::new(session, seed(), cases, failures);
    let pair = Pair { subject: Arc::new(subject.clone()), plan: Arc::new(plan.clone()) };
    let mut found = None;
    engine.run(&[pair], |entry| {
        found = Some(entry);
        true
    });
    found.expect("an engine hands over one entry for each pair")
}

/// The report of an entry as the terminal shows it.
pub fn told(session: &Session, entry: &Entry) -> String {
    let text = Shared::default();
    let form = report::form("terminal").expect("the terminal's form");
    let mut reporter = (form.open)(Box::new(text.clone()));
    let header = Header {
        childproof: env!("CARGO_PKG_VERSION").into(),
        platform: std::env::consts::OS.into(),
        isolation: session.isolation().name().into(),
        seed: seed(),
        jobs: session.workers(),
        subjects: vec![entry.subject.name.clone()],
        scenarios: 1,
    };
    let written = reporter.start(&header).and_then(|()| reporter.entry(entry));
    let bytes = text.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    format!("{}\nwritten: {written:?}; again with CHILDPROOF_SEED={}", String::from_utf8_lossy(&bytes), seed())
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
