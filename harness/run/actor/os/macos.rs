//! What the interpreter needs of macOS beyond POSIX. Twin of `linux.rs`.

use crate::plan::script::Outcome;
use std::ffi::CString;
use std::sync::atomic::{AtomicU32, Ordering};

/// `errno`.
pub fn errno() -> i32 {
    // SAFETY: the location is valid for this thread.
    unsafe { *libc::__error() }
}

/// Sets `errno` (a handler must leave it as it found it).
pub fn set_errno(value: i32) {
    // SAFETY: as above.
    unsafe { *libc::__error() = value };
}

/// macOS has no public futex between processes before 14.4, so the word is looked at between short pauses.
pub fn sleep_while(word: &AtomicU32, value: u32) {
    if word.load(Ordering::Acquire) == value {
        doze();
    }
}

/// Nobody sleeps in the kernel on the word.
pub fn wake(_word: &AtomicU32) {}

/// A short pause between two looks at a state that cannot be waited for.
pub fn doze() {
    let pause = libc::timespec { tv_sec: 0, tv_nsec: 100_000 };
    // SAFETY: a valid timespec.
    unsafe { libc::nanosleep(&raw const pause, std::ptr::null_mut()) };
}

/// The state letter of a process, from proc_pidinfo (proc_info.h): `Z`, `T`, `S` when no thread of it runs, `R` otherwise.
pub fn process_state(pid: i32) -> Option<char> {
    let info: libc::proc_bsdinfo = pid_info(pid, libc::PROC_PIDTBSDINFO)?;
    match info.pbi_status {
        libc::SZOMB => return Some('Z'),
        libc::SSTOP => return Some('T'),
        _ => {}
    }
    let tasks: libc::proc_taskinfo = pid_info(pid, libc::PROC_PIDTASKINFO)?;
    Some(if tasks.pti_numrunning == 0 { 'S' } else { 'R' })
}

/// Whether no thread of a process runs. What is pending for it cannot be seen.
pub fn sleeps(pid: i32) -> bool {
    process_state(pid) == Some('S')
}

fn pid_info<T>(pid: i32, flavor: i32) -> Option<T> {
    // SAFETY: the structures are plain data; the call fills in at most `size` bytes.
    unsafe {
        let mut info: T = std::mem::zeroed();
        let size = size_of::<T>() as libc::c_int;
        let got = libc::proc_pidinfo(pid, flavor, 0, (&raw mut info).cast(), size);
        (got == size).then_some(info)
    }
}

/// Whether all threads of a process sleep: its state is that of its most active thread.
pub fn all_threads_sleep(pid: i32) -> bool {
    process_state(pid) == Some('S')
}

/// CPU time of a process: not told here with the precision that is needed.
pub fn cpu_time_us(_pid: i32) -> Result<i64, Outcome> {
    Err(Outcome::Unavailable("the CPU time of another process is not measured on macOS".to_owned()))
}

/// fork under a process id of one's choice.
pub fn fork_as(_pid: i32) -> Result<i32, Outcome> {
    Err(Outcome::Unavailable("macOS lets nobody choose a process id".to_owned()))
}

/// Resident memory stands in for private memory only with TASK_VM_INFO, which libc does not offer.
pub fn private_kib() -> Result<i64, Outcome> {
    Err(Outcome::Unavailable("private memory is not reported on macOS".to_owned()))
}

/// macOS has no F_SETPIPE_SZ.
pub fn set_pipe_capacity(_fd: i32, _bytes: u64) -> Result<Outcome, Outcome> {
    Err(Outcome::Unavailable("macOS has no F_SETPIPE_SZ".to_owned()))
}

/// macOS has no pidfd.
pub fn with_pidfd<T>(_pid: i32, _wait: impl FnOnce(libc::idtype_t, libc::id_t) -> Result<T, Outcome>) -> Result<T, Outcome> {
    Err(Outcome::Unavailable("macOS has no pidfd".to_owned()))
}

/// How a named object is opened.
#[derive(Clone, Copy)]
pub struct Opening {
    /// Make it, where none may be.
    pub create: bool,
    /// Its name stays; otherwise it is removed at once.
    pub keep: bool,
}

/// A page of POSIX shared memory. Names are at most 31 bytes there (PSHMNAMLEN).
pub fn shm_page(name: &str, bytes: usize, how: Opening) -> Result<*mut u8, Outcome> {
    let name = CString::new(name).map_err(|_| Outcome::Error("EINVAL".to_owned()))?;
    let flags = libc::O_RDWR | if how.create { libc::O_CREAT | libc::O_EXCL } else { 0 };
    // SAFETY: a NUL-terminated name; the descriptor is ours and closed again.
    unsafe {
        let fd = libc::shm_open(name.as_ptr(), flags, 0o600 as libc::c_uint);
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

/// sem_init is not implemented on macOS (ENOSYS).
pub fn unnamed_semaphore(_page: *mut u8, _value: u32) -> Result<*mut u8, Outcome> {
    Err(Outcome::Unavailable("macOS has no unnamed semaphores".to_owned()))
}

/// A named semaphore (sem_open): made with a value, where none may be, or opened. Without `keep` its name is removed at once.
pub fn named_semaphore(name: &str, value: Option<u32>, keep: bool) -> Result<*mut u8, Outcome> {
    let name = CString::new(name).map_err(|_| Outcome::Error("EINVAL".to_owned()))?;
    let flags = if value.is_some() { libc::O_CREAT | libc::O_EXCL } else { 0 };
    // SAFETY: a NUL-terminated name.
    unsafe {
        let semaphore = libc::sem_open(name.as_ptr(), flags, 0o600 as libc::c_uint, value.unwrap_or(0));
        if semaphore == libc::SEM_FAILED {
            return super::failed();
        }
        if !keep {
            libc::sem_unlink(name.as_ptr());
        }
        Ok(semaphore.cast())
    }
}

/// The path handed to execve (`_NSGetExecutablePath`, dyld(3)); a link is not resolved.
pub fn executed_as() -> Option<std::path::PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    let mut buffer = vec![0u8; 4096];
    let mut length = buffer.len() as u32;
    // SAFETY: `length` bytes are ours; the call writes a NUL-terminated path or fails.
    if unsafe { libc::_NSGetExecutablePath(buffer.as_mut_ptr().cast(), &raw mut length) } != 0 {
        return None;
    }
    let end = buffer.iter().position(|&byte| byte == 0)?;
    Some(std::ffi::OsStr::from_bytes(&buffer[..end]).into())
}

/// The environment as it is, for calls that want it handed over; NULL included.
pub fn environment() -> Vec<*const libc::c_char> {
    let mut all = Vec::new();
    // SAFETY: the array ends with NULL; nobody changes it meanwhile.
    unsafe {
        let array = *libc::_NSGetEnviron();
        for n in 0.. {
            let entry: *const libc::c_char = *array.add(n);
            all.push(entry);
            if entry.is_null() {
                break;
            }
        }
    }
    all
}

/// execvp, with this environment where one is given: POSIX has it search in the PATH of `environ`. Comes back only when it fails.
pub fn search_and_exec(program: &CString, words: &[*const libc::c_char], env: Option<&[*const libc::c_char]>) {
    // SAFETY: NULL-terminated arrays that outlive the call; `environ` is put back, and no other thread looks at it.
    unsafe {
        let place = libc::_NSGetEnviron();
        let before = *place;
        if let Some(env) = env {
            *place = env.as_ptr().cast_mut().cast();
        }
        libc::execvp(program.as_ptr(), words.as_ptr());
        *place = before;
    }
}

/// There are no user namespaces.
pub fn is_system_root() -> bool {
    true
}

/// POSIX_SPAWN_SETSID of spawn.h (macOS 10.15).
pub const SPAWN_SETSID: libc::c_int = 0x0400;

/// vfork returns twice on one stack, which Rust cannot promise to keep in order, and macOS has no clone.
pub fn borrow_memory<F: FnMut()>(_child: F) -> Result<i32, Outcome> {
    Err(Outcome::Unavailable("macOS deprecates vfork and has no clone".to_owned()))
}
