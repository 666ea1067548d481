//! The steps: one typed enum, one file per family.
//!
//! To add a step: a struct in its family's file, one variant here, its row in `describe::KINDS`, its lowering in `gen/lower/`, its performance in
//! `run/actor/`. Everything else (parser, printer, schema, `list steps`) follows from the struct.

use super::node::Node;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub mod attribute;
pub mod blocking;
pub mod control;
pub mod fd;
pub mod file;
pub mod library;
pub mod lock;
pub mod memory;
pub mod message;
pub mod pipeline;
pub mod poll;
pub mod pool;
pub mod privilege;
pub mod process;
pub mod queue;
pub mod signal;
pub mod socket;
pub mod spawn;
pub mod terminal;
pub mod timer;
pub mod within;
pub mod worker;

/// One step: a map with one key, the step's keyword.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each variant is named after the struct that documents it")]
#[expect(clippy::large_enum_variant, reason = "a scenario has a few steps; boxes would stand in every place that makes one")]
pub enum Step {
    // process
    Fork(process::Fork),
    ForkTree(process::ForkTree),
    Exec(process::Exec),
    Exit(process::Exit),
    Wait(process::Wait),
    ReportState(process::ReportState),
    Vfork(process::Vfork),
    Quit(process::Quit),
    PosixSpawn(spawn::PosixSpawn),
    // within one process
    Threads(within::Threads),
    TryLock(within::TryLock),
    Buffer(within::Buffer),
    Flush(within::Flush),
    // descriptors
    Pipe(fd::Pipe),
    Open(fd::Open),
    Close(fd::Close),
    Dup2(fd::Dup2),
    Write(fd::Write),
    WriteRecords(fd::WriteRecords),
    Read(fd::Read),
    Copy(fd::Copy),
    SetFlags(fd::SetFlags),
    // files
    File(file::File),
    // attributes of a process
    Limit(attribute::Limit),
    Umask(attribute::Umask),
    Chdir(attribute::Chdir),
    Nice(attribute::Nice),
    NewSession(attribute::NewSession),
    /// `control-group`
    ControlGroup(attribute::ControlGroup),
    Group(attribute::Group),
    KillGroup(attribute::KillGroup),
    Spin(attribute::Spin),
    Become(attribute::Become),
    // signals
    Signal(signal::Signal),
    Mask(signal::Mask),
    Kill(signal::Kill),
    Sigwait(signal::Sigwait),
    Pending(signal::Pending),
    Handled(signal::Handled),
    // timers
    Timer(timer::Timer),
    Armed(timer::Armed),
    Timerfd(timer::Timerfd),
    Expirations(timer::Expirations),
    // terminals
    Pty(terminal::Pty),
    TakeTerminal(terminal::TakeTerminal),
    Foreground(terminal::Foreground),
    TerminalMode(terminal::TerminalMode),
    ReadUntil(terminal::ReadUntil),
    // who a process is
    SetId(privilege::SetId),
    Identity(privilege::Identity),
    Chroot(privilege::Chroot),
    Reach(privilege::Reach),
    // sleeping, threads, switches
    BlockIn(blocking::BlockIn),
    Trace(blocking::Trace),
    TakeTraced(blocking::TakeTraced),
    Needs(blocking::Needs),
    ThreadMemory(blocking::ThreadMemory),
    ThreadCrash(blocking::ThreadCrash),
    ThreadRelay(blocking::ThreadRelay),
    /// `thread-write`
    ThreadWrite(blocking::ThreadWrite),
    ReportSwitches(blocking::ReportSwitches),
    // sockets
    Listen(socket::Listen),
    Connect(socket::Connect),
    Accept(socket::Accept),
    SendFrames(socket::SendFrames),
    Shutdown(socket::Shutdown),
    #[serde(rename = "socketpair")]
    SocketPair(message::SocketPair),
    Bind(message::Bind),
    SendFds(message::SendFds),
    ReceiveFds(message::ReceiveFds),
    SendFile(fd::SendFile),
    Query(fd::Query),
    // readiness
    Ready(poll::Ready),
    EventQueue(poll::EventQueue),
    Watch(poll::Watch),
    NextEvent(poll::NextEvent),
    // memory
    Memory(memory::Memory),
    Poke(memory::Poke),
    Peek(memory::Peek),
    ReportMemory(memory::ReportMemory),
    Shared(memory::Shared),
    Detach(memory::Detach),
    Remove(memory::Remove),
    Add(memory::Add),
    FetchAdd(memory::FetchAdd),
    Exchange(memory::Exchange),
    Load(memory::Load),
    Semaphore(memory::Semaphore),
    Down(memory::Down),
    Up(memory::Up),
    // locks on files
    Lock(lock::Lock),
    Unlock(lock::Unlock),
    // message queues
    Queue(queue::Queue),
    SendMessage(queue::SendMessage),
    ReceiveMessage(queue::ReceiveMessage),
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
    Fill(library::Fill),
    AtExit(library::AtExit),
    Pipeline(pipeline::Pipeline),
    Run(pipeline::Run),
    // workers of a library (performed by the subject)
    Worker(worker::Worker),
    Main(worker::Main),
    Pool(pool::Pool),
    Submit(pool::Submit),
    Map(pool::Map),
    Result(pool::Result),
    ClosePool(pool::ClosePool),
    Meet(pool::Meet),
    Release(pool::Release),
}

/// The keyword of a step, as a scenario writes it.
pub fn name(step: &Step) -> &'static str {
    describe(step).keyword
}

pub use super::describe::{KINDS, Kind, describe};

/// Where in a step a list of steps stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In this field.
    Field(&'static str),
    /// In `do` of this member of `stages`.
    Stage(usize),
    /// It is this member of `lists`.
    List(usize),
}

impl Place {
    /// Its node, of the node of the step's fields.
    pub fn of(self, body: &Node) -> &Node {
        match self {
            Place::Field(field) => body.at(field),
            Place::Stage(index) => body.at("stages").item(index).at("do"),
            Place::List(index) => body.at("lists").item(index),
        }
    }
}

/// The lists of steps inside a step, in the order of the file, with their places.
pub fn bodies(step: &Step) -> Vec<(Place, &[Step])> {
    let own: Vec<(&'static str, &[Step])> = match step {
        Step::Fork(fork) => vec![("do", &fork.steps)],
        Step::ForkTree(tree) => vec![("do", &tree.steps)],
        Step::Exec(exec) => vec![("do", &exec.steps)],
        Step::Vfork(vfork) => vec![("do", &vfork.steps)],
        Step::PosixSpawn(spawn) => vec![("do", &spawn.steps)],
        Step::Spawn(spawn) => vec![("do", &spawn.steps)],
        Step::Run(run) => vec![("do", &run.steps)],
        Step::Repeat(repeat) => vec![("do", &repeat.steps)],
        Step::Parallel(parallel) if parallel.lists.is_empty() => vec![("do", &parallel.steps)],
        Step::When(when) => vec![("do", &when.steps), ("else", &when.otherwise)],
        _ => Vec::new(),
    };
    let stages = pipeline::stages(step).iter().enumerate().map(|(index, stage)| (Place::Stage(index), &stage.steps[..]));
    let lists = match step {
        Step::Parallel(parallel) => &parallel.lists[..],
        _ => &[],
    };
    let lists = lists.iter().enumerate().map(|(index, list)| (Place::List(index), &list[..]));
    own.into_iter().map(|(field, steps)| (Place::Field(field), steps)).chain(stages).chain(lists).collect()
}
