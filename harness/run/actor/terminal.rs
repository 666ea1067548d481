//! Terminals: who is controlled by one, who is in the foreground, and what comes out of it.

use super::{DONE, Performer, failed};
use crate::generate::act::system::TerminalFlags;
use crate::plan::script::Outcome;
use crate::trace::What;

/// Makes the terminal the controlling one of the session that this process leads.
pub fn take(fd: i32) -> Result<Outcome, Outcome> {
    // SAFETY: the request takes an integer.
    if unsafe { libc::ioctl(fd, libc::TIOCSCTTY as _, 0) } == -1 { failed() } else { DONE }
}

/// Makes a group the foreground one.
pub fn foreground(fd: i32, group: i32) -> Result<Outcome, Outcome> {
    // SAFETY: takes integers.
    if unsafe { libc::tcsetpgrp(fd, group) } == -1 { failed() } else { DONE }
}

/// Sets the flags that are named.
pub fn set_modes(fd: i32, flags: TerminalFlags) -> Result<Outcome, Outcome> {
    // SAFETY: an all-zero termios is a valid place for one.
    let mut modes: libc::termios = unsafe { std::mem::zeroed() };
    // SAFETY: as above.
    if unsafe { libc::tcgetattr(fd, &raw mut modes) } == -1 {
        return failed();
    }
    change(&mut modes.c_lflag, libc::ECHO, flags.echo);
    change(&mut modes.c_lflag, libc::TOSTOP, flags.tostop);
    change(&mut modes.c_lflag, libc::ISIG, flags.signals);
    change(&mut modes.c_oflag, libc::OPOST, flags.post);
    // SAFETY: a complete termios.
    if unsafe { libc::tcsetattr(fd, libc::TCSANOW, &raw const modes) } == -1 { failed() } else { DONE }
}

fn change(word: &mut libc::tcflag_t, bit: libc::tcflag_t, on: Option<bool>) {
    match on {
        Some(true) => *word |= bit,
        Some(false) => *word &= !bit,
        None => {}
    }
}

impl Performer<'_> {
    /// Reads until the text has come; what was read before it, and behind it in the same call, is recorded too.
    pub(super) fn read_until(&self, fd: i32, stream: &str, text: &[u8]) -> Result<Outcome, Outcome> {
        let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
        loop {
            // SAFETY: the buffer is ours.
            let got = unsafe { libc::read(fd, buffer.as_mut_ptr().cast(), buffer.len()) };
            match usize::try_from(got) {
                Err(_) => return failed(),
                Ok(0) => return Err(Outcome::Eof),
                Ok(got) => seen.extend_from_slice(&buffer[..got]),
            }
            let bytes = seen[seen.len() - got as usize..].to_vec();
            self.note_step(What::Data { stream: stream.to_owned(), bytes });
            if seen.windows(text.len()).any(|window| window == text) {
                return Ok(Outcome::Done(Some(seen.len() as i64)));
            }
        }
    }
}
