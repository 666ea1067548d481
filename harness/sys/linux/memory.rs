//! What a fork finds mapped.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;

/// Has forks of this process find mapped what it has mapped of its own programs' files.
///
/// fork copies the page tables of a mapping only where the process has pages of its own in it. Code and constants of a program are
/// left to be faulted in again by the child, and each such fault maps sixteen pages and costs more than a dozen system calls: a case
/// root spent a quarter of its life on fourteen of them. So one byte of each large mapping is written over with itself: that makes its
/// page the process's own, and the whole mapping is handed down from then on. A small one is soon faulted in. The debugger's way into memory writes where the process itself
/// may not, so that code stays unwritable all the time.
///
/// # Errors
/// Those of /proc; nothing but speed is lost then.
pub fn hand_down_programs() -> io::Result<()> {
    let maps = fs::read_to_string("/proc/self/maps")?;
    let memory = OpenOptions::new().read(true).write(true).open("/proc/self/mem")?;
    maps.lines().filter_map(start_of_program).try_for_each(|start| {
        let mut byte = [0];
        memory.read_exact_at(&mut byte, start)?;
        memory.write_all_at(&byte, start)
    })
}

/// Mappings of fewer bytes are small.
const LARGE: u64 = 256 << 10;

/// Where the mapping of a line of /proc/PID/maps begins, if it is large and a program's code or constants.
fn start_of_program(line: &str) -> Option<u64> {
    let mut words = line.split_whitespace();
    let (range, rights) = (words.next()?, words.next()?);
    let of_file = words.nth(2)? != "0";
    let (start, end) = range.split_once('-')?;
    let (start, end) = (u64::from_str_radix(start, 16).ok()?, u64::from_str_radix(end, 16).ok()?);
    let wanted = of_file && rights.starts_with("r-") && rights.ends_with('p') && end - start >= LARGE;
    wanted.then_some(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_and_constants_are_wanted_if_large_and_nothing_that_is_written() {
        let line = |end, rights, rest| format!("55d0c0de1000-55d0c{end} {rights} 00001000 {rest}");
        let large = |rights, rest| line("1de1000", rights, rest);
        let start = Some(0x55d0_c0de_1000);
        assert_eq!(start_of_program(&large("r-xp", "fe:00 4711       /usr/lib/libc.so.6")), start);
        assert_eq!(start_of_program(&large("r--p", "fe:00 4711       /with a space/agent")), start);
        let small = line("0de9000", "r-xp", "fe:00 4711 /usr/lib/libc.so.6");
        let written = large("rw-p", "fe:00 4711 /usr/lib/libc.so.6");
        for other in [small, written, large("r--s", "fe:00 4711 /arena"), large("r--p", "00:00 0 ")] {
            assert_eq!(start_of_program(&other), None, "{other}");
        }
    }

    #[test]
    fn a_process_goes_on_as_before() {
        hand_down_programs().unwrap();
        assert_eq!("4711".parse(), Ok(4711));
    }
}
