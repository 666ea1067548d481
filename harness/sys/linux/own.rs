//! The parts of a process's own state that only Linux has in this form.

/// The type that setrlimit takes.
pub type Resource = libc::__rlimit_resource_t;

/// The highest signal number.
pub const SIGNALS: i32 = 64;

/// Every resource limit by its name without `RLIMIT_`.
pub const LIMITS: &[(&str, Resource)] = &[
    ("AS", libc::RLIMIT_AS),
    ("CORE", libc::RLIMIT_CORE),
    ("CPU", libc::RLIMIT_CPU),
    ("DATA", libc::RLIMIT_DATA),
    ("FSIZE", libc::RLIMIT_FSIZE),
    ("LOCKS", libc::RLIMIT_LOCKS),
    ("MEMLOCK", libc::RLIMIT_MEMLOCK),
    ("MSGQUEUE", libc::RLIMIT_MSGQUEUE),
    ("NICE", libc::RLIMIT_NICE),
    ("NOFILE", libc::RLIMIT_NOFILE),
    ("NPROC", libc::RLIMIT_NPROC),
    ("RSS", libc::RLIMIT_RSS),
    ("RTPRIO", libc::RLIMIT_RTPRIO),
    ("RTTIME", libc::RLIMIT_RTTIME),
    ("SIGPENDING", libc::RLIMIT_SIGPENDING),
    ("STACK", libc::RLIMIT_STACK),
];

/// The kernel's own `struct sigaction` with room to spare: the handler is its first word on every architecture.
type KernelAction = [usize; 8];

/// Signals ignored, and signals with a handler, a bit each. Asked of the kernel directly: the C library refuses to tell of 32 and 33,
/// which posix_spawn is known to leave ignored.
pub fn dispositions() -> (u64, u64) {
    let (mut ignored, mut caught) = (0, 0);
    for signal in 1..=SIGNALS {
        let mut action: KernelAction = [0; 8];
        // SAFETY: `action` is larger than the kernel's struct; a null new action changes nothing; 8 is the size of its set.
        let done = unsafe { libc::syscall(libc::SYS_rt_sigaction, signal, std::ptr::null::<KernelAction>(), &raw mut action, 8) };
        match action[0] {
            _ if done != 0 => {}
            libc::SIG_DFL => {}
            libc::SIG_IGN => ignored |= 1 << (signal - 1),
            _ => caught |= 1 << (signal - 1),
        }
    }
    (ignored, caught)
}

/// Every signal to its default action and none blocked, 32 and 33 included.
pub fn reset_signals() {
    (1..=SIGNALS).for_each(default_action);
    let none = 0u64;
    // SAFETY: `none` is an empty kernel set of 8 bytes.
    unsafe { libc::syscall(libc::SYS_rt_sigprocmask, libc::SIG_SETMASK, &raw const none, std::ptr::null_mut::<u64>(), 8) };
}

/// The default action for one signal.
pub fn default_action(signal: i32) {
    let default: KernelAction = [0; 8];
    // SAFETY: all zeros is the default action without flags; a null old action is not written to.
    unsafe { libc::syscall(libc::SYS_rt_sigaction, signal, &raw const default, std::ptr::null_mut::<KernelAction>(), 8) };
}

/// Real, effective and saved ids: users, then groups.
pub fn own_ids() -> ([u32; 3], [u32; 3]) {
    let (mut users, mut groups) = ([0; 3], [0; 3]);
    let ([ur, ue, us], [gr, ge, gs]) = (&mut users, &mut groups);
    // SAFETY: six valid places for one id each.
    unsafe {
        libc::getresuid(ur, ue, us);
        libc::getresgid(gr, ge, gs);
    }
    (users, groups)
}

/// Numbers of the open descriptors, ascending.
pub fn open_fds() -> Vec<i32> {
    let mut few = [0; 256];
    open_fds_into(&mut few).map_or_else(listed, |count| few[..count].to_vec())
}

/// Writes the numbers of the open descriptors, ascending, and tells how many there are; `None` when that is not to be had so.
///
/// Since Linux 6.2 the size of /proc/self/fd is their number, which saves opening a directory (whose own descriptor one then
/// has to tell apart) and lets the scan end early.
pub fn open_fds_into(numbers: &mut [i32]) -> Option<usize> {
    let count = count_of_fds().filter(|count| *count <= numbers.len())?;
    let mut found = 0;
    for fd in 0..4096 {
        if found == count {
            break;
        }
        // SAFETY: F_GETFD takes no memory.
        if unsafe { libc::fcntl(fd, libc::F_GETFD) } >= 0 {
            numbers[found] = fd;
            found += 1;
        }
    }
    (found == count).then_some(count)
}

fn count_of_fds() -> Option<usize> {
    // SAFETY: an all-zero stat is valid.
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: a C string literal and a valid place for one stat.
    let done = unsafe { libc::stat(c"/proc/self/fd".as_ptr(), &raw mut stat) };
    (done == 0 && stat.st_size > 0).then(|| usize::try_from(stat.st_size).unwrap_or(usize::MAX))
}

fn listed() -> Vec<i32> {
    let Ok(entries) = std::fs::read_dir("/proc/self/fd") else { return Vec::new() };
    let numbers: Vec<i32> = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    // The directory's own descriptor is in the list and closed by now.
    // SAFETY: F_GETFD takes no memory.
    let mut open: Vec<i32> = numbers.into_iter().filter(|fd| unsafe { libc::fcntl(*fd, libc::F_GETFD) } >= 0).collect();
    open.sort_unstable();
    open
}

/// What a descriptor of this process refers to: `/dev/null`, `pipe:[4711]`.
pub fn fd_target(fd: i32) -> String {
    std::fs::read_link(format!("/proc/self/fd/{fd}")).map(|path| path.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The same into these bytes, by no more than a call; `None` when it does not fit.
pub fn fd_target_into(fd: i32, place: &mut [u8]) -> Option<usize> {
    let mut path = *b"/proc/self/fd/\0\0\0\0\0\0\0\0\0\0";
    let (mut rest, mut digits) = (u32::try_from(fd).ok()?, 1);
    while rest >= 10u32.pow(digits) && digits < 9 {
        digits += 1;
    }
    for at in (0..digits as usize).rev() {
        path[14 + at] = b'0' + u8::try_from(rest % 10).ok()?;
        rest /= 10;
    }
    // SAFETY: the path ends in a zero byte; pointer and length are those of a valid slice.
    let length = unsafe { libc::readlink(path.as_ptr().cast(), place.as_mut_ptr().cast(), place.len()) };
    usize::try_from(length).ok().filter(|length| *length < place.len())
}

/// Number of threads of this process.
pub fn thread_count() -> u32 {
    // SAFETY: an all-zero stat is valid.
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: a C string literal and a valid place for one stat. The links of a task directory are its threads and two more.
    let done = unsafe { libc::stat(c"/proc/self/task".as_ptr(), &raw mut stat) };
    if done == 0 { u32::try_from(stat.st_nlink).unwrap_or(u32::MAX).saturating_sub(2) } else { 0 }
}
