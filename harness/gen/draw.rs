//! From a plan to cases.
//!
//! 1. Case 0 binds every parameter to its simplest value: when that fails, nothing needs shrinking.
//! 2. Case 1 binds every parameter to its greatest or last value: limits show there or nowhere.
//! 3. The next cases walk through the closed domains (`one-of`, `bool`) so that every member, then every pair of members,
//!    occurs ([`covering`]); the open ones are drawn.
//! 4. Everything after that is drawn.
//!
//! Case n of a seed is the same whatever the number of cases, so a longer run repeats the shorter one first.

use super::strategy::{Values, greatest, members};
use super::{covering, seed, simpler};
use crate::plan::ast::{Domain, IntDomain};
use crate::plan::case::{Case, Plan};
use crate::plan::value::Value;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, TestRunner};
use std::collections::BTreeMap;

/// Values of all parameters.
pub type Bindings = BTreeMap<String, Value>;

/// The first `count` cases of a seed.
pub fn cases(plan: &Plan, seed: u64, count: u32) -> Vec<Case> {
    let deck = Deck::of(plan, seed);
    (0..count).map(|number| deck.case(number)).collect()
}

/// All cases of a seed, each drawn when it is asked for: a hundred thousand of them take more memory than all the rest.
pub struct Deck<'p> {
    plan: &'p Plan,
    seed: u64,
    rows: Rows,
}

impl<'p> Deck<'p> {
    /// Works out what they have in common.
    pub fn of(plan: &'p Plan, seed: u64) -> Deck<'p> {
        Deck { plan, seed, rows: Rows::of(plan) }
    }

    /// The case of this number.
    pub fn case(&self, number: u32) -> Case {
        case_with(self.plan, self.seed, number, &self.rows)
    }
}

/// One case of a seed.
pub fn case(plan: &Plan, seed: u64, number: u32) -> Case {
    case_with(plan, seed, number, &Rows::of(plan))
}

/// How many cases are worth running when nobody says: what the scenario asks for; else enough for its systematic part within
/// 12..=32, but not more than there are different cases, and at least 3 as even the same case can go another way.
pub fn default_count(plan: &Plan) -> u32 {
    let systematic = u32::try_from(Rows::of(plan).rows.len()).unwrap_or(u32::MAX);
    let different = plan.scenario.given.values().fold(1u32, |product, domain| product.saturating_mul(size(domain)));
    plan.scenario.cases.unwrap_or_else(|| systematic.clamp(12, 32).min(different).max(3))
}

/// The case of this number as a tree that can be made simpler.
pub fn tree(plan: &Plan, seed: u64, number: u32) -> CaseTree {
    tree_at(plan, &case(plan, seed, number).bindings)
}

/// Any binding as a tree, wherever it came from.
pub fn tree_at(plan: &Plan, bindings: &Bindings) -> CaseTree {
    let of = |name: &String, domain| simpler::Tree::at(domain, bindings.get(name).cloned().unwrap_or_else(|| simpler::simplest(domain)));
    CaseTree { parts: plan.scenario.given.iter().map(|(name, domain)| (name.clone(), of(name, domain))).collect(), at: 0 }
}

/// The covering rows of a plan's closed domains.
struct Rows {
    closed: Vec<(String, Vec<Value>)>,
    rows: Vec<Vec<usize>>,
}

impl Rows {
    fn of(plan: &Plan) -> Rows {
        let closed: Vec<_> = plan.scenario.given.iter().filter_map(|(name, domain)| Some((name.clone(), members(domain)?))).collect();
        let sizes: Vec<usize> = closed.iter().map(|(_, members)| members.len()).collect();
        Rows { rows: covering::rows(&sizes), closed }
    }

    /// The values that row `number` prescribes.
    fn prescribed(&self, number: u32) -> Bindings {
        let row = usize::try_from(number).ok().and_then(|number| self.rows.get(number));
        let choose =
            |row: &Vec<usize>| self.closed.iter().zip(row).map(|((name, members), at)| (name.clone(), members[*at].clone())).collect();
        row.map(choose).unwrap_or_default()
    }
}

fn case_with(plan: &Plan, seed: u64, number: u32, rows: &Rows) -> Case {
    let prescribed = rows.prescribed(number);
    let value = |name: &String, domain: &Domain| match number {
        0 => simpler::simplest(domain),
        1 => greatest(domain),
        _ => prescribed.get(name).cloned().unwrap_or_else(|| drawn(&plan.id, seed, number, name, domain)),
    };
    let bindings = plan.scenario.given.iter().map(|(name, domain)| (name.clone(), value(name, domain))).collect();
    Case { scenario: plan.id.clone(), bindings, seed, number }
}

fn drawn(scenario: &str, seed: u64, number: u32, name: &str, domain: &Domain) -> Value {
    let mut runner = TestRunner::new_with_rng(Config::default(), seed::stream(scenario, seed, number, name));
    let tree = Values(domain.clone()).new_tree(&mut runner);
    tree.map_or_else(|_| simpler::simplest(domain), |tree| tree.current())
}

/// How many values a domain has; `u32::MAX` where that is more than anybody counts.
fn size(domain: &Domain) -> u32 {
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    match domain {
        Domain::Int(IntDomain::Range(range) | IntDomain::Edges { range, .. }) => {
            u32::try_from(range.high - range.low).unwrap_or(u32::MAX).saturating_add(1)
        }
        Domain::OneOf(members) => count(members.len()),
        Domain::Bool(_) => 2,
        Domain::SubsetOf(members) => 2u32.saturating_pow(count(members.len())),
        Domain::PermutationOf(members) => (1..=count(members.len())).fold(1, u32::saturating_mul),
        Domain::List { .. } | Domain::Bytes { .. } | Domain::NastyText { .. } => u32::MAX,
    }
}

/// A tree per parameter, made simpler one parameter after the other.
#[derive(Clone, Debug)]
pub struct CaseTree {
    parts: Vec<(String, simpler::Tree)>,
    at: usize,
}

impl ValueTree for CaseTree {
    type Value = Bindings;

    fn current(&self) -> Bindings {
        self.parts.iter().map(|(name, tree)| (name.clone(), tree.current())).collect()
    }

    fn simplify(&mut self) -> bool {
        while let Some((_, tree)) = self.parts.get_mut(self.at) {
            if tree.simplify() {
                return true;
            }
            self.at += 1;
        }
        false
    }

    /// Where one parameter has nothing left to try, it stands at its best again and the next one is made simpler.
    fn complicate(&mut self) -> bool {
        let Some((_, tree)) = self.parts.get_mut(self.at) else { return false };
        tree.complicate() || {
            self.at += 1;
            self.simplify()
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::generate::simpler::contains;
    use crate::generate::strategy::tests::every_kind;
    use crate::plan::ast::{Range, Scenario};
    use crate::plan::script::Plane;

    /// A plan with these domains and no steps.
    pub fn plan(given: impl IntoIterator<Item = (&'static str, Domain)>) -> Plan {
        let given = given.into_iter().map(|(name, domain)| (name.to_owned(), domain)).collect();
        Plan {
            id: "a/b".into(),
            path: "a/b.yaml".into(),
            scenario: Scenario { given, ..Scenario::default() },
            plane: Plane::Platform,
            needs: Vec::new(),
            step_lines: Vec::new(),
            check_lines: Vec::new(),
        }
    }

    fn words(words: &[&str]) -> Domain {
        Domain::OneOf(words.iter().map(|word| Value::Text((*word).into())).collect())
    }

    #[test]
    fn a_case_depends_on_scenario_seed_and_number_alone() {
        let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
        let plan = plan(names.into_iter().zip(every_kind()));
        let many = cases(&plan, 42, 40);
        assert_eq!(cases(&plan, 42, 7), many[..7]);
        assert_eq!(case(&plan, 42, 39), many[39]);
        assert_ne!(cases(&plan, 43, 40), many);
        assert_eq!(tree(&plan, 42, 23).current(), many[23].bindings);
        for (case, (name, domain)) in many.iter().flat_map(|case| plan.scenario.given.iter().map(move |given| (case, given))) {
            assert!(contains(domain, &case.bindings[name]), "{name}: {}", case.bindings[name]);
        }
    }

    #[test]
    fn another_parameter_does_not_change_what_the_first_is_drawn_as() {
        let size = || Domain::Int(IntDomain::Range(Range { low: 0, high: 1_000_000 }));
        let (alone, both) = (cases(&plan([("size", size())]), 1, 20), cases(&plan([("more", size()), ("size", size())]), 1, 20));
        assert!(alone.iter().zip(&both).all(|(a, b)| a.bindings["size"] == b.bindings["size"]));
    }

    #[test]
    fn the_first_cases_are_simplest_greatest_and_then_every_member() {
        let plan = plan([
            ("kind", words(&["x", "y", "z"])),
            ("on", Domain::Bool(false)),
            ("n", Domain::Int(IntDomain::Range(Range { low: 1, high: 9 }))),
        ]);
        let cases = cases(&plan, 5, 6);
        assert_eq!(cases[0].bindings, tree(&plan, 5, 0).current());
        assert_eq!(cases[0].bindings["n"], Value::Int(1));
        assert_eq!((&cases[1].bindings["n"], &cases[1].bindings["on"]), (&Value::Int(9), &Value::Bool(true)));
        let kinds: std::collections::BTreeSet<_> = cases[..3].iter().map(|case| &case.bindings["kind"]).collect();
        assert_eq!(kinds.len(), 3);
        let pairs: std::collections::BTreeSet<_> = cases.iter().map(|case| (&case.bindings["kind"], &case.bindings["on"])).collect();
        assert_eq!(pairs.len(), 6);
    }

    #[test]
    fn the_default_count_follows_the_domains() {
        assert_eq!(default_count(&plan([])), 3);
        assert_eq!(default_count(&plan([("on", Domain::Bool(false))])), 3);
        assert_eq!(default_count(&plan([("n", Domain::Int(IntDomain::Range(Range { low: 1, high: 5 })))])), 5);
        assert_eq!(default_count(&plan([("n", Domain::Int(IntDomain::Range(Range { low: 1, high: 500 })))])), 12);
    }
}
