//! The sandbox, tried with cases that mean harm: at every level that works here, and as an ordinary user too when run by root.

use childproof::generate::act::{Act, Amount, Family, FdRef, State};
use childproof::generate::program::{Op, Program, SubjectStart};
use childproof::plan::script::{Ended, Outcome, Script};
use childproof::plan::value::Value;
use childproof::run::doctor::doctor_with;
use childproof::run::subject::{Start, Subject};
use childproof::run::{Isolation, Options, Session};
use childproof::sys::Berth;
use childproof::trace::{End, History, What};
use childproof::wire::message::{Operation, SpawnRequest};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const HELPER: &str = "CHILDPROOF_TEST_HELPER";
const EXE: &str = "CHILDPROOF_TEST_EXE";

fn exe() -> PathBuf {
    std::env::var_os(EXE).map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_childproof")), PathBuf::from)
}

fn options(level: Option<Isolation>) -> Options {
    Options { isolation: level, wardens: 1, exe: Some(exe()), start_ms: 3000, ..Options::default() }
}

fn levels() -> Vec<Isolation> {
    doctor_with(&options(None)).into_iter().filter(|line| line.works).map(|line| line.level).collect()
}

fn op(step: u32, act: Act) -> Op {
    Op { step, lenient: true, act }
}

fn program(acts: Vec<Act>) -> Program {
    let root = acts.into_iter().zip(0..).map(|(act, step)| op(step, act)).collect();
    Program { root, actors: 4, fd_slots: 4, memory_slots: 2, gates: 2, deadline_ms: 5000, ..Program::default() }
}

fn shell(script: &str) -> Program {
    let argv = vec![b"-c".to_vec(), script.as_bytes().to_vec()];
    program(vec![Act::Exec { program: "/bin/sh".into(), search: false, argv, long_arg: 0, env: None }])
}

fn subject(start: Start) -> Subject {
    Subject { start, ..Subject::of_command("true") }
}

fn run(session: &Session, program: &Program) -> History {
    session.run(0, &Script::default(), program, &subject(Start::Raw))
}

fn output(history: &History, name: &str) -> String {
    let of = |event: &childproof::trace::Event| match &event.what {
        What::Data { stream, bytes } if stream == name => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    };
    history.events.iter().filter_map(of).collect()
}

fn at_each_level(check: impl Fn(&Session)) {
    let levels = levels();
    assert!(!levels.is_empty());
    for level in levels {
        check(&Session::start(&options(Some(level))).unwrap());
    }
}

fn still_works(session: &Session) {
    let history = run(session, &program(Vec::new()));
    assert_eq!(history.end, End::Done, "{}: {history:?}", session.isolation());
    assert!(history.observed.left.is_empty());
}

#[test]
fn an_empty_case_runs_and_is_as_it_was() {
    at_each_level(|session| {
        for _ in 0..3 {
            let History { end, observed, .. } = run(session, &program(Vec::new()));
            assert_eq!(end, End::Done);
            let (before, after) = (observed.before.unwrap(), observed.after.unwrap());
            assert_eq!(before, after);
            assert_eq!(before.fds.iter().map(|fd| fd.fd).collect::<Vec<_>>(), [0, 1, 2]);
            assert!(before.blocked.is_empty() && before.ignored.is_empty() && before.caught.is_empty());
            assert_eq!((before.umask, before.sid), (0o022, before.pid));
            assert_eq!(observed.isolation, session.isolation().name());
            assert_eq!((observed.left, observed.files, observed.shared), Default::default());
            assert_eq!(observed.terminal_before, observed.terminal_after);
        }
    });
}

#[test]
fn zombies_and_survivors_are_noted_and_ended() {
    at_each_level(|session| {
        let survivor = Act::Fork { actor: 1, pid_of: None, body: vec![op(0, Act::Gate { gate: 0 })] };
        let zombie = Act::Fork { actor: 2, pid_of: None, body: Vec::new() };
        let history = run(session, &program(vec![survivor, zombie, Act::Await { who: 2, state: State::Zombie, maker: None }]));
        assert_eq!(history.end, End::Done);
        let left: Vec<_> = history.observed.left.iter().map(|left| (left.actor, left.state.as_str())).collect();
        assert_eq!(left, [(Some(1), "sleeping"), (Some(2), "zombie")], "{}: {history:?}", session.isolation());
        still_works(session);
    });
}

/// In an allocation, say: what it left half done is in the warden's own memory.
#[test]
fn a_root_that_is_ended_in_its_wardens_memory_was_the_last_there() {
    at_each_level(|session| {
        // What a root is at first has to be known before one is forked without being looked at.
        still_works(session);
        let before = session.run_dirs();
        let hanging = Program { deadline_ms: 300, ..program(vec![Act::Gate { gate: 0 }]) };
        assert!(matches!(run(session, &hanging).end, End::Hang { .. }), "{}", session.isolation());
        still_works(session);
        let shares = session.isolation().alone() && Berth::begin().is_some();
        assert_eq!(session.run_dirs() != before, shares, "{}: {before:?}", session.isolation());
    });
}

#[test]
fn an_orphan_is_noted_even_in_another_session() {
    at_each_level(|session| {
        let history = run(session, &shell("setsid sleep 1000 </dev/null >/dev/null 2>&1 &"));
        assert_eq!(history.end, End::Done);
        assert_eq!(history.observed.left.len(), 1, "{}: {:?}", session.isolation(), history.observed);
        still_works(session);
    });
}

#[test]
fn a_hang_is_described_before_it_is_ended() {
    at_each_level(|session| {
        let read = Act::Read { fd: FdRef::Slot(0), stream: "p.read".into(), amount: Amount::ToEof, chunk: 512 };
        let mut hanging = program(vec![Act::Pipe { read: 0, write: 1, cloexec: false, nonblock: false, capacity: None }, read]);
        hanging.deadline_ms = 300;
        let history = run(session, &hanging);
        let End::Hang { evidence } = &history.end else { panic!("{:?}", history.end) };
        assert!(evidence[0].contains("the case root") && evidence[0].contains("read"), "{evidence:?}");
        let explained = childproof::judge::hang::explain(&history).unwrap();
        assert!(explained.sentence.contains("its only writer is root itself"), "{explained:?}");
        still_works(session);
    });
}

#[test]
fn a_death_by_real_time_signal_is_told_exactly() {
    at_each_level(|session| {
        let history = run(session, &program(vec![Act::Kill { actor: None, signal: 40 }]));
        assert_eq!(history.end, End::Crash { message: "the case root was killed by signal 40 (RTMIN+6)".into() });
        still_works(session);
    });
}

#[test]
fn output_files_and_shared_memory_are_found_once() {
    at_each_level(|session| {
        let history = run(session, &shell("echo out; echo err >&2; echo x > $TMPDIR/left; echo x > /dev/shm/childproof-$$"));
        assert_eq!((output(&history, "stdout").as_str(), output(&history, "stderr").as_str()), ("out\n", "err\n"));
        assert_eq!(history.observed.files, ["tmp/left"]);
        let pid = history.observed.before.as_ref().unwrap().pid;
        assert_eq!(history.observed.shared, [format!("/dev/shm/childproof-{pid}")]);
        let history = run(session, &shell("true"));
        assert_eq!((output(&history, "stdout").as_str(), output(&history, "stderr").as_str()), ("", ""));
        assert_eq!((history.observed.files, history.observed.shared), Default::default());
    });
}

/// Only with namespaces: below them a case can reach whatever its user can.
#[test]
fn harm_stays_inside() {
    at_each_level(|session| {
        if !session.isolation().alone() {
            return;
        }
        let level = session.isolation();
        let history = run(session, &shell("kill -9 -1; echo alive"));
        assert_eq!(output(&history, "stdout"), "alive\n", "{level}: {history:?}");
        let history =
            run(session, &shell("touch /usr/childproof-was-here /tmp/childproof-was-here; mount -o remount,rw / && echo remounted"));
        assert_eq!(output(&history, "stdout"), "", "{level}");
        assert!(!Path::new("/usr/childproof-was-here").exists() && !Path::new("/tmp/childproof-was-here").exists());
        let history = run(session, &shell("head -c 3000000000 /dev/zero > $TMPDIR/big; echo $?"));
        assert_ne!(output(&history, "stdout"), "0\n", "{level}");
        let history = run(session, &shell("exec head -c 3000000000 /dev/zero"));
        assert!(matches!(&history.end, End::Crash { message } if message.contains("stdout")), "{level}: {:?}", history.end);
        let history = run(session, &shell("ls /dev/vda /dev/sda /dev/mem 2>/dev/null; ls /proc | grep -c '^[0-9]'"));
        let processes: u32 = output(&history, "stdout").trim().parse().unwrap();
        assert!(processes <= 4, "{level}: {processes} processes are seen");
        still_works(session);
    });
}

/// What binds root where the kernel lets each pid namespace have a limit of its own, and the machine's is left alone.
#[test]
fn a_case_has_a_limit_of_process_numbers_of_its_own() {
    const FILE: &str = "/proc/sys/kernel/pid_max";
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mut numbers = release.split('.').map(|word| word.parse::<u32>().unwrap_or(0));
    let own = (numbers.next(), numbers.next()) >= (Some(6), Some(14));
    let before = fs::read_to_string(FILE).unwrap_or_default();
    at_each_level(|session| {
        let seen = output(&run(session, &shell(&format!("cat {FILE}"))), "stdout");
        let expected = if own && session.isolation().alone() { "8192" } else { before.trim() };
        assert_eq!(seen.trim(), expected, "{}", session.isolation());
    });
    assert_eq!(fs::read_to_string(FILE).unwrap_or_default(), before);
}

/// What binds root on every kernel, where a control group can be made; it goes with its warden.
#[test]
fn a_case_is_in_the_control_group_of_its_warden() {
    let name = format!("childproof-test-{}", std::process::id());
    let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
    let possible = childproof::sys::confine(&name, child.id().cast_signed(), 10).is_ok();
    drop(child.stdin.take());
    child.wait().unwrap();
    childproof::sys::release(&name);
    let groups = std::cell::RefCell::new(vec![name]);
    at_each_level(|session| {
        let dir = session.run_dirs().remove(0);
        let group = dir.file_name().unwrap().to_string_lossy().into_owned();
        let seen = output(&run(session, &shell("cat /proc/self/cgroup")), "stdout");
        assert_eq!(seen.contains(&group), possible, "{}: {group} in {seen}", session.isolation());
        groups.borrow_mut().push(group);
    });
    let left: Vec<_> = groups.into_inner().into_iter().filter(|group| below(Path::new("/sys/fs/cgroup"), group, 5)).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// Whether there is a directory of this name, so deep at most.
fn below(dir: &Path, name: &str, depth: u32) -> bool {
    let dirs = fs::read_dir(dir).into_iter().flatten().flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    dirs.into_iter().any(|entry| entry.file_name() == name || (depth > 0 && below(&entry.path(), name, depth - 1)))
}

#[test]
fn a_fork_bomb_ends_as_a_verdict() {
    at_each_level(|session| {
        if session.isolation().alone() {
            let mut bomb = shell("bomb() { bomb | bomb & }; bomb; sleep 100");
            bomb.deadline_ms = 3000;
            let history = run(session, &bomb);
            assert!(matches!(history.end, End::Crash { .. } | End::Hang { .. }), "{:?}", history.end);
            still_works(session);
        }
    });
}

fn library(operations: Vec<Operation>) -> Program {
    let ask = |operation| Act::Ask { actor: Some(1), name: "child".into(), operation: Box::new(operation) };
    Program { library: true, ..program(operations.into_iter().map(ask).collect()) }
}

fn spawn(path: &str, args: &[&str]) -> Operation {
    let args = args.iter().map(|arg| Value::Text((*arg).into())).collect();
    Operation::Spawn(Box::new(SpawnRequest { program: Value::Text(path.into()), args, ..SpawnRequest::default() }))
}

fn wait() -> Operation {
    Operation::Wait { handle: String::new(), timeout_ms: None }
}

#[test]
fn one_adapter_serves_many_cases_until_something_is_left() {
    at_each_level(|session| {
        let clean = || run(session, &library(vec![spawn("/bin/true", &[]), wait()]));
        let (first, second) = (clean(), clean());
        for history in [&first, &second] {
            assert_eq!(history.end, End::Done, "{history:?}");
            let ended = Outcome::Ended(Ended::Exited(0));
            assert!(
                history.events.iter().any(|event| matches!(&event.what, What::Return { outcome, .. } if *outcome == ended)),
                "{history:?}"
            );
            assert!(history.observed.left.is_empty() && history.observed.after.is_some());
        }
        let pid = |history: &History| history.observed.before.as_ref().map(|state| state.pid);
        assert_eq!(pid(&first), pid(&second));
        let left = run(session, &library(vec![spawn("/bin/sleep", &["1000"])]));
        assert_eq!(left.observed.left.len(), 1, "{left:?}");
        assert_ne!(pid(&clean()), pid(&first));
        still_works(session);
    });
}

/// The number of files alone does not tell that some were made: an adapter's two pipes go with it, after the case that found no use for it.
#[test]
fn what_a_case_makes_is_gone_before_the_next_whatever_else_goes() {
    let listen = |place| Act::Listen { slot: place, listener: place, family: Family::Unix, backlog: 1 };
    at_each_level(|session| {
        let history = run(session, &library(vec![spawn("/bin/true", &[]), wait()]));
        assert_eq!(history.end, End::Done, "{history:?}");
        for _ in 0..2 {
            let history = run(session, &program(vec![listen(0), listen(1)]));
            let refused = |event: &childproof::trace::Event| matches!(&event.what, What::Return { outcome: Outcome::Error(_), .. });
            assert!(history.end == End::Done && !history.events.iter().any(refused), "{}: {history:?}", session.isolation());
        }
    });
}

#[test]
fn a_subject_is_started_as_the_scenario_wishes() {
    at_each_level(|session| {
        let mut wished = library(Vec::new());
        wished.subject_start = Some(SubjectStart {
            closed: vec![0],
            blocked: vec![12],
            ignored: vec![10],
            stray: 3,
            nofile: Some(100),
            ..SubjectStart::default()
        });
        let history = run(session, &wished);
        assert_eq!(history.end, End::Done);
        let before = history.observed.before.unwrap();
        assert!(before.fds.iter().all(|fd| fd.target != "/dev/null" || fd.fd > 2), "{before:?}");
        assert_eq!(before.fds.iter().filter(|fd| fd.target == "/dev/null" && fd.cloexec == Some(false)).count(), 3, "{before:?}");
        assert!(before.blocked.contains(&12) && before.ignored.contains(&10));
        assert_eq!(before.limits["NOFILE"][0], 100);
        still_works(session);
    });
}

#[test]
fn a_subject_that_does_not_start_is_a_verdict() {
    let session = Session::start(&Options { start_ms: 300, ..options(None) }).unwrap();
    let of = |argv: &[&str]| {
        let start = Start::Command { argv: argv.iter().map(Into::into).collect(), env: Vec::new() };
        session.run(0, &Script::default(), &library(Vec::new()), &subject(start)).end
    };
    assert!(matches!(of(&["/no/such/program"]), End::Unavailable { .. }));
    assert!(matches!(of(&["/bin/false"]), End::Crash { message } if message.contains("exited with 1")));
    assert!(matches!(of(&["/bin/sleep", "1000"]), End::Crash { message } if message.contains("hello")));
    assert!(matches!(of(&["/bin/sh", "-c", "echo nonsense > $CHILDPROOF_REPLIES; sleep 1000"]), End::Protocol { .. }));
    still_works(&session);
}

#[test]
fn a_cancelled_session_says_so_and_leaves_nothing() {
    let session = Session::start(&options(None)).unwrap();
    let dirs = session.run_dirs();
    std::thread::scope(|scope| {
        let running = scope.spawn(|| run(&session, &shell("sleep 1000")));
        session.cancel();
        assert!(matches!(running.join().unwrap().end, End::NotRun { .. }));
    });
    drop(session);
    assert!(dirs.iter().all(|dir| !dir.exists()), "{dirs:?}");
}

/// Not a test of its own: the process that is killed in the next one.
#[test]
fn helper_that_runs_cases_until_it_is_killed() {
    let Ok(level) = std::env::var(HELPER) else { return };
    let session = Session::start(&Options { wardens: 2, ..options(level.parse().ok()) }).unwrap();
    println!("ready");
    std::thread::scope(|scope| {
        for worker in 0..2 {
            let session = &session;
            scope.spawn(move || {
                loop {
                    let script =
                        "echo x > /dev/shm/childproof-$$; setsid sleep 1000 & setsid sh -c 'sleep 1000 & sleep 1000' & echo x > $TMPDIR/x";
                    session.run(worker, &Script::default(), &shell(script), &subject(Start::Raw));
                    session.run(worker, &Script::default(), &library(vec![spawn("/bin/sleep", &["1000"])]), &subject(Start::Raw));
                }
            });
        }
    });
}

/// Processes that were started, however far down, with this text in their environment.
fn processes_of(mark: &str) -> Vec<String> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let holds = |path: &Path| fs::read(path.join("environ")).is_ok_and(|text| text.windows(mark.len()).any(|part| part == mark.as_bytes()));
    let found = entries.filter(|entry| holds(&entry.path()));
    found.map(|entry| fs::read_to_string(entry.path().join("stat")).unwrap_or_default()).filter(|stat| !stat.is_empty()).collect()
}

fn everything_gone(tmp: &Path) -> Result<(), String> {
    let left = processes_of(&format!("TMPDIR={}", tmp.display()));
    let dirs: Vec<_> = fs::read_dir(tmp).unwrap().flatten().map(|entry| entry.file_name()).collect();
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
    let shm: Vec<_> =
        fs::read_dir("/dev/shm").unwrap().flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with("childproof")).collect();
    let clean = left.is_empty() && dirs.is_empty() && !mounts.contains(&*tmp.to_string_lossy()) && shm.is_empty();
    if clean { Ok(()) } else { Err(format!("processes {left:?}, directories {dirs:?}, shared memory {shm:?}")) }
}

#[test]
fn nothing_is_left_a_second_after_main_was_killed() {
    for level in levels() {
        for round in 0..20u64 {
            let tmp = tempfile::Builder::new().prefix("cp").tempdir_in("/tmp").unwrap();
            let mut helper = Command::new(std::env::current_exe().unwrap());
            helper.args(["--exact", "helper_that_runs_cases_until_it_is_killed", "--nocapture"]);
            helper.env(HELPER, level.name()).env("TMPDIR", tmp.path()).stdout(Stdio::null()).stderr(Stdio::null());
            let mut helper = helper.spawn().unwrap();
            // From the middle of its start to the middle of its cases.
            std::thread::sleep(Duration::from_millis(5 + round * 7));
            helper.kill().unwrap();
            helper.wait().unwrap();
            let until = Instant::now() + Duration::from_secs(1);
            while let Err(left) = everything_gone(tmp.path()) {
                assert!(Instant::now() < until, "{level}, round {round}: {left}");
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }
}

/// All of the above again, as somebody who is not root.
#[test]
fn as_an_ordinary_user() {
    // SAFETY: only reads an id.
    if unsafe { libc::geteuid() } != 0 {
        return;
    }
    let dir = tempfile::Builder::new().prefix("cp").tempdir_in("/tmp").unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let copy = |from: &Path, name: &str| {
        let to = dir.path().join(name);
        fs::copy(from, &to).unwrap();
        to
    };
    let test = copy(&std::env::current_exe().unwrap(), "test");
    let childproof = copy(&exe(), "childproof");
    copy(&exe().with_file_name("childproof-agent"), "childproof-agent");
    let mut command = Command::new(test);
    command.args(["--test-threads", "1"]).uid(1000).gid(1000).env(EXE, childproof).current_dir("/");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
}
