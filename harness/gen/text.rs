//! Bytes and texts drawn to break what handles them.

use super::seed::below;
use super::strategy::pick;
use crate::plan::value::Value;
use proptest::test_runner::TestRng;

/// What shells, argument joiners, format strings, terminals and decoders trip over; never NUL.
const NASTY: &[&[u8]] = &[
    b" ",
    b"  ",
    b"'",
    b"\"",
    b"\\",
    b"\\\"",
    b"\n",
    b"\r\n",
    b"\t",
    b"*",
    b"?",
    b"[a-z]",
    b"{a,b}",
    b"$HOME",
    b"$(id)",
    b"`id`",
    b"%s",
    b"%PATH%",
    b"-",
    b"--",
    b"=",
    b";",
    b"&",
    b"|",
    b">",
    b"<",
    b"#",
    b"~",
    b"!",
    b"^",
    b"(",
    b")",
    b"../",
    b"\x1b[31m",
    b"\x7f",
    b"\x01",
    b"\xff",
    b"\xc3(",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    "é".as_bytes(),
    "e\u{301}".as_bytes(),
    "漢".as_bytes(),
    "\u{202e}".as_bytes(),
    "😀".as_bytes(),
    b"a",
    b"Z",
    b"0",
];

/// Characters of two, three and four bytes, so that cutting at a byte shows.
const WIDE: &[char] = &['é', 'ß', '€', '漢', '😀'];

/// `len` bytes of [`NASTY`] pieces, the last one cut.
pub fn nasty(len: i64, rng: &mut TestRng) -> Value {
    let len = usize::try_from(len).unwrap_or(0);
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        bytes.extend_from_slice(pick(NASTY, rng).copied().unwrap_or(b"a"));
    }
    bytes.truncate(len);
    Value::from_bytes(&bytes)
}

/// `len` bytes of every nasty piece in turn.
pub fn greatest_nasty(len: i64) -> Value {
    let bytes: Vec<u8> = NASTY.iter().copied().flatten().copied().cycle().take(usize::try_from(len).unwrap_or(0)).collect();
    Value::from_bytes(&bytes)
}

/// `len` bytes, half of them printable, none of `without`.
pub fn bytes(len: i64, without: &[u8], utf8: bool, rng: &mut TestRng) -> Value {
    let len = usize::try_from(len).unwrap_or(0);
    if utf8 { Value::Text(characters(len, without, rng)) } else { Value::from_bytes(&any_bytes(len, without, rng)) }
}

/// `len` bytes of the greatest allowed one.
pub fn greatest_bytes(len: i64, without: &[u8], utf8: bool) -> Value {
    let allowed = allowed(if utf8 { 0x7e } else { 0xff }, without);
    let byte = allowed.last().copied().unwrap_or(b'a');
    Value::from_bytes(&vec![byte; usize::try_from(len).unwrap_or(0)])
}

/// The byte that shrinking puts in the place of others: `a`, or the first one allowed.
pub fn plain_byte(without: &[u8]) -> u8 {
    if without.contains(&b'a') { allowed(0xff, without).first().copied().unwrap_or(b'a') } else { b'a' }
}

fn allowed(high: u8, without: &[u8]) -> Vec<u8> {
    (0..=high).filter(|byte| !without.contains(byte)).collect()
}

fn any_bytes(len: usize, without: &[u8], rng: &mut TestRng) -> Vec<u8> {
    let all = allowed(0xff, without);
    let printable: Vec<u8> = all.iter().copied().filter(|byte| (0x20..0x7f).contains(byte)).collect();
    let choose = |rng: &mut TestRng| {
        let pool = if below(rng, 2) == 0 && !printable.is_empty() { &printable } else { &all };
        pick(pool, rng).copied()
    };
    (0..len).map_while(|_| choose(rng)).collect()
}

fn characters(len: usize, without: &[u8], rng: &mut TestRng) -> String {
    let narrow = allowed(0x7e, without);
    let wide: Vec<char> = WIDE.iter().copied().filter(|c| c.to_string().bytes().all(|byte| !without.contains(&byte))).collect();
    let mut text = String::with_capacity(len);
    while text.len() < len {
        let candidate = if below(rng, 4) == 0 { pick(&wide, rng).copied() } else { None };
        let fitting = candidate.filter(|c| text.len() + c.len_utf8() <= len);
        let Some(next) = fitting.or_else(|| pick(&narrow, rng).map(|byte| char::from(*byte))) else { break };
        text.push(next);
    }
    text
}
