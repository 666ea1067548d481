//! A run of the real program, and a look at the processes below it.

use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Where the copy for somebody else finds the program.
const DIR: &str = "CHILDPROOF_TEST_DIR";
/// An ordinary user who has nothing else to do.
const SOMEBODY: u32 = 61_235;
/// For anything that a test waits for; reached only when something hangs.
const PATIENCE: Duration = Duration::from_secs(90);
/// Bytes that are enough for the first record of a report, and not for those of a scenario.
const HEADER: usize = 256;
/// Of the scenario that sleeps almost too long.
pub const DEADLINE: Duration = Duration::from_millis(3_000);

/// The scenario files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// Does nothing.
    Quick,
    /// Its one step does not come out as it expects.
    Fails,
    /// Sleeps for a second, with all the time of the world.
    Sleeps,
    /// Sleeps for a second, through the subject.
    Spawns,
    /// Sleeps for a second of three.
    SleepsAlmostTooLong,
}

impl Scenario {
    fn name(self) -> &'static str {
        match self {
            Scenario::Quick => "quick",
            Scenario::Fails => "fails",
            Scenario::Sleeps => "sleeps",
            Scenario::Spawns => "spawns",
            Scenario::SleepsAlmostTooLong => "almost",
        }
    }

    fn text(self, seconds: &str) -> String {
        let (deadline, steps) = match self {
            Scenario::Quick => (60_000, "  - repeat: {times: 0, do: [{report-state: never}]}\n".to_owned()),
            Scenario::Fails => (60_000, "  - fork: {as: child, do: [{exit: 3}]}\n  - wait: {for: child}\n".to_owned()),
            Scenario::Sleeps => (60_000, format!("  - exec: {{program: /bin/sleep, args: [\"{seconds}\"]}}\n")),
            Scenario::SleepsAlmostTooLong => (DEADLINE.as_millis(), format!("  - exec: {{program: /bin/sleep, args: [\"{seconds}\"]}}\n")),
            Scenario::Spawns => {
                (60_000, format!("  - spawn: {{as: child, program: /bin/sleep, args: [\"{seconds}\"]}}\n  - wait: {{for: child}}\n"))
            }
        };
        format!("title: A test\nspec: [observed only]\ndeadline: {deadline}\nsteps:\n{steps}")
    }
}

/// A run under way.
pub struct Run {
    child: Child,
    dir: tempfile::TempDir,
    /// How long its sleepers sleep, which no other sleeper on this machine does.
    seconds: String,
    terminal: Option<OwnedFd>,
    /// The report is not on standard output but here.
    report: Option<PathBuf>,
    /// The reader of its report, who reads nothing.
    unread: Option<fs::File>,
    /// Names of the wardens' directories.
    wardens: RefCell<BTreeSet<OsString>>,
}

/// What came of it.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// Verdict, k and n of every result of a property, in the order of the report.
    pub fn results(&self, property: &str) -> Vec<String> {
        let rows = self.stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let of_it = rows.filter(|row| row["property"] == property);
        of_it.map(|row| format!("{} {} {}", row["verdict"].as_str().unwrap_or("?"), row["k"], row["n"])).collect()
    }
}

impl Run {
    /// Starts one on these scenarios; `level`: empty for the best.
    pub fn start(level: &str, scenarios: &[Scenario], arguments: &[&str]) -> Run {
        let prepared = Prepared::new(level, scenarios);
        let mut command = prepared.command();
        command.args(arguments).stdin(Stdio::null());
        prepared.started(command, None, None)
    }

    /// The same with a report that nobody reads: it cannot end before it is ended.
    pub fn unread(level: &str, scenarios: &[Scenario]) -> Run {
        let prepared = Prepared::new(level, scenarios);
        let unread = prepared.unread();
        let mut command = prepared.command();
        command.args(["--cases", "2", "--output"]).arg(prepared.report()).stdin(Stdio::null());
        let mut run = prepared.started(command, None, None);
        run.unread = Some(unread);
        run
    }

    /// The same with a terminal as standard input, output and error, its report in a file.
    pub fn at_terminal(level: &str, scenarios: &[Scenario]) -> Run {
        Run::started_at_terminal(Prepared::new(level, scenarios))
    }

    /// Both.
    pub fn unread_at_terminal(level: &str, scenarios: &[Scenario]) -> Run {
        let prepared = Prepared::new(level, scenarios);
        let unread = prepared.unread();
        let mut run = Run::started_at_terminal(prepared);
        run.unread = Some(unread);
        run
    }

    fn started_at_terminal(prepared: Prepared) -> Run {
        let pty = nix::pty::openpty(None, None).unwrap();
        // Whoever else is started meanwhile would hold the terminal open.
        for side in [&pty.master, &pty.slave] {
            nix::fcntl::fcntl(side, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::FD_CLOEXEC)).unwrap();
        }
        let report = prepared.report();
        let mut command = prepared.command();
        command.args(["--cases", "2", "--output"]).arg(&report);
        let end = || Stdio::from(pty.slave.try_clone().unwrap());
        command.stdin(end()).stdout(end()).stderr(end());
        // SAFETY: both calls are async-signal-safe.
        unsafe {
            command.pre_exec(|| {
                libc::setsid();
                if libc::ioctl(0, libc::TIOCSCTTY as _, 0) == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
            });
        }
        prepared.started(command, Some(pty.master), Some(report))
    }

    /// The same with a small file system for its directories, or for its report.
    pub fn on_small_disk(size: &str, level: &str, scenarios: &[Scenario], report: bool) -> Run {
        let prepared = Prepared::new(level, scenarios);
        let disk = prepared.dir.path().join("t");
        let output =
            if report { format!("--output {0}/report; status=$?; cat {0}/report; exit $status", disk.display()) } else { String::new() };
        let script = format!("mount -t tmpfs -o size={size} none {} && \"$0\" \"$@\" {output}", disk.display());
        let plain = prepared.command();
        let mut command = Command::new("unshare");
        command.args(["-m", "sh", "-c", &script]).arg(plain.get_program()).args(plain.get_args()).args(["--cases", "2"]);
        let tmp = if report { prepared.dir.path() } else { &disk };
        command.env("TMPDIR", tmp).current_dir(prepared.dir.path()).stdin(Stdio::null());
        prepared.started(command, None, None)
    }

    /// The program itself.
    pub fn pid(&self) -> i32 {
        self.child.id().cast_signed()
    }

    /// Waits until a sleeper is there.
    pub fn sleeper(&self) -> i32 {
        let mut found = None;
        until("a case sleeps", || {
            found = below(self.pid()).into_iter().find(|pid| is_sleeper(*pid, &self.seconds));
            found.is_some()
        });
        let names = self.directories().into_iter().filter_map(|dir| dir.file_name().map(ToOwned::to_owned));
        self.wardens.borrow_mut().extend(names);
        found.unwrap()
    }

    /// The parent of a process below.
    pub fn parent(&self, pid: i32) -> i32 {
        parent(pid).unwrap()
    }

    /// The wardens' directories.
    pub fn directories(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.dir.path().join("t")).unwrap().flatten().map(|entry| entry.path());
        entries.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("childproof-")).collect()
    }

    /// Uses up what is left of its small disk.
    pub fn fill_disk(&self) {
        let program = below(self.pid()).into_iter().chain([self.pid()]).find(|pid| cmdline(*pid).contains("--isolation")).unwrap();
        let hog = format!("/proc/{program}/root{}", self.dir.path().join("t/hog").display());
        let mut file = fs::File::create(hog).unwrap();
        while std::io::Write::write_all(&mut file, &[7; 4096]).is_ok() {}
    }

    /// Presses the key that sends INT.
    pub fn press_control_c(&self) {
        let terminal = self.terminal.as_ref().unwrap();
        assert_eq!(nix::unistd::write(terminal, &[3]).unwrap(), 1);
    }

    /// Closes its terminal.
    pub fn close_terminal(&mut self) {
        self.terminal.take().unwrap();
    }

    /// Waits for its end.
    pub fn end(&mut self) -> Ended {
        let mut status = None;
        until("the run ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        let read = |name: &str| fs::read_to_string(self.dir.path().join(name)).unwrap_or_default();
        // Without it the report is a FIFO without a writer, at whose end whoever opens it waits for one.
        let report = self.report.as_ref().filter(|_| self.unread.is_none());
        let stdout = report.map_or_else(|| read("stdout"), |report| fs::read_to_string(report).unwrap_or_default());
        Ended { status: status.unwrap(), stdout, stderr: read("stderr") }
    }

    /// The control groups that its wardens live in; none where none can be made. They have the names of the wardens' directories, as
    /// they were when a sleeper was last seen.
    pub fn control_groups(&self) -> Vec<PathBuf> {
        let names = self.wardens.borrow();
        let mut found = Vec::new();
        let mut ahead = vec![PathBuf::from("/sys/fs/cgroup")];
        while let Some(place) = ahead.pop() {
            let below = fs::read_dir(place).into_iter().flatten().flatten();
            for entry in below.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
                if names.contains(&entry.file_name()) {
                    found.push(entry.path());
                }
                ahead.push(entry.path());
            }
        }
        found
    }

    /// Waits until nothing of it is left: no process, no directory, no mount, no control group.
    #[track_caller]
    pub fn nothing_is_left(&self) {
        let mut left = Vec::new();
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            left = self.left();
            if left.is_empty() {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("still there after {PATIENCE:?}: {left:?}");
    }

    fn left(&self) -> Vec<String> {
        let place = self.dir.path().to_string_lossy().into_owned();
        let holds = |bytes: Vec<u8>, text: &str| String::from_utf8_lossy(&bytes).contains(text);
        let ours = |pid: &i32| {
            is_sleeper(*pid, &self.seconds)
                || holds(fs::read(format!("/proc/{pid}/environ")).unwrap_or_default(), &format!("TMPDIR={place}"))
        };
        let mut left: Vec<String> = pids().into_iter().filter(ours).map(|pid| format!("{pid} {}", cmdline(pid))).collect();
        left.extend(self.directories().into_iter().chain(self.control_groups()).map(|path| path.display().to_string()));
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
        left.extend(mounts.lines().filter(|line| line.contains(&place)).map(str::to_owned));
        left
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // A test that failed must not leave its run behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A directory with the scenarios in it.
struct Prepared {
    dir: tempfile::TempDir,
    seconds: String,
    files: Vec<PathBuf>,
    level: String,
}

impl Prepared {
    fn new(level: &str, scenarios: &[Scenario]) -> Prepared {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let seconds = format!("1.0{:07}{:03}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let dir = tempfile::Builder::new().prefix("cp").tempdir_in("/tmp").unwrap();
        fs::create_dir(dir.path().join("t")).unwrap();
        let write = |(number, scenario): (usize, &Scenario)| {
            let twin = if scenarios.len() > 2 { number.to_string() } else { String::new() };
            let path = dir.path().join(format!("{}{twin}.yaml", scenario.name()));
            fs::write(&path, scenario.text(&seconds)).unwrap();
            path
        };
        let files = scenarios.iter().enumerate().map(|(number, scenario)| write((number, scenario))).collect();
        Prepared { dir, seconds, files, level: level.to_owned() }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(exe());
        command.args(["run", "--subject", "raw", "--trust", "--jobs", "1", "--seed", "1"]);
        if !self.level.is_empty() {
            command.args(["--format", "json", "--isolation", &self.level]);
        }
        command.args(&self.files).current_dir(self.dir.path()).env("TMPDIR", self.dir.path().join("t"));
        command
    }

    fn report(&self) -> PathBuf {
        self.dir.path().join("report")
    }

    /// Makes the report a FIFO with room for its first record, and no more.
    fn unread(&self) -> fs::File {
        nix::unistd::mkfifo(&self.report(), nix::sys::stat::Mode::S_IRWXU).unwrap();
        let mut fifo = fs::OpenOptions::new().read(true).write(true).open(self.report()).unwrap();
        let holds = nix::fcntl::fcntl(&fifo, nix::fcntl::FcntlArg::F_SETPIPE_SZ(4096)).unwrap();
        std::io::Write::write_all(&mut fifo, &vec![0; usize::try_from(holds).unwrap() - HEADER]).unwrap();
        fifo
    }

    fn started(self, mut command: Command, terminal: Option<OwnedFd>, report: Option<PathBuf>) -> Run {
        // A shell's background job, or one under nohup, ignores some of these; the run would rightly do so, too.
        let default = || {
            for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM] {
                // SAFETY: async-signal-safe; no handler is installed.
                unsafe { libc::signal(signal, libc::SIG_DFL) };
            }
            Ok(())
        };
        // SAFETY: the closure allocates nothing and makes only async-signal-safe calls.
        unsafe { command.pre_exec(default) };
        let file = |name: &str| fs::File::create(self.dir.path().join(name)).unwrap();
        if report.is_none() {
            command.stdout(file("stdout")).stderr(file("stderr"));
        }
        let child = command.spawn().unwrap();
        Run { child, dir: self.dir, seconds: self.seconds, terminal, report, unread: None, wardens: RefCell::default() }
    }
}

/// Waits for a state of the machine; there is nothing that would tell of it.
#[track_caller]
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub fn kill(pid: i32, signal: i32) {
    // SAFETY: takes no memory; the processes are ours.
    assert_eq!(unsafe { libc::kill(pid, signal) }, 0, "signal {signal} to {pid}: {}", std::io::Error::last_os_error());
}

fn pids() -> Vec<i32> {
    fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

fn cmdline(pid: i32) -> String {
    String::from_utf8_lossy(&fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default()).replace('\0', " ")
}

/// The state's letter and the parent.
fn stat(pid: i32) -> Option<(char, i32)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = text.get(text.rfind(')')? + 2..)?.split(' ');
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

fn parent(pid: i32) -> Option<i32> {
    stat(pid).map(|(_, parent)| parent)
}

/// `Z` for a zombie, `-` for nobody.
pub fn state(pid: i32) -> char {
    stat(pid).map_or('-', |(state, _)| state)
}

/// Whether it is there and alive.
pub fn exists(pid: i32) -> bool {
    !matches!(state(pid), '-' | 'Z' | 'X')
}

pub fn child_of(pid: i32, of: i32) -> bool {
    parent(pid) == Some(of)
}

pub fn is_sleeper(pid: i32, seconds: &str) -> bool {
    cmdline(pid).trim_end().ends_with(&format!("sleep {seconds}"))
}

/// Whether it handles this signal.
pub fn catches(pid: i32, signal: i32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap_or("0");
    u64::from_str_radix(caught.trim(), 16).unwrap() & 1 << (signal - 1) != 0
}

/// Whether it waits for something to arrive on a socket, and for nothing else: a warden without a case.
pub fn waits_in_a_read(pid: i32) -> bool {
    let call = fs::read_to_string(format!("/proc/{pid}/syscall")).unwrap_or_default();
    call.split(' ').next() == Some(&libc::SYS_recvfrom.to_string())
}

fn below(pid: i32) -> Vec<i32> {
    let all: Vec<(i32, i32)> = pids().into_iter().filter_map(|pid| Some((pid, parent(pid)?))).collect();
    let mut found = vec![pid];
    let mut at = 0;
    while at < found.len() {
        let of = found[at];
        found.extend(all.iter().filter(|(_, parent)| *parent == of).map(|(pid, _)| *pid));
        at += 1;
    }
    found.split_off(1)
}

pub fn is_root() -> bool {
    // SAFETY: only reads an id.
    unsafe { libc::geteuid() == 0 }
}

pub fn own_dir() -> Option<PathBuf> {
    std::env::var_os(DIR).map(PathBuf::from)
}

fn exe() -> PathBuf {
    own_dir().map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_childproof")), |dir| dir.join("childproof"))
}

/// The levels that work here, by name.
pub fn levels() -> Vec<String> {
    let options = childproof::run::Options { exe: Some(exe()), wardens: 1, ..Default::default() };
    let lines = childproof::run::doctor::doctor_with(&options);
    lines.into_iter().filter(|line| line.works).map(|line| line.level.name().to_owned()).collect()
}

/// Runs a copy of this test as an ordinary user.
pub fn again_as_somebody_else() {
    let dir = tempfile::Builder::new().prefix("cp").tempdir_in("/tmp").unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let copy = |from: &Path, name: &str| fs::copy(from, dir.path().join(name)).unwrap();
    copy(&exe(), "childproof");
    copy(&exe().with_file_name("childproof-agent"), "childproof-agent");
    copy(&std::env::current_exe().unwrap(), "test");
    let mut command = Command::new(dir.path().join("test"));
    command.args(["--test-threads", "4"]).uid(SOMEBODY).gid(SOMEBODY).env(DIR, dir.path()).env_remove("TMPDIR").current_dir("/");
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
}
