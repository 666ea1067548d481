//! A session: main's side of the wardens. One warden per worker; a worker's calls block until its case has ended.
//!
//! What becomes of a case whose warden fails it (killed from outside, its directory removed, no room on the disk):
//! 1. The warden is ended with all that it has, and what it made is removed.
//! 2. The case is run once more, on a new warden. If that comes to an end, it is the case's, and the failure is noted as a
//!    [`trouble`](Session::troubles): a run that had one does not end as if nothing had been.
//! 3. A case that fails its second warden too ends as `harness`; where it starts programs that could have done it, as `crash`.

use super::Isolation;
use super::frame::{self, AdapterCommand, Channel, Done, Hello, Job, Order, Report, Start};
use super::subject::{self, Subject};
use super::{home, record, warden};
use crate::generate::program::Program;
use crate::generate::reach;
use crate::plan::script::Script;
use crate::sys::{self, Patience};
use crate::trace::{End, History, SCHEMA, SubjectId};
use std::cell::Cell;
use std::fmt;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Beyond every limit of a case, a warden that has not answered by now is stuck itself. In milliseconds.
const PATIENCE_MS: u64 = 60_000;
/// Limit of a warden's own start in milliseconds.
const RAISE_MS: u64 = 30_000;
/// How long main sleeps at once while it waits for a warden, in milliseconds.
const SLICE_MS: u64 = 1_000;
/// What a warden without a keeper is given to go.
const LAST_MOMENT: Duration = Duration::from_secs(2);
/// So many troubles are told one by one.
const MOST_TOLD: usize = 20;

/// How a session is to be.
#[derive(Clone, Debug)]
pub struct Options {
    /// The level to use; `None`: the strongest that works.
    pub isolation: Option<Isolation>,
    /// How many wardens; 0: one for each CPU.
    pub wardens: usize,
    /// The childproof program, from which built-in adapters are started; `None`: the running one.
    pub exe: Option<PathBuf>,
    /// The program of agents and wardens; `None`: `childproof-agent` beside `exe`.
    pub agent: Option<PathBuf>,
    /// Limit of a subject's start in milliseconds.
    pub start_ms: u64,
    /// Limit of one request to a subject in milliseconds, unless its scenario is given more time than most.
    pub request_ms: u64,
    /// Size of each warden's file system in bytes (levels with namespaces).
    pub bytes: u64,
    /// Bytes of memory that a case may use; never more than half of what the machine has.
    pub memory: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            isolation: None,
            wardens: 0,
            exe: None,
            agent: None,
            // An interpreter on a machine that does much else: a slow start says nothing of a library.
            start_ms: 60_000,
            request_ms: 10_000,
            bytes: 1 << 30,
            memory: 4 << 30,
        }
    }
}

/// Why there is no session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunError {
    /// No level of isolation works here: each with its reason.
    NoLevel(Vec<(Isolation, String)>),
    /// The agent's program is not where it should be.
    NoAgent(PathBuf),
    /// A warden could not be started.
    Start(String),
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunError::NoLevel(tried) => {
                let reasons: Vec<String> = tried.iter().map(|(level, why)| format!("{level}: {why}")).collect();
                write!(f, "start a sandbox; {} (`childproof doctor` tells more)", reasons.join("; "))
            }
            RunError::NoAgent(path) => {
                write!(f, "find the agent at {}: it is installed beside childproof, build or copy it there", path.display())
            }
            RunError::Start(why) => write!(f, "start a warden: {why}"),
        }
    }
}

impl std::error::Error for RunError {}

thread_local! {
    /// The CPU that the thread was told to stay on.
    static BESIDE: Cell<Option<usize>> = const { Cell::new(None) };
}

/// The CPUs of this process, from before any of its threads was told to stay on one.
static CPUS: OnceLock<Vec<usize>> = OnceLock::new();

/// A running warden.
struct Live {
    channel: Channel,
    keeper: Child,
    hello: Hello,
}

/// One worker's warden, with a second handle on its channel for [`Session::cancel`].
#[derive(Default)]
struct Worker {
    live: Mutex<Option<Live>>,
    interrupt: Mutex<Option<UnixStream>>,
    cpu: Option<usize>,
}

/// Why a case came to no end.
struct Failed {
    message: String,
    /// Its warden had it, and may have failed of it.
    with_case: bool,
    cancelled: bool,
}

impl Failed {
    fn end(self) -> End {
        if self.cancelled { End::NotRun { reason: "the run was interrupted".to_owned() } } else { End::Harness { message: self.message } }
    }
}

/// Wardens, ready to run cases.
pub struct Session {
    options: Options,
    exe: PathBuf,
    agent: PathBuf,
    isolation: Isolation,
    workers: Vec<Worker>,
    cpus: Vec<usize>,
    cancelled: AtomicBool,
    troubles: Mutex<Vec<String>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panicking worker leaves its warden in a state that the next use finds out.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Session {
    /// Starts the wardens.
    ///
    /// # Errors
    /// [`RunError`]
    pub fn start(options: &Options) -> Result<Session, RunError> {
        let started = |error: io::Error| RunError::Start(format!("find the running program: {error}"));
        let exe = options.exe.clone().map_or_else(std::env::current_exe, Ok).map_err(started)?;
        let agent = options.agent.clone().unwrap_or_else(|| exe.with_file_name("childproof-agent"));
        let agent = agent.canonicalize().map_err(|_| RunError::NoAgent(agent))?;
        let cpus = CPUS.get_or_init(sys::cpus).clone();
        let wardens = if options.wardens == 0 { cpus.len().max(1) } else { options.wardens };
        let cpu_of = |at: usize| if cpus.is_empty() { None } else { cpus.get(at % cpus.len()).copied() };
        let workers = (0..wardens).map(|at| Worker { cpu: cpu_of(at), ..Worker::default() }).collect();
        let isolation = options.isolation.unwrap_or(Isolation::Root);
        let (options, cancelled, troubles) = (options.clone(), AtomicBool::new(false), Mutex::default());
        let wished = options.isolation.map_or_else(|| Isolation::ALL.to_vec(), |level| vec![level]);
        let mut session = Session { options, exe, agent, isolation, workers, cpus, cancelled, troubles };
        session.isolation = session.raise(0, wished)?;
        for worker in 1..wardens {
            session.raise(worker, vec![session.isolation])?;
        }
        Ok(session)
    }

    /// The level of isolation.
    pub fn isolation(&self) -> Isolation {
        self.isolation
    }

    /// How many workers there are.
    pub fn workers(&self) -> usize {
        self.workers.len()
    }

    /// Directories in which the wardens run, for messages and tests.
    pub fn run_dirs(&self) -> Vec<PathBuf> {
        self.workers.iter().filter_map(|worker| lock(&worker.live).as_ref().map(|live| live.hello.run.clone())).collect()
    }

    /// Runs a case on a worker's warden and waits for its end. Each worker runs one case at a time.
    pub fn run(&self, worker: usize, script: &Script, program: &Program, subject: &Subject) -> History {
        self.stay_beside(worker);
        let mut history = History { schema: SCHEMA, script: script.clone(), ..History::default() };
        history.subject = SubjectId { name: subject.name.clone(), version: subject.version_wanted.clone().unwrap_or_default() };
        history.observed.isolation = self.isolation.name().to_owned();
        match self.job(program, subject).and_then(|job| self.perform(worker, job, program, &script.scenario)) {
            Err(end) => history.end = end,
            Ok(done) => record::fill(&mut history, done),
        }
        history
    }

    /// Lets the calling thread run on the CPU of this worker's warden. They take turns and never run at the same time, and to
    /// wake somebody on the same CPU takes a twentieth of what it takes across two.
    fn stay_beside(&self, worker: usize) {
        let cpu = self.workers.get(worker).and_then(|worker| worker.cpu);
        if let Some(cpu) = cpu.filter(|cpu| BESIDE.get() != Some(*cpu)) {
            // Being refused costs speed alone, and is not asked for again.
            let _ = sys::pin(&[cpu]);
            BESIDE.set(Some(cpu));
        }
    }

    /// Ends every running case and refuses further ones; what they left is cleaned up by the wardens.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
        for worker in &self.workers {
            if let Some(stream) = &*lock(&worker.interrupt) {
                // A channel that is closed already needs no closing.
                let _ = stream.shutdown(std::net::Shutdown::Both);
            }
        }
    }

    /// Whether [`Session::cancel`] was called.
    pub fn cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst)
    }

    fn job(&self, program: &Program, subject: &Subject) -> Result<Job, End> {
        let bytes = postcard::to_allocvec(program).map_err(|error| End::Harness { message: format!("encode the program: {error}") })?;
        let adapter = program.library.then(|| self.adapter(&subject.start));
        Ok(Job { program: bytes, adapter, start_ms: self.options.start_ms, request_ms: self.options.request_ms })
    }

    fn adapter(&self, start: &subject::Start) -> AdapterCommand {
        let env = if let subject::Start::Command { env, .. } = start { env.clone() } else { Vec::new() };
        AdapterCommand { argv: start.argv(&self.exe), env }
    }

    /// What failed and was made good: a run that had any is complete, and not as it should be.
    pub fn troubles(&self) -> Vec<String> {
        lock(&self.troubles).clone()
    }

    fn trouble(&self, text: String) {
        let mut troubles = lock(&self.troubles);
        if troubles.len() < MOST_TOLD {
            troubles.push(text);
        }
    }

    /// The rules above.
    fn perform(&self, worker: usize, job: Job, program: &Program, scenario: &str) -> Result<Done, End> {
        let place = self.workers.get(worker).ok_or_else(|| End::Harness { message: format!("there is no worker {worker}") })?;
        let limits_ms = program.deadline_ms + job.start_ms + job.request_ms;
        let order = Order::Run(Box::new(job));
        let first = match self.attempt(place, worker, &order, limits_ms) {
            Ok(done) => return Ok(done),
            Err(failed) if self.cancelled() => return Err(failed.end()),
            Err(failed) => failed.message,
        };
        match self.attempt(place, worker, &order, limits_ms) {
            Ok(done) => {
                self.trouble(format!("{scenario}: {first}; the case was run again on a new warden"));
                Ok(done)
            }
            Err(failed) if failed.with_case && reach::beyond(program).is_some() => {
                Err(End::Crash { message: format!("the case fails its warden again and again, as no other does: {}", failed.message) })
            }
            Err(failed) => Err(failed.end()),
        }
    }

    /// Hands the job over and waits. A warden found dead before it had the case is replaced, and that is nothing to speak of.
    fn attempt(&self, place: &Worker, worker: usize, order: &Order, limits_ms: u64) -> Result<Done, Failed> {
        let before = |message: String| Failed { message, with_case: false, cancelled: self.cancelled() };
        for fresh in [false, true] {
            if self.cancelled() {
                return Err(before(String::new()));
            }
            let missing = lock(&place.live).is_none();
            if missing {
                self.raise(worker, vec![self.isolation]).map_err(|error| before(format!("replace a dead warden: {error}")))?;
            }
            let mut slot = lock(&place.live);
            let Some(live) = slot.as_mut() else { continue };
            match live.channel.send(order) {
                Ok(()) => return self.hear(&mut slot, limits_ms),
                Err(error) if fresh => return Err(before(format!("speak to the warden: {error}"))),
                Err(_) => bury(slot.take()),
            }
        }
        Err(before("two wardens died before they had the case".to_owned()))
    }

    fn hear(&self, slot: &mut Option<Live>, limits_ms: u64) -> Result<Done, Failed> {
        let failed = |message: String, with_case| Failed { message, with_case, cancelled: self.cancelled() };
        let Some(live) = slot.as_mut() else { return Err(failed("there is no warden".to_owned(), false)) };
        let failed = match live.receive(limits_ms + PATIENCE_MS) {
            Ok(Report::Done(done)) => match (done.end, live.channel.receive_bytes()) {
                // What fails one warden need not fail another: its directory may be gone.
                (End::Harness { message }, Ok(Some(_))) => {
                    let with_case = message == frame::REMOVED;
                    failed(message, with_case)
                }
                (end, Ok(Some(log))) => {
                    if done.retire {
                        bury(slot.take());
                    }
                    return Ok(Done { log, end, ..*done });
                }
                _ => failed("the warden died while it told what happened".to_owned(), true),
            },
            Ok(Report::Broken(message)) => failed(format!("the warden failed: {message}"), true),
            Ok(other) => failed(format!("the warden said {other:?} where a case's end was due"), true),
            Err(message) => failed(message, true),
        };
        if self.isolation.alone()
            && let Some(live) = slot.as_mut()
        {
            // A stuck warden would not see its channel close. Its keeper ends it, and with it all of its namespace.
            let keeper = live.keeper.id().cast_signed();
            let _ = (sys::kill(keeper, libc::SIGTERM), sys::kill(keeper, libc::SIGCONT));
        }
        bury(slot.take());
        Err(failed)
    }

    /// Starts a worker's warden at the first of these levels that works.
    fn raise(&self, worker: usize, levels: Vec<Isolation>) -> Result<Isolation, RunError> {
        let place = &self.workers[worker];
        let start = Start {
            levels,
            cpu: place.cpu,
            cpus: self.cpus.clone(),
            agent: self.agent.clone(),
            bytes: self.options.bytes,
            memory: self.options.memory,
        };
        let mut live = self.exec().map_err(|error| RunError::Start(error.to_string()))?;
        let said = live.0.send(&Order::Start(start)).map_err(|error| error.to_string()).and_then(|()| receive(&mut live.0, RAISE_MS));
        let (channel, mut keeper) = live;
        let why = match said {
            Ok(Report::Hello(hello)) => {
                let isolation = hello.isolation;
                *lock(&place.interrupt) = channel.stream().try_clone().ok();
                *lock(&place.live) = Some(Live { channel, keeper, hello });
                return Ok(isolation);
            }
            Ok(Report::Refused(tried)) => RunError::NoLevel(tried),
            Ok(Report::Broken(message)) => RunError::Start(message),
            Ok(other) => RunError::Start(format!("it said {other:?} instead of hello")),
            Err(message) => RunError::Start(message),
        };
        drop(channel);
        // Without its channel the keeper ends by itself.
        let _ = keeper.wait();
        Err(why)
    }

    /// Executes a keeper. The channel is its standard input: what std does for that works from a process with threads.
    fn exec(&self) -> io::Result<(Channel, Child)> {
        let (ours, theirs) = UnixStream::pair()?;
        let mut command = Command::new(&self.agent);
        command.arg(warden::WORD).stdin(OwnedFd::from(theirs)).stdout(Stdio::null()).current_dir("/");
        Ok((Channel::new(ours), command.spawn()?))
    }
}

impl Live {
    fn receive(&mut self, patience_ms: u64) -> Result<Report, String> {
        receive(&mut self.channel, patience_ms).map_err(|message| match self.keeper.try_wait() {
            Ok(Some(status)) => format!("{message} (its keeper: {status})"),
            _ => message,
        })
    }
}

fn receive(channel: &mut Channel, patience_ms: u64) -> Result<Report, String> {
    let mut patience = Patience::of_ms(patience_ms);
    loop {
        let slice = patience.slice_ms(SLICE_MS);
        if sys::readable([channel.stream().as_raw_fd()], slice) == [true] {
            break;
        }
        if !patience.lasts(slice) {
            return Err(format!("the warden did not answer within {patience_ms} ms"));
        }
    }
    match channel.receive::<Report>() {
        Ok(Some(report)) => Ok(report),
        Ok(None) => Err("the warden died".to_owned()),
        Err(error) => Err(format!("hear the warden: {error}")),
    }
}

/// Closes the channel, by which the warden cleans up and ends, and waits for the keeper that does so after it. The keeper may have
/// been killed too, so the directory is looked after here as well.
fn bury(live: Option<Live>) {
    if let Some(Live { channel, mut keeper, hello }) = live {
        // Closing would not do: the handle for interrupting keeps the socket open. One that is closed already needs none of it.
        let _ = channel.stream().shutdown(std::net::Shutdown::Both);
        drop(channel);
        // It is our child and ends by itself; there is nothing to do about a wait that fails.
        let _ = keeper.wait();
        // Mostly they are gone already. Where somebody killed the keeper, its warden is still to go.
        let began = Instant::now();
        while !home::forget_groups(&hello.run) && began.elapsed() < LAST_MOMENT {
            std::thread::yield_now();
        }
        let _ = std::fs::remove_dir_all(&hello.run);
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.cancel();
        for worker in &self.workers {
            lock(&worker.interrupt).take();
            bury(lock(&worker.live).take());
        }
    }
}
