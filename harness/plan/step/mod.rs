//! The steps: one typed enum, one file per family.
//!
//! To add a step: a struct in its family's file, one variant here, its row in `describe::KINDS`, its lowering in `gen/lower/`, its performance in
//! `run/actor/`. Everything else (parser, printer, schema, `list steps`) follows from the struct.

use super::node::Node;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub mod control;
pub mod fd;
pub mod file;
pub mod library;
pub mod memory;
pub mod process;
pub mod signal;
pub mod socket;

/// One step: a map with one key, the step's keyword.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each variant is named after the struct that documents it")]
pub enum Step {
    // process
    Fork(process::Fork),
    ForkTree(process::ForkTree),
    Exec(process::Exec),
    Exit(process::Exit),
    Wait(process::Wait),
    ReportState(process::ReportState),
    // descriptors
    Pipe(fd::Pipe),
    Open(fd::Open),
    Close(fd::Close),
    Dup2(fd::Dup2),
    Write(fd::Write),
    WriteRecords(fd::WriteRecords),
    Read(fd::Read),
    SetFlags(fd::SetFlags),
    // files
    File(file::File),
    // signals
    Signal(signal::Signal),
    Mask(signal::Mask),
    Kill(signal::Kill),
    // sockets
    Listen(socket::Listen),
    Connect(socket::Connect),
    Accept(socket::Accept),
    SendFrames(socket::SendFrames),
    // memory
    Memory(memory::Memory),
    Poke(memory::Poke),
    Peek(memory::Peek),
    ReportMemory(memory::ReportMemory),
    Shared(memory::Shared),
    Add(memory::Add),
    Load(memory::Load),
    Semaphore(memory::Semaphore),
    Down(memory::Down),
    Up(memory::Up),
    // ordering and control
    Gate(control::Gate),
    OpenGate(control::OpenGate),
    Await(control::Await),
    Burn(control::Burn),
    Repeat(control::Repeat),
    When(control::When),
    // library operations (performed by the subject)
    Spawn(library::Spawn),
    Communicate(library::Communicate),
    Poll(library::Poll),
    Terminate(library::Terminate),
    Drop(library::Drop),
    Parallel(library::Parallel),
    Handle(library::Handle),
}

/// The keyword of a step, as a scenario writes it.
pub fn name(step: &Step) -> &'static str {
    describe(step).keyword
}

pub use super::describe::{KINDS, Kind, describe};

/// Where a list of steps stands inside its step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The value of this field.
    Named(&'static str),
    /// This member of the field's value.
    Member(&'static str, usize),
}

impl Field {
    /// Its node below the node of the step's body.
    pub fn of(self, body: &Node) -> &Node {
        match self {
            Field::Named(name) => body.at(name),
            Field::Member(name, index) => body.at(name).item(index),
        }
    }
}

/// The lists of steps inside a step, in the order of the file, with where they stand.
pub fn bodies(step: &Step) -> Vec<(Field, &[Step])> {
    const DO: Field = Field::Named("do");
    match step {
        Step::Fork(fork) => vec![(DO, &fork.steps)],
        Step::ForkTree(tree) => vec![(DO, &tree.steps)],
        Step::Exec(exec) => vec![(DO, &exec.steps)],
        Step::Spawn(spawn) => vec![(DO, &spawn.steps)],
        Step::Repeat(repeat) => vec![(DO, &repeat.steps)],
        Step::Parallel(parallel) if parallel.lists.is_empty() => vec![(DO, &parallel.steps)],
        Step::Parallel(parallel) => {
            let lists = parallel.lists.iter().enumerate();
            lists.map(|(index, list)| (Field::Member("lists", index), &list[..])).collect()
        }
        Step::When(when) => vec![(DO, &when.steps), (Field::Named("else"), &when.otherwise)],
        _ => Vec::new(),
    }
}
