//! The engine: one thread per warden takes cases off a common list, and what is finished leaves in the order of the list.
//!
//! The list holds every case of every pair, pair after pair, so that a subject process serves many cases in a row and no
//! worker idles while another one finishes a long scenario. A pair's last case brings it to its end on the worker that ran
//! it: adding up, shrinking, settling the blame.

use super::kept::Kept;
use super::patience::{Lost, OF_A_SCENARIO, OF_A_SUBJECT, came_to_no_end};
use super::standing;
use super::{fail, select};
use crate::generate::program::Program;
use crate::generate::{draw, lower, reach};
use crate::judge::verdict::{CaseOutcome, Verdict};
use crate::plan::case::{Case, Plan};
use crate::plan::script::Script;
use crate::report::{Entry, Row};
use crate::run::Session;
use crate::run::subject::{Here, Start, Subject};
use crate::trace::{End, History, SCHEMA, SubjectId};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// A subject with a scenario to try it on.
#[derive(Clone)]
pub struct Pair {
    /// Who.
    pub subject: Arc<Subject>,
    /// What.
    pub plan: Arc<Plan>,
}

/// Runs cases on a session.
pub struct Engine<'a> {
    session: &'a Session,
    workers: usize,
    seed: u64,
    cases: Option<u32>,
    pub(super) failures: PathBuf,
    explains: bool,
    /// Cases that could reach beyond themselves are refused where the isolation level does not hold them.
    wary: bool,
    cancelled: AtomicBool,
    finished: AtomicUsize,
    finished_one: Box<dyn Fn(usize) + Sync + 'a>,
}

/// One case that was run.
pub struct Ran {
    /// The case.
    pub case: Case,
    /// What happened.
    pub history: History,
    /// What is said of it.
    pub verdict: Verdict,
    pub(super) took: Duration,
}

impl<'a> Engine<'a> {
    /// An engine that draws `cases` cases per scenario (`None`: as many as the scenario deserves) from `seed` and saves the
    /// smallest failing ones in `failures`.
    pub fn new(session: &'a Session, seed: u64, cases: Option<u32>, failures: PathBuf) -> Engine<'a> {
        let (cancelled, finished) = (AtomicBool::new(false), AtomicUsize::new(0));
        let workers = session.workers();
        Engine { session, workers, seed, cases, failures, explains: true, wary: false, cancelled, finished, finished_one: Box::new(|_| {}) }
    }

    /// With the first so many of the session's workers only.
    #[must_use]
    pub fn on(self, workers: usize) -> Engine<'a> {
        Engine { workers: workers.min(self.session.workers()), ..self }
    }

    /// Failures are counted, and neither made small nor charged nor saved.
    pub fn only_counting(self) -> Engine<'a> {
        Engine { explains: false, ..self }
    }

    /// Has `tell` called after every case with the number of those that have ended, by whichever thread ran it.
    #[must_use]
    pub fn telling(self, tell: impl Fn(usize) + Sync + 'a) -> Engine<'a> {
        Engine { finished_one: Box::new(tell), ..self }
    }

    /// Whether to refuse what the isolation level cannot contain: for scenarios of unknown origin.
    #[must_use]
    pub fn wary(self, wary: bool) -> Engine<'a> {
        Engine { wary, ..self }
    }

    /// The isolation level it runs at.
    pub fn isolation(&self) -> String {
        self.session.isolation().name().to_owned()
    }

    /// The seed of its cases.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Ends the cases under way; what has not begun is not run.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
        self.session.cancel();
    }

    /// Whether [`Self::cancel`] was called.
    pub fn cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Runs every pair and hands each entry to `take`, in the order of the pairs; ends early once that returns `false`.
    pub fn run(&self, pairs: &[Pair], take: impl FnMut(Entry) -> bool + Send) {
        let mut of_subjects: BTreeMap<*const Subject, Arc<Lost>> = BTreeMap::new();
        let mut work = Vec::with_capacity(pairs.len());
        for pair in pairs {
            work.push(self.work(pair, of_subjects.entry(Arc::as_ptr(&pair.subject)).or_default().clone()));
        }
        let list = List::of(work.iter().map(|work| work.count));
        let next = AtomicUsize::new(0);
        let door = Mutex::new(Door { waiting: BTreeMap::new(), next: 0, take });
        std::thread::scope(|scope| {
            for worker in 0..self.workers {
                let (work, list, next, door) = (&work, &list, &next, &door);
                scope.spawn(move || {
                    while let Some((pair, case)) = list.at(next.fetch_add(1, Ordering::Relaxed)) {
                        self.step(worker, pair, &work[pair], case, door);
                    }
                });
            }
        });
    }

    fn work<'p>(&self, pair: &'p Pair, by_subject: Arc<Lost>) -> Work<'p> {
        let wanted = || self.cases.unwrap_or_else(|| draw::default_count(&pair.plan)) as usize;
        let count = if matches!(pair.subject.start, Start::Not(_)) { 1 } else { wanted() };
        let (deck, kept, lost) = (OnceLock::new(), Mutex::new(Kept::default()), Lost::default());
        Work { pair, count, deck, left: AtomicUsize::new(count), kept, lost, by_subject }
    }

    /// One case, and the end of its pair when it was the last.
    fn step<T: FnMut(Entry) -> bool>(&self, worker: usize, at: usize, work: &Work, case: usize, door: &Mutex<Door<T>>) {
        let interrupted = self.cancelled().then_some("the run was interrupted");
        let ran = match interrupted.or_else(|| work.given_up()) {
            Some(reason) => self.not_run(work.pair, case, reason),
            None => self.case(worker, &work.pair.subject, &work.pair.plan, &self.drawn(work, case)),
        };
        work.lose(&ran.verdict, ran.took, &ran.history.subject.version);
        lock(&work.kept).add(case, ran);
        (self.finished_one)(self.finished.fetch_add(1, Ordering::Relaxed) + 1);
        if work.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            let entry = self.entry(worker, work);
            if !lock(door).hand_over(at, entry) {
                self.cancel();
            }
        }
    }

    /// A case of a pair. What its cases have in common is worked out when the first is run: that can take long enough to be
    /// interrupted.
    fn drawn(&self, work: &Work, case: usize) -> Case {
        let deck = work.deck.get_or_init(|| draw::Deck::of(&work.pair.plan, self.seed));
        deck.case(u32::try_from(case).unwrap_or(u32::MAX))
    }

    fn not_run(&self, pair: &Pair, number: usize, reason: &str) -> Ran {
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        let case = Case { scenario: pair.plan.id.clone(), bindings: BTreeMap::new(), seed: self.seed, number };
        let history = ended(&pair.subject, &pair.plan, &case, End::NotRun { reason: reason.to_owned() });
        let verdict = crate::judge::judge(&history);
        Ran { case, history, verdict, took: Duration::ZERO }
    }

    /// Runs and judges one case.
    pub fn case(&self, worker: usize, subject: &Subject, plan: &Plan, case: &Case) -> Ran {
        let began = Instant::now();
        let history = self.history(worker, subject, plan, case);
        let verdict = judged(&history);
        Ran { case: case.clone(), history, verdict, took: began.elapsed() }
    }

    fn history(&self, worker: usize, subject: &Subject, plan: &Plan, case: &Case) -> History {
        if let Start::Not(why) = &subject.start {
            return ended(subject, plan, case, End::Unavailable { reason: why.clone() });
        }
        match lower::lower(plan, case) {
            Ok((script, program)) => match self.refused(&program) {
                Some(reason) => ended(subject, plan, case, End::Unavailable { reason }),
                None => self.session.run(worker, &script, &program, subject),
            },
            Err(lower::LowerError::Unavailable(reason)) => ended(subject, plan, case, End::Unavailable { reason }),
            Err(error) => ended(subject, plan, case, End::Harness { message: format!("binding the case: {error}") }),
        }
    }

    /// Why a program may not run here.
    fn refused(&self, program: &Program) -> Option<String> {
        let level = self.session.isolation();
        let what = reach::beyond(program).filter(|_| self.wary && !level.alone())?;
        Some(format!(
            "{what}, which isolation {level} cannot keep from harm outside; run it where namespaces work, or with --trust if you know it"
        ))
    }

    fn entry(&self, worker: usize, work: &Work) -> Entry {
        let kept = std::mem::take(&mut *lock(&work.kept));
        let Pair { subject, plan } = work.pair;
        let mut rows = kept.tally.rows();
        let identity = identity(subject, kept.version);
        standing::settle(&mut rows, &plan.id, &identity.version, &subject.expectations);
        let failures = if self.explains { fail::explain(self, worker, work.pair, &rows, &kept.failing) } else { Vec::new() };
        Entry { subject: identity, scenario: plan.id.clone(), cases: kept.cases, duration: kept.took, rows, failures }
    }
}

/// The verdict. A history that our judging stumbles over is our failure and not the run's end.
fn judged(history: &History) -> Verdict {
    std::panic::catch_unwind(|| crate::judge::judge(history)).unwrap_or_else(|_| {
        let reason = Some("judging the history panicked; standard error says where".to_owned());
        Verdict { outcome: CaseOutcome::Harness, reason, judgements: Vec::new(), hygiene: Vec::new() }
    })
}

/// The subject as it named itself; where it never came to that, as it was asked for.
fn identity(subject: &Subject, told: Option<String>) -> SubjectId {
    let own = (subject.name == select::RAW).then(|| env!("CARGO_PKG_VERSION").to_owned());
    let version = told.or_else(|| subject.version_wanted.clone()).or(own);
    SubjectId { name: subject.name.clone(), version: version.unwrap_or_default() }
}

/// A history without events.
fn ended(subject: &Subject, plan: &Plan, case: &Case, end: End) -> History {
    let script = Script {
        scenario: plan.id.clone(),
        title: plan.scenario.title.clone(),
        plane: plan.plane,
        bindings: case.bindings.clone(),
        ..Script::default()
    };
    let subject = SubjectId { name: subject.name.clone(), version: String::new() };
    History { schema: SCHEMA, script, subject, end, ..History::default() }
}

struct Work<'p> {
    pair: &'p Pair,
    count: usize,
    deck: OnceLock<draw::Deck<'p>>,
    kept: Mutex<Kept>,
    left: AtomicUsize,
    /// In this pair.
    lost: Lost,
    /// In all pairs of this subject.
    by_subject: Arc<Lost>,
}

/// Every case of every pair, pair after pair, as numbers alone.
struct List {
    /// Where each pair's cases end.
    ends: Vec<usize>,
}

impl List {
    fn of(counts: impl Iterator<Item = usize>) -> List {
        let add = |sum: &mut usize, count| {
            *sum += count;
            Some(*sum)
        };
        List { ends: counts.scan(0, add).collect() }
    }

    /// The pair and the case of this place.
    fn at(&self, place: usize) -> Option<(usize, usize)> {
        let pair = self.ends.partition_point(|end| *end <= place);
        let begin = pair.checked_sub(1).map_or(0, |before| self.ends[before]);
        (pair < self.ends.len()).then(|| (pair, place - begin))
    }
}

impl Work<'_> {
    /// Counts the time of a case that came to no end.
    fn lose(&self, verdict: &Verdict, took: Duration, version: &str) {
        if !came_to_no_end(verdict) {
            return;
        }
        self.lost.add(took);
        // What is declared to hang takes its time each run; that a subject has defects of that kind is no reason to leave out the rest.
        if !self.declared_to_come_to_no_end(version) {
            self.by_subject.add(took);
        }
    }

    fn declared_to_come_to_no_end(&self, version: &str) -> bool {
        let Pair { subject, plan } = self.pair;
        let covers = |property| subject.expectations.iter().any(|entry| entry.covers(&plan.id, property, version, Here::this()));
        covers(Row::COMPLETES) || covers("in-time")
    }

    /// Why no further case of it is run, once too much was lost.
    fn given_up(&self) -> Option<&'static str> {
        if self.by_subject.exceeds(OF_A_SUBJECT) {
            return Some("the subject was given up: too much time was lost in cases that came to no end");
        }
        self.lost.exceeds(OF_A_SCENARIO).then_some("the scenario was given up: too much time was lost in cases that came to no end")
    }
}

/// Entries come in any order and leave in the order of their pairs.
struct Door<T> {
    waiting: BTreeMap<usize, Entry>,
    next: usize,
    take: T,
}

impl<T: FnMut(Entry) -> bool> Door<T> {
    fn hand_over(&mut self, at: usize, entry: Entry) -> bool {
        self.waiting.insert(at, entry);
        let mut wanted = true;
        while let Some(entry) = self.waiting.remove(&self.next) {
            self.next += 1;
            wanted &= (self.take)(entry);
        }
        wanted
    }
}

/// A poisoned lock means that another worker panicked; its panic ends the run when the scope joins it.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::case::Source;
    use crate::plan::check;
    use crate::run::subject::{self, Expectation, Reason};

    #[test]
    fn the_list_walks_every_pair_in_turn() {
        let list = List::of([2, 0, 3].into_iter());
        let all: Vec<_> = (0..7).map_while(|place| list.at(place)).collect();
        assert_eq!(all, [(0, 0), (0, 1), (2, 0), (2, 1), (2, 2)]);
    }

    /// A scenario of a subject that has lost all its patience.
    fn of_an_exhausted_subject(expectations: Vec<Expectation>) -> Option<&'static str> {
        let mut subject = subject::find("raw").unwrap();
        subject.expectations = expectations;
        let text = "title: A test\nspec: [observed only]\nsteps:\n  - report-state: never\n".to_owned();
        let source = Source { id: "wait/test".into(), path: "wait/test.yaml".into(), text };
        let plan = check::check(&source, &crate::judge::declarations()).unwrap();
        let pair = Pair { subject: Arc::new(subject), plan: Arc::new(plan) };
        let lost = || (OnceLock::new(), Mutex::new(Kept::default()), Lost::default());
        let by_subject = Arc::new(Lost::default());
        let work = |(deck, kept, lost)| Work {
            pair: &pair,
            count: 1,
            deck,
            left: AtomicUsize::new(1),
            kept,
            lost,
            by_subject: by_subject.clone(),
        };
        let hang = Verdict { outcome: CaseOutcome::Hang, reason: None, judgements: Vec::new(), hygiene: Vec::new() };
        work(lost()).lose(&hang, OF_A_SUBJECT * 2, "1.0");
        work(lost()).given_up()
    }

    #[test]
    fn a_declared_hang_costs_its_subject_nothing() {
        let declared = |property: &str| Expectation {
            scenario: "wait/*".into(),
            property: property.into(),
            reason_class: Reason::Bug,
            reason: String::new(),
            reference: String::new(),
            sometimes: false,
            condition: Default::default(),
        };
        assert!(of_an_exhausted_subject(Vec::new()).is_some());
        assert!(of_an_exhausted_subject(vec![declared("status")]).is_some());
        assert_eq!(of_an_exhausted_subject(vec![declared("completes")]), None);
        assert_eq!(of_an_exhausted_subject(vec![declared("in-time")]), None);
    }
}
