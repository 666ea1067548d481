//! Mappings, counters, semaphores.

use super::here::Here;
use super::{LowerError, Lowered, Lowering};
use crate::generate::act::{Act, SharedVia};
use crate::generate::program::Op;
use crate::generate::share::{NAMES, Named, Patience, Public, Share};
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
        Ok(self.declare(here, "memory", label, Some(&step.name), &step.expect)?.op(Act::Memory { slot, pages, shared }))
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
        let public = self.public(step.public.as_deref(), step.create)?;
        if via == SharedVia::Anonymous && public.is_some() {
            return Err(LowerError::invalid("an anonymous mapping has no name"));
        }
        let slot = self.memory_slot()?;
        here.name_memory(&step.name, slot);
        let made = public.is_none_or(|public| public.create);
        let verb = if made { "share" } else { "map" };
        let label = format!("{verb} the counter {} by {word}{}", step.name, under(step.public.as_deref()));
        let declared = self.declare(here, "shared", label, Some(&step.name), &step.expect)?;
        self.decl(declared).operands = if made { vec![0] } else { Vec::new() };
        Ok(declared.op(Act::Shared { slot, via, public }))
    }

    /// The number of a name that others find an object by.
    pub(super) fn public(&mut self, name: Option<&str>, create: bool) -> Lowered<Option<Public>> {
        name.map(|name| Ok(Public { number: self.public_number(name)?, create })).transpose()
    }

    fn public_number(&mut self, name: &str) -> Lowered<u16> {
        let name = self.values.name(name)?;
        let next = u16::try_from(self.public_names.len()).map_err(|_| super::too_large())?;
        let number = *self.public_names.entry(name).or_insert(next);
        if number < NAMES { Ok(number) } else { Err(LowerError::invalid(format!("a case has {NAMES} names at most"))) }
    }

    pub(super) fn detach(&mut self, here: &mut Here, step: &memory::Detach) -> Lowered<Op> {
        let act = Act::Share(Share::Detach { slot: here.memory(&step.0)? });
        self.plain(here, "detach", format!("unmap {}", step.0), Some(&step.0), act)
    }

    pub(super) fn remove(&mut self, here: &mut Here, step: &memory::Remove) -> Lowered<Op> {
        let via = self.values.bind_optional(step.via.as_ref())?;
        let of = match (step.of.as_str(), via.as_deref()) {
            ("shared", Some(via)) => Named::Shared(via_of(via)?),
            ("queue", Some(via)) => Named::Queue(super::queue::via_of(via)?),
            ("semaphore", None) => Named::Semaphore,
            (other, _) => return Err(LowerError::invalid(format!("`remove` of `{other}`: shared or queue with `via`, or semaphore"))),
        };
        let number = self.public_number(&step.name)?;
        let declared = self.declare(here, "remove", format!("remove the {} named {}", step.of, step.name), None, &step.expect)?;
        Ok(declared.op(Act::Share(Share::Remove { number, of })))
    }

    pub(super) fn fetch_add(&mut self, here: &mut Here, step: &memory::FetchAdd) -> Lowered<Op> {
        let (slot, by) = (here.memory(&step.of)?, self.values.int(&step.by)?);
        let label = format!("fetch and add {by} to {}", step.of);
        let declared = self.declare(here, "fetch-add", label, Some(&step.of), &step.expect)?;
        self.decl(declared).operands = vec![by];
        Ok(declared.op(Act::Share(Share::FetchAdd { slot, by, torn: step.torn })))
    }

    pub(super) fn exchange(&mut self, here: &mut Here, step: &memory::Exchange) -> Lowered<Op> {
        let (slot, value) = (here.memory(&step.of)?, self.values.int(&step.value)?);
        let declared = self.declare(here, "exchange", format!("exchange {} for {value}", step.of), Some(&step.of), &Expect::Success)?;
        self.decl(declared).operands = vec![value];
        Ok(declared.op(Act::Share(Share::Exchange { slot, value })))
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
        let value: Option<u32> = self.values.optional(step.value.as_ref())?;
        let public = self.public(step.public.as_deref(), value.is_some())?;
        let via = self.values.bind_optional(step.via.as_ref())?;
        let named = match via.as_deref() {
            None => public.is_some() || !crate::names::HAS_UNNAMED_SEMAPHORES,
            Some("unnamed") if public.is_none() => false,
            Some("unnamed") => return Err(LowerError::invalid("an unnamed semaphore has no name")),
            Some("named") => true,
            Some(other) => return Err(LowerError::invalid(format!("`{other}` is no kind of semaphore: unnamed or named"))),
        };
        if public.is_none() && value.is_none() {
            return Err(LowerError::invalid("a semaphore without a name needs a value"));
        }
        let slot = self.memory_slot()?;
        here.name_memory(&step.name, slot);
        let word = if named { "named" } else { "unnamed" };
        let label = match value {
            Some(value) => format!("make the {word} semaphore {} of {value}{}", step.name, under(step.public.as_deref())),
            None => format!("open the semaphore {}{}", step.name, under(step.public.as_deref())),
        };
        let declared = self.declare(here, "semaphore", label, Some(&step.name), &step.expect)?;
        self.decl(declared).operands = value.map(i64::from).into_iter().collect();
        Ok(declared.op(Act::Semaphore { slot, value: value.unwrap_or(0), named, public }))
    }

    pub(super) fn down(&mut self, here: &mut Here, step: &memory::Down) -> Lowered<Op> {
        let (name, patience, expect) = match step {
            memory::Down::Name(name) => (name, Patience::Endless, &Expect::Success),
            memory::Down::With(with) => (&with.of, self.patience(with)?, &with.expect),
        };
        let slot = here.memory(name)?;
        let limit = match patience {
            Patience::Endless => String::new(),
            Patience::None => " without waiting".to_owned(),
            Patience::Limit(ms) => format!(" within {ms} ms"),
        };
        Ok(self.declare(here, "down", format!("down {name}{limit}"), Some(name), expect)?.op(Act::Down { slot, patience }))
    }

    fn patience(&self, step: &memory::DownWith) -> Lowered<Patience> {
        let limit = self.values.optional(step.timeout.as_ref())?;
        Ok(limit.map_or(if step.nohang { Patience::None } else { Patience::Endless }, Patience::Limit))
    }

    pub(super) fn up(&mut self, here: &mut Here, step: &memory::Up) -> Lowered<Op> {
        let slot = here.memory(&step.0)?;
        self.plain(here, "up", format!("up {}", step.0), Some(&step.0), Act::Up { slot })
    }
}

/// The end of a label: the name that it has for others.
pub(super) fn under(name: Option<&str>) -> String {
    name.map_or_else(String::new, |name| format!(" under the name {name}"))
}

fn via_of(word: &str) -> Lowered<SharedVia> {
    match word {
        "shm_open" => Ok(SharedVia::ShmOpen),
        "anonymous" => Ok(SharedVia::Anonymous),
        "sysv" => Ok(SharedVia::Sysv),
        other => Err(LowerError::invalid(format!("`{other}` is no way to share memory: shm_open, anonymous or sysv"))),
    }
}
