//! A process's state, as it reported it itself, is what the scenario says.
//!
//! Other properties compare two states with each other: exec keeps what was there. Whether what was there is what was meant they cannot
//! tell; a umask that was never set is kept as well.
//!
//! Rules: of each named actor the state that it reported under `label`, or else at its birth, has every value that is asked for. A number
//! is compared as it is; `arguments` byte for byte, from the name of the program on.
//!
//! # References
//! POSIX.1-2024 `umask()`, `nice()`, `setrlimit()`, `setsid()`, `setpgid()`, `setuid()`, `setgid()`, `fork()` (one thread), `exec`.

use crate::judge::verdict::Finding;
use crate::judge::{Property, starts, view};
use crate::plan::check::{ArgDecl, ArgKind};
use crate::plan::script::CheckDecl;
use crate::plan::value::Value;
use crate::trace::state::ProcState;
use crate::trace::{History, What};

/// See the module.
pub struct StateIs;

const fn value(name: &'static str, help: &'static str) -> ArgDecl {
    ArgDecl { name, kind: ArgKind::Expr, required: false, help }
}

const ARGS: &[ArgDecl] = &[
    ArgDecl { name: "of", kind: ArgKind::Actor, required: true, help: "the actor or family" },
    ArgDecl { name: "label", kind: ArgKind::Label, required: false, help: "of a `report-state` step; absent: at its birth" },
    value("umask", "file mode creation mask, as a number"),
    value("nice", "nice value"),
    value("nofile", "soft limit on descriptors"),
    value("threads", "number of threads"),
    value("uid", "real, effective and saved user id"),
    value("gid", "real, effective and saved group id"),
    value("groups", "supplementary groups, in any order"),
    value("leads-session", "whether its session is its own"),
    value("leads-group", "whether its process group is its own"),
    ArgDecl { name: "arguments", kind: ArgKind::Label, required: false, help: "all arguments, the name of the program first" },
    ArgDecl { name: "directory", kind: ArgKind::Label, required: false, help: "working directory, relative to that of the case" },
];

impl Property for StateIs {
    fn name(&self) -> &'static str {
        "state-is"
    }
    fn says(&self) -> &'static str {
        "the state that a process reports of itself has the values asked for"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 umask(), nice(), setrlimit(), setsid(), setpgid(), setuid(), setgid(), fork(), exec"
    }
    fn args(&self) -> &'static [ArgDecl] {
        ARGS
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        let Some(of) = view::text(asked, "of") else { return view::wants("of") };
        let actors = view::named(history, of);
        let label = view::text(asked, "label");
        let states: Vec<_> = history
            .events
            .iter()
            .enumerate()
            .filter(|(_, event)| actors.contains(&event.actor))
            .filter_map(|(at, event)| Some((at, event.actor, reported(&event.what, label)?)))
            .collect();
        if states.is_empty() {
            return view::undecided(format!("`{of}` reported no such state"));
        }
        starts::worst(states.into_iter().map(|(at, actor, state)| match wrong(state, asked) {
            None => Finding::Pass,
            Some((wanted, seen)) => Finding::fail(wanted, seen, view::name(history, actor), vec![at]),
        }))
    }
}

fn reported<'h>(what: &'h What, wanted: Option<&str>) -> Option<&'h ProcState> {
    match what {
        What::Born { state: Some(state), .. } if wanted.is_none() => Some(state),
        What::State { label, state } if wanted == Some(label.as_str()) => Some(state),
        _ => None,
    }
}

/// The first value that is not as asked for: what was wanted, and what is there.
fn wrong(state: &ProcState, asked: &CheckDecl) -> Option<(String, String)> {
    let soft = state.limits.get("NOFILE").map_or(-1, |limits| i64::try_from(limits[0]).unwrap_or(-1));
    let numbers = [
        ("umask", vec![i64::from(state.umask)]),
        ("nice", vec![i64::from(state.nice)]),
        ("nofile", vec![soft]),
        ("threads", vec![i64::from(state.threads)]),
        ("uid", state.uids.map(i64::from).to_vec()),
        ("gid", state.gids.map(i64::from).to_vec()),
    ];
    let number = numbers.into_iter().find_map(|(name, seen)| {
        let wanted = view::int(asked, name)?;
        seen.iter().any(|seen| *seen != wanted).then(|| (format!("{name} {wanted}"), view::list(seen, 3)))
    });
    number
        .or_else(|| leads(state, asked))
        .or_else(|| groups(state, asked))
        .or_else(|| directory(state, asked))
        .or_else(|| arguments(state, asked))
}

fn leads(state: &ProcState, asked: &CheckDecl) -> Option<(String, String)> {
    [("leads-session", state.sid), ("leads-group", state.pgid)].into_iter().find_map(|(name, seen)| {
        let wanted = matches!(asked.args.get(name)?, Value::Bool(true));
        let right = wanted == (seen == state.pid);
        (!right).then(|| (format!("{name}: {wanted}"), format!("process {} is in that of {seen}", state.pid)))
    })
}

/// That a list of groups names the group id too makes no difference.
fn groups(state: &ProcState, asked: &CheckDecl) -> Option<(String, String)> {
    let apart = |groups: Vec<i64>| {
        let mut groups: Vec<i64> = groups.into_iter().filter(|group| *group != i64::from(state.gids[1])).collect();
        groups.sort_unstable();
        groups.dedup();
        groups
    };
    let wanted = apart(flat(asked.args.get("groups")?).iter().filter_map(Value::int).collect());
    let seen = apart(state.groups.iter().copied().map(i64::from).collect());
    (wanted != seen).then(|| (format!("supplementary groups: {}", view::list(wanted, 16)), view::list(seen, 16)))
}

fn directory(state: &ProcState, asked: &CheckDecl) -> Option<(String, String)> {
    let wanted = view::text(asked, "directory")?;
    (!starts::same_path(wanted, &state.cwd)).then(|| (format!("the working directory {wanted}"), state.cwd.clone()))
}

fn arguments(state: &ProcState, asked: &CheckDecl) -> Option<(String, String)> {
    let wanted: Vec<Vec<u8>> = flat(asked.args.get("arguments")?).iter().map(starts::bytes).collect();
    let seen: Vec<Vec<u8>> = state.argv.iter().map(starts::bytes).collect();
    let right = wanted.len() == seen.len() && wanted.iter().zip(&seen).all(|(wanted, seen)| starts::same_text(wanted, seen));
    let words = |list: &[Vec<u8>]| view::list(list.iter().map(|word| starts::quoted(word)), 8);
    (!right).then(|| (format!("the arguments {}", words(&wanted)), words(&seen)))
}

/// A list with the lists in it spliced.
fn flat(value: &Value) -> Vec<Value> {
    match value {
        Value::List(members) => members.iter().flat_map(flat).collect(),
        one => vec![one.clone()],
    }
}
