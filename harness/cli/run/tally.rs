//! From the verdicts of single cases to one row per property.
//!
//! What a property says of all cases together is decided by the first rule that applies:
//! 1. it failed in some case: `fail`, k of n;
//! 2. it could not be told in some case: `undecided`, never a pass;
//! 3. the standard leaves every case open: `unspecified`;
//! 4. otherwise `pass`; a property that says nothing of any case has no row.

use crate::judge::verdict::{CaseOutcome, Finding, Hygiene, Standing, Verdict};
use crate::report::{Row, Word};
use std::collections::{BTreeMap, BTreeSet};

/// Adds up verdicts.
#[derive(Default)]
pub struct Tally {
    cases: u32,
    outcomes: BTreeMap<Word, (u32, Option<String>)>,
    order: Vec<String>,
    properties: BTreeMap<String, Counts>,
    hygiene: BTreeSet<Hygiene>,
}

#[derive(Default)]
struct Counts {
    passed: u32,
    failed: u32,
    undecided: u32,
    open: u32,
    reason: Option<String>,
}

impl Tally {
    /// Adds one case.
    pub fn add(&mut self, verdict: &Verdict) {
        self.cases += 1;
        let outcome = self.outcomes.entry(word(verdict.outcome)).or_default();
        outcome.0 += 1;
        outcome.1 = outcome.1.take().or_else(|| verdict.reason.clone());
        self.hygiene.extend(&verdict.hygiene);
        for (property, finding) in one_each(verdict) {
            if !self.properties.contains_key(property) {
                self.order.push(property.to_owned());
            }
            self.properties.entry(property.to_owned()).or_default().add(finding);
        }
    }

    /// The rows: first the cases themselves, then each property as first met.
    pub fn rows(&self) -> Vec<Row> {
        let hygiene: Vec<Hygiene> = self.hygiene.iter().copied().collect();
        let properties = self.order.iter().map(|name| self.properties[name].row(name, &hygiene));
        std::iter::once(self.completes(&hygiene)).chain(properties).collect()
    }

    /// The worst way in which any case came out; `Word` is ordered from good to bad only in part, so the order stands here.
    fn completes(&self, hygiene: &[Hygiene]) -> Row {
        const WORST_FIRST: [Word; 7] =
            [Word::Harness, Word::Crash, Word::Hang, Word::Protocol, Word::NotRun, Word::Unavailable, Word::Unsupported];
        let worst = WORST_FIRST.into_iter().find_map(|word| Some((word, self.outcomes.get(&word)?)));
        let (word, k, reason) = worst.map_or((Word::Pass, 0, None), |(word, (k, reason))| (word, *k, reason.clone()));
        Row {
            property: Row::COMPLETES.to_owned(),
            word,
            standing: Standing::New,
            k,
            n: self.cases,
            hygiene: hygiene.to_vec(),
            reason,
            class: None,
        }
    }
}

impl Counts {
    fn add(&mut self, finding: &Finding) {
        match finding {
            Finding::Pass => self.passed += 1,
            Finding::Fail(_) => self.failed += 1,
            Finding::Undecided { reason } => {
                self.undecided += 1;
                self.reason.get_or_insert_with(|| reason.clone());
            }
            Finding::Unspecified { seen } => {
                self.open += 1;
                self.reason.get_or_insert_with(|| seen.clone());
            }
            Finding::NotApplicable => {}
        }
    }

    fn row(&self, name: &str, hygiene: &[Hygiene]) -> Row {
        let n = self.passed + self.failed + self.undecided + self.open;
        let (word, k) = match self {
            _ if self.failed > 0 => (Word::Fail, self.failed),
            _ if self.undecided > 0 => (Word::Undecided, self.undecided),
            _ if self.passed == 0 => (Word::Unspecified, 0),
            _ => (Word::Pass, 0),
        };
        let reason = if matches!(word, Word::Undecided | Word::Unspecified) { self.reason.clone() } else { None };
        Row { property: name.to_owned(), word, standing: Standing::New, k, n, hygiene: hygiene.to_vec(), reason, class: None }
    }
}

/// The findings of a case, the worst one of each property: a scenario may ask for the same property of two streams.
fn one_each(verdict: &Verdict) -> Vec<(&str, &Finding)> {
    let mut each: Vec<(&str, &Finding)> = Vec::new();
    for judgement in verdict.judgements.iter().filter(|judgement| judgement.finding != Finding::NotApplicable) {
        match each.iter_mut().find(|(property, _)| *property == judgement.property) {
            Some((_, finding)) if badness(&judgement.finding) > badness(finding) => *finding = &judgement.finding,
            Some(_) => {}
            None => each.push((&judgement.property, &judgement.finding)),
        }
    }
    each
}

fn badness(finding: &Finding) -> u8 {
    match finding {
        Finding::Fail(_) => 3,
        Finding::Undecided { .. } => 2,
        Finding::Pass => 1,
        Finding::Unspecified { .. } | Finding::NotApplicable => 0,
    }
}

fn word(outcome: CaseOutcome) -> Word {
    match outcome {
        CaseOutcome::Completed => Word::Pass,
        CaseOutcome::Unsupported => Word::Unsupported,
        CaseOutcome::Unavailable => Word::Unavailable,
        CaseOutcome::Crash => Word::Crash,
        CaseOutcome::Hang => Word::Hang,
        CaseOutcome::Protocol => Word::Protocol,
        CaseOutcome::Harness => Word::Harness,
        CaseOutcome::NotRun => Word::NotRun,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::verdict::Judgement;

    fn verdict(finding: Finding) -> Verdict {
        let judgements = vec![Judgement { property: "x".into(), finding }];
        Verdict { outcome: CaseOutcome::Completed, reason: None, judgements, hygiene: Vec::new() }
    }

    fn of(findings: impl IntoIterator<Item = Finding>) -> Option<Row> {
        let mut tally = Tally::default();
        findings.into_iter().for_each(|finding| tally.add(&verdict(finding)));
        tally.rows().into_iter().nth(1)
    }

    #[test]
    fn the_first_rule_that_applies_counts() {
        let undecided = || Finding::Undecided { reason: "budget".into() };
        let fail = || Finding::fail("a", "b", "c", Vec::new());
        let row = of([Finding::Pass, undecided(), fail()]).unwrap();
        assert_eq!((row.word, row.k, row.n), (Word::Fail, 1, 3));
        assert_eq!(of([Finding::Pass, undecided()]).unwrap().word, Word::Undecided);
        assert_eq!(of([Finding::Unspecified { seen: "s".into() }]).unwrap().word, Word::Unspecified);
        assert_eq!(of([Finding::Pass]).unwrap().word, Word::Pass);
        assert!(of([Finding::NotApplicable]).is_none());
    }
}
