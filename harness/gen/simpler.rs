//! Making a value simpler, within its domain, in the direction that `plan::ast::Domain` documents for it.
//!
//! Integers go by binary search: what is wrong above a threshold is nearly always wrong above it everywhere. Everything else
//! goes by candidates, the boldest first (an empty list, then halves, then one member less), as a member's value seldom says
//! anything about its neighbour's.

use super::strategy::range_of;
use super::text::plain_byte;
use crate::plan::ast::{Domain, Range};
use crate::plan::value::Value;
use proptest::strategy::ValueTree;

/// Texts up to this long are also shrunk byte by byte; longer ones by length alone, or a single text would use up the budget.
const BYTE_BY_BYTE: usize = 64;

/// A value with the simpler ones below it.
#[derive(Clone, Debug)]
pub enum Tree {
    /// Binary search towards the low end.
    Int(IntTree),
    /// Candidates in turn.
    Other(CandidateTree),
}

impl Tree {
    /// The tree of a value that was drawn, or that came from somewhere else.
    pub fn at(domain: &Domain, value: Value) -> Tree {
        match (domain, &value) {
            (Domain::Int(int), Value::Int(n)) => Tree::Int(IntTree { low: range_of(int).low.min(*n), current: *n, best: *n, fresh: true }),
            _ => Tree::Other(CandidateTree { domain: domain.clone(), best: value.clone(), current: value, left: Vec::new() }),
        }
    }
}

impl ValueTree for Tree {
    type Value = Value;

    fn current(&self) -> Value {
        match self {
            Tree::Int(tree) => Value::Int(tree.current),
            Tree::Other(tree) => tree.current.clone(),
        }
    }

    fn simplify(&mut self) -> bool {
        match self {
            Tree::Int(tree) => tree.simplify(),
            Tree::Other(tree) => tree.simplify(),
        }
    }

    fn complicate(&mut self) -> bool {
        match self {
            Tree::Int(tree) => tree.complicate(),
            Tree::Other(tree) => tree.complicate(),
        }
    }
}

/// An integer between the greatest value known (or believed) to be too simple, and the least known to do.
#[derive(Clone, Debug)]
pub struct IntTree {
    low: i64,
    current: i64,
    best: i64,
    fresh: bool,
}

impl IntTree {
    /// The current value does: go lower. The very first step jumps to the low end, where most shrinking ends.
    fn simplify(&mut self) -> bool {
        self.best = self.current;
        if self.best <= self.low {
            return false;
        }
        self.current = if self.fresh { self.low } else { middle(self.low, self.best) };
        self.fresh = false;
        true
    }

    /// The current value is too simple: go back up, but below the best.
    fn complicate(&mut self) -> bool {
        self.low = self.current.saturating_add(1);
        let more = self.low < self.best;
        self.current = if more { middle(self.low, self.best) } else { self.best };
        more
    }
}

fn middle(low: i64, high: i64) -> i64 {
    low.wrapping_add((high.wrapping_sub(low) as u64 / 2) as i64)
}

/// A value with a list of simpler ones yet to be tried.
#[derive(Clone, Debug)]
pub struct CandidateTree {
    domain: Domain,
    best: Value,
    current: Value,
    left: Vec<Value>,
}

impl CandidateTree {
    fn simplify(&mut self) -> bool {
        self.best = self.current.clone();
        self.left = candidates(&self.domain, &self.best);
        self.left.reverse();
        self.complicate()
    }

    fn complicate(&mut self) -> bool {
        let next = self.left.pop();
        let more = next.is_some();
        self.current = next.unwrap_or_else(|| self.best.clone());
        more
    }
}

/// The simplest value of a domain.
pub fn simplest(domain: &Domain) -> Value {
    match domain {
        Domain::Int(int) => Value::Int(range_of(int).low),
        Domain::OneOf(members) => members.first().cloned().unwrap_or_default(),
        Domain::Bool(simple) => Value::Bool(*simple),
        Domain::SubsetOf(_) => Value::List(Vec::new()),
        Domain::PermutationOf(members) => Value::List(members.clone()),
        Domain::List { of, len } => Value::List((0..len.low).map(|_| simplest(of)).collect()),
        Domain::Bytes { len, without, .. } => plain(*len, without),
        Domain::NastyText { len } => plain(*len, &[]),
    }
}

fn plain(len: Range, without: &[u8]) -> Value {
    Value::from_bytes(&vec![plain_byte(without); usize::try_from(len.low).unwrap_or(0)])
}

/// Values of the domain that are simpler than this one, the boldest first. Every chain of them comes to an end.
pub fn candidates(domain: &Domain, value: &Value) -> Vec<Value> {
    let mut found = match (domain, value) {
        (Domain::Int(int), Value::Int(n)) => int_candidates(range_of(int).low, *n),
        (Domain::OneOf(members), value) => members.iter().take_while(|member| *member != value).cloned().collect(),
        (Domain::Bool(simple), Value::Bool(b)) if b != simple => vec![Value::Bool(*simple)],
        (Domain::SubsetOf(_), Value::List(list)) => shorter(list, 0).into_iter().map(Value::List).collect(),
        (Domain::PermutationOf(members), Value::List(list)) => closer_orders(members, list),
        (Domain::List { of, len }, Value::List(list)) => list_candidates(of, *len, list),
        (Domain::Bytes { len, without, utf8 }, value) => byte_candidates(*len, plain_byte(without), *utf8, value),
        (Domain::NastyText { len }, value) => byte_candidates(*len, b'a', false, value),
        _ => Vec::new(),
    };
    found.retain(|candidate| candidate != value);
    found
}

fn int_candidates(low: i64, n: i64) -> Vec<Value> {
    let mut distance = n.saturating_sub(low);
    let mut found = Vec::new();
    while distance > 0 {
        found.push(Value::Int(n - distance));
        distance /= 2;
    }
    found
}

/// The list with less in it, never fewer than `least`: only the least, one half, the other, then one member less.
fn shorter<T: Clone>(list: &[T], least: usize) -> Vec<Vec<T>> {
    if list.len() <= least {
        return Vec::new();
    }
    let half = (list.len() / 2).max(least);
    let halves = [list[..least].to_vec(), list[..half].to_vec(), list[list.len() - half..].to_vec()];
    let one_less = (0..list.len()).map(|gone| [&list[..gone], &list[gone + 1..]].concat());
    halves.into_iter().chain(one_less).filter(|shorter| shorter.len() < list.len()).collect()
}

/// The order as written; then each member that is out of place put into it, by a swap.
fn closer_orders(members: &[Value], list: &[Value]) -> Vec<Value> {
    let put_right = |place: usize| {
        let from = (place..list.len()).find(|from| list[*from] == members[place])?;
        let mut closer = list.to_vec();
        closer.swap(place, from);
        (from != place).then_some(Value::List(closer))
    };
    let swaps = (0..list.len().min(members.len())).filter_map(put_right);
    std::iter::once(Value::List(members.to_vec())).chain(swaps).collect()
}

fn list_candidates(of: &Domain, len: Range, list: &[Value]) -> Vec<Value> {
    let least = usize::try_from(len.low).unwrap_or(0);
    let simpler_members = list.iter().enumerate().flat_map(|(at, member)| {
        candidates(of, member).into_iter().map(move |simpler| {
            let mut copy = list.to_vec();
            copy[at] = simpler;
            copy
        })
    });
    shorter(list, least).into_iter().chain(simpler_members).map(Value::List).collect()
}

fn byte_candidates(len: Range, plain: u8, utf8: bool, value: &Value) -> Vec<Value> {
    let Some(bytes) = value.bytes() else { return Vec::new() };
    let least = usize::try_from(len.low).unwrap_or(0).min(bytes.len());
    let mut found: Vec<Vec<u8>> = vec![vec![plain; least], vec![plain; bytes.len()]];
    if bytes.len() <= BYTE_BY_BYTE {
        found.extend(shorter(&bytes, least));
        found.extend((0..bytes.len()).map(|at| [&bytes[..at], &[plain], &bytes[at + 1..]].concat()));
    } else {
        found.extend(int_candidates(least as i64, bytes.len() as i64).iter().filter_map(Value::int).map(|n| bytes[..n as usize].to_vec()));
    }
    found.retain(|candidate| *candidate != bytes && (!utf8 || std::str::from_utf8(candidate).is_ok()));
    found.iter().map(|candidate| Value::from_bytes(candidate)).collect()
}

/// Whether a value lies in a domain; what shrinking and replay files must keep to.
pub fn contains(domain: &Domain, value: &Value) -> bool {
    let fits = |len: &Range, n: usize| i64::try_from(n).is_ok_and(|n| (len.low..=len.high).contains(&n));
    match (domain, value) {
        (Domain::Int(int), Value::Int(n)) => (range_of(int).low..=range_of(int).high).contains(n),
        (Domain::OneOf(members), value) => members.contains(value),
        (Domain::Bool(_), Value::Bool(_)) => true,
        (Domain::SubsetOf(members), Value::List(list)) => is_sublist(list, members),
        (Domain::PermutationOf(members), Value::List(list)) => sorted(members) == sorted(list),
        (Domain::List { of, len }, Value::List(list)) => fits(len, list.len()) && list.iter().all(|member| contains(of, member)),
        (Domain::Bytes { len, without, utf8 }, value) => value.bytes().is_some_and(|bytes| {
            fits(len, bytes.len()) && !bytes.iter().any(|byte| without.contains(byte)) && (!utf8 || String::from_utf8(bytes).is_ok())
        }),
        (Domain::NastyText { len }, value) => value.bytes().is_some_and(|bytes| fits(len, bytes.len()) && !bytes.contains(&0)),
        _ => false,
    }
}

fn sorted(list: &[Value]) -> Vec<Value> {
    let mut list = list.to_vec();
    list.sort();
    list
}

fn is_sublist(list: &[Value], members: &[Value]) -> bool {
    let mut rest = members.iter();
    list.iter().all(|member| rest.any(|other| other == member))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::seed::stream;
    use crate::generate::strategy::{draw, tests::every_kind};

    /// Shrinks with a test that always (or never) fails, counting steps.
    fn run_down(mut tree: Tree, still_fails: bool) -> (Value, usize) {
        let mut steps = 0;
        let mut more = tree.simplify();
        while more {
            steps += 1;
            assert!(steps < 100_000, "endless at {}", tree.current());
            more = if still_fails { tree.simplify() } else { tree.complicate() };
        }
        (tree.current(), steps)
    }

    #[test]
    fn what_always_fails_comes_down_to_the_simplest_and_what_never_does_stays() {
        for domain in every_kind() {
            for number in 0..50 {
                let value = draw(&domain, &mut stream("a/b", 2, number, "x"));
                assert_eq!(run_down(Tree::at(&domain, value.clone()), true).0, simplest(&domain), "{domain:?} from {value}");
                assert_eq!(run_down(Tree::at(&domain, value.clone()), false).0, value, "{domain:?}");
            }
        }
    }

    #[test]
    fn every_candidate_lies_in_the_domain() {
        for domain in every_kind() {
            for number in 0..50 {
                let value = draw(&domain, &mut stream("a/b", 3, number, "x"));
                for candidate in candidates(&domain, &value) {
                    assert!(contains(&domain, &candidate), "{domain:?}: {value} -> {candidate}");
                }
            }
        }
    }

    #[test]
    fn binary_search_finds_a_threshold_exactly() {
        for threshold in [-5, 0, 1, 4096, 4097, 99_999] {
            let mut tree = IntTree { low: -5, current: 99_999, best: 99_999, fresh: true };
            let mut more = tree.simplify();
            while more {
                more = if tree.current >= threshold { tree.simplify() } else { tree.complicate() };
            }
            assert_eq!(tree.current, threshold);
        }
    }
}
