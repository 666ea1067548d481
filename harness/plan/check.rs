//! Checking: names, kinds, capabilities; every problem at once.

use super::case::{Plan, Source};
use super::describe::Planes;
use super::diagnostic::Problems;
use super::parse::parse;
use super::script::Plane;
use super::step::{self, Step};

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
/// All problems: of the text, or of its shape, or of what it means.
pub fn check(source: &Source, properties: &[PropertyDecl]) -> Result<Plan, Problems> {
    let _ = properties;
    let parsed = parse(source)?;
    let plane = plane(&parsed.scenario.steps);
    Ok(Plan {
        id: source.id.clone(),
        path: source.path.clone(),
        scenario: parsed.scenario,
        plane,
        needs: Vec::new(),
        step_lines: parsed.step_lines,
        check_lines: parsed.check_lines,
    })
}

/// Who performs the root's steps: a library, as soon as one of them is an operation of libraries.
fn plane(steps: &[Step]) -> Plane {
    let library = steps.iter().any(|step| match step {
        Step::Repeat(_) | Step::When(_) => step::bodies(step).iter().any(|(_, body)| plane(body) == Plane::Library),
        _ => step::describe(step).plane == Planes::Library,
    });
    if library { Plane::Library } else { Plane::Platform }
}
