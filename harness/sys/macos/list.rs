//! Other processes, as libproc shows them.

use super::super::{Listed, Usage, unsupported};
use crate::trace::state::{FdState, ProcState};
use std::ffi::CStr;
use std::io;
use std::mem::{size_of, zeroed};
use std::sync::Mutex;

/// Sessions that were begun below this process. macOS hands orphans to launchd; by their session they are still known as ours.
static SESSIONS: Mutex<Vec<i32>> = Mutex::new(Vec::new());

/// Notes a session whose members are to be taken for descendants even after their parents are gone.
pub fn remember_session(sid: i32) {
    if let Ok(mut sessions) = SESSIONS.lock() {
        sessions.push(sid);
    }
}

fn remembered(sid: i32) -> bool {
    SESSIONS.lock().is_ok_and(|sessions| sessions.contains(&sid))
}

/// Every process that this user may see, ascending. Orphans of remembered sessions are listed as children of this process.
///
/// # Errors
/// When libproc refuses.
pub fn processes() -> io::Result<Vec<Listed>> {
    let mut all: Vec<Listed> = pids()?.into_iter().filter_map(listed).collect();
    all.sort_unstable_by_key(|line| line.pid);
    Ok(all)
}

/// How many processes there are, counted up to `most`.
pub fn process_count(most: usize) -> usize {
    pids().map_or(0, |pids| pids.len().min(most))
}

/// What these processes use; without a list, every process but the caller.
pub fn usage(of: Option<&[i32]>) -> Usage {
    let own = std::process::id().cast_signed();
    let all = || pids().unwrap_or_default().into_iter().filter(|pid| *pid != own).collect();
    let pids: Vec<i32> = of.map_or_else(all, <[i32]>::to_vec);
    let mut usage = Usage { processes: pids.len(), ..Usage::default() };
    for task in pids.into_iter().filter_map(|pid| info::<libc::proc_taskinfo>(pid, libc::PROC_PIDTASKINFO)) {
        usage.threads += u64::from(task.pti_threadnum.unsigned_abs());
        usage.memory += task.pti_resident_size;
    }
    usage
}

/// Bytes of memory of a process; macOS does not tell what of it is shared with how many.
pub fn own_memory(pid: i32) -> u64 {
    info::<libc::proc_taskinfo>(pid, libc::PROC_PIDTASKINFO).map_or(0, |task| task.pti_resident_size)
}

fn pids() -> io::Result<Vec<i32>> {
    // SAFETY: without a buffer it only tells how many there are.
    let count = unsafe { libc::proc_listallpids(std::ptr::null_mut(), 0) };
    let mut pids = vec![0; usize::try_from(count).map_err(|_| io::Error::last_os_error())? + 64];
    let bytes = i32::try_from(pids.len() * size_of::<i32>()).unwrap_or(i32::MAX);
    // SAFETY: the buffer has so many bytes.
    let got = unsafe { libc::proc_listallpids(pids.as_mut_ptr().cast(), bytes) };
    pids.truncate(usize::try_from(got).map_err(|_| io::Error::last_os_error())?);
    pids.retain(|pid| *pid > 0);
    Ok(pids)
}

/// One struct of `proc_pidinfo`; `None` when the process is gone or not ours to look at.
fn info<T>(pid: i32, flavor: i32) -> Option<T> {
    // SAFETY: the flavors used here are of plain structs, for which all zeros are valid.
    let mut place: T = unsafe { zeroed() };
    let size = i32::try_from(size_of::<T>()).ok()?;
    // SAFETY: `place` has `size` bytes.
    let got = unsafe { libc::proc_pidinfo(pid, flavor, 0, (&raw mut place).cast(), size) };
    (got == size).then_some(place)
}

/// The line of one process; `None` when it is gone.
pub fn listed(pid: i32) -> Option<Listed> {
    let bsd: libc::proc_bsdinfo = info(pid, libc::PROC_PIDTBSDINFO)?;
    // SAFETY: takes no memory.
    let sid = unsafe { libc::getsid(pid) };
    // SAFETY: the kernel ends the name with a zero.
    let command = unsafe { CStr::from_ptr(bsd.pbi_comm.as_ptr()) }.to_string_lossy().into_owned();
    let (ppid, own) = (bsd.pbi_ppid.cast_signed(), std::process::id().cast_signed());
    let ours = ppid == 1 && remembered(sid);
    Some(Listed {
        pid,
        ppid: if ours { own } else { ppid },
        pgid: bsd.pbi_pgid.cast_signed(),
        sid,
        uid: bsd.pbi_uid,
        state: state_word(bsd.pbi_status),
        started: bsd.pbi_start_tvsec * 1_000_000 + bsd.pbi_start_tvusec,
        command,
    })
}

/// Whether a process is certain to end without anybody's doing: it is on its way out.
pub fn is_ending(pid: i32) -> bool {
    // PROC_FLAG_INEXIT of <sys/proc_info.h>; what is pending for a process the system shows to nobody.
    const IN_EXIT: u32 = 4;
    let info: Option<libc::proc_bsdinfo> = info(pid, libc::PROC_PIDTBSDINFO);
    info.is_some_and(|bsd| bsd.pbi_status != libc::SZOMB && bsd.pbi_flags & IN_EXIT != 0)
}

fn state_word(status: u32) -> &'static str {
    match status {
        2 => "running",
        3 => "sleeping",
        libc::SSTOP => "stopped",
        libc::SZOMB => "zombie",
        _ => "other",
    }
}

/// What macOS shows of another process: ids, descriptors and threads; masks, dispositions, umask and limits it shows to nobody
/// but the process itself.
///
/// # Errors
/// When it is gone or may not be looked at.
pub fn state_of(pid: i32) -> io::Result<ProcState> {
    let gone = || unsupported("the process is gone, or not ours to look at");
    let bsd: libc::proc_bsdinfo = info(pid, libc::PROC_PIDTBSDINFO).ok_or_else(gone)?;
    let fds = fd_numbers(pid)?;
    Ok(ProcState {
        pid,
        ppid: bsd.pbi_ppid.cast_signed(),
        pgid: bsd.pbi_pgid.cast_signed(),
        // SAFETY: takes no memory.
        sid: unsafe { libc::getsid(pid) },
        uids: [bsd.pbi_ruid, bsd.pbi_uid, bsd.pbi_svuid],
        gids: [bsd.pbi_rgid, bsd.pbi_gid, bsd.pbi_svgid],
        cwd: cwd_of(pid).unwrap_or_default(),
        nice: bsd.pbi_nice,
        fds: fds.into_iter().map(|fd| FdState { fd, ..FdState::default() }).collect(),
        threads: threads_of(pid),
        ..ProcState::default()
    })
}

fn cwd_of(pid: i32) -> Option<String> {
    let paths: libc::proc_vnodepathinfo = info(pid, libc::PROC_PIDVNODEPATHINFO)?;
    // SAFETY: the kernel ends the path with a zero; the nested arrays lie in a row.
    let path = unsafe { CStr::from_ptr(paths.pvi_cdir.vip_path.as_ptr().cast()) };
    Some(path.to_string_lossy().into_owned())
}

/// Number of threads of a process.
pub(super) fn threads_of(pid: i32) -> u32 {
    info::<libc::proc_taskinfo>(pid, libc::PROC_PIDTASKINFO).map_or(0, |task| task.pti_threadnum.unsigned_abs())
}

/// `PROC_PIDLISTFDS`, which the libc crate keeps to itself.
const LIST_FDS: i32 = 1;

/// Numbers of a process's open descriptors, ascending.
pub(super) fn fd_numbers(pid: i32) -> io::Result<Vec<i32>> {
    // SAFETY: without a buffer it only tells how many bytes it would fill.
    let bytes = unsafe { libc::proc_pidinfo(pid, LIST_FDS, 0, std::ptr::null_mut(), 0) };
    let room = usize::try_from(bytes).map_err(|_| io::Error::last_os_error())? / size_of::<libc::proc_fdinfo>() + 16;
    let mut places = vec![libc::proc_fdinfo { proc_fd: 0, proc_fdtype: 0 }; room];
    let size = i32::try_from(room * size_of::<libc::proc_fdinfo>()).unwrap_or(i32::MAX);
    // SAFETY: the buffer has so many bytes.
    let got = unsafe { libc::proc_pidinfo(pid, LIST_FDS, 0, places.as_mut_ptr().cast(), size) };
    places.truncate(usize::try_from(got).map_err(|_| io::Error::last_os_error())? / size_of::<libc::proc_fdinfo>());
    let mut numbers: Vec<i32> = places.iter().map(|place| place.proc_fd).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// How many descriptors a process has open.
pub fn descriptor_count(pid: i32) -> Option<usize> {
    fd_numbers(pid).ok().map(|numbers| numbers.len())
}
