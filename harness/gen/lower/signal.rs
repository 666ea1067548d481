//! Dispositions, mask, sending.

use super::here::Here;
use super::{LowerError, Lowered, Lowering};
use crate::generate::act::system::System;
use crate::generate::act::{Act, Disposition, SignalFlags};
use crate::generate::program::Op;
use crate::names;
use crate::plan::expr::Expr;
use crate::plan::step::signal;

impl Lowering<'_> {
    pub(super) fn signal(&mut self, here: &mut Here, step: &signal::Signal) -> Lowered<Op> {
        let (name, number) = self.values.signal(&step.set)?;
        let word = self.values.bind(&step.to)?;
        let to = disposition(&word)?;
        let flags = self.signal_flags(step)?;
        let act = Act::SetSignal { signal: number, to, flags };
        self.plain(here, "signal", format!("set {name} to {word}{}", flag_words(flags)), Some(&name), act)
    }

    fn signal_flags(&self, step: &signal::Signal) -> Lowered<SignalFlags> {
        let holds = |wish: &Option<Expr>| wish.as_ref().map_or(Ok(false), |wish| self.values.holds(wish));
        Ok(SignalFlags {
            restart: holds(&step.restart)?,
            reset: holds(&step.reset)?,
            no_defer: holds(&step.no_defer)?,
            no_child_stop: holds(&step.no_child_stop)?,
        })
    }

    pub(super) fn mask(&mut self, here: &mut Here, step: &signal::Mask) -> Lowered<Op> {
        let (block, unblock) = (self.values.signals(&step.block)?, self.values.signals(&step.unblock)?);
        let label = [("block", &block), ("unblock", &unblock)]
            .iter()
            .filter(|(_, numbers)| !numbers.is_empty())
            .map(|(word, numbers)| format!("{word} {}", listed(numbers)))
            .collect::<Vec<_>>();
        let label = if label.is_empty() { "leave the mask as it is".to_owned() } else { label.join(", ") };
        let named = [&block[..], &unblock[..]].concat();
        self.plain(here, "mask", label, Some(&listed(&named)), Act::Mask { block, unblock })
    }

    pub(super) fn kill(&mut self, here: &mut Here, step: &signal::Kill) -> Lowered<Op> {
        let Some(signal) = &step.signal else {
            return Err(LowerError::invalid(format!("`kill` of {} needs a `signal`: only a library has a default", step.who)));
        };
        let (name, signal) = self.values.signal(signal)?;
        let actor = if step.who == "self" { None } else { Some(self.who(here, &step.who)?) };
        let whom = actor.map_or_else(|| "itself".to_owned(), |actor| self.name_of(actor));
        let value: Option<i32> = self.values.optional(step.value.as_ref())?;
        let along = value.map_or_else(String::new, |value| format!(" with {value}"));
        let declared = self.declare(here, "kill", format!("send {name} to {whom}{along}"), Some(&step.who), &step.expect)?;
        Ok(declared.op(match value {
            Some(value) => Act::System(System::Queue { actor, signal, value }),
            None => Act::Kill { actor, signal },
        }))
    }
}

fn flag_words(flags: SignalFlags) -> String {
    let named = [
        (flags.restart, "SA_RESTART"),
        (flags.reset, "SA_RESETHAND"),
        (flags.no_defer, "SA_NODEFER"),
        (flags.no_child_stop, "SA_NOCLDSTOP"),
    ];
    let words: Vec<&str> = named.iter().filter(|(set, _)| *set).map(|(_, word)| *word).collect();
    if words.is_empty() { String::new() } else { format!(" with {}", words.join(", ")) }
}

fn disposition(word: &str) -> Lowered<Disposition> {
    match word {
        "default" => Ok(Disposition::Default),
        "ignore" => Ok(Disposition::Ignore),
        "count" => Ok(Disposition::Count),
        "reap" => Ok(Disposition::Reap),
        "inform" => Ok(Disposition::Inform),
        "nest" => Ok(Disposition::Nest),
        other => Err(LowerError::invalid(format!("`{other}` is no disposition: default, ignore, count, inform, nest or reap"))),
    }
}

pub(super) fn listed(numbers: &[i32]) -> String {
    let name = |number: &i32| names::signal_name(*number).unwrap_or_else(|| number.to_string());
    numbers.iter().map(name).collect::<Vec<_>>().join(" ")
}
