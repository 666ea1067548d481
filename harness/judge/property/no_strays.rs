//! No shared memory object, semaphore, queue or file is left that the scenario did not make.
//!
//! Named objects live until somebody unlinks them or the machine stops; a library that forgets fills /dev/shm and TMPDIR.
//!
//! # References
//! POSIX.1-2024 `shm_unlink()`, `sem_unlink()`, `mq_unlink()`; shm_overview(7), sem_overview(7).

use crate::judge::verdict::{Finding, Hygiene};
use crate::judge::{Property, view};
use crate::plan::script::CheckDecl;
use crate::trace::History;

/// See the module.
pub struct NoStrays;

impl Property for NoStrays {
    fn name(&self) -> &'static str {
        "no-strays"
    }
    fn says(&self) -> &'static str {
        "no named shared object and no temporary file is left behind"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 shm_unlink(), sem_unlink(), mq_unlink(); shm_overview(7)"
    }
    fn universal(&self) -> bool {
        true
    }
    fn judge(&self, history: &History, _: &CheckDecl) -> Finding {
        if let Err(unseen) = view::observed(history) {
            return unseen;
        }
        let shared = history.observed.shared.iter().map(|name| format!("shared object {name}"));
        let files = history.observed.files.iter().map(|path| format!("file {path}"));
        let strays: Vec<String> = shared.chain(files).collect();
        if strays.is_empty() { Finding::Pass } else { Finding::fail("nothing left behind", view::list(strays, 8), "warden", vec![]) }
    }
}

/// The flags that the leftovers raise; two kinds of them share one property.
pub fn flags(history: &History) -> impl Iterator<Item = Hygiene> {
    let shared = (!history.observed.shared.is_empty()).then_some(Hygiene::ShmLeak);
    let files = (!history.observed.files.is_empty()).then_some(Hygiene::TmpLeak);
    shared.into_iter().chain(files)
}
