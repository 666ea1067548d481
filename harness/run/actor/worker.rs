//! The driver's half of workers: the doors at which they are met, and what they write down.
//!
//! A door is made when the first task that comes to it is asked for, and held open by the driver for reading and writing: so
//! nobody who comes to it finds its end, and nobody waits for a reader. It is gone with the case.
//!
//! Who has come to a door is looked at from outside while it is held there: what it inherited is then known without its language
//! having to tell.

use super::{DONE, Performer, Stop};
use crate::plan::script::{ActorId, Outcome};
use crate::trace::{Event, Told, What};
use crate::wire::message::Operation;
use crate::wire::work::{Note, Task, WorkerRequest};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;

/// Doors, and how far the notes were read.
#[derive(Default)]
pub(super) struct Work {
    doors: Vec<Door>,
    notes: Option<BufReader<File>>,
}

struct Door {
    path: String,
    /// Held open for writing, never read here.
    _writer: Option<File>,
    /// Of `D.here`: lines are read from it.
    here: Option<BufReader<File>>,
}

/// The tasks of a request, with the items that each is for.
fn tasks(operation: &Operation) -> Vec<(&Task, &[i64])> {
    match operation {
        Operation::Worker(request) => vec![(&request.task, &[])],
        Operation::Main(request) => request.workers.iter().map(|worker| (&worker.task, &[][..])).collect(),
        Operation::Submit(request) | Operation::Map(request) => vec![(&request.task, &request.items)],
        _ => Vec::new(),
    }
}

impl Work {
    /// Makes what the tasks of a request come to.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn prepare(&mut self, operation: &Operation) -> io::Result<()> {
        tasks(operation).into_iter().try_for_each(|(task, items)| self.for_task(task, items))
    }

    fn for_task(&mut self, task: &Task, items: &[i64]) -> io::Result<()> {
        if self.notes.is_none() {
            let notes = OpenOptions::new().read(true).append(true).create(true).open(&task.notes)?;
            self.notes = Some(BufReader::new(notes));
        }
        for deed in &task.deeds {
            for door in [&deed.hold, &deed.hold_item, &deed.knock].into_iter().flatten() {
                self.fifo(format!("{door}.here"))?;
                self.fifo(format!("{door}.go"))?;
            }
            for item in items.iter().filter(|_| deed.hold_item.is_some()) {
                self.fifo(format!("{}.go-{item}", deed.hold_item.as_deref().unwrap_or_default()))?;
            }
            if let Some(child) = &deed.child {
                self.for_task(child, items)?;
            }
        }
        Ok(())
    }

    fn fifo(&mut self, path: String) -> io::Result<()> {
        if self.doors.iter().any(|door| door.path == path) {
            return Ok(());
        }
        nix::unistd::mkfifo(path.as_str(), nix::sys::stat::Mode::from_bits_truncate(0o600)).map_err(io::Error::from)?;
        let file = OpenOptions::new().read(true).write(true).custom_flags(libc::O_CLOEXEC).open(&path)?;
        let (writer, here) = if path.ends_with(".here") { (None, Some(BufReader::new(file))) } else { (Some(file), None) };
        self.doors.push(Door { path, _writer: writer, here });
        Ok(())
    }

    fn door(&mut self, path: &str) -> Option<&mut Door> {
        self.doors.iter_mut().find(|door| door.path == path)
    }

    /// The next who comes; waits for it.
    fn next(&mut self, door: &str) -> io::Result<Note> {
        let missing = || io::Error::new(io::ErrorKind::NotFound, "no task that was asked for comes to this door");
        let here = self.door(&format!("{door}.here")).and_then(|door| door.here.as_mut()).ok_or_else(missing)?;
        let mut line = String::new();
        here.read_line(&mut line)?;
        note(&line)
    }

    /// Lets through.
    fn release(&mut self, door: &str, item: Option<i64>, count: u32) -> io::Result<()> {
        let path = item.map_or_else(|| format!("{door}.go"), |item| format!("{door}.go-{item}"));
        let missing = || io::Error::new(io::ErrorKind::NotFound, "no task that was asked for is held there");
        let file = self.door(&path).and_then(|door| door._writer.as_mut()).ok_or_else(missing)?;
        file.write_all(&vec![b'.'; count as usize])
    }

    /// The notes since the last time.
    fn new_notes(&mut self) -> Vec<io::Result<Note>> {
        let mut text = String::new();
        match &mut self.notes {
            // Each note is written by one call, so what is there are whole lines.
            Some(notes) => drop(notes.read_to_string(&mut text)),
            None => return Vec::new(),
        }
        text.lines().map(note).collect()
    }
}

fn note(line: &str) -> io::Result<Note> {
    serde_json::from_str(line).map_err(|error| io::Error::other(format!("a worker wrote {line:?}, which is no note: {error}")))
}

/// The actor that a note is of.
fn actor_of(note: &Note) -> Option<ActorId> {
    note.of.split(' ').next()?.parse().ok()
}

impl Performer<'_> {
    /// Before a request: what its tasks come to, and what it asks of its workers.
    pub(super) fn prepare_work(&mut self, operation: &Operation) -> Result<(), Outcome> {
        let Some(driver) = &mut self.driver else { return Ok(()) };
        driver.work.prepare(operation).map_err(|error| Outcome::Other(format!("make the doors of the workers: {error}")))
    }

    /// What was asked of a worker that the subject says to have started.
    pub(super) fn note_asked(&self, actor: ActorId, request: &WorkerRequest, pid: Option<i32>) {
        let told =
            Told { what: "asked".to_owned(), pid: pid.unwrap_or(0), name: request.name.clone(), mark: request.mark, ..Told::default() };
        self.note_told_by(Some(actor), told);
    }

    /// Records what workers wrote down since the last time.
    pub(super) fn note_work(&mut self) {
        let notes = self.driver.as_mut().map(|driver| driver.work.new_notes()).unwrap_or_default();
        for note in notes {
            match note {
                Ok(note) => self.note_told_by(actor_of(&note), told(note)),
                Err(error) => self.note_told_by(None, Told { what: error.to_string(), ..Told::default() }),
            }
        }
    }

    fn note_told_by(&self, actor: Option<ActorId>, told: Told) {
        let actor = actor.filter(|actor| *actor < self.actors).unwrap_or(self.actor);
        let pid = if told.pid > 0 { told.pid } else { self.pid };
        self.arena.append(&Event { at: self.arena.elapsed_ns(), actor, pid, step: Some(self.step), what: What::Told(told) });
    }

    pub(super) fn meet(&mut self, name: &str, door: &str, count: u32) -> Result<(), Stop> {
        let door = self.fill(door);
        for _ in 0..count {
            let Some(driver) = &mut self.driver else { return self.settle(Err(Outcome::Other("there is no subject".to_owned()))) };
            let note = match driver.work.next(&door) {
                Ok(note) => note,
                Err(error) => return self.settle(Err(Outcome::Other(error.to_string()))),
            };
            self.met(name, note);
        }
        self.note_work();
        self.settle(Ok(Outcome::Done(Some(count.into()))))
    }

    fn met(&self, name: &str, note: Note) {
        let (actor, pid) = (actor_of(&note), note.pid);
        self.note_told_by(actor, Told { door: Some(name.to_owned()), ..told(note) });
        if let Ok(state) = crate::sys::state_of(pid) {
            let what = What::State { label: format!("at {name}"), state: Box::new(state) };
            let actor = actor.filter(|actor| *actor < self.actors).unwrap_or(self.actor);
            self.arena.append(&Event { at: self.arena.elapsed_ns(), actor, pid, step: Some(self.step), what });
        }
    }

    pub(super) fn release(&mut self, door: &str, item: Option<i64>, count: u32) -> Result<Outcome, Outcome> {
        let door = self.fill(door);
        let Some(driver) = &mut self.driver else { return Err(Outcome::Other("there is no subject".to_owned())) };
        driver.work.release(&door, item, count).map_err(|error| Outcome::Other(error.to_string()))?;
        DONE
    }

    /// Results in the order in which they were told.
    pub(super) fn note_values(&self, name: &str, values: &[i64]) {
        for value in values {
            self.note_step(What::Number { name: format!("result of {name}"), value: *value });
        }
    }
}

fn told(note: Note) -> Told {
    Told { what: note.what, pid: note.pid, ppid: note.ppid, name: note.name, mark: note.mark, item: note.item, door: None }
}
