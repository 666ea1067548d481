//! What only macOS has.
//!
//! # References
//! signal(3), intro(2) of macOS.

use super::{errors, signals};

pub(super) const SIGNALS: &[(&str, i32)] = signals!["EMT" => SIGEMT, "INFO" => SIGINFO];

pub(super) const ERRORS: &[(&str, i32)] =
    errors![ENOTSUP, ESHUTDOWN, EHOSTDOWN, EPROCLIM, EBADARCH, EBADEXEC, EBADMACHO, ESHLIBVERS, EFTYPE, EAUTH, ENODATA, ETIME];

/// There are none.
pub(super) fn real_time() -> Option<(i32, i32)> {
    None
}

/// `sem_init` is declared, deprecated, and fails with ENOSYS.
pub(super) const HAS_UNNAMED_SEMAPHORES: bool = false;
