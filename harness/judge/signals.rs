//! Signal numbers in words, and names as numbers, without asking the platform: a history is judged on any machine.
//!
//! Numbers differ between Linux and macOS for some names. A history does not say where it was recorded, so a name stands for
//! both numbers where they differ, and a number that means two things is only named with its platform.

/// Name, number on Linux, number on macOS (0: there is none).
const NAMES: &[(&str, i32, i32)] = &[
    ("HUP", 1, 1),
    ("INT", 2, 2),
    ("QUIT", 3, 3),
    ("ILL", 4, 4),
    ("TRAP", 5, 5),
    ("ABRT", 6, 6),
    ("BUS", 7, 10),
    ("FPE", 8, 8),
    ("KILL", 9, 9),
    ("USR1", 10, 30),
    ("SEGV", 11, 11),
    ("USR2", 12, 31),
    ("PIPE", 13, 13),
    ("ALRM", 14, 14),
    ("TERM", 15, 15),
    ("STKFLT", 16, 0),
    ("CHLD", 17, 20),
    ("CONT", 18, 19),
    ("STOP", 19, 17),
    ("TSTP", 20, 18),
    ("TTIN", 21, 21),
    ("TTOU", 22, 22),
    ("URG", 23, 16),
    ("XCPU", 24, 24),
    ("XFSZ", 25, 25),
    ("VTALRM", 26, 26),
    ("PROF", 27, 27),
    ("WINCH", 28, 28),
    ("IO", 29, 23),
    ("PWR", 30, 0),
    ("SYS", 31, 12),
    ("EMT", 0, 7),
    ("INFO", 0, 29),
];

/// SIGPIPE, the same everywhere.
pub const PIPE: i32 = 13;
/// SIGXFSZ, the same everywhere.
pub const XFSZ: i32 = 25;
/// The two real-time signals that glibc keeps for itself; its `posix_spawn` leaves them ignored in the child.
pub const GLIBC_OWN: [i32; 2] = [32, 33];
/// SIGILL, SIGFPE and SIGSEGV, on Linux and on macOS: raised by the processor.
pub const OF_THE_PROCESSOR: [i32; 3] = [4, 8, 11];
/// First real-time signal that Linux programs see under glibc.
const RTMIN: i32 = 34;

/// The number with its name.
pub fn words(signal: i32) -> String {
    match NAMES.iter().find(|(_, linux, _)| *linux == signal && signal > 0) {
        Some((name, linux, mac)) if linux == mac => format!("SIG{name}"),
        Some((name, ..)) => format!("signal {signal} (SIG{name} on Linux)"),
        None if (RTMIN..=64).contains(&signal) => format!("signal {signal} (SIGRTMIN+{})", signal - RTMIN),
        None => format!("signal {signal}"),
    }
}

/// The numbers that the names in a text may mean (`USR1`, `SIGUSR1`, `RTMIN+2`, `10`, several of them).
pub fn numbers(text: &str) -> Vec<i32> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '+'));
    words.flat_map(numbers_of_one).collect()
}

fn numbers_of_one(word: &str) -> Vec<i32> {
    if let Ok(number) = word.parse() {
        return vec![number];
    }
    let name = word.strip_prefix("SIG").unwrap_or(word);
    if let Some(above) = name.strip_prefix("RTMIN") {
        return vec![RTMIN.saturating_add(above.trim_start_matches('+').parse().unwrap_or(0))];
    }
    NAMES.iter().filter(|(known, ..)| *known == name).flat_map(|(_, linux, mac)| [*linux, *mac]).filter(|number| *number > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        assert_eq!(words(13), "SIGPIPE");
        assert_eq!(words(10), "signal 10 (SIGUSR1 on Linux)");
        assert_eq!(words(36), "signal 36 (SIGRTMIN+2)");
        assert_eq!(numbers("USR1"), vec![10, 30]);
        assert_eq!(numbers("[INT, RTMIN+2]"), vec![2, 2, 36]);
        assert_eq!(numbers("block PIPE"), vec![13, 13]);
    }
}
