//! Who takes part: every actor of the file with who starts it, gathered before the steps are gone through.

use crate::plan::diagnostic::{Problem, Span};
use crate::plan::node::Node;
use crate::plan::parse::walk;
use crate::plan::step::{self, Step, pipeline};
use std::collections::BTreeMap;

/// One actor, or a family of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Who starts it.
    pub parent: String,
    /// Started by the subject.
    pub spawned: bool,
    /// The image of its parent's own process.
    pub image: bool,
    /// The pipeline that it is a stage of.
    pub stage_of: Option<String>,
    /// Where it is named.
    pub span: Span,
}

/// All actors by name; the root is not among them.
pub type Actors = BTreeMap<String, Actor>;

/// Gathers the actors; a name that two of them have is a problem.
pub fn gather(steps: &[Step], nodes: &Node, problems: &mut Vec<Problem>) -> Actors {
    let mut actors = Actors::new();
    below(steps, nodes, "root", false, &mut actors, problems);
    actors
}

fn below(steps: &[Step], nodes: &Node, parent: &str, doubtful: bool, actors: &mut Actors, problems: &mut Vec<Problem>) {
    for (i, step) in steps.iter().enumerate() {
        let body = nodes.item(i).at(step::name(step));
        if pipeline::whole(step).is_some() {
            in_stages(step, body, parent, doubtful, actors, problems);
            continue;
        }
        let name = starts(step);
        if let Some(name) = name {
            let (spawned, image) = (has_handle(step), matches!(step, Step::Exec(_)));
            let actor = Actor { parent: parent.to_owned(), spawned, image, stage_of: None, span: body.at("as").span };
            enter(name, actor, doubtful, actors, problems);
        }
        if let Step::Main(main) = step {
            for (index, worker) in main.workers.iter().enumerate() {
                let span = body.at("workers").item(index).at("as").span;
                let actor = Actor { parent: main.name.clone(), spawned: false, image: false, stage_of: None, span };
                enter(&worker.name, actor, doubtful, actors, problems);
            }
        }
        for (place, inner) in step::bodies(step) {
            below(inner, place.of(body), name.unwrap_or(parent), doubtful || matches!(step, Step::When(_)), actors, problems);
        }
    }
}

/// The whole, which has the handle, then its stages, which have none.
fn in_stages(step: &Step, body: &Node, parent: &str, doubtful: bool, actors: &mut Actors, problems: &mut Vec<Problem>) {
    let Some(whole) = pipeline::whole(step) else { return };
    let actor =
        |stage_of, node: &Node| Actor { parent: parent.to_owned(), spawned: true, image: false, stage_of, span: node.at("as").span };
    enter(whole, actor(None, body), doubtful, actors, problems);
    for (index, stage) in pipeline::stages(step).iter().enumerate() {
        let node = body.at("stages").item(index);
        enter(&stage.name, actor(Some(whole.to_owned()), node), doubtful, actors, problems);
        below(&stage.steps, node.at("do"), &stage.name, doubtful, actors, problems);
    }
}

fn enter(name: &str, actor: Actor, doubtful: bool, actors: &mut Actors, problems: &mut Vec<Problem>) {
    let span = actor.span;
    // Branches of a condition may each start the same actor: only one of them is performed.
    if actors.insert(name.to_owned(), actor).is_some() && !doubtful {
        problems.push(Problem::new(span, format!("there are two actors called `{name}`")).help("give each its own name"));
    }
}

/// Whether the subject has a handle on what the step starts.
fn has_handle(step: &Step) -> bool {
    !matches!(step, Step::Fork(_) | Step::ForkTree(_) | Step::Exec(_)) && starts(step).is_some()
}

/// The actor that a step starts; of several stages, see [`pipeline::whole`].
pub fn starts(step: &Step) -> Option<&str> {
    match step {
        Step::Fork(fork) => Some(&fork.name),
        Step::ForkTree(tree) => Some(&tree.name),
        Step::Exec(exec) => exec.name.as_deref(),
        Step::Vfork(vfork) => Some(&vfork.name),
        Step::PosixSpawn(spawn) => Some(&spawn.name),
        Step::Spawn(spawn) => Some(&spawn.name),
        Step::Run(run) if run.stages.is_empty() => Some(&run.name),
        Step::Worker(worker) => Some(&worker.name),
        Step::Main(main) => Some(&main.name),
        Step::Pool(pool) => Some(&pool.name),
        Step::Submit(submit) => Some(&submit.name),
        Step::Map(map) => Some(&map.name),
        _ => None,
    }
}

/// What a name of something other than an actor stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Object {
    /// A pipe, with two ends.
    Pipe,
    /// A pair of sockets, with two ends.
    Pair,
    /// An epoll set.
    EventQueue,
    /// A pseudo-terminal, with two sides.
    Terminal,
    /// A file or a connection.
    Stream,
    /// A listening socket.
    Listener,
    /// A mapping.
    Memory,
    /// A shared counter.
    Counter,
    /// A semaphore.
    Semaphore,
    /// A message queue.
    Queue,
}

impl std::fmt::Display for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Object::Pipe => "a pipe",
            Object::Pair => "a pair of sockets",
            Object::EventQueue => "an event queue",
            Object::Terminal => "a terminal",
            Object::Stream => "a file or connection",
            Object::Listener => "a listener",
            Object::Memory => "a mapping",
            Object::Counter => "a counter",
            Object::Semaphore => "a semaphore",
            Object::Queue => "a message queue",
        })
    }
}

/// The object that a step makes.
pub fn makes(step: &Step) -> Option<(&str, Object)> {
    use crate::plan::step::fd::Pipe;
    match step {
        Step::Pipe(Pipe::Name(name)) => Some((name, Object::Pipe)),
        Step::Pipe(Pipe::With(pipe)) => Some((&pipe.name, Object::Pipe)),
        Step::Open(open) => Some((&open.name, Object::Stream)),
        Step::Connect(connect) => Some((&connect.name, Object::Stream)),
        Step::Accept(accept) => Some((&accept.name, Object::Stream)),
        Step::Pty(pty) => Some((&pty.0, Object::Terminal)),
        Step::Timerfd(timer) => Some((&timer.name, Object::Stream)),
        Step::Listen(listen) => Some((&listen.name, Object::Listener)),
        Step::SocketPair(pair) => Some((&pair.name, Object::Pair)),
        Step::Bind(bind) => Some((&bind.name, Object::Listener)),
        Step::ReceiveFds(receive) => Some((&receive.name, Object::Stream)),
        Step::EventQueue(queue) => Some((&queue.name, Object::EventQueue)),
        Step::Memory(memory) => Some((&memory.name, Object::Memory)),
        Step::Shared(shared) => Some((&shared.name, Object::Counter)),
        Step::Semaphore(semaphore) => Some((&semaphore.name, Object::Semaphore)),
        Step::Queue(queue) => Some((&queue.name, Object::Queue)),
        _ => None,
    }
}

/// All objects of the file with where each is made, in whatever actor.
pub fn objects(steps: &[Step], nodes: &Node) -> BTreeMap<String, (Object, Span)> {
    let mut found = BTreeMap::new();
    walk(steps, nodes, &mut |step, node| {
        if let Some((name, object)) = makes(step) {
            found.entry(name.to_owned()).or_insert((object, node.at(step::name(step)).at("as").span));
        }
    });
    found
}
