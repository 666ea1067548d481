//! The started program's environment is the one that was asked for.
//!
//! Rules:
//! 1. Each variable asked for is there, once, with its value byte for byte.
//! 2. Where it was to replace the environment, nothing else is there, except what the platform's own loader adds.
//! 3. Where it was to be laid over the inherited one, or nothing was asked for, PATH is there too: every case has one.
//! 4. A variable that the same process asked for with another start, and not with this one, is not there with that value, unless that
//!    process had it itself: what one start asks for is no wish of another's, nor the caller's own from then on.
//!
//! # References
//! POSIX.1-2024 XBD 8 "Environment Variables", `exec` family.

use crate::judge::starts::{self, Start};
use crate::judge::verdict::Finding;
use crate::judge::{Property, args};
use crate::plan::check::ArgDecl;
use crate::plan::script::{Asked, CheckDecl};
use crate::trace::History;

/// See the module.
pub struct ChildEnv;

/// macOS puts `__CF_USER_TEXT_ENCODING` into every environment.
const LOADERS_OWN: &[u8] = b"__CF";

impl Property for ChildEnv {
    fn name(&self) -> &'static str {
        "child-env"
    }
    fn says(&self) -> &'static str {
        "the started program's environment is the one asked for: exactly, or over the inherited one"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 XBD 8 Environment Variables, exec"
    }
    fn args(&self) -> &'static [ArgDecl] {
        &[args::OF_ACTOR]
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        starts::each(history, asked, |start| judged(history, start))
    }
}

/// A variable as it stands in an environment, split at its first `=` after the first byte.
fn split(variable: Vec<u8>) -> (Vec<u8>, Vec<u8>) {
    match variable.iter().skip(1).position(|byte| *byte == b'=') {
        Some(at) => (variable[..=at].to_vec(), variable[at + 2..].to_vec()),
        None => (variable, Vec::new()),
    }
}

fn judged(history: &History, start: &Start) -> Finding {
    let seen: Vec<(Vec<u8>, Vec<u8>)> = start.state.env.iter().map(|variable| split(starts::bytes(variable))).collect();
    let asked: Vec<(Vec<u8>, Vec<u8>)> =
        start.asked.env.iter().flat_map(|env| &env.vars).map(|(name, value)| (starts::bytes(name), starts::bytes(value))).collect();
    let replace = start.asked.env.as_ref().is_some_and(|env| env.replace);
    let wrong = asked.iter().find_map(|wanted| not_once(history, start, wanted, &seen));
    let surplus =
        || seen.iter().find(|(name, _)| replace && !name.starts_with(LOADERS_OWN) && !asked.iter().any(|(wanted, _)| wanted == name));
    if let Some(failure) = wrong {
        return failure;
    }
    if let Some((name, value)) = surplus() {
        let what = format!("{}={}", String::from_utf8_lossy(name), starts::quoted(value));
        return start.fails(history, format!("{} variables and nothing else", asked.len()), format!("also {what}"));
    }
    if !replace && !seen.iter().any(|(name, _)| name == b"PATH") {
        return start.fails(history, "the inherited variables, PATH among them", format!("no PATH among {} variables", seen.len()));
    }
    if let Some((name, value)) = strangers(history, start).into_iter().find(|stranger| seen.contains(stranger)) {
        let what = format!("{}={}, which another start asked for", String::from_utf8_lossy(&name), starts::quoted(&value));
        return start.fails(history, "no variable that nobody asked for here", what);
    }
    Finding::Pass
}

/// Rule 4: what others asked for.
fn strangers(history: &History, start: &Start) -> Vec<(Vec<u8>, Vec<u8>)> {
    let of = |asked: &Asked| -> Vec<(Vec<u8>, Vec<u8>)> {
        asked.env.iter().flat_map(|env| &env.vars).map(|(name, value)| (starts::bytes(name), starts::bytes(value))).collect()
    };
    let own: Vec<Vec<u8>> = history.observed.before.iter().flat_map(|before| &before.env).map(|it| split(starts::bytes(it)).0).collect();
    let wanted: Vec<Vec<u8>> = of(start.asked).into_iter().map(|(name, _)| name).collect();
    let by_the_same = history.script.steps.iter().filter(|step| step.actor == start.step.actor);
    let others = by_the_same.flat_map(|step| step.asked.as_deref().into_iter().chain(&step.stages));
    let vars = others.filter(|asked| asked.child != Some(start.child)).flat_map(of);
    vars.filter(|(name, _)| !own.contains(name) && !wanted.contains(name)).collect()
}

/// The last of several settings of one name is the one that counts.
fn not_once(history: &History, start: &Start, (name, value): &(Vec<u8>, Vec<u8>), seen: &[(Vec<u8>, Vec<u8>)]) -> Option<Finding> {
    let found: Vec<&Vec<u8>> = seen.iter().filter(|(known, _)| known == name).map(|(_, value)| value).collect();
    let wanted = || format!("{}={} once", String::from_utf8_lossy(name), starts::quoted(value));
    match found.as_slice() {
        [one] if starts::same_text(value, one) => None,
        [] => Some(start.fails(history, wanted(), "no such variable")),
        [one] => Some(start.fails(history, wanted(), starts::quoted(one))),
        several => Some(start.fails(history, wanted(), format!("{} times", several.len()))),
    }
}
