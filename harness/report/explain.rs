//! What a scenario, property, step or subject means, in text.

use super::lanes;
use super::text::{FAINT, STRONG, columns, paint};
use crate::judge::Property;
use crate::plan::ast::{CheckArg, Domain, IntDomain};
use crate::plan::case::Plan;
use crate::plan::check::ArgKind;
use crate::plan::expr::Expr;
use crate::plan::script::{Plane, Script};
use std::fmt::Write;

/// A scenario: its sentence, clauses, parameters, what it asks of a subject, what it checks, and the steps of one case.
pub fn scenario(plan: &Plan, sample: Option<&Script>) -> String {
    let from = &plan.scenario;
    let mut text = format!("{}\n{}\n", paint(STRONG, &plan.id), from.title);
    if let Some(about) = &from.about {
        let _ = writeln!(text, "\n{}", about.trim_end());
    }
    section(&mut text, "clauses", from.spec.iter().cloned());
    section(&mut text, "performed by", [plane(plan.plane).to_owned()]);
    section(&mut text, "needs", plan.needs.iter().cloned());
    section(&mut text, "parameters", from.given.iter().map(|(name, domain)| format!("{name}: {}", self::domain(domain))));
    let checks = from.check.iter().flat_map(|requested| &requested.0).map(|(name, args)| {
        let args: Vec<_> = args.iter().map(|(name, arg)| format!("{name}: {}", argument(arg))).collect();
        format!("{name} {}", args.join(", ")).trim_end().to_owned()
    });
    section(&mut text, "checks", checks);
    section(&mut text, "lifts", from.permits.iter().map(|(name, reason)| format!("{name}: {reason}")));
    if let Some(script) = sample {
        let values: Vec<_> = script.bindings.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        let with = if values.is_empty() { String::new() } else { format!(" with {}", values.join(", ")) };
        section(&mut text, &format!("steps{with}"), lanes::of_script(script, columns() - 2));
    }
    text
}

fn plane(plane: Plane) -> &'static str {
    match plane {
        Plane::Platform => "the case root, by system calls (subject `raw` only)",
        Plane::Library => "the subject's library, through its adapter",
    }
}

/// A property: its sentence, its clause, whether every case is held to it, its arguments.
pub fn property(property: &dyn Property) -> String {
    let mut text = format!("{}\n{}\n", paint(STRONG, property.name()), property.says());
    section(&mut text, "clause", [property.clause().to_owned()]);
    let when = if property.universal() {
        "on every case, unless the scenario lifts it under `permits:`"
    } else {
        "where a scenario asks for it under `check:`"
    };
    section(&mut text, "checked", [when.to_owned()]);
    let arguments = property.args().iter().map(|arg| {
        let need = if arg.required { "" } else { ", optional" };
        format!("{} ({}{need}): {}", arg.name, kind(arg.kind), arg.help)
    });
    section(&mut text, "arguments", arguments);
    text
}

fn kind(kind: ArgKind) -> &'static str {
    match kind {
        ArgKind::Expr => "expression",
        ArgKind::Actor => "actor",
        ArgKind::Stream => "stream",
        ArgKind::Object => "counter or semaphore",
        ArgKind::Label => "text",
    }
}

/// Anything else: a name, a sentence, and facts.
pub fn plain(name: &str, says: &str, facts: &[(&str, String)]) -> String {
    let mut text = format!("{}\n{says}\n", paint(STRONG, name));
    for (heading, fact) in facts.iter().filter(|(_, fact)| !fact.is_empty()) {
        section(&mut text, heading, fact.lines().map(str::to_owned));
    }
    text
}

fn section(text: &mut String, heading: &str, lines: impl IntoIterator<Item = String>) {
    let lines: Vec<String> = lines.into_iter().collect();
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{}", paint(FAINT, heading));
    for line in lines {
        let _ = writeln!(text, "  {line}");
    }
}

/// A domain in a few words.
pub fn domain(domain: &Domain) -> String {
    let values = |list: &[crate::plan::value::Value]| list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match domain {
        Domain::Int(IntDomain::Range(range)) => format!("{} to {}", range.low, range.high),
        Domain::Int(IntDomain::Edges { range, edges }) => {
            let edges: Vec<_> = edges.iter().map(ToString::to_string).collect();
            format!("{} to {}, often near {}", range.low, range.high, edges.join(", "))
        }
        Domain::OneOf(list) => format!("one of {}", values(list)),
        Domain::Bool(_) => "yes or no".to_owned(),
        Domain::SubsetOf(list) => format!("any of {}", values(list)),
        Domain::PermutationOf(list) => format!("any order of {}", values(list)),
        Domain::List { of, len } => format!("{} to {} times: {}", len.low, len.high, self::domain(of)),
        Domain::Bytes { len, utf8, .. } => {
            format!("{} to {} bytes{}", len.low, len.high, if *utf8 { " of text" } else { ", any but UTF-8" })
        }
        Domain::NastyText { len } => format!("{} to {} bytes that break quoting", len.low, len.high),
    }
}

fn argument(arg: &CheckArg) -> String {
    let one = |expr: &Expr| match expr {
        Expr::Int(number) => number.to_string(),
        Expr::Bool(is) => is.to_string(),
        Expr::Text(text) => text.clone(),
    };
    match arg {
        CheckArg::One(expr) => one(expr),
        CheckArg::Many(list) => format!("[{}]", list.iter().map(one).collect::<Vec<_>>().join(", ")),
    }
}
