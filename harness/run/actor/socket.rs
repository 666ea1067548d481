//! Sockets on the loopback and in the case directory.

use super::{DONE, Performer, failed, number};
use crate::generate::act::{Family, FdRef};
use crate::generate::ipc::Reuse;
use crate::generate::share::Patience;
use crate::plan::record;
use crate::plan::script::Outcome;
use std::sync::atomic::Ordering;

/// An address with its length.
struct Address {
    storage: libc::sockaddr_storage,
    length: libc::socklen_t,
}

impl Address {
    fn of<T>(value: T) -> Address {
        // SAFETY: a zeroed sockaddr_storage is valid.
        let mut storage: libc::sockaddr_storage = unsafe { std::mem::zeroed() };
        const { assert!(size_of::<T>() <= size_of::<libc::sockaddr_storage>()) };
        // SAFETY: it is large and aligned enough for every address type.
        unsafe { std::ptr::from_mut(&mut storage).cast::<T>().write(value) };
        Address { storage, length: size_of::<T>() as libc::socklen_t }
    }

    fn pointer(&self) -> *const libc::sockaddr {
        (&raw const self.storage).cast()
    }
}

fn loopback4(port: u16) -> Address {
    // SAFETY: a zeroed address is valid.
    let mut address: libc::sockaddr_in = unsafe { std::mem::zeroed() };
    address.sin_family = libc::AF_INET as libc::sa_family_t;
    address.sin_port = port.to_be();
    address.sin_addr.s_addr = u32::from_be_bytes([127, 0, 0, 1]).to_be();
    Address::of(address)
}

fn loopback6(port: u16) -> Address {
    // SAFETY: a zeroed address is valid.
    let mut address: libc::sockaddr_in6 = unsafe { std::mem::zeroed() };
    address.sin6_family = libc::AF_INET6 as libc::sa_family_t;
    address.sin6_port = port.to_be();
    address.sin6_addr.s6_addr[15] = 1;
    Address::of(address)
}

/// A listener's port word: its family in the upper half, so that a connecting actor needs nothing else.
const UNIX: u32 = 1 << 16;
const TCP4: u32 = 2 << 16;
const TCP6: u32 = 3 << 16;
const UNIX_DGRAM: u32 = 4 << 16;
const UDP4: u32 = 5 << 16;
const UDP6: u32 = 6 << 16;

/// An address that was worked out, with the socket that goes with it.
struct Place {
    domain: i32,
    kind: i32,
    address: Address,
}

fn word_of(family: Family) -> u32 {
    match family {
        Family::Unix => UNIX,
        Family::Tcp4 => TCP4,
        Family::Tcp6 => TCP6,
        Family::UnixDgram => UNIX_DGRAM,
        Family::Udp4 => UDP4,
        Family::Udp6 => UDP6,
    }
}

impl Performer<'_> {
    /// A path of at most a few dozen bytes: `sun_path` holds 104 to 108, and the case directory may be deep; so actors
    /// bind relative to it where the absolute one is too long.
    fn unix_address(&self, listener: u16) -> Result<Address, Outcome> {
        let path = self.context.case_dir.join(format!("s{listener}"));
        let bytes = path.as_os_str().as_encoded_bytes();
        // SAFETY: a zeroed address is valid.
        let mut address: libc::sockaddr_un = unsafe { std::mem::zeroed() };
        if bytes.len() >= address.sun_path.len() {
            return Err(Outcome::Error("ENAMETOOLONG".to_owned()));
        }
        address.sun_family = libc::AF_UNIX as libc::sa_family_t;
        for (place, byte) in address.sun_path.iter_mut().zip(bytes) {
            *place = *byte as libc::c_char;
        }
        Ok(Address::of(address))
    }

    fn address(&self, word: u32, listener: u16) -> Result<Place, Outcome> {
        let port = (word & 0xffff) as u16;
        let family = word & !0xffff;
        let (domain, address) = match family {
            TCP4 | UDP4 => (libc::AF_INET, loopback4(port)),
            TCP6 | UDP6 => (libc::AF_INET6, loopback6(port)),
            _ => (libc::AF_UNIX, self.unix_address(listener)?),
        };
        let kind = if matches!(family, UNIX_DGRAM | UDP4 | UDP6) { libc::SOCK_DGRAM } else { libc::SOCK_STREAM };
        Ok(Place { domain, kind, address })
    }

    pub(super) fn listen(&mut self, slot: u16, listener: u16, family: Family, backlog: u32) -> Result<Outcome, Outcome> {
        self.listen_with(slot, listener, family, backlog, Reuse::default())
    }

    pub(super) fn listen_with(&mut self, slot: u16, listener: u16, family: Family, backlog: u32, reuse: Reuse) -> Result<Outcome, Outcome> {
        let (word, at) = match reuse.at {
            Some(other) => (self.word_when_known(other), other),
            None => (word_of(family), listener),
        };
        let fd = self.bound(slot, word, at, reuse)?;
        // SAFETY: no pointers.
        if unsafe { libc::listen(fd, backlog as i32) } == -1 {
            return failed();
        }
        self.publish(fd, word, listener)
    }

    pub(super) fn bind(&mut self, slot: u16, listener: u16, family: Family) -> Result<Outcome, Outcome> {
        let word = word_of(family);
        let fd = self.bound(slot, word, listener, Reuse::default())?;
        self.publish(fd, word, listener)
    }

    /// A socket that has this address.
    fn bound(&mut self, slot: u16, word: u32, listener: u16, reuse: Reuse) -> Result<i32, Outcome> {
        let place = self.address(word, listener)?;
        let fd = socket(&place)?;
        self.keep(slot, fd);
        if reuse.address {
            set_option(fd, libc::SO_REUSEADDR)?;
        }
        if reuse.port {
            super::ipc_os::spreads()?;
            set_option(fd, libc::SO_REUSEPORT)?;
        }
        // SAFETY: a valid address and socket.
        if unsafe { libc::bind(fd, place.address.pointer(), place.address.length) } == -1 { failed() } else { Ok(fd) }
    }

    /// Lets everybody know the address.
    fn publish(&self, fd: i32, word: u32, listener: u16) -> Result<Outcome, Outcome> {
        self.arena.port(listener).store((word & !0xffff) | u32::from(bound_port(fd)), Ordering::Release);
        DONE
    }

    pub(super) fn announce(&self, listener: u16) -> Result<Outcome, Outcome> {
        self.arena.port(listener).store(UNIX, Ordering::Release);
        DONE
    }

    fn word_when_known(&self, listener: u16) -> u32 {
        loop {
            match self.arena.port(listener).load(Ordering::Acquire) {
                0 => super::control::let_others_run(),
                word => break word,
            }
        }
    }

    pub(super) fn connect(&mut self, slot: u16, listener: u16) -> Result<Outcome, Outcome> {
        let place = self.address(self.word_when_known(listener), listener)?;
        let fd = socket(&place)?;
        self.keep(slot, fd);
        // SAFETY: a valid address and socket.
        if unsafe { libc::connect(fd, place.address.pointer(), place.address.length) } == -1 { failed() } else { DONE }
    }

    pub(super) fn accept(&mut self, slot: u16, from: FdRef) -> Result<Outcome, Outcome> {
        // SAFETY: nobody asks for the peer's address.
        let fd = unsafe { libc::accept(self.fd(from), std::ptr::null_mut(), std::ptr::null_mut()) };
        if fd == -1 {
            return failed();
        }
        self.keep(slot, fd);
        DONE
    }

    pub(super) fn send_frames(&mut self, fd: FdRef, count: u32, size: u32, sends: u8, lock: Option<u16>) -> Result<Outcome, Outcome> {
        let fd = self.fd(fd);
        for _ in 0..count {
            let line = record::record(self.actor, self.frames, size as usize);
            let head = format!("{:04}", line.len());
            if let Some(lock) = lock {
                self.down(lock, Patience::Endless)?;
            }
            if sends >= 2 {
                super::fd::send(fd, head.as_bytes(), false)?;
                // The moment in which another process's frame may come between is what the scenario is about.
                super::control::let_others_run();
                super::fd::send(fd, &line, false)?;
            } else {
                super::fd::send(fd, &[head.as_bytes(), &line].concat(), false)?;
            }
            if let Some(lock) = lock {
                self.up(lock)?;
            }
            self.frames += 1;
        }
        Ok(Outcome::Done(Some(count.into())))
    }
}

fn socket(place: &Place) -> Result<i32, Outcome> {
    // SAFETY: no pointers.
    let fd = unsafe { libc::socket(place.domain, place.kind, 0) };
    number(fd)?;
    Ok(fd)
}

fn set_option(fd: i32, option: i32) -> Result<Outcome, Outcome> {
    let on: libc::c_int = 1;
    let length = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: an integer of its length.
    number(unsafe { libc::setsockopt(fd, libc::SOL_SOCKET, option, (&raw const on).cast(), length) })
}

fn bound_port(fd: i32) -> u16 {
    // SAFETY: a zeroed storage of its full length.
    unsafe {
        let mut storage: libc::sockaddr_storage = std::mem::zeroed();
        let mut length = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
        if libc::getsockname(fd, (&raw mut storage).cast(), &raw mut length) == -1 {
            return 0;
        }
        match i32::from(storage.ss_family) {
            // Port and flow stand at the same place in both.
            libc::AF_INET | libc::AF_INET6 => u16::from_be((*(&raw const storage).cast::<libc::sockaddr_in>()).sin_port),
            _ => 0,
        }
    }
}
