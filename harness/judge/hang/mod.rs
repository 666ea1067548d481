//! A hang explained: from the snapshot of a case to who waits for whom, and to the sentence that says why nobody goes on.
//!
//! Somebody who reads "not done within 10000 ms" has to guess; almost every hang of processes is one of a few (a full pipe whose
//! reader waits, an end of file kept away by an inherited descriptor, a lock held by somebody who waits for you), and all that
//! tells them apart is there to be seen as long as nothing was killed.
//!
//! ```text
//! Snapshot ── names ──> streams and processes by the scenario's names
//!          ── wait  ──> what each process waits for, and who could let it go on
//!          ── chain ──> a circle, a missing party, or one that waits for nobody; one sentence
//! ```

mod chain;
mod names;
#[cfg(test)]
mod tests;
mod wait;

use crate::judge::signals;
use crate::plan::script::Ended;
use crate::trace::History;
use crate::trace::hang::{Process, Snapshot};
use chain::Found;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wait::Scene;

/// Why a case hung.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Explanation {
    /// In one sentence: the circle, the missing party, or the process that waits for nobody.
    pub sentence: String,
    /// The processes that wait for each other, each for the next and the last for the first; empty when there is no circle.
    pub circle: Vec<String>,
    /// The process that waits for somebody who is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    /// Milliseconds since the last event of anybody.
    pub idle_ms: u64,
    /// Every process, parents before their children.
    pub processes: Vec<Stuck>,
    /// Every pipe, FIFO and socket.
    pub streams: Vec<Held>,
}

/// One process of a hang.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stuck {
    /// As the scenario calls it.
    pub name: String,
    /// Process id.
    pub pid: i32,
    /// How many of those listed before it are its ancestors.
    pub depth: usize,
    /// `zombie`, `sleeping`, `running`, `stopped`, `other`.
    pub state: String,
    /// The step that it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// The system call of each thread, with its arguments in words.
    pub calls: Vec<String>,
    /// What it waits for.
    pub waits: Vec<String>,
    /// The processes of which any could let it go on.
    pub waits_for: Vec<String>,
    /// Pending signals.
    pub pending: Vec<String>,
    /// Blocked signals.
    pub blocked: Vec<String>,
    /// Milliseconds since its own last event; none when it recorded none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_ms: Option<u64>,
}

/// A pipe, FIFO or socket and who has it open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Held {
    /// As the scenario calls it.
    pub name: String,
    /// `pipe`, `FIFO` or `socket`.
    pub kind: String,
    /// Who can read from it, with the descriptor.
    pub readers: Vec<String>,
    /// Who can write to it, with the descriptor.
    pub writers: Vec<String>,
}

/// The explanation of a case's hang, where there is a snapshot.
pub fn explain(history: &History) -> Option<Explanation> {
    let snapshot = history.observed.hang.as_deref()?;
    let scene = Scene::new(history, snapshot);
    let graph = chain::graph(&scene);
    let found = start(snapshot).map(|start| chain::walk(&graph, start));
    let sentence = found.as_ref().map_or_else(|| nobody(history), |found| chain::sentence(&scene, &graph, found));
    let circle = match &found {
        Some(Found::Circle(path)) => path.iter().map(|pid| scene.name(*pid)).collect(),
        _ => Vec::new(),
    };
    let missing = match &found {
        Some(Found::Missing(path)) => path.last().map(|pid| scene.name(*pid)),
        _ => None,
    };
    Some(Explanation {
        sentence,
        circle,
        missing,
        idle_ms: snapshot.idle / 1_000_000,
        processes: tree(snapshot).into_iter().map(|(process, depth)| stuck(&scene, &graph, process, depth)).collect(),
        streams: scene.streams.iter().map(|stream| held(&scene, stream)).collect(),
    })
}

/// Where the walk begins: at the root, which the deadline is for; without one at the subject, which did not answer it.
fn start(snapshot: &Snapshot) -> Option<i32> {
    let alive = || snapshot.processes.iter().filter(|process| process.state != "zombie");
    let root = alive().find(|process| process.actor == Some(0));
    root.or_else(|| alive().find(|process| process.adapter)).or_else(|| alive().next()).map(|process| process.pid)
}

fn nobody(history: &History) -> String {
    match wait::end_of(history, 0) {
        Some(Ended::Exited(code)) => format!("nobody is left; the root exited with {code}"),
        _ => "nobody is left that could be explained".to_owned(),
    }
}

/// Parents before children, siblings by pid; whose parent is not there stands at the top.
fn tree(snapshot: &Snapshot) -> Vec<(&Process, usize)> {
    let all = &snapshot.processes;
    let mut rows = Vec::new();
    let known = |pid: i32| all.iter().any(|process| process.pid == pid);
    let mut waiting: Vec<(&Process, usize)> = all.iter().filter(|process| !known(process.ppid)).rev().map(|process| (process, 0)).collect();
    while let Some((process, depth)) = waiting.pop() {
        rows.push((process, depth));
        // An edited snapshot may hold a circle of parents; each process stands in the list once.
        let fresh = |child: &&Process| child.ppid == process.pid && child.pid != process.pid && rows.len() <= all.len();
        waiting.extend(all.iter().rev().filter(fresh).map(|child| (child, depth + 1)));
    }
    rows
}

fn stuck(scene: &Scene, graph: &chain::Graph, process: &Process, depth: usize) -> Stuck {
    let waits = graph.get(&process.pid).map_or(&[][..], Vec::as_slice);
    let last = process.actor.and_then(|actor| scene.history.events.iter().rev().find(|event| event.actor == actor));
    let signals = |numbers: &[i32]| numbers.iter().map(|number| signals::words(*number)).collect();
    let alive = process.state != "zombie";
    Stuck {
        name: scene.name(process.pid),
        pid: process.pid,
        depth,
        state: process.state.clone(),
        step: scene.step(process).map(|step| step.label.clone()),
        calls: process.threads.iter().filter(|_| alive).map(|thread| scene.call(process, &thread.call)).collect(),
        waits: waits.iter().map(|wait| chain::brief(scene, wait)).collect(),
        waits_for: waits.iter().flat_map(|wait| &wait.on).map(|pid| scene.name(*pid)).collect(),
        pending: signals(&process.pending),
        blocked: signals(&process.blocked),
        idle_ms: last.map(|event| scene.snapshot.at.saturating_sub(event.at) / 1_000_000),
    }
}

fn held(scene: &Scene, stream: &names::Stream) -> Held {
    let holders = |side: &[(i32, i32)]| side.iter().map(|(pid, fd)| format!("{} as {fd}", scene.name(*pid))).collect();
    Held {
        name: stream.name.clone(),
        kind: stream.kind.word().to_owned(),
        readers: holders(&stream.readers),
        writers: holders(&stream.writers),
    }
}

/// A declaration with nothing but what tests of the judge's side need.
#[cfg(test)]
pub(super) fn declared(id: u32, actor: u16, kind: &str, on: Option<&str>) -> crate::plan::script::StepDecl {
    crate::plan::script::StepDecl {
        id,
        actor,
        kind: kind.to_owned(),
        label: on.map_or_else(|| kind.to_owned(), |on| format!("{kind} {on}")),
        line: 0,
        expect: Vec::new(),
        any: false,
        on: on.map(str::to_owned),
        records: None,
        asked: None,
        operands: Vec::new(),
        stages: Vec::new(),
    }
}

impl Explanation {
    /// For a person: the sentence, the tree, the streams.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("{}.", self.sentence), format!("Nothing happened for {} ms.", self.idle_ms)];
        lines.extend(self.processes.iter().map(Stuck::line));
        lines.extend(self.streams.iter().map(Held::line));
        lines
    }
}

impl Stuck {
    fn line(&self) -> String {
        let mut line = format!("{}{} (pid {}, {})", "  ".repeat(self.depth), self.name, self.pid, self.state);
        if let Some(step) = &self.step {
            line.push_str(&format!(" in step “{step}”"));
        }
        if !self.calls.is_empty() {
            line.push_str(&format!(": {}", tally(&self.calls).join("; ")));
        }
        if !self.waits_for.is_empty() {
            line.push_str(&format!(" → {}", self.waits_for.join(", ")));
        }
        for (word, signals) in [("pending", &self.pending), ("blocked", &self.blocked)] {
            if !signals.is_empty() {
                line.push_str(&format!(", {word} {}", signals.join(" ")));
            }
        }
        if let Some(idle) = self.idle_ms {
            line.push_str(&format!(", last event {idle} ms ago"));
        }
        line
    }
}

/// Equal texts once, with how often: a run-time with eight idle threads is one fact.
fn tally(texts: &[String]) -> Vec<String> {
    let mut counted: Vec<(&String, usize)> = Vec::new();
    for text in texts {
        match counted.iter_mut().find(|(known, _)| *known == text) {
            Some((_, count)) => *count += 1,
            None => counted.push((text, 1)),
        }
    }
    counted.into_iter().map(|(text, count)| if count > 1 { format!("{text} in {count} threads") } else { text.clone() }).collect()
}

impl Held {
    fn line(&self) -> String {
        let side = |holders: &[String]| if holders.is_empty() { "nobody".to_owned() } else { holders.join(", ") };
        match self.kind.as_str() {
            "socket" => format!("{} {}: held by {}", self.kind, self.name, side(&self.readers)),
            _ => format!("{} {}: read end held by {}; write end by {}", self.kind, self.name, side(&self.readers), side(&self.writers)),
        }
    }
}
