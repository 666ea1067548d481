//! The interpreter: performs a case's program by system calls, in the case root, in what it forks, and in the agent.
//!
//! Actors are forked from single-threaded processes only (warden → root → actors), so that what POSIX forbids between
//! fork and exec in a threaded process (allocation above all) is allowed here. The program was decoded by the warden before
//! anything forked and is only read.
//!
//! # Rules
//! 1. Every step is recorded: `Call` before it, `Return` after it, so that the history of a process that dies shows where.
//! 2. A step that fails without being `lenient` ends its actor: it records `GaveUp` and exits with 125.
//! 3. No step is retried for EINTR: whether it is interrupted is what scenarios ask.
//! 4. Rounds of a native loop beyond the first 64 record only failures.

mod attribute;
mod blocking;
mod control;
mod cpu;
mod fd;
mod file;
mod ipc;
#[cfg_attr(target_os = "linux", path = "ipc_os/linux.rs")]
#[cfg_attr(target_os = "macos", path = "ipc_os/macos.rs")]
mod ipc_os;
mod library;
mod lock;
mod memory;
#[cfg_attr(target_os = "linux", path = "os/linux.rs")]
#[cfg_attr(target_os = "macos", path = "os/macos.rs")]
mod os;
mod parallel;
mod pipeline;
#[cfg_attr(target_os = "linux", path = "platform/linux.rs")]
#[cfg_attr(target_os = "macos", path = "platform/macos.rs")]
mod platform;
mod privilege;
mod process;
mod queue;
mod share;
#[cfg_attr(target_os = "linux", path = "share_os/linux.rs")]
#[cfg_attr(target_os = "macos", path = "share_os/macos.rs")]
mod share_os;
mod signal;
mod socket;
mod spawn;
mod system;
mod terminal;
mod thread;
mod timer;
mod within;
mod worker;

use super::arena::{Arena, Moment};
use crate::generate::act::{Act, FdRef};
use crate::generate::program::{AgentPart, Op, Program};
use crate::plan::script::{ActorId, Outcome, RECORDED_ROUNDS, StepId};
use crate::plan::value::Value;
use crate::sys::{Known, Sample};
use crate::trace::state::ProcState;
use crate::trace::{Event, What};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

/// Exit code of a forked actor or agent that gave up.
pub const GAVE_UP: i32 = 125;
/// Exit code of a driver whose subject broke the protocol; the last event says how.
pub const PROTOCOL: i32 = 121;
/// Exit code of a driver whose subject died.
pub const SUBJECT_DIED: i32 = 122;
/// Exit code of a driver whose subject did not answer in time.
pub const SUBJECT_HUNG: i32 = 123;

/// Where a case runs.
#[derive(Clone, Debug)]
pub struct Context {
    /// The case directory, absolute.
    pub case_dir: PathBuf,
    /// The agent's executable.
    pub agent: PathBuf,
    /// The way to the subject, on the library plane.
    pub subject: Option<DriverLink>,
    /// Its steps touch nothing that the C library keeps account of, so that processes are forked without it ([`crate::sys::fork_bare`]).
    pub bare: bool,
}

/// The way to a subject's adapter.
#[derive(Clone, Copy, Debug)]
pub struct DriverLink {
    /// Open for writing requests.
    pub request_fd: i32,
    /// Open for reading replies.
    pub reply_fd: i32,
    /// The adapter.
    pub pid: i32,
    /// Limit of one operation in milliseconds.
    pub request_ms: u64,
}

/// What an agent finds beside its program file.
#[derive(Serialize, Deserialize)]
struct PartFile {
    arena: PathBuf,
    case_dir: PathBuf,
    agent: PathBuf,
    actors: u16,
    part: AgentPart,
}

/// Writes the agents' program files into `<case>/bin`; before the root is forked.
///
/// # Errors
/// Those of the file system.
pub fn prepare(program: &Program, arena: &Arena, context: &Context) -> std::io::Result<()> {
    if program.agents.is_empty() {
        return Ok(());
    }
    let bin = context.case_dir.join("bin");
    std::fs::create_dir_all(&bin)?;
    for part in &program.agents {
        let file = PartFile {
            arena: arena.path().to_owned(),
            case_dir: context.case_dir.clone(),
            agent: context.agent.clone(),
            actors: program.actors,
            part: part.clone(),
        };
        let bytes = postcard::to_allocvec(&file).map_err(std::io::Error::other)?;
        std::fs::write(bin.join(format!("{}.part", part.file)), bytes)?;
        std::os::unix::fs::symlink(&context.agent, bin.join(&part.file))?;
    }
    Ok(())
}

/// Performs the root's part of a program in the process that was forked for it. `known`: its state before the first step, where
/// that need not be looked at any more. Comes back with its exit code, unless a step of the root's own ends it, and then holds no memory.
pub fn perform_root(program: &Program, arena: &Arena, context: &Context, known: Option<Known>) -> i32 {
    let mut performer = Performer::new(arena, context, 0, program.actors, program.fd_slots, program.memory_slots);
    performer.born(None);
    if !program.library && known.is_none() {
        performer.sample(Moment::Before, None);
    }
    let end = performer.run(&program.root);
    performer.remove_own_queues();
    for fd in performer.open_fds() {
        arena.account_fd(fd);
    }
    if !program.library {
        performer.sample(Moment::After, known);
    }
    match end {
        Ok(()) => performer.note(What::Finished),
        Err(Stop::GaveUp) => performer.note(What::GaveUp),
        // The subject ended the case: the driver neither came to its end nor gave up.
        Err(Stop::Subject(_)) => {}
    }
    arena.header().root_done.store(1, Ordering::Release);
    // Who stops here is killed there, and what it still held would be lost to a warden that shares its memory.
    drop(performer);
    process::stop_if_children_are_left();
    match end {
        Err(Stop::Subject(code)) => code,
        _ => 0,
    }
}

/// The calling process.
pub fn own_pid() -> i32 {
    process::pid()
}

/// Performs an agent's part, found beside the path under which the agent was executed.
///
/// `inherited` must have been captured before anything else ran.
pub fn perform_agent(executed_as: &Path, inherited: ProcState) -> ! {
    let Some((file, arena)) = load_part(executed_as) else {
        // Nobody to report to: a plain line for a person who runs the agent by hand.
        eprintln!("childproof-agent: there is no part beside {}", executed_as.display());
        process::exit(GAVE_UP);
    };
    let context = Context { case_dir: file.case_dir, agent: file.agent, subject: None, bare: false };
    let part = &file.part;
    let mut performer = Performer::new(&arena, &context, part.actor, file.actors, part.fd_slots, part.memory_slots);
    performer.born(Some(Box::new(inherited)));
    let end = performer.run(&part.ops);
    performer.leave(end)
}

/// What an agent was given, captured by the agent's entry before anything else ran.
pub fn inherited(argv: &[Vec<u8>], env: &[Vec<u8>]) -> ProcState {
    let values = |words: &[Vec<u8>]| words.iter().map(|word| Value::from_bytes(word)).collect();
    ProcState { argv: values(argv), env: values(env), ..crate::sys::own_state(true) }
}

/// The path under which this process was executed.
pub fn executed_as() -> Option<PathBuf> {
    os::executed_as()
}

/// Copies an array as the C runtime hands it over.
///
/// # Safety
/// `array` must be a NULL-terminated array of NUL-terminated strings, or null.
pub unsafe fn strings(array: *const *const std::ffi::c_char) -> Vec<Vec<u8>> {
    let mut copies = Vec::new();
    if array.is_null() {
        return copies;
    }
    for n in 0.. {
        // SAFETY: the caller's promise; the end is not passed.
        let entry = unsafe { *array.add(n) };
        if entry.is_null() {
            break;
        }
        // SAFETY: the caller's promise.
        copies.push(unsafe { std::ffi::CStr::from_ptr(entry) }.to_bytes().to_vec());
    }
    copies
}

/// Whether a part lies beside the path under which a program was executed.
pub fn has_part(executed_as: &Path) -> bool {
    part_of(executed_as).exists()
}

fn part_of(executed_as: &Path) -> PathBuf {
    let mut name = executed_as.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

fn load_part(executed_as: &Path) -> Option<(PartFile, Arena)> {
    let file: PartFile = postcard::from_bytes(&std::fs::read(part_of(executed_as)).ok()?).ok()?;
    let arena = Arena::open(&file.arena).ok()?;
    Some((file, arena))
}

/// Why an actor stops before the end of its steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    GaveUp,
    /// The subject failed as a partner; exit code for the warden.
    Subject(i32),
}

/// A process that performs steps.
struct Performer<'a> {
    arena: &'a Arena,
    context: &'a Context,
    actor: ActorId,
    actors: u16,
    pid: i32,
    fds: Vec<i32>,
    /// The highest descriptor that was ever in `fds`.
    highest: i32,
    memory: Vec<memory::Place>,
    queues: BTreeMap<u16, queue::Queue>,
    /// Records written so far; their numbers go on over the steps of an actor.
    records: u32,
    frames: u32,
    step: StepId,
    lenient: bool,
    quiet: bool,
    driver: Option<library::Driver>,
    streams: Vec<within::Stream>,
}

impl<'a> Performer<'a> {
    fn new(arena: &'a Arena, context: &'a Context, actor: ActorId, actors: u16, fds: u16, memory: u16) -> Self {
        Performer {
            arena,
            context,
            actor,
            actors,
            pid: process::pid(),
            fds: vec![-1; usize::from(fds)],
            highest: -1,
            memory: vec![memory::Place::default(); usize::from(memory)],
            queues: BTreeMap::new(),
            records: 0,
            frames: 0,
            step: 0,
            lenient: false,
            quiet: false,
            driver: context.subject.map(|link| library::Driver::new(link, arena)),
            streams: Vec::new(),
        }
    }

    fn note_on(&self, step: Option<StepId>, what: What) {
        self.arena.append(&Event { at: self.arena.elapsed_ns(), actor: self.actor, pid: self.pid, step, what });
    }

    fn note(&self, what: What) {
        self.note_on(None, what);
    }

    fn note_step(&self, what: What) {
        self.note_on(Some(self.step), what);
    }

    fn returned(&self, outcome: Outcome, of: Option<ActorId>) {
        self.note_step(What::Return { outcome, of });
    }

    fn born(&mut self, state: Option<Box<ProcState>>) {
        self.pid = process::pid();
        self.arena.set_pid(self.actor, self.pid);
        self.note(What::Born { ppid: process::parent(), state });
    }

    /// Records the state of the root; of other processes nobody asks it at these moments.
    fn sample(&self, moment: Moment, known: Option<Known>) {
        match Sample::take(known.map(|known| Known { highest: self.highest, ..known })) {
            Some(sample) => self.arena.append_sample(moment, &sample),
            None => {
                let state = Box::new(crate::sys::own_state(false));
                self.note(What::State { label: moment.label().to_owned(), state });
            }
        }
    }

    /// Records the end of a forked actor or agent and exits.
    fn leave(&self, end: Result<(), Stop>) -> ! {
        if !self.context.bare {
            signal::report_handled(self);
        }
        self.remove_own_queues();
        self.note(if end.is_ok() { What::Finished } else { What::GaveUp });
        process::exit(if end.is_ok() { 0 } else { GAVE_UP })
    }

    fn run(&mut self, ops: &[Op]) -> Result<(), Stop> {
        ops.iter().try_for_each(|op| self.perform(op))
    }

    fn perform(&mut self, op: &Op) -> Result<(), Stop> {
        self.step = op.step;
        self.lenient = op.lenient;
        if let Act::Repeat { times, body } = &op.act {
            return self.loop_natively(op, *times, body);
        }
        let doing = self.arena.doing(self.actor);
        doing.store(op.step * 2 + 2, Ordering::Release);
        if !self.quiet {
            self.note_step(What::Call);
        }
        let result = self.act(&op.act);
        self.arena.doing(self.actor).store(0, Ordering::Release);
        result
    }

    /// A loop is a step like any other: it begins, and it ends when all its rounds were performed.
    fn loop_natively(&mut self, op: &Op, times: u64, body: &[Op]) -> Result<(), Stop> {
        if !self.quiet {
            self.note_step(What::Call);
        }
        self.repeat(times, body)?;
        self.step = op.step;
        self.settle(Ok(Outcome::Done(i64::try_from(times).ok())))
    }

    fn repeat(&mut self, times: u64, body: &[Op]) -> Result<(), Stop> {
        let outer = self.quiet;
        for round in 0..times {
            self.quiet = outer || round >= RECORDED_ROUNDS;
            self.run(body)?;
        }
        self.quiet = outer;
        Ok(())
    }

    /// Records what came of a step; a failure that nothing expects ends the actor.
    fn settle(&self, result: Result<Outcome, Outcome>) -> Result<(), Stop> {
        match result {
            Ok(outcome) => {
                if !self.quiet {
                    self.returned(outcome, None);
                }
                Ok(())
            }
            Err(outcome) => {
                self.returned(outcome, None);
                if self.lenient { Ok(()) } else { Err(Stop::GaveUp) }
            }
        }
    }

    fn act(&mut self, act: &Act) -> Result<(), Stop> {
        match act {
            Act::Fork { actor, pid_of, body } => self.fork(*actor, *pid_of, body),
            Act::ForkTree { first, levels, bodies } => self.fork_tree(*first, *levels, bodies),
            Act::Vfork { actor, body } => self.vfork(*actor, body),
            Act::Quit { code } => self.quit(*code),
            Act::Exec { program, search, argv, long_arg, env } => {
                let result = self.exec(program, *search, argv, *long_arg, env.as_deref());
                self.settle(result)
            }
            Act::Exit { code } => self.exit(*code),
            Act::Wait { whom, via, nohang, nowait, untraced, continued } => {
                let flags = process::WaitFlags { nohang: *nohang, nowait: *nowait, untraced: *untraced, continued: *continued };
                self.wait(whom, *via, flags)
            }
            Act::ReportState { label } => {
                self.note_step(What::State { label: label.clone(), state: Box::new(crate::sys::own_state(true)) });
                self.settle(DONE)
            }
            Act::Kill { actor, signal } => {
                let result = self.kill(*actor, *signal);
                self.settle(result)
            }
            Act::Gate { gate } => self.gate(*gate),
            Act::OpenGate { gate } => self.open_gate(*gate),
            Act::Await { who, state, maker } => self.await_state(*who, *state, *maker),
            Act::Repeat { times, body } => self.repeat(*times, body),
            Act::Ask { actor, name, operation } => self.ask(*actor, name, operation),
            Act::AskPipeline { actor, name, stages, operation } => self.ask_pipeline(*actor, name, stages, operation),
            Act::AskParallel { threads, lists } => self.ask_parallel(*threads, lists),
            Act::Meet { name, door, count } => self.meet(name, door, *count),
            other => {
                let result = self.simple(other);
                self.settle(result)
            }
        }
    }

    /// Acts that come to exactly one outcome in the same process.
    fn simple(&mut self, act: &Act) -> Result<Outcome, Outcome> {
        match act {
            Act::Pipe { read, write, cloexec, nonblock, capacity } => self.pipe(*read, *write, *cloexec, *nonblock, *capacity),
            Act::Open { slot, path, mode, create, cloexec, nonblock } => {
                let flag = |on: bool, flag: i32| if on { flag } else { 0 };
                let flags = flag(*create, libc::O_CREAT) | flag(*cloexec, libc::O_CLOEXEC) | flag(*nonblock, libc::O_NONBLOCK);
                self.open(*slot, path, *mode, flags)
            }
            Act::Close { fd } => self.close(*fd),
            Act::Dup2 { from, to } => self.dup2(*from, *to),
            Act::Write { fd, payload, once, no_signal } => self.write(*fd, payload, *once, *no_signal),
            Act::WriteRecords { fd, count, size, piece } => self.write_records(*fd, *count, *size, *piece),
            Act::Read { fd, stream, amount, chunk } => self.read(*fd, stream, *amount, *chunk),
            Act::Copy { from, to } => self.copy(*from, *to),
            Act::SetFlags { fd, nonblock, cloexec } => self.set_flags(*fd, *nonblock, *cloexec),
            Act::MakeFile { path, kind, text, mode } => self.make_file(path, *kind, text, *mode),
            Act::Attribute(attribute) => self.attribute(attribute),
            Act::PosixSpawn(wishes) => self.posix_spawn(wishes),
            Act::Within(within) => self.within(within),
            Act::SetSignal { signal, to, flags } => signal::set(*signal, *to, *flags),
            Act::Mask { block, unblock } => signal::mask(block, unblock),
            Act::System(system) => self.system(system),
            Act::Listen { slot, listener, family, backlog } => self.listen(*slot, *listener, *family, *backlog),
            Act::Connect { slot, listener } => self.connect(*slot, *listener),
            Act::Accept { slot, from } => self.accept(*slot, *from),
            Act::SendFrames { fd, count, size, sends, lock } => self.send_frames(*fd, *count, *size, *sends, *lock),
            Act::Ipc(act) => self.ipc(act),
            Act::Memory { slot, pages, shared } => self.map_pages(*slot, *pages, *shared),
            Act::Poke { slot, value } => self.poke(*slot, *value),
            Act::Peek { slot } => self.peek(*slot),
            Act::ReportMemory { label } => self.report_memory(label),
            Act::Shared { slot, via, public } => self.shared(*slot, *via, *public),
            Act::Add { slot, by } => self.add(*slot, *by),
            Act::Load { slot, name } => self.load(*slot, name),
            Act::Semaphore { slot, value, named, public } => self.semaphore(*slot, *value, *named, *public),
            Act::Down { slot, patience } => self.down(*slot, *patience),
            Act::Up { slot } => self.up(*slot),
            Act::Share(share) => self.share(share),
            Act::Burn { ms, beside } => self.burn(*ms, *beside),
            Act::Release { door, item, count } => self.release(door, *item, *count),
            _ => Err(Outcome::Unsupported("the interpreter does not know this act".to_owned())),
        }
    }

    fn fd(&self, fd: FdRef) -> i32 {
        match fd {
            FdRef::Slot(slot) => self.fds.get(usize::from(slot)).copied().unwrap_or(-1),
            FdRef::Fixed(number) => number,
        }
    }

    fn keep(&mut self, slot: u16, fd: i32) {
        self.highest = self.highest.max(fd);
        if let Some(place) = self.fds.get_mut(usize::from(slot)) {
            *place = fd;
        }
        if let Some(made) = self.arena.made(slot).filter(|_| fd >= 0) {
            made.store(inode(fd), Ordering::Relaxed);
        }
    }

    fn open_fds(&self) -> impl Iterator<Item = i32> + '_ {
        self.fds.iter().copied().filter(|&fd| fd >= 0)
    }

    /// The text with the case directory in the place of `{case}`.
    fn fill(&self, template: &str) -> String {
        template.replace("{case}", &self.context.case_dir.to_string_lossy())
    }
}

fn inode(fd: i32) -> u64 {
    // SAFETY: an all-zero stat is valid and a valid place for one.
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: as above.
    unsafe { libc::fstat(fd, &raw mut stat) };
    stat.st_ino
}

/// `Done` without a number.
const DONE: Result<Outcome, Outcome> = Ok(Outcome::Done(None));

/// The errno that the last call left, as an outcome.
fn failed<T>() -> Result<T, Outcome> {
    Err(error(os::errno()))
}

/// An errno as an outcome; one without a name keeps its number.
fn error(errno: i32) -> Outcome {
    match crate::names::error_name(errno) {
        Some(name) => Outcome::Error(name.to_owned()),
        None => Outcome::Other(format!("errno {errno}")),
    }
}

/// The outcome of a call that returns -1 on failure and a number otherwise.
fn number(result: impl Into<i64>) -> Result<Outcome, Outcome> {
    let result = result.into();
    if result < 0 { failed() } else { Ok(Outcome::Done(Some(result))) }
}
