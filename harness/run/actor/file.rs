//! Files of the case directory, flawed programs among them.

use super::{DONE, Performer, failed};
use crate::generate::act::FileKind;
use crate::plan::script::Outcome;
use std::ffi::CString;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

impl Performer<'_> {
    pub(super) fn make_file(&mut self, path: &str, kind: FileKind, text: &[u8], mode: u32) -> Result<Outcome, Outcome> {
        let path = self.fill(path);
        let mode = |default: u32| if mode == 0 { default } else { mode };
        let done = match kind {
            FileKind::Plain => plain(&path, &self.fill_bytes(text), mode(0o644)),
            FileKind::Directory => fs::create_dir_all(&path),
            FileKind::Symlink => symlink(self.fill(&String::from_utf8_lossy(text)), &path),
            FileKind::Fifo => return fifo(&path, mode(0o600)),
            FileKind::Missing | FileKind::NameTooLong => Ok(()),
            FileKind::NotExecutable => plain(&path, b"#!/bin/sh\nexit 0\n", mode(0o644)),
            FileKind::UnderAFile => plain(&path, b"not a directory\n", mode(0o755)),
            FileKind::Loop => symlink(&path, &path),
            FileKind::NotAProgram => plain(&path, b"this is neither a binary nor a script\n", mode(0o755)),
            FileKind::Busy => return self.busy(&path),
            FileKind::BadInterpreter => plain(&path, b"#!/nonexistent/interpreter\n", mode(0o755)),
            FileKind::Unsearchable => unsearchable(&path),
            FileKind::Agent => symlink(&self.context.agent, &path),
        };
        done.map(|()| Outcome::Done(None)).map_err(|error| match error.raw_os_error() {
            Some(errno) => super::error(errno),
            None => Outcome::Other(error.to_string()),
        })
    }

    /// An executable held open for writing by this process until the case ends. Close-on-exec, so that only we hold it.
    fn busy(&mut self, path: &str) -> Result<Outcome, Outcome> {
        fs::copy(&self.context.agent, path).map_err(|error| Outcome::Other(error.to_string()))?;
        let path = CString::new(path).map_err(|_| Outcome::Error("EINVAL".to_owned()))?;
        // SAFETY: a NUL-terminated path.
        let fd = unsafe { libc::open(path.as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC) };
        if fd == -1 {
            return failed();
        }
        if self.actor == 0 {
            self.arena.account_fd(fd);
        }
        DONE
    }
}

fn plain(path: &str, text: &[u8], mode: u32) -> std::io::Result<()> {
    fs::write(path, text)?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

fn unsearchable(path: &str) -> std::io::Result<()> {
    fs::create_dir_all(path)?;
    plain(&format!("{path}/x"), b"#!/bin/sh\nexit 0\n", 0o755)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o000))
}

fn fifo(path: &str, mode: u32) -> Result<Outcome, Outcome> {
    let path = CString::new(path).map_err(|_| Outcome::Error("EINVAL".to_owned()))?;
    // SAFETY: a NUL-terminated path.
    if unsafe { libc::mkfifo(path.as_ptr(), mode as libc::mode_t) } == -1 { failed() } else { DONE }
}
