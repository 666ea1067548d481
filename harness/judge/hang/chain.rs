//! From who waits for whom to one sentence: the circle, the party that is missing, or the one that is not waiting at all.
//!
//! A process can go on as soon as *one* of those that it waits for does, so it is stuck only when all of them are. Whoever can
//! still go on is followed first: a case that hangs beside a busy process hangs because of that one.

use super::wait::{Kind, Scene, Wait};
use crate::trace::hang::Process;
use std::collections::{BTreeMap, BTreeSet};

/// What the walk along the waits came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// These wait for each other in this order, the last one for the first.
    Circle(Vec<i32>),
    /// The last of these waits for somebody who is not there.
    Missing(Vec<i32>),
    /// The last of these waits for nobody.
    Moving(Vec<i32>),
}

impl Found {
    /// The processes that it names.
    pub(super) fn path(&self) -> &[i32] {
        let (Found::Circle(path) | Found::Missing(path) | Found::Moving(path)) = self;
        path
    }
}

/// Every living process with what it waits for.
pub(super) type Graph = BTreeMap<i32, Vec<Wait>>;

pub(super) fn graph(scene: &Scene) -> Graph {
    let waits = |process: &Process| (process.pid, scene.waits(process));
    scene.snapshot.processes.iter().map(waits).filter(|(_, waits)| !waits.is_empty()).collect()
}

/// The processes that may go on without anything changing.
fn movable(graph: &Graph) -> BTreeSet<i32> {
    let mut found = BTreeSet::new();
    loop {
        let before = found.len();
        for (pid, waits) in graph {
            let may = |wait: &Wait| matches!(wait.kind, Kind::Nobody { .. }) || wait.on.iter().any(|on| found.contains(on));
            if waits.iter().any(may) {
                found.insert(*pid);
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

/// Walks from `start` along the waits.
pub(super) fn walk(graph: &Graph, start: i32) -> Found {
    let movable = movable(graph);
    let mut path: Vec<i32> = Vec::new();
    let mut at = start;
    loop {
        if let Some(began) = path.iter().position(|pid| *pid == at) {
            return Found::Circle(turned(graph, path.split_off(began)));
        }
        path.push(at);
        let waits = graph.get(&at).map_or(&[][..], Vec::as_slice);
        if waits.iter().any(|wait| matches!(wait.kind, Kind::Nobody { .. })) {
            return Found::Moving(path);
        }
        let on = || waits.iter().flat_map(|wait| &wait.on).copied().filter(|on| graph.contains_key(on));
        // A process that waits for itself among others is explained by the others.
        let others = || on().filter(|on| *on != at);
        let next = others().find(|on| movable.contains(on)).or_else(|| others().next()).or_else(|| on().next());
        match next {
            Some(next) => at = next,
            None => return Found::Missing(path),
        }
    }
}

/// The circle told from the process whose wait says most: a full stream, an empty one, a semaphore, anything else.
fn turned(graph: &Graph, mut circle: Vec<i32>) -> Vec<i32> {
    let weight = |pid: &i32| match graph.get(pid).and_then(|waits| waits.first()).map(|wait| &wait.kind) {
        Some(Kind::Stream { writing: true, .. }) => 0,
        Some(Kind::Stream { .. } | Kind::Streams { .. }) => 1,
        Some(Kind::Semaphore { .. } | Kind::Lock { .. }) => 2,
        _ => 3,
    };
    let lead = (0..circle.len()).min_by_key(|at| weight(&circle[*at])).unwrap_or(0);
    circle.rotate_left(lead);
    circle
}

/// The whole finding as a sentence without its full stop.
pub(super) fn sentence(scene: &Scene, graph: &Graph, found: &Found) -> String {
    let Some(first) = found.path().first() else { return "there is no process left that could be explained".to_owned() };
    format!("{} {}", scene.name(*first), tell(scene, graph, found, 0))
}

/// What the process at this place of the path does, and why; goes on with the next one.
fn tell(scene: &Scene, graph: &Graph, found: &Found, at: usize) -> String {
    let path = found.path();
    let pid = path[at];
    let next = path.get(at + 1).copied();
    let last = next.is_none();
    let circle = matches!(found, Found::Circle(_));
    let target = next.or_else(|| path.first().copied().filter(|_| circle));
    let waits = graph.get(&pid).map_or(&[][..], Vec::as_slice);
    let wait = waits.iter().find(|wait| target.is_none_or(|target| wait.on.contains(&target))).or(waits.first());
    let Some(wait) = wait else { return "has ended and was not reaped".to_owned() };
    let target = target.filter(|target| wait.on.contains(target));
    let who = match (target, last) {
        (None, _) => None,
        (Some(target), true) => Some((if target == pid { format!("{} itself", scene.name(pid)) } else { scene.name(target) }, None)),
        (Some(target), false) => Some((scene.name(target), Some(tell(scene, graph, found, at + 1)))),
    };
    in_words(scene, graph, pid, wait, who)
}

/// `who`: the process waited for, and, unless it closes the circle, what that one does.
fn in_words(scene: &Scene, graph: &Graph, pid: i32, wait: &Wait, who: Option<(String, Option<String>)>) -> String {
    let others = others(scene, graph, pid, wait, who.as_ref());
    let is = |role: &str| match &who {
        None => format!("and there is no {role}"),
        Some((name, _)) if others.is_some() => {
            format!("and its {role}s are {}", others.clone().unwrap_or_else(|| name.clone()))
        }
        Some((name, None)) => format!("and its only {role} is {name}"),
        Some((name, Some(does))) => format!("and its only {role}, {name}, {does}"),
    };
    let for_whom = |nobody: &str| match &who {
        None => nobody.to_owned(),
        Some((name, None)) => name.clone(),
        Some((name, Some(does))) => format!("{name}, which {does}"),
    };
    match &wait.kind {
        Kind::Stream { end, socket: true, writing, .. } => {
            let (call, why) = if *writing { ("write", "the other side takes nothing") } else { ("read", "nothing arrives") };
            format!("is blocked in {call}({end}): {why}, and the other side is held by {}", for_whom("nobody"))
        }
        Kind::Stream { end, what, writing: true, .. } => format!("is blocked in write({end}): the {what} is full {}", is("reader")),
        Kind::Stream { end, what, .. } => format!("is blocked in read({end}): the {what} is empty {}", is("writer")),
        Kind::Streams { call, ends } => {
            format!(
                "is blocked in {call}({}): none of them is ready, and the other side is held by {}",
                ends.join(", "),
                for_whom("nobody")
            )
        }
        Kind::Children { of } if of.is_empty() && who.is_none() => "waits for a child and has none".to_owned(),
        Kind::Children { .. } => format!("waits for {}", for_whom("a child that is not there")),
        Kind::Semaphore { name, held: true, .. } => format!("is blocked in down({name}), which was taken by {}", for_whom("nobody")),
        Kind::Semaphore { name, gone, .. } if !gone.is_empty() && who.is_none() => {
            format!("is blocked in down({name}), which was taken by {} and never given back: {} ended", gone.join(" and "), it(gone))
        }
        Kind::Semaphore { name, .. } if who.is_none() => format!("is blocked in down({name}), which nobody is left to give"),
        Kind::Semaphore { name, .. } => format!("is blocked in down({name}), which is to be given by {}", for_whom("nobody")),
        Kind::Gate { name, gone } if !gone.is_empty() && who.is_none() => {
            format!("waits at the gate {name}, which was to be opened by {}: {} ended", gone.join(" and "), it(gone))
        }
        Kind::Gate { name, .. } if who.is_none() => format!("waits at the gate {name}, which nobody is left to open"),
        Kind::Gate { name, .. } => format!("waits at the gate {name}, which is to be opened by {}", for_whom("nobody")),
        Kind::State { words } => match &who {
            None => format!("waits until {words}, which cannot happen any more"),
            Some((_, None)) => format!("waits until {words}"),
            Some((name, Some(does))) => format!("waits until {words}, and {name} {does}"),
        },
        Kind::Connection { name } => {
            format!("is blocked in accept({name}), to which nobody connects but {}", for_whom("an actor that is not there"))
        }
        Kind::Answer { to } => format!("asked the subject to “{to}” and waits for {}", for_whom("a subject that is not there")),
        Kind::Lock { file } => format!("waits for the lock on {file}, which is held by {}", for_whom("nobody that is seen")),
        Kind::Open { path } => format!("is blocked in open({path}), and nobody opens the other end"),
        Kind::Continue => "is stopped, and nobody continues it".to_owned(),
        Kind::Nobody { doing } => format!("{doing} and waits for no process of the case"),
    }
}

fn it(gone: &[String]) -> &'static str {
    if gone.len() == 1 { "it has" } else { "they have" }
}

/// Where several could let it go on: each with what it does, in a few words.
fn others(scene: &Scene, graph: &Graph, pid: i32, wait: &Wait, who: Option<&(String, Option<String>)>) -> Option<String> {
    who?;
    (wait.on.len() > 1).then(|| {
        let does =
            |on: &i32| graph.get(on).and_then(|waits| waits.first()).map_or_else(|| "has ended".to_owned(), |wait| brief(scene, wait));
        let each = wait
            .on
            .iter()
            .map(|on| if *on == pid { format!("{} itself", scene.name(pid)) } else { format!("{}, which {}", scene.name(*on), does(on)) });
        each.collect::<Vec<_>>().join("; ")
    })
}

/// What a process waits for, without a reason.
pub(super) fn brief(scene: &Scene, wait: &Wait) -> String {
    match &wait.kind {
        Kind::Stream { end, writing, .. } => format!("is blocked in {}({end})", if *writing { "write" } else { "read" }),
        Kind::Streams { call, ends } => format!("is blocked in {call}({})", ends.join(", ")),
        Kind::Children { .. } if wait.on.is_empty() => "waits for a child".to_owned(),
        Kind::Children { .. } => format!("waits for {}", wait.on.iter().map(|pid| scene.name(*pid)).collect::<Vec<_>>().join(" or ")),
        Kind::Semaphore { name, .. } => format!("is blocked in down({name})"),
        Kind::Gate { name, .. } => format!("waits at the gate {name}"),
        Kind::State { words } => format!("waits until {words}"),
        Kind::Connection { name } => format!("is blocked in accept({name})"),
        Kind::Answer { .. } => "waits for the subject's answer".to_owned(),
        Kind::Lock { file } => format!("waits for the lock on {file}"),
        Kind::Open { path } => format!("is blocked in open({path})"),
        Kind::Continue => "is stopped".to_owned(),
        Kind::Nobody { doing } => format!("{doing} and waits for no process of the case"),
    }
}
