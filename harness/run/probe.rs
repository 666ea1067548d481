//! x
#![allow(missing_docs)]
pub struct RuleResult { pub rule: &'static str, pub says: &'static str, pub outcome: RuleOutcome }
pub enum RuleOutcome { Held, Broken(String), Skipped(String) }
pub fn probe(_: &super::subject::Subject) -> Vec<RuleResult> { Vec::new() }
