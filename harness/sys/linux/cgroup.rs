//! Control groups: the one limit on the number of processes that binds root as well, in every namespace.
//!
//! Both hierarchies are served: `pids` of version 1, and version 2 where the controller is handed down. A group is made below the
//! one that the maker is in; version 2 refuses that to a group that has processes itself, so there the top is tried after it
//! (cgroups(7), "no internal processes").

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Puts a process into a group of this name, made where it is not there, in which no more than so many can be.
///
/// # Errors
/// Those of making it and of writing to it; [`io::ErrorKind::Unsupported`] where no hierarchy limits processes.
pub fn confine(name: &str, pid: i32, most: u64) -> io::Result<()> {
    let mut failure = super::super::unsupported("a control group that limits processes");
    for place in places()? {
        match enter(&place.join(name), pid, most) {
            Ok(()) => return Ok(()),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// Removes a group that nobody is in any more; `false` while somebody is.
pub fn release(name: &str) -> bool {
    // It is in one of them at most, and mostly in none.
    let busy = |place: PathBuf| fs::remove_dir(place.join(name)).is_err_and(|error| error.kind() == io::ErrorKind::ResourceBusy);
    !places().unwrap_or_default().into_iter().map(busy).fold(false, std::ops::BitOr::bitor)
}

fn enter(group: &Path, pid: i32, most: u64) -> io::Result<()> {
    let made = match fs::create_dir(group) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => false,
        done => done.map(|()| true)?,
    };
    // The limit comes first: who is in the group is bound from the first moment on.
    let entered = put(&group.join("pids.max"), most).and_then(|()| put(&group.join("cgroup.procs"), pid));
    if entered.is_err() && made {
        // The error that is told is the one before.
        let _ = fs::remove_dir(group);
    }
    entered
}

/// Writes a number into a file that the kernel has there; none is made.
fn put(file: &Path, number: impl ToString) -> io::Result<()> {
    io::Write::write_all(&mut fs::OpenOptions::new().write(true).open(file)?, number.to_string().as_bytes())
}

/// The directories below which a group may be made, the best first.
fn places() -> io::Result<Vec<PathBuf>> {
    let (groups, mounts) = (fs::read_to_string("/proc/self/cgroup")?, fs::read_to_string("/proc/self/mountinfo")?);
    let mut places = Vec::new();
    for line in mounts.lines() {
        if let Some((place, top)) = place_of(line, &groups) {
            places.push(place);
            places.extend(top);
        }
    }
    Ok(places)
}

/// Where a hierarchy that limits processes is mounted by this line of mountinfo: the own group in it, and, for version 2, its top.
fn place_of(line: &str, groups: &str) -> Option<(PathBuf, Option<PathBuf>)> {
    let (mount, kind) = line.split_once(" - ")?;
    let (mut mount, mut kind) = (mount.split(' ').skip(3), kind.split(' '));
    let (root, point) = (mount.next()?, Path::new(mount.next()?));
    let (kind, options) = (kind.next()?, kind.nth(1)?);
    let unified = kind == "cgroup2";
    let limits = unified || kind == "cgroup" && options.split(',').any(|option| option == "pids");
    if !limits {
        return None;
    }
    let own = groups.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, path) = (fields.next()?, fields.next()?);
        let fits = if unified { controllers.is_empty() } else { controllers.split(',').any(|controller| controller == "pids") };
        fits.then_some(path)
    })?;
    // A container sees a part of the hierarchy, and may be told paths from the top of all of it.
    let below = own.strip_prefix(root).unwrap_or(own).trim_start_matches('/');
    Some((point.join(below), (unified && !below.is_empty()).then(|| point.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hierarchy_that_limits_processes_is_found() {
        let groups = "8:pids:/a/b\n4:memory:/x\n1:cpu,cpuacct:/\n0::/user/scope\n";
        let line =
            |root: &str, point: &str, kind: &str, options: &str| format!("39 31 0:36 {root} {point} rw,relatime - {kind} x rw,{options}");
        let found = |line: &str| place_of(line, groups).map(|(place, top)| (place.display().to_string(), top.is_some()));
        assert_eq!(found(&line("/", "/sys/fs/cgroup/pids", "cgroup", "pids")), Some(("/sys/fs/cgroup/pids/a/b".into(), false)));
        assert_eq!(found(&line("/a", "/sys/fs/cgroup/pids", "cgroup", "pids")), Some(("/sys/fs/cgroup/pids/b".into(), false)));
        assert_eq!(found(&line("/", "/sys/fs/cgroup", "cgroup2", "nsdelegate")), Some(("/sys/fs/cgroup/user/scope".into(), true)));
        assert_eq!(found(&line("/user/scope", "/sys/fs/cgroup", "cgroup2", "x")), Some(("/sys/fs/cgroup/".into(), false)));
        assert_eq!(found(&line("/", "/sys/fs/cgroup/memory", "cgroup", "memory")), None);
        assert_eq!(found("31 23 0:28 / /sys rw - sysfs sysfs rw"), None);
        assert_eq!(found("nonsense"), None);
    }
}
