//! The life of one case, from its program to what came of it.
//!
//! 1. What is needed is made: the agents' files, the adapter.
//! 2. The root is forked and waited for, with the deadline and main in view.
//! 3. A hang is described before anything is killed.
//! 4. What is left is noted: processes first (before the subject is asked to clean up), then its state, files, shared names.
//! 5. Everything left is killed and reaped, and the case directory is made as new.

use super::actor::{self, Context, DriverLink};
use super::adapter::Adapter;
use super::arena::{self, Arena, Moment};
use super::deadline::{Over, Wait};
use super::frame::{self, Done, Job, ended_in_words};
use super::plain::{self, interpreted, plain};
use super::warden::Warden;
use super::{excess, home, observe, privilege, snapshot};
use crate::generate::act::{Act, Attribute};
use crate::generate::program::{Op, Program};
use crate::plan::script::{Ended, Outcome};
use crate::sys::{self, Known, Patience, Sample};
use crate::trace::state::ProcState;
use crate::trace::{End, Event, What};
use crate::wire::capability;
use crate::wire::message::Hello;
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
/// Limit of waiting for processes that end anyway, in milliseconds: to free much memory takes a killed one that long on a busy machine.
const ENDING_MS: u64 = 2_000;

impl Warden {
    /// Runs one case; `None` when main is gone.
    pub(super) fn run_case(&mut self, job: &Job) -> Option<Box<Done>> {
        let mut done = Box::<Done>::default();
        match postcard::from_bytes::<Program>(&job.program) {
            Err(error) => done.end = End::Harness { message: format!("the program cannot be read: {error}") },
            Ok(program) => {
                self.arena.reset(std::mem::replace(&mut self.slots, slots(&program)));
                if sys::lost() {
                    // The case before cut the record short in a way that nobody saw; this one is to have a warden of its own.
                    (done.end, done.retire) = (End::Harness { message: frame::REMOVED.to_owned() }, true);
                    return Some(done);
                }
                self.cases = self.cases.wrapping_add(1);
                if self.in_full() {
                    self.known = None;
                }
                // A bomb is ended only by who gets the CPU before it does; steps of ours are none.
                let urgent = self.may_be_urgent() && !interpreted(&program);
                if urgent {
                    sys::urgent(true);
                }
                if let Some(reason) = self.known_to_lack(&program, job, &mut done) {
                    done.end = End::Unsupported { reason };
                } else if let Err(end) = self.perform(&program, job, &mut done)? {
                    done.end = end;
                    self.end_everything();
                }
                if urgent {
                    sys::urgent(false);
                }
                self.gather(&program, &mut done);
            }
        }
        Some(done)
    }

    /// What the subject said that it cannot do when it was last started: to start it once more for that would cost more than
    /// many a case.
    fn known_to_lack(&self, program: &Program, job: &Job, done: &mut Done) -> Option<String> {
        let (command, hello) = self.heard.as_ref()?;
        if !program.library || job.adapter.as_ref() != Some(command) {
            return None;
        }
        done.version.clone_from(&hello.version);
        lacking(program, hello)
    }

    /// Whether nothing is spared after this case.
    fn in_full(&self) -> bool {
        self.cases == 1 || self.cases.is_multiple_of(plain::EVERY)
    }

    /// Steps 1 to 4; `None` when main is gone, an error when the case could not even begin.
    fn perform(&mut self, program: &Program, job: &Job, done: &mut Done) -> Option<Result<(), End>> {
        let link = match self.link(program, job, done) {
            Ok(link) => link,
            Err(end) => return Some(Err(end)),
        };
        // Who could have changed them since they were put right is an adapter that lives on.
        done.flags[0] = Some(if self.adapter.is_some() { self.capture.described() } else { self.capture.usual() });
        let mut context = Context { case_dir: self.home.dir().to_owned(), agent: self.agent.clone(), subject: link, bare: false };
        if let Err(error) = actor::prepare(program, &self.arena, &context) {
            return Some(Err(End::Harness { message: format!("write the agents' programs: {error}") }));
        }
        let mut known = self.known.take().filter(|_| interpreted(program));
        let spared = known.is_some() && plain(program);
        let bare = spared && self.bare;
        context.bare = bare;
        // An adapter could do with a warden that may be looked at what it likes.
        let berth = self.berth.as_ref().filter(|_| spared && self.adapter.is_none() && plain::returns(program));
        let mut seen = known.as_deref().copied();
        let mut root = || be_root(program, &self.arena, &self.cpus, &mut context, seen.as_mut(), spared);
        let forked = match berth {
            Some(berth) => {
                sys::let_others_look();
                // SAFETY: one case runs at a time, and a root that did not come to its end was the last of this warden. What the closure
                // holds stays where it is and is not touched until `leftovers` has seen to its end.
                unsafe { berth.fork(&raw mut root) }
            }
            // SAFETY: the warden's only other thread sleeps for good and holds nothing.
            None => unsafe { if bare { sys::fork_bare() } else { sys::fork() } },
        };
        let root = match forked {
            Ok(0) => sys::exit_now(root()),
            Ok(root) => root,
            Err(error) => {
                sys::let_nobody_look();
                return Some(Err(End::Harness { message: format!("fork the case root: {error}") }));
            }
        };
        let shares = berth.is_some();
        done.root = root;
        if let Some(known) = &mut known {
            known.be_of_root(root, cpu_seconds(program));
            self.arena.append_sample(Moment::Before, known);
        }
        sys::remember_session(root);
        let adapter = self.adapter.as_ref().map(|adapter| adapter.pid);
        let (over, adapter_ended) = self.wait(program, root, adapter);
        if over == Over::MainGone {
            // What a root in the berth holds goes with this call.
            observe::end_everything(self.alone());
            return None;
        }
        done.end = self.end_of(over, adapter_ended, program);
        // Whatever took too much may have left a mark that nobody thought of.
        let crowd = matches!(over, Over::Late) && excess::is_crowd(self.alone(), program.actors);
        done.retire = crowd || matches!(over, Over::TooMuch(_));
        if done.retire {
            // Whatever goes on growing is not looked at any longer than it takes to end it.
            observe::end_everything(self.alone());
        }
        if let (End::Hang { evidence }, true) = (&mut done.end, crowd) {
            evidence.push("there were too many processes to look at each of them before they were ended".to_owned());
        } else if let End::Hang { evidence } = &mut done.end {
            let seen = snapshot::take(self.alone(), &self.arena, program, adapter);
            *evidence = snapshot::lines(&seen);
            done.hang = Some(Box::new(seen));
        }
        self.leftovers(over, root, adapter.filter(|_| adapter_ended.is_none()), program, done);
        if shares {
            sys::let_nobody_look();
            done.retire |= !matches!(over, Over::Ended(Ended::Exited(_)) | Over::Stopped);
        }
        self.known = match known {
            None if interpreted(program) => self.arena.sample_before().map(Box::new),
            known => known,
        };
        Some(Ok(()))
    }

    fn wait(&self, program: &Program, root: i32, adapter: Option<i32>) -> (Over, Option<Ended>) {
        let deadline_ms = if program.deadline_ms == 0 { DEADLINE_MS } else { program.deadline_ms };
        let wait = Wait {
            watch: &self.watch,
            control: self.control(),
            root,
            adapter,
            limit_ms: deadline_ms,
            root_done: &|| self.arena.header().root_done.load(Ordering::Acquire) != 0,
            tick_ms: if self.alone() { TICK_MS } else { WIDE_TICK_MS },
            excess: &|| excess::of_case(self.alone(), program.actors, self.memory),
        };
        wait.wait()
    }

    /// The adapter that the program wants, started afresh where the one at hand does not do.
    fn link(&mut self, program: &Program, job: &Job, done: &mut Done) -> Result<Option<DriverLink>, End> {
        if !program.library {
            if takes_identity(&program.root) {
                self.let_users_run()?;
            }
            return Ok(None);
        }
        let command = job.adapter.as_ref().ok_or_else(|| End::Harness { message: "a library case without a subject".to_owned() })?;
        let mut start = program.subject_start.clone().unwrap_or_default();
        start.path = start.path.map(|path| path.replace("{case}", &self.home.dir().to_string_lossy()));
        if let Some((path, _)) = &mut start.listen {
            *path = path.replace("{case}", &self.home.dir().to_string_lossy());
        }
        if !start.groups.is_empty() {
            self.let_users_run()?;
        }
        // SAFETY: geteuid cannot fail.
        if start.ordinary && unsafe { libc::geteuid() } == 0 {
            privilege::others_may_run(&[]).map_err(|reason| End::Unavailable { reason })?;
        }
        self.adapter_lives()?;
        if !self.adapter.as_ref().is_some_and(|adapter| adapter.serves(command, &start)) {
            self.end_everything();
            self.adapters += 1;
            self.arena.header().next_seq.store(0, Ordering::Release);
            let mut adapter = Adapter::start(&self.run, self.adapters, command, &start, job.start_ms)?;
            adapter.helpers = observe::others(self.alone()).iter().map(|line| line.pid).filter(|pid| *pid != adapter.pid).collect();
            self.heard = Some((command.clone(), adapter.hello.clone()));
            self.adapter = Some(adapter);
            self.home.settle();
        }
        let Some(adapter) = &self.adapter else { return Ok(None) };
        done.version.clone_from(&adapter.hello.version);
        if let Some(reason) = lacking(program, &adapter.hello) {
            return Err(End::Unsupported { reason });
        }
        // An ordinary user's programs run as nobody else, whatever is asked for.
        if !start.ordinary && needs(&program.root).contains(&"user") {
            self.let_users_run()?;
        }
        done.adapter[0] = sys::state_of(adapter.pid).ok();
        if undoes_ignoring(&start.ignored, done.adapter[0].as_ref()) {
            let library = &adapter.hello.library;
            return Err(End::Unsupported {
                reason: format!("the runtime of {library} handles CHLD itself, although it was started with it ignored"),
            });
        }
        let [request_fd, reply_fd] = adapter.fds();
        // A scenario that is given more time is slow in single questions, too: all starts of all threads are one.
        let slow = program.deadline_ms > DEADLINE_MS;
        let request_ms = if slow { job.request_ms.max(program.deadline_ms) } else { job.request_ms };
        Ok(Some(DriverLink { request_fd, reply_fd, pid: adapter.pid, request_ms }))
    }

    /// Opens what programs that run as another user need, or says what they cannot reach.
    fn let_users_run(&self) -> Result<(), End> {
        self.arena.open_to_users();
        let places = [(self.agent.as_path(), libc::X_OK), (self.arena.path(), libc::R_OK | libc::W_OK), (self.home.dir(), libc::X_OK)];
        privilege::others_may_run(&places).map_err(|reason| End::Unavailable { reason })
    }

    /// An adapter that ended since the case before is replaced. That it was killed by KILL was somebody outside (or the kernel, for
    /// want of memory); any other end between two cases is its own, and has to be told of some case.
    fn adapter_lives(&mut self) -> Result<(), End> {
        let Some(pid) = self.adapter.as_ref().map(|adapter| adapter.pid) else { return Ok(()) };
        let ended = match sys::reap(pid) {
            Ok(Some(change)) if !matches!(change.ended, Ended::Stopped(_) | Ended::Continued) => change.ended,
            _ => return Ok(()),
        };
        self.end_everything();
        match ended {
            Ended::Killed { signal: libc::SIGKILL, .. } => Ok(()),
            ended => Err(End::Crash { message: format!("the subject's process {} after the case before", ended_in_words(ended)) }),
        }
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
            (Over::Ended(Ended::Exited(PANICKED)), _) => by_us(program, format!("the case root panicked: {}", self.capture.tail())),
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
        let helpers = self.adapter.iter().flat_map(|adapter| adapter.helpers.iter().copied());
        let known: Vec<i32> = [root, adapter.unwrap_or(0)].into_iter().chain(helpers).collect();
        let mut patience = Patience::of_ms(ENDING_MS);
        loop {
            if over != Over::Stopped && reap_orphans() {
                self.adapter = None;
                return;
            }
            done.left = observe::left_processes(self.alone(), &known, &self.arena, program.actors);
            let Some(ending) = observe::ending(&done.left).filter(|_| over != Over::Stopped) else { break };
            let slice = patience.slice_ms(ENDING_MS);
            sys::await_end_elsewhere(ending, slice);
            if !patience.lasts(slice) {
                break;
            }
        }
        let keep = adapter.is_some() && done.end == End::Done && over != Over::Stopped && self.clean_up_subject(program, done);
        if !keep || !done.left.is_empty() {
            self.end_everything();
        }
    }

    /// Asks the subject to clean up, and compares its state with before. Whether it can serve another case.
    fn clean_up_subject(&self, program: &Program, done: &mut Done) -> bool {
        let Some(adapter) = &self.adapter else { return false };
        let seq = self.arena.header().next_seq.fetch_add(1, Ordering::AcqRel);
        if !self.seq_is_likely() {
            done.end = End::Crash { message: "the case wrote over the number of the next question".to_owned() };
            return false;
        }
        // A library that ends what it was left with at its leisure is given as long as the scenario's questions are.
        let limit_ms = if program.deadline_ms > DEADLINE_MS { program.deadline_ms } else { RESET_MS };
        if let Err(message) = adapter.reset(seq, limit_ms) {
            done.end = End::Protocol { message: format!("asked to reset after the case, {message}") };
            return false;
        }
        done.adapter[1] = sys::state_of(adapter.pid).ok();
        if program.subject_start.is_some() {
            adapter.quit(seq + 1, RESET_MS);
            return false;
        }
        same(&done.adapter)
    }

    /// Step 5 for processes.
    fn end_everything(&mut self) {
        observe::end_everything(self.alone());
        self.adapter = None;
    }

    /// Events, output, files and shared names; then the case directory as new.
    fn gather(&mut self, program: &Program, done: &mut Done) {
        if !self.alone() && plain::groups(program) {
            sys::release(&home::control_group(self.home.dir()));
        }
        done.flags[1] = Some(self.capture.described());
        if self.arena.overflowed() {
            done.end = by_us(program, "the case recorded more events than there is room for".to_owned());
            // To make so long a record empty again costs more than a new warden.
            done.retire = true;
        }
        done.last_words = program.library && !matches!(done.end, End::Done);
        let touched = self.home.touched();
        if let Some(message) = self.capture.take(&mut done.output) {
            done.end = End::Crash { message };
        }
        done.accounted_fds = self.arena.accounted_fds();
        if !self.home.in_place() {
            // A case that looked for its files there has found nothing, whoever it was.
            (done.end, done.retire) = (End::Harness { message: frame::REMOVED.to_owned() }, true);
            return;
        }
        if interpreted(program) && touched.files_as_before() && (plain(program) || self.home.as_furnished()) && !sys::lost() {
            // No file was made, and /dev/shm is on the same file system; System V objects are no files.
            done.shared = observe::take_named(&self.arena);
            if !plain(program) || self.in_full() {
                done.shared.extend(sys::leftover_ipc(true));
            }
            if !touched.nothing() {
                self.home.settle();
            }
            return;
        }
        done.files = self.home.left_files();
        done.shared = observe::take_shared(self.alone(), &self.arena);
        let full = !self.alone() && !self.home.has_room();
        let renewed = self.home.renew();
        if full {
            // Whose files they are that fill it nobody knows here.
            done.end = End::Harness { message: format!("no room is left on the file system of {}", self.run.display()) };
        } else if renewed.is_err() || !self.sound() {
            // No step does that: it was a program of the case, or the subject.
            let why = renewed.err().map_or_else(|| "the warden's own files are gone".to_owned(), |error| error.to_string());
            done.end = End::Crash { message: format!("the case damaged the directory that it ran in: {why}") };
            done.retire = true;
        }
    }

    /// Whether the run directory still is what the next case needs.
    fn sound(&self) -> bool {
        let there = ["case/bin", "case/tmp", "stdout", "stderr"].iter().all(|name| self.run.join(name).exists());
        there && self.arena.in_place() && !self.arena.forged() && self.seq_is_likely()
    }

    /// Whether the number of the next question is one that was counted up to.
    fn seq_is_likely(&self) -> bool {
        self.arena.header().next_seq.load(Ordering::Acquire) < 1 << 40
    }
}

/// Reaps who was handed to the warden and has ended meanwhile: nobody else's to reap, and nobody's fault. Whether nobody is left.
fn reap_orphans() -> bool {
    sys::ORPHANS_COME_HERE
        && loop {
            match sys::reap(-1) {
                Err(_) => break true,
                Ok(None) => break false,
                Ok(Some(_)) => {}
            }
        }
}

/// How a case ended that seems to have failed by us: where nothing but our own steps ran nobody else can have made it look so.
fn by_us(program: &Program, message: String) -> End {
    if interpreted(program) { End::Harness { message } } else { End::Crash { message } }
}

/// Whether a subject is as it was, as far as it must be to serve on.
fn same([before, after]: &[Option<ProcState>; 2]) -> bool {
    let (Some(before), Some(after)) = (before, after) else { return false };
    let signals = |state: &ProcState| (state.blocked.clone(), state.ignored.clone(), state.caught.clone());
    let place = |state: &ProcState| (state.cwd.clone(), state.umask, state.pgid, state.sid, state.nice);
    signals(before) == signals(after) && place(before) == place(after) && before.fds == after.fds && before.limits == after.limits
}

/// CPU seconds of each process of a case.
fn cpu_seconds(program: &Program) -> u64 {
    program.deadline_ms.div_ceil(1000) + CPU_RESERVE
}

/// Whether the subject's runtime undid what the case rests on: that its children are reaped by the system.
fn undoes_ignoring(wanted: &[i32], adapter: Option<&ProcState>) -> bool {
    wanted.contains(&libc::SIGCHLD) && adapter.is_some_and(|state| !state.ignored.contains(&libc::SIGCHLD))
}

/// Whether a process of the case becomes another user for good, under whom the programs that it executes run.
fn takes_identity(ops: &[Op]) -> bool {
    ops.iter().any(|op| match &op.act {
        Act::Attribute(Attribute::Become { .. }) => true,
        Act::Fork { body, .. } | Act::Vfork { body, .. } | Act::Repeat { body, .. } => takes_identity(body),
        _ => false,
    })
}

/// How many actors, gates, listeners and descriptor slots a case can have; where foreign programs run, any.
fn slots(program: &Program) -> usize {
    if interpreted(program) {
        usize::from(program.actors.max(program.gates).max(program.fd_slots)).max(arena::LISTENERS)
    } else {
        arena::ACTORS
    }
}

/// In the child: takes off what is the warden's alone and performs; its exit code.
fn be_root(program: &Program, arena: &Arena, cpus: &[usize], context: &mut Context, known: Option<&mut Sample>, spared: bool) -> i32 {
    sys::unguard();
    if !spared && !interpreted(program) {
        sys::never_urgent();
    }
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
        let _ = sys::pin(cpus);
    }
    // Refusal means that the hard limit is lower already.
    let _ = sys::limit_cpu(cpu_seconds(program));
    let known = known.map(|sample| {
        sample.be_of_root(actor::own_pid(), cpu_seconds(program));
        Known { sample, spared, highest: -1 }
    });
    let perform = || actor::perform_root(program, arena, context, known);
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(perform)).unwrap_or(PANICKED)
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

/// The first of what a program needs that the subject does not claim, in words.
fn lacking(program: &Program, hello: &Hello) -> Option<String> {
    let lacks = |need: &&str| !hello.capabilities.iter().any(|claimed| claimed == need);
    needs(&program.root).into_iter().find(lacks).map(|need| format!("{} does not claim `{need}`", hello.library))
}

/// The capabilities that the requests of a program need.
pub fn needs(ops: &[Op]) -> Vec<&'static str> {
    let of = |op: &Op| match &op.act {
        Act::Ask { operation, .. } | Act::AskPipeline { operation, .. } => capability::of(operation),
        Act::AskParallel { lists, .. } => ["threads"].into_iter().chain(lists.iter().flat_map(|list| needs(list))).collect(),
        // Of the others a subject notices nothing while it answers.
        Act::Attribute(Attribute::LimitSubject { name, .. }) if name == "NPROC" => vec!["at-limits"],
        Act::Repeat { body, .. } => needs(body),
        _ => Vec::new(),
    };
    ops.iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_limit_on_processes_asks_something_of_the_subject() {
        let limit = |name: &str| Op {
            step: 0,
            lenient: false,
            act: Act::Attribute(Attribute::LimitSubject { name: name.to_owned(), soft: Some(1) }),
        };
        assert_eq!(needs(&[limit("NPROC")]), ["at-limits"]);
        assert!(needs(&[limit("NOFILE"), limit("STACK")]).is_empty());
    }

    #[test]
    fn a_runtime_that_undoes_an_ignored_chld_is_seen() {
        let adapter = |ignored: &[i32]| ProcState { ignored: ignored.to_vec(), ..ProcState::default() };
        let (chld, pipe) = (libc::SIGCHLD, libc::SIGPIPE);
        assert!(undoes_ignoring(&[chld], Some(&adapter(&[pipe]))));
        assert!(!undoes_ignoring(&[chld], Some(&adapter(&[pipe, chld]))));
        assert!(!undoes_ignoring(&[pipe], Some(&adapter(&[]))), "what a runtime does with other signals is judged, not excused");
        assert!(!undoes_ignoring(&[chld], None), "an adapter that could not be looked at is not excused");
    }
}
