//! Histories of the properties about posix_spawn, vfork and what a process reports of itself.

use super::build::{Build, ROOT, fd, state, text};
use childproof::plan::script::{Asked, AskedSpawn, Ended, Origin, Outcome};
use childproof::plan::value::Value;
use childproof::trace::state::{FdState, ProcState};
use childproof::trace::{History, What};

/// Name, one that holds, one that breaks.
pub fn all() -> Vec<super::Pair> {
    vec![
        ("spawn-actions", acted(|_| ()), acted(|given| given.fds.push(fd(5, "/tmp/case/secret", 50, "read")))),
        ("state-is", reported(0o27), reported(0o22)),
        ("vfork-suspends", borrowed(true), borrowed(false)),
    ]
}

/// The caller has one descriptor that is close-on-exec; the actions move it, close another and change the directory.
fn acted(change: impl FnOnce(&mut ProcState)) -> History {
    let mut b = Build::platform("spawn/file-actions-raw");
    let made = b.step(0, "file", "place");
    made.label = "make place: directory".into();
    let made = made.id;
    b.performs(0, made, Outcome::Done(None), None);
    let mut before = state(ROOT);
    before.fds.push(FdState { cloexec: Some(true), ..fd(5, "/tmp/case/secret", 50, "read") });
    let child = b.actor("child", Origin::Spawned, Some(0));
    let pid = ROOT + i32::from(child);
    let actions = ["dup2 5 7", "close 2", "close 9", "chdir place"].map(str::to_owned).to_vec();
    let step = b.step(0, "posix-spawn", "child");
    let wishes = AskedSpawn { actions, mask: Some(vec![12]), defaults: vec![] };
    step.asked = Some(Box::new(Asked { child: Some(child), spawn: Some(wishes), ..Asked::default() }));
    let step = step.id;
    let mut given = ProcState { pid, ppid: ROOT, blocked: vec![12], cwd: "/tmp/case/place".into(), ..state(pid) };
    given.fds = vec![fd(0, "/dev/null", 5, "read"), fd(1, "/tmp/out", 6, "write"), fd(7, "/tmp/case/secret", 50, "read")];
    change(&mut given);
    b.event(0, Some(step), What::Call);
    b.event(0, Some(step), What::State { label: "before-spawn".into(), state: Box::new(before) });
    b.event(0, Some(step), What::Return { outcome: Outcome::Done(Some(i64::from(pid))), of: None });
    b.event(child, None, What::Born { ppid: ROOT, state: Some(Box::new(given)) });
    b.ends(child);
    b.check("spawn-actions", &[]);
    b.done()
}

fn reported(umask: u32) -> History {
    let mut b = Build::library("start/identity");
    let child = b.spawn("child", Asked::default(), ProcState { umask, ..state(0) });
    b.ends(child);
    b.check("state-is", &[("of", text("child")), ("umask", Value::Int(0o27)), ("threads", Value::Int(1))]);
    b.done()
}

fn borrowed(waits: bool) -> History {
    let mut b = Build::platform("vfork/semantics");
    let child = b.actor("child", Origin::Forked, Some(0));
    let step = b.step(0, "vfork", "child").id;
    let returned = What::Return { outcome: Outcome::Done(Some(i64::from(ROOT) + i64::from(child))), of: None };
    b.event(0, Some(step), What::Call);
    b.event(child, None, What::Born { ppid: ROOT, state: None });
    if waits {
        b.event(child, None, What::Finished);
        b.event(0, Some(step), returned);
    } else {
        b.event(0, Some(step), returned);
        b.event(child, None, What::Finished);
    }
    b.waits(child, Ended::Exited(0));
    b.check("vfork-suspends", &[]);
    b.done()
}
