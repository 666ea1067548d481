//! Raw measurements, taken in a small process of their own.
//!
//! The main process has threads and megabytes of scenarios; a fork from it costs several times one from a small program, and
//! dividing by that would flatter us. So `childproof-agent __bench-raw`, which is the program that wardens are, is started by
//! exec and forks on request: a line `fork 40` comes in, a line with nanoseconds per round goes out.

use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork, pipe};
use std::ffi::CString;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::AsRawFd;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

/// The first argument by which the agent's program becomes the helper.
pub const WORD: &str = "__bench-raw";

/// One kind of measurement.
pub struct Job {
    /// As results name it.
    pub name: &'static str,
    /// As the helper is asked.
    word: &'static str,
    /// How often per round.
    times: u32,
}

/// Every kind.
pub const JOBS: &[Job] = &[
    Job { name: "fork+exit+wait", word: "fork", times: 60 },
    Job { name: "fork+exec+wait", word: "exec", times: 30 },
    Job { name: "two forks", word: "two", times: 30 },
    Job { name: "pipe round trip", word: "ping", times: 2000 },
    Job { name: "agent start", word: "agent", times: 30 },
    Job { name: "bwrap", word: "bwrap", times: 3 },
];

/// What two helpers do side by side: what the machine itself makes of two processes that fork.
pub const SIDE: Job = Job { name: "forks", word: "fork", times: 300 };

/// The helper.
pub struct Raw {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Raw {
    /// Starts it.
    ///
    /// # Errors
    /// Those of starting a program.
    pub fn start() -> io::Result<Raw> {
        let mut command = Command::new(agent()?);
        // An agent that is started without a part says so; here only its start counts.
        let mut child = command.arg(WORD).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let gone = || io::Error::other("the helper has no pipe");
        let (to, from) = (child.stdin.take().ok_or_else(gone)?, child.stdout.take().ok_or_else(gone)?);
        Ok(Raw { child, to, from: BufReader::new(from) })
    }

    /// Nanoseconds per round of a job; `None` where the program that it needs is not installed.
    ///
    /// # Errors
    /// A helper that is gone.
    pub fn ask(&mut self, job: &Job) -> io::Result<Option<f64>> {
        self.order(job)?;
        self.hear()
    }

    fn order(&mut self, job: &Job) -> io::Result<()> {
        writeln!(self.to, "{} {}", job.word, job.times)
    }

    fn hear(&mut self) -> io::Result<Option<f64>> {
        let mut line = String::new();
        if self.from.read_line(&mut line)? == 0 {
            return Err(io::Error::other("the helper for raw measurements is gone"));
        }
        Ok(line.trim().parse().ok())
    }
}

/// Nanoseconds per round of a job that both do at the same time, whichever took longer.
///
/// # Errors
/// As [`Raw::ask`].
pub fn ask_both(first: &mut Raw, second: &mut Raw, job: &Job) -> io::Result<Option<f64>> {
    first.order(job)?;
    second.order(job)?;
    let answers = (first.hear()?, second.hear()?);
    Ok(answers.0.zip(answers.1).map(|(first, second)| first.max(second)))
}

impl Drop for Raw {
    fn drop(&mut self) {
        // It ends by itself when its input does; here only so that it is gone, and reaped, before we are.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The helper's main.
pub fn main() -> ! {
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines().map_while(Result::ok) {
        let (word, times) = line.split_once(' ').unwrap_or((&line, "1"));
        let answer = measured(word, times.parse().unwrap_or(1)).map_or_else(|_| "-".to_owned(), |nanos| format!("{nanos:.0}"));
        if writeln!(out, "{answer}").and_then(|()| out.flush()).is_err() {
            break;
        }
    }
    std::process::exit(0)
}

fn measured(word: &str, times: u32) -> io::Result<f64> {
    match word {
        "fork" => timed(times, || one_fork(&no_program())),
        "exec" => timed(times, || one_fork(&program(&["/bin/true"])?)),
        "two" => timed(times, || one_fork(&no_program()).and_then(|()| one_fork(&no_program()))),
        "ping" => ping(times),
        "agent" => timed(times, || one_fork(&program(&[&agent()?])?)),
        "bwrap" => timed(times, || one_fork(&program(&["bwrap", "--unshare-all", "--ro-bind", "/", "/", "/bin/true"])?)),
        _ => Err(io::Error::other("no such measurement")),
    }
}

fn timed(times: u32, mut once: impl FnMut() -> io::Result<()>) -> io::Result<f64> {
    let began = Instant::now();
    for _ in 0..times {
        once()?;
    }
    Ok(began.elapsed().as_nanos() as f64 / f64::from(times))
}

/// Arguments of a program whose path is already found: looking it up is not what is measured.
struct Program(Vec<CString>);

fn no_program() -> Program {
    Program(Vec::new())
}

fn program(argv: &[&str]) -> io::Result<Program> {
    let mut argv: Vec<String> = argv.iter().map(|arg| (*arg).to_owned()).collect();
    argv[0] = found(&argv[0])?;
    Ok(Program(argv.into_iter().filter_map(|arg| CString::new(arg).ok()).collect()))
}

fn found(name: &str) -> io::Result<String> {
    let paths = std::env::var("PATH").unwrap_or_default();
    let places = if name.contains('/') { vec![name.to_owned()] } else { paths.split(':').map(|dir| format!("{dir}/{name}")).collect() };
    let place = places.into_iter().find(|place| std::path::Path::new(place).is_file());
    place.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, name.to_owned()))
}

fn agent() -> io::Result<String> {
    let beside = std::env::current_exe()?.with_file_name("childproof-agent");
    Ok(beside.to_string_lossy().into_owned())
}

fn one_fork(program: &Program) -> io::Result<()> {
    // SAFETY: this process has one thread; the child performs execv or _exit and nothing else.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => waitpid(child, None).map(|_| ()).map_err(io::Error::from),
        ForkResult::Child => {
            if let Some(path) = program.0.first() {
                let _ = nix::unistd::execv(path, &program.0);
            }
            // SAFETY: _exit(2) is async-signal-safe and never returns.
            unsafe { libc::_exit(0) }
        }
    }
}

/// A byte to a child and back.
fn ping(times: u32) -> io::Result<f64> {
    let ((there_read, there_write), (back_read, back_write)) = (pipe()?, pipe()?);
    // SAFETY: this process has one thread; the child reads, writes and exits.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => {
            drop((there_read, back_write));
            let (mut to, mut from) = (std::fs::File::from(there_write), std::fs::File::from(back_read));
            let mut byte = [0];
            let nanos = timed(times, || to.write_all(&byte).and_then(|()| from.read_exact(&mut byte)));
            drop((to, from));
            waitpid(child, None)?;
            nanos
        }
        ForkResult::Child => {
            drop((there_write, back_read));
            echo(there_read.as_raw_fd(), back_write.as_raw_fd())
        }
    }
}

fn echo(from: i32, to: i32) -> ! {
    let mut byte = 0u8;
    // SAFETY: both descriptors are open until this process ends, and the buffer is one byte long.
    unsafe {
        while libc::read(from, (&raw mut byte).cast(), 1) == 1 && libc::write(to, (&raw const byte).cast(), 1) == 1 {}
        libc::_exit(0)
    }
}
