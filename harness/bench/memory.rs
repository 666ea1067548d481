//! What this process and its wardens hold: memory, descriptors, mounts, namespaces. Read from `/proc`; where there is none,
//! nothing.
//!
//! Cases come and go below a warden and are not looked at: what they leave is what counts.

use crate::run::warden;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

/// One process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Resident memory.
    pub kib: u64,
    /// Open descriptors.
    pub fds: usize,
    /// Mounts that it sees.
    pub mounts: usize,
    /// Numbers of the namespaces that it is in; as numbers, because a long run keeps fifty looks and must not grow by that itself.
    pub namespaces: Vec<u64>,
}

/// What each of them holds, by `main`, `keeper 1`, `warden 1` and so on.
pub fn of_this_tree() -> BTreeMap<String, Held> {
    processes().into_iter().filter_map(|(name, pid)| Some((name, held(pid)?))).collect()
}

fn processes() -> Vec<(String, u32)> {
    let own = std::process::id();
    let mut all = vec![("main".to_owned(), own)];
    let keepers = children(own).into_iter().filter(|pid| is_warden(*pid));
    for (number, keeper) in (1..).zip(keepers) {
        all.push((format!("keeper {number}"), keeper));
        all.extend(children(keeper).into_iter().filter(|pid| is_warden(*pid)).map(|pid| (format!("warden {number}"), pid)));
    }
    all
}

fn held(pid: u32) -> Option<Held> {
    let place = |name: &str| PathBuf::from(format!("/proc/{pid}/{name}"));
    let status = fs::read_to_string(place("status")).ok()?;
    let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.split_whitespace().next()?.parse().ok()?;
    let entries = |name| fs::read_dir(place(name)).into_iter().flatten().flatten().map(|entry| entry.path());
    let namespaces = entries("ns").filter_map(|path| number_in(&fs::read_link(path).ok()?.to_string_lossy())).collect();
    let mounts = fs::read_to_string(place("mountinfo")).map_or(0, |text| text.lines().count());
    Some(Held { kib, fds: entries("fd").count(), mounts, namespaces })
}

/// The number in `net:[4026531840]`.
fn number_in(link: &str) -> Option<u64> {
    link.split_once('[')?.1.strip_suffix(']')?.parse().ok()
}

/// The children of every thread: wardens are started by whichever worker needs them. Ascending, so that numbers stay.
fn children(pid: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task"));
    let lists = tasks.into_iter().flatten().flatten().filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let mut all: Vec<u32> = lists.flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>()).collect();
    all.sort_unstable();
    all
}

fn is_warden(pid: u32) -> bool {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.split(|byte| *byte == 0).nth(1) == Some(warden::WORD.as_bytes())
}
