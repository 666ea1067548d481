//! What the tests that run real processes share: one session, plans, and a report as text.

#![allow(dead_code, reason = "each test that includes this uses its own part of it, so that no expectation holds for all")]

use childproof::cli::run::engine::{Engine, Pair};
use childproof::judge;
use childproof::plan::case::{Plan, Source};
use childproof::plan::{check, library};
use childproof::report::{self, Entry, Header};
use childproof::run::subject::Subject;
use childproof::run::{Options, Session};
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// The program that wardens and built-in adapters are started from; the test's own executable cannot be one.
pub const CHILDPROOF: &str = env!("CARGO_BIN_EXE_childproof");

/// A session that is started by the first test that needs it: listing the tests starts nothing.
#[derive(Default)]
pub struct Lazy(OnceLock<Result<Session, String>>);

impl Lazy {
    /// The session.
    pub fn get(&self) -> Result<&Session, String> {
        let start = || {
            let isolation = std::env::var("CHILDPROOF_ISOLATION").ok().map(|level| level.parse()).transpose()?;
            let options = Options { isolation, exe: Some(PathBuf::from(CHILDPROOF)), ..Options::default() };
            Session::start(&options).map_err(|error| format!("failed to {error}"))
        };
        self.0.get_or_init(start).as_ref().map_err(Clone::clone)
    }
}

/// The seed of this run: `CHILDPROOF_SEED`, or a new one. Every failure prints it.
pub fn seed() -> u64 {
    static SEED: OnceLock<u64> = OnceLock::new();
    *SEED.get_or_init(|| {
        std::env::var("CHILDPROOF_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(childproof::generate::seed::fresh)
    })
}

/// Every embedded scenario, checked; the problems of all that are wrong otherwise.
pub fn plans() -> Result<Vec<Plan>, String> {
    let (good, bad): (Vec<_>, Vec<_>) = library::embedded().iter().map(plan).partition(Result::is_ok);
    if bad.is_empty() { Ok(good.into_iter().flatten().collect()) } else { Err(bad.into_iter().filter_map(Result::err).collect()) }
}

/// One scenario, checked.
pub fn plan(source: &Source) -> Result<Plan, String> {
    check::check(source, &judge::declarations()).map_err(|problems| format!("{}: {problems:?}\n", source.path))
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
