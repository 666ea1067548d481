//! Records: the lines that writers write and judges look for.
//!
//! Interleaving, tearing, loss and duplication can only be told apart when every byte says who wrote it and when. A record
//! is one line `wWWWWW:NNNNNNNN:` followed by a fill that depends on writer and number, ended by a newline, so that any
//! fragment longer than a few bytes betrays a tear. The writer (the interpreter) and the reader (the judge) both use this file.

/// The shortest record in bytes: the header `w00000:00000000:` and the newline.
pub const SHORTEST: usize = 17;

/// The bytes of record `number` of `writer`, `size` bytes long (at least [`SHORTEST`]), newline included.
pub fn record(writer: u16, number: u32, size: usize) -> Vec<u8> {
    let mut line = vec![0; size.max(SHORTEST)];
    fill(&mut line, writer, number);
    line
}

/// Writes record `number` of `writer` over the whole of `line`, which is at least [`SHORTEST`] long; allocates nothing.
pub fn fill(line: &mut [u8], writer: u16, number: u32) {
    let last = line.len() - 1;
    line[0] = b'w';
    digits(&mut line[1..6], u32::from(writer));
    line[6] = b':';
    digits(&mut line[7..15], number);
    line[15] = b':';
    for (i, byte) in line[16..last].iter_mut().enumerate() {
        *byte = letter(writer, number, i);
    }
    line[last] = b'\n';
}

fn letter(writer: u16, number: u32, at: usize) -> u8 {
    let mixed = u32::from(writer).wrapping_mul(31).wrapping_add(number.wrapping_mul(7)).wrapping_add(at as u32);
    b'a' + (mixed % 26) as u8
}

fn digits(place: &mut [u8], mut n: u32) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (n % 10) as u8;
        n /= 10;
    }
}

/// Writer and number of a whole, untorn record (newline included), or `None` when a single byte is not as written.
pub fn parse(line: &[u8]) -> Option<(u16, u32)> {
    if line.len() < SHORTEST || line[0] != b'w' {
        return None;
    }
    let number = |range: std::ops::Range<usize>| std::str::from_utf8(&line[range]).ok()?.parse::<u32>().ok();
    let (writer, count) = (u16::try_from(number(1..6)?).ok()?, number(7..15)?);
    (record(writer, count, line.len()) == line).then_some((writer, count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_recognised_and_a_torn_one_is_not() {
        let line = record(3, 17, 64);
        assert_eq!(line.len(), 64);
        assert_eq!(parse(&line), Some((3, 17)));
        let mut torn = line.clone();
        torn[40] = b'#';
        assert_eq!(parse(&torn), None);
        assert_eq!(parse(&line[..63]), None);
    }
}
