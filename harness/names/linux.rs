//! What only Linux has.
//!
//! # References
//! signal(7), "Standard signals" and "Real-time signals"; errno(3).

use super::{errors, signals};

pub(super) const SIGNALS: &[(&str, i32)] = signals!["STKFLT" => SIGSTKFLT, "PWR" => SIGPWR, "POLL" => SIGPOLL];

pub(super) const ERRORS: &[(&str, i32)] = errors![
    ENOTUNIQ,
    EBADFD,
    ELIBBAD,
    ENOMEDIUM,
    EMEDIUMTYPE,
    ENOKEY,
    EKEYEXPIRED,
    ERFKILL,
    EHWPOISON,
    EREMOTEIO,
    ECHRNG,
    ENODATA,
    ETIME,
    ENOSTR,
    ENOLINK,
    ENOTSUP,
    ESHUTDOWN,
    EHOSTDOWN,
    ENONET,
];

/// First and last real-time signal. The C library keeps the lowest for itself, so the numbers are asked for, not fixed.
pub(super) fn real_time() -> Option<(i32, i32)> {
    Some((libc::SIGRTMIN(), libc::SIGRTMAX()))
}

/// `sem_init` works.
pub(super) const HAS_UNNAMED_SEMAPHORES: bool = true;
