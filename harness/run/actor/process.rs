//! fork, exec, exit, wait.

use super::{Performer, Stop, failed, os};
use crate::generate::act::{Via, Whom};
use crate::generate::program::Op;
use crate::plan::script::{ActorId, Ended, Outcome};
use crate::sys::{self, decode};
use crate::trace::What;
use std::ffi::CString;

/// The calling process.
pub fn pid() -> i32 {
    // SAFETY: getpid cannot fail.
    unsafe { libc::getpid() }
}

/// Its parent.
pub fn parent() -> i32 {
    // SAFETY: getppid cannot fail.
    unsafe { libc::getppid() }
}

/// `_exit`: no handlers, no flushing; an actor has nothing to flush and its parent's buffers are not its own.
pub fn exit(code: i32) -> ! {
    // SAFETY: _exit does not return.
    unsafe { libc::_exit(code) }
}

/// Stops the root while it still has children, zombies included, so that the warden can look at them: once the root has
/// exited they belong to somebody else and the evidence is gone. Costs one call when there are none.
pub fn stop_if_children_are_left() {
    // SAFETY: a zeroed siginfo_t is valid; WNOWAIT leaves the children as they are.
    let none = unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        libc::waitid(libc::P_ALL, 0, &raw mut info, libc::WEXITED | libc::WNOHANG | libc::WNOWAIT) == -1
    };
    if !none {
        // SAFETY: stops this process only; the warden continues or kills it.
        unsafe { libc::kill(libc::getpid(), libc::SIGSTOP) };
    }
}

/// Options of a wait.
#[derive(Clone, Copy)]
pub struct WaitFlags {
    pub nohang: bool,
    pub nowait: bool,
    pub untraced: bool,
    pub continued: bool,
}

impl WaitFlags {
    fn for_waitpid(self) -> i32 {
        let flag = |on: bool, bit: i32| if on { bit } else { 0 };
        flag(self.nohang, libc::WNOHANG) | flag(self.untraced, libc::WUNTRACED) | flag(self.continued, libc::WCONTINUED)
    }

    fn for_waitid(self) -> i32 {
        let flag = |on: bool, bit: i32| if on { bit } else { 0 };
        libc::WEXITED
            | flag(self.nohang, libc::WNOHANG)
            | flag(self.nowait, libc::WNOWAIT)
            | flag(self.untraced, libc::WSTOPPED)
            | flag(self.continued, libc::WCONTINUED)
    }
}

fn decode_info(code: i32, status: i32) -> Ended {
    match code {
        libc::CLD_EXITED => Ended::Exited(status),
        libc::CLD_DUMPED => Ended::Killed { signal: status, core: true },
        libc::CLD_STOPPED | libc::CLD_TRAPPED => Ended::Stopped(status),
        libc::CLD_CONTINUED => Ended::Continued,
        _ => Ended::Killed { signal: status, core: false },
    }
}

impl Performer<'_> {
    pub(super) fn fork(&mut self, actor: ActorId, pid_of: Option<ActorId>, body: &[Op]) -> Result<(), Stop> {
        let forked = match pid_of {
            Some(other) => fork_when_free(self.pid_when_known(other)),
            None => self.fork_now(),
        };
        match forked {
            Err(outcome) => self.settle(Err(outcome)),
            Ok(pid) => self.forked(actor, pid, body),
        }
    }

    fn fork_now(&self) -> Result<i32, Outcome> {
        // SAFETY: this process is single-threaded (see the module's head), so the child may go on as Rust code.
        unsafe { if self.context.bare { sys::fork_bare() } else { sys::fork() } }.or_else(|_| failed())
    }

    /// Both sides of a fork.
    fn forked(&mut self, actor: ActorId, pid: i32, body: &[Op]) -> Result<(), Stop> {
        match pid {
            0 => self.go_on_as(actor, body),
            child => {
                self.arena.set_pid(actor, child);
                self.settle(Ok(Outcome::Done(Some(child.into()))))
            }
        }
    }

    fn go_on_as(&mut self, actor: ActorId, body: &[Op]) -> ! {
        self.become_actor(actor);
        let end = self.run(body);
        self.leave(end)
    }

    fn become_actor(&mut self, actor: ActorId) {
        self.actor = actor;
        self.records = 0;
        self.frames = 0;
        self.quiet = false;
        if !self.context.bare {
            super::signal::forget_counts();
            super::timer::forget();
        }
        self.born(None);
    }

    pub(super) fn fork_tree(&mut self, first: ActorId, levels: u8, bodies: &[Vec<Op>]) -> Result<(), Stop> {
        let step = self.step;
        let mut member = 0usize;
        let mut children = 0;
        for level in 0..levels {
            match self.fork_now() {
                Err(outcome) => return self.settle(Err(outcome)),
                Ok(0) => {
                    member |= 1 << level;
                    children = 0;
                    self.become_actor(first + member as u16);
                }
                Ok(child) => {
                    children += 1;
                    self.arena.set_pid(first + (member | 1 << level) as u16, child);
                }
            }
        }
        let end = self.run(&bodies[member]).and_then(|()| {
            self.step = step;
            self.reap_own(children)
        });
        if member != 0 {
            self.leave(end)
        }
        end?;
        self.settle(Ok(Outcome::Done(Some(1 << levels))))
    }

    /// Waits for so many children of a fork tree, each of which must exit with 0.
    fn reap_own(&self, children: u32) -> Result<(), Stop> {
        for _ in 0..children {
            let mut status = 0;
            // SAFETY: `status` is a valid place.
            if unsafe { libc::waitpid(-1, &raw mut status, 0) } < 0 {
                return self.settle(failed());
            }
            if decode(status) != Ended::Exited(0) {
                return self.settle(Err(Outcome::Ended(decode(status))));
            }
        }
        Ok(())
    }

    pub(super) fn exec(
        &mut self,
        program: &str,
        search: bool,
        argv: &[Vec<u8>],
        long: u64,
        env: Option<&[Vec<u8>]>,
    ) -> Result<Outcome, Outcome> {
        let refused = |_| Outcome::Error("EINVAL".to_owned());
        let program = CString::new(self.fill(program)).map_err(refused)?;
        let mut words = vec![program.clone()];
        for word in argv {
            words.push(CString::new(self.fill_bytes(word)).map_err(refused)?);
        }
        if long > 0 {
            words.push(CString::new(vec![b'x'; long as usize]).map_err(refused)?);
        }
        let env = env.map(|vars| self.strings(vars)).transpose()?;
        self.note_on(None, What::State { label: "before-exec".to_owned(), state: Box::new(sys::own_state(true)) });
        let words = pointers(&words);
        match env {
            _ if search => {
                os::search_and_exec(&program, &words, env.as_deref().map(pointers).as_deref());
                -1
            }
            // SAFETY: NULL-terminated arrays of NUL-terminated strings that outlive the call.
            Some(env) => unsafe { libc::execve(program.as_ptr(), words.as_ptr(), pointers(&env).as_ptr()) },
            // SAFETY: as above.
            None => unsafe { libc::execv(program.as_ptr(), words.as_ptr()) },
        };
        failed()
    }

    /// The texts with the case directory put in, as the system takes them.
    pub(super) fn strings(&self, texts: &[Vec<u8>]) -> Result<Vec<CString>, Outcome> {
        texts.iter().map(|text| CString::new(self.fill_bytes(text)).map_err(|_| Outcome::Error("EINVAL".to_owned()))).collect()
    }

    pub(super) fn fill_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        match std::str::from_utf8(bytes) {
            Ok(text) if text.contains("{case}") => self.fill(text).into_bytes(),
            _ => bytes.to_vec(),
        }
    }

    pub(super) fn exit(&self, code: i32) -> Result<(), Stop> {
        super::signal::report_handled(self);
        self.remove_own_queues();
        self.note(What::Finished);
        exit(code)
    }

    /// exit(3): what the C library still holds is written now.
    pub(super) fn quit(&self, code: i32) -> ! {
        super::signal::report_handled(self);
        self.note(What::Finished);
        // SAFETY: exit does not return; nothing of ours is registered to run at exit.
        unsafe { libc::exit(code) }
    }

    /// A child that runs in this very memory while this process sleeps. What it changes of its own parts must not be seen here, so it
    /// performs as a performer of its own.
    pub(super) fn vfork(&mut self, actor: ActorId, body: &[Op]) -> Result<(), Stop> {
        let result = os::borrow_memory(|| {
            let mut child = Performer {
                fds: self.fds.clone(),
                memory: self.memory.clone(),
                ..Performer::new(self.arena, self.context, actor, self.actors, 0, 0)
            };
            child.born(None);
            let end = child.run(body);
            child.leave(end)
        });
        self.settle(result.map(|pid| {
            self.arena.set_pid(actor, pid);
            Outcome::Done(Some(pid.into()))
        }))
    }

    pub(super) fn wait(&mut self, whom: &Whom, via: Via, flags: WaitFlags) -> Result<(), Stop> {
        match whom {
            Whom::These(actors) => actors.iter().try_for_each(|&actor| {
                let pid = self.arena.pid_of(actor);
                let outcome = self.wait_one(pid, via, flags);
                let other = outcome.as_ref().ok().map(|(found, _)| *found).filter(|found| *found > 0 && *found != pid);
                // Of a group it may be any member.
                let of = other.map_or(Some(actor), |found| self.arena.actor_of(found, self.actors));
                self.settle_wait(outcome, of)
            }),
            Whom::Any(count) => (0..*count).try_for_each(|_| {
                let outcome = self.wait_one(-1, via, flags);
                let of = outcome.as_ref().ok().and_then(|(pid, _)| self.arena.actor_of(*pid, self.actors));
                self.settle_wait(outcome, of)
            }),
        }
    }

    fn settle_wait(&self, result: Result<(i32, Outcome), Outcome>, of: Option<ActorId>) -> Result<(), Stop> {
        match result {
            Ok((_, outcome)) => {
                self.returned(outcome, of);
                Ok(())
            }
            Err(outcome) => {
                self.returned(outcome, of);
                if self.lenient { Ok(()) } else { Err(Stop::GaveUp) }
            }
        }
    }

    fn wait_one(&self, pid: i32, via: Via, flags: WaitFlags) -> Result<(i32, Outcome), Outcome> {
        match via {
            Via::Wait | Via::Waitpid | Via::WaitpidGroup => {
                let mut status = 0;
                let pid = match via {
                    Via::Wait => -1,
                    Via::WaitpidGroup => -pid,
                    _ => pid,
                };
                // SAFETY: `status` is a valid place.
                match unsafe { libc::waitpid(pid, &raw mut status, flags.for_waitpid()) } {
                    -1 => failed(),
                    0 => Ok((0, Outcome::Pending)),
                    found => Ok((found, Outcome::Ended(decode(status)))),
                }
            }
            Via::Waitid => {
                let (kind, id) = if pid == -1 { (libc::P_ALL, 0) } else { (libc::P_PID, pid as libc::id_t) };
                waitid(kind, id, flags)
            }
            Via::WaitidGroup => waitid(libc::P_PGID, pid as libc::id_t, flags),
            Via::Pidfd => os::with_pidfd(pid, |kind, id| waitid(kind, id, flags)),
        }
    }
}

fn waitid(kind: libc::idtype_t, id: libc::id_t, flags: WaitFlags) -> Result<(i32, Outcome), Outcome> {
    // SAFETY: a zeroed siginfo_t is valid; si_pid stays 0 where WNOHANG finds nothing.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    // SAFETY: `info` is a valid place.
    if unsafe { libc::waitid(kind, id, &raw mut info, flags.for_waitid()) } == -1 {
        return failed();
    }
    // SAFETY: waitid fills in the fields of a SIGCHLD.
    let (pid, status) = unsafe { (info.si_pid(), info.si_status()) };
    if pid == 0 {
        return Ok((0, Outcome::Pending));
    }
    Ok((pid, Outcome::Ended(decode_info(info.si_code, status))))
}

/// Looks at most at a number that is still taken. Who had it is gone already, but the system gives numbers back a moment later.
const LOOKS: u32 = 20_000;

fn fork_when_free(pid: i32) -> Result<i32, Outcome> {
    let mut looks = 0;
    loop {
        match os::fork_as(pid) {
            Err(Outcome::Error(name)) if name == "EEXIST" && looks < LOOKS => os::doze(),
            forked => return forked,
        }
        looks += 1;
    }
}

pub(super) fn pointers(words: &[CString]) -> Vec<*const libc::c_char> {
    words.iter().map(|word| word.as_ptr()).chain([std::ptr::null()]).collect()
}
