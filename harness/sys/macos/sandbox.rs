//! What macOS has none of: namespaces, subreapers, capabilities, a list of shared memory.

use super::super::{Mounts, Used, unsupported};
use std::io;

const NONE: &str = "macOS has no namespaces";

/// # Errors
/// Always.
///
/// # Safety
/// As [`super::super::fork`].
pub unsafe fn clone_isolated() -> io::Result<i32> {
    Err(unsupported(NONE))
}

/// # Errors
/// Always.
pub fn write_id_maps(_pid: i32) -> io::Result<()> {
    Err(unsupported(NONE))
}

/// # Errors
/// Always.
pub fn mount_sandbox(_wanted: &Mounts) -> io::Result<()> {
    Err(unsupported(NONE))
}

/// # Errors
/// Always.
pub fn limit_numbers(_most: u32) -> io::Result<()> {
    Err(unsupported(NONE))
}

/// # Errors
/// Always.
pub fn confine(_name: &str, _pid: i32, _most: u64) -> io::Result<()> {
    Err(unsupported("macOS has no control groups"))
}

/// There is none to remove.
pub fn release(_name: &str) -> bool {
    true
}

/// # Errors
/// Always.
pub fn loopback_up() -> io::Result<()> {
    Err(unsupported(NONE))
}

/// # Errors
/// Always.
pub fn subreaper() -> io::Result<()> {
    Err(unsupported("macOS hands orphans to launchd alone"))
}

/// # Errors
/// Always.
pub fn die_with_parent() -> io::Result<()> {
    Err(unsupported("macOS tells no child of its parent's end"))
}

/// Nothing to refuse in this way.
///
/// # Errors
/// Never.
pub fn no_new_privileges() -> io::Result<()> {
    Ok(())
}

/// Nothing to give up.
///
/// # Errors
/// Never.
pub fn drop_privileges() -> io::Result<()> {
    Ok(())
}

/// Whether this platform has a level of isolation of this name at all.
///
/// # Errors
/// With the reason when it has not.
pub fn level_exists(name: &str) -> io::Result<()> {
    if name == "group" { Ok(()) } else { Err(unsupported("macOS has neither namespaces nor subreapers")) }
}

/// There is no file system of our own to count on.
pub fn used(_fd: i32) -> Option<Used> {
    None
}

/// macOS lists System V objects to root's kernel memory readers alone.
pub fn leftover_ipc(_remove: bool) -> Vec<String> {
    Vec::new()
}
