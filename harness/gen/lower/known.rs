//! What is known before the walk: how often a name is made, and which numbers the walk before gave.

use crate::plan::case::Plan;
use crate::plan::script::{ActorDecl, ActorId};
use crate::plan::step::{self, Step, fd, pipeline};
use std::collections::BTreeMap;

/// Numbers found by the walk before this one. Empty in the first, where whatever is missing is taken to be 0.
#[derive(Default)]
pub(super) struct Known {
    /// Whether there was a walk before.
    pub(super) complete: bool,
    /// Actors by family.
    pub(super) actors: BTreeMap<String, Vec<ActorId>>,
    /// Listeners by name.
    pub(super) listeners: BTreeMap<String, u16>,
}

impl Known {
    pub(super) fn of(actors: Vec<ActorDecl>, listeners: BTreeMap<String, u16>) -> Known {
        let mut by_family: BTreeMap<String, Vec<ActorId>> = BTreeMap::new();
        for actor in actors {
            by_family.entry(actor.family).or_default().push(actor.id);
        }
        Known { complete: true, actors: by_family, listeners }
    }
}

/// How many members each family of actors has, 2 standing for "several". Reports write `worker[0]` only where there are, or
/// could be, several: a name must not depend on how many rounds one case happens to make.
pub(super) fn families(steps: &[Step]) -> BTreeMap<String, u32> {
    let mut counts = BTreeMap::new();
    for step in steps {
        match step {
            Step::When(when) => add(&mut counts, larger(families(&when.steps), families(&when.otherwise)), 1),
            Step::Repeat(repeat) => add(&mut counts, families(&repeat.steps), 2),
            Step::Parallel(parallel) => {
                add(&mut counts, families(&parallel.steps), 2);
                parallel.lists.iter().for_each(|list| add(&mut counts, families(list), 1));
            }
            Step::ForkTree(tree) => {
                *counts.entry(tree.name.clone()).or_default() += 2;
                add(&mut counts, families(&tree.steps), 2);
            }
            other => {
                if let Some((name, inner)) = made(other) {
                    *counts.entry(name.to_owned()).or_default() += 1;
                    add(&mut counts, families(inner), 1);
                }
                for stage in pipeline::stages(other) {
                    let times = if stage.times.is_some() { 2 } else { 1 };
                    *counts.entry(stage.name.clone()).or_default() += times;
                    add(&mut counts, families(&stage.steps), times);
                }
            }
        }
    }
    counts
}

fn made(step: &Step) -> Option<(&str, &[Step])> {
    match step {
        Step::Fork(fork) => Some((&fork.name, &fork.steps)),
        Step::Exec(exec) => exec.name.as_deref().map(|name| (name, &exec.steps[..])),
        Step::Vfork(vfork) => Some((&vfork.name, &vfork.steps)),
        Step::PosixSpawn(spawn) => Some((&spawn.name, &spawn.steps)),
        Step::Spawn(spawn) => Some((&spawn.name, &spawn.steps)),
        Step::Run(run) => Some((&run.name, &run.steps)),
        Step::Pipeline(pipeline) => Some((&pipeline.name, &[])),
        Step::Worker(worker) => Some((&worker.name, &[])),
        Step::Main(main) => Some((&main.name, &[])),
        Step::Pool(pool) => Some((&pool.name, &[])),
        Step::Submit(submit) => Some((&submit.name, &[])),
        Step::Map(map) => Some((&map.name, &[])),
        _ => None,
    }
}

fn add(counts: &mut BTreeMap<String, u32>, more: BTreeMap<String, u32>, times: u32) {
    for (name, count) in more {
        *counts.entry(name).or_default() += count * times;
    }
}

/// Only one branch of a condition is taken, so a name made in both is made once.
fn larger(mut left: BTreeMap<String, u32>, right: BTreeMap<String, u32>) -> BTreeMap<String, u32> {
    for (name, count) in right {
        let known = left.entry(name).or_default();
        *known = (*known).max(count);
    }
    left
}

/// Whether a step, or one inside it, makes a process, a descriptor or an object: then a loop around it is written out, because
/// each round's is another one.
pub(super) fn makes(step: &Step) -> bool {
    match step {
        Step::Fork(_) | Step::ForkTree(_) | Step::Spawn(_) | Step::Exec(_) | Step::Pipeline(_) | Step::Run(_) => true,
        Step::Vfork(_) | Step::PosixSpawn(_) => true,
        Step::Worker(_) | Step::Main(_) | Step::Pool(_) | Step::Submit(_) | Step::Map(_) => true,
        Step::SocketPair(_) | Step::Bind(_) | Step::ReceiveFds(_) | Step::EventQueue(_) => true,
        Step::Memory(_) | Step::Shared(_) | Step::Semaphore(_) | Step::Queue(_) => true,
        Step::Pipe(_) | Step::Open(_) | Step::Listen(_) | Step::Connect(_) | Step::Accept(_) | Step::Pty(_) | Step::Timerfd(_) => true,
        Step::Repeat(repeat) => repeat.index.is_some() || repeat.steps.iter().any(makes),
        Step::When(when) => when.steps.iter().chain(&when.otherwise).any(makes),
        Step::Parallel(parallel) => parallel.steps.iter().chain(parallel.lists.iter().flatten()).any(makes),
        _ => false,
    }
}

/// The name that a `pipe` step makes.
pub(super) fn pipe_name(pipe: &fd::Pipe) -> &str {
    match pipe {
        fd::Pipe::Name(name) => name,
        fd::Pipe::With(with) => &with.name,
    }
}

/// The line of each step, found by its place in memory: the plan stays where it is while it is lowered, and a step that is
/// written out many times is one line of the file.
pub(super) fn lines(plan: &Plan) -> BTreeMap<*const Step, u32> {
    let mut places = Vec::with_capacity(plan.step_lines.len());
    in_file_order(&plan.scenario.steps, &mut places);
    places.into_iter().zip(plan.step_lines.iter().copied()).collect()
}

fn in_file_order(steps: &[Step], places: &mut Vec<*const Step>) {
    for step in steps {
        places.push(step);
        step::bodies(step).iter().for_each(|(_, body)| in_file_order(body, places));
    }
}
