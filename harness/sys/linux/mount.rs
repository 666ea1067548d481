//! The file system as a case sees it: everything of the machine readable and nothing of it writable, one small tmpfs that is
//! the run directory and shared memory, a /dev of the harmless devices only (root could open the disk), a /proc of its own.

use super::super::{Mounts, check};
use std::ffi::{CStr, CString};
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

/// Devices that a case may have.
const DEVICES: &[&str] = &["null", "zero", "full", "random", "urandom", "tty"];

/// Builds it, in a fresh mount and pid namespace.
///
/// # Errors
/// That of the first step refused, with what it was.
pub fn mount_sandbox(wanted: &Mounts) -> io::Result<()> {
    let step = |what: &str, done: io::Result<()>| done.map_err(|error| io::Error::new(error.kind(), format!("{what}: {error}")));
    step("make mounts private", mount(None, Path::new("/"), None, libc::MS_REC | libc::MS_PRIVATE, None))?;
    step("make the root file system read-only", read_only())?;
    let options = format!("mode=755,size={},nr_inodes={}", wanted.bytes, wanted.files);
    step("mount a tmpfs on the run directory", mount(Some("tmpfs"), wanted.run, Some("tmpfs"), libc::MS_NOSUID, Some(&options)))?;
    step("build /dev", devices(wanted.run))?;
    let quiet = libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC;
    step("mount /proc", mount(Some("proc"), Path::new("/proc"), Some("proc"), quiet, None))
}

/// The new /dev is built inside the tmpfs, while the old one can still be bound from, and then laid over it.
fn devices(run: &Path) -> io::Result<()> {
    let dev = run.join("dev");
    fs::create_dir(&dev)?;
    for name in DEVICES {
        let place = dev.join(name);
        fs::write(&place, "")?;
        bind(&Path::new("/dev").join(name), &place)?;
    }
    for (name, to) in [("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1"), ("stderr", "/proc/self/fd/2")]
    {
        symlink(to, dev.join(name))?;
    }
    terminals(&dev)?;
    let (shared, place) = (run.join("shm"), dev.join("shm"));
    fs::create_dir(&shared)?;
    fs::set_permissions(&shared, fs::Permissions::from_mode(0o1777))?;
    fs::create_dir(&place)?;
    bind(&shared, &place)?;
    bind(&dev, Path::new("/dev"))
}

/// A devpts of our own where it is allowed; pseudo-terminals of the machine are not shown.
fn terminals(dev: &Path) -> io::Result<()> {
    fs::create_dir(dev.join("pts"))?;
    symlink("pts/ptmx", dev.join("ptmx"))?;
    let options = Some("newinstance,ptmxmode=0666,mode=620");
    let quiet = libc::MS_NOSUID | libc::MS_NOEXEC;
    // Without it only pseudo-terminals are missing, and a scenario that needs one finds out from posix_openpt itself.
    let _ = mount(Some("devpts"), &dev.join("pts"), Some("devpts"), quiet, options);
    Ok(())
}

fn bind(from: &Path, to: &Path) -> io::Result<()> {
    let named = |error: io::Error| io::Error::new(error.kind(), format!("bind {} to {}: {error}", from.display(), to.display()));
    mount(from.to_str(), to, None, libc::MS_BIND | libc::MS_REC, None).map_err(named)
}

fn text(path: &Path) -> io::Result<CString> {
    Ok(CString::new(path.as_os_str().as_bytes())?)
}

fn mount(source: Option<&str>, target: &Path, kind: Option<&str>, flags: libc::c_ulong, options: Option<&str>) -> io::Result<()> {
    let (source, kind, options) =
        (source.map(CString::new).transpose()?, kind.map(CString::new).transpose()?, options.map(CString::new).transpose()?);
    let target = text(target)?;
    let raw = |text: &Option<CString>| text.as_deref().map_or(std::ptr::null(), CStr::as_ptr);
    // SAFETY: every pointer is null or a C string that outlives the call.
    check(unsafe { libc::mount(raw(&source), target.as_ptr(), raw(&kind), flags, raw(&options).cast()) }).map(drop)
}

/// `struct mount_attr` of the kernel.
#[repr(C)]
struct MountAttr {
    set: u64,
    clear: u64,
    propagation: u64,
    user_namespace: u64,
}

fn read_only() -> io::Result<()> {
    let attr = MountAttr { set: libc::MOUNT_ATTR_RDONLY, clear: 0, propagation: 0, user_namespace: 0 };
    // SAFETY: a C string literal and a valid mount_attr with its size.
    let done = unsafe {
        libc::syscall(libc::SYS_mount_setattr, libc::AT_FDCWD, c"/".as_ptr(), libc::AT_RECURSIVE, &raw const attr, size_of::<MountAttr>())
    };
    // mount_setattr came with Linux 5.12; older kernels and some seccomp filters say ENOSYS or EPERM.
    if done == 0 { Ok(()) } else { read_only_one_by_one() }
}

/// Remounts each mount read-only with the flags that it has: clearing one that is locked would be refused.
fn read_only_one_by_one() -> io::Result<()> {
    for line in fs::read_to_string("/proc/self/mountinfo")?.lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        let (Some(place), Some(options)) = (fields.get(4), fields.get(5)) else { continue };
        let place = unescape(place);
        let flags = libc::MS_REMOUNT | libc::MS_BIND | libc::MS_RDONLY | flags_of(options);
        match mount(None, Path::new(&place), None, flags, None) {
            // What cannot be reached (below another mount) cannot be written to by that way either.
            Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::EACCES | libc::EINVAL)) && place != "/" => {}
            Err(error) => return Err(io::Error::new(error.kind(), format!("{place}: {error}"))),
            Ok(()) => {}
        }
    }
    Ok(())
}

fn flags_of(options: &str) -> libc::c_ulong {
    let flag = |option| match option {
        "nosuid" => libc::MS_NOSUID,
        "nodev" => libc::MS_NODEV,
        "noexec" => libc::MS_NOEXEC,
        "noatime" => libc::MS_NOATIME,
        "nodiratime" => libc::MS_NODIRATIME,
        "relatime" => libc::MS_RELATIME,
        _ => 0,
    };
    options.split(',').map(flag).fold(0, |all, one| all | one)
}

/// mountinfo writes space, tab, newline and backslash as `\ooo`.
fn unescape(text: &str) -> String {
    text.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\")
}
