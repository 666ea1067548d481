//! What blocks other processes: their system calls, the file locks, the sockets that belong together.
//!
//! `/proc/PID/syscall` tells the number and the arguments of a call, which are addresses where the call takes a structure; those
//! few that tell who is waited for are read from the process's memory. What a process is asked for here it must not notice.

use super::super::check;
use crate::trace::hang::{Call, Lock, Thread, Watched};
use std::collections::BTreeMap;
use std::fs;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::{FileExt, FileTypeExt};

/// More threads of one process than this tell nothing more.
const THREADS: usize = 64;
/// More descriptors in one call than this are not looked at.
const WATCHED: usize = 256;

/// The threads of a process, the first one first.
pub fn threads(pid: i32) -> Vec<Thread> {
    let entries = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let mut tids: Vec<i32> = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    tids.sort_unstable_by_key(|tid| (*tid != pid, *tid));
    tids.truncate(THREADS);
    tids.into_iter().map(|tid| thread(pid, tid)).collect()
}

fn thread(pid: i32, tid: i32) -> Thread {
    let text = |file: &str| fs::read_to_string(format!("/proc/{pid}/task/{tid}/{file}")).unwrap_or_default();
    let stat = text("stat");
    let letter = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().next()).unwrap_or_default();
    let kernel = text("wchan");
    let kernel = if kernel == "0" { String::new() } else { kernel };
    Thread { tid, state: super::list::state_word(letter).to_owned(), call: Call { kernel, ..call(pid, &text("syscall")) } }
}

/// A line of `/proc/PID/syscall`: `running`, or the number, six arguments, the stack and the instruction.
fn call(pid: i32, line: &str) -> Call {
    let mut words = line.split_whitespace();
    let number = match words.next() {
        Some("running") => return Call { name: "running".to_owned(), ..Call::default() },
        Some(number) => number.parse::<i64>().unwrap_or(-1),
        None => -1,
    };
    if number < 0 {
        return Call::default();
    }
    let args: Vec<u64> = words.take(6).filter_map(|word| u64::from_str_radix(word.trim_start_matches("0x"), 16).ok()).collect();
    let known = MODERN_CALLS.iter().chain(LEGACY_CALLS).find(|(call, _)| *call == number);
    let name = known.map_or_else(|| format!("system call {number}"), |(_, name)| (*name).to_owned());
    Call {
        watched: watched(pid, &name, &args),
        whom: whom(pid, &name, &args),
        path: path(pid, &name, &args),
        limited: limited(&name, &args),
        name,
        args,
        kernel: String::new(),
    }
}

fn at(args: &[u64], place: usize) -> u64 {
    args.get(place).copied().unwrap_or_default()
}

#[expect(clippy::cast_possible_truncation, reason = "the kernel takes the lower half of the register, too")]
fn int(args: &[u64], place: usize) -> i32 {
    (at(args, place) as u32).cast_signed()
}

/// Whether the call gives up by itself. A pointer to a time that is null means never.
fn limited(name: &str, args: &[u64]) -> bool {
    match name {
        "poll" => int(args, 2) >= 0,
        "epoll_wait" => int(args, 3) >= 0,
        "ppoll" => at(args, 2) != 0,
        "select" | "pselect" => at(args, 4) != 0,
        "sigtimedwait" => at(args, 2) != 0,
        "semtimedop" | "futex" => at(args, 3) != 0,
        "nanosleep" | "clock_nanosleep" => true,
        _ => false,
    }
}

/// Bytes of another process's memory; nothing where they cannot be read.
fn memory(pid: i32, address: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let file = fs::File::open(format!("/proc/{pid}/mem"));
    match file.and_then(|file| file.read_at(&mut bytes, address)) {
        Ok(got) => bytes.truncate(got),
        Err(_) => bytes.clear(),
    }
    bytes
}

fn path(pid: i32, name: &str, args: &[u64]) -> String {
    let address = match name {
        "open" => at(args, 0),
        "openat" => at(args, 1),
        _ => return String::new(),
    };
    // A path may end at the end of a page after which there is none.
    let page = 4096 - usize::try_from(address % 4096).unwrap_or(0);
    let bytes = memory(pid, address, page);
    String::from_utf8_lossy(bytes.split(|byte| *byte == 0).next().unwrap_or_default()).into_owned()
}

/// The process that a wait is for: `P_PID`, a pidfd, or a positive number.
fn whom(pid: i32, name: &str, args: &[u64]) -> Option<i32> {
    let one = match (name, int(args, 0)) {
        ("wait4", pid) => pid,
        ("waitid", kind) if kind == libc::P_PID.cast_signed() => int(args, 1),
        ("waitid", kind) if kind == libc::P_PIDFD.cast_signed() => of_pidfd(pid, int(args, 1))?,
        _ => return None,
    };
    Some(one).filter(|pid| *pid > 0)
}

/// The process that a pidfd of another process is on; none for other descriptors.
fn of_pidfd(pid: i32, fd: i32) -> Option<i32> {
    let info = fs::read_to_string(format!("/proc/{pid}/fdinfo/{fd}")).ok()?;
    info.lines().find_map(|line| line.strip_prefix("Pid:")?.trim().parse().ok()).filter(|of| *of > 0)
}

fn watched(pid: i32, name: &str, args: &[u64]) -> Vec<Watched> {
    let all = watched_fds(pid, name, args);
    all.into_iter().map(|watched| Watched { process: of_pidfd(pid, watched.fd).unwrap_or(0), ..watched }).collect()
}

fn watched_fds(pid: i32, name: &str, args: &[u64]) -> Vec<Watched> {
    match name {
        "poll" | "ppoll" => polled(&memory(pid, at(args, 0), WATCHED.min(usize::try_from(at(args, 1)).unwrap_or(0)) * 8)),
        "select" | "pselect" => selected(pid, args),
        "epoll_wait" => {
            let info = fs::read_to_string(format!("/proc/{pid}/fdinfo/{}", int(args, 0))).unwrap_or_default();
            info.lines().filter_map(epolled).take(WATCHED).collect()
        }
        _ => Vec::new(),
    }
}

/// An array of `struct pollfd`.
fn polled(bytes: &[u8]) -> Vec<Watched> {
    let of = |entry: &[u8]| {
        let fd = i32::from_ne_bytes([entry[0], entry[1], entry[2], entry[3]]);
        let events = i16::from_ne_bytes([entry[4], entry[5]]);
        Watched { fd, read: events & libc::POLLIN != 0, write: events & libc::POLLOUT != 0, process: 0 }
    };
    bytes.chunks_exact(8).map(of).filter(|watched| watched.fd >= 0).collect()
}

fn selected(pid: i32, args: &[u64]) -> Vec<Watched> {
    let most = usize::try_from(int(args, 0)).unwrap_or(0).min(WATCHED);
    let sets = [at(args, 1), at(args, 2)].map(|address| if address == 0 { Vec::new() } else { memory(pid, address, most.div_ceil(8)) });
    let member = |set: &[u8], fd: usize| set.get(fd / 8).is_some_and(|byte| byte & 1 << (fd % 8) != 0);
    let all = (0..most).map(|fd| Watched {
        fd: i32::try_from(fd).unwrap_or(-1),
        read: member(&sets[0], fd),
        write: member(&sets[1], fd),
        process: 0,
    });
    all.filter(|watched| watched.read || watched.write).collect()
}

/// `tfd: 5 events: 19 data: ...` of an epoll descriptor's information.
fn epolled(line: &str) -> Option<Watched> {
    let mut words = line.strip_prefix("tfd:")?.split_whitespace();
    let fd = words.next()?.parse().ok()?;
    let events = u32::from_str_radix(words.nth(1)?, 16).ok()?;
    let has = |flag: i32| events & flag.cast_unsigned() != 0;
    Some(Watched { fd, read: has(libc::EPOLLIN), write: has(libc::EPOLLOUT), process: 0 })
}

/// Whether a descriptor of another process is a FIFO that has a name.
pub fn is_fifo(pid: i32, fd: i32) -> bool {
    fs::metadata(format!("/proc/{pid}/fd/{fd}")).is_ok_and(|meta| meta.file_type().is_fifo())
}

/// File locks that are held or waited for. `1: FLOCK ADVISORY WRITE 4711 00:2b:5678 0 EOF`, waiters with `->` after the number.
pub fn file_locks() -> Vec<Lock> {
    let text = fs::read_to_string("/proc/locks").unwrap_or_default();
    let of = |line: &str| {
        let waits = line.contains("->");
        let mut words = line.split_whitespace().skip(if waits { 2 } else { 1 });
        let pid = words.nth(3)?.parse().ok()?;
        let ino = words.next()?.rsplit(':').next()?.parse().ok()?;
        Some(Lock { pid, ino, waits })
    };
    text.lines().filter_map(of).collect()
}

/// Connected sockets of this network namespace: inode of one end, inode of the other, both ways.
pub fn socket_peers() -> Vec<(u64, u64)> {
    let mut peers = unix_peers().unwrap_or_default();
    peers.extend(["tcp", "tcp6"].into_iter().flat_map(tcp_peers));
    peers
}

/// Two lines with swapped addresses are the two ends of a connection.
fn tcp_peers(table: &str) -> Vec<(u64, u64)> {
    let text = fs::read_to_string(format!("/proc/net/{table}")).unwrap_or_default();
    let ends: BTreeMap<(String, String), u64> = text
        .lines()
        .skip(1)
        .filter_map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let ino = words.get(9)?.parse().ok().filter(|ino| *ino != 0)?;
            Some((((*words.get(1)?).to_owned(), (*words.get(2)?).to_owned()), ino))
        })
        .collect();
    ends.iter().filter_map(|((local, remote), ino)| Some((*ino, *ends.get(&(remote.clone(), local.clone()))?))).collect()
}

/// `UDIAG_SHOW_PEER` and the attribute that answers it, of <linux/unix_diag.h>.
const SHOW_PEER: u32 = 4;
const ATTRIBUTE_PEER: u16 = 2;
/// `SOCK_DIAG_BY_FAMILY` of <linux/sock_diag.h>.
const BY_FAMILY: u16 = 20;
const HEADER: usize = 16;
/// `struct unix_diag_msg`.
const MESSAGE: usize = 16;

/// Asks the kernel over a netlink socket: no file tells which unix sockets belong together. sock_diag(7)
fn unix_peers() -> Option<Vec<(u64, u64)>> {
    // SAFETY: a fresh descriptor comes back, which is owned from here on.
    let socket = check(unsafe { libc::socket(libc::AF_NETLINK, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, libc::NETLINK_SOCK_DIAG) }).ok()?;
    // SAFETY: as above.
    let socket = unsafe { OwnedFd::from_raw_fd(socket) };
    let flags = u16::try_from(libc::NLM_F_REQUEST | libc::NLM_F_DUMP).ok()?;
    let mut request = Vec::new();
    // The header: length, kind, flags, number, port; then family, protocol, padding, states, inode, what to show, cookie.
    for word in [40, u32::from(BY_FAMILY) | u32::from(flags) << 16, 1, 0, libc::AF_UNIX.cast_unsigned(), u32::MAX, 0, SHOW_PEER, 0, 0] {
        request.extend(word.to_le_bytes());
    }
    // SAFETY: pointer and length are those of a valid vector.
    let sent = unsafe { libc::send(socket.as_raw_fd(), request.as_ptr().cast(), request.len(), 0) };
    usize::try_from(sent).ok().filter(|sent| *sent == request.len())?;
    let mut peers = Vec::new();
    let mut buffer = vec![0u8; 32 << 10];
    loop {
        // SAFETY: as above; a dump is answered at once, without waiting.
        let got = unsafe { libc::recv(socket.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len(), libc::MSG_DONTWAIT) };
        let Ok(got) = usize::try_from(got) else { return Some(peers) };
        if got == 0 || !take_answers(&buffer[..got], &mut peers) {
            return Some(peers);
        }
    }
}

/// Takes the peers out of a piece of a dump; `false` after its last message.
fn take_answers(mut bytes: &[u8], peers: &mut Vec<(u64, u64)>) -> bool {
    while let (Some(length), Some(kind)) = (word(bytes, 0), half(bytes, 4)) {
        let length = length as usize;
        let Some(message) = bytes.get(..length).filter(|message| message.len() >= HEADER) else { return false };
        if kind != BY_FAMILY {
            return false;
        }
        if let (Some(ino), Some(peer)) = (word(message, HEADER + 4), peer_of(message)) {
            peers.push((ino.into(), peer.into()));
        }
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    true
}

fn peer_of(message: &[u8]) -> Option<u32> {
    let mut attributes = message.get(HEADER + MESSAGE..)?;
    while let (Some(length), Some(kind)) = (half(attributes, 0), half(attributes, 2)) {
        if kind == ATTRIBUTE_PEER {
            return word(attributes, 4);
        }
        attributes = attributes.get(usize::from(length).max(4).next_multiple_of(4)..)?;
    }
    None
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes)
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_ne_bytes)
}

/// System calls that block.
#[cfg(target_arch = "x86_64")]
const LEGACY_CALLS: &[(i64, &str)] = &[
    (libc::SYS_pause, "pause"),
    (libc::SYS_poll, "poll"),
    (libc::SYS_select, "select"),
    (libc::SYS_open, "open"),
    (libc::SYS_epoll_wait, "epoll_wait"),
];
/// Architectures younger than these calls have none of them.
#[cfg(not(target_arch = "x86_64"))]
const LEGACY_CALLS: &[(i64, &str)] = &[];

const MODERN_CALLS: &[(i64, &str)] = &[
    (libc::SYS_read, "read"),
    (libc::SYS_write, "write"),
    (libc::SYS_readv, "readv"),
    (libc::SYS_writev, "writev"),
    (libc::SYS_openat, "openat"),
    (libc::SYS_wait4, "wait4"),
    (libc::SYS_waitid, "waitid"),
    (libc::SYS_futex, "futex"),
    (libc::SYS_ppoll, "ppoll"),
    (libc::SYS_pselect6, "pselect"),
    (libc::SYS_epoll_pwait, "epoll_wait"),
    (libc::SYS_accept, "accept"),
    (libc::SYS_accept4, "accept4"),
    (libc::SYS_connect, "connect"),
    (libc::SYS_recvfrom, "recvfrom"),
    (libc::SYS_recvmsg, "recvmsg"),
    (libc::SYS_sendto, "sendto"),
    (libc::SYS_sendmsg, "sendmsg"),
    (libc::SYS_nanosleep, "nanosleep"),
    (libc::SYS_clock_nanosleep, "clock_nanosleep"),
    (libc::SYS_rt_sigsuspend, "sigsuspend"),
    (libc::SYS_rt_sigtimedwait, "sigtimedwait"),
    (libc::SYS_kill, "kill"),
    (libc::SYS_tgkill, "tgkill"),
    (libc::SYS_flock, "flock"),
    (libc::SYS_fcntl, "fcntl"),
    (libc::SYS_semop, "semop"),
    (libc::SYS_semtimedop, "semtimedop"),
    (libc::SYS_msgrcv, "msgrcv"),
    (libc::SYS_msgsnd, "msgsnd"),
];
