//! What a case writes to standard output and error, and what it does to those descriptions.
//!
//! The warden's own descriptors 0, 1 and 2 are those of every case: the null device and two append-only files. So nothing has
//! to be set up per case; afterwards the files are read and emptied. O_APPEND makes the writes of several processes land one
//! after the other, and lets the file be cut to nothing under a subject that lives on.

use crate::sys;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// More output than this is cut, and the case ended for it: main's memory is not the case's.
const MOST: u64 = 8 << 20;

const NAMES: [&str; 3] = ["stdin", "stdout", "stderr"];

/// The two files.
#[derive(Debug)]
pub struct Capture {
    files: [File; 2],
    flags: [i32; 3],
}

impl Capture {
    /// Makes the files in `run` and puts them in the place of this process's descriptors 0, 1 and 2.
    ///
    /// # Errors
    /// Those of open and dup2.
    pub fn begin(run: &Path) -> io::Result<Capture> {
        let null = OpenOptions::new().read(true).open("/dev/null")?;
        let write = |name: &str| OpenOptions::new().append(true).create(true).open(run.join(name));
        let read = |name: &str| OpenOptions::new().read(true).write(true).open(run.join(name));
        let (out, err) = (write("stdout")?, write("stderr")?);
        let files = [read("stdout")?, read("stderr")?];
        for (fd, to) in [(null.as_raw_fd(), 0), (out.as_raw_fd(), 1), (err.as_raw_fd(), 2)] {
            // SAFETY: dup2 works on numbers, and 0, 1 and 2 belong to nobody else in a warden.
            sys::check(unsafe { libc::dup2(fd, to) })?;
        }
        let mut capture = Capture { files, flags: [0; 3] };
        capture.flags = capture.flags_now();
        Ok(capture)
    }

    fn flags_now(&self) -> [i32; 3] {
        // SAFETY: F_GETFL takes no memory.
        [0, 1, 2].map(|fd| unsafe { libc::fcntl(fd, libc::F_GETFL) })
    }

    /// Takes what was written, by name, and empties the files. Tells when it was too much to keep.
    pub fn take(&mut self, output: &mut Vec<(String, Vec<u8>)>) -> Option<String> {
        let mut too_much = None;
        for (file, stream) in self.files.iter().zip(["stdout", "stderr"]) {
            let length = file.metadata().map_or(0, |meta| meta.len());
            if length == 0 {
                continue;
            }
            if length > MOST {
                too_much = Some(format!("the case wrote {length} bytes to {stream}; at most {MOST} are kept"));
            }
            output.push((stream.to_owned(), read_from(file, 0, length.min(MOST))));
            // A file that cannot be cut shows its old text again in the next case, which nobody would overlook.
            let _ = file.set_len(0);
        }
        too_much
    }

    /// The last lines of standard error, for messages.
    pub fn tail(&self) -> String {
        let file = &self.files[1];
        let length = file.metadata().map_or(0, |meta| meta.len());
        let start = length.saturating_sub(2000);
        let text = read_from(file, start, length - start);
        String::from_utf8_lossy(&text).trim().to_owned()
    }

    /// Flags of the three shared descriptions as they are to be.
    pub fn usual(&self) -> [i32; 3] {
        self.flags
    }

    /// Flags of the three shared descriptions; and puts them back as they were.
    pub fn described(&self) -> [i32; 3] {
        let now = self.flags_now();
        for (fd, (now, was)) in (0..).zip(now.into_iter().zip(self.flags)) {
            if now != was {
                // SAFETY: F_SETFL takes no memory.
                unsafe { libc::fcntl(fd, libc::F_SETFL, was) };
            }
        }
        now
    }
}

/// Flags of the shared descriptions by name.
pub fn in_words(flags: [i32; 3]) -> BTreeMap<String, String> {
    let word = |on: bool| if on { "on" } else { "off" }.to_owned();
    let words = NAMES.iter().zip(flags).flat_map(|(name, flags)| {
        [
            (format!("{name} O_NONBLOCK"), word(flags & libc::O_NONBLOCK != 0)),
            (format!("{name} O_APPEND"), word(flags & libc::O_APPEND != 0)),
        ]
    });
    words.collect()
}

fn read_from(file: &File, from: u64, length: u64) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
    let mut got = 0;
    while got < bytes.len() {
        match file.read_at(&mut bytes[got..], from + got as u64) {
            Ok(0) | Err(_) => break,
            Ok(n) => got += n,
        }
    }
    bytes.truncate(got);
    bytes
}
