//! Taking a stream of frames apart: four decimal digits of length, then a record of that length.

use super::pieces::{self, Id};
use super::view;
use crate::plan::record;
use crate::trace::History;

/// Bytes of the length.
pub const LENGTH: usize = 4;

/// The length that stands before a record of `size` bytes.
pub fn length(size: usize) -> Vec<u8> {
    format!("{size:04}").into_bytes()
}

/// Where a stream of frames first stops being one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tear {
    /// Offset of the frame that is not whole.
    pub at: usize,
    /// What is there.
    pub seen: String,
}

/// The frames up to the first tear, with their offsets, and the tear.
pub fn parse(history: &History, bytes: &[u8]) -> (Vec<(usize, Id)>, Option<Tear>) {
    let mut frames = Vec::new();
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        match one(history, rest) {
            Ok((len, id)) => {
                frames.push((at, id));
                at += len;
            }
            Err(seen) => return (frames, Some(Tear { at, seen })),
        }
    }
    (frames, None)
}

fn one(history: &History, rest: &[u8]) -> Result<(usize, Id), String> {
    let digits = rest.get(..LENGTH).ok_or_else(|| format!("{} bytes at the end, too few for a length", rest.len()))?;
    let Some(len) = std::str::from_utf8(digits)
        .ok()
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|text| text.parse::<usize>().ok())
    else {
        return Err(format!("{} where a length should be", inside(history, rest)));
    };
    let record =
        rest.get(LENGTH..LENGTH + len).ok_or_else(|| format!("a length of {len} and only {} bytes after it", rest.len() - LENGTH))?;
    match record::parse(record) {
        Some((writer, number)) => Ok((LENGTH + len, Id { writer, number })),
        None => Err(format!("a length of {len} and then {}", inside(history, &rest[LENGTH..]))),
    }
}

/// What stands at the beginning of these bytes.
fn inside(history: &History, bytes: &[u8]) -> String {
    match pieces::header(bytes) {
        Some(id) => format!("the beginning of {}", id.words(history)),
        None if bytes.iter().take(LENGTH).all(u8::is_ascii_digit) => format!(
            "another length ({})",
            view::list(bytes.utf8_chunks().take(1).map(|chunk| chunk.valid().chars().take(LENGTH).collect::<String>()), 1)
        ),
        None => "bytes from the middle of a record".to_owned(),
    }
}
