//! Checking: names, kinds, capabilities; every problem at once.

mod actors;
mod attribute;
mod fields;
mod gates;
mod ipc;
mod kinds;
mod names;
mod parallel;
mod pipeline;
mod shared;
mod system;
pub mod vocabulary;
mod walk;
mod whole;
mod wishes;
mod within;
mod worker;

use super::case::{Plan, Source};
use super::describe::Planes;
use super::diagnostic::{Problem, Problems};
use super::parse::{Parsed, parse};
use super::script::Plane;
use super::step::{self, Step};
use gates::Gates;
use std::collections::BTreeSet;
use walk::{Checker, Frame, Performer};

/// An argument that a property takes in `check:`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArgDecl {
    /// Its name.
    pub name: &'static str,
    /// What it may be.
    pub kind: ArgKind,
    /// Whether it must be given.
    pub required: bool,
    /// What it means, for `explain`.
    pub help: &'static str,
}

/// What an argument may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgKind {
    /// An expression, worked out when the case is bound.
    Expr,
    /// The name of an actor or a family.
    Actor,
    /// A stream as `read` names it: `p.read`, `child.stdout`.
    Stream,
    /// A counter or semaphore.
    Object,
    /// Free text (a label).
    Label,
}

/// A property as the checker needs to know it. (`plan` lies below `judge`, so the declarations are handed in.)
#[derive(Clone, Copy, Debug)]
pub struct PropertyDecl {
    /// Its name.
    pub name: &'static str,
    /// Universal ones can be lifted by `permits:`.
    pub universal: bool,
    /// Its arguments.
    pub args: &'static [ArgDecl],
}

/// Parses a scenario and checks everything that can be known before a case is drawn.
///
/// # Errors
/// All problems: of the text, or else of its shape, or else of what it means.
pub fn check(source: &Source, properties: &[PropertyDecl]) -> Result<Plan, Problems> {
    let parsed = parse(source)?;
    let plane = plane(&parsed.scenario.steps);
    let (needs, problems) = meaning(source, &parsed, plane, properties);
    if !problems.is_empty() {
        return Err(Problems::new(source, problems));
    }
    Ok(Plan {
        id: source.id.clone(),
        path: source.path.clone(),
        scenario: parsed.scenario,
        plane,
        needs: if plane == Plane::Library { needs } else { Vec::new() },
        step_lines: parsed.step_lines,
        check_lines: parsed.check_lines,
    })
}

/// The capabilities that the scenario needs, and what is wrong with what it means.
fn meaning(source: &Source, parsed: &Parsed, plane: Plane, properties: &[PropertyDecl]) -> (Vec<String>, Vec<Problem>) {
    let Parsed { scenario, root, .. } = parsed;
    let mut problems = Vec::new();
    let actors = actors::gather(&scenario.steps, root.at("steps"), &mut problems);
    let mut checker = Checker {
        text: &source.text,
        root,
        given: &scenario.given,
        actors,
        families: BTreeSet::new(),
        objects: actors::objects(&scenario.steps, root.at("steps")),
        used: BTreeSet::new(),
        gates: Gates::default(),
        doors: worker::doors(&scenario.steps),
        needs: Vec::new(),
        problems,
    };
    let performer = if plane == Plane::Library { Performer::Subject } else { Performer::Process };
    let mut frame = Frame::root(performer);
    checker.head(scenario, plane);
    checker.domains();
    checker.steps(&mut frame, &scenario.steps, root.at("steps"));
    checker.properties(scenario, properties, &frame);
    checker.unused();
    checker.end_groups();
    let gates = checker.gates.problems();
    checker.problems.extend(gates);
    (checker.needs, checker.problems)
}

/// Who performs the root's steps: a library, as soon as one of them is an operation of libraries.
fn plane(steps: &[Step]) -> Plane {
    let library = steps.iter().any(|step| match step {
        Step::Repeat(_) | Step::When(_) => step::bodies(step).iter().any(|(_, body)| plane(body) == Plane::Library),
        _ => step::describe(step).plane == Planes::Library,
    });
    if library { Plane::Library } else { Plane::Platform }
}
