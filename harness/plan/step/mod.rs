//! The steps: one typed enum, one file per family.
//!
//! To add a step: a struct in its family's file, one variant here, its lowering in `gen/lower/`, its performance in
//! `run/actor/`. Everything else (parser, printer, schema, `list steps`) follows from the struct.

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
    Repeat(control::Repeat),
    When(control::When),
    // library operations (performed by the subject)
    Spawn(library::Spawn),
    Communicate(library::Communicate),
    Poll(library::Poll),
    Terminate(library::Terminate),
    Drop(library::Drop),
    Parallel(library::Parallel),
}
