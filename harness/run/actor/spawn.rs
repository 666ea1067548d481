//! posix_spawn of the C library that we are linked with.

use super::process::pointers;
use super::{Performer, error, os};
use crate::generate::act::{FileAction, PosixSpawn};
use crate::plan::script::Outcome;
use crate::trace::What;
use std::ffi::CString;

/// Any failure of the calls beneath is told by number, not through errno.
fn told(errno: i32) -> Result<(), Outcome> {
    if errno == 0 { Ok(()) } else { Err(error(errno)) }
}

/// Owned lists of file actions.
struct Actions(libc::posix_spawn_file_actions_t);

impl Actions {
    fn new() -> Result<Actions, Outcome> {
        // SAFETY: init fills in what it is given.
        unsafe {
            let mut list = std::mem::zeroed();
            told(libc::posix_spawn_file_actions_init(&raw mut list))?;
            Ok(Actions(list))
        }
    }

    fn add(&mut self, action: &FileAction, path: Option<&CString>) -> Result<(), Outcome> {
        let path = path.map_or(std::ptr::null(), |path| path.as_ptr());
        let list = &raw mut self.0;
        // SAFETY: an initialised list; paths are NUL-terminated and copied by the call.
        told(unsafe {
            match action {
                FileAction::Close(fd) => libc::posix_spawn_file_actions_addclose(list, *fd),
                FileAction::Dup2 { from, to } => libc::posix_spawn_file_actions_adddup2(list, *from, *to),
                FileAction::Chdir(_) => libc::posix_spawn_file_actions_addchdir_np(list, path),
                FileAction::Open { fd, create, .. } => {
                    let flags = if *create { libc::O_WRONLY | libc::O_CREAT } else { libc::O_RDONLY };
                    libc::posix_spawn_file_actions_addopen(list, *fd, path, flags, 0o600)
                }
            }
        })
    }
}

impl Drop for Actions {
    fn drop(&mut self) {
        // SAFETY: initialised, and not used any more.
        unsafe { libc::posix_spawn_file_actions_destroy(&raw mut self.0) };
    }
}

/// Owned attributes.
struct Attributes(libc::posix_spawnattr_t);

impl Attributes {
    fn of(wishes: &PosixSpawn) -> Result<Attributes, Outcome> {
        // SAFETY: init fills in what it is given; the setters copy their arguments.
        unsafe {
            let mut attributes = std::mem::zeroed();
            told(libc::posix_spawnattr_init(&raw mut attributes))?;
            let mut attributes = Attributes(attributes);
            let place = &raw mut attributes.0;
            let mut flags = 0;
            if wishes.group {
                flags |= libc::POSIX_SPAWN_SETPGROUP;
                told(libc::posix_spawnattr_setpgroup(place, 0))?;
            }
            if wishes.session {
                flags |= os::SPAWN_SETSID;
            }
            if let Some(mask) = &wishes.mask {
                flags |= libc::POSIX_SPAWN_SETSIGMASK;
                told(libc::posix_spawnattr_setsigmask(place, &raw const *set_of(mask)))?;
            }
            if !wishes.defaults.is_empty() {
                flags |= libc::POSIX_SPAWN_SETSIGDEF;
                told(libc::posix_spawnattr_setsigdefault(place, &raw const *set_of(&wishes.defaults)))?;
            }
            #[expect(clippy::cast_possible_truncation, reason = "the flags are those of a short")]
            told(libc::posix_spawnattr_setflags(place, flags as libc::c_short))?;
            Ok(attributes)
        }
    }
}

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: initialised, and not used any more.
        unsafe { libc::posix_spawnattr_destroy(&raw mut self.0) };
    }
}

fn set_of(signals: &[i32]) -> Box<libc::sigset_t> {
    // SAFETY: the set is initialised before use.
    unsafe {
        let mut set: Box<libc::sigset_t> = Box::new(std::mem::zeroed());
        libc::sigemptyset(&raw mut *set);
        for signal in signals {
            libc::sigaddset(&raw mut *set, *signal);
        }
        set
    }
}

impl Performer<'_> {
    pub(super) fn posix_spawn(&mut self, wishes: &PosixSpawn) -> Result<Outcome, Outcome> {
        let mut actions = Actions::new()?;
        for action in &wishes.actions {
            let path = match action {
                FileAction::Open { path, .. } | FileAction::Chdir(path) => Some(self.strings(&[path.clone().into_bytes()])?.remove(0)),
                _ => None,
            };
            actions.add(action, path.as_ref())?;
        }
        let attributes = Attributes::of(wishes)?;
        let program = self.strings(&[wishes.program.clone().into_bytes()])?.remove(0);
        let mut words = vec![program.clone()];
        words.extend(self.strings(&wishes.argv)?);
        let env = wishes.env.as_ref().map(|vars| self.strings(vars)).transpose()?;
        self.note_step(What::State { label: "before-spawn".to_owned(), state: Box::new(crate::sys::own_state(true)) });
        let (words, env) = (pointers(&words), env.as_deref().map_or_else(os::environment, pointers));
        let spawn = if wishes.search { libc::posix_spawnp } else { libc::posix_spawn };
        let mut pid = 0;
        // SAFETY: NULL-terminated arrays of NUL-terminated strings, initialised lists, all of which outlive the call.
        told(unsafe {
            spawn(&raw mut pid, program.as_ptr(), &raw const actions.0, &raw const attributes.0, words.as_ptr().cast(), env.as_ptr().cast())
        })?;
        self.arena.set_pid(wishes.actor, pid);
        Ok(Outcome::Done(Some(pid.into())))
    }
}
