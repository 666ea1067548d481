//! Workers: processes in which a library runs a function of its own language. What they are to do is a list of deeds
//! ([`Deed`]), the same in every language.

use crate::plan::ast::Expect;
use crate::plan::expr::{Arg, Expr};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `worker: {as: w, task: [{hold: door}, {exit: 3}]}`: the subject starts a process that does this. Capability `worker`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Worker {
    /// Name of the worker.
    #[serde(rename = "as")]
    pub name: String,
    /// What it does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub task: Vec<Deed>,
    /// What the library is to call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub named: Option<Expr>,
    /// It does not outlive its main program, which does not wait for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub daemon: Option<Expr>,
    /// `fork`, `spawn`, `forkserver`; absent: the library's own way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<Arg<String>>,
    /// `start` (default); `run`: what the library runs in the worker is called in the caller; `argument`: the function is called where
    /// it should be handed over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<Arg<String>>,
    /// A number that the caller puts into a variable before the start; it is 0 when a program begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mark: Option<Expr>,
    /// What must come of the start.
    #[serde(skip_serializing_if = "Expect::is_success")]
    pub expect: Expect,
}

/// One thing that a worker does: exactly one of the fields beside `only`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Deed {
    /// For these items of a job alone: a number, a list, or a parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only: Option<Expr>,
    /// Come to this door and wait to be let through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<String>,
    /// The same; each item is let through by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold_item: Option<String>,
    /// Come to this door and go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub knock: Option<String>,
    /// Print this text, without flushing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub print: Option<Expr>,
    /// End in the language's own way with this code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<Expr>,
    /// End at once, by `_exit`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leave: Option<Expr>,
    /// Write so many bytes to standard error. Capability `worker-stderr`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub print_error: Option<Expr>,
    /// Have a result that cannot be sent back to the caller. Capability `pool-unpicklable`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unpicklable: bool,
    /// Be an item that cannot be sent to a worker. Capability `pool-unsendable`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unsendable: bool,
    /// Fail with an error of this text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fail: Option<Expr>,
    /// Die by this signal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub die: Option<Arg<String>>,
    /// Write this word down when the process ends in an orderly way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_exit: Option<String>,
    /// Start a worker that does this, and wait for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub child: Option<Vec<Deed>>,
}

impl Deed {
    /// How many things it is.
    pub fn count(&self) -> usize {
        let texts = [&self.hold, &self.hold_item, &self.knock, &self.at_exit];
        let exprs = [&self.print, &self.print_error, &self.exit, &self.leave, &self.fail];
        let rest = [self.die.is_some(), self.child.is_some(), self.unpicklable, self.unsendable].iter().filter(|deed| **deed).count();
        texts.iter().filter(|deed| deed.is_some()).count() + exprs.iter().filter(|deed| deed.is_some()).count() + rest
    }
}

/// `main: {as: m, workers: [{as: a, task: [...]}]}`: a main program of its own starts these workers, one after the other, and comes
/// to its end. Capability `main`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Main {
    /// Name of the program.
    #[serde(rename = "as")]
    pub name: String,
    /// Its workers; they have no handles here.
    pub workers: Vec<Worker>,
}
