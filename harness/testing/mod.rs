//! The suite inside the tests of a Rust library that starts processes: childproof as a dev-dependency, nothing installed.
//!
//! A library is made known by [`Library`] and [`Child`]; [`conformance!`](crate::conformance) makes a test program of it, with one
//! test per scenario. The program starts itself again as whatever is needed: as warden, as the programs that the library starts
//! and as the process that the library is tested in. So it has no test harness of Rust's own:
//!
//! ```toml
//! [dev-dependencies]
//! childproof = "0.1"
//!
//! [[test]]
//! name = "processes"
//! harness = false
//! ```
//!
//! ```no_run
//! # use childproof::testing::{Child, Library, Refused, Start, Status};
//! # use std::{sync::Mutex, time::Duration};
//! struct Mine;
//! struct Started(Mutex<std::process::Child>);
//!
//! impl Library for Mine {
//!     type Child = Started;
//!
//!     fn capabilities(&self) -> &[&str] {
//!         &["spawn", "wait", "kill", "drop"]
//!     }
//!
//!     fn spawn(&self, start: &Start) -> Result<Started, Refused> {
//!         Ok(Started(Mutex::new(start.command()?.spawn()?)))
//!     }
//! }
//!
//! impl Child for Started {
//!     fn id(&self) -> Option<u32> {
//!         Some(self.0.lock().unwrap().id())
//!     }
//!
//!     fn wait(&self, _limit: Option<Duration>) -> Result<Option<Status>, Refused> {
//!         Ok(Some(self.0.lock().unwrap().wait()?.into()))
//!     }
//!
//!     fn kill(&self) -> Result<(), Refused> {
//!         Ok(self.0.lock().unwrap().kill()?)
//!     }
//! }
//!
//! childproof::conformance!(childproof::testing::Suite::new("mine", env!("CARGO_PKG_VERSION"), Mine));
//! # /*
//! fn main() {}
//! # */
//! ```
//!
//! `cargo test --test processes -- start/` runs some, `CHILDPROOF_SEED`, `CHILDPROOF_CASES` and `CHILDPROOF_ISOLATION` are the options of
//! `childproof run`. A failure is saved, and `CHILDPROOF_REPLAY=FILE cargo test --test processes` runs its case again. Linux with glibc, and macOS: elsewhere the C library hands a program's start no arguments.

pub mod entries;
mod entry;
mod library;
mod serve;
mod suite;

pub use entry::early;
pub use library::{Child, Library, Output, Refused, Start, Status, Stream};
pub use suite::Suite;

pub use crate::wire::message::{EnvRequest, Stdio, UserRequest};

/// Makes a test program of a [`Suite`](crate::testing::Suite); the only thing in its file beside what describes the library.
#[macro_export]
macro_rules! conformance {
    ($suite:expr) => {
        // Before any runtime: what it would change (SIGPIPE, closed standard descriptors) is what scenarios look at.
        #[used]
        #[cfg_attr(target_os = "linux", unsafe(link_section = ".init_array"))]
        #[cfg_attr(target_os = "macos", unsafe(link_section = "__DATA,__mod_init_func"))]
        static CHILDPROOF_EARLY: unsafe extern "C" fn(
            ::std::ffi::c_int,
            *const *const ::std::ffi::c_char,
            *const *const ::std::ffi::c_char,
        ) = $crate::testing::early;

        fn main() -> ::std::process::ExitCode {
            $crate::testing::Suite::main($suite)
        }
    };
}
