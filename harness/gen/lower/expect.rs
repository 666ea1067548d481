//! Choosing what must come of a step.
//!
//! 1. Nothing written: it must succeed.
//! 2. `any`: whatever comes.
//! 3. Clauses: the first whose `when` holds counts; where none holds it must succeed.
//!
//! A clause that names nothing but its condition asks for success.

use super::{Lowered, Lowering};
use crate::plan::ast::{Clause, Expect};
use crate::plan::script::{Ended, Outcome};

impl Lowering<'_> {
    /// The alternatives, any of which is right, and whether anything is.
    pub(super) fn outcomes(&self, expect: &Expect) -> Lowered<(Vec<Outcome>, bool)> {
        match expect {
            Expect::Success => Ok((Vec::new(), false)),
            Expect::Word(_) => Ok((Vec::new(), true)),
            Expect::One(clause) => Ok((self.first(std::slice::from_ref(clause))?, false)),
            Expect::First(clauses) => Ok((self.first(clauses)?, false)),
        }
    }

    fn first(&self, clauses: &[Clause]) -> Lowered<Vec<Outcome>> {
        for clause in clauses {
            let counts = clause.when.as_ref().map_or(Ok(true), |when| self.values.holds(when))?;
            if counts {
                return self.clause(clause);
            }
        }
        Ok(Vec::new())
    }

    fn clause(&self, clause: &Clause) -> Lowered<Vec<Outcome>> {
        let mut outcomes: Vec<Outcome> = clause.error.iter().cloned().map(Outcome::Error).collect();
        if let Some(value) = &clause.value {
            outcomes.push(Outcome::Done(Some(self.values.int(value)?)));
        }
        if let Some(signal) = &clause.signal {
            outcomes.push(Outcome::Done(Some(self.values.signal(signal)?.1.into())));
        }
        outcomes.extend(self.endings(clause)?.into_iter().map(Outcome::Ended));
        let words = [
            (clause.eof, Outcome::Eof),
            (clause.pending, Outcome::Pending),
            (clause.timed_out, Outcome::TimedOut),
            (clause.refused, Outcome::Other(String::new())),
            (clause.done, Outcome::Done(None)),
        ];
        outcomes.extend(words.into_iter().filter(|(written, _)| *written).map(|(_, outcome)| outcome));
        Ok(outcomes)
    }

    fn endings(&self, clause: &Clause) -> Lowered<Vec<Ended>> {
        let mut endings = Vec::new();
        if let Some(code) = &clause.exited {
            endings.push(Ended::Exited(self.values.int(code)?));
        }
        if let Some(signal) = &clause.killed {
            let signal = self.values.signal(signal)?.1;
            endings.push(clause.core.map_or(Ended::Killed { signal, core: false }, |core| Ended::KilledExactly { signal, core }));
        }
        if let Some(signal) = &clause.stopped {
            endings.push(Ended::Stopped(self.values.signal(signal)?.1));
        }
        if clause.continued {
            endings.push(Ended::Continued);
        }
        Ok(endings)
    }
}

/// Whether a start is to fail, so that nothing is started.
pub(super) fn may_fail(outcomes: &[Outcome]) -> bool {
    outcomes.iter().any(|outcome| matches!(outcome, Outcome::Error(_) | Outcome::Other(_)))
}
