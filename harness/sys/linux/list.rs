//! Other processes, as /proc shows them.

use super::super::{Listed, Usage, own::described};
use super::own::LIMITS;
use crate::trace::state::{FdState, ProcState};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;

/// Every process that this /proc shows, ascending; those that end while it is read are left out.
///
/// # Errors
/// When there is no /proc.
pub fn processes() -> io::Result<Vec<Listed>> {
    let mut all: Vec<Listed> = pids()?.filter_map(listed).collect();
    all.sort_unstable_by_key(|line| line.pid);
    Ok(all)
}

/// How many processes this /proc shows, counted up to `most`: with a bomb of them even counting takes long.
pub fn process_count(most: usize) -> usize {
    pids().map_or(0, |pids| pids.take(most).count())
}

/// What these processes use; without a list, every process that this /proc shows but the caller.
pub fn usage(of: Option<&[i32]>) -> Usage {
    let own = std::process::id().cast_signed();
    let all = || pids().into_iter().flatten().filter(|pid| *pid != own).collect();
    let pids: Vec<i32> = of.map_or_else(all, <[i32]>::to_vec);
    let mut usage = Usage { processes: pids.len(), ..Usage::default() };
    for pid in pids {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let Some((_, fields)) = split_stat(&stat) else { continue };
        let number = |at: usize| fields.get(at).and_then(|text| text.parse::<u64>().ok()).unwrap_or_default();
        usage.threads += number(17);
        usage.memory += number(21) * page();
    }
    usage
}

fn page() -> u64 {
    // SAFETY: a constant of the system.
    u64::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096)
}

/// Bytes of memory of a process, of what it shares its part: exact, and dear for a big one.
pub fn own_memory(pid: i32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
}

fn pids() -> io::Result<impl Iterator<Item = i32>> {
    Ok(fs::read_dir("/proc")?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()))
}

/// The line of one process; `None` when it is gone.
pub fn listed(pid: i32) -> Option<Listed> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (command, fields) = split_stat(&stat)?;
    let number = |at: usize| fields.get(at)?.parse::<i32>().ok();
    let uid = fs::metadata(format!("/proc/{pid}")).map_or(u32::MAX, |meta| meta.uid());
    let state = state_word(fields.first()?);
    let started = fields.get(19)?.parse().ok()?;
    Some(Listed { pid, ppid: number(1)?, pgid: number(2)?, sid: number(3)?, uid, state, started, command: command.to_owned() })
}

/// Whether a process is certain to end without anybody's doing: it is on its way out, or it was sent a KILL that it has not met yet.
pub fn is_ending(pid: i32) -> bool {
    const EXITING: u32 = 0x4;
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    let Some((_, fields)) = split_stat(&stat) else { return false };
    if fields.first().is_none_or(|state| state_word(state) == "zombie") {
        return false;
    }
    let exiting = fields.get(6).and_then(|text| text.parse::<u32>().ok()).is_some_and(|flags| flags & EXITING != 0);
    let killed = |status: &Status| ["SigPnd", "ShdPnd"].iter().any(|key| status.signals(key).contains(&libc::SIGKILL));
    exiting || Status::read(pid).is_ok_and(|status| killed(&status))
}

/// `pid (command) state ppid ...`: the command may hold anything, parentheses included, so the last one counts.
fn split_stat(stat: &str) -> Option<(&str, Vec<&str>)> {
    let (open, close) = (stat.find('(')?, stat.rfind(')')?);
    Some((stat.get(open + 1..close)?, stat.get(close + 1..)?.split_whitespace().collect()))
}

pub(super) fn state_word(letter: &str) -> &'static str {
    match letter {
        "R" => "running",
        "S" | "D" | "I" => "sleeping",
        "T" | "t" => "stopped",
        "Z" | "X" => "zombie",
        _ => "other",
    }
}

/// The whole state of another process.
///
/// # Errors
/// When it is gone or may not be looked at.
pub fn state_of(pid: i32) -> io::Result<ProcState> {
    let status = Status::read(pid)?;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, fields) = split_stat(&stat).ok_or(io::ErrorKind::InvalidData)?;
    let number = |at: usize| fields.get(at).and_then(|text| text.parse::<i32>().ok()).unwrap_or_default();
    let mut groups = status.numbers("Groups");
    groups.sort_unstable();
    Ok(ProcState {
        pid,
        ppid: number(1),
        pgid: number(2),
        sid: number(3),
        uids: first_three(&status.numbers("Uid")),
        gids: first_three(&status.numbers("Gid")),
        groups,
        cwd: fs::read_link(format!("/proc/{pid}/cwd")).map(|path| path.to_string_lossy().into_owned()).unwrap_or_default(),
        umask: u32::from_str_radix(status.text("Umask"), 8).unwrap_or_default(),
        nice: number(16),
        blocked: status.signals("SigBlk"),
        ignored: status.signals("SigIgn"),
        caught: status.signals("SigCgt"),
        pending: union(status.signals("SigPnd"), status.signals("ShdPnd")),
        fds: fds_of(pid)?,
        limits: limits_of(pid),
        threads: status.numbers("Threads").first().copied().unwrap_or_default(),
        argv: Vec::new(),
        env: Vec::new(),
        terminal: None,
    })
}

/// /proc/PID/status.
struct Status(String);

impl Status {
    fn read(pid: i32) -> io::Result<Status> {
        fs::read_to_string(format!("/proc/{pid}/status")).map(Status)
    }

    fn text(&self, key: &str) -> &str {
        let line = self.0.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
        line.unwrap_or_default().trim()
    }

    fn numbers(&self, key: &str) -> Vec<u32> {
        self.text(key).split_whitespace().filter_map(|word| word.parse().ok()).collect()
    }

    fn signals(&self, key: &str) -> Vec<i32> {
        let set = u64::from_str_radix(self.text(key), 16).unwrap_or_default();
        (1..=64).filter(|signal| set & 1 << (signal - 1) != 0).collect()
    }
}

fn first_three(numbers: &[u32]) -> [u32; 3] {
    let at = |i| numbers.get(i).copied().unwrap_or(u32::MAX);
    [at(0), at(1), at(2)]
}

fn union(mut one: Vec<i32>, other: Vec<i32>) -> Vec<i32> {
    one.extend(other);
    one.sort_unstable();
    one.dedup();
    one
}

/// Open descriptors of another process, ascending.
fn fds_of(pid: i32) -> io::Result<Vec<FdState>> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd"))?;
    let mut fds: Vec<FdState> = entries.flatten().filter_map(|entry| fd_of(pid, entry.file_name().to_str()?.parse().ok()?)).collect();
    fds.sort_unstable_by_key(|fd| fd.fd);
    Ok(fds)
}

fn fd_of(pid: i32, fd: i32) -> Option<FdState> {
    let path = format!("/proc/{pid}/fd/{fd}");
    let target = fs::read_link(&path).ok()?.to_string_lossy().into_owned();
    let (dev, ino) = fs::metadata(&path).map_or((0, 0), |meta| (meta.dev(), meta.ino()));
    let info = fs::read_to_string(format!("/proc/{pid}/fdinfo/{fd}")).ok()?;
    let flags = info.lines().find_map(|line| i32::from_str_radix(line.strip_prefix("flags:")?.trim(), 8).ok())?;
    Some(FdState { fd, target, dev, ino, cloexec: Some(flags & libc::O_CLOEXEC != 0), ..described(flags) })
}

/// Names in /proc/PID/limits for the names of `RLIMIT_`.
const LIMIT_TITLES: [(&str, &str); 16] = [
    ("AS", "Max address space"),
    ("CORE", "Max core file size"),
    ("CPU", "Max cpu time"),
    ("DATA", "Max data size"),
    ("FSIZE", "Max file size"),
    ("LOCKS", "Max file locks"),
    ("MEMLOCK", "Max locked memory"),
    ("MSGQUEUE", "Max msgqueue size"),
    ("NICE", "Max nice priority"),
    ("NOFILE", "Max open files"),
    ("NPROC", "Max processes"),
    ("RSS", "Max resident set"),
    ("RTPRIO", "Max realtime priority"),
    ("RTTIME", "Max realtime timeout"),
    ("SIGPENDING", "Max pending signals"),
    ("STACK", "Max stack size"),
];

fn limits_of(pid: i32) -> BTreeMap<String, [u64; 2]> {
    debug_assert_eq!(LIMITS.len(), LIMIT_TITLES.len());
    let text = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap_or_default();
    let value = |word: Option<&str>| match word {
        Some("unlimited") => Some(u64::MAX),
        other => other?.parse().ok(),
    };
    let line_of = |title: &str| text.lines().find_map(|line| line.strip_prefix(title));
    let limit = |(name, title): &(&str, &str)| {
        let mut words = line_of(title)?.split_whitespace();
        Some(((*name).to_owned(), [value(words.next())?, value(words.next())?]))
    };
    LIMIT_TITLES.iter().filter_map(limit).collect()
}

/// How many descriptors a process has open.
pub fn descriptor_count(pid: i32) -> Option<usize> {
    Some(fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count())
}

#[cfg(test)]
mod tests {
    use super::super::super::{cpus, pin, reap, urgent};
    use super::super::await_end_elsewhere;
    use super::is_ending;

    /// Whom a KILL was sent is kept from meeting it by having no CPU: it shares this thread's, and comes after everybody else.
    #[test]
    fn who_was_killed_is_ending_until_it_has_ended() {
        let all = cpus();
        pin(&all[..1]).expect("a CPU of ours");
        // SAFETY: the child calls nothing but what may be called in the fork of a program with threads.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let idle = libc::sched_param { sched_priority: 0 };
            // SAFETY: `idle` is a valid parameter of that policy.
            unsafe { libc::sched_setscheduler(0, libc::SCHED_IDLE, &raw const idle) };
            loop {
                // SAFETY: takes no memory.
                unsafe { libc::pause() };
            }
        }
        while super::listed(child).is_some_and(|line| line.state != "sleeping") {
            std::thread::yield_now();
        }
        assert!(!is_ending(child), "it waits for a signal");
        urgent(true);
        // SAFETY: a child of ours that was not reaped.
        unsafe { libc::kill(child, libc::SIGKILL) };
        let (killed, state) = (is_ending(child), super::listed(child));
        urgent(false);
        await_end_elsewhere(child, 10_000);
        let ended = super::listed(child).map(|line| line.state);
        let still = is_ending(child);
        let _ = (reap(child), pin(&all));
        assert!(killed, "{state:?}");
        assert_eq!((ended, still), (Some("zombie"), false));
    }
}
