//! Limits, mask of file modes, directory, priority, group, session.

use super::{DONE, Performer, failed, number, os};
use crate::generate::act::Attribute;
use crate::plan::script::Outcome;
use crate::run::home;
use crate::run::privilege::{self, ORDINARY};
use crate::sys;
use std::ffi::CString;

impl Performer<'_> {
    pub(super) fn attribute(&mut self, attribute: &Attribute) -> Result<Outcome, Outcome> {
        match attribute {
            Attribute::Limit { name, soft, hard } => limit(name, *soft, *hard),
            Attribute::LimitSubject { name, soft } => self.limit_subject(name, *soft),
            Attribute::Umask(mask) => {
                // SAFETY: umask cannot fail.
                unsafe { libc::umask(*mask as libc::mode_t) };
                DONE
            }
            Attribute::Chdir(path) => self.chdir(path),
            Attribute::Nice(by) => {
                // SAFETY: no pointers. -1 is a nice value as well, but no step asks for a lower one than it has.
                if unsafe { libc::nice(*by) } == -1 { failed() } else { DONE }
            }
            Attribute::ControlGroup { most } => self.control_group(*most),
            // SAFETY: no arguments.
            Attribute::NewSession => number(unsafe { libc::setsid() }),
            Attribute::Group { of, join } => {
                let (of, join) = (self.pid_when_known(*of), self.pid_when_known(*join));
                // SAFETY: two positive ids of this case.
                if unsafe { libc::setpgid(of, join) } == -1 { failed() } else { DONE }
            }
            Attribute::KillGroup { leader, signal } => {
                let leader = self.pid_when_known(*leader);
                // SAFETY: a positive id of this case; only its group is meant.
                if unsafe { libc::killpg(leader, *signal) } == -1 { failed() } else { DONE }
            }
            // Where the scenario expects to be refused, that is what it asks.
            Attribute::Become { .. } if !is_root() && !self.lenient => {
                Err(Outcome::Unavailable("only root can take another identity".to_owned()))
            }
            Attribute::Become { uid, gid, groups } => take_identity(*uid, *gid, groups.as_deref()),
            Attribute::BecomeOrdinary => become_ordinary(),
            Attribute::Spin => loop {
                std::hint::spin_loop();
            },
        }
    }

    /// Whatever refuses it is the machine's choice: a mount that is read only, a hierarchy that was not handed down.
    fn control_group(&self, most: u32) -> Result<Outcome, Outcome> {
        match sys::confine(&home::control_group(&self.context.case_dir), self.pid, most.into()) {
            Ok(()) => DONE,
            Err(error) => Err(Outcome::Unavailable(format!("no control group can be made here: {error}"))),
        }
    }

    fn limit_subject(&self, name: &str, soft: Option<u64>) -> Result<Outcome, Outcome> {
        let Some(link) = self.context.subject else { return Err(Outcome::Error("ESRCH".to_owned())) };
        let resource = resource(name)?;
        match privilege::in_its_name(|| sys::limit_of(link.pid, resource, soft)) {
            Ok(()) => DONE,
            Err(error) if error.kind() == std::io::ErrorKind::Unsupported => Err(Outcome::Unavailable(error.to_string())),
            Err(error) => Err(Outcome::Error(crate::wire::adapter::errno_name(error.raw_os_error().unwrap_or(libc::EIO)))),
        }
    }

    fn chdir(&self, path: &str) -> Result<Outcome, Outcome> {
        let path = CString::new(self.fill(path)).map_err(|_| Outcome::Error("EINVAL".to_owned()))?;
        // SAFETY: a NUL-terminated path.
        if unsafe { libc::chdir(path.as_ptr()) } == -1 { failed() } else { DONE }
    }
}

fn resource(name: &str) -> Result<sys::Resource, Outcome> {
    let known = sys::LIMITS.iter().find(|(known, _)| *known == name);
    known.map(|(_, resource)| *resource).ok_or_else(|| Outcome::Unavailable(format!("this platform has no limit {name}")))
}

fn limit(name: &str, soft: Option<u64>, hard: Option<u64>) -> Result<Outcome, Outcome> {
    let resource = resource(name)?;
    if name == "CORE" && soft != Some(0) && !sys::cores_stay() {
        return Err(Outcome::Unavailable("this machine does not leave a core in the directory of who dumps it (core(5))".to_owned()));
    }
    let mut limits = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: a valid place for one.
    if unsafe { libc::getrlimit(resource, &raw mut limits) } == -1 {
        return failed();
    }
    limits.rlim_cur = match soft {
        None => limits.rlim_max,
        Some(u64::MAX) => libc::RLIM_INFINITY,
        Some(soft) => soft,
    };
    if let Some(hard) = hard {
        limits.rlim_max = if hard == u64::MAX { libc::RLIM_INFINITY } else { hard };
    }
    // SAFETY: a complete rlimit.
    if unsafe { libc::setrlimit(resource, &raw const limits) } == -1 { failed() } else { DONE }
}

fn is_root() -> bool {
    // SAFETY: geteuid cannot fail.
    unsafe { libc::geteuid() == 0 }
}

/// The groups first and the user last: who is no longer root may change neither. As root, setgid and setuid set all three ids.
fn take_identity(uid: Option<u32>, gid: Option<u32>, groups: Option<&[u32]>) -> Result<Outcome, Outcome> {
    // SAFETY: the list is as long as is said.
    let set = |groups: &[u32]| unsafe { libc::setgroups(groups.len() as _, groups.as_ptr()) };
    // SAFETY: no pointers.
    let done = groups.is_none_or(|groups| set(groups) == 0)
        && gid.is_none_or(|gid| unsafe { libc::setgid(gid) } == 0)
        && uid.is_none_or(|uid| unsafe { libc::setuid(uid) } == 0);
    if done { DONE } else { failed() }
}

/// Root inside a user namespace that knows no other user is an ordinary user to the kernel already, unless it is root outside as well.
fn become_ordinary() -> Result<Outcome, Outcome> {
    if !is_root() {
        return DONE;
    }
    match take_identity(Some(ORDINARY), Some(ORDINARY), Some(&[])) {
        Err(_) if os::is_system_root() => Err(Outcome::Unavailable("root cannot take another identity here".to_owned())),
        _ => DONE,
    }
}
