//! What the interpreter needs of Linux beyond POSIX. Twin of `macos.rs`.

use crate::plan::script::Outcome;
use std::ffi::CString;
use std::sync::atomic::AtomicU32;

/// `errno`.
pub fn errno() -> i32 {
    // SAFETY: the location is valid for this thread.
    unsafe { *libc::__errno_location() }
}

/// Sets `errno` (a handler must leave it as it found it).
pub fn set_errno(value: i32) {
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = value };
}

/// Sleeps while the shared word has this value; may wake for nothing.
pub fn sleep_while(word: &AtomicU32, value: u32) {
    // SAFETY: a shared futex (no FUTEX_PRIVATE_FLAG) on a word in a shared mapping; no timeout.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAIT, value, std::ptr::null::<libc::timespec>()) };
}

/// Wakes all who sleep on the word.
pub fn wake(word: &AtomicU32) {
    // SAFETY: as above.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, i32::MAX) };
}

/// A short pause between two looks at a state that cannot be waited for.
pub fn doze() {
    let pause = libc::timespec { tv_sec: 0, tv_nsec: 100_000 };
    // SAFETY: a valid timespec.
    unsafe { libc::nanosleep(&raw const pause, std::ptr::null_mut()) };
}

/// The state letter of a process (`R`, `S`, `Z`, `T`); `None` when there is no such process. proc(5), `/proc/pid/stat` field 3.
pub fn process_state(pid: i32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The command, in parentheses, may itself hold any character.
    let state = stat.rsplit_once(')')?.1.trim_start().chars().next()?;
    Some(match state {
        't' => 'T',
        'X' | 'x' => return None,
        other => other,
    })
}

/// Whether a process sleeps, and nothing that was sent to it before this call is still to wake it.
///
/// The state alone does not tell: who is about to sleep says so first and looks for signals after that, so that one that has just
/// been sent would be met by the next one before either is handled, and a call that the second was to interrupt goes on.
///
/// # References
/// proc(5), `/proc/pid/status`: `SigPnd`, `ShdPnd`, `SigBlk`.
pub fn sleeps(pid: i32) -> bool {
    // In this order: what was pending has been taken by the time of the second look.
    process_state(pid) == Some('S') && !to_be_woken(pid) && process_state(pid) == Some('S')
}

fn to_be_woken(pid: i32) -> bool {
    let Ok(status) = std::fs::read_to_string(format!("/proc/{pid}/status")) else { return false };
    let set = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|set| u64::from_str_radix(set.trim(), 16).ok()).unwrap_or(0)
    };
    (set("SigPnd:") | set("ShdPnd:")) & !set("SigBlk:") != 0
}

/// Whether all threads of a process sleep at one moment.
///
/// They are looked at one after the other, so one may wake another behind the look. A thread that ran in between has been
/// switched away from once more; where two looks find all asleep and the same counts, each slept from the first to the second.
///
/// # References
/// proc(5), `/proc/pid/task/tid/status`: `State`, `voluntary_ctxt_switches`.
pub fn all_threads_sleep(pid: i32) -> bool {
    let first = if to_be_woken(pid) { None } else { sleeping_threads(pid) };
    first.is_some() && first == sleeping_threads(pid)
}

/// Thread ids with how often each went to sleep, when all of them sleep now.
fn sleeping_threads(pid: i32) -> Option<Vec<(std::ffi::OsString, String)>> {
    let mut threads = Vec::new();
    for entry in std::fs::read_dir(format!("/proc/{pid}/task")).ok()? {
        let entry = entry.ok()?;
        let status = std::fs::read_to_string(entry.path().join("status")).ok()?;
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        if !field("State:")?.starts_with('S') {
            return None;
        }
        threads.push((entry.file_name(), field("voluntary_ctxt_switches:")?.to_owned()));
    }
    (!threads.is_empty()).then_some(threads)
}

/// CPU time of a process, all its threads and the system's work for it, in microseconds.
pub fn cpu_time_us(pid: i32) -> Result<i64, Outcome> {
    let (mut clock, mut time) = (0, libc::timespec { tv_sec: 0, tv_nsec: 0 });
    // SAFETY: a valid place.
    if unsafe { libc::clock_getcpuclockid(pid, &raw mut clock) } != 0 {
        return Err(Outcome::Error("ESRCH".to_owned()));
    }
    // SAFETY: a valid place.
    if unsafe { libc::clock_gettime(clock, &raw mut time) } != 0 {
        return super::failed();
    }
    Ok(time.tv_sec * 1_000_000 + time.tv_nsec / 1000)
}

/// fork under a process id of one's choice, which nobody has now: the new process's, 0 in itself.
///
/// # References
/// clone(2): `clone3`, `set_tid` (Linux 5.5); CAP_CHECKPOINT_RESTORE (Linux 5.9).
pub fn fork_as(pid: i32) -> Result<i32, Outcome> {
    let unavailable = |why: &str| Err(Outcome::Unavailable(format!("a process id cannot be chosen here: {why}")));
    let wanted = [pid];
    // SAFETY: all zeros are a valid clone_args, which asks for what fork does.
    let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
    args.exit_signal = libc::SIGCHLD as u64;
    args.set_tid = wanted.as_ptr() as u64;
    args.set_tid_size = 1;
    // SAFETY: without flags it is fork, in a process with one thread.
    match unsafe { libc::syscall(libc::SYS_clone3, &raw const args, size_of::<libc::clone_args>()) } {
        -1 => match errno() {
            libc::EPERM => unavailable("that needs CAP_CHECKPOINT_RESTORE in a pid namespace of its own"),
            libc::ENOSYS | libc::EINVAL | libc::E2BIG => unavailable("that needs Linux 5.5"),
            _ => super::failed(),
        },
        child => Ok(child as i32),
    }
}

/// Private memory of this process in KiB: `Private_Clean` + `Private_Dirty` of smaps_rollup (Linux 4.14).
pub fn private_kib() -> Result<i64, Outcome> {
    let unavailable = || Outcome::Unavailable("/proc/self/smaps_rollup cannot be read".to_owned());
    let text = std::fs::read_to_string("/proc/self/smaps_rollup").map_err(|_| unavailable())?;
    let field = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse::<i64>().ok()
    };
    Some(field("Private_Clean:").ok_or_else(unavailable)? + field("Private_Dirty:").ok_or_else(unavailable)?).ok_or_else(unavailable)
}

/// F_SETPIPE_SZ.
pub fn set_pipe_capacity(fd: i32, bytes: u64) -> Result<Outcome, Outcome> {
    // SAFETY: no pointers.
    super::number(unsafe { libc::fcntl(fd, libc::F_SETPIPE_SZ, bytes as libc::c_int) })
}

/// Runs `wait` on a pidfd of this process (pidfd_open, Linux 5.3; P_PIDFD, Linux 5.4).
pub fn with_pidfd<T>(pid: i32, wait: impl FnOnce(libc::idtype_t, libc::id_t) -> Result<T, Outcome>) -> Result<T, Outcome> {
    // SAFETY: no pointers.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) } as i32;
    if fd == -1 {
        if errno() == libc::ENOSYS {
            return Err(Outcome::Unavailable("pidfd_open needs Linux 5.3".to_owned()));
        }
        return super::failed();
    }
    let result = wait(libc::P_PIDFD, fd as libc::id_t);
    // SAFETY: our own descriptor.
    unsafe { libc::close(fd) };
    result
}

/// How a named object is opened.
#[derive(Clone, Copy)]
pub struct Opening {
    /// Make it, where none may be.
    pub create: bool,
    /// Its name stays; otherwise it is removed at once.
    pub keep: bool,
}

/// A page of POSIX shared memory.
pub fn shm_page(name: &str, bytes: usize, how: Opening) -> Result<*mut u8, Outcome> {
    let name = CString::new(name).map_err(|_| Outcome::Error("EINVAL".to_owned()))?;
    let flags = libc::O_RDWR | if how.create { libc::O_CREAT | libc::O_EXCL } else { 0 };
    // SAFETY: a NUL-terminated name; the descriptor is ours and closed again.
    unsafe {
        let fd = libc::shm_open(name.as_ptr(), flags, 0o600);
        if fd == -1 {
            return super::failed();
        }
        if !how.keep {
            libc::shm_unlink(name.as_ptr());
        }
        let sized = !how.create || libc::ftruncate(fd, bytes as libc::off_t) != -1;
        let result = if sized { super::memory::map(bytes, libc::MAP_SHARED, fd) } else { super::failed() };
        libc::close(fd);
        result
    }
}

/// A process-shared semaphore in a fresh page of shared memory (sem_init).
pub fn unnamed_semaphore(page: *mut u8, value: u32) -> Result<*mut u8, Outcome> {
    // SAFETY: a fresh shared page, large and aligned enough.
    if unsafe { libc::sem_init(page.cast(), 1, value) } == -1 { super::failed() } else { Ok(page) }
}

/// A named semaphore (sem_open): made with a value, where none may be, or opened. Without `keep` its name is removed at once.
pub fn named_semaphore(name: &str, value: Option<u32>, keep: bool) -> Result<*mut u8, Outcome> {
    let name = CString::new(name).map_err(|_| Outcome::Error("EINVAL".to_owned()))?;
    let flags = if value.is_some() { libc::O_CREAT | libc::O_EXCL } else { 0 };
    // SAFETY: a NUL-terminated name.
    unsafe {
        let semaphore = libc::sem_open(name.as_ptr(), flags, 0o600 as libc::mode_t, value.unwrap_or(0));
        if semaphore == libc::SEM_FAILED {
            return super::failed();
        }
        if !keep {
            libc::sem_unlink(name.as_ptr());
        }
        Ok(semaphore.cast())
    }
}

/// The path handed to execve: AT_EXECFN of the auxiliary vector (getauxval(3)); a link is not resolved.
pub fn executed_as() -> Option<std::path::PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    // SAFETY: the vector is set up by the kernel before the process runs; the string lives as long as the process.
    unsafe {
        let text = libc::getauxval(libc::AT_EXECFN) as *const libc::c_char;
        if text.is_null() {
            return None;
        }
        Some(std::ffi::OsStr::from_bytes(std::ffi::CStr::from_ptr(text).to_bytes()).into())
    }
}

unsafe extern "C" {
    static mut environ: *const *const libc::c_char;
}

/// The environment as it is, for calls that want it handed over; NULL included.
pub fn environment() -> Vec<*const libc::c_char> {
    // SAFETY: the array ends with NULL; nobody changes it meanwhile.
    unsafe { entries(environ) }
}

/// execvp, with this environment where one is given: POSIX has it search in the PATH of `environ`. Comes back only when it fails.
pub fn search_and_exec(program: &CString, words: &[*const libc::c_char], env: Option<&[*const libc::c_char]>) {
    // SAFETY: NULL-terminated arrays that outlive the call; `environ` is put back, and no other thread looks at it.
    unsafe {
        let before = environ;
        if let Some(env) = env {
            environ = env.as_ptr();
        }
        libc::execvp(program.as_ptr(), words.as_ptr());
        environ = before;
    }
}

/// The entries of a NULL-terminated array, NULL included.
unsafe fn entries(array: *const *const libc::c_char) -> Vec<*const libc::c_char> {
    let mut all = Vec::new();
    for n in 0.. {
        // SAFETY: the caller's promise; the end is not passed.
        let entry = unsafe { *array.add(n) };
        all.push(entry);
        if entry.is_null() {
            break;
        }
    }
    all
}

/// Whether user 0 here is the system's root: the kernel makes exceptions for that one alone. user_namespaces(7), uid_map.
pub fn is_system_root() -> bool {
    let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    map.lines().any(|line| line.split_whitespace().take(2).eq(["0", "0"]))
}

/// POSIX_SPAWN_SETSID (glibc 2.26).
pub const SPAWN_SETSID: libc::c_int = libc::POSIX_SPAWN_SETSID as libc::c_int;

/// What vfork does, but for the stack, which a compiler could not keep apart for both processes: the child runs `child`, which does not come back, in this very
/// memory, on a stack of its own; this process sleeps until it has ended or executed a program. The child's id.
///
/// # References
/// clone(2): CLONE_VM, CLONE_VFORK; vfork(2).
pub fn borrow_memory<F: FnMut()>(mut child: F) -> Result<i32, Outcome> {
    const STACK: usize = 4 << 20;
    extern "C" fn enter<F: FnMut()>(child: *mut libc::c_void) -> libc::c_int {
        // SAFETY: the caller's closure, which outlives the child because the caller sleeps.
        let child = unsafe { &mut *child.cast::<F>() };
        child();
        0
    }
    let stack = super::memory::map(STACK, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK, -1)?;
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
    // SAFETY: the stack grows down from its page-aligned end; the caller's memory is not touched by the caller meanwhile.
    let pid = unsafe { libc::clone(enter::<F>, stack.add(STACK).cast(), flags, (&raw mut child).cast()) };
    let result = if pid == -1 { super::failed() } else { Ok(pid) };
    // SAFETY: our own mapping, which nobody uses any more.
    unsafe { libc::munmap(stack.cast(), STACK) };
    result
}
