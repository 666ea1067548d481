//! CPU time: using it, and seeing how much another process uses meanwhile.
//!
//! A process that does nothing is told from one that runs in circles by what it uses while somebody else uses a known amount. The
//! scheduler gives both the same where both want it, on one CPU or on two and however loaded the machine is.

use super::{Performer, os};
use crate::plan::script::{ActorId, Outcome};
use crate::trace::What;
use std::hint::black_box;

impl Performer<'_> {
    pub(super) fn burn(&self, ms: u32, beside: ActorId) -> Result<Outcome, Outcome> {
        let pid = self.pid_when_known(beside);
        let (own, other) = (os::cpu_time_us(self.pid)?, os::cpu_time_us(pid)?);
        let until = own + i64::from(ms) * 1000;
        let mut now = own;
        while now < until {
            for round in 0..2000_u32 {
                black_box(round);
            }
            now = os::cpu_time_us(self.pid)?;
        }
        let used = os::cpu_time_us(pid)? - other;
        self.note_step(What::Number { name: "burnt".to_owned(), value: now - own });
        self.note_step(What::Number { name: "beside".to_owned(), value: used });
        Ok(Outcome::Done(Some(used)))
    }
}
