//! Lines of the protocol and what may be wrong with them.
//!
//! Replies are read strictly: an adapter's author must hear of a misspelt field at once, not find that it was ignored. Requests
//! are read leniently (unknown fields are passed over), because a later minor version may add optional ones.

use super::message::{Data, Failure, Fields, Hello, HelloLine, Operation, PROTOCOL, Reply, ReplyBody};
use serde::{Deserialize, Serialize};

/// The longest line that is read, in bytes: outputs of children travel in replies.
pub const LINE_LIMIT: usize = 64 * 1024 * 1024;

/// One message as a line, newline included.
pub fn line<T: Serialize>(message: &T) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(message).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

/// Reads the first line of an adapter.
///
/// # Errors
/// What is wrong with it, as a sentence for the adapter's author.
pub fn hello(line: &[u8]) -> Result<Hello, String> {
    let HelloLine { hello } = serde_json::from_slice(line)
        .map_err(|error| format!("the first line must be {{\"hello\": {{...}}}}, but: {error}; it was {}", excerpt(line)))?;
    let major = |version: &str| version.split('.').next().map(str::to_owned);
    if major(&hello.protocol) != major(PROTOCOL) {
        return Err(format!("it speaks protocol {}, childproof speaks {PROTOCOL}: the major versions must be equal", hello.protocol));
    }
    if hello.pid <= 0 {
        return Err(format!("hello gives the process id {}; it must be that of getpid()", hello.pid));
    }
    Ok(hello)
}

/// The envelope of a reply as it must be: one of the three bodies, and nothing unknown.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    seq: u64,
    pid: i32,
    ok: Option<Box<Fields>>,
    error: Option<Failure>,
    unsupported: Option<String>,
}

/// Reads one reply; whether it answers what was asked is the caller's business.
///
/// # Errors
/// What is wrong with it, as a sentence for the adapter's author.
pub fn reply(line: &[u8]) -> Result<Reply, String> {
    let envelope: Envelope = serde_json::from_slice(line).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => format!("the reply is not as the protocol has it: {error}; it was {}", excerpt(line)),
        _ => format!("the reply is not JSON: {error}; it was {}", excerpt(line)),
    })?;
    let body = match (envelope.ok, envelope.error, envelope.unsupported) {
        (Some(fields), None, None) => ReplyBody::Ok(fields),
        (None, Some(failure), None) => ReplyBody::Error(failure),
        (None, None, Some(reason)) => ReplyBody::Unsupported(reason),
        (None, None, None) => return Err(format!("the reply holds none of ok, error, unsupported; it was {}", excerpt(line))),
        _ => return Err(format!("the reply holds more than one of ok, error, unsupported; it was {}", excerpt(line))),
    };
    Ok(Reply { seq: envelope.seq, pid: envelope.pid, body })
}

/// Reads one request on the adapter's side. The reply to one that cannot be read is made here too: `Err` carries it.
///
/// # Errors
/// The sequence number (0 where there is none) and the body to answer with.
pub fn request(line: &[u8]) -> Result<(u64, Operation), (u64, ReplyBody)> {
    let refuse = |seq, message: String| (seq, ReplyBody::Error(Failure { errno: None, kind: "protocol".into(), message }));
    let value: serde_json::Value = serde_json::from_slice(line).map_err(|error| refuse(0, format!("not JSON: {error}")))?;
    let seq = value.get("seq").and_then(serde_json::Value::as_u64).unwrap_or(0);
    let name = value.get("op").and_then(serde_json::Value::as_str).map(str::to_owned);
    match (serde_json::from_value(value), name) {
        (Ok(operation), _) => Ok((seq, operation)),
        (Err(_), Some(name)) if !OPERATIONS.contains(&name.as_str()) => {
            Err((seq, ReplyBody::Unsupported(format!("unknown operation `{name}`"))))
        }
        (Err(error), _) => Err(refuse(seq, error.to_string())),
    }
}

/// Every operation by its name on the wire.
pub const OPERATIONS: &[&str] = &[
    "spawn",
    "write",
    "close_stdin",
    "read",
    "close",
    "communicate",
    "wait",
    "poll",
    "kill",
    "terminate",
    "signal",
    "drop",
    "run",
    "pipeline",
    "handle",
    "parallel",
    "worker",
    "pool",
    "submit",
    "map",
    "result",
    "shutdown",
    "main",
    "reset",
    "quit",
];

/// The bytes that `data` stands for.
///
/// # Errors
/// What is wrong with it.
pub fn bytes(data: &Data) -> Result<Vec<u8>, String> {
    match data {
        Data::Bytes(value) => value.bytes().ok_or_else(|| format!("{} is not bytes: text or {{\"hex\": \"...\"}}", value.kind())),
        Data::Pattern { repeat, len } if repeat.is_empty() && *len > 0 => Err("`repeat` is empty".into()),
        Data::Pattern { repeat, len } => Ok(repeat.bytes().cycle().take(usize::try_from(*len).unwrap_or(usize::MAX)).collect()),
    }
}

/// The beginning of a line for a message, quoted.
pub fn excerpt(line: &[u8]) -> String {
    let head = String::from_utf8_lossy(&line[..line.len().min(200)]);
    if line.len() > 200 { format!("{head:?}... ({} bytes)", line.len()) } else { format!("{head:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::value::Value;
    use crate::wire::message::{Request, SpawnRequest, Status};

    #[test]
    fn a_request_survives_the_trip() {
        let spawn =
            SpawnRequest { program: Value::Text("/bin/true".into()), args: vec![Value::Hex { hex: "ff".into() }], ..Default::default() };
        let sent = Request { seq: 7, op: Operation::Spawn(Box::new(spawn)) };
        assert_eq!(request(&line(&sent)), Ok((7, sent.op)));
    }

    #[test]
    fn a_reply_survives_the_trip() {
        let fields = Fields { status: Some(Status::Killed(9)), ..Default::default() };
        let sent = Reply { seq: 7, pid: 4, body: ReplyBody::Ok(Box::new(fields)) };
        assert_eq!(reply(&line(&sent)), Ok(sent));
    }

    #[test]
    fn each_fault_of_a_reply_is_named() {
        for (line, part) in [
            (&b"hello"[..], "not JSON"),
            (br#"{"seq":1,"pid":2,"ok":{"zip":1}}"#, "unknown field `zip`"),
            (br#"{"seq":1,"pid":2,"okay":{}}"#, "unknown field `okay`"),
            (br#"{"seq":1,"ok":{}}"#, "missing field `pid`"),
            (br#"{"seq":1,"pid":2}"#, "none of ok"),
            (br#"{"seq":1,"pid":2,"ok":{},"unsupported":"x"}"#, "more than one"),
        ] {
            let message = reply(line).expect_err("it is faulty");
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn requests_from_the_future_are_read_or_refused_politely() {
        assert_eq!(request(br#"{"seq":3,"op":"poll","handle":"a","colour":"red"}"#), Ok((3, Operation::Poll { handle: "a".into() })));
        assert!(matches!(request(br#"{"seq":3,"op":"levitate"}"#), Err((3, ReplyBody::Unsupported(_)))));
        assert!(matches!(request(br#"{"seq":3,"op":"poll"}"#), Err((3, ReplyBody::Error(_)))));
        assert!(matches!(request(b"}"), Err((0, ReplyBody::Error(_)))));
    }

    #[test]
    fn the_major_version_counts() {
        let hello_line = |version: &str| {
            format!(r#"{{"hello":{{"protocol":"{version}","library":"l","version":"1","language":"c","pid":9,"capabilities":[]}}}}"#)
        };
        assert!(hello(hello_line("1.9").as_bytes()).is_ok());
        assert!(hello(hello_line("2.0").as_bytes()).is_err_and(|message| message.contains("2.0")));
    }

    #[test]
    fn patterns_are_cut_to_length() {
        assert_eq!(bytes(&Data::Pattern { repeat: "abc".into(), len: 7 }).as_deref(), Ok(&b"abcabca"[..]));
        assert!(bytes(&Data::Pattern { repeat: String::new(), len: 7 }).is_err());
    }
}
