//! Seeded bugs that show in one run of five must shrink to within twice their true minimum, from every seed.
//!
//! The bugs are closures without any process, so that a hundred shrinkings take a second and the chance in them is a seed's.

use childproof::generate::shrink::{Budget, GaveUp, Shrunk, shrink};
use childproof::generate::trial::Trial;
use childproof::generate::{draw, seed};
use childproof::plan::ast::{Domain, IntDomain, Range, Scenario};
use childproof::plan::case::{Case, Plan};
use childproof::plan::script::Plane;
use childproof::plan::value::Value;
use std::time::Duration;

const SEEDS: u64 = 100;
const BUDGET: Budget = Budget { runs: 6000, time: Duration::from_secs(60) };

fn plan(given: &[(&str, Domain)]) -> Plan {
    let scenario =
        Scenario { given: given.iter().map(|(name, domain)| ((*name).to_owned(), domain.clone())).collect(), ..Scenario::default() };
    Plan {
        id: "seeded/bug".into(),
        path: "seeded/bug.yaml".into(),
        scenario,
        plane: Plane::Platform,
        needs: Vec::new(),
        step_lines: Vec::new(),
        check_lines: Vec::new(),
    }
}

fn int(low: i64, high: i64) -> Domain {
    Domain::Int(IntDomain::Range(Range { low, high }))
}

fn letters(n: u8) -> Vec<Value> {
    (0..n).map(|i| Value::Text(char::from(b'a' + i).into())).collect()
}

fn number(case: &Case, name: &str) -> i64 {
    case.bindings[name].int().expect("an integer")
}

/// A bug that shows with this probability in cases that have it, the chance derived from the seed.
fn bug(seed: u64, rate: f64, has: impl Fn(&Case) -> bool) -> impl FnMut(&Case) -> Trial {
    let mut chance = seed::stream("seeded/bug", seed, 0, "chance");
    move |case| {
        let shows = (seed::below(&mut chance, 1000) as f64) < rate * 1000.0;
        if shows && has(case) { Trial::failing(["status"]) } else { Trial::held() }
    }
}

/// The first drawn case that has the bug, shrunk.
fn shrunk(plan: &Plan, seed: u64, rate: f64, has: impl Fn(&Case) -> bool + Copy) -> Shrunk {
    let found = draw::cases(plan, seed, 200).into_iter().skip(2).find(|case| has(case)).expect("a case that has the bug");
    shrink(plan, &found, "status", BUDGET, &mut bug(seed, rate, has))
}

#[test]
fn a_threshold_in_one_parameter() {
    let plan = plan(&[("size", int(1, 131_072))]);
    for seed in 0..SEEDS {
        let threshold = 1 + (seed as i64 * 997) % 60_000;
        let result = shrunk(&plan, seed, 0.2, |case| number(case, "size") >= threshold);
        let size = number(&result.case, "size");
        assert!(size <= 2 * threshold, "seed {seed}: {size} instead of {threshold}: {result:?}");
        assert!(result.failed > 0 && result.gave_up.is_none(), "seed {seed}: {result:?}");
    }
}

#[test]
fn thresholds_in_several_parameters_and_a_word() {
    let plan =
        plan(&[("workers", int(1, 64)), ("times", int(1, 250_000)), ("via", Domain::OneOf(letters(4))), ("extra", Domain::Bool(false))]);
    let has =
        |case: &Case| number(case, "workers") >= 3 && number(case, "times") >= 1000 && case.bindings["via"] != Value::Text("a".into());
    for seed in 0..SEEDS {
        let case = shrunk(&plan, seed, 0.2, has).case;
        assert!(number(&case, "workers") <= 6 && number(&case, "times") <= 2000, "seed {seed}: {case:?}");
        assert_eq!((&case.bindings["via"], &case.bindings["extra"]), (&Value::Text("b".into()), &Value::Bool(false)), "seed {seed}");
    }
}

#[test]
fn two_members_of_a_subset() {
    let plan = plan(&[("open", Domain::SubsetOf(letters(10)))]);
    let has = |case: &Case| {
        let open = case.bindings["open"].list().unwrap_or_default();
        open.contains(&Value::Text("c".into())) && open.contains(&Value::Text("h".into()))
    };
    for seed in 0..SEEDS {
        let result = shrunk(&plan, seed, 0.2, has);
        assert!(result.case.bindings["open"].list().is_some_and(|open| open.len() <= 4), "seed {seed}: {result:?}");
    }
}

#[test]
fn one_large_member_of_a_list() {
    let plan = plan(&[("sizes", Domain::List { of: Box::new(int(0, 1000)), len: Range { low: 0, high: 6 } })]);
    let has = |case: &Case| case.bindings["sizes"].list().unwrap_or_default().iter().any(|size| size.int() >= Some(100));
    for seed in 0..SEEDS {
        let result = shrunk(&plan, seed, 0.2, has);
        let sizes: Vec<i64> = result.case.bindings["sizes"].list().unwrap_or_default().iter().filter_map(Value::int).collect();
        assert!(sizes.len() <= 2 && sizes.iter().sum::<i64>() <= 200, "seed {seed}: {result:?}");
    }
}

#[test]
fn a_bug_that_always_shows_is_found_exactly_and_cheaply() {
    let plan = plan(&[("size", int(1, 131_072)), ("count", int(1, 50))]);
    for seed in 0..SEEDS {
        let result = shrunk(&plan, seed, 1.0, |case| number(case, "size") > 4096 && number(case, "count") >= 2);
        assert_eq!((number(&result.case, "size"), number(&result.case, "count")), (4097, 2), "seed {seed}");
        assert_eq!((result.failed, result.of), (40, 40));
        assert!(result.runs_spent < 250, "seed {seed}: {} runs", result.runs_spent);
    }
}

#[test]
fn a_bug_that_vanishes_is_said_to_have_vanished() {
    let plan = plan(&[("size", int(1, 100))]);
    let case = draw::case(&plan, 1, 5);
    let result = shrink(&plan, &case, "status", BUDGET, &mut |_| Trial::held());
    assert_eq!((result.case, result.gave_up), (case, Some(GaveUp::Vanished { runs: 60 })));
}

#[test]
fn another_property_is_not_followed() {
    let plan = plan(&[("size", int(1, 1000))]);
    let case = draw::case(&plan, 1, 1);
    let run = &mut |case: &Case| if number(case, "size") >= 500 { Trial::failing(["status"]) } else { Trial::failing(["no-zombie"]) };
    assert_eq!(number(&shrink(&plan, &case, "status", BUDGET, run).case, "size"), 500);
}

#[test]
fn a_spent_budget_keeps_what_was_reached_and_says_so() {
    let plan = plan(&[("size", int(1, 1_000_000))]);
    let case = draw::case(&plan, 1, 1);
    let budget = Budget { runs: 60, time: Duration::from_secs(60) };
    let result = shrink(&plan, &case, "status", budget, &mut bug(3, 1.0, |case| number(case, "size") >= 1234));
    assert_eq!(result.gave_up, Some(GaveUp::Runs));
    assert!(number(&result.case, "size") < 1_000_000 && result.of > 0 && result.runs_spent <= 60, "{result:?}");
    let none = Budget { time: Duration::ZERO, ..budget };
    assert_eq!(shrink(&plan, &case, "status", none, &mut |_| Trial::held()).gave_up, Some(GaveUp::Time));
}
