//! Signals awaited, timers, terminals, ids, calls that sleep.

use super::fd::case_path;
use super::here::Here;
use super::signal::listed;
use super::{LowerError, Lowered, Lowering};
use crate::generate::act::Act;
use crate::generate::act::system::{Call, Identity, Need, System, TerminalFlags, TimerVia};
use crate::generate::program::Op;
use crate::plan::ast::Expect;
use crate::plan::expr::{Arg, Expr};
use crate::plan::step::{Step, blocking, privilege, signal, terminal, timer};

/// Whether the step is one of these.
pub(super) fn is_one(step: &Step) -> bool {
    matches!(
        step,
        Step::Sigwait(_)
            | Step::Pending(_)
            | Step::Handled(_)
            | Step::Timer(_)
            | Step::Armed(_)
            | Step::Timerfd(_)
            | Step::Expirations(_)
            | Step::Pty(_)
            | Step::TakeTerminal(_)
            | Step::Foreground(_)
            | Step::TerminalMode(_)
            | Step::ReadUntil(_)
            | Step::SetId(_)
            | Step::Identity(_)
            | Step::Chroot(_)
            | Step::Reach(_)
            | Step::BlockIn(_)
            | Step::Trace(_)
            | Step::TakeTraced(_)
            | Step::Needs(_)
            | Step::ThreadMemory(_)
            | Step::ThreadCrash(_)
            | Step::ThreadRelay(_)
            | Step::ThreadWrite(_)
            | Step::ReportSwitches(_)
    )
}

impl Lowering<'_> {
    pub(super) fn system(&mut self, here: &mut Here, step: &Step) -> Lowered<Op> {
        match step {
            Step::Sigwait(wait) => self.sigwait(here, wait),
            Step::Pending(pending) => self.pending(here, pending),
            Step::Handled(handled) => self.handled(here, handled),
            Step::Timer(timer) => self.timer(here, timer),
            Step::Armed(armed) => self.armed(here, armed),
            Step::Timerfd(timer) => self.timerfd(here, timer),
            Step::Expirations(read) => self.expirations(here, read),
            Step::Pty(pty) => self.pty(here, pty),
            Step::TakeTerminal(take) => {
                let fd = here.fd(&take.of)?;
                let label = format!("make {} the controlling terminal", take.of);
                self.one(here, "take-terminal", label, Some(&take.of), &take.expect, System::TakeTerminal { fd })
            }
            Step::Foreground(foreground) => self.foreground(here, foreground),
            Step::TerminalMode(mode) => self.terminal_mode(here, mode),
            Step::ReadUntil(read) => self.read_until(here, read),
            Step::SetId(set) => self.set_id(here, set),
            Step::Identity(identity) => self.identity(here, identity),
            Step::Chroot(chroot) => {
                let label = format!("have {} as root directory", chroot.to);
                self.one(here, "chroot", label, None, &chroot.expect, System::Chroot { to: case_path(&chroot.to) })
            }
            Step::Reach(reach) => {
                let label = format!("reach {}", reach.path);
                self.one(here, "reach", label, None, &reach.expect, System::Reach { path: reach.path.clone() })
            }
            Step::BlockIn(block) => self.block_in(here, block),
            Step::Trace(trace) => {
                let actor = self.who(here, &trace.who)?;
                let label = format!("trace {}", self.name_of(actor));
                self.one(here, "trace", label, Some(&trace.who), &trace.expect, System::Trace { actor })
            }
            Step::TakeTraced(take) => {
                let actor = self.who(here, &take.who)?;
                let label = format!("take the end of {}", self.name_of(actor));
                self.one(here, "take-traced", label, Some(&take.who), &take.expect, System::TakeTraced { actor })
            }
            Step::Needs(needs) => self.needs(here, needs),
            Step::ThreadMemory(threads) => self.thread_memory(here, threads),
            Step::ThreadCrash(threads) => self.thread_crash(here, threads),
            Step::ThreadRelay(relay) => {
                let rounds = self.values.int(&relay.rounds)?;
                let words = format!("have a second thread sleep in {rounds} reads");
                self.one(here, "thread-relay", words, None, &Expect::Success, System::ThreadRelay { rounds })
            }
            Step::ThreadWrite(write) => {
                let (fd, bytes) = (here.fd(&write.to)?, self.values.int(&write.bytes)?);
                let words = format!("have a second thread write {bytes} bytes to {}", write.to);
                self.one(here, "thread-write", words, Some(&write.to), &write.expect, System::ThreadWrite { fd, bytes })
            }
            Step::ReportSwitches(label) => {
                let name = self.values.name(&label.0)?;
                let words = format!("report its context switches as `{name}`");
                self.one(here, "report-switches", words, None, &Expect::Success, System::Switches { label: name })
            }
            other => Err(LowerError::invalid(format!("`{}` is no such step", crate::plan::step::name(other)))),
        }
    }

    fn one(&mut self, here: &Here, kind: &str, label: String, on: Option<&str>, expect: &Expect, act: System) -> Lowered<Op> {
        Ok(self.declare(here, kind, label, on, expect)?.op(Act::System(act)))
    }

    fn sigwait(&mut self, here: &Here, step: &signal::Sigwait) -> Lowered<Op> {
        let signals = self.values.signals(&step.any_of)?;
        let words = listed(&signals);
        let label = if step.nohang { format!("take one of {words} that is pending") } else { format!("wait for one of {words}") };
        self.one(here, "sigwait", label, Some(&words), &step.expect, System::Sigwait { signals, nohang: step.nohang })
    }

    fn pending(&mut self, here: &Here, step: &signal::Pending) -> Lowered<Op> {
        let (name, signal) = self.values.signal(&step.signal)?;
        self.one(here, "pending", format!("ask whether {name} is pending"), Some(&name), &step.expect, System::Pending { signal })
    }

    fn handled(&mut self, here: &Here, step: &signal::Handled) -> Lowered<Op> {
        let (name, signal) = self.values.signal(&step.signal)?;
        let at_least = self.values.optional(step.at_least.as_ref())?.unwrap_or(0);
        let label = match (at_least, step.depth) {
            (_, true) => format!("ask how deep the handler of {name} was nested"),
            (0, _) => format!("ask how often {name} was handled"),
            (least, _) => format!("wait until {name} was handled {least} times"),
        };
        self.one(here, "handled", label, Some(&name), &step.expect, System::Handled { signal, at_least, depth: step.depth })
    }

    /// Milliseconds of `after` and `every`.
    fn times(&self, after: &Expr, every: Option<&Expr>) -> Lowered<(u64, u64)> {
        Ok((self.values.int(after)?, self.values.optional(every)?.unwrap_or(0)))
    }

    fn timer(&mut self, here: &Here, step: &timer::Timer) -> Lowered<Op> {
        let via = self.timer_via(&step.set)?;
        let (after_ms, every_ms) = self.times(&step.after, step.every.as_ref())?;
        if via == TimerVia::Alarm && (every_ms > 0 || after_ms % 1000 > 0) {
            return Err(LowerError::invalid(
                "an alarm comes once, and after whole seconds: `after` is a multiple of 1000, without `every`",
            ));
        }
        let act = System::Timer { via, after_ms, every_ms };
        self.one(here, "timer", timer_words(after_ms, every_ms), None, &step.expect, act)
    }

    fn timer_via(&self, word: &Arg<String>) -> Lowered<TimerVia> {
        match self.values.bind(word)?.as_str() {
            "alarm" => Ok(TimerVia::Alarm),
            "setitimer" => Ok(TimerVia::Setitimer),
            "timer-create" => Ok(TimerVia::Create),
            other => Err(LowerError::invalid(format!("`{other}` is no timer: alarm, setitimer or timer-create"))),
        }
    }

    fn armed(&mut self, here: &Here, step: &timer::Armed) -> Lowered<Op> {
        let via = self.timer_via(&step.timer)?;
        self.one(here, "armed", "ask whether its timer is running".to_owned(), None, &step.expect, System::Armed { via })
    }

    fn timerfd(&mut self, here: &mut Here, step: &timer::Timerfd) -> Lowered<Op> {
        let (after_ms, every_ms) = self.times(&step.after, step.every.as_ref())?;
        let slot = self.fd_slot()?;
        here.name_fd(step.name.clone(), slot);
        let label = format!("make {}: {}", step.name, timer_words(after_ms, every_ms));
        self.one(here, "timerfd", label, Some(&step.name), &Expect::Success, System::Timerfd { slot, after_ms, every_ms })
    }

    fn expirations(&mut self, here: &Here, step: &timer::Expirations) -> Lowered<Op> {
        let fd = here.fd(&step.of)?;
        let at_least = self.values.optional(step.at_least.as_ref())?.unwrap_or(1);
        let label = format!("read how often {} expired, until it was {at_least} times", step.of);
        self.one(here, "expirations", label, Some(&step.of), &step.expect, System::Expirations { fd, at_least })
    }

    fn pty(&mut self, here: &mut Here, step: &terminal::Pty) -> Lowered<Op> {
        let (master, slave) = (self.fd_slot()?, self.fd_slot()?);
        here.name_fd(format!("{}.master", step.0), master);
        here.name_fd(format!("{}.slave", step.0), slave);
        let label = format!("make the terminal {}", step.0);
        self.one(here, "pty", label, Some(&step.0), &Expect::Success, System::Pty { master, slave })
    }

    fn foreground(&mut self, here: &Here, step: &terminal::Foreground) -> Lowered<Op> {
        let (fd, leader) = (here.fd(&step.of)?, self.who(here, &step.group)?);
        let label = format!("put the group of {} into the foreground", self.name_of(leader));
        self.one(here, "foreground", label, Some(&step.of), &step.expect, System::Foreground { fd, leader })
    }

    fn terminal_mode(&mut self, here: &Here, step: &terminal::TerminalMode) -> Lowered<Op> {
        let fd = here.fd(&step.of)?;
        let flag = |wish: &Option<Expr>| wish.as_ref().map(|wish| self.values.holds(wish)).transpose();
        let flags =
            TerminalFlags { echo: flag(&step.echo)?, tostop: flag(&step.tostop)?, signals: flag(&step.signals)?, post: flag(&step.post)? };
        self.one(
            here,
            "terminal-mode",
            format!("set modes of {}", step.of),
            Some(&step.of),
            &step.expect,
            System::TerminalMode { fd, flags },
        )
    }

    fn read_until(&mut self, here: &Here, step: &terminal::ReadUntil) -> Lowered<Op> {
        let (fd, text) = (here.fd(&step.from)?, self.values.bytes(&step.text)?);
        if text.is_empty() {
            return Err(LowerError::invalid("`read-until` needs a text to wait for"));
        }
        let label = format!("read {} until {:?}", step.from, String::from_utf8_lossy(&text));
        let act = System::ReadUntil { fd, stream: step.from.clone(), text };
        self.one(here, "read-until", label, Some(&step.from), &step.expect, act)
    }

    fn set_id(&mut self, here: &Here, step: &privilege::SetId) -> Lowered<Op> {
        let effective = step.effective;
        let (word, act) = match (&step.user, &step.group, &step.groups) {
            (Some(user), None, None) => ("user", System::SetUser { id: self.values.int(user)?, effective }),
            (None, Some(group), None) => ("group", System::SetGroup { id: self.values.int(group)?, effective }),
            (None, None, Some(groups)) => {
                let ids = groups.iter().map(|group| self.values.int(group)).collect::<Lowered<Vec<u32>>>()?;
                ("groups", System::SetGroups { ids })
            }
            _ => return Err(LowerError::invalid("`set-id` needs one of `user`, `group` and `groups`")),
        };
        let label = match &act {
            System::SetUser { id, .. } | System::SetGroup { id, .. } => format!("become {word} {id}"),
            System::SetGroups { ids } => format!("have the groups {ids:?}"),
            _ => word.to_owned(),
        };
        self.one(here, "set-id", label, None, &step.expect, act)
    }

    fn identity(&mut self, here: &Here, step: &privilege::Identity) -> Lowered<Op> {
        let word = self.values.bind(&step.of)?;
        let of = match word.as_str() {
            "real-user" => Identity::User(0),
            "effective-user" => Identity::User(1),
            "saved-user" => Identity::User(2),
            "real-group" => Identity::Group(0),
            "effective-group" => Identity::Group(1),
            "saved-group" => Identity::Group(2),
            "groups" => Identity::Groups,
            other => return Err(LowerError::invalid(format!("`{other}` is no id of a process"))),
        };
        self.one(here, "identity", format!("tell its {word}"), Some(&word), &step.expect, System::Identity { of })
    }

    fn block_in(&mut self, here: &Here, step: &blocking::BlockIn) -> Lowered<Op> {
        let word = self.values.bind(&step.call)?;
        let call = call_of(&word)?;
        let on = step.on.as_ref().map(|on| here.fd(on)).transpose()?;
        if on.is_none() && matches!(call, Call::Poll | Call::Select | Call::Epoll | Call::Flock | Call::Lock) {
            return Err(LowerError::invalid(format!("`{word}` needs an endpoint: `on`")));
        }
        self.one(here, "block-in", format!("sleep in {word}"), step.on.as_deref(), &step.expect, System::BlockIn { call, on })
    }

    fn needs(&mut self, here: &Here, step: &blocking::Needs) -> Lowered<Op> {
        let word = self.values.bind(&step.what)?;
        let what = match word.as_str() {
            "other-users" => Need::OtherUsers,
            "chroot" => Need::Chroot,
            "terminal" => Need::Terminal,
            "full-backlog" => Need::FullBacklog,
            other => Need::Program(other.strip_prefix("program ").unwrap_or(other).to_owned()),
        };
        self.one(here, "needs", format!("need {word}"), Some(&word), &Expect::Success, System::Needs { what })
    }

    fn thread_memory(&mut self, here: &Here, step: &blocking::ThreadMemory) -> Lowered<Op> {
        let (count, slot) = (self.values.int(&step.count)?, here.memory(&step.place)?);
        let label = format!("have {count} threads write to {} and to their stacks", step.place);
        self.one(here, "thread-memory", label, Some(&step.place), &step.expect, System::ThreadMemory { count, slot })
    }

    fn thread_crash(&mut self, here: &Here, step: &blocking::ThreadCrash) -> Lowered<Op> {
        let count = self.values.int(&step.count)?;
        let (name, signal) = self.values.signal(&step.signal)?;
        let label = format!("have one of {count} threads die of {name}");
        self.one(here, "thread-crash", label, None, &Expect::Success, System::ThreadCrash { count, signal })
    }
}

fn timer_words(after_ms: u64, every_ms: u64) -> String {
    match (after_ms, every_ms) {
        (0, _) => "stop its timer".to_owned(),
        (after, 0) => format!("be told after {after} ms"),
        (after, every) => format!("be told after {after} ms and every {every} ms from then on"),
    }
}

fn call_of(word: &str) -> Lowered<Call> {
    Ok(match word {
        "pause" => Call::Pause,
        "sigsuspend" => Call::Sigsuspend,
        "nanosleep" => Call::Nanosleep,
        "clock-nanosleep" => Call::ClockNanosleep,
        "poll" => Call::Poll,
        "select" => Call::Select,
        "epoll" => Call::Epoll,
        "semop" => Call::Semop,
        "msgrcv" => Call::Msgrcv,
        "flock" => Call::Flock,
        "lock" => Call::Lock,
        other => return Err(LowerError::invalid(format!("`{other}` is no call that sleeps"))),
    })
}
