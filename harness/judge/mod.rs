//! Properties: pure judgements over a history. No operating system in here.

pub mod verdict;

use crate::plan::script::CheckDecl;
use crate::trace::History;
use verdict::Finding;

/// A property. One file each under `property/`, one line each in the slice.
pub trait Property: Sync {
    /// Its name, kebab-case, as `check:` and reports spell it.
    fn name(&self) -> &'static str;
    /// What must hold, in one sentence.
    fn says(&self) -> &'static str;
    /// The clause: POSIX page, man page, or "observed only".
    fn clause(&self) -> &'static str;
    /// Checked on every case whether asked for or not.
    fn universal(&self) -> bool {
        false
    }
    /// Arguments that `check:` takes.
    fn args(&self) -> &'static [crate::plan::check::ArgDecl] {
        &[]
    }
    /// The judgement. `asked` is the entry of `check:`; for a universal property that was not asked for, an empty one.
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding;
}
