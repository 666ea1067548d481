//! What the tests that run real processes share: one session, one seed, and plans.

use childproof::judge;
use childproof::plan::case::{Plan, Source};
use childproof::plan::check;
use childproof::run::{Options, Session};
use std::path::PathBuf;
use std::sync::OnceLock;

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

/// One scenario, checked.
pub fn plan(source: &Source) -> Result<Plan, String> {
    check::check(source, &judge::declarations()).map_err(|problems| format!("{}: {problems:?}\n", source.path))
}
