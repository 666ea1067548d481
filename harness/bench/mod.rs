//! What a case costs beside what it cannot do without: plain fork, exec and wait.
//!
//! Times of one machine say nothing about another, so everything is a ratio, and a ratio of two runs a minute apart says
//! little either: on a shared machine the speed changes by half from one second to the next. So each round measures every
//! row once, shortly one after the other; the ratio is taken per round, and the median over the rounds is what is printed,
//! with the 10th and 90th percentile beside it. Where plain fork alone varies too much, the run is called too noisy.

pub mod cases;
pub mod growth;
pub mod memory;
pub mod raw;
mod stats;
mod table;

use crate::run::Session;
use cases::Cases;
use raw::Raw;
use serde::Serialize;
use stats::Spread;
use std::collections::BTreeMap;
use std::io;

/// Plain forks whose own spread (p90 / p10) is above this make every ratio doubtful.
const TOO_NOISY: f64 = 1.5;

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Results {
    /// Version of childproof.
    pub childproof: String,
    /// `linux x86_64`.
    pub platform: String,
    /// Isolation level.
    pub isolation: String,
    /// Rounds measured.
    pub rounds: u32,
    /// Spread of the plain fork, p90 / p10.
    pub noise: f64,
    /// Whether that is too much.
    pub too_noisy: bool,
    /// Microseconds of each measurement.
    pub microseconds: BTreeMap<&'static str, Spread>,
    /// The ratios.
    pub ratios: Vec<Ratio>,
    /// Resident memory in KiB, by process.
    pub memory_kib: BTreeMap<String, u64>,
}

/// One row.
#[derive(Clone, Debug, Serialize)]
pub struct Ratio {
    /// What is divided by what.
    pub name: &'static str,
    /// Over the rounds.
    pub ratio: Spread,
    /// The goal, where there is one.
    pub goal: Option<Goal>,
}

/// What a ratio should be.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Goal {
    /// No more than this.
    AtMost(f64),
    /// No less than this.
    AtLeast(f64),
}

impl Goal {
    /// Whether the median meets it.
    pub fn met(self, value: f64) -> bool {
        match self {
            Goal::AtMost(most) => value <= most,
            Goal::AtLeast(least) => value >= least,
        }
    }
}

/// Numerator, denominator and goal of each ratio; a row whose measurements are missing is left out.
const ROWS: &[(&str, &str, &str, Option<Goal>)] = &[
    ("empty case / fork+exit+wait", "empty case", "fork+exit+wait", Some(Goal::AtMost(1.8))),
    ("empty case / fork+exec+wait", "empty case", "fork+exec+wait", None),
    ("judging / empty case", "judging", "empty case", Some(Goal::AtMost(0.2))),
    ("2 actors x 10 steps / two forks", "2 actors x 10 steps", "two forks", Some(Goal::AtMost(3.0))),
    ("one more step / pipe round trip", "one more step", "pipe round trip", None),
    ("agent start / fork+exec+wait", "agent start", "fork+exec+wait", None),
    ("bwrap --unshare-all / empty case", "bwrap", "empty case", Some(Goal::AtLeast(20.0))),
    ("1 worker / 2 workers, time", "1 worker", "2 workers", Some(Goal::AtLeast(1.8))),
    ("plain forks, 1 process / 2, time", "forks in 1 process", "forks in 2 processes", None),
];

/// Cases of a whole run that is measured: enough that the start of its threads is not.
const RUN: u32 = 200;

type Round = BTreeMap<&'static str, f64>;

/// Measures on a session of two workers. `whole_run` tells the nanoseconds of so many cases on so many of them.
///
/// # Errors
/// A helper process that does not start or answer; a case that does not complete.
pub fn measure(session: &Session, rounds: u32, whole_run: &impl Fn(u32, usize) -> io::Result<f64>) -> io::Result<Results> {
    let cases = Cases::new(session)?;
    // A first case, by which this thread moves to the CPU of its warden, and the helper, which inherits that, with it; another
    // thread does the same for the second.
    cases.warm_up(0)?;
    let mut raw = Raw::start()?;
    let second = || cases.warm_up(1).and_then(|()| Raw::start());
    let mut second = std::thread::scope(|scope| scope.spawn(second).join().unwrap_or_else(|_| Err(io::Error::other("a thread panicked"))))?;
    let mut measured = Vec::new();
    // The first round warms caches on both sides and is thrown away.
    for number in 0..=rounds {
        let mut round = round(&mut raw, &cases)?;
        side_by_side(&mut round, whole_run, [&mut raw, &mut second])?;
        if number > 0 {
            measured.push(round);
        }
    }
    Ok(results(session, rounds, &measured))
}

fn round(raw: &mut Raw, cases: &Cases) -> io::Result<Round> {
    let mut round = Round::new();
    for job in raw::JOBS {
        if let Some(nanos) = raw.ask(job)? {
            round.insert(job.name, nanos);
        }
    }
    cases.round(&mut round)?;
    Ok(round)
}

/// What a second worker is good for, and a second process that forks.
fn side_by_side(round: &mut Round, whole_run: &impl Fn(u32, usize) -> io::Result<f64>, [first, second]: [&mut Raw; 2]) -> io::Result<()> {
    for (name, workers) in [("1 worker", 1), ("2 workers", 2)] {
        round.insert(name, whole_run(RUN, workers)?);
    }
    let alone = first.ask(&raw::SIDE)?.zip(first.ask(&raw::SIDE)?).map(|(once, again)| once + again);
    let both = raw::ask_both(first, second, &raw::SIDE)?;
    let measured = [("forks in 1 process", alone), ("forks in 2 processes", both)];
    round.extend(measured.into_iter().filter_map(|(name, nanos)| Some((name, nanos?))));
    Ok(())
}

fn results(session: &Session, rounds: u32, measured: &[Round]) -> Results {
    let all = |name: &str| measured.iter().filter_map(|round| round.get(name).copied()).collect::<Vec<f64>>();
    let names = measured.first().map(|round| round.keys().copied().collect::<Vec<_>>()).unwrap_or_default();
    let forks = Spread::of(all("fork+exit+wait"));
    let noise = forks.map_or(1.0, |forks| forks.p90 / forks.p10);
    Results {
        childproof: env!("CARGO_PKG_VERSION").to_owned(),
        platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        isolation: session.isolation().name().to_owned(),
        rounds,
        noise,
        too_noisy: noise > TOO_NOISY,
        microseconds: names.into_iter().filter_map(|name| Some((name, Spread::of(all(name).iter().map(|nanos| nanos / 1e3))?))).collect(),
        ratios: ROWS.iter().filter_map(|row| ratio(row, measured)).collect(),
        memory_kib: memory::of_this_tree().into_iter().map(|(name, held)| (name, held.kib)).collect(),
    }
}

fn ratio(row: &(&'static str, &str, &str, Option<Goal>), measured: &[Round]) -> Option<Ratio> {
    let (name, over, under, goal) = *row;
    let per_round = measured.iter().filter_map(|round| Some(round.get(over)? / round.get(under)?));
    Some(Ratio { name, ratio: Spread::of(per_round)?, goal })
}
