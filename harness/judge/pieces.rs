//! Taking a stream of records apart: which are whole, which are torn and into what.
//!
//! Headers are the only places with digits, so each start of a record shows wherever it stands, even inside another record's
//! line. From a header on, bytes belong to that record as long as they are its bytes. What follows a tear belongs to a record
//! that was begun and not ended, when its bytes go on there; otherwise it is strange.
//!
//! A header may be torn itself: Linux fills up the last page of a pipe with the odd bytes of a large write first, which may
//! be a single `w`. The stub is kept aside until the rest of a header follows that it fits. Two writers' torn headers may
//! also seem to make one that neither wrote; its fill then does not go on as that record's would, so whoever blames
//! somebody for a record looks at what is [`Beginning::sure`].

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
    /// A part of a record: its beginning (`from` = 0; less than a header's length where the header was torn) or a later one.
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
    /// The record that begins here, whole or not; where its header was torn, the part that tells which record it is.
    pub fn begins(&self) -> Option<Id> {
        match self.what {
            What::Whole(id) => Some(id),
            What::Part { id, from } if from < HEADER => Some(id),
            _ => None,
        }
    }
}

/// Where a record begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beginning {
    /// Offset in the stream.
    pub at: usize,
    /// Which record.
    pub id: Id,
    /// Its header stands there untorn and a byte after it is right; otherwise it is likely.
    pub sure: bool,
}

/// The beginnings of records, without the headers that nothing was found to belong to.
pub fn beginnings(pieces: &[Piece]) -> Vec<Beginning> {
    let goes_on = |id: Id| pieces.iter().any(|piece| piece.what == What::Part { id, from: HEADER });
    let all = pieces.iter().filter_map(|piece| {
        let id = piece.begins()?;
        let (sure, likely) = match piece.what {
            What::Part { from: 0, .. } => (piece.len > HEADER, true),
            What::Part { from, .. } => (false, from + piece.len > HEADER || goes_on(id)),
            _ => (true, true),
        };
        likely.then_some(Beginning { at: piece.at, id, sure })
    });
    all.collect()
}

/// Whether every byte belongs to a record that was found to begin.
pub fn clear(pieces: &[Piece]) -> bool {
    let begun = pieces.iter().filter(|piece| piece.begins().is_some()).count();
    beginnings(pieces).len() == begun && !pieces.iter().any(|piece| piece.what == What::Strange)
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
    let (mut open, mut stubs) = (Vec::new(), Vec::new());
    let (mut at, mut next) = (0, 0);
    while at < bytes.len() {
        if next <= at {
            next = (at + 1..bytes.len()).find(|next| header(&bytes[*next..]).is_some()).unwrap_or(bytes.len());
        }
        // No record goes on beyond the next header, even where its fill happens to go on with a `w`.
        let here = &bytes[at..next];
        let begins = header(here).map(|id| (id, 0)).or_else(|| rejoined(here, written, &mut stubs));
        let piece = match begins {
            Some(begins) => begun(at, here, bytes.len() - at, begins, written, &mut open),
            None => continued(at, here, &mut open).unwrap_or_else(|| Piece { at, len: stub(here, &mut stubs), what: What::Strange }),
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

/// A record whose bytes from `from` on stand here; `room` more bytes of the stream could be its.
fn begun(at: usize, here: &[u8], room: usize, (id, from): (Id, usize), written: &Written, open: &mut Vec<Open>) -> Piece {
    let ended = || here.iter().take(LONGEST_UNKNOWN).position(|byte| *byte == b'\n').map(|end| from + end + 1);
    let size = written.size(id.writer, id.number).or_else(ended).unwrap_or(from + room + 1);
    let expected = record_within(id, size, from + room);
    let len = common(expected.get(from..).unwrap_or(&[]), here);
    if from + len == size {
        return Piece { at, len, what: if from == 0 { What::Whole(id) } else { What::Part { id, from } } };
    }
    if open.len() >= OPEN {
        open.remove(0);
    }
    open.push(Open { id, bytes: expected, seen: from + len });
    Piece { at, len: len.max(1), what: What::Part { id, from } }
}

/// The record that a stub and the bytes here are the header of: the one whose fill also goes on here, the youngest of equals.
fn rejoined(here: &[u8], written: &Written, stubs: &mut Vec<Vec<u8>>) -> Option<(Id, usize)> {
    let score = |stub: &Vec<u8>| {
        let id = header(&[stub, here.get(..HEADER - stub.len())?].concat())?;
        let expected = record_within(id, written.size(id.writer, id.number)?, stub.len() + here.len().min(2 * HEADER));
        Some((common(expected.get(stub.len()..).unwrap_or(&[]), here), id))
    };
    let (_, i, id) =
        stubs.iter().enumerate().filter_map(|(i, stub)| score(stub).map(|(len, id)| (len, i, id))).max_by_key(|(len, i, _)| (*len, *i))?;
    Some((id, stubs.remove(i).len()))
}

/// Keeps aside what may be the beginning of a header, or goes on with one that was kept; the number of bytes taken.
fn stub(here: &[u8], stubs: &mut Vec<Vec<u8>>) -> usize {
    for kept in stubs.iter_mut().rev() {
        let more = shape(kept.len(), here);
        if more > 0 {
            kept.extend_from_slice(&here[..more]);
            return more;
        }
    }
    let len = shape(0, here);
    if len > 0 {
        if stubs.len() >= OPEN {
            stubs.remove(0);
        }
        stubs.push(here[..len].to_vec());
    }
    len.max(1)
}

/// How many of these bytes have the shape of a header from its byte `from` on, less than to its end.
fn shape(from: usize, bytes: &[u8]) -> usize {
    let fits = |(at, byte): &(usize, &u8)| match at {
        0 => **byte == b'w',
        6 | 15 => **byte == b':',
        _ => byte.is_ascii_digit(),
    };
    (from..HEADER - 1).zip(bytes).take_while(fits).count()
}

/// The record that was begun and not ended whose bytes go on here, up to the next header.
fn continued(at: usize, here: &[u8], open: &mut Vec<Open>) -> Option<Piece> {
    let goes_on = open.iter().enumerate().map(|(i, open)| (common(open.bytes.get(open.seen..).unwrap_or(&[]), here), i));
    let (len, i) = goes_on.max_by_key(|(len, _)| *len).filter(|(len, _)| *len > 0)?;
    let Open { id, seen: from, .. } = open[i];
    open[i].seen += len;
    if open[i].bytes.get(open[i].seen - 1) == Some(&b'\n') {
        open.remove(i);
    }
    Some(Piece { at, len, what: What::Part { id, from } })
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
    fn a_torn_header_is_put_together() {
        let (a, b) = (record::record(1, 0, 64), record::record(2, 0, 64));
        for tear in 1..HEADER {
            let stream = [&a[..tear], &b[..], &a[tear..]].concat();
            let pieces = of(&stream, &written());
            let begun: Vec<Id> = pieces.iter().filter_map(Piece::begins).collect();
            assert_eq!(begun, [Id { writer: 2, number: 0 }, Id { writer: 1, number: 0 }], "torn at {tear}: {pieces:?}");
            assert_eq!(pieces.last().map(|piece| piece.len), Some(64 - tear));
        }
    }

    #[test]
    fn pieces_cover_the_stream() {
        let stream = [&b"noise"[..], &record::record(1, 3, 64), b"w00001:0000", &record::record(9, 9, 30)].concat();
        let pieces = of(&stream, &written());
        assert_eq!(pieces.iter().map(|piece| piece.len).sum::<usize>(), stream.len());
        assert!(pieces.iter().any(|piece| piece.what == What::Whole(Id { writer: 9, number: 9 })));
    }
}
