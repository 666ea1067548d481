//! The rules of the protocol, one test each, in the order in which an author meets them.

use super::session::{Session, describe};
use crate::plan::value::Value;
use crate::wire::capability;
use crate::wire::message::{Data, Operation, ReplyBody, SpawnRequest, Status};

/// One rule.
pub struct Rule {
    pub name: &'static str,
    pub says: &'static str,
    /// Capabilities without which it is not tried.
    pub needs: &'static [&'static str],
    /// Whether it starts what cannot start. Some libraries then have their caller's code go on in the forked child as well, which is
    /// a finding of scenarios (`one-process`) and not the adapter's doing; the rules after it get an adapter that is new.
    pub in_vain: bool,
    pub test: fn(&mut Session) -> Result<(), String>,
}

/// Every rule.
pub const RULES: &[Rule] = &[
    Rule {
        name: "hello",
        says: "the first line is a hello of this protocol's major version, from the process that was started",
        needs: &[],
        in_vain: false,
        test: hello,
    },
    Rule {
        name: "capabilities-known",
        says: "every claimed capability is one of the protocol's",
        needs: &[],
        in_vain: false,
        test: capabilities,
    },
    Rule {
        name: "silent-stdout",
        says: "nothing of the adapter's own goes to its standard output",
        needs: &[],
        in_vain: false,
        test: silent,
    },
    Rule {
        name: "reset",
        says: "reset is answered with ok",
        needs: &[],
        in_vain: false,
        test: |session| session.succeed(&Operation::Reset).map(drop),
    },
    Rule {
        name: "unknown-operation",
        says: "an operation it does not know is answered with unsupported",
        needs: &[],
        in_vain: false,
        test: unknown_operation,
    },
    Rule { name: "unknown-field", says: "a field it does not know is passed over", needs: &[], in_vain: false, test: unknown_field },
    Rule { name: "empty-line", says: "an empty line is passed over without an answer", needs: &[], in_vain: false, test: empty_line },
    Rule { name: "long-line", says: "a line of 1 MiB is read whole", needs: &[], in_vain: false, test: long_line },
    Rule {
        name: "not-json",
        says: "a line that is not JSON is answered with an error to seq 0, and the adapter goes on",
        needs: &[],
        in_vain: false,
        test: not_json,
    },
    Rule {
        name: "two-at-once",
        says: "two requests that arrive together are answered in order",
        needs: &[],
        in_vain: false,
        test: two_at_once,
    },
    Rule {
        name: "unknown-handle",
        says: "an operation on a handle that does not exist is answered with an error",
        needs: &["wait"],
        in_vain: false,
        test: unknown_handle,
    },
    Rule {
        name: "missing-program",
        says: "a program that does not exist is an error, with ENOENT where an errno is named",
        needs: &["spawn"],
        in_vain: true,
        test: missing_program,
    },
    Rule {
        name: "nul-in-argument",
        says: "an argument with a NUL byte is answered, whatever the library makes of it",
        needs: &["spawn"],
        in_vain: true,
        test: nul,
    },
    Rule {
        name: "bytes",
        says: "bytes that are no text arrive and come back as they were",
        needs: &["spawn", "stdio-pipe", "stdout"],
        in_vain: false,
        test: bytes,
    },
    Rule {
        name: "statuses",
        says: "an exit is told with its code and a death by signal with its number",
        needs: &["spawn", "wait"],
        in_vain: false,
        test: statuses,
    },
    Rule {
        name: "wait-again",
        says: "a second wait is answered, whatever the library makes of it",
        needs: &["spawn", "wait"],
        in_vain: false,
        test: wait_again,
    },
    Rule {
        name: "input",
        says: "input given as a pattern is written to its full length",
        needs: &["spawn", "communicate", "stdio-pipe"],
        in_vain: false,
        test: input,
    },
    Rule {
        name: "timed-wait",
        says: "a limit that runs out is answered with timed_out",
        needs: &["spawn", "wait", "wait-timeout", "kill"],
        in_vain: false,
        test: timed_wait,
    },
    Rule {
        name: "parallel",
        says: "parallel gives one list for each thread with one answer for each operation",
        needs: &["threads"],
        in_vain: false,
        test: parallel,
    },
    Rule {
        name: "lists",
        says: "each thread performs its own list, and a start in it has the handle that it was to have",
        needs: &["spawn", "wait", "threads"],
        in_vain: false,
        test: lists,
    },
    Rule {
        name: "fifos-not-inherited",
        says: "no started program holds a FIFO of the protocol",
        needs: &["spawn", "stdio-pipe", "stdout"],
        in_vain: false,
        test: not_inherited,
    },
    Rule {
        name: "reset-drops",
        says: "after reset no earlier handle is known",
        needs: &["spawn", "wait"],
        in_vain: false,
        test: reset_drops,
    },
    Rule { name: "quit", says: "quit is answered, then the adapter ends with status 0", needs: &[], in_vain: false, test: quit },
];

fn hello(session: &mut Session) -> Result<(), String> {
    // That it came, and its version and pid, were seen to when the session began.
    let hello = &session.hello;
    let empty = [("library", &hello.library), ("version", &hello.version), ("language", &hello.language)];
    empty.iter().find(|(_, text)| text.is_empty()).map_or(Ok(()), |(name, _)| Err(format!("`{name}` is empty")))
}

fn capabilities(session: &mut Session) -> Result<(), String> {
    let Some(strange) = session.hello.capabilities.iter().find(|name| !capability::is_known(name)) else { return Ok(()) };
    let distance = |known: &&str| strsim::damerau_levenshtein(strange, known);
    let near = capability::CAPABILITIES.iter().map(|(name, _)| *name).min_by_key(distance).unwrap_or_default();
    Err(format!("it claims `{strange}`, which is no capability; the nearest is `{near}`"))
}

fn silent(session: &mut Session) -> Result<(), String> {
    let printed = session.printed();
    if printed.is_empty() { Ok(()) } else { Err(format!("it printed {printed:?} to its standard output")) }
}

fn unknown_operation(session: &mut Session) -> Result<(), String> {
    let seq = session.next_seq();
    session.send(format!("{{\"seq\":{seq},\"op\":\"levitate\",\"handle\":\"x\"}}\n").as_bytes())?;
    match session.hear(seq)?.body {
        ReplyBody::Unsupported(_) => Ok(()),
        other => Err(format!("`levitate` was answered with {}", describe(&other))),
    }
}

fn reset_with(session: &mut Session, before: &str, field: &str) -> Result<(), String> {
    let seq = session.next_seq();
    session.send(format!("{before}{{\"seq\":{seq},\"op\":\"reset\"{field}}}\n").as_bytes())?;
    match session.hear(seq)?.body {
        ReplyBody::Ok(_) => Ok(()),
        other => Err(format!("reset was answered with {}", describe(&other))),
    }
}

fn unknown_field(session: &mut Session) -> Result<(), String> {
    reset_with(session, "", ",\"colour\":{\"of\":[\"the\",\"sky\"]}")
}

fn empty_line(session: &mut Session) -> Result<(), String> {
    reset_with(session, "\n\n", "")?;
    session.succeed(&Operation::Reset).map(drop)
}

fn long_line(session: &mut Session) -> Result<(), String> {
    reset_with(session, "", &format!(",\"padding\":\"{}\"", "x".repeat(1 << 20)))
}

fn not_json(session: &mut Session) -> Result<(), String> {
    session.send(b"all is well\n")?;
    match session.hear(0)?.body {
        ReplyBody::Error(_) => session.succeed(&Operation::Reset).map(drop),
        other => Err(format!("a line that is not JSON was answered with {}", describe(&other))),
    }
}

fn two_at_once(session: &mut Session) -> Result<(), String> {
    let seq = session.next_seq();
    session.send(format!("{{\"seq\":{seq},\"op\":\"reset\"}}\n{{\"seq\":{},\"op\":\"reset\"}}\n", seq + 1).as_bytes())?;
    session.hear(seq)?;
    session.hear(seq + 1).map(drop)
}

fn unknown_handle(session: &mut Session) -> Result<(), String> {
    match session.ask(&Operation::Wait { handle: "no such handle".into(), timeout_ms: None })? {
        ReplyBody::Error(_) => Ok(()),
        other => Err(format!("wait on an unknown handle was answered with {}", describe(&other))),
    }
}

fn missing_program(session: &mut Session) -> Result<(), String> {
    let request = SpawnRequest { program: Value::Text("/childproof/no/such/program".into()), ..SpawnRequest::default() };
    match session.ask(&Operation::Spawn(Box::new(request)))? {
        ReplyBody::Error(failure) if failure.errno.as_deref().is_none_or(|errno| errno == "ENOENT") => Ok(()),
        // Whether a library tells is a matter for scenarios; the adapter has to go on either way.
        ReplyBody::Ok(_) => session.succeed(&Operation::Reset).map(drop),
        ReplyBody::Unsupported(reason) => {
            session.passed_over = Some(reason);
            Ok(())
        }
        other => Err(format!("the start of a missing program was answered with {}", describe(&other))),
    }
}

fn nul(session: &mut Session) -> Result<(), String> {
    let args = vec![Value::Text("-c".into()), Value::Text(":".into()), Value::Text("a\0b".into())];
    let request = SpawnRequest { program: Value::Text("/bin/sh".into()), args, ..SpawnRequest::default() };
    session.ask(&Operation::Spawn(Box::new(request)))?;
    session.succeed(&Operation::Reset).map(drop)
}

fn bytes(session: &mut Session) -> Result<(), String> {
    let sent = b"\xff\xfe z\xc3\xa9ro \xed\xa0\x80";
    let handle = session.shell("printf %s \"$1\"", vec![Value::from_bytes(sent)])?;
    let got = session.succeed(&Operation::Read { handle: handle.clone(), stream: "stdout".into(), bytes: None })?;
    let got = got.data.ok_or("the reply to read has no `data`")?;
    if got.bytes().as_deref() != Some(sent) {
        return Err(format!("the bytes {} came back as {got}", Value::from_bytes(sent)));
    }
    finish(session, handle)
}

fn statuses(session: &mut Session) -> Result<(), String> {
    for (script, right) in [("exit 3", Status::Exited(3)), ("kill -9 $$", Status::Killed(9))] {
        let handle = session.shell(script, Vec::new())?;
        match session.succeed(&Operation::Wait { handle, timeout_ms: None })?.status {
            Some(status) if status == right || matches!(status, Status::Unknown(_)) => {}
            Some(other) => return Err(format!("`{script}` was told as {other:?}")),
            None => return Err(format!("the reply to wait after `{script}` has no `status`")),
        }
    }
    Ok(())
}

fn wait_again(session: &mut Session) -> Result<(), String> {
    let handle = session.shell("exit 0", Vec::new())?;
    session.succeed(&Operation::Wait { handle: handle.clone(), timeout_ms: None })?;
    session.ask(&Operation::Wait { handle, timeout_ms: None }).map(drop)
}

fn input(session: &mut Session) -> Result<(), String> {
    let request = SpawnRequest {
        program: Value::Text("/bin/cat".into()),
        stdin: Some(crate::wire::message::Stdio::Pipe),
        stdout: Some(crate::wire::message::Stdio::Pipe),
        ..SpawnRequest::default()
    };
    let handle = session.succeed(&Operation::Spawn(Box::new(request)))?.handle.ok_or("the reply to spawn names no handle")?;
    let input = Some(Data::Pattern { repeat: "0123456789".into(), len: 100_003 });
    let fields = session.succeed(&Operation::Communicate { handle, input, timeout_ms: None })?;
    let length = fields.stdout.and_then(|value| value.bytes()).map(|bytes| bytes.len());
    if length != Some(100_003) {
        return Err(format!("cat was given 100003 bytes and gave back {}", length.map_or("nothing".into(), |n| n.to_string())));
    }
    fields.status.map(drop).ok_or_else(|| "the reply to communicate has no `status`".into())
}

fn timed_wait(session: &mut Session) -> Result<(), String> {
    let handle = session.shell("exec sleep 60", Vec::new())?;
    let timed = session.succeed(&Operation::Wait { handle: handle.clone(), timeout_ms: Some(50) })?;
    session.succeed(&Operation::Kill { handle: handle.clone() })?;
    session.succeed(&Operation::Wait { handle, timeout_ms: None })?;
    if timed.timed_out { Ok(()) } else { Err("a wait of 50 ms for a program that sleeps was not answered with timed_out".into()) }
}

fn parallel(session: &mut Session) -> Result<(), String> {
    let ops = vec![Operation::Poll { handle: "no such handle".into() }; 2];
    let results = session.succeed(&Operation::Parallel { threads: 3, ops, lists: Vec::new() })?.results;
    if results.len() == 3 && results.iter().all(|thread| thread.len() == 2) {
        return Ok(());
    }
    Err(format!("3 threads of 2 operations gave lists of {:?}", results.iter().map(Vec::len).collect::<Vec<_>>()))
}

fn lists(session: &mut Session) -> Result<(), String> {
    let list = |thread: i32| {
        let handle = format!("mine/{thread}");
        let request = SpawnRequest {
            handle: Some(handle.clone()),
            program: Value::Text("/bin/sh".into()),
            args: vec![Value::Text("-c".into()), Value::Text(format!("exit {thread}"))],
            ..SpawnRequest::default()
        };
        vec![Operation::Spawn(Box::new(request)), Operation::Wait { handle, timeout_ms: None }]
    };
    let operation = Operation::Parallel { threads: 3, ops: Vec::new(), lists: (1..=3).map(list).collect() };
    let results = session.succeed(&operation)?.results;
    for (thread, answers) in (1..=3).zip(&results) {
        let status = match answers.as_slice() {
            [ReplyBody::Ok(_), ReplyBody::Ok(fields)] => fields.status.as_ref(),
            _ => None,
        };
        if status != Some(&Status::Exited(thread)) {
            return Err(format!("thread {thread} was to start a program that exits with {thread} and to wait for it: {answers:?}"));
        }
    }
    if results.len() == 3 { Ok(()) } else { Err(format!("3 lists gave {} lists of answers", results.len())) }
}

fn not_inherited(session: &mut Session) -> Result<(), String> {
    let script = "for fd in /dev/fd/*; do for fifo; do [ \"$fd\" -ef \"$fifo\" ] && echo \"$fd\"; done; done; exit 0";
    let fifos = session.fifo_paths();
    let handle = session.shell(script, fifos)?;
    let held = session.succeed(&Operation::Read { handle: handle.clone(), stream: "stdout".into(), bytes: None })?.data;
    finish(session, handle)?;
    match held.as_ref().and_then(Value::text) {
        Some("") => Ok(()),
        other => Err(format!("a started program holds them as {}: open them close-on-exec", other.unwrap_or("?").trim_end())),
    }
}

fn reset_drops(session: &mut Session) -> Result<(), String> {
    let handle = session.shell("exit 0", Vec::new())?;
    finish(session, handle.clone())?;
    session.succeed(&Operation::Reset)?;
    match session.ask(&Operation::Wait { handle, timeout_ms: None })? {
        ReplyBody::Error(_) => Ok(()),
        other => Err(format!("wait on a handle from before reset was answered with {}", describe(&other))),
    }
}

fn quit(session: &mut Session) -> Result<(), String> {
    session.ask(&Operation::Quit)?;
    session.end()
}

/// Reaps a started program where the adapter can.
fn finish(session: &mut Session, handle: String) -> Result<(), String> {
    if !session.claims("wait") {
        return Ok(());
    }
    session.succeed(&Operation::Wait { handle, timeout_ms: None }).map(drop)
}
