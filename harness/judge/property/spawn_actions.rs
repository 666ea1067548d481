//! The program that posix_spawn started has what the file actions, performed one after the other, leave of the caller's descriptors.
//!
//! The actions are a small program that the C library performs between two system calls, in an order that it must not change: a `dup2`
//! may read what an `open` made, a `close` may take away what a later `dup2` wants. So the judge performs them as well, on the list of
//! descriptors that the caller reported just before, and compares.
//!
//! Rules:
//! 1. `close N`: N is not open. That it was not open before is no error.
//! 2. `dup2 A B`: B is A's file, without close-on-exec; A as well where A is B. Where A is not open the start fails with EBADF.
//! 3. `open N PATH`, `create N PATH`: N is that file, without close-on-exec, relative to the directory reached. Where it is not there
//!    the start fails with ENOENT.
//! 4. `chdir PATH`: the working directory. Where it is not there the start fails with ENOENT.
//! 5. What is close-on-exec in the end is gone; everything else is there on the same file, and nothing else is.
//! 6. A start that must fail by these rules fails, and no other does.
//! 7. Mask: the one asked for, or the caller's. Signals asked to be so have their default disposition; others stay ignored as they
//!    were. Session and process group: led where asked, else the caller's. Signals 32 and 33 are glibc's own.
//!
//! # References
//! POSIX.1-2024 `posix_spawn()`, `posix_spawn_file_actions_addclose()`, `posix_spawn_file_actions_adddup2()` (equal descriptors lose
//! FD_CLOEXEC), `posix_spawn_file_actions_addopen()`, `posix_spawn_file_actions_addchdir()`, `posix_spawnattr_setflags()`.

use crate::judge::verdict::Finding;
use crate::judge::{Property, args, drift, signals, starts, view};
use crate::plan::check::ArgDecl;
use crate::plan::script::{Asked, AskedSpawn, CheckDecl, Outcome, StepDecl};
use crate::trace::state::{FdState, ProcState};
use crate::trace::{History, What};
use std::collections::{BTreeMap, BTreeSet};

/// See the module.
pub struct SpawnActions;

/// The label under which the caller reports its state.
const LABEL: &str = "before-spawn";

impl Property for SpawnActions {
    fn name(&self) -> &'static str {
        "spawn-actions"
    }
    fn says(&self) -> &'static str {
        "a posix_spawned program has what its file actions and attributes make of the caller's descriptors, directory and signals"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 posix_spawn(), posix_spawn_file_actions_addclose(), _adddup2(), _addopen(), _addchdir(), posix_spawnattr_setflags()"
    }
    fn args(&self) -> &'static [ArgDecl] {
        &[args::OF_ACTOR]
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        let only = view::text(asked, "of").map(|name| view::named(history, name));
        let wanted = |child| only.as_ref().is_none_or(|only| only.contains(&child));
        let starts = history.script.steps.iter().filter_map(|step| {
            let asked = step.asked.as_deref().filter(|asked| asked.child.is_some_and(wanted))?;
            asked.spawn.as_ref().map(|wishes| (step, asked, wishes))
        });
        starts::worst(starts.filter_map(|(step, asked, wishes)| judged(history, step, asked, wishes)))
    }
}

/// `None` for a start that was not come to.
fn judged(history: &History, step: &StepDecl, asked: &Asked, wishes: &AskedSpawn) -> Option<Finding> {
    let (at, was) = caller(history, step)?;
    let (returned, outcome) =
        view::returns(history).find_map(|(at, event, outcome, _)| (event.step == Some(step.id)).then_some((at, outcome)))?;
    let model = Model::of(history, was, wishes);
    let expected = match &model {
        Err(errno) => format!("{} to fail with {errno}", view::place(step)),
        Ok(_) => format!("{} to succeed", view::place(step)),
    };
    let by = view::name(history, step.actor);
    match (model, outcome) {
        (Err(errno), Outcome::Error(seen)) if seen == errno => Some(Finding::Pass),
        (Ok(model), Outcome::Done(_)) => Some(arrived(history, step, asked, wishes, &model, (at, was))),
        (_, Outcome::Unavailable(why) | Outcome::Unsupported(why)) => Some(view::undecided(why.clone())),
        (_, seen) => Some(Finding::fail(expected, format!("{seen:?}"), by, vec![at, returned])),
    }
}

fn caller<'h>(history: &'h History, step: &StepDecl) -> Option<(usize, &'h ProcState)> {
    history.events.iter().enumerate().find_map(|(at, event)| match &event.what {
        What::State { label, state } if label == LABEL && event.step == Some(step.id) => Some((at, state.as_ref())),
        _ => None,
    })
}

/// What a descriptor is after some actions.
#[derive(Clone)]
enum Place {
    /// The caller's descriptor as it was reported.
    Old(FdState),
    /// A file by its path.
    Path(String),
}

/// The caller's descriptors and directory after the actions.
struct Model {
    fds: BTreeMap<i32, Place>,
    cwd: String,
}

impl Model {
    /// `Err` holds the errno with which the start must fail.
    fn of(history: &History, was: &ProcState, wishes: &AskedSpawn) -> Result<Model, &'static str> {
        let fds = was.fds.iter().map(|fd| (fd.fd, Place::Old(fd.clone()))).collect();
        let mut model = Model { fds, cwd: was.cwd.clone() };
        let mut made = made(history, &was.cwd);
        for action in &wishes.actions {
            model.perform(action, &mut made)?;
        }
        model.fds.retain(|_, place| !matches!(place, Place::Old(fd) if fd.cloexec == Some(true)));
        Ok(model)
    }

    fn perform(&mut self, action: &str, made: &mut BTreeSet<String>) -> Result<(), &'static str> {
        let (word, rest) = action.split_once(' ').unwrap_or((action, ""));
        let (first, second) = rest.split_once(' ').unwrap_or((rest, ""));
        let number = |word: &str| word.parse::<i32>().unwrap_or(-1);
        match word {
            "close" => drop(self.fds.remove(&number(rest))),
            "dup2" => {
                let kept = match self.fds.get(&number(first)).ok_or("EBADF")? {
                    Place::Old(fd) => Place::Old(FdState { cloexec: Some(false), ..fd.clone() }),
                    path @ Place::Path(_) => path.clone(),
                };
                self.fds.insert(number(second), kept);
            }
            "chdir" => self.cwd = found(made, self.path(rest))?,
            "create" => {
                let path = self.path(second);
                made.insert(path.clone());
                self.fds.insert(number(first), Place::Path(path));
            }
            _ => {
                let path = found(made, self.path(second))?;
                self.fds.insert(number(first), Place::Path(path));
            }
        }
        Ok(())
    }

    fn path(&self, path: &str) -> String {
        if path.starts_with('/') { path.to_owned() } else { format!("{}/{path}", self.cwd) }
    }
}

fn found(made: &BTreeSet<String>, path: String) -> Result<String, &'static str> {
    if path == "/dev/null" || made.contains(&path) { Ok(path) } else { Err("ENOENT") }
}

/// Files that steps of the scenario made. The caller's directory is that of the case, unless it went into one of its own making;
/// a scenario whose caller does that names none of its files from there.
fn made(history: &History, cwd: &str) -> BTreeSet<String> {
    let files = history.script.steps.iter().filter(|step| step.kind == "file" && !step.label.ends_with(": missing"));
    files.filter_map(|step| Some(format!("{cwd}/{}", step.on.as_deref()?))).collect()
}

fn arrived(
    history: &History,
    step: &StepDecl,
    asked: &Asked,
    wishes: &AskedSpawn,
    model: &Model,
    (at, was): (usize, &ProcState),
) -> Finding {
    let born = view::births(history).find(|(_, event, ..)| Some(event.actor) == asked.child);
    let Some((born, event, _, Some(now))) = born else {
        return view::undecided("the started program did not report its state");
    };
    let mut wrong = descriptors(model, now);
    if model.cwd != now.cwd {
        wrong.push(format!("working directory is {}, not {}", now.cwd, model.cwd));
    }
    wrong.extend(attributes(asked, wishes, was, now));
    if wrong.is_empty() {
        return Finding::Pass;
    }
    let expected = format!("what {} makes of its caller's state", view::place(step));
    Finding::fail(expected, view::list(wrong, 8), view::name(history, event.actor), vec![at, born])
}

fn descriptors(model: &Model, now: &ProcState) -> Vec<String> {
    let seen: BTreeMap<i32, &FdState> = now.fds.iter().map(|fd| (fd.fd, fd)).collect();
    let mut wrong: Vec<String> = Vec::new();
    for (number, place) in &model.fds {
        let (right, words) = match (place, seen.get(number)) {
            (Place::Old(was), seen) => (seen.is_some_and(|seen| drift::same_file(was, seen)), was.target.clone()),
            (Place::Path(path), seen) => (seen.is_some_and(|seen| seen.target == *path), path.clone()),
        };
        if !right {
            let seen = seen.get(number).map_or_else(|| "not open".to_owned(), |seen| seen.target.clone());
            wrong.push(format!("{number} is {seen}, not {words}"));
        }
    }
    wrong.extend(
        seen.iter().filter(|(number, _)| !model.fds.contains_key(number)).map(|(_, fd)| format!("also open: {}", drift::fd_words(fd))),
    );
    wrong
}

/// Rule 7.
fn attributes(asked: &Asked, wishes: &AskedSpawn, was: &ProcState, now: &ProcState) -> Vec<String> {
    let own = |list: &[i32]| list.iter().copied().filter(|signal| !signals::GLIBC_OWN.contains(signal)).collect::<BTreeSet<i32>>();
    let ignored: BTreeSet<i32> = own(&was.ignored).into_iter().filter(|signal| !wishes.defaults.contains(signal)).collect();
    let blocked = own(wishes.mask.as_deref().unwrap_or(&was.blocked));
    let mut wrong = Vec::new();
    for (what, wanted, seen) in
        [("blocked", blocked, own(&now.blocked)), ("ignored", ignored, own(&now.ignored)), ("caught", BTreeSet::new(), own(&now.caught))]
    {
        if wanted != seen {
            wrong.push(format!("{what}: {}, not {}", drift::signal_words(seen), drift::signal_words(wanted)));
        }
    }
    let group = if asked.identity.group || asked.identity.session { now.pid } else { was.pgid };
    let session = if asked.identity.session { now.pid } else { was.sid };
    for (what, wanted, seen) in [("process group", group, now.pgid), ("session", session, now.sid)] {
        if wanted != seen {
            wrong.push(format!("{what} is {seen}, not {wanted}"));
        }
    }
    wrong
}
