//! One running adapter under probe: its FIFOs, its process, and short ways to ask.

use crate::plan::value::Value;
use crate::run::subject::Subject;
use crate::wire::client::{Client, TWO_PROCESSES};
use crate::wire::message::{Fields, Hello, Operation, REPLIES, REQUESTS, Reply, ReplyBody, SpawnRequest, Stdio};
use crate::wire::watch::Watch;
use nix::fcntl::{OFlag, open};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::sys::stat::Mode;
use nix::unistd::{Pid, mkfifo};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio as Std};
use tempfile::TempDir;

/// A running adapter. Dropping it ends the adapter and everything in its process group.
pub struct Session {
    pub client: Client,
    pub hello: Hello,
    /// Why the rule that is tried says nothing of this library: set by the rule.
    pub passed_over: Option<String>,
    adapter: Adapter,
    limit_ms: u64,
    _ends: [OwnedFd; 2],
    dir: TempDir,
}

/// The adapter's process, ended with its group when dropped.
struct Adapter {
    process: Child,
    reaped: bool,
}

impl Adapter {
    fn pid(&self) -> i32 {
        i32::try_from(self.process.id()).unwrap_or(0)
    }

    /// Ends whatever is left of its group, which it leads, then reaps it. In this order, for until then the number is its own.
    fn reap(&mut self) -> io::Result<ExitStatus> {
        if !self.reaped && self.pid() > 1 {
            let _ = killpg(Pid::from_raw(self.pid()), Signal::SIGKILL);
        }
        self.reaped = true;
        self.process.wait()
    }
}

impl Drop for Adapter {
    fn drop(&mut self) {
        let _ = self.reap();
    }
}

impl Session {
    /// Starts the adapter and hears its hello.
    pub fn start(subject: &Subject, childproof: &Path, limit_ms: u64) -> Result<Session, String> {
        let harness = |error: io::Error| format!("childproof cannot prepare the probe: {error}");
        let dir = tempfile::Builder::new().prefix("childproof-probe-").tempdir().map_err(harness)?;
        let paths = [dir.path().join("requests"), dir.path().join("replies")];
        let requests = fifo(&paths[0]).map_err(harness)?;
        let replies = fifo(&paths[1]).map_err(harness)?;
        let adapter = launch(subject, childproof, &paths, dir.path())?;
        let pid = i32::try_from(adapter.process.id()).map_err(|_| "its process id is out of range".to_owned())?;
        let mut client = Client::new(requests.as_raw_fd(), replies.as_raw_fd(), pid);
        let hello = client.hello(limit_ms).map_err(|error| format!("no hello: {error}{}", complaint(dir.path())))?;
        Ok(Session { client, hello, passed_over: None, adapter, limit_ms, _ends: [requests, replies], dir })
    }

    /// Whether the adapter claims a capability.
    pub fn claims(&self, capability: &str) -> bool {
        self.hello.capabilities.iter().any(|claimed| claimed == capability)
    }

    /// Asks; a reply of any kind is fine.
    pub fn ask(&mut self, operation: &Operation) -> Result<ReplyBody, String> {
        self.client.ask(operation, self.limit_ms).map(|reply| reply.body).map_err(|error| self.explained(&error))
    }

    /// Asks what must succeed.
    pub fn succeed(&mut self, operation: &Operation) -> Result<Fields, String> {
        match self.ask(operation)? {
            ReplyBody::Ok(fields) => Ok(*fields),
            ReplyBody::Unsupported(reason) => {
                self.passed_over = Some(reason.clone());
                Err(format!("{} is unsupported: {reason}", name(operation)))
            }
            other => Err(format!("{} was to succeed, but: {}", name(operation), describe(&other))),
        }
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.client.send_raw(bytes, self.limit_ms).map_err(|error| self.explained(&error))
    }

    /// Hears the answer to a request that was sent as bytes.
    pub fn hear(&mut self, seq: u64) -> Result<Reply, String> {
        self.client.answer_to(seq, self.limit_ms).map_err(|error| self.explained(&error))
    }

    /// A sequence number that was not used yet.
    pub fn next_seq(&self) -> u64 {
        self.client.seq() + 1
    }

    /// Starts `sh -c SCRIPT sh ARGS...` with its output on a pipe where that is claimed; the handle.
    pub fn shell(&mut self, script: &str, args: Vec<Value>) -> Result<String, String> {
        let mut all = vec![Value::Text("-c".into()), Value::Text(script.into()), Value::Text("sh".into())];
        all.extend(args);
        let stdout = self.claims("stdio-pipe").then_some(Stdio::Pipe);
        let request = SpawnRequest { program: Value::Text("/bin/sh".into()), args: all, stdout, ..SpawnRequest::default() };
        let fields = self.succeed(&Operation::Spawn(Box::new(request)))?;
        fields.handle.ok_or_else(|| "the reply to spawn names no handle".into())
    }

    /// Path of one of the FIFOs as text.
    pub fn fifo_paths(&self) -> Vec<Value> {
        ["requests", "replies"].iter().map(|name| Value::Text(self.dir.path().join(name).to_string_lossy().into_owned())).collect()
    }

    /// What the adapter wrote to its standard output so far.
    pub fn printed(&self) -> String {
        std::fs::read(self.dir.path().join("stdout")).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// That nothing more came than was asked for.
    pub fn nothing_unasked(&mut self) -> Result<(), String> {
        match self.client.extra_replies().first() {
            Some(seen) if seen.pid != self.adapter.pid() => {
                Err(format!("process {} answered question {}: {TWO_PROCESSES}", seen.pid, seen.seq))
            }
            Some(seen) => Err(format!("two replies: one more came to question {}", seen.seq)),
            None => Ok(()),
        }
    }

    /// Waits for the adapter's end, which must be with status 0.
    pub fn end(&mut self) -> Result<(), String> {
        let said = |error: io::Error| format!("childproof cannot wait for it: {error}");
        let watch = Watch::of(self.adapter.pid()).map_err(said)?;
        let limit = PollTimeout::try_from(self.limit_ms).unwrap_or(PollTimeout::MAX);
        match poll(&mut [PollFd::new(watch.as_fd(), PollFlags::POLLIN)], limit) {
            Ok(0) => return Err(format!("it still ran {} ms after it had answered quit", self.limit_ms)),
            Ok(_) => {}
            Err(error) => return Err(said(error.into())),
        }
        match self.adapter.reap().map_err(said)? {
            status if status.success() => Ok(()),
            status => Err(format!("it ended with {status} after quit{}", complaint(self.dir.path()))),
        }
    }

    fn explained(&self, error: &crate::wire::client::WireError) -> String {
        format!("{error}{}", complaint(self.dir.path()))
    }
}

fn fifo(path: &Path) -> io::Result<OwnedFd> {
    mkfifo(path, Mode::S_IRUSR | Mode::S_IWUSR)?;
    // For both directions: opening never waits for the other side, and nobody sees an end of file.
    Ok(open(path, OFlag::O_RDWR | OFlag::O_CLOEXEC, Mode::empty())?)
}

fn launch(subject: &Subject, childproof: &Path, fifos: &[PathBuf; 2], dir: &Path) -> Result<Adapter, String> {
    let argv = subject.start.argv(childproof);
    let (program, args) = argv.split_first().ok_or("its command line is empty")?;
    let said = |error: io::Error| format!("cannot start {}: {error}", program.to_string_lossy());
    let mut command = Command::new(program);
    command.args(args).envs(subject.start.env().iter().map(|(name, value)| (name, value)));
    command.env(REQUESTS, &fifos[0]).env(REPLIES, &fifos[1]).env("TMPDIR", dir).process_group(0);
    let stdout = File::create(dir.join("stdout")).map_err(said)?;
    let stderr = File::create(dir.join("stderr")).map_err(said)?;
    command.stdin(Std::null()).stdout(stdout).stderr(stderr).spawn().map(|process| Adapter { process, reaped: false }).map_err(said)
}

/// The last line that the adapter wrote to standard error, for messages.
fn complaint(dir: &Path) -> String {
    let text = std::fs::read(dir.join("stderr")).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    text.lines().last().map(|line| format!(" (on its standard error: {line})")).unwrap_or_default()
}

/// An operation by its name on the wire.
fn name(operation: &Operation) -> String {
    let value = serde_json::to_value(operation).unwrap_or_default();
    value.get("op").and_then(serde_json::Value::as_str).unwrap_or("it").to_owned()
}

/// A reply in words.
pub fn describe(body: &ReplyBody) -> String {
    match body {
        ReplyBody::Ok(fields) => format!("ok {}", serde_json::to_string(fields).unwrap_or_default()),
        ReplyBody::Error(failure) => format!("error {} {}", failure.kind, failure.message),
        ReplyBody::Unsupported(reason) => format!("unsupported: {reason}"),
    }
}
