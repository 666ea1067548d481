//! Entries, the results of one subject on one scenario, as tests want them.

use crate::cli::run::engine::{Engine, Pair};
use crate::generate::seed;
use crate::judge;
use crate::plan::case::Plan;
use crate::plan::{check, library};
use crate::report::{self, Entry, Header, Word};
use crate::run::Session;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// The scenarios that ship with childproof.
///
/// # Errors
/// The problems of those that are wrong: a fault of childproof.
pub fn scenarios() -> Result<Vec<Plan>, String> {
    let checked = library::embedded()
        .into_iter()
        .map(|source| check::check(&source, &judge::declarations()).map_err(|problems| format!("{}: {problems:?}\n", source.path)));
    let (good, bad): (Vec<_>, Vec<_>) = checked.partition(Result::is_ok);
    if bad.is_empty() { Ok(good.into_iter().flatten().collect()) } else { Err(bad.into_iter().filter_map(Result::err).collect()) }
}

/// A number of the environment.
pub fn number<N: std::str::FromStr>(variable: &str) -> Option<N> {
    std::env::var(variable).ok().and_then(|text| text.parse().ok())
}

/// Runs one subject on one scenario. `cases`: how many, unless as many as the scenario deserves.
pub fn entry(session: &Session, pair: Pair, cases: Option<u32>, failures: PathBuf) -> Option<Entry> {
    let mut found = None;
    Engine::new(session, drawn(), cases, failures).run(&[pair], |entry| {
        found = Some(entry);
        true
    });
    found
}

/// The seed of this run: `CHILDPROOF_SEED`, or a new one. Every failure prints it.
pub fn drawn() -> u64 {
    static SEED: OnceLock<u64> = OnceLock::new();
    *SEED.get_or_init(|| number("CHILDPROOF_SEED").unwrap_or_else(seed::fresh))
}

/// As `childproof run` decides between exit 0 and 1 or 3.
pub fn is_as_expected(entry: &Entry) -> bool {
    !entry.rows.is_empty() && entry.rows.iter().all(|row| !row.breaks_the_run() && !matches!(row.word, Word::Harness | Word::NotRun))
}

/// The report as the terminal shows it.
pub fn told(session: &Session, entry: &Entry) -> String {
    let text = Text::default();
    let header = Header {
        childproof: env!("CARGO_PKG_VERSION").into(),
        platform: std::env::consts::OS.into(),
        isolation: session.isolation().name().into(),
        seed: drawn(),
        jobs: session.workers(),
        subjects: vec![entry.subject.name.clone()],
        scenarios: 1,
    };
    let written = report::form("terminal").map(|form| {
        let mut reporter = (form.open)(Box::new(text.clone()));
        reporter.start(&header).and_then(|()| reporter.entry(entry))
    });
    let bytes = text.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let again = format!("again with CHILDPROOF_SEED={}", drawn());
    match written {
        Some(Ok(())) => format!("{}\n{again}", String::from_utf8_lossy(&bytes)),
        other => format!("{}\nthe report could not be written: {other:?}; {again}", String::from_utf8_lossy(&bytes)),
    }
}

#[derive(Clone, Default)]
struct Text(Arc<Mutex<Vec<u8>>>);

impl Write for Text {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
