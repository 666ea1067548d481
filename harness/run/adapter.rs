//! The life of a subject's adapter inside the sandbox: a child of the warden that serves many cases.
//!
//! It is talked to over two FIFOs that the warden keeps open for reading and writing, so that neither side ever sees an end of
//! file; that it lives is known from being its parent. Anything unexpected (a crash, a hang, a broken rule, something left)
//! ends it, and the next case gets a fresh one.

use super::frame::{AdapterCommand, ended_in_words};
use super::privilege;
use crate::generate::program::SubjectStart;
use crate::sys;
use crate::trace::End;
use crate::wire::client::{Client, WireError};
use crate::wire::message::{Hello, Operation, REPLIES, REQUESTS, ReplyBody};
use std::ffi::CString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// CPU seconds that an adapter may use in its whole life.
const CPU_SECONDS: u64 = 3600;

/// A running adapter.
pub struct Adapter {
    command: AdapterCommand,
    start: SubjectStart,
    /// Its process.
    pub pid: i32,
    /// What it said first.
    pub hello: Hello,
    /// Processes that it had started by then: a fork server, a resource tracker. They are no case's.
    pub helpers: Vec<i32>,
    requests: File,
    replies: File,
    paths: [PathBuf; 2],
}

impl Adapter {
    /// Starts one and hears its hello.
    ///
    /// # Errors
    /// How the case ends that needed it.
    pub fn start(run: &Path, number: u64, command: &AdapterCommand, start: &SubjectStart, limit_ms: u64) -> Result<Adapter, End> {
        let harness = |error: io::Error| End::Harness { message: format!("make the FIFOs of the subject: {error}") };
        let paths = ["requests", "replies"].map(|name| run.join(format!("{name}-{number}")));
        let [requests, replies] = [fifo(&paths[0]).map_err(harness)?, fifo(&paths[1]).map_err(harness)?];
        let pid = launch(command, start, &paths)?;
        let mut client = Client::new(requests.as_raw_fd(), replies.as_raw_fd(), pid);
        match client.hello(limit_ms) {
            Ok(hello) if start.spare.is_some() => match leave_spare(pid, start.spare.unwrap_or(0)) {
                Err(error) => Err(End::Unavailable { reason: format!("limit the subject's descriptors: {error}") }),
                Ok(()) => Ok(Adapter {
                    command: command.clone(),
                    start: start.clone(),
                    pid,
                    hello,
                    helpers: Vec::new(),
                    requests,
                    replies,
                    paths,
                }),
            },
            Ok(hello) => {
                Ok(Adapter { command: command.clone(), start: start.clone(), pid, hello, helpers: Vec::new(), requests, replies, paths })
            }
            Err(error) => {
                remove(&paths);
                Err(failed_start(&error, command, pid, limit_ms))
            }
        }
    }

    /// Whether it can serve a case that wants this adapter started this way. A special wish is never served twice.
    pub fn serves(&self, command: &AdapterCommand, start: &SubjectStart) -> bool {
        let usual = SubjectStart::default();
        self.command == *command && self.start == usual && *start == usual
    }

    /// The descriptors to write requests to and read replies from.
    pub fn fds(&self) -> [i32; 2] {
        [self.requests.as_raw_fd(), self.replies.as_raw_fd()]
    }

    /// Asks it to drop everything; `seq` is the number of the last question it was asked.
    ///
    /// # Errors
    /// What it did instead of answering.
    pub fn reset(&self, seq: u64, limit_ms: u64) -> Result<(), String> {
        self.ask(&Operation::Reset, seq, limit_ms)
    }

    /// Asks it to end.
    pub fn quit(&self, seq: u64, limit_ms: u64) {
        // Whether it does or not: everything is killed after it.
        let _ = self.ask(&Operation::Quit, seq, limit_ms);
    }

    fn ask(&self, operation: &Operation, seq: u64, limit_ms: u64) -> Result<(), String> {
        let mut client = Client::resume(self.requests.as_raw_fd(), self.replies.as_raw_fd(), self.pid, seq);
        match client.ask(operation, limit_ms) {
            Ok(reply) => match reply.body {
                ReplyBody::Ok(_) => Ok(()),
                other => Err(format!("it answered {other:?}")),
            },
            Err(error) => Err(error.to_string()),
        }
    }
}

impl Drop for Adapter {
    fn drop(&mut self) {
        remove(&self.paths);
    }
}

/// Lets a process open so many more descriptors: as many numbers below its new limit are free.
fn leave_spare(pid: i32, spare: u64) -> io::Result<()> {
    let used: Vec<i32> = sys::state_of(pid)?.fds.iter().map(|fd| fd.fd).collect();
    sys::limit_of(pid, libc::RLIMIT_NOFILE, Some(limit_that_spares(&used, spare)))
}

fn limit_that_spares(used: &[i32], spare: u64) -> u64 {
    let (mut limit, mut free) = (0, 0);
    while free < spare || used.iter().any(|fd| *fd <= 2 && u64::from(fd.unsigned_abs()) >= limit) {
        free += u64::from(!used.iter().any(|fd| u64::from(fd.unsigned_abs()) == limit));
        limit += 1;
    }
    limit
}

fn remove(paths: &[PathBuf]) {
    for path in paths {
        // What cannot be removed goes with the run directory.
        let _ = fs::remove_file(path);
    }
}

fn fifo(path: &Path) -> io::Result<File> {
    remove(&[path.to_owned()]);
    nix::unistd::mkfifo(path, nix::sys::stat::Mode::from_bits_truncate(0o600)).map_err(io::Error::from)?;
    OpenOptions::new().read(true).write(true).custom_flags(libc::O_CLOEXEC).open(path)
}

fn failed_start(error: &WireError, command: &AdapterCommand, pid: i32, limit_ms: u64) -> End {
    let program = command.shown();
    match error {
        WireError::Died { .. } => {
            let how = sys::wait_for(pid).map_or_else(|error| error.to_string(), ended_in_words);
            End::Crash { message: format!("the subject (`{program}`) {how} before it said hello") }
        }
        WireError::TimedOut => End::Crash { message: format!("the subject (`{program}`) did not say hello within {limit_ms} ms") },
        WireError::Protocol(message) => End::Protocol { message: format!("the subject's hello: {message}") },
        WireError::Io(error) => End::Harness { message: format!("speak to the subject: {error}") },
    }
}

/// Forks and executes it; an exec that fails is told by its errno.
fn launch(command: &AdapterCommand, start: &SubjectStart, paths: &[PathBuf; 2]) -> Result<i32, End> {
    let harness = |message: String| End::Harness { message };
    let words: Result<Vec<CString>, _> = command.argv.iter().map(|word| CString::new(word.as_bytes())).collect();
    let words = words.map_err(|error| harness(format!("the subject's command line: {error}")))?;
    let (mut told, tell) = io::pipe().map_err(|error| harness(format!("make a pipe: {error}")))?;
    let tell = above_held(tell).map_err(|error| harness(format!("move a pipe: {error}")))?;
    // SAFETY: the warden has one thread.
    match unsafe { sys::fork() } {
        Err(error) => Err(harness(format!("fork the subject: {error}"))),
        Ok(0) => {
            drop(told);
            let errno = become_adapter(&words, command, start, paths, tell.as_raw_fd());
            let _ = io::Write::write_all(&mut File::from(tell), &errno.to_ne_bytes());
            sys::exit_now(127)
        }
        Ok(pid) => {
            sys::remember_session(pid);
            drop(tell);
            let mut errno = [0; 4];
            match told.read_exact(&mut errno) {
                // Nothing was told: the pipe was closed by a successful exec.
                Err(_) => Ok(pid),
                Ok(()) => {
                    let _ = sys::wait_for(pid);
                    let error = io::Error::from_raw_os_error(i32::from_ne_bytes(errno));
                    Err(End::Unavailable { reason: format!("the subject `{}` cannot be executed: {error}", command.shown()) })
                }
            }
        }
    }
}

/// The same end under a number that no wish is about.
fn above_held(end: io::PipeWriter) -> io::Result<OwnedFd> {
    // SAFETY: the descriptor is ours and open; the kernel makes the new one, which nobody else has.
    unsafe { sys::check(libc::fcntl(end.as_raw_fd(), libc::F_DUPFD_CLOEXEC, 100)).map(|fd| OwnedFd::from_raw_fd(fd)) }
}

/// In the child: everything that is wished for, then exec. Comes back with an errno only when something failed.
fn become_adapter(words: &[CString], command: &AdapterCommand, start: &SubjectStart, paths: &[PathBuf; 2], tell: i32) -> i32 {
    let mut argv: Vec<*const libc::c_char> = words.iter().map(|word| word.as_ptr()).collect();
    argv.push(std::ptr::null());
    for (name, value) in &command.env {
        // SAFETY: a forked child of a single-threaded process has one thread.
        unsafe { std::env::set_var(name, value) };
    }
    for (name, path) in [REQUESTS, REPLIES].iter().zip(paths) {
        // SAFETY: as above.
        unsafe { std::env::set_var(name, path) };
    }
    let usual = std::env::var("PATH").unwrap_or_default();
    if let Some(path) = &start.path {
        // SAFETY: as above.
        unsafe { std::env::set_var("PATH", format!("{path}:{usual}")) };
    }
    let Err(error) = prepare(start, tell) else {
        // SAFETY: `argv` is a null-terminated array of C strings that outlive the call.
        unsafe { libc::execvp(words[0].as_ptr(), argv.as_ptr()) };
        return io::Error::last_os_error().raw_os_error().unwrap_or(libc::EINVAL);
    };
    error.raw_os_error().unwrap_or(libc::EINVAL)
}

/// The state that the adapter is to find. `tell` is kept open until the exec.
fn prepare(start: &SubjectStart, tell: i32) -> io::Result<()> {
    sys::unguard();
    sys::never_urgent();
    sys::let_others_look();
    sys::Watch::forget();
    // SAFETY: setsid takes no memory.
    unsafe { libc::setsid() };
    sys::limit_cpu(CPU_SECONDS)?;
    for number in &start.hold {
        hold(*number)?;
    }
    if let Some((path, number)) = &start.listen {
        hand_over(UnixListener::bind(path)?.into(), *number)?;
    }
    if let Some((one, other)) = start.pair {
        let (left, right) = UnixStream::pair()?;
        hand_over(left.into(), one)?;
        hand_over(right.into(), other)?;
    }
    if start.write_only_stdin {
        hand_over(OpenOptions::new().write(true).open("/dev/null")?.into(), 0)?;
    }
    for _ in 0..start.stray {
        // Without close-on-exec, so that the adapter has them from its start.
        // SAFETY: a C string literal; the descriptor is left open on purpose.
        sys::check(unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) })?;
    }
    if let Some(most) = start.nofile {
        soft_nofile(most)?;
    }
    for fd in start.closed.iter().filter(|fd| **fd != tell) {
        // SAFETY: descriptors are numbers; this process uses none of them before its exec.
        unsafe { libc::close(*fd) };
    }
    if !start.groups.is_empty() {
        // The type of the count differs between systems. SAFETY: a list of numbers and how many they are.
        sys::check(unsafe { libc::setgroups(start.groups.len() as _, start.groups.as_ptr()) })?;
    }
    for signal in &start.ignored {
        // SAFETY: SIG_IGN is a valid disposition.
        unsafe { libc::signal(*signal, libc::SIG_IGN) };
    }
    // SAFETY: geteuid cannot fail.
    if start.ordinary && unsafe { libc::geteuid() } == 0 {
        sys::become_ordinary(privilege::ORDINARY)?;
    }
    block(&start.blocked)
}

/// A descriptor of this number on a file of its own: the reading end of a pipe that nobody writes to.
fn hold(number: i32) -> io::Result<()> {
    let (end, _) = io::pipe()?;
    hand_over(end.into(), number)
}

/// Gives the adapter a descriptor under a number, inheritable.
fn hand_over(end: OwnedFd, number: i32) -> io::Result<()> {
    // SAFETY: this process uses no descriptor of the numbers that may be held, and dup2 clears close-on-exec.
    sys::check(unsafe { libc::dup2(end.as_raw_fd(), number) })?;
    if end.as_raw_fd() == number {
        // It was there already: it stays, and is handed on. SAFETY: sets the flags of a descriptor that is open.
        sys::check(unsafe { libc::fcntl(end.into_raw_fd(), libc::F_SETFD, 0) })?;
    }
    Ok(())
}

fn soft_nofile(most: u64) -> io::Result<()> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a valid place for one rlimit.
    sys::check(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) })?;
    limit.rlim_cur = most.min(limit.rlim_max);
    // SAFETY: `limit` is a valid rlimit.
    sys::check(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) }).map(drop)
}

fn block(signals: &[i32]) -> io::Result<()> {
    // SAFETY: an all-zero set is valid and a valid place for one.
    let mut set: libc::sigset_t = unsafe { std::mem::zeroed() };
    for signal in signals {
        // SAFETY: as above.
        sys::check(unsafe { libc::sigaddset(&raw mut set, *signal) })?;
    }
    // SAFETY: `set` is a valid set.
    let failed = unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()) };
    if failed == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(failed)) }
}

#[cfg(test)]
mod tests {
    use super::limit_that_spares;

    #[test]
    fn so_many_numbers_below_the_limit_are_free() {
        assert_eq!(limit_that_spares(&[0, 1, 2, 10, 11], 0), 3);
        assert_eq!(limit_that_spares(&[0, 1, 2, 10, 11], 7), 10);
        assert_eq!(limit_that_spares(&[0, 1, 2, 10, 11], 8), 13);
        assert_eq!(limit_that_spares(&[0, 2], 1), 3);
    }
}
