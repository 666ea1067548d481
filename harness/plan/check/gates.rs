//! Gates: opened and awaited by somebody, and no circle of actors waiting for each other.
//!
//! The circle is found by playing the scenario with every doubt settled in its favour: both branches of a condition open their
//! gates, nothing that may be skipped blocks, an actor that somebody kills counts as ended. Who is then still stuck is stuck in
//! every run.

use crate::plan::diagnostic::{Problem, Span};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What an actor does that matters to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Move {
    /// Waits at a gate.
    Gate(String, Span),
    /// Opens a gate.
    Open(String),
    /// Starts an actor.
    Start(String),
    /// Waits for the end of an actor.
    Wait(String, Span),
}

impl Move {
    fn span(&self) -> Span {
        match self {
            Move::Gate(_, span) | Move::Wait(_, span) => *span,
            Move::Open(_) | Move::Start(_) => Span::default(),
        }
    }
}

impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Move::Gate(gate, _) => write!(f, "waits at the gate `{gate}`"),
            Move::Wait(actor, _) => write!(f, "waits for `{actor}`"),
            Move::Open(gate) => write!(f, "opens the gate `{gate}`"),
            Move::Start(actor) => write!(f, "starts `{actor}`"),
        }
    }
}

/// The gates and the moves of every actor, gathered by the walk over the steps.
#[derive(Default)]
pub struct Gates {
    /// Where each gate is first awaited.
    pub awaited: BTreeMap<String, (Span, String)>,
    /// Where each gate is first opened.
    pub opened: BTreeMap<String, Span>,
    /// Actor → its moves in order.
    pub moves: BTreeMap<String, Vec<Move>>,
    /// Actors that somebody kills or gives up.
    pub killed: BTreeSet<String>,
    /// Actors that are killed with all that they started.
    pub groups: BTreeSet<String>,
}

/// Gates with parameters in their names are compared by what stands before the parameter.
fn matches(one: &str, other: &str) -> bool {
    let stem = |name: &str| name.split('$').next().unwrap_or_default().to_owned();
    if one.contains('$') || other.contains('$') {
        let (one, other) = (stem(one), stem(other));
        return one.starts_with(&other) || other.starts_with(&one);
    }
    one == other
}

impl Gates {
    /// Everything that is wrong with the gates.
    pub fn problems(&self) -> Vec<Problem> {
        let mut found = Vec::new();
        for (gate, (span, actor)) in &self.awaited {
            // Waiting for a gate that nobody opens is how an actor waits to be killed.
            if !self.opened.keys().any(|other| matches(gate, other)) && !self.killed.contains(actor) {
                let near = crate::plan::diagnostic::nearest(gate, self.opened.keys().map(String::as_str));
                let help = near
                    .map_or_else(|| format!("add `open-gate: {gate}` to an actor that goes on"), |near| format!("did you mean `{near}`?"));
                found.push(Problem::new(*span, format!("nobody opens the gate `{gate}`")).help(help));
            }
        }
        for (gate, span) in &self.opened {
            if !self.awaited.keys().any(|other| matches(gate, other)) {
                let near = crate::plan::diagnostic::nearest(gate, self.awaited.keys().map(String::as_str));
                let help = near.map_or_else(
                    || format!("add `gate: {gate}` where it is to be waited for, or remove it"),
                    |near| format!("did you mean `{near}`?"),
                );
                found.push(Problem::new(*span, format!("nobody waits at the gate `{gate}`")).help(help));
            }
        }
        if found.is_empty() { self.circle().into_iter().collect() } else { found }
    }

    fn circle(&self) -> Option<Problem> {
        let mut play = Play { gates: self, at: BTreeMap::new(), started: BTreeSet::from(["root"]), open: BTreeSet::new() };
        while play.round() {}
        let stuck: Vec<(&str, &Move)> = play.stuck().collect();
        let (_, first) = stuck.iter().find(|(_, step)| matches!(step, Move::Gate(..)))?;
        let told: Vec<String> = stuck.iter().map(|(actor, step)| format!("`{actor}` {step}")).collect();
        let help = "open one of the gates before waiting, or start with another actor";
        Some(Problem::new(first.span(), format!("this can never go on: {}", told.join(", "))).label("stuck here").help(help))
    }
}

struct Play<'a> {
    gates: &'a Gates,
    at: BTreeMap<&'a str, usize>,
    started: BTreeSet<&'a str>,
    open: BTreeSet<&'a str>,
}

impl<'a> Play<'a> {
    /// Every actor as far as it gets; whether any of them moved.
    fn round(&mut self) -> bool {
        let mut moved = false;
        for (actor, moves) in &self.gates.moves {
            while self.started.contains(actor.as_str()) {
                let at = self.at.get(actor.as_str()).copied().unwrap_or(0);
                let Some(step) = moves.get(at) else { break };
                if !self.passes(step) {
                    break;
                }
                match step {
                    Move::Open(gate) => drop(self.open.insert(gate)),
                    Move::Start(child) => drop(self.started.insert(child)),
                    _ => {}
                }
                self.at.insert(actor, at + 1);
                moved = true;
            }
        }
        moved
    }

    fn passes(&self, step: &Move) -> bool {
        match step {
            Move::Gate(gate, _) => self.open.iter().any(|open| matches(gate, open)),
            Move::Wait(child, _) => self.ended(child),
            Move::Open(_) | Move::Start(_) => true,
        }
    }

    fn ended(&self, actor: &str) -> bool {
        let length = self.gates.moves.get(actor).map_or(0, Vec::len);
        self.gates.killed.contains(actor) || self.at.get(actor).copied().unwrap_or(0) >= length
    }

    fn stuck(&self) -> impl Iterator<Item = (&'a str, &'a Move)> {
        let waiting = |(actor, moves): (&'a String, &'a Vec<Move>)| {
            let at = self.at.get(actor.as_str()).copied().unwrap_or(0);
            let there = self.started.contains(actor.as_str()) && !self.gates.killed.contains(actor);
            moves.get(at).filter(|_| there).map(|step| (actor.as_str(), step))
        };
        self.gates.moves.iter().filter_map(waiting).collect::<Vec<_>>().into_iter()
    }
}
