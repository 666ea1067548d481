//! The keeper: the process between main and the warden. It raises the warden, waits for it outside of its namespaces, and
//! removes what only an outsider can remove. It is single-threaded and does nothing else.

use super::frame::{Channel, Hello, Order, Report, Start};
use super::{Isolation, home, sandbox, warden};
use crate::sys;
use std::fs;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI32, Ordering};

/// The longest base of a run directory: the path of a unix socket in a case must fit into 100 bytes or so.
const LONGEST_BASE: usize = 40;

/// The whole life of a keeper; the channel to main is this descriptor. The result is its exit status. Once it has its channel it
/// says nothing on main's standard error any more, and does not keep that open for whoever waits for its end.
pub fn keep(control: RawFd) -> i32 {
    let mut channel = match settle(control) {
        Ok(channel) => channel,
        Err(error) => {
            eprintln!("childproof: the warden could not take over its channel: {error}");
            return 2;
        }
    };
    let Ok(Some(Order::Start(start))) = channel.receive::<Order>() else { return 2 };
    let run = match make_run_dir() {
        Ok(run) => run,
        Err(error) => {
            let _ = channel.send(&Report::Broken(format!("make a directory to run in: {error}")));
            return 1;
        }
    };
    let status = raise_first(channel, &start, &run);
    sweep(&run);
    status
}

/// Takes the channel to number 3, closes everything inherited beside it, and leaves main's session: a Ctrl-C at its terminal
/// is for main to answer.
fn settle(control: RawFd) -> io::Result<Channel> {
    sys::reset_signals();
    // SAFETY: setsid takes no memory; it fails only for a group leader, which an exec'd keeper may be and need not leave.
    unsafe { libc::setsid() };
    // SAFETY: dup2 works on numbers; both are this process's own from its start on, and nothing else uses them yet.
    sys::check(unsafe { libc::dup2(control, 3) })?;
    sys::close_from(4);
    sys::set_cloexec(3)?;
    let null = fs::OpenOptions::new().read(true).write(true).open("/dev/null")?;
    // SAFETY: as above.
    sys::check(unsafe { libc::dup2(null.as_raw_fd(), 0) })?;
    // SAFETY: as above.
    sys::check(unsafe { libc::dup2(null.as_raw_fd(), 2) })?;
    // SAFETY: descriptor 3 was made just now and is owned by the stream from here on.
    Ok(Channel::new(unsafe { UnixStream::from_raw_fd(3) }))
}

/// A directory with a short path of its own; nobody else may look into it.
fn make_run_dir() -> io::Result<PathBuf> {
    let wished = std::env::temp_dir();
    let base = if wished.as_os_str().len() <= LONGEST_BASE { wished } else { PathBuf::from("/tmp") };
    let base = base.canonicalize()?;
    for attempt in 0..1000 {
        let run = base.join(format!("childproof-{}-{attempt}", std::process::id()));
        match fs::DirBuilder::new().mode(0o700).create(&run) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            done => return done.map(|()| run),
        }
    }
    Err(io::Error::other(format!("{} is full of directories named childproof-*", base.display())))
}

/// Raises a warden at the first level that works and waits until it has ended.
fn raise_first(mut channel: Channel, start: &Start, run: &Path) -> i32 {
    // Should a warden without namespaces die first, its orphans come to us.
    let _ = sys::subreaper();
    let mut tried = Vec::new();
    for level in &start.levels {
        channel = match raise(*level, channel, start, run, &tried) {
            Ok(warden) => {
                sys::await_end_of(warden);
                forget();
                let ended = sys::wait_for(warden);
                return i32::from(!matches!(ended, Ok(crate::plan::script::Ended::Exited(0))));
            }
            Err((channel, why)) => {
                tried.push((*level, why));
                channel
            }
        };
    }
    let _ = channel.send(&Report::Refused(tried));
    1
}

/// The warden, for [`end_it`].
static WARDEN: AtomicI32 = AtomicI32::new(0);

/// The handler of TERM. Whoever wants a stuck warden gone, main above all, asks its keeper: killed itself, that would sweep nothing.
extern "C" fn end_it(_: i32) {
    let warden = WARDEN.load(Ordering::Relaxed);
    if warden > 0 {
        // SAFETY: kill is async-signal-safe, and the child is not reaped before its number is forgotten.
        unsafe { libc::kill(warden, libc::SIGKILL) };
    }
}

fn remember(warden: i32) {
    WARDEN.store(warden, Ordering::Relaxed);
    // SAFETY: the handler calls nothing but kill; BSD semantics, which every platform here has, restart what it interrupts.
    unsafe { libc::signal(libc::SIGTERM, end_it as *const () as libc::sighandler_t) };
}

/// Before it is reaped. From here on TERM does nothing, so that who is impatient does not keep us from sweeping.
fn forget() {
    WARDEN.store(0, Ordering::Relaxed);
}

/// Forks the warden; it has all its steps behind it when this returns its pid. On failure the channel comes back.
fn raise(level: Isolation, channel: Channel, start: &Start, run: &Path, tried: &[(Isolation, String)]) -> Result<i32, (Channel, String)> {
    match Fork::at(level) {
        Err(why) => Err((channel, why)),
        Ok(Fork { pid: 0, go, ready }) => become_warden(level, channel, start, run, tried, go, ready),
        Ok(Fork { pid, go, ready }) => match let_go(level, run, pid, go, ready) {
            Ok(()) => Ok(pid),
            Err(why) => {
                forget();
                let _ = sys::kill(pid, libc::SIGKILL);
                let _ = sys::wait_for(pid);
                Err((channel, why))
            }
        },
    }
}

/// A fork with its two pipes: over `go` the parent lets the child go on, over `ready` the child tells how that went. Each side
/// has its own end of each.
struct Fork {
    pid: i32,
    go: OwnedFd,
    ready: OwnedFd,
}

impl Fork {
    fn at(level: Isolation) -> Result<Fork, String> {
        sandbox::eligible(level)?;
        // The child is not to inherit what was set for one before it.
        sys::default_action(libc::SIGTERM);
        let pipe = || io::pipe().map_err(|error| format!("make a pipe: {error}"));
        let ((go_read, go_write), (ready_read, ready_write)) = (pipe()?, pipe()?);
        if level == Isolation::Root {
            sys::may_be_urgent();
        }
        // SAFETY: the keeper has one thread.
        let forked = unsafe { if level.alone() { sys::clone_isolated() } else { sys::fork() } };
        match forked {
            Err(error) => Err(format!("{}: {error}", if level.alone() { "make namespaces" } else { "fork" })),
            Ok(0) => Ok(Fork { pid: 0, go: go_read.into(), ready: ready_write.into() }),
            Ok(pid) => Ok(Fork { pid, go: go_write.into(), ready: ready_read.into() }),
        }
    }
}

/// The keeper's half of the start: maps the child's ids, lets it go on, and hears how it went.
fn let_go(level: Isolation, run: &Path, pid: i32, go: OwnedFd, ready: OwnedFd) -> Result<(), String> {
    remember(pid);
    // A limit beside the others, and the only one that binds root on every kernel: mostly root alone may have it.
    let _ = sys::confine(&home::warden_group(run), pid, sandbox::TASKS);
    if level.alone() {
        sys::write_id_maps(pid).map_err(|error| error.to_string())?;
    }
    // A child that died meanwhile is found by the read below.
    let _ = fs::File::from(go).write_all(b"g");
    let mut said = String::new();
    fs::File::from(ready).read_to_string(&mut said).map_err(|error| format!("hear from the warden: {error}"))?;
    match said.as_str() {
        "ok" => Ok(()),
        "" => Err("the warden died while it set itself up".to_owned()),
        why => Err(why.to_owned()),
    }
}

/// The child's half.
fn become_warden(
    level: Isolation,
    channel: Channel,
    start: &Start,
    run: &Path,
    tried: &[(Isolation, String)],
    go: OwnedFd,
    ready: OwnedFd,
) -> ! {
    let mut byte = [0];
    if fs::File::from(go).read(&mut byte).unwrap_or(0) == 0 {
        sys::exit_now(1);
    }
    let entered = sandbox::enter(level, run, start.bytes, start.cpu);
    let mut ready = fs::File::from(ready);
    if let Err(why) = entered {
        let _ = ready.write_all(why.as_bytes());
        sys::exit_now(1);
    }
    let hello = Hello { isolation: level, tried: tried.to_vec(), run: run.to_owned() };
    let mut warden = match warden::Warden::new(channel, start, hello) {
        Ok(warden) => warden,
        Err(error) => {
            let _ = ready.write_all(format!("set up the run directory: {error}").as_bytes());
            sys::exit_now(1);
        }
    };
    let _ = ready.write_all(b"ok");
    drop(ready);
    sys::exit_now(warden.serve())
}

/// Kills and reaps what a warden without namespaces left, and removes the run directory.
fn sweep(run: &Path) {
    super::observe::end_everything(false);
    home::forget_groups(run);
    let _ = fs::remove_dir_all(run);
}
