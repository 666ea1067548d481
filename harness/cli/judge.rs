//! `childproof judge FILE`: recorded histories under today's properties; works on any machine.

use super::exit::{Ended, Exit, Fault};
use super::out;
use super::run::evidence;
use crate::judge;
use crate::judge::verdict::{Finding, Verdict};
use crate::report::{Row, lanes};
use crate::trace::{History, store};
use clap::Args;
use std::fmt::Write;
use std::io::BufReader;
use std::path::PathBuf;

/// Options of `childproof judge`.
#[derive(Args, Debug)]
pub struct JudgeArgs {
    /// Histories, one JSON object per line; `-` for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Print the verdicts as JSON, one per line
    #[arg(long)]
    json: bool,
}

/// Performs it; 1 where anything fails, 4 where there is no history.
///
/// # Errors
/// A file that is no history; a closed pipe.
pub fn run(args: &JudgeArgs) -> Ended {
    let histories = read(args)?;
    let mut failed = false;
    for history in &histories {
        let verdict = judge::judge(history);
        failed |= fails(&verdict);
        let text = if args.json { json(&verdict)? } else { plain(history, &verdict) };
        out::print(&text)?;
    }
    Ok(match (histories.is_empty(), failed) {
        (true, _) => Exit::NothingRan,
        (false, true) => Exit::Regression,
        (false, false) => Exit::AsExpected,
    })
}

fn read(args: &JudgeArgs) -> Result<Vec<History>, Fault> {
    let told = |error: String| Fault::Usage(format!("cannot read histories from `{}`: {error}", args.file.display()));
    if args.file.as_os_str() == "-" {
        return store::read(std::io::stdin().lock()).map_err(told);
    }
    let file = std::fs::File::open(&args.file).map_err(|error| told(error.to_string()))?;
    store::read(BufReader::new(file)).map_err(told)
}

fn fails(verdict: &Verdict) -> bool {
    evidence(verdict, Row::COMPLETES).is_some() || verdict.judgements.iter().any(|judgement| matches!(judgement.finding, Finding::Fail(_)))
}

fn json(verdict: &Verdict) -> Result<String, Fault> {
    serde_json::to_string(verdict).map(|text| text + "\n").map_err(|error| Fault::Harness(format!("printing a verdict: {error}")))
}

fn plain(history: &History, verdict: &Verdict) -> String {
    let mut text = format!("{} on {}\n", history.script.scenario, history.subject.name);
    let completes = evidence(verdict, Row::COMPLETES).map_or("pass", |_| "fail");
    let _ = writeln!(text, "  {completes:11} {}", Row::COMPLETES);
    for judgement in &verdict.judgements {
        let (word, why) = words(&judgement.finding);
        let _ = writeln!(text, "  {}", format!("{word:11} {} {why}", judgement.property).trim_end());
    }
    let marked = verdict
        .judgements
        .iter()
        .find_map(|judgement| if let Finding::Fail(evidence) = &judgement.finding { Some(&evidence.events) } else { None });
    for line in marked.into_iter().flat_map(|marked| lanes::of_history(history, marked, 96)) {
        let _ = writeln!(text, "    {line}");
    }
    text
}

fn words(finding: &Finding) -> (&'static str, String) {
    match finding {
        Finding::Pass => ("pass", String::new()),
        Finding::Fail(evidence) => ("fail", format!("(expected {}, seen {}, by {})", evidence.expected, evidence.seen, evidence.by)),
        Finding::Undecided { reason } => ("undecided", format!("({reason})")),
        Finding::Unspecified { seen } => ("unspecified", format!("({seen})")),
        Finding::NotApplicable => ("-", String::new()),
    }
}
