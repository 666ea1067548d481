//! What the tests that run real processes share: one session.

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
