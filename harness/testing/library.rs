//! A library as its author describes it: how it starts a program, and what can be done with what was started.

use crate::wire::adapter::{errno_name, input, text};
use crate::wire::message::{self, EnvRequest, Failure, ReplyBody, SpawnRequest, Stdio, UserRequest};
use nix::errno::Errno;
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::time::Duration;

/// A library that starts processes.
///
/// What [`Library::capabilities`] does not claim is never asked for (`childproof list capabilities` names them all); whatever else a
/// library does not offer is [`Refused::Unsupported`], and the scenario counts as such.
pub trait Library: Send + Sync + 'static {
    /// What it hands back for a program that was started. Giving it up (`drop`) is dropping it.
    type Child: Child;

    /// What it offers.
    fn capabilities(&self) -> &[&str];

    /// Starts a program.
    ///
    /// # Errors
    /// Those of the library; a start that is not asked for in a form it knows.
    fn spawn(&self, start: &Start) -> Result<Self::Child, Refused>;

    /// `run` and `run-pipeline`: the library's own call that starts, gives input, collects and waits. What ended with a status
    /// other than 0 has a status all the same, even where the library calls that an error.
    ///
    /// # Errors
    /// As [`Library::spawn`].
    fn run(&self, stages: &[Start], input: Option<&[u8]>) -> Result<Output, Refused> {
        let _ = (stages, input);
        Refused::unsupported("it has no such call")
    }

    /// `pipeline`: several programs, each one's output connected to the next one's input; `stderr` is where the standard error of all
    /// leads (`pipeline-stderr`).
    ///
    /// # Errors
    /// As [`Library::spawn`].
    fn pipeline(&self, stages: &[Start], stderr: Option<&Stdio>) -> Result<Self::Child, Refused> {
        let _ = (stages, stderr);
        Refused::unsupported("it connects no programs")
    }

    /// After each case, when every child was given up.
    fn reset(&self) {}
}

/// What was started. Threads share it, so whoever needs `&mut` puts a lock inside.
pub trait Child: Send + Sync + 'static {
    /// Its process id, where the library tells.
    fn id(&self) -> Option<u32>;

    /// Of a pipeline: each stage's process id, from left to right.
    fn ids(&self) -> Vec<u32> {
        Vec::new()
    }

    /// Waits for its end. `limit` (capability `wait-timeout`) ran out: `None`.
    ///
    /// # Errors
    /// Those of the library.
    fn wait(&self, limit: Option<Duration>) -> Result<Option<Status>, Refused>;

    /// How it ended, `None` while it runs.
    ///
    /// # Errors
    /// Those of the library.
    fn poll(&self) -> Result<Option<Status>, Refused> {
        Refused::unsupported("it has no poll")
    }

    /// Of a pipeline, after its end: how each stage ended, where the library tells.
    fn statuses(&self) -> Vec<Option<Status>> {
        Vec::new()
    }

    /// The library's own kill.
    ///
    /// # Errors
    /// Those of the library.
    fn kill(&self) -> Result<(), Refused> {
        Refused::unsupported("it has no kill")
    }

    /// The library's own terminate.
    ///
    /// # Errors
    /// Those of the library.
    fn terminate(&self) -> Result<(), Refused> {
        Refused::unsupported("it has no terminate")
    }

    /// Sends a signal, by its number.
    ///
    /// # Errors
    /// Those of the library.
    fn signal(&self, signal: i32) -> Result<(), Refused> {
        let _ = signal;
        Refused::unsupported("it sends no signals")
    }

    /// Writes all of `data` to its standard input.
    ///
    /// # Errors
    /// Those of the library.
    fn write(&self, data: &[u8]) -> Result<(), Refused> {
        let _ = data;
        Refused::unsupported("it has no standard input")
    }

    /// Closes its standard input.
    ///
    /// # Errors
    /// Those of the library.
    fn close_stdin(&self) -> Result<(), Refused> {
        Refused::unsupported("it has no standard input")
    }

    /// Reads to the end, or exactly so many bytes unless it ends before (`read-some`).
    ///
    /// # Errors
    /// Those of the library.
    fn read(&self, stream: Stream, bytes: Option<u64>) -> Result<Vec<u8>, Refused> {
        let _ = (stream, bytes);
        Refused::unsupported("it has no outputs")
    }

    /// Closes this side's end of an output.
    ///
    /// # Errors
    /// Those of the library.
    fn close(&self, stream: Stream) -> Result<(), Refused> {
        let _ = stream;
        Refused::unsupported("its outputs cannot be closed")
    }

    /// Input, both outputs and the status in one call. `limit` (`communicate-timeout`) ran out: `None`.
    ///
    /// # Errors
    /// Those of the library.
    fn communicate(&self, input: Option<&[u8]>, limit: Option<Duration>) -> Result<Option<Output>, Refused> {
        let _ = (input, limit);
        Refused::unsupported("it has no such call")
    }
}

/// An output of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Descriptor 1.
    Stdout,
    /// Descriptor 2.
    Stderr,
}

/// How a child ended, as the library says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// It exited with this code.
    Exited(i32),
    /// It died by this signal number.
    Killed(i32),
    /// The library cannot tell (its own words).
    Unknown(String),
}

impl From<ExitStatus> for Status {
    fn from(status: ExitStatus) -> Status {
        let signal = status.signal().map(Status::Killed);
        signal.or(status.code().map(Status::Exited)).unwrap_or_else(|| Status::Unknown(status.to_string()))
    }
}

impl From<Status> for message::Status {
    fn from(status: Status) -> message::Status {
        match status {
            Status::Exited(code) => message::Status::Exited(code),
            Status::Killed(signal) => message::Status::Killed(signal),
            Status::Unknown(words) => message::Status::Unknown(words),
        }
    }
}

/// What was collected of a child.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// Standard output, where it was collected.
    pub stdout: Option<Vec<u8>>,
    /// Standard error, where it was collected.
    pub stderr: Option<Vec<u8>>,
    /// How it ended, by the library's own rule for several stages.
    pub status: Option<Status>,
    /// How each stage ended, where the library tells.
    pub statuses: Vec<Option<Status>>,
}

/// Why an operation came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// As the library raised it.
    Failed {
        /// The errno, where the library tells.
        errno: Option<i32>,
        /// The library's own name for the error.
        kind: String,
        /// Its text.
        message: String,
    },
    /// The library does not offer it, for this reason.
    Unsupported(String),
}

impl Refused {
    /// The library does not offer it.
    ///
    /// # Errors
    /// Always: to be returned.
    pub fn unsupported<T>(why: &str) -> Result<T, Refused> {
        Err(Refused::Unsupported(why.to_owned()))
    }

    /// As the adapter's reply.
    pub(super) fn reply(self) -> ReplyBody {
        match self {
            Refused::Failed { errno, kind, message } => ReplyBody::Error(Failure { errno: errno.map(errno_name), kind, message }),
            Refused::Unsupported(why) => ReplyBody::Unsupported(why),
        }
    }
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Refused {
        Refused::Failed { errno: error.raw_os_error(), kind: format!("{:?}", error.kind()), message: error.to_string() }
    }
}

/// What to start, and how. Whatever is absent is the library's default: nothing is to be passed for it.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// Path of the program, or a bare name to be found through PATH.
    pub program: OsString,
    /// Arguments after `argv[0]`.
    pub args: Vec<OsString>,
    /// What the child sees as `argv[0]` in the place of the program (`arg0`).
    pub arg0: Option<OsString>,
    /// Variables, and whether they replace all inherited ones (`env`, `env-replace`).
    pub env: Option<(bool, Vec<(OsString, OsString)>)>,
    /// Working directory (`cwd`).
    pub cwd: Option<PathBuf>,
    /// Standard input (`stdio-*`).
    pub stdin: Option<Stdio>,
    /// Standard output.
    pub stdout: Option<Stdio>,
    /// Standard error.
    pub stderr: Option<Stdio>,
    /// Descriptors that the child has under the same numbers (`pass-fds`).
    pub pass: Vec<i32>,
    /// The child leads a new session (`session`).
    pub new_session: bool,
    /// The child leads a new process group (`process-group`).
    pub new_group: bool,
    /// The same, and kill, terminate, signal and wait mean all of it (`group-kill`).
    pub own_group: bool,
    /// By the library's daemonising call (`daemon`).
    pub daemon: bool,
    /// Dropping it kills the child and reaps it (`kill-on-drop`).
    pub kill_on_drop: bool,
    /// File mode creation mask (`umask`).
    pub umask: Option<u32>,
    /// Who the child is to be (`user`).
    pub user: Option<UserRequest>,
}

impl Start {
    pub(super) fn of(request: &SpawnRequest) -> io::Result<Start> {
        let env = |env: &EnvRequest| {
            let vars = env.vars.iter().map(|(name, value)| Ok((text(name)?, text(value)?)));
            Ok::<_, io::Error>((env.replace, vars.collect::<io::Result<_>>()?))
        };
        Ok(Start {
            program: text(&request.program)?,
            args: request.args.iter().map(text).collect::<io::Result<_>>()?,
            arg0: request.arg0.as_ref().map(text).transpose()?,
            env: request.env.as_ref().map(env).transpose()?,
            cwd: request.cwd.as_ref().map(text).transpose()?.map(PathBuf::from),
            stdin: request.stdin.clone(),
            stdout: request.stdout.clone(),
            stderr: request.stderr.clone(),
            pass: request.pass.clone(),
            new_session: request.new_session,
            new_group: request.new_group,
            own_group: request.own_group,
            daemon: request.daemon,
            kill_on_drop: request.kill_on_drop,
            umask: request.umask,
            user: request.user.clone(),
        })
    }

    /// It as a command of `std::process`, for libraries that take one: program, arguments, environment, directory, standard
    /// descriptors, `arg0`, process group, user and group.
    ///
    /// # Errors
    /// A file or descriptor that cannot be opened; what `std` has no word for.
    pub fn command(&self) -> Result<Command, Refused> {
        let mut command = Command::new(&self.program);
        command.args(&self.args);
        self.arg0.as_ref().map(|name| command.arg0(name));
        if let Some((replace, vars)) = &self.env {
            if *replace {
                command.env_clear();
            }
            command.envs(vars.iter().map(|(name, value)| (name, value)));
        }
        self.cwd.as_ref().map(|cwd| command.current_dir(cwd));
        if let Some(stdin) = &self.stdin {
            command.stdin(place(stdin, true)?);
        }
        if let Some(stdout) = &self.stdout {
            command.stdout(place(stdout, false)?);
        }
        if let Some(stderr) = &self.stderr {
            command.stderr(place(stderr, false)?);
        }
        if self.new_group {
            command.process_group(0);
        }
        let user = self.user.clone().unwrap_or_default();
        if user.groups.is_some() {
            return Refused::unsupported("std's call for supplementary groups is not stable");
        }
        user.uid.map(|uid| command.uid(uid));
        user.gid.map(|gid| command.gid(gid));
        Ok(command)
    }
}

fn place(wanted: &Stdio, reading: bool) -> Result<std::process::Stdio, Refused> {
    Ok(match wanted {
        Stdio::Inherit => std::process::Stdio::inherit(),
        Stdio::Null => std::process::Stdio::null(),
        Stdio::Pipe => std::process::Stdio::piped(),
        Stdio::File(path) if reading => OpenOptions::new().read(true).open(path)?.into(),
        Stdio::File(path) => OpenOptions::new().append(true).create(true).open(path)?.into(),
        // SAFETY: it is only duplicated; that it may be closed is what a scenario asks about, and dup then says EBADF.
        Stdio::Fd(fd) if *fd >= 0 => unsafe { BorrowedFd::borrow_raw(*fd) }.try_clone_to_owned()?.into(),
        Stdio::Fd(_) => return Err(io::Error::from_raw_os_error(Errno::EBADF as i32).into()),
        Stdio::Stdout | Stdio::Pty => return Refused::unsupported("std knows no such place for a standard descriptor"),
    })
}

/// The bytes of a request's input.
pub(super) fn bytes(data: &message::Data) -> Result<Vec<u8>, Refused> {
    Ok(input(data)?)
}
