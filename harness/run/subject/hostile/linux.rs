//! Adapters that attack the machine, from inside of the sandbox: what a library's test could do by mistake, or a stranger's on
//! purpose.
//!
//! None of them does anything unless its parent, the warden, is process 1: only in a pid namespace of their own do they harm nobody.
//! Each is bounded by itself too, so that a hole in the sandbox costs a test and not a machine.

use crate::wire::adapter::done;
use crate::wire::message::ReplyBody;
use std::fs::{File, OpenOptions};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// The attacks.
pub const HOW: &[&str] = &[
    "fork-bomb",
    "thread-bomb",
    "memory-bomb",
    "descriptor-bomb",
    "traces-warden",
    "kills-all",
    "kills-parents",
    "dials-out",
    "stops-itself",
    "ignores-signals",
];

/// No process of the bomb goes on for longer; the sandbox ends it far earlier.
const FUSE: Duration = Duration::from_secs(10);
/// Bytes that the memory bomb takes at most.
const MOST_MEMORY: usize = 2 << 30;
/// Threads that the thread bomb has at most.
const MOST_THREADS: usize = 6_000;
/// Processes that the fork bomb has at most.
const MOST_FORKS: usize = 2_500;

/// Performs one; what it is answered with when it comes back. What came of it is said on standard output.
pub fn attack(how: &str) -> ReplyBody {
    // SAFETY: only reads an id.
    let parent = unsafe { libc::getppid() };
    if parent != 1 {
        return ReplyBody::Unsupported("an attack outside of a pid namespace would be one".into());
    }
    match how {
        "fork-bomb" => fork_bomb(),
        "thread-bomb" => thread_bomb(),
        "memory-bomb" => memory_bomb(),
        "descriptor-bomb" => descriptor_bomb(),
        "traces-warden" => trace(parent),
        "kills-all" => kill(-1, libc::SIGKILL),
        "kills-parents" => [libc::SIGKILL, libc::SIGSTOP, libc::SIGTERM].into_iter().for_each(|signal| kill(parent, signal)),
        "dials-out" => dial(),
        "stops-itself" => kill(std::process::id().cast_signed(), libc::SIGSTOP),
        "ignores-signals" => ignore_everything(),
        _ => {}
    }
    done()
}

fn kill(pid: i32, signal: i32) {
    // SAFETY: takes no memory; the parent was seen to be process 1 of a namespace.
    unsafe { libc::kill(pid, signal) };
}

/// All of them together fork no more often than this, and die of an alarm should nobody kill them.
fn fork_bomb() {
    // SAFETY: a fresh shared mapping; every process of the bomb has it at the same address.
    let count = unsafe {
        let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
        let page = libc::mmap(std::ptr::null_mut(), 4096, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0);
        if page == libc::MAP_FAILED {
            return;
        }
        &*page.cast::<AtomicUsize>()
    };
    loop {
        // SAFETY: takes no memory.
        unsafe { libc::alarm(u32::try_from(FUSE.as_secs()).unwrap_or(10)) };
        if count.fetch_add(1, Ordering::Relaxed) >= MOST_FORKS {
            std::thread::sleep(FUSE);
        }
        // SAFETY: this process has one thread.
        unsafe { libc::fork() };
    }
}

fn thread_bomb() {
    for _ in 0..MOST_THREADS {
        let thread = std::thread::Builder::new().stack_size(16 << 10).spawn(|| std::thread::sleep(FUSE));
        if thread.is_err() {
            break;
        }
    }
    std::thread::sleep(FUSE);
}

fn memory_bomb() {
    let mut taken: Vec<Vec<u8>> = Vec::new();
    while taken.len() < MOST_MEMORY >> 20 {
        taken.push(vec![1; 1 << 20]);
    }
    std::thread::sleep(FUSE);
    println!("took {} MiB", taken.len());
}

fn descriptor_bomb() {
    let mut taken: Vec<File> = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        taken.push(file);
    }
    println!("refused after {}", if taken.len() > 100_000 { "far too many" } else { "some" });
    // Left open, for whoever looks after the case.
    std::mem::forget(taken);
}

fn trace(warden: i32) {
    // SAFETY: attaching takes no memory.
    let attached = unsafe { libc::ptrace(libc::PTRACE_ATTACH, warden, std::ptr::null_mut::<libc::c_void>(), 0) } == 0;
    let memory = OpenOptions::new().read(true).write(true).open(format!("/proc/{warden}/mem")).is_ok();
    let channel = std::fs::read_link(format!("/proc/{warden}/fd/3")).is_ok();
    println!("{}", if attached || memory || channel { "traced" } else { "refused" });
}

fn dial() {
    // TEST-NET-1 of RFC 5737, which belongs to nobody.
    let address = SocketAddr::from(([192, 0, 2, 1], 80));
    match TcpStream::connect_timeout(&address, Duration::from_secs(2)) {
        Err(error) if error.raw_os_error() == Some(libc::ENETUNREACH) => println!("refused"),
        other => println!("a way out: {other:?}"),
    }
}

fn ignore_everything() {
    for signal in 1..=64 {
        // SAFETY: SIG_IGN is a valid disposition; those that cannot be ignored are refused.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
    std::thread::sleep(FUSE);
}
