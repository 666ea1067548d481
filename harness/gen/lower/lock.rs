//! Locks on files.

use super::here::Here;
use super::{LowerError, Lowered, Lowering};
use crate::generate::act::Act;
use crate::generate::program::Op;
use crate::generate::share::{FileLock, LockBy, LockMode, Share};
use crate::plan::ast::Expect;
use crate::plan::expr::{Arg, Expr};
use crate::plan::step::lock;

/// A range of a file, in bytes and in words.
struct Range {
    from: i64,
    bytes: i64,
    words: String,
}

impl Lowering<'_> {
    pub(super) fn lock(&mut self, here: &Here, step: &lock::Lock) -> Lowered<Op> {
        let (by, word) = self.lock_by(&step.by)?;
        let (mode, how) = match self.values.bind(&step.mode)?.as_str() {
            "exclusive" => (LockMode::Exclusive, "exclusively"),
            "shared" => (LockMode::Shared, "shared"),
            other => return Err(LowerError::invalid(format!("`{other}` is no way to lock: exclusive or shared"))),
        };
        let range = self.range(by, step.from.as_ref(), step.bytes.as_ref())?;
        let waiting = if step.nohang { " without waiting" } else { "" };
        let label = format!("lock {}{} {how} by {word}{waiting}", range.words, step.file);
        let fd = here.fd(&step.file)?;
        let declared = self.declare(here, "lock", label, Some(&step.file), &step.expect)?;
        let lock = FileLock { fd, by, mode, from: range.from, bytes: range.bytes, nohang: step.nohang };
        Ok(declared.op(Act::Share(Share::Lock(lock))))
    }

    pub(super) fn unlock(&mut self, here: &Here, step: &lock::Unlock) -> Lowered<Op> {
        let (by, word) = self.lock_by(&step.by)?;
        let range = self.range(by, step.from.as_ref(), step.bytes.as_ref())?;
        let fd = here.fd(&step.file)?;
        let label = format!("unlock {}{} by {word}", range.words, step.file);
        let declared = self.declare(here, "unlock", label, Some(&step.file), &Expect::Success)?;
        let lock = FileLock { fd, by, mode: LockMode::Unlocked, from: range.from, bytes: range.bytes, nohang: true };
        Ok(declared.op(Act::Share(Share::Lock(lock))))
    }

    fn lock_by(&self, by: &Arg<String>) -> Lowered<(LockBy, String)> {
        let word = self.values.bind(by)?;
        let by = match word.as_str() {
            "flock" => LockBy::Flock,
            "fcntl" => LockBy::Fcntl,
            "ofd" => LockBy::Ofd,
            other => return Err(LowerError::invalid(format!("`{other}` is no kind of lock: flock, fcntl or ofd"))),
        };
        Ok((by, word))
    }

    /// flock knows no ranges: where a parameter chooses the kind, only the whole file is the same for all.
    fn range(&self, by: LockBy, from: Option<&Expr>, bytes: Option<&Expr>) -> Lowered<Range> {
        let (from, bytes): (Option<i64>, Option<i64>) = (self.values.optional(from)?, self.values.optional(bytes)?);
        let (from, bytes) = (from.unwrap_or(0), bytes.unwrap_or(0));
        if by == LockBy::Flock && (from, bytes) != (0, 0) {
            return Err(LowerError::invalid("flock locks the whole file: leave `from` and `bytes` out"));
        }
        if from < 0 || bytes < 0 {
            return Err(LowerError::invalid("a range of a file begins at 0 or after, and has no negative length"));
        }
        let words = match (from, bytes) {
            (0, 0) => String::new(),
            (from, 0) => format!("from byte {from} on in "),
            (from, bytes) => format!("{bytes} bytes from {from} in "),
        };
        Ok(Range { from, bytes, words })
    }
}
