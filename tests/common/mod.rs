//! What the tests that run real processes share: one session.

use childproof::run::{Options, Session};
use libtest_mimic::Arguments;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::OnceLock;

/// The program that wardens and built-in adapters are started from; the test's own executable cannot be one.
pub const CHILDPROOF: &str = env!("CARGO_BIN_EXE_childproof");

/// How many cases run side by side: most of them wait for somebody most of the time.
fn side_by_side() -> usize {
    2 * std::thread::available_parallelism().map_or(1, NonZero::get)
}

/// What the command line asks for; without a number of threads, one for each warden.
pub fn arguments() -> Arguments {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert_with(side_by_side);
    arguments
}

/// A session that is started by the first test that needs it: listing the tests starts nothing.
#[derive(Default)]
pub struct Lazy(OnceLock<Result<Session, String>>);

impl Lazy {
    /// The session.
    pub fn get(&self) -> Result<&Session, String> {
        let start = || {
            let isolation = std::env::var("CHILDPROOF_ISOLATION").ok().map(|level| level.parse()).transpose()?;
            let options = Options { isolation, exe: Some(PathBuf::from(CHILDPROOF)), wardens: side_by_side(), ..Options::default() };
            Session::start(&options).map_err(|error| format!("failed to {error}"))
        };
        self.0.get_or_init(start).as_ref().map_err(Clone::clone)
    }
}
