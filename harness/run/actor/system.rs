//! Signals that are awaited, and the way to timers, terminals, ids and calls that sleep.

use super::{DONE, Performer, blocking, failed, platform, privilege, signal, terminal, thread, timer};
use crate::generate::act::system::System;
use crate::plan::script::{ActorId, Outcome};
use crate::trace::What;

/// What is recorded of a signal's siginfo, in the order of [`platform::told`].
const FIELDS: [&str; 4] = ["pid", "uid", "code", "value"];

impl Performer<'_> {
    pub(super) fn system(&mut self, act: &System) -> Result<Outcome, Outcome> {
        match act {
            System::Queue { actor, signal, value } => self.queue_signal(*actor, *signal, *value),
            System::Sigwait { signals, nohang } => self.sigwait(signals, *nohang),
            System::Pending { signal } => pending(*signal),
            System::Handled { signal, at_least, depth } => self.handled(*signal, *at_least, *depth),
            System::Timer { via, after_ms, every_ms } => {
                self.note_times(*after_ms, *every_ms);
                timer::set(*via, *after_ms, *every_ms)
            }
            System::Armed { via } => timer::armed(*via),
            System::Timerfd { slot, after_ms, every_ms } => {
                self.note_times(*after_ms, *every_ms);
                let fd = platform::timerfd(*after_ms, *every_ms)?;
                self.keep(*slot, fd);
                DONE
            }
            System::Expirations { fd, at_least } => timer::expirations(self.fd(*fd), *at_least),
            System::Pty { master, slave } => {
                let ends = platform::terminal()?;
                self.keep(*master, ends[0]);
                self.keep(*slave, ends[1]);
                DONE
            }
            System::TakeTerminal { fd } => terminal::take(self.fd(*fd)),
            System::Foreground { fd, leader } => terminal::foreground(self.fd(*fd), self.pid_when_known(*leader)),
            System::TerminalMode { fd, flags } => terminal::set_modes(self.fd(*fd), *flags),
            System::ReadUntil { fd, stream, text } => self.read_until(self.fd(*fd), stream, text),
            System::SetUser { id, effective } => privilege::set_user(*id, *effective),
            System::SetGroup { id, effective } => privilege::set_group(*id, *effective),
            System::SetGroups { ids } => privilege::set_groups(ids),
            System::Identity { of } => Ok(privilege::identity(*of)),
            System::Chroot { to } => privilege::chroot(&self.fill(to)),
            System::Reach { path } => privilege::reach(&self.fill(path)),
            System::BlockIn { call, on } => blocking::block_in(*call, on.map_or(-1, |on| self.fd(on))),
            System::Trace { actor } => platform::trace(self.pid_when_known(*actor)),
            System::TakeTraced { actor } => platform::take_traced(self.pid_when_known(*actor)),
            System::Needs { what } => privilege::needs(what, &self.context.case_dir),
            System::ThreadMemory { count, slot } => {
                let (base, pages, size) = self.pages(*slot)?;
                thread::share(*count as usize, base, pages, size)
            }
            System::ThreadCrash { count, signal } => thread::crash(*count, *signal),
            System::ThreadRelay { rounds } => thread::relay(*rounds),
            System::ThreadWrite { fd, bytes } => thread::write(self.fd(*fd), *bytes),
            System::Switches { label } => self.switches(label),
        }
    }

    fn number(&self, name: String, value: i64) {
        self.note_step(What::Number { name, value });
    }

    fn note_times(&self, after_ms: u64, every_ms: u64) {
        for (name, ms) in [("timer after", after_ms), ("timer every", every_ms)] {
            self.number(name.to_owned(), ms as i64);
        }
    }

    fn queue_signal(&self, actor: Option<ActorId>, signal: i32, value: i32) -> Result<Outcome, Outcome> {
        let pid = actor.map_or(self.pid, |actor| self.pid_when_known(actor));
        platform::queue(pid, signal, value)?;
        self.number(format!("sent {}", name_of(signal)), value.into());
        DONE
    }

    fn sigwait(&self, signals: &[i32], nohang: bool) -> Result<Outcome, Outcome> {
        let Some((signal, told)) = platform::take(&signal::set_of(signals), nohang)? else { return Ok(Outcome::Pending) };
        let name = name_of(signal);
        if !self.quiet {
            self.number(format!("took {name}"), told.map_or(0, |told| told[3]));
            self.note_told(&name, told);
        }
        Ok(Outcome::Done(Some(signal.into())))
    }

    fn note_told(&self, name: &str, told: Option<[i64; 4]>) {
        for (field, value) in FIELDS.iter().zip(told.into_iter().flatten()) {
            self.number(format!("{name} {field}"), value);
        }
    }

    fn handled(&self, signal: i32, at_least: u32, depth: bool) -> Result<Outcome, Outcome> {
        if signal::handled(signal).0 < at_least {
            await_handled(signal, at_least);
        }
        self.note_told(&name_of(signal), signal::told(signal));
        let (count, deepest) = signal::handled(signal);
        Ok(Outcome::Done(Some(if depth { deepest } else { count }.into())))
    }

    fn switches(&self, label: &str) -> Result<Outcome, Outcome> {
        // SAFETY: an all-zero rusage is a valid place for one.
        let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
        // SAFETY: as above.
        if unsafe { libc::getrusage(libc::RUSAGE_SELF, &raw mut usage) } == -1 {
            return failed();
        }
        #[expect(clippy::useless_conversion, reason = "c_long is 32 bits wide on some platforms")]
        let (own, forced) = (i64::from(usage.ru_nvcsw), i64::from(usage.ru_nivcsw));
        self.number(format!("voluntary switches {label}"), own);
        self.number(format!("involuntary switches {label}"), forced);
        Ok(Outcome::Done(Some(own)))
    }
}

fn name_of(signal: i32) -> String {
    crate::names::signal_name(signal).unwrap_or_else(|| signal.to_string())
}

fn pending(signal: i32) -> Result<Outcome, Outcome> {
    let mut set = signal::set_of(&[]);
    // SAFETY: a valid place for a set.
    if unsafe { libc::sigpending(&raw mut *set) } == -1 {
        return failed();
    }
    // SAFETY: a complete set.
    Ok(Outcome::Done(Some(unsafe { libc::sigismember(&raw const *set, signal) }.into())))
}

/// Waits until the handler has run so often. The signal is let in only while it sleeps, which closes the race with the look.
fn await_handled(signal: i32, at_least: u32) {
    let mut before = signal::set_of(&[]);
    // SAFETY: complete sets; the old mask is put back below.
    unsafe { libc::sigprocmask(libc::SIG_BLOCK, &raw const *signal::set_of(&[signal]), &raw mut *before) };
    let mut asleep = *before;
    // SAFETY: a complete set.
    unsafe { libc::sigdelset(&raw mut asleep, signal) };
    while signal::handled(signal).0 < at_least {
        // SAFETY: a complete set.
        unsafe { libc::sigsuspend(&raw const asleep) };
    }
    // SAFETY: a complete set.
    unsafe { libc::sigprocmask(libc::SIG_SETMASK, &raw const *before, std::ptr::null_mut()) };
}
