//! A place in this process's memory for a child. macOS makes no process that shares its parent's memory for longer than until it
//! executes a program, so there is none.

use super::super::unsupported;
use std::io;

/// None.
#[derive(Debug)]
pub struct Berth(());

impl Berth {
    /// There is none.
    pub fn begin() -> Option<Berth> {
        None
    }

    /// Cannot be come to.
    ///
    /// # Errors
    /// Always.
    ///
    /// # Safety
    /// None is needed.
    pub unsafe fn fork<F: FnMut() -> i32>(&self, _work: *mut F) -> io::Result<i32> {
        Err(unsupported("a child that shares its parent's memory"))
    }
}
