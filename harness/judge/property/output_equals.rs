//! What was read from a stream is exactly what was to be written to it.
//!
//! Output that is cut when a child exits early, doubled by a flushed copy of a buffer, or overwritten through a lost offset
//! shows in the first byte that differs.
//!
//! # References
//! POSIX.1-2024 `read()`, `write()`, `pipe()`, `_exit()` (data in a pipe outlives its writer).

use crate::judge::args;
use crate::judge::streams::{self, Reading};
use crate::judge::verdict::Finding;
use crate::judge::{Property, view};
use crate::plan::check::{ArgDecl, ArgKind};
use crate::plan::script::CheckDecl;
use crate::plan::value::Value;
use crate::trace::History;

/// See the module.
pub struct OutputEquals;

const BYTES: ArgDecl = ArgDecl {
    name: "bytes",
    kind: ArgKind::Expr,
    required: false,
    help: "so many bytes of the fixed pattern that `write: {bytes: N}` writes, after the text where there is one",
};
const TEXT: ArgDecl = ArgDecl { name: "text", kind: ArgKind::Expr, required: false, help: "this text" };
const TIMES: ArgDecl = ArgDecl { name: "times", kind: ArgKind::Expr, required: false, help: "the text so many times over" };
const TERMINAL: ArgDecl = ArgDecl {
    name: "terminal",
    kind: ArgKind::Expr,
    required: false,
    help: "it was written to a terminal, which makes carriage return and new line of each new line",
};
/// What `write: {bytes: N}` writes, over and over.
const PATTERN: &[u8] = b"0123456789abcdef";

impl Property for OutputEquals {
    fn name(&self) -> &'static str {
        "output-equals"
    }
    fn says(&self) -> &'static str {
        "what was read from the stream is exactly what was to be written, byte for byte"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 read(), write(), pipe(), _exit()"
    }
    fn args(&self) -> &'static [ArgDecl] {
        &[args::STREAM, BYTES, TEXT, TIMES, TERMINAL]
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        let Some(stream) = view::text(asked, "stream") else { return view::wants("stream") };
        let Some(expected) = Expected::of(asked) else { return view::wants("bytes` or `text") };
        match streams::readings(history, stream) {
            Err(nothing) => nothing,
            Ok(readings) => match readings.as_slice() {
                [] => compared(history, &Reading::default(), &expected),
                [reading] => compared(history, reading, &expected),
                several => {
                    view::undecided(format!("{} actors read from `{stream}`; how their parts lay side by side is not known", several.len()))
                }
            },
        }
    }
}

/// A text, then so many bytes of the pattern.
struct Expected {
    text: Vec<u8>,
    pattern: u64,
}

impl Expected {
    fn of(asked: &CheckDecl) -> Option<Expected> {
        let (text, pattern) = (asked.args.get("text"), asked.args.get("bytes"));
        let plain =
            |text: &Value| text.bytes().or_else(|| matches!(text, Value::Int(_) | Value::Bool(_)).then(|| text.to_string().into_bytes()));
        let terminal = asked.args.get("terminal").is_some_and(|value| *value == Value::Bool(true));
        let times = usize::try_from(view::int(asked, "times").unwrap_or(1)).ok()?;
        let expected = Expected {
            text: text.map_or(Some(Vec::new()), plain)?.repeat(times),
            pattern: pattern.map_or(Some(0), |pattern| pattern.int().and_then(|bytes| u64::try_from(bytes).ok()))?,
        };
        let expected = if terminal { expected.through_a_terminal() } else { expected };
        (text.is_some() || pattern.is_some()).then_some(expected)
    }

    /// What a terminal makes of it as it is by default: each new line goes out as carriage return and new line. POSIX.1-2024
    /// XBD 11.2.3 ONLCR. The pattern has none.
    fn through_a_terminal(self) -> Expected {
        let line_end = |byte: u8| if byte == b'\n' { vec![b'\r', b'\n'] } else { vec![byte] };
        Expected { text: self.text.into_iter().flat_map(line_end).collect(), ..self }
    }

    fn len(&self) -> u64 {
        self.text.len() as u64 + self.pattern
    }

    /// The byte at an offset within `len`.
    fn byte(&self, at: usize) -> Option<u8> {
        match at.checked_sub(self.text.len()) {
            None => self.text.get(at).copied(),
            Some(at) => ((at as u64) < self.pattern).then(|| PATTERN[at % PATTERN.len()]),
        }
    }
}

fn compared(history: &History, reading: &Reading, expected: &Expected) -> Finding {
    let wrong = reading.bytes.iter().enumerate().find(|(at, byte)| expected.byte(*at) != Some(**byte));
    let by = view::name(history, reading.reader);
    let (seen, at) = match wrong {
        None if reading.bytes.len() as u64 == expected.len() => return Finding::Pass,
        None => (format!("only {} bytes, all of them right", reading.bytes.len()), reading.bytes.len()),
        Some((at, _)) if at as u64 >= expected.len() => (format!("{} bytes more", reading.bytes.len() as u64 - expected.len()), at),
        Some((at, byte)) => (format!("{} bytes; the one at offset {at} is {}", reading.bytes.len(), byte_words(*byte)), at),
    };
    let wanted = match expected.byte(at).filter(|_| wrong.is_some()) {
        Some(byte) => format!("{} bytes, at offset {at} {}", expected.len(), byte_words(byte)),
        None => format!("{} bytes", expected.len()),
    };
    Finding::fail(wanted, seen, by, reading.event(at).into_iter().collect())
}

fn byte_words(byte: u8) -> String {
    if byte.is_ascii_graphic() { format!("`{}`", char::from(byte)) } else { format!("0x{byte:02x}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_ends_lines_twice() {
        let args = [("text", Value::Text("a\nb".into())), ("bytes", Value::Int(3)), ("terminal", Value::Bool(true))];
        let args = args.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let expected = Expected::of(&CheckDecl { property: "output-equals".into(), args, line: 0 }).expect("both are given");
        let bytes: Vec<u8> = (0..).map_while(|at| expected.byte(at)).collect();
        assert_eq!((bytes.as_slice(), expected.len()), (b"a\r\nb012".as_slice(), 7));
    }
}
