//! One test per scenario, as `cargo test` and nextest know tests.

use super::entries::{self, scenarios};
use super::library::Library;
use super::serve::serve;
use crate::cli::Exit;
use crate::cli::replay;
use crate::cli::run::engine::Pair;
use crate::generate::{draw, lower};
use crate::plan::case::Plan;
use crate::plan::library;
use crate::plan::script::Plane;
use crate::run::subject::{Expectation, Start, Subject, builtin, expectations};
use crate::run::{Options, Session, needs};
use libtest_mimic::{Arguments, Failed, Trial};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

/// By this word the program is started as an adapter.
const ADAPTER: &str = "__subject";
/// The name, after [`ADAPTER`], of the library under test; others are built in.
const OWN: &str = "library-under-test";

/// A library and what is known of it, ready to be tried on the scenarios that ship with childproof.
pub struct Suite<L> {
    name: String,
    version: String,
    library: L,
    expectations: Vec<Expectation>,
    cases: Option<u32>,
}

impl<L: Library> Suite<L> {
    /// The library `name` (as its users know it) at `version`.
    pub fn new(name: &str, version: &str, library: L) -> Suite<L> {
        Suite { name: name.to_owned(), version: version.to_owned(), library, expectations: Vec::new(), cases: None }
    }

    /// Deviations that are known, with their reasons: the text of a YAML file, a list as in a `subject.yaml`. One that no longer
    /// occurs fails its test.
    ///
    /// # Panics
    /// When the text is not such a list; the message has the line.
    #[must_use]
    pub fn expecting(self, yaml: &str) -> Suite<L> {
        let expectations = expectations(yaml).unwrap_or_else(|error| panic!("the expectations of {}: {error}", self.name));
        Suite { expectations, ..self }
    }

    /// So many cases of each scenario, in the place of as many as it deserves.
    #[must_use]
    pub fn cases(self, cases: u32) -> Suite<L> {
        Suite { cases: Some(cases), ..self }
    }

    /// The whole life of the test program; [`conformance!`](crate::conformance) calls it.
    pub fn main(self) -> ExitCode {
        let args: Vec<OsString> = std::env::args_os().collect();
        if args.get(1).is_some_and(|word| word == ADAPTER) {
            match args.get(2).and_then(|name| name.to_str()) {
                Some(OWN) | None => serve(&self.name, &self.version, &self.library),
                Some(name) => builtin::main(name),
            }
        }
        let arguments = Arguments::from_args();
        let shared = Arc::new(Shared { session: OnceLock::new(), subject: Arc::new(self.subject()), cases: self.cases });
        let trials = match std::env::var_os("CHILDPROOF_REPLAY") {
            Some(file) => vec![shared.clone().replayed(file.into())],
            None => self.trials(&shared),
        };
        let conclusion = libtest_mimic::run(&arguments, trials);
        // The tests are gone with their handles: this ends the wardens, and waits for them, before the process ends.
        drop(shared);
        conclusion.exit_code()
    }

    fn subject(&self) -> Subject {
        let exe = std::env::current_exe().unwrap_or_default();
        let start = Start::Command { argv: vec![exe.into(), ADAPTER.into(), OWN.into()], env: Vec::new() };
        Subject::of_library(&self.name, start, self.expectations.clone())
    }

    /// What is skipped is decided here: nextest shows a test that ends early as passed.
    fn trials(&self, shared: &Arc<Shared>) -> Vec<Trial> {
        let plans = match scenarios() {
            Ok(plans) => plans,
            Err(problems) => return vec![Trial::test("scenarios-are-right", move || Err(Failed::from(problems)))],
        };
        let trial = |plan: Plan| {
            let (shared, skipped) = (shared.clone(), !self.can(&plan));
            Trial::test(plan.id.clone(), move || shared.holds(plan)).with_ignored_flag(skipped)
        };
        plans.into_iter().filter(|plan| plan.plane == Plane::Library).map(trial).collect()
    }

    /// Whether what it claims is enough for any of some cases.
    fn can(&self, plan: &Plan) -> bool {
        let claimed = self.library.capabilities();
        draw::cases(plan, 0, draw::default_count(plan)).iter().any(|case| {
            lower::lower(plan, case).map_or(true, |(_, program)| needs(&program.root).iter().all(|need| claimed.contains(need)))
        })
    }
}

/// What all tests share.
struct Shared {
    session: OnceLock<Result<Session, String>>,
    subject: Arc<Subject>,
    cases: Option<u32>,
}

impl Shared {
    /// Started by the first test that needs it: listing the tests starts nothing.
    fn session(&self) -> Result<&Session, String> {
        let start = || {
            let isolation = std::env::var("CHILDPROOF_ISOLATION").ok().map(|level| level.parse()).transpose()?;
            let agent = std::env::current_exe().ok();
            Session::start(&Options { isolation, agent, ..Options::default() }).map_err(|error| format!("failed to {error}"))
        };
        self.session.get_or_init(start).as_ref().map_err(Clone::clone)
    }

    /// The one test there is where `CHILDPROOF_REPLAY` names a file: whether the case that was saved in it still fails.
    fn replayed(self: Arc<Self>, file: PathBuf) -> Trial {
        Trial::test("replay", move || {
            let (text, exit) = replay::again(self.session()?, &self.subject, &file).map_err(|fault| fault.to_string())?;
            match exit {
                Exit::AsExpected => Ok(()),
                _ => Err(Failed::from(text)),
            }
        })
    }

    fn holds(&self, plan: Plan) -> Result<(), Failed> {
        let session = self.session()?;
        let cases = entries::number("CHILDPROOF_CASES").or(self.cases);
        let pair = Pair { subject: self.subject.clone(), plan: Arc::new(plan) };
        let failures = PathBuf::from(library::FAILURES);
        match entries::entry(session, pair, cases, failures) {
            Some(entry) if entries::is_as_expected(&entry) => Ok(()),
            Some(entry) => Err(Failed::from(entries::told(session, &entry))),
            None => Err(Failed::from("nothing ran")),
        }
    }
}
