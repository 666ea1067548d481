//! `childproof bench`: what isolation costs, as ratios measured side by side.

use super::exit::{Ended, Exit, Fault};
use super::out;
use super::run::engine::{Engine, Pair};
use super::run::{Level, isolations, open_session};
use crate::bench;
use crate::bench::growth::{self, Looks};
use crate::plan::library;
use crate::run::{Session, subject};
use clap::Args;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Looks at memory in a long run.
const LOOKS: usize = 50;

/// Options of `childproof bench`.
#[derive(Args, Debug)]
pub struct BenchArgs {
    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
    /// Rounds; each measures every row once
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u32).range(3..=1000))]
    rounds: u32,
    /// Instead of the rounds, run N cases in one go and tell what grows
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(100..))]
    long: Option<u32>,
    /// Isolation level instead of the best that works here
    #[arg(long, value_name = "LEVEL", value_parser = isolations())]
    isolation: Option<Level>,
}

/// Performs it.
///
/// # Errors
/// A harness that cannot start; a closed pipe.
pub fn run(args: &BenchArgs) -> Ended {
    let session = open_session(2, args.isolation.as_deref())?;
    match args.long {
        Some(cases) => long_run(&session, cases, args.json),
        None => rounds(&session, args.rounds, args.json),
    }
}

fn rounds(session: &Session, rounds: u32, json: bool) -> Ended {
    let results = bench::measure(session, rounds, &whole_run(session)?).map_err(|error| failed(&error))?;
    out::print(&if json { line(&results)? } else { results.table() })?;
    Ok(Exit::AsExpected)
}

fn failed(error: &dyn std::fmt::Display) -> Fault {
    Fault::Harness(format!("measuring: {error}"))
}

/// The scenario of two actors on raw.
fn two_actors() -> Result<Pair, Fault> {
    let subject = subject::find("raw").map_err(|error| failed(&error))?;
    Ok(Pair { subject: Arc::new(subject), plan: Arc::new(bench::cases::long_plan().map_err(|error| failed(&error))?) })
}

/// Nanoseconds of so many cases on so many workers, through the engine of `childproof run`.
fn whole_run(session: &Session) -> Result<impl Fn(u32, usize) -> io::Result<f64>, Fault> {
    let pairs = [two_actors()?];
    Ok(move |cases, workers| {
        let engine = Engine::new(session, 0, Some(cases), std::env::temp_dir().join(library::FAILURES)).on(workers);
        let (began, mut held) = (Instant::now(), true);
        engine.run(&pairs, |entry| {
            held &= !entry.rows.iter().any(crate::report::Row::breaks_the_run);
            true
        });
        let took = began.elapsed().as_nanos() as f64;
        if held { Ok(took) } else { Err(io::Error::other("a case did not hold; `childproof run` tells more")) }
    })
}

fn line(results: &impl serde::Serialize) -> Result<String, Fault> {
    Ok(serde_json::to_string(results).map_err(|error| Fault::Harness(format!("printing the results: {error}")))? + "\n")
}

/// Through the engine of `childproof run`, so that what it keeps counts too.
fn long_run(session: &Session, cases: u32, json: bool) -> Ended {
    let pair = two_actors()?;
    let (looks, every) = (Mutex::new(Looks::default()), cases as usize / LOOKS);
    let look = |ended: usize| {
        if ended.is_multiple_of(every) {
            looks.lock().unwrap_or_else(PoisonError::into_inner).look(ended);
        }
    };
    let engine = Engine::new(session, 0, Some(cases), std::env::temp_dir().join(library::FAILURES)).telling(look);
    let (began, mut broken) = (Instant::now(), false);
    engine.run(&[pair], |entry| {
        broken |= entry.rows.iter().any(crate::report::Row::breaks_the_run);
        true
    });
    if broken {
        return Err(failed(&"a case did not hold; `childproof run` tells more"));
    }
    let (seconds, growth) = (began.elapsed().as_secs_f64(), looks.lock().unwrap_or_else(PoisonError::into_inner).growth());
    let told = serde_json::json!({ "cases": cases, "seconds": seconds, "growth": growth });
    out::print(&if json { line(&told)? } else { growth::table(cases as usize, seconds, &growth) })?;
    Ok(Exit::AsExpected)
}
