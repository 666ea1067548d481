//! The levels of isolation, each as the list of steps that it takes. A level works when all of its steps do, in the very
//! process that then becomes the warden: hosted runners allow `unshare` and refuse the mount after it, so nothing less tells.

use super::Isolation;
use crate::sys;
use std::fs;
use std::io;
use std::path::Path;

/// Files that the run directory's file system holds at most.
const FILES: u64 = 65_536;

/// Numbers of processes and threads that a pid namespace has at most: more than what ends a case as a bomb.
const NUMBERS: u32 = 8192;
/// Processes and threads of a warden and of its cases, where a control group can be made.
pub const TASKS: u64 = 2048;

type Step = Result<(), String>;

fn step(what: &str, done: io::Result<()>) -> Step {
    done.map_err(|error| format!("{what}: {error}"))
}

/// Whether a level may be tried at all by this user on this platform.
///
/// # Errors
/// Why not.
pub fn eligible(level: Isolation) -> Step {
    // SAFETY: only reads an id.
    let root = unsafe { libc::geteuid() } == 0;
    match level {
        Isolation::Root if !root => Err("this is not root".to_owned()),
        Isolation::Userns if root => Err("this is root, which has the same namespaces at level root".to_owned()),
        _ => sys::level_exists(level.name()).map_err(|error| error.to_string()),
    }
}

/// Everything that the future warden does to itself, after it was forked (at the levels of namespaces: into new ones, with
/// its ids mapped).
///
/// # Errors
/// The step that was refused, and why.
pub fn enter(level: Isolation, run: &Path, bytes: u64, cpu: Option<usize>) -> Step {
    if level.alone() {
        // A limit beside the others: where a container keeps it from us, what they are worth is worth having.
        let _ = sys::limit_numbers(NUMBERS);
        step("sandbox", sys::mount_sandbox(&sys::Mounts { run, bytes, files: FILES }))?;
        step("bring up the loopback interface", sys::loopback_up())?;
    }
    if level == Isolation::Subreaper {
        step("become a subreaper", sys::subreaper())?;
    }
    if let Some(cpu) = cpu {
        // Being refused costs speed alone.
        let _ = sys::pin(&[cpu]);
    }
    sys::easy_to_kill();
    step("refuse new privileges", sys::no_new_privileges())?;
    step("set limits", sys::limit_cases(level.alone()))?;
    if level.alone() {
        step("give up privileges", sys::drop_privileges())?;
        // By this main can end a warden that is stuck, with all that it has. Without a pid namespace it would orphan the case.
        step("be ended with the keeper", sys::die_with_parent())?;
    }
    rehearse(level, run)
}

/// What every case does at least, once without a case: a process, a file, a look at processes.
fn rehearse(level: Isolation, run: &Path) -> Step {
    let probe = run.join("probe");
    step("write into the run directory", fs::write(&probe, "x").and_then(|()| fs::remove_file(&probe)))?;
    // SAFETY: the warden has one thread.
    match unsafe { sys::fork() } {
        Ok(0) => sys::exit_now(0),
        Ok(child) => step("reap a child", sys::wait_for(child).map(drop))?,
        Err(error) => return Err(format!("fork a child: {error}")),
    }
    let seen = sys::processes().map_err(|error| format!("list processes: {error}"))?;
    if level.alone() && seen.len() != 1 {
        return Err(format!("the process list shows {} processes where only one is", seen.len()));
    }
    Ok(())
}
