//! Filling fresh namespaces: identity maps, a loopback that is up.

use super::super::check;
use std::fs;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// Maps the ids of a process that was just cloned into a user namespace, each to itself, from outside.
///
/// Root maps whatever it has itself (in a container that is not everything); an ordinary user may map its own id alone, and
/// only after giving up setgroups.
///
/// # Errors
/// Those of writing to /proc, with the file's name.
pub fn write_id_maps(pid: i32) -> io::Result<()> {
    // SAFETY: these calls only read ids of this process.
    let (user, group) = unsafe { (libc::geteuid(), libc::getegid()) };
    let maps = if user == 0 {
        (identity("/proc/self/uid_map")?, identity("/proc/self/gid_map")?)
    } else {
        write(&format!("/proc/{pid}/setgroups"), "deny")?;
        (format!("{user} {user} 1"), format!("{group} {group} 1"))
    };
    write(&format!("/proc/{pid}/uid_map"), &maps.0)?;
    write(&format!("/proc/{pid}/gid_map"), &maps.1)
}

/// `inside outside count` of our own map as `inside inside count`.
fn identity(path: &str) -> io::Result<String> {
    let mut map = String::new();
    for line in fs::read_to_string(path)?.lines() {
        let mut fields = line.split_whitespace();
        if let (Some(inside), Some(_), Some(count)) = (fields.next(), fields.next(), fields.next()) {
            map.push_str(&format!("{inside} {inside} {count}\n"));
        }
    }
    Ok(map)
}

fn write(path: &str, text: &str) -> io::Result<()> {
    fs::write(path, text).map_err(|error| io::Error::new(error.kind(), format!("write {text:?} to {path}: {error}")))
}

/// Linux gives each pid namespace a limit of its own since this release; before, the same file is the whole machine's.
const OWN_PID_MAX: (u32, u32) = (6, 14);

/// Bounds the processes and threads of this pid namespace, and nothing where the kernel has one limit for all namespaces
/// (`kernel.pid_max` in proc_sys_kernel(5)). It is the one limit that binds root, whom RLIMIT_NPROC does not: a bomb meets it
/// whatever becomes of those who look at its size.
///
/// # Errors
/// Those of writing to /proc.
pub fn limit_numbers(most: u32) -> io::Result<()> {
    if release().is_none_or(|release| release < OWN_PID_MAX) {
        return Ok(());
    }
    write("/proc/sys/kernel/pid_max", &most.to_string())
}

/// The first two numbers of the kernel's release.
fn release() -> Option<(u32, u32)> {
    let text = fs::read_to_string("/proc/sys/kernel/osrelease").ok()?;
    let mut numbers = text.trim().split(['.', '-']).map(|word| word.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

/// Brings up the loopback interface of this network namespace.
///
/// # Errors
/// Those of socket(2) and of the ioctl SIOCSIFFLAGS.
pub fn loopback_up() -> io::Result<()> {
    // SAFETY: a fresh descriptor comes back, which is owned from here on.
    let socket = check(unsafe { libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) })?;
    // SAFETY: as above.
    let socket = unsafe { OwnedFd::from_raw_fd(socket) };
    // SAFETY: an all-zero request is valid.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(b"lo") {
        *to = from.cast_signed();
    }
    #[expect(clippy::cast_possible_truncation, reason = "the flags that this field holds fit")]
    let up = (libc::IFF_UP | libc::IFF_RUNNING) as i16;
    request.ifr_ifru.ifru_flags = up;
    // SAFETY: `request` is a valid ifreq with a name and flags.
    check(unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request) }).map(drop)
}
