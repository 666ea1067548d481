//! Memory of an adapter's own that it holds because it was asked to: a caller of the library that has much.
//!
//! Not a vector: an allocator may give it back in pieces, or move it. One mapping stays where it is, page by page.

use super::adapter::{done, failed, ok};
use super::message::{Fields, ReplyBody};
use std::io;
use std::num::NonZeroUsize;
use std::ptr::NonNull;
use std::sync::{Mutex, PoisonError};

/// Size of what the protocol calls a page.
const PAGE: usize = 4096;

/// Where it is, in bytes, and how large.
static HELD: Mutex<Option<(usize, usize)>> = Mutex::new(None);

/// Writes a byte to every page, and answers with what all of them held before.
pub fn fill(pages: u32, value: u8) -> ReplyBody {
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    let length = pages as usize * PAGE;
    if held.is_some_and(|(_, size)| size != length) {
        give_up(&mut held);
    }
    let place = match *held {
        Some((place, _)) => place,
        None => match map(length) {
            Ok(place) => place,
            Err(error) => return failed(&error),
        },
    };
    *held = Some((place, length));
    // SAFETY: a mapping of this length that nobody else knows, under the lock.
    let bytes = unsafe { std::slice::from_raw_parts_mut(std::ptr::with_exposed_provenance_mut::<u8>(place), length) };
    let first = bytes.first().copied().unwrap_or_default();
    let mut all = true;
    for page in bytes.chunks_mut(PAGE) {
        all &= page[0] == first;
        page[0] = value;
    }
    ok(Fields { values: vec![if all { first.into() } else { -1 }], ..Fields::default() })
}

/// Writes to one page of it, unasked: what a faulty start may do.
pub fn scribble() {
    let held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((place, _)) = *held {
        let first = std::ptr::with_exposed_provenance_mut::<u8>(place);
        // SAFETY: the first byte of our own mapping, under the lock.
        unsafe { first.write(first.read().wrapping_add(1)) };
    }
}

/// Gives it back: a part of `reset`.
pub fn empty() -> ReplyBody {
    give_up(&mut HELD.lock().unwrap_or_else(PoisonError::into_inner));
    done()
}

fn map(length: usize) -> io::Result<usize> {
    use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};
    let size = NonZeroUsize::new(length).ok_or(io::ErrorKind::InvalidInput)?;
    // SAFETY: a new mapping of our own at a place of the kernel's choice.
    let place = unsafe { mmap_anonymous(None, size, ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, MapFlags::MAP_PRIVATE) }?;
    Ok(place.as_ptr().expose_provenance())
}

fn give_up(held: &mut Option<(usize, usize)>) {
    let Some((place, length)) = held.take() else { return };
    let Some(place) = NonNull::new(std::ptr::with_exposed_provenance_mut(place)) else { return };
    // SAFETY: the mapping was made above, and nobody refers to it any more.
    let _ = unsafe { nix::sys::mman::munmap(place, length) };
}
