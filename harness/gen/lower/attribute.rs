//! Limits, mask of file modes, directory, priority, group, session.

use super::here::Here;
use super::{Lowered, Lowering};
use crate::generate::act::{Act, Attribute};
use crate::generate::lower::fd::case_path;
use crate::generate::program::Op;
use crate::plan::expr::Expr;
use crate::plan::step::attribute;

impl Lowering<'_> {
    pub(super) fn limit(&mut self, here: &Here, step: &attribute::Limit) -> Lowered<Op> {
        let name = self.values.bind(&step.set)?;
        let soft: Option<i64> = self.values.optional(step.soft.as_ref())?;
        let hard: Option<i64> = self.values.optional(step.hard.as_ref())?;
        let words = |value: i64| if value < 0 { "none".to_owned() } else { value.to_string() };
        let hard_words = hard.map_or_else(String::new, |hard| format!(", hard {}", words(hard)));
        let soft_words = soft.map_or_else(|| "its hard limit".to_owned(), words);
        let of = if step.of.is_some() { " of the subject" } else { "" };
        let label = format!("limit {name}{of} to {soft_words}{hard_words}");
        let limit = |value: i64| u64::try_from(value).unwrap_or(u64::MAX);
        let act = match step.of {
            Some(_) => Attribute::LimitSubject { name: name.clone(), soft: soft.map(limit) },
            None => Attribute::Limit { name: name.clone(), soft: soft.map(limit), hard: hard.map(limit) },
        };
        Ok(self.declare(here, "limit", label, Some(&name), &step.expect)?.op(Act::Attribute(act)))
    }

    pub(super) fn umask(&mut self, here: &Here, step: &attribute::Umask) -> Lowered<Op> {
        let mask: u32 = self.values.int(&step.0)?;
        self.plain(here, "umask", format!("set the umask to {mask:03o}"), None, Act::Attribute(Attribute::Umask(mask)))
    }

    pub(super) fn chdir(&mut self, here: &Here, step: &attribute::Chdir) -> Lowered<Op> {
        let path = self.values.name(&step.0)?;
        let act = Act::Attribute(Attribute::Chdir(case_path(&path)));
        self.plain(here, "chdir", format!("go into {path}"), None, act)
    }

    pub(super) fn nice(&mut self, here: &Here, step: &attribute::Nice) -> Lowered<Op> {
        let by: i32 = self.values.int(&step.0)?;
        self.plain(here, "nice", format!("add {by} to the nice value"), None, Act::Attribute(Attribute::Nice(by)))
    }

    pub(super) fn new_session(&mut self, here: &Here, step: &attribute::NewSession) -> Lowered<Op> {
        let declared = self.declare(here, "new-session", "lead a new session".to_owned(), None, &step.expect)?;
        Ok(declared.op(Act::Attribute(Attribute::NewSession)))
    }

    pub(super) fn control_group(&mut self, here: &Here, step: &attribute::ControlGroup) -> Lowered<Op> {
        let most: u32 = self.values.int(&step.processes)?;
        let label = format!("go into a control group of at most {most} processes");
        self.plain(here, "control-group", label, None, Act::Attribute(Attribute::ControlGroup { most }))
    }

    pub(super) fn group(&mut self, here: &Here, step: &attribute::Group) -> Lowered<Op> {
        let (of, join) = (self.who(here, &step.of)?, self.who(here, &step.join)?);
        let label = if of == join {
            format!("put {} into a group of its own", self.name_of(of))
        } else {
            format!("put {} into the group of {}", self.name_of(of), self.name_of(join))
        };
        let declared = self.declare(here, "group", label, Some(&step.of), &step.expect)?;
        Ok(declared.op(Act::Attribute(Attribute::Group { of, join })))
    }

    pub(super) fn kill_group(&mut self, here: &Here, step: &attribute::KillGroup) -> Lowered<Op> {
        let (name, signal) = self.values.signal(&step.signal)?;
        let leader = self.who(here, &step.of)?;
        let label = format!("send {name} to the group of {}", self.name_of(leader));
        let declared = self.declare(here, "kill-group", label, Some(&step.of), &step.expect)?;
        Ok(declared.op(Act::Attribute(Attribute::KillGroup { leader, signal })))
    }

    pub(super) fn become_other(&mut self, here: &Here, step: &attribute::Become) -> Lowered<Op> {
        let numbers = |exprs: &Vec<Expr>| exprs.iter().map(|expr| self.values.ints::<u32>(expr)).collect::<Lowered<Vec<_>>>();
        let groups = step.groups.as_ref().map(numbers).transpose()?.map(|lists| lists.concat());
        let (uid, gid) = (self.values.optional(step.uid.as_ref())?, self.values.optional(step.gid.as_ref())?);
        let who = match (uid, gid) {
            _ if step.ordinary => "an ordinary user".to_owned(),
            (Some(uid), _) => format!("user {uid}"),
            (None, Some(gid)) => format!("group {gid}"),
            (None, None) => "another set of groups".to_owned(),
        };
        let act = if step.ordinary { Attribute::BecomeOrdinary } else { Attribute::Become { uid, gid, groups } };
        Ok(self.declare(here, "become", format!("become {who}"), None, &step.expect)?.op(Act::Attribute(act)))
    }

    pub(super) fn spin(&mut self, here: &Here) -> Lowered<Op> {
        self.plain(here, "spin", "use the processor until a signal comes".to_owned(), None, Act::Attribute(Attribute::Spin))
    }
}
