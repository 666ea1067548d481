//! Taking a stream of records apart: which are whole, which are torn and into what.
//!
//! Headers are the only places with digits, so each start of a record shows wherever it stands, even inside another record's
//! line. From a header on, bytes belong to that record as long as they are its bytes. What follows a tear belongs to a record
//! that was begun and not ended, when its bytes go on there; otherwise it is strange.

use super::view;
use super::written::Written;
use crate::plan::record;
use crate::plan::script::ActorId;
use crate::trace::History;

/// One run of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Where it begins.
    pub at: usize,
    /// How many bytes.
    pub len: usize,
    /// What it is.
    pub what: What,
}

/// What a run of bytes is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A record from its first to its last byte.
    Whole(Id),
    /// The beginning of a record (`from` = 0) or a later part of it.
    Part {
        /// Which record.
        id: Id,
        /// Offset within the record.
        from: usize,
    },
    /// Nothing that anybody is known to have written there.
    Strange,
}

/// Writer and number of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id {
    /// Who wrote it.
    pub writer: ActorId,
    /// Its number, from 0.
    pub number: u32,
}

impl Piece {
    /// The record that begins here, whole or not.
    pub fn begins(&self) -> Option<Id> {
        match self.what {
            What::Whole(id) | What::Part { id, from: 0 } => Some(id),
            _ => None,
        }
    }
}

impl Id {
    /// In words.
    pub fn words(self, history: &History) -> String {
        format!("record {} of {}", self.number, view::name(history, self.writer))
    }
}

/// Bytes of the header, up to and with its second colon.
const HEADER: usize = 16;
/// So many records that were begun and not ended are remembered; more than that many writers do not tear each other at once.
const OPEN: usize = 16;

/// A record that nobody is known to have written is looked at for so many bytes.
const LONGEST_UNKNOWN: usize = 1 << 16;

/// A record that was begun and not ended.
struct Open {
    id: Id,
    bytes: Vec<u8>,
    seen: usize,
}

/// The pieces of a stream, in order; together they are the stream.
pub fn of(bytes: &[u8], written: &Written) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    let (mut at, mut next) = (0, 0);
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let piece = match header(rest) {
            Some(id) => begun(at, rest, id, written, &mut open),
            None => {
                if next <= at {
                    next = (at + 1..bytes.len()).find(|next| header(&bytes[*next..]).is_some()).unwrap_or(bytes.len());
                }
                continued(at, &bytes[at..next], &mut open)
            }
        };
        at += piece.len;
        push(&mut pieces, piece);
    }
    pieces
}

/// Strange bytes side by side are one piece.
fn push(pieces: &mut Vec<Piece>, piece: Piece) {
    match pieces.last_mut() {
        Some(last) if last.what == What::Strange && piece.what == What::Strange => last.len += piece.len,
        _ => pieces.push(piece),
    }
}

fn begun(at: usize, rest: &[u8], id: Id, written: &Written, open: &mut Vec<Open>) -> Piece {
    let ended = || rest.iter().take(LONGEST_UNKNOWN).position(|byte| *byte == b'\n').map(|end| end + 1);
    let size = written.size(id.writer, id.number).or_else(ended).unwrap_or(rest.len() + 1);
    let expected = record_within(id, size, rest.len());
    let len = common(&expected, rest);
    if len == size {
        return Piece { at, len, what: What::Whole(id) };
    }
    if open.len() >= OPEN {
        open.remove(0);
    }
    open.push(Open { id, bytes: expected, seen: len });
    Piece { at, len: len.max(1), what: What::Part { id, from: 0 } }
}

/// `here` are the bytes up to the next header.
fn continued(at: usize, here: &[u8], open: &mut Vec<Open>) -> Piece {
    let goes_on = open.iter().enumerate().map(|(i, open)| (common(open.bytes.get(open.seen..).unwrap_or(&[]), here), i));
    match goes_on.max_by_key(|(len, _)| *len).filter(|(len, _)| *len > 0) {
        Some((len, i)) => {
            let from = open[i].seen;
            let id = open[i].id;
            open[i].seen += len;
            if open[i].bytes.get(open[i].seen - 1) == Some(&b'\n') {
                open.remove(i);
            }
            Piece { at, len, what: What::Part { id, from } }
        }
        None => Piece { at, len: 1, what: What::Strange },
    }
}

/// The bytes of a record, as many of them as a stream of `room` more bytes could show (one too many, to tell a clipped
/// record from a whole one). A mangled history may name sizes of gigabytes.
fn record_within(id: Id, size: usize, room: usize) -> Vec<u8> {
    if size <= room {
        return record::record(id.writer, id.number, size);
    }
    let mut bytes = record::record(id.writer, id.number, room + 2);
    bytes.truncate(room + 1);
    bytes
}

fn common(expected: &[u8], seen: &[u8]) -> usize {
    expected.iter().zip(seen).take_while(|(a, b)| a == b).count()
}

/// Writer and number, when a header stands at the beginning of these bytes.
pub fn header(bytes: &[u8]) -> Option<Id> {
    let header = bytes.get(..HEADER)?;
    if header[0] != b'w' || header[6] != b':' || header[15] != b':' {
        return None;
    }
    Some(Id { writer: ActorId::try_from(digits(&header[1..6])?).ok()?, number: digits(&header[7..15])? })
}

fn digits(bytes: &[u8]) -> Option<u32> {
    bytes.iter().try_fold(0u32, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0')))
}

/// What stands in a stream from the `first` piece on, in words: `its first 40 bytes, then 24 bytes of record 3 of writer[0]`.
pub fn words(history: &History, pieces: &[Piece], first: usize) -> String {
    let about = pieces.get(first).and_then(Piece::begins);
    let shown = pieces.iter().skip(first).take(4).enumerate().map(|(i, piece)| match piece.what {
        What::Part { id, from: 0 } if i == 0 && Some(id) == about => format!("its first {} bytes", piece.len),
        What::Part { id, from } if Some(id) == about => format!("its bytes {from} to {}", from + piece.len - 1),
        What::Part { id, .. } => format!("{} bytes of {}", piece.len, id.words(history)),
        What::Whole(id) => format!("the whole {}", id.words(history)),
        What::Strange => format!("{} bytes that nobody wrote there", piece.len),
    });
    let shown: Vec<String> = shown.collect();
    let more = pieces.len().saturating_sub(first.saturating_add(4));
    let rest = if more > 0 { ", and so on" } else { "" };
    format!("{}{rest}", shown.join(", then "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::written::Span;

    fn written() -> Written {
        let span = |writer| Span { writer, first: 0, count: 10, size: 64, certain: true };
        Written { spans: vec![span(1), span(2)], ..Written::default() }
    }

    #[test]
    fn whole_records_are_found_and_a_torn_one_is_put_together() {
        let (a, b) = (record::record(1, 0, 64), record::record(2, 0, 64));
        let stream = [&a[..40], &b[..], &a[40..]].concat();
        let (first, second) = (Id { writer: 1, number: 0 }, Id { writer: 2, number: 0 });
        let found: Vec<What> = of(&stream, &written()).into_iter().map(|piece| piece.what).collect();
        assert_eq!(found, [What::Part { id: first, from: 0 }, What::Whole(second), What::Part { id: first, from: 40 }]);
    }

    #[test]
    fn pieces_cover_the_stream() {
        let stream = [&b"noise"[..], &record::record(1, 3, 64), b"w00001:0000", &record::record(9, 9, 30)].concat();
        let pieces = of(&stream, &written());
        assert_eq!(pieces.iter().map(|piece| piece.len).sum::<usize>(), stream.len());
        assert!(pieces.iter().any(|piece| piece.what == What::Whole(Id { writer: 9, number: 9 })));
    }
}
