//! The process whose steps are being lowered: what its names mean.

use super::{LowerError, Lowered, Lowering};
use crate::generate::act::{FdRef, Slot};
use crate::plan::script::{ActorId, Plane, SUBJECT};
use std::collections::BTreeMap;

/// A process as the names see it. A fork clones it.
#[derive(Clone)]
pub(super) struct Here {
    /// Which actor it is.
    pub(super) actor: ActorId,
    /// It is the caller of a library: its process steps are requests.
    pub(super) driver: bool,
    /// Actors that were this same process under an earlier image; their children are its own.
    selves: Vec<ActorId>,
    fds: BTreeMap<String, FdRef>,
    /// How often each name was made so far: `p.read` of the third round is `p[2].read` as well.
    rounds: BTreeMap<String, u32>,
    memory: BTreeMap<String, Slot>,
    /// Actors made so far by this process and its ancestors, by family.
    seen: BTreeMap<String, Vec<ActorId>>,
}

impl Here {
    pub(super) fn root(plane: Plane) -> Here {
        Here {
            actor: 0,
            driver: plane == Plane::Library,
            selves: vec![0],
            fds: BTreeMap::new(),
            rounds: BTreeMap::new(),
            memory: BTreeMap::new(),
            seen: BTreeMap::new(),
        }
    }

    /// The process that a fork makes: the same names, another actor.
    pub(super) fn forked(&self, actor: ActorId) -> Here {
        Here { actor, selves: vec![actor], ..self.clone() }
    }

    /// The same process under a new image: descriptors only by number.
    pub(super) fn image(&self, actor: ActorId) -> Here {
        let mut selves = self.selves.clone();
        selves.push(actor);
        let seen = self.seen.clone();
        Here { actor, driver: false, selves, fds: BTreeMap::new(), rounds: BTreeMap::new(), memory: BTreeMap::new(), seen }
    }

    /// A process that a library starts.
    pub(super) fn spawned(&self, actor: ActorId) -> Here {
        Here { selves: vec![actor], ..self.image(actor) }
    }

    pub(super) fn made(&mut self, family: &str, actor: ActorId) {
        self.seen.entry(family.to_owned()).or_default().push(actor);
    }

    /// The member of this family that was made last.
    fn latest(&self, family: &str) -> Option<ActorId> {
        self.seen.get(family).and_then(|members| members.last()).copied()
    }

    pub(super) fn name_fd(&mut self, name: String, slot: Slot) {
        if !name.contains('[') {
            let round = self.rounds.entry(name.clone()).or_default();
            let (base, end) = name.split_once('.').map_or((name.as_str(), String::new()), |(base, end)| (base, format!(".{end}")));
            self.fds.insert(format!("{base}[{round}]{end}"), FdRef::Slot(slot));
            *round += 1;
        }
        self.fds.insert(name, FdRef::Slot(slot));
    }

    /// What an endpoint means: `p.read`, `c`, `stdout`, `fd 7`.
    pub(super) fn fd(&self, name: &str) -> Lowered<FdRef> {
        if let Some(known) = self.fds.get(name) {
            return Ok(*known);
        }
        match name {
            "stdin" => Ok(FdRef::Fixed(0)),
            "stdout" => Ok(FdRef::Fixed(1)),
            "stderr" => Ok(FdRef::Fixed(2)),
            other => fixed(other).ok_or_else(|| LowerError::invalid(format!("nothing here is called `{other}`"))),
        }
    }

    pub(super) fn name_memory(&mut self, name: &str, slot: Slot) {
        self.memory.insert(name.to_owned(), slot);
    }

    /// The slot of a mapping, counter or semaphore.
    pub(super) fn memory(&self, name: &str) -> Lowered<Slot> {
        self.memory.get(name).copied().ok_or_else(|| LowerError::invalid(format!("no memory here is called `{name}`")))
    }
}

fn fixed(name: &str) -> Option<FdRef> {
    name.strip_prefix("fd ").and_then(|number| number.trim().parse().ok()).map(FdRef::Fixed)
}

impl Lowering<'_> {
    pub(super) fn fd_slot(&mut self) -> Lowered<Slot> {
        take(&mut self.fd_slots)
    }

    pub(super) fn memory_slot(&mut self) -> Lowered<Slot> {
        take(&mut self.memory_slots)
    }

    /// The actor that a name means in a process: `worker[2]` that one; `worker` the one made last on the way here, or the only
    /// one there is.
    pub(super) fn who(&self, here: &Here, name: &str) -> Lowered<ActorId> {
        let name = self.values.name(name)?;
        if name == "self" {
            return Ok(here.actor);
        }
        if name == "subject" {
            return Ok(SUBJECT);
        }
        if let Some((family, index)) = member(&name) {
            return self.member_of(family, index);
        }
        if let Some(actor) = here.latest(&name) {
            return Ok(actor);
        }
        match self.known.actors.get(&name).map(Vec::as_slice) {
            Some([only]) => Ok(*only),
            Some(_) => Err(LowerError::invalid(format!("there are several `{name}` and none was made on the way here"))),
            None if self.known.complete => Err(LowerError::invalid(format!("no process is called `{name}`"))),
            None => Ok(0),
        }
    }

    fn member_of(&self, family: &str, index: usize) -> Lowered<ActorId> {
        let members = self.known.actors.get(family).map_or(&[][..], Vec::as_slice);
        match members.get(index) {
            Some(actor) => Ok(*actor),
            None if self.known.complete => {
                let count = members.len();
                Err(LowerError::invalid(format!("there is no `{family}[{index}]`: {count} of them are made, counted from 0")))
            }
            None => Ok(0),
        }
    }

    /// The children of this process that belong to a family, oldest first.
    pub(super) fn children(&self, here: &Here, family: &str) -> Vec<ActorId> {
        let members = here.seen.get(family).into_iter().flatten();
        let own = |actor: &&ActorId| self.actors[usize::from(**actor)].parent.is_some_and(|parent| here.selves.contains(&parent));
        members.filter(own).copied().collect()
    }
}

/// Family and index of `worker[2]`.
fn member(name: &str) -> Option<(&str, usize)> {
    let (family, rest) = name.split_once('[')?;
    Some((family, rest.strip_suffix(']')?.parse().ok()?))
}

fn take(next: &mut u16) -> Lowered<Slot> {
    let slot = *next;
    *next = slot.checked_add(1).ok_or_else(super::too_large)?;
    Ok(slot)
}
