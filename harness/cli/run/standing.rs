//! How a result stands against what is known of the subject; the first rule that applies counts.
//!
//! 1. A harness that failed and a case that was not run have nothing to be compared with: `new`.
//! 2. Declared to fail sometimes: `flaky-declared`, whatever came.
//! 3. Bad and declared: `xfail`.
//! 4. Bad, not declared, but what was declared of this scenario holds: `xfail-changed`.
//! 5. Bad otherwise: `regression`.
//! 6. It holds, and was declared by its own name to fail: `xpass`, which fails the run, because the entry is stale. An entry
//!    with `*` in it covers more than one result, so that one of them holds does not make it stale.
//! 7. Anything else, `unsupported` and `undecided` too: `expected`.

use crate::judge::verdict::Standing;
use crate::report::{Row, Word};
use crate::run::subject::{Expectation, Here};

/// Sets the standing of every row of one subject and scenario, and the declared reason where one applies.
pub fn settle(rows: &mut [Row], scenario: &str, version: &str, declared: &[Expectation]) {
    let here = Here::this();
    let covering = |property: &str| declared.iter().find(|entry| entry.covers(scenario, property, version, here));
    let stale =
        rows.iter().any(|row| row.word == Word::Pass && covering(&row.property).is_some_and(|entry| is_exact(entry) && !entry.sometimes));
    for row in rows {
        let entry = covering(&row.property);
        row.standing = standing(row.word, entry, stale);
        if let (Some(entry), true) = (entry, row.standing != Standing::Expected) {
            row.reason = Some(entry.reason.clone());
            row.class = Some(entry.reason_class.name());
        }
    }
}

fn is_exact(entry: &Expectation) -> bool {
    !entry.scenario.contains('*') && !entry.property.contains('*')
}

fn standing(word: Word, declared: Option<&Expectation>, stale: bool) -> Standing {
    match declared {
        _ if matches!(word, Word::Harness | Word::NotRun) => Standing::New,
        Some(entry) if entry.sometimes && (word.is_bad() || word == Word::Pass && is_exact(entry)) => Standing::FlakyDeclared,
        Some(_) if word.is_bad() => Standing::Xfail,
        None if word.is_bad() && stale => Standing::XfailChanged,
        None if word.is_bad() => Standing::Regression,
        Some(entry) if word == Word::Pass && is_exact(entry) => Standing::Xpass,
        _ => Standing::Expected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::subject::{Condition, Reason};

    fn entry(property: &str, sometimes: bool) -> Expectation {
        let (scenario, condition) = ("a/b".to_owned(), Condition::default());
        let (reason, reference) = ("known".to_owned(), "observed".to_owned());
        Expectation { scenario, property: property.into(), reason_class: Reason::Bug, reason, reference, sometimes, condition }
    }

    fn rows(words: &[(&str, Word)]) -> Vec<Row> {
        let row = |(property, word): &(&str, Word)| Row {
            property: (*property).to_owned(),
            word: *word,
            standing: Standing::New,
            k: 0,
            n: 1,
            hygiene: Vec::new(),
            reason: None,
            class: None,
        };
        words.iter().map(row).collect()
    }

    fn settled(words: &[(&str, Word)], declared: &[Expectation]) -> Vec<Standing> {
        let mut rows = rows(words);
        settle(&mut rows, "a/b", "1", declared);
        rows.iter().map(|row| row.standing).collect()
    }

    #[test]
    fn each_rule_once() {
        let exact = [entry("x", false)];
        assert_eq!(settled(&[("x", Word::Harness)], &exact), [Standing::New]);
        assert_eq!(settled(&[("x", Word::Pass)], &[entry("x", true)]), [Standing::FlakyDeclared]);
        assert_eq!(settled(&[("x", Word::Fail)], &exact), [Standing::Xfail]);
        assert_eq!(settled(&[("x", Word::Pass), ("y", Word::Fail)], &exact), [Standing::Xpass, Standing::XfailChanged]);
        assert_eq!(settled(&[("x", Word::Fail), ("y", Word::Fail)], &exact), [Standing::Xfail, Standing::Regression]);
        assert_eq!(settled(&[("x", Word::Pass)], &[entry("*", false)]), [Standing::Expected]);
        assert_eq!(settled(&[("x", Word::Undecided)], &exact), [Standing::Expected]);
    }
}
