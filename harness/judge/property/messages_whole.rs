//! Each read of a socket that keeps boundaries brings one message, whole or cut at its end.
//!
//! A datagram is received in one piece: two never come as one, and what does not fit the buffer is thrown away, not kept for the
//! next read. Whoever takes such a socket for a stream reads the rest of a message as the next one.
//!
//! Rules: the bytes of each read
//! 1. begin with the beginning of a record that somebody wrote there,
//! 2. are all that record's,
//! 3. and are the whole of it, or exactly as many bytes as the buffer had room for (`room`).
//!
//! # References
//! POSIX.1-2024 `recv()`: SOCK_DGRAM, SOCK_SEQPACKET; `socketpair()`; unix(7), udp(7).

use crate::judge::args;
use crate::judge::pieces::{self, What as Piece};
use crate::judge::verdict::Finding;
use crate::judge::written::{self, Written};
use crate::judge::{Property, view};
use crate::plan::check::{ArgDecl, ArgKind};
use crate::plan::script::CheckDecl;
use crate::trace::{History, What};

/// See the module.
pub struct MessagesWhole;

const ROOM: ArgDecl = ArgDecl {
    name: "room",
    kind: ArgKind::Expr,
    required: false,
    help: "bytes that each read had room for: a longer message is cut there",
};

impl Property for MessagesWhole {
    fn name(&self) -> &'static str {
        "messages-whole"
    }
    fn says(&self) -> &'static str {
        "each read brings one message, whole or cut where the buffer ended"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 recv(): SOCK_DGRAM, SOCK_SEQPACKET; unix(7), udp(7)"
    }
    fn args(&self) -> &'static [ArgDecl] {
        &[args::STREAM, args::WRITERS, ROOM]
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        let Some(stream) = view::text(asked, "stream") else { return view::wants("stream") };
        let written = match written::to(history, asked, stream, "write-records") {
            Ok(written) => written,
            Err(nothing) => return nothing,
        };
        let room = view::int(asked, "room").and_then(|room| usize::try_from(room).ok());
        let mut reads = 0;
        for (at, event) in history.events.iter().enumerate() {
            let What::Data { stream: name, bytes } = &event.what else { continue };
            if name != stream {
                continue;
            }
            reads += 1;
            if let Some(seen) = wrong(history, bytes, &written, room) {
                return Finding::fail("one message in each read", seen, view::name(history, event.actor), vec![at]);
            }
        }
        if reads == 0 { view::undecided(format!("nobody read from `{stream}`")) } else { Finding::Pass }
    }
}

/// What is wrong with the bytes of one read.
fn wrong(history: &History, bytes: &[u8], written: &Written, room: Option<usize>) -> Option<String> {
    let pieces = pieces::of(bytes, written);
    let right = match &pieces[..] {
        [only] => match only.what {
            Piece::Whole(id) => written.span(id.writer, id.number).is_some(),
            Piece::Part { id, from: 0 } => room == Some(bytes.len()) && written.span(id.writer, id.number).is_some(),
            _ => false,
        },
        _ => false,
    };
    (!right).then(|| pieces::words(history, &pieces, 0))
}
