//! Names of signals and errors and their numbers on this platform.
//!
//! Scenarios, protocol and histories hold names, because numbers differ between platforms (USR1 is 10 on Linux and 30 on
//! macOS) and a history recorded on one is read on another. Numbers exist only between lowering and the system call. Every
//! part that crosses this border uses these two tables, so that no two parts can disagree.

#[cfg(target_os = "linux")]
#[path = "names/linux.rs"]
mod platform;
#[cfg(target_os = "macos")]
#[path = "names/macos.rs"]
mod platform;

/// Makes a table of names without their prefix.
macro_rules! signals {
    ($($short:literal => $full:ident),* $(,)?) => { &[$(($short, libc::$full)),*] };
}
/// Makes a table of constants under their own names.
macro_rules! errors {
    ($($name:ident),* $(,)?) => { &[$((stringify!($name), libc::$name)),*] };
}
pub(crate) use {errors, signals};

const SIGNALS: &[(&str, i32)] = signals![
    "HUP" => SIGHUP, "INT" => SIGINT, "QUIT" => SIGQUIT, "ILL" => SIGILL, "TRAP" => SIGTRAP, "ABRT" => SIGABRT,
    "BUS" => SIGBUS, "FPE" => SIGFPE, "KILL" => SIGKILL, "USR1" => SIGUSR1, "SEGV" => SIGSEGV, "USR2" => SIGUSR2,
    "PIPE" => SIGPIPE, "ALRM" => SIGALRM, "TERM" => SIGTERM, "CHLD" => SIGCHLD, "CONT" => SIGCONT, "STOP" => SIGSTOP,
    "TSTP" => SIGTSTP, "TTIN" => SIGTTIN, "TTOU" => SIGTTOU, "URG" => SIGURG, "XCPU" => SIGXCPU, "XFSZ" => SIGXFSZ,
    "VTALRM" => SIGVTALRM, "PROF" => SIGPROF, "WINCH" => SIGWINCH, "IO" => SIGIO, "SYS" => SIGSYS,
];

const ERRORS: &[(&str, i32)] = errors![
    EPERM,
    ENOENT,
    ESRCH,
    EINTR,
    EIO,
    ENXIO,
    E2BIG,
    ENOEXEC,
    EBADF,
    ECHILD,
    EAGAIN,
    ENOMEM,
    EACCES,
    EFAULT,
    ENOTBLK,
    EBUSY,
    EEXIST,
    EXDEV,
    ENODEV,
    ENOTDIR,
    EISDIR,
    EINVAL,
    ENFILE,
    EMFILE,
    ENOTTY,
    ETXTBSY,
    EFBIG,
    ENOSPC,
    ESPIPE,
    EROFS,
    EMLINK,
    EPIPE,
    EDOM,
    ERANGE,
    EDEADLK,
    ENAMETOOLONG,
    ENOLCK,
    ENOSYS,
    ENOTEMPTY,
    ELOOP,
    ENOMSG,
    EIDRM,
    ENOTSOCK,
    EDESTADDRREQ,
    EMSGSIZE,
    EPROTOTYPE,
    ENOPROTOOPT,
    EPROTONOSUPPORT,
    EOPNOTSUPP,
    EAFNOSUPPORT,
    EADDRINUSE,
    EADDRNOTAVAIL,
    ENETDOWN,
    ENETUNREACH,
    ENETRESET,
    ECONNABORTED,
    ECONNRESET,
    ENOBUFS,
    EISCONN,
    ENOTCONN,
    ETIMEDOUT,
    ECONNREFUSED,
    EHOSTUNREACH,
    EALREADY,
    EINPROGRESS,
    ESTALE,
    EDQUOT,
    ECANCELED,
    EOWNERDEAD,
    ENOTRECOVERABLE,
    EILSEQ,
    EOVERFLOW,
    EBADMSG,
    EPROTO,
    EUSERS,
];

/// Whether `sem_init` works on this platform; where not, a semaphore that names no kind is a named one.
pub const HAS_UNNAMED_SEMAPHORES: bool = platform::HAS_UNNAMED_SEMAPHORES;

/// The number of a signal named without SIG: `PIPE`, `RTMIN+2`, `RTMAX-1`. `None` where this platform has no such signal.
pub fn signal_number(name: &str) -> Option<i32> {
    let tables = SIGNALS.iter().chain(platform::SIGNALS);
    let mut found = tables.filter(|(known, _)| *known == name).map(|(_, number)| *number);
    found.next().or_else(|| real_time_number(name))
}

/// The name of a signal without SIG; real-time ones as `RTMIN+n`. `None` for a number that is no signal.
pub fn signal_name(number: i32) -> Option<String> {
    let known = SIGNALS.iter().chain(platform::SIGNALS).find(|(_, n)| *n == number);
    known.map(|(name, _)| (*name).to_owned()).or_else(|| real_time_name(number))
}

/// The name of an errno value: `EPIPE`. `None` for a number that is not in the table.
pub fn error_name(errno: i32) -> Option<&'static str> {
    ERRORS.iter().chain(platform::ERRORS).find(|(_, n)| *n == errno).map(|(name, _)| *name)
}

/// The errno value of a name. `None` where this platform has no such error.
pub fn error_number(name: &str) -> Option<i32> {
    ERRORS.iter().chain(platform::ERRORS).find(|(known, _)| *known == name).map(|(_, n)| *n)
}

/// Whether a name has the form of a real-time signal, which some platforms do not have at all.
pub fn is_real_time(name: &str) -> bool {
    name.starts_with("RTMIN") || name.starts_with("RTMAX")
}

fn real_time_number(name: &str) -> Option<i32> {
    let (low, high) = platform::real_time()?;
    let number = match name.split_at_checked(5)? {
        ("RTMIN", "") => low,
        ("RTMAX", "") => high,
        ("RTMIN", offset) => low.checked_add(offset.strip_prefix('+')?.parse().ok()?)?,
        ("RTMAX", offset) => high.checked_sub(offset.strip_prefix('-')?.parse().ok()?)?,
        _ => return None,
    };
    (low..=high).contains(&number).then_some(number)
}

fn real_time_name(number: i32) -> Option<String> {
    let (low, high) = platform::real_time()?;
    match number - low {
        0 => Some("RTMIN".to_owned()),
        offset if (low..=high).contains(&number) => Some(format!("RTMIN+{offset}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_to_its_number_and_back() {
        for (name, number) in SIGNALS.iter().chain(platform::SIGNALS) {
            assert_eq!(signal_number(name), Some(*number));
            assert_eq!(signal_number(&signal_name(*number).expect("a known number")), Some(*number));
        }
        for (name, number) in ERRORS.iter().chain(platform::ERRORS) {
            assert_eq!(error_number(name), Some(*number));
            assert!(error_name(*number).is_some());
        }
    }

    #[test]
    fn real_time_signals_are_counted_from_either_end() {
        let Some((low, high)) = platform::real_time() else { return };
        assert_eq!(signal_number("RTMIN"), Some(low));
        assert_eq!(signal_number("RTMIN+2"), Some(low + 2));
        assert_eq!(signal_number("RTMAX"), Some(high));
        assert_eq!(signal_name(low + 3).as_deref(), Some("RTMIN+3"));
        assert_eq!(signal_number("RTMIN+99"), None);
        assert_eq!(signal_number("RTMIN2"), None);
    }
}
