//! Text → [`Scenario`], with the place of every part kept beside it.
//!
//! Two stages, each of which reports all that it finds: the text must be YAML of the strict kind ([`super::node`]), and the
//! tree must have the shape of a scenario ([`super::de`]). What the shapes mean together is for [`super::check`].

use super::ast::Scenario;
use super::case::Source;
use super::de;
use super::diagnostic::Problems;
use super::node::{self, Node};
use super::step::{self, Step};

/// A scenario with the tree that it was read from.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// What was written.
    pub scenario: Scenario,
    /// The tree; steps stand in it where they stand in the scenario.
    pub root: Node,
    /// Line of each step, from 1, in the order of the file: a step comes before the steps inside it, `do` before `else`.
    pub step_lines: Vec<u32>,
    /// Line of each entry of `check:`, from 1.
    pub check_lines: Vec<u32>,
}

/// Reads a scenario.
///
/// # Errors
/// Everything that is wrong with the text, or with the shape of what it says.
pub fn parse(source: &Source) -> Result<Parsed, Problems> {
    let root = node::read(&source.text).map_err(|list| Problems::new(source, list))?;
    let scenario: Scenario = de::read(&root).map_err(|list| Problems::new(source, list))?;
    // Counted once: a generated file has thousands of steps, and counting from the top for each is quadratic.
    let ends: Vec<usize> = source.text.match_indices('\n').map(|(at, _)| at).collect();
    let line = |node: &Node| u32::try_from(ends.partition_point(|end| *end < node.span.start) + 1).unwrap_or(u32::MAX);
    let mut step_lines = Vec::new();
    walk(&scenario.steps, root.at("steps"), &mut |_, node| step_lines.push(line(node)));
    let check_lines = (0..scenario.check.len()).map(|i| line(root.at("check").item(i))).collect();
    Ok(Parsed { scenario, root, step_lines, check_lines })
}

/// Visits every step with its node, in the order of the file.
pub fn walk<'a>(steps: &'a [Step], nodes: &'a Node, each: &mut dyn FnMut(&'a Step, &'a Node)) {
    for (i, step) in steps.iter().enumerate() {
        let node = nodes.item(i);
        each(step, node);
        for (place, body) in step::bodies(step) {
            walk(body, place.of(node.at(step::name(step))), each);
        }
    }
}
