//! In the worker: the deeds of a task, as every adapter performs them in its own language.

use super::process::lock;
use super::{Fault, Library};
use crate::wire::work::{Deed, Note, Task};
use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

/// The variable that notes tell of.
static MARK: AtomicI64 = AtomicI64::new(0);
/// What the library calls this process, where it is a worker.
static NAME: Mutex<Option<String>> = Mutex::new(None);
/// It may not outlive its main program, and so may have no workers of its own.
static DAEMON: Mutex<bool> = Mutex::new(false);
/// What is to be noted at the end.
static AT_EXIT: Mutex<Vec<(Task, String)>> = Mutex::new(Vec::new());

/// Sets the variable.
pub(super) fn set_mark(mark: Option<i64>) {
    if let Some(mark) = mark {
        MARK.store(mark, Ordering::Relaxed);
    }
}

/// This process is a worker now.
pub(super) fn be_worker(name: Option<String>, daemon: bool) {
    *lock(&NAME) = name;
    *lock(&DAEMON) = daemon;
    // What the caller wants at its own end is no matter of a worker.
    lock(&AT_EXIT).clear();
}

/// A deed that failed.
pub(super) struct Failed(pub String);

/// Performs a task; the square of its item.
///
/// # Errors
/// A deed that was to fail.
pub(super) fn perform(library: Library, task: &Task, item: Option<i64>) -> Result<i64, Failed> {
    note(task, &task.notes, "began", item);
    for deed in &task.deeds {
        if concerns(deed, item) {
            perform_deed(library, task, deed, item)?;
        }
    }
    note(task, &task.notes, "ended", item);
    let item = item.unwrap_or(0);
    Ok(item.saturating_mul(item))
}

fn concerns(deed: &Deed, item: Option<i64>) -> bool {
    deed.only.as_ref().is_none_or(|only| item.is_some_and(|item| only.contains(&item)))
}

/// Whether the item is one that cannot be sent to a worker.
pub(super) fn is_unsendable(task: &Task, item: i64) -> bool {
    task.deeds.iter().any(|deed| deed.unsendable && concerns(deed, Some(item)))
}

/// Whether the item's result is one that cannot be sent back.
pub(super) fn is_unpicklable(task: &Task, item: i64) -> bool {
    task.deeds.iter().any(|deed| deed.unpicklable && concerns(deed, Some(item)))
}

fn perform_deed(library: Library, task: &Task, deed: &Deed, item: Option<i64>) -> Result<(), Failed> {
    if let Some(door) = &deed.hold {
        hold(task, door, &format!("{door}.go"), item);
    }
    if let Some(door) = &deed.hold_item {
        hold(task, door, &format!("{door}.go-{}", item.unwrap_or(0)), item);
    }
    if let Some(door) = &deed.knock {
        note(task, &format!("{door}.here"), "here", item);
    }
    if let Some(text) = &deed.print {
        print!("{text}");
    }
    if let Some(bytes) = deed.print_error {
        let _ = io::copy(&mut io::repeat(b'e').take(bytes), &mut io::stderr());
    }
    if let Some(code) = deed.exit {
        finish(library, code);
    }
    if let Some(code) = deed.leave {
        // SAFETY: _exit does not return.
        unsafe { libc::_exit(code) }
    }
    if let Some(text) = &deed.fail {
        return Err(Failed(text.clone()));
    }
    if let Some(signal) = &deed.die {
        let number = crate::names::signal_number(signal).unwrap_or(libc::SIGKILL);
        // Rust's runtime handles SIGSEGV and SIGBUS, and takes one that was sent for a fault that will come again.
        // SAFETY: the default action installs no code, and kill takes no memory.
        unsafe {
            libc::signal(number, libc::SIG_DFL);
            libc::kill(libc::getpid(), number);
        }
    }
    if let Some(word) = &deed.at_exit {
        lock(&AT_EXIT).push((task.clone(), word.clone()));
    }
    if let Some(child) = &deed.child {
        has_child(library, task, child);
    }
    Ok(())
}

fn has_child(library: Library, task: &Task, child: &Task) {
    let allowed = !*lock(&DAEMON) || library.has(Fault::DaemonHasWorkers);
    let started = if allowed { super::worker::start(library, child, None, false).ok() } else { None };
    match started {
        Some(child) => drop(child.wait(None)),
        None => note(task, &task.notes, "refused", None),
    }
}

fn hold(task: &Task, door: &str, go: &str, item: Option<i64>) {
    note(task, &format!("{door}.here"), "here", item);
    let opened = OpenOptions::new().read(true).open(go).and_then(|mut file| file.read_exact(&mut [0]));
    if opened.is_err() {
        loop {
            // Nobody is left to let it in. SAFETY: takes no memory.
            unsafe { libc::pause() };
        }
    }
}

/// The end of a worker in an orderly way: what was wanted at exit, what was printed.
pub(super) fn finish(library: Library, code: i32) -> ! {
    let words = std::mem::take(&mut *lock(&AT_EXIT));
    for (task, word) in words.iter().rev() {
        note(task, &task.notes, word, None);
    }
    if library.has(Fault::WorkerLosesOutput) {
        // SAFETY: _exit does not return.
        unsafe { libc::_exit(code) }
    }
    let _ = io::stdout().flush();
    std::process::exit(code)
}

/// Adds a note to a file by one call; what cannot be written is missed by whoever reads.
fn note(task: &Task, path: &str, what: &str, item: Option<i64>) {
    if task.notes.is_empty() {
        return;
    }
    let note = Note {
        what: what.to_owned(),
        of: task.of.clone(),
        pid: std::process::id().cast_signed(),
        ppid: Some(nix::unistd::getppid().as_raw()),
        name: lock(&NAME).clone(),
        mark: Some(MARK.load(Ordering::Relaxed)),
        item,
    };
    let mut line = serde_json::to_vec(&note).unwrap_or_default();
    line.push(b'\n');
    if let Ok(mut file) = OpenOptions::new().append(true).open(path) {
        let _ = file.write_all(&line);
    }
}
