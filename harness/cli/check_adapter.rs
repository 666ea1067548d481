//! `childproof check-adapter NAME`: an adapter against the rules of the protocol.

use super::exit::{Ended, Exit};
use super::out;
use super::run::subject;
use crate::run::probe::{self, RuleOutcome};
use clap::Args;
use std::fmt::Write;

/// Options of `childproof check-adapter`.
#[derive(Args, Debug)]
pub struct CheckAdapterArgs {
    /// A subject
    #[arg(value_name = "NAME[@VERSION]")]
    name: String,
}

/// Performs it; 1 where a rule is broken.
///
/// # Errors
/// An unknown subject; a closed pipe.
pub fn run(args: &CheckAdapterArgs) -> Ended {
    let subject = subject(&args.name)?;
    let rules = probe::probe(&subject);
    let mut text = String::new();
    for rule in &rules {
        let _ = match &rule.outcome {
            RuleOutcome::Held => writeln!(text, "  holds    {}: {}", rule.rule, rule.says),
            RuleOutcome::Broken(how) => writeln!(text, "  BROKEN   {}: {}\n           {how}", rule.rule, rule.says),
            RuleOutcome::Skipped(why) => writeln!(text, "  skipped  {}: {why}", rule.rule),
        };
    }
    let broken = rules.iter().find(|rule| matches!(rule.outcome, RuleOutcome::Broken(_)));
    let _ = match broken {
        None => writeln!(text, "{} keeps the protocol", subject.title()),
        Some(rule) => writeln!(text, "{} breaks the protocol, first here: {}", subject.title(), rule.says),
    };
    out::print(&text)?;
    Ok(if broken.is_some() { Exit::Regression } else { Exit::AsExpected })
}
