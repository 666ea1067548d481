//! Mappings, counters, semaphores.

use super::here::Here;
use super::{LowerError, Lowered, Lowering};
use crate::generate::act::{Act, SharedVia};
use crate::generate::program::Op;
use crate::plan::ast::Expect;
use crate::plan::step::memory;

impl Lowering<'_> {
    pub(super) fn memory(&mut self, here: &mut Here, step: &memory::Memory) -> Lowered<Op> {
        let pages = self.values.int(&step.pages)?;
        let shared = step.shared.as_ref().map_or(Ok(false), |wish| self.values.holds(wish))?;
        let slot = self.memory_slot()?;
        here.name_memory(&step.name, slot);
        let word = if shared { "shared" } else { "private" };
        let label = format!("map {pages} {word} pages as {}", step.name);
        self.plain(here, "memory", label, Some(&step.name), Act::Memory { slot, pages, shared })
    }

    pub(super) fn poke(&mut self, here: &mut Here, step: &memory::Poke) -> Lowered<Op> {
        let (slot, value) = (here.memory(&step.place)?, self.values.int(&step.value)?);
        let label = format!("write {value} into every page of {}", step.place);
        self.plain(here, "poke", label, Some(&step.place), Act::Poke { slot, value })
    }

    pub(super) fn peek(&mut self, here: &mut Here, step: &memory::Peek) -> Lowered<Op> {
        let act = Act::Peek { slot: here.memory(&step.place)? };
        let label = format!("read every page of {}", step.place);
        Ok(self.declare(here, "peek", label, Some(&step.place), &step.expect)?.op(act))
    }

    pub(super) fn report_memory(&mut self, here: &mut Here, step: &memory::ReportMemory) -> Lowered<Op> {
        let act = Act::ReportMemory { label: step.0.clone() };
        self.plain(here, "report-memory", format!("report its private memory as `{}`", step.0), None, act)
    }

    pub(super) fn shared(&mut self, here: &mut Here, step: &memory::Shared) -> Lowered<Op> {
        let word = self.values.bind(&step.via)?;
        let via = via_of(&word)?;
        let slot = self.memory_slot()?;
        here.name_memory(&step.name, slot);
        self.plain(here, "shared", format!("share the counter {} by {word}", step.name), Some(&step.name), Act::Shared { slot, via })
    }

    pub(super) fn add(&mut self, here: &mut Here, step: &memory::Add) -> Lowered<Op> {
        let memory::Add(name, by) = step;
        let (slot, by) = (here.memory(name)?, self.values.int(by)?);
        self.plain(here, "add", format!("add {by} to {name}"), Some(name), Act::Add { slot, by })
    }

    pub(super) fn load(&mut self, here: &mut Here, step: &memory::Load) -> Lowered<Op> {
        let (name, expect) = match step {
            memory::Load::Name(name) => (name, &Expect::Success),
            memory::Load::With(with) => (&with.of, &with.expect),
        };
        let slot = here.memory(name)?;
        let declared = self.declare(here, "load", format!("load {name}"), Some(name), expect)?;
        Ok(declared.op(Act::Load { slot, name: name.clone() }))
    }

    pub(super) fn semaphore(&mut self, here: &mut Here, step: &memory::Semaphore) -> Lowered<Op> {
        let value = self.values.int(&step.value)?;
        let via = self.values.bind_optional(step.via.as_ref())?;
        let named = match via.as_deref() {
            None => !crate::names::HAS_UNNAMED_SEMAPHORES,
            Some("unnamed") => false,
            Some("named") => true,
            Some(other) => return Err(LowerError::invalid(format!("`{other}` is no kind of semaphore: unnamed or named"))),
        };
        let slot = self.memory_slot()?;
        here.name_memory(&step.name, slot);
        let word = if named { "named" } else { "unnamed" };
        let label = format!("make the {word} semaphore {} of {value}", step.name);
        self.plain(here, "semaphore", label, Some(&step.name), Act::Semaphore { slot, value, named })
    }

    pub(super) fn down(&mut self, here: &mut Here, step: &memory::Down) -> Lowered<Op> {
        let (name, expect) = match step {
            memory::Down::Name(name) => (name, &Expect::Success),
            memory::Down::With(with) => (&with.of, &with.expect),
        };
        let slot = here.memory(name)?;
        Ok(self.declare(here, "down", format!("down {name}"), Some(name), expect)?.op(Act::Down { slot }))
    }

    pub(super) fn up(&mut self, here: &mut Here, step: &memory::Up) -> Lowered<Op> {
        let slot = here.memory(&step.0)?;
        self.plain(here, "up", format!("up {}", step.0), Some(&step.0), Act::Up { slot })
    }
}

fn via_of(word: &str) -> Lowered<SharedVia> {
    match word {
        "shm_open" => Ok(SharedVia::ShmOpen),
        "anonymous" => Ok(SharedVia::Anonymous),
        "sysv" => Ok(SharedVia::Sysv),
        other => Err(LowerError::invalid(format!("`{other}` is no way to share memory: shm_open, anonymous or sysv"))),
    }
}
