//! Resident memory of this process and of the wardens that it started. Read from `/proc`; where there is none, nothing.

use std::collections::BTreeMap;
use std::path::Path;

/// KiB by process: `main`, and every process below it by its command line's second word (`__warden`) and number.
pub fn of_this_tree() -> BTreeMap<String, u64> {
    let own = std::process::id();
    let mut sizes = BTreeMap::new();
    sizes.extend(resident(own).map(|kib| ("main".to_owned(), kib)));
    let mut parents = vec![own];
    while let Some(parent) = parents.pop() {
        for child in children(parent) {
            let name = role(child).unwrap_or_else(|| "other".to_owned());
            sizes.extend(resident(child).map(|kib| (format!("{name} {}", sizes.len()), kib)));
            parents.push(child);
        }
    }
    sizes
}

fn resident(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The children of every thread: wardens are started by whichever worker needs them.
fn children(pid: u32) -> Vec<u32> {
    let tasks = std::fs::read_dir(Path::new("/proc").join(pid.to_string()).join("task"));
    let lists = tasks.into_iter().flatten().flatten().filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>()).collect()
}

fn role(pid: u32) -> Option<String> {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let second = line.split(|byte| *byte == 0).nth(1)?;
    let name = String::from_utf8_lossy(second).trim_start_matches('_').to_owned();
    (!name.is_empty()).then_some(name)
}
