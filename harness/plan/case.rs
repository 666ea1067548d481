//! A case: a scenario with its parameters bound. What one run executes, what a replay file keeps.

use super::ast::Scenario;
use super::value::Value;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A scenario's text with its name, as found on disk or in the binary.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// `family/name`, or the path given on the command line.
    pub id: String,
    /// Path for diagnostics.
    pub path: String,
    /// The YAML.
    pub text: String,
}

/// A checked scenario: every name in it resolves, every step can be performed by its actor.
///
/// Made by [`super::check::check`] alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// `family/name`.
    pub id: String,
    /// Where it came from.
    pub path: String,
    /// What was written.
    pub scenario: Scenario,
    /// Who performs the root's steps.
    pub plane: super::script::Plane,
    /// Capabilities that the subject must claim (library plane) in order; empty on the platform plane.
    pub needs: Vec<String>,
    /// Line of each step, from 1, in the order of the file: a step comes before the steps inside it, `do` before `else`.
    pub step_lines: Vec<u32>,
    /// Line of each entry of `check:`, from 1.
    pub check_lines: Vec<u32>,
}

/// One executable case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// `family/name` of the scenario.
    pub scenario: String,
    /// Parameter values by name.
    pub bindings: BTreeMap<String, Value>,
    /// Seed of the run that drew it.
    pub seed: u64,
    /// Which case of that run, from 0.
    pub number: u32,
}
