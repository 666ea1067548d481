//! The walk over orders. See the module above for its rules.

use super::{Answer, Interval, Longest, Model};
use std::collections::HashSet;

/// Pairs of what was done and the state, looked at before the walk is given up.
pub const BUDGET: usize = 1 << 18;

/// Looks for an order of the operations.
pub fn search<M: Model>(model: &M, operations: &[Interval<M::Op>]) -> Answer {
    within(model, operations, BUDGET)
}

/// As [`search`], with a budget of looks.
pub fn within<M: Model>(model: &M, operations: &[Interval<M::Op>], budget: usize) -> Answer {
    let mut by_call: Vec<usize> = (0..operations.len()).collect();
    by_call.sort_by_key(|&at| operations[at].call);
    let start = model.start();
    let longest = (Vec::new(), start.clone());
    let walk = Walk { model, operations, by_call, done: Done::of(operations.len()), path: Vec::new(), longest, seen: HashSet::new() };
    walk.run(start, budget)
}

/// Which operations are in the order so far.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Done(Vec<u64>);

impl Done {
    fn of(count: usize) -> Done {
        Done(vec![0; count.div_ceil(64)])
    }

    fn has(&self, at: usize) -> bool {
        self.0[at / 64] >> (at % 64) & 1 == 1
    }

    fn flip(&mut self, at: usize) {
        self.0[at / 64] ^= 1 << (at % 64);
    }
}

struct Walk<'m, M: Model> {
    model: &'m M,
    operations: &'m [Interval<M::Op>],
    by_call: Vec<usize>,
    done: Done,
    path: Vec<usize>,
    longest: (Vec<usize>, M::State),
    seen: HashSet<(Done, M::State)>,
}

impl<M: Model> Walk<'_, M> {
    /// The stack holds, for each operation of the path and for the empty one, what can still be tried after it.
    fn run(mut self, start: M::State, budget: usize) -> Answer {
        let wanted = self.operations.iter().filter(|operation| operation.end.is_some()).count();
        let mut returned = 0;
        let mut stack = vec![self.choices(&start)];
        if wanted == 0 {
            return Answer::Holds(Vec::new());
        }
        while let Some(choices) = stack.last_mut() {
            let Some((at, state)) = choices.pop() else {
                stack.pop();
                if let Some(last) = self.path.pop() {
                    self.done.flip(last);
                    returned -= usize::from(self.operations[last].end.is_some());
                }
                continue;
            };
            self.done.flip(at);
            if !self.seen.insert((self.done.clone(), state.clone())) {
                self.done.flip(at);
                continue;
            }
            if self.seen.len() > budget {
                return Answer::Undecided(self.seen.len());
            }
            self.path.push(at);
            returned += usize::from(self.operations[at].end.is_some());
            if returned == wanted {
                return Answer::Holds(self.path);
            }
            if self.path.len() > self.longest.0.len() {
                self.longest = (self.path.clone(), state.clone());
            }
            stack.push(self.choices(&state));
        }
        self.broken()
    }

    /// Operations that may come next: called before the first of the others returned. By ascending call.
    fn next(&self) -> Vec<usize> {
        let mut first_end = usize::MAX;
        let mut found = Vec::new();
        for &at in self.by_call.iter().filter(|at| !self.done.has(**at)) {
            let operation = &self.operations[at];
            if operation.call > first_end {
                break;
            }
            first_end = first_end.min(operation.end.unwrap_or(usize::MAX));
            found.push(at);
        }
        found
    }

    /// What can be tried next, the likeliest last: whoever returned first, and who never returned as a last resort.
    fn choices(&self, state: &M::State) -> Vec<(usize, M::State)> {
        let mut next = self.next();
        next.sort_by_key(|&at| std::cmp::Reverse(self.operations[at].end.unwrap_or(usize::MAX)));
        let after = |at: usize| self.model.apply(state, &self.operations[at].op).into_iter().map(move |state| (at, state));
        next.into_iter().flat_map(after).collect()
    }

    /// Nothing was left to try.
    fn broken(mut self) -> Answer {
        let (prefix, state) = self.longest.clone();
        self.done = Done::of(self.operations.len());
        prefix.iter().for_each(|&at| self.done.flip(at));
        let stuck = self.next().into_iter().filter(|&at| self.operations[at].end.is_some()).collect();
        Answer::Broken(Longest { prefix, state: self.model.words(&state), stuck })
    }
}
