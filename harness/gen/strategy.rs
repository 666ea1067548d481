//! From a domain to a proptest strategy.
//!
//! A strategy here draws a value and wraps it in a [`Tree`], which knows how to make that value simpler. The two halves are
//! kept apart because values also come from elsewhere: the systematic cases of [`super::draw`], and replay files, shrink just
//! like drawn ones. proptest's own combinators can only shrink what they drew themselves.

use super::seed::{below, between};
use super::simpler::{Tree, simplest};
use super::text;
use crate::plan::ast::{Domain, IntDomain, Range};
use crate::plan::value::Value;
use proptest::strategy::{NewTree, Strategy};
use proptest::test_runner::{TestRng, TestRunner};

/// The strategy of one domain.
#[derive(Clone, Debug)]
pub struct Values(pub Domain);

impl Strategy for Values {
    type Tree = Tree;
    type Value = Value;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        Ok(Tree::at(&self.0, draw(&self.0, runner.rng())))
    }
}

/// One in this many integers is an edge: often enough that twelve cases meet some, rarely enough that the middle is seen.
const EDGE_ONE_IN: u64 = 3;

/// Draws one value.
pub fn draw(domain: &Domain, rng: &mut TestRng) -> Value {
    match domain {
        Domain::Int(int) => Value::Int(draw_int(int, rng)),
        Domain::OneOf(members) => pick(members, rng).cloned().unwrap_or_else(|| simplest(domain)),
        Domain::Bool(_) => Value::Bool(below(rng, 2) == 1),
        Domain::SubsetOf(members) => Value::List(members.iter().filter(|_| below(rng, 2) == 1).cloned().collect()),
        Domain::PermutationOf(members) => Value::List(shuffle(members.clone(), rng)),
        Domain::List { of, len } => Value::List((0..draw_range(*len, rng)).map(|_| draw(of, rng)).collect()),
        Domain::Bytes { len, without, utf8 } => text::bytes(draw_range(*len, rng), without, *utf8, rng),
        Domain::NastyText { len } => text::nasty(draw_range(*len, rng), rng),
    }
}

/// The value at the other end from [`simplest`]: the greatest numbers, the last members, the longest lists.
pub fn greatest(domain: &Domain) -> Value {
    match domain {
        Domain::Int(int) => Value::Int(range_of(int).high),
        Domain::OneOf(members) => members.last().cloned().unwrap_or_default(),
        Domain::Bool(simple) => Value::Bool(!simple),
        Domain::SubsetOf(members) => Value::List(members.clone()),
        Domain::PermutationOf(members) => Value::List(members.iter().rev().cloned().collect()),
        Domain::List { of, len } => Value::List((0..len.high).map(|_| greatest(of)).collect()),
        Domain::Bytes { len, without, utf8 } => text::greatest_bytes(len.high, without, *utf8),
        Domain::NastyText { len } => text::greatest_nasty(len.high),
    }
}

/// The range of an integer domain.
pub fn range_of(int: &IntDomain) -> Range {
    match int {
        IntDomain::Range(range) | IntDomain::Edges { range, .. } => *range,
    }
}

/// Members of a domain that is a small closed set, simplest first; `None` for the others.
pub fn members(domain: &Domain) -> Option<Vec<Value>> {
    match domain {
        Domain::OneOf(members) => Some(members.clone()),
        Domain::Bool(simple) => Some(vec![Value::Bool(*simple), Value::Bool(!simple)]),
        _ => None,
    }
}

fn draw_int(int: &IntDomain, rng: &mut TestRng) -> i64 {
    let range = range_of(int);
    let named: &[i64] = if let IntDomain::Edges { edges, .. } = int { edges } else { &[] };
    if below(rng, EDGE_ONE_IN) == 0 {
        let edges = edges_of(range, named);
        return *pick(&edges, rng).unwrap_or(&range.low);
    }
    between(rng, range.low, range.high)
}

/// Both ends, the named values, and the neighbours of each: off-by-one errors live there.
fn edges_of(range: Range, named: &[i64]) -> Vec<i64> {
    let around = named.iter().flat_map(|edge| [edge.saturating_sub(1), *edge, edge.saturating_add(1)]);
    let ends = [range.low, range.low.saturating_add(1), range.high.saturating_sub(1), range.high];
    let mut edges: Vec<i64> = ends.into_iter().chain(around).filter(|n| (range.low..=range.high).contains(n)).collect();
    edges.sort_unstable();
    edges.dedup();
    edges
}

fn draw_range(range: Range, rng: &mut TestRng) -> i64 {
    draw_int(&IntDomain::Range(range), rng)
}

/// A member, each equally likely.
pub(super) fn pick<'a, T>(members: &'a [T], rng: &mut TestRng) -> Option<&'a T> {
    members.get(usize::try_from(below(rng, members.len() as u64)).ok()?)
}

fn shuffle(mut members: Vec<Value>, rng: &mut TestRng) -> Vec<Value> {
    for end in (1..members.len()).rev() {
        members.swap(end, below(rng, end as u64 + 1) as usize);
    }
    members
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::generate::seed::stream;
    use crate::generate::simpler::contains;

    /// One domain of each kind.
    pub fn every_kind() -> Vec<Domain> {
        let words = || vec![Value::Text("a".into()), Value::Text("b".into()), Value::Text("c".into()), Value::Text("d".into())];
        let len = Range { low: 2, high: 9 };
        vec![
            Domain::Int(IntDomain::Range(Range { low: -5, high: 131_072 })),
            Domain::Int(IntDomain::Edges { range: Range { low: 1, high: 100_000 }, edges: vec![4096] }),
            Domain::OneOf(words()),
            Domain::Bool(true),
            Domain::SubsetOf(words()),
            Domain::PermutationOf(words()),
            Domain::List { of: Box::new(Domain::OneOf(words())), len },
            Domain::Bytes { len, without: vec![0, b'='], utf8: false },
            Domain::Bytes { len, without: vec![0], utf8: true },
            Domain::NastyText { len },
        ]
    }

    #[test]
    fn what_is_drawn_lies_in_its_domain() {
        for domain in every_kind() {
            assert!(contains(&domain, &greatest(&domain)), "{domain:?}: {}", greatest(&domain));
            for number in 0..300 {
                let value = draw(&domain, &mut stream("a/b", 1, number, "x"));
                assert!(contains(&domain, &value), "{domain:?}: {value}");
            }
        }
    }

    #[test]
    fn a_third_of_integers_are_edges() {
        let int = IntDomain::Edges { range: Range { low: 1, high: 1_000_000 }, edges: vec![4096] };
        let edges = [1, 2, 4095, 4096, 4097, 999_999, 1_000_000];
        let hits = (0..3000).filter(|number| edges.contains(&draw_int(&int, &mut stream("a/b", 1, *number, "x")))).count();
        assert!((850..1150).contains(&hits), "{hits} of 3000");
    }

    #[test]
    fn every_member_and_order_can_be_drawn() {
        let domain = Domain::PermutationOf((0..3).map(Value::Int).collect());
        let drawn: std::collections::BTreeSet<Value> = (0..200).map(|number| draw(&domain, &mut stream("a/b", 1, number, "x"))).collect();
        assert_eq!(drawn.len(), 6);
    }
}
