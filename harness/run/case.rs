//! The life of one case, from its program to what came of it.
//!
//! 1. What is needed is made: the agents' files, the adapter.
//! 2. The root is forked and waited for, with the deadline and main in view.
//! 3. A hang is described before anything is killed.
//! 4. What is left is noted: processes first (before the subject is asked to clean up), then its state, files, shared names.
//! 5. Everything left is killed and reaped, and the case directory is made as new.

use super::actor::{self, Context, DriverLink};
use super::adapter::Adapter;
use super::deadline::{Over, Wait};
use super::frame::{Done, Job, ended_in_words};
use super::warden::Warden;
use super::{excess, observe, snapshot};
use crate::generate::act::Act;
use crate::generate::program::{Op, Program};
use crate::plan::script::{Ended, Outcome};
use crate::sys;
use crate::trace::state::{Observations, ProcState};
use crate::trace::{End, Event, What};
use crate::wire::capability;
use std::sync::atomic::Ordering;

/// Exit code of a case root in which the harness itself panicked.
const PANICKED: i32 = 118;
/// A program without a deadline of its own gets this one.
const DEADLINE_MS: u64 = 10_000;
/// CPU seconds of each process of a case beyond its deadline: a second line of defence.
const CPU_RESERVE: u64 = 30;
/// How often the number of a case's processes is looked at, in milliseconds: in a /proc of our own, and in the machine's.
const TICK_MS: u64 = 50;
const WIDE_TICK_MS: u64 = 250;
/// Limit of the subject's cleaning up after a case, in milliseconds.
const RESET_MS: u64 = 5_000;

impl Warden {
    /// Runs one case; `None` when main is gone.
    pub(super) fn run_case(&mut self, job: &Job) -> Option<Done> {
        let mut done = Done::default();
        done.observed.isolation = self.isolation().name().to_owned();
        match postcard::from_bytes::<Program>(&job.program) {
            Err(error) => done.end = End::Harness { message: format!("the program cannot be read: {error}") },
            Ok(program) => {
                self.arena.reset();
                if let Err(end) = self.perform(&program, job, &mut done)? {
                    done.end = end;
                    self.end_everything();
                }
                self.gather(&program, &mut done);
            }
        }
        Some(done)
    }

    /// Steps 1 to 4; `None` when main is gone, an error when the case could not even begin.
    fn perform(&mut self, program: &Program, job: &Job, done: &mut Done) -> Option<Result<(), End>> {
        let link = match self.link(program, job, done) {
            Ok(link) => link,
            Err(end) => return Some(Err(end)),
        };
        done.observed.terminal_before = self.capture.described();
        let context = Context { case_dir: self.home.dir().to_owned(), agent: self.agent.clone(), subject: link };
        if let Err(error) = actor::prepare(program, &self.arena, &context) {
            return Some(Err(End::Harness { message: format!("write the agents' programs: {error}") }));
        }
        // SAFETY: the warden has one thread.
        let root = match unsafe { sys::fork() } {
            Ok(0) => become_root(program, self, context),
            Ok(root) => root,
            Err(error) => return Some(Err(End::Harness { message: format!("fork the case root: {error}") })),
        };
        sys::remember_session(root);
        let adapter = self.adapter.as_ref().map(|adapter| adapter.pid);
        let (over, adapter_ended) = self.wait(program, root, adapter);
        if over == Over::MainGone {
            return None;
        }
        done.end = self.end_of(over, adapter_ended, program);
        // Whatever took too much may have left a mark that nobody thought of.
        done.retire = matches!(over, Over::TooMuch(_));
        if done.retire {
            // Whatever goes on growing is not looked at any longer than it takes to end it.
            observe::end_everything(self.alone());
        }
        if let End::Hang { evidence } = &mut done.end {
            let seen = snapshot::take(self.alone(), &self.arena, program, adapter);
            *evidence = snapshot::lines(&seen);
            done.observed.hang = Some(Box::new(seen));
        }
        self.leftovers(over, root, adapter.filter(|_| adapter_ended.is_none()), program, done);
        Some(Ok(()))
    }

    fn wait(&self, program: &Program, root: i32, adapter: Option<i32>) -> (Over, Option<Ended>) {
        let deadline_ms = if program.deadline_ms == 0 { DEADLINE_MS } else { program.deadline_ms };
        let wait = Wait {
            watch: &self.watch,
            control: self.control(),
            root,
            adapter,
            until_ns: sys::now_ns() + deadline_ms * 1_000_000,
            root_done: &|| self.arena.header().root_done.load(Ordering::Acquire) != 0,
            tick_ms: if self.alone() { TICK_MS } else { WIDE_TICK_MS },
            excess: &|| excess::of_case(self.alone(), self.memory),
        };
        wait.wait()
    }

    /// The adapter that the program wants, started afresh where the one at hand does not do.
    fn link(&mut self, program: &Program, job: &Job, done: &mut Done) -> Result<Option<DriverLink>, End> {
        if !program.library {
            return Ok(None);
        }
        let command = job.adapter.as_ref().ok_or_else(|| End::Harness { message: "a library case without a subject".to_owned() })?;
        let start = program.subject_start.clone().unwrap_or_default();
        if !self.adapter.as_ref().is_some_and(|adapter| adapter.serves(command, &start)) {
            self.end_everything();
            self.adapters += 1;
            self.arena.header().next_seq.store(0, Ordering::Release);
            self.adapter = Some(Adapter::start(&self.run, self.adapters, command, &start, job.start_ms)?);
            self.home.settle();
        }
        let Some(adapter) = &self.adapter else { return Ok(None) };
        done.version.clone_from(&adapter.hello.version);
        if let Some(lacking) =
            needs(&program.root).into_iter().find(|need| !adapter.hello.capabilities.iter().any(|claimed| claimed == need))
        {
            return Err(End::Unsupported { reason: format!("{} does not claim `{lacking}`", adapter.hello.library) });
        }
        done.observed.before = sys::state_of(adapter.pid).ok();
        let [request_fd, reply_fd] = adapter.fds();
        Ok(Some(DriverLink { request_fd, reply_fd, pid: adapter.pid, request_ms: job.request_ms }))
    }

    fn end_of(&self, over: Over, adapter_ended: Option<Ended>, program: &Program) -> End {
        let hang = || End::Hang { evidence: Vec::new() };
        match (over, adapter_ended) {
            (Over::Late, _) => hang(),
            (Over::TooMuch(excess), _) => End::Crash { message: excess.in_words() },
            (Over::Ended(Ended::Exited(actor::SUBJECT_HUNG)), None) if program.library => hang(),
            (_, Some(ended)) => End::Crash { message: format!("the subject's process {}", ended_in_words(ended)) },
            (Over::Ended(Ended::Exited(actor::PROTOCOL)), _) if program.library => End::Protocol { message: self.last_words() },
            (Over::Ended(Ended::Exited(actor::SUBJECT_DIED)), _) if program.library => End::Crash { message: self.last_words() },
            (Over::Ended(Ended::Exited(PANICKED)), _) => {
                End::Harness { message: format!("the case root panicked: {}", self.capture.tail()) }
            }
            (Over::Ended(ended @ Ended::Killed { .. }), _) => End::Crash { message: format!("the case root {}", ended_in_words(ended)) },
            _ => End::Done,
        }
    }

    /// What the driver noted last about its subject.
    fn last_words(&self) -> String {
        let said = |event: &Event| match &event.what {
            What::Return { outcome: Outcome::Other(text) | Outcome::Error(text), .. } => Some(text.clone()),
            _ => None,
        };
        self.arena.drain().iter().rev().find_map(said).unwrap_or_else(|| "the driver did not say".to_owned())
    }

    /// Step 4 for processes and the subject, then step 5 for processes.
    fn leftovers(&mut self, over: Over, root: i32, adapter: Option<i32>, program: &Program, done: &mut Done) {
        // Orphans that have ended meanwhile are the warden's to reap and nobody's fault.
        let nobody = over != Over::Stopped
            && sys::ORPHANS_COME_HERE
            && loop {
                match sys::reap(-1) {
                    Err(_) => break true,
                    Ok(None) => break false,
                    Ok(Some(_)) => {}
                }
            };
        if nobody {
            self.adapter = None;
            return;
        }
        let known = [root, adapter.unwrap_or(0)];
        done.observed.left = observe::left_processes(self.alone(), &known, &self.arena, program.actors);
        let keep = adapter.is_some() && done.end == End::Done && over != Over::Stopped && self.clean_up_subject(program, done);
        if !keep || !done.observed.left.is_empty() {
            self.end_everything();
        }
    }

    /// Asks the subject to clean up, and compares its state with before. Whether it can serve another case.
    fn clean_up_subject(&self, program: &Program, done: &mut Done) -> bool {
        let Some(adapter) = &self.adapter else { return false };
        let seq = self.arena.header().next_seq.fetch_add(1, Ordering::AcqRel);
        if let Err(message) = adapter.reset(seq, RESET_MS) {
            done.end = End::Protocol { message: format!("asked to reset after the case, {message}") };
            return false;
        }
        done.observed.after = sys::state_of(adapter.pid).ok();
        if program.subject_start.is_some() {
            adapter.quit(seq + 1, RESET_MS);
            return false;
        }
        same(done.observed.before.as_ref(), done.observed.after.as_ref())
    }

    /// Step 5 for processes.
    fn end_everything(&mut self) {
        observe::end_everything(self.alone());
        self.adapter = None;
    }

    /// Events, output, files and shared names; then the case directory as new.
    fn gather(&mut self, program: &Program, done: &mut Done) {
        done.observed.terminal_after = self.capture.described();
        let mut events = self.arena.drain();
        if self.arena.overflowed() {
            done.end = End::Harness { message: "the case recorded more events than there is room for".to_owned() };
        }
        take_states(&mut events, &mut done.observed);
        if program.library && !matches!(done.end, End::Done) {
            take_last_words(&mut events);
        }
        let last = events.last().map_or(0, |event| event.at);
        let first = events.iter().find(|event| matches!(event.what, What::Call)).map_or(last, |event| event.at);
        done.observed.elapsed_ns = last.saturating_sub(first);
        if let Some(message) = self.capture.take(last, self.arena.pid_of(0), &mut events) {
            done.end = End::Crash { message };
        }
        done.events = events;
        done.observed.accounted_fds = self.arena.accounted_fds();
        if program.agents.is_empty() && !program.library && self.home.untouched() {
            // No file was made, and /dev/shm is on the same file system; System V objects are no files.
            done.observed.shared = sys::leftover_ipc(true);
            return;
        }
        done.observed.files = self.home.left_files();
        done.observed.shared = observe::take_shared(self.alone(), &self.arena);
        let renewed = self.home.renew();
        if renewed.is_err() || !self.sound() {
            // No step does that: it was a program of the case, or the subject.
            let why = renewed.err().map_or_else(|| "the warden's own files are gone".to_owned(), |error| error.to_string());
            done.end = End::Crash { message: format!("the case damaged the directory that it ran in: {why}") };
            done.retire = true;
        }
    }

    /// Whether the run directory still is what the next case needs.
    fn sound(&self) -> bool {
        ["case/bin", "case/tmp", "stdout", "stderr"].iter().all(|name| self.run.join(name).exists()) && self.arena.in_place()
    }
}

/// The root's own samples of itself are observations, not events.
fn take_states(events: &mut Vec<Event>, observed: &mut Observations) {
    events.retain_mut(|event| match &mut event.what {
        What::State { label, state } if event.actor == 0 && event.step.is_none() => {
            let place = match label.as_str() {
                "before" => &mut observed.before,
                "after" => &mut observed.after,
                _ => return true,
            };
            *place = Some(std::mem::take(state));
            false
        }
        _ => true,
    });
}

/// Where the subject failed as a partner, the driver's last event tells why. The case's end says it now, and it is nothing that
/// the library answered.
fn take_last_words(events: &mut Vec<Event>) {
    let last = events.iter().rposition(|event| event.actor == 0);
    if let Some(at) = last.filter(|at| matches!(events[*at].what, What::Return { outcome: Outcome::Other(_), .. })) {
        events.remove(at);
    }
}

/// Whether a subject is as it was, as far as it must be to serve on.
fn same(before: Option<&ProcState>, after: Option<&ProcState>) -> bool {
    let (Some(before), Some(after)) = (before, after) else { return false };
    let signals = |state: &ProcState| (state.blocked.clone(), state.ignored.clone(), state.caught.clone());
    let place = |state: &ProcState| (state.cwd.clone(), state.umask, state.pgid, state.sid, state.nice);
    signals(before) == signals(after) && place(before) == place(after) && before.fds == after.fds && before.limits == after.limits
}

/// The forked child: takes off what is the warden's alone and performs.
fn become_root(program: &Program, warden: &Warden, mut context: Context) -> ! {
    sys::let_others_look();
    sys::Watch::forget();
    // SAFETY: setsid takes no memory; in a fresh fork it succeeds.
    unsafe { libc::setsid() };
    if let Some(link) = &mut context.subject {
        (link.request_fd, link.reply_fd) = keep_two(link.request_fd, link.reply_fd);
        sys::close_from(5);
    } else {
        sys::close_from(3);
    }
    if program.parallel {
        // Being refused leaves the case on one CPU, where it is only slower to show what it is to show.
        let _ = sys::pin(&warden.cpus);
    }
    // Refusal means that the hard limit is lower already.
    let _ = sys::limit_cpu(program.deadline_ms.div_ceil(1000) + CPU_RESERVE);
    let performed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| actor::perform_root(program, &warden.arena, &context)));
    let Err(_) = performed;
    sys::exit_now(PANICKED)
}

/// Moves two descriptors to 3 and 4, by way of numbers that are neither.
fn keep_two(one: i32, other: i32) -> (i32, i32) {
    // SAFETY: these calls work on numbers; descriptors 3 and 4 belong to the warden, whose forks do not use them.
    unsafe {
        let (high, higher) = (libc::fcntl(one, libc::F_DUPFD_CLOEXEC, 10), libc::fcntl(other, libc::F_DUPFD_CLOEXEC, 10));
        libc::dup2(high, 3);
        libc::dup2(higher, 4);
    }
    let _ = (sys::set_cloexec(3), sys::set_cloexec(4));
    (3, 4)
}

/// The capabilities that the requests of a program need.
fn needs(ops: &[Op]) -> Vec<&'static str> {
    let of = |op: &Op| match &op.act {
        Act::Ask { operation, .. } => capability::of(operation),
        Act::AskParallel { operations, .. } => {
            ["threads"].into_iter().chain(operations.iter().flat_map(|(_, operation)| capability::of(operation))).collect()
        }
        Act::Repeat { body, .. } => needs(body),
        _ => Vec::new(),
    };
    ops.iter().flat_map(of).collect()
}
