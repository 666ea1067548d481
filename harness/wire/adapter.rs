//! The adapter's side of the protocol, for adapters written in Rust.
//!
//! The FIFOs are opened close-on-exec, so that no started program inherits them, and moved above 2, so that a subject that is
//! started with a standard descriptor closed keeps it closed.

use super::codec;
use super::message::{Data, Failure, Fields, Hello, HelloLine, Operation, PROTOCOL, REPLIES, REQUESTS, Reply, ReplyBody};
use crate::plan::value::Value;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl, open};
use nix::sys::stat::Mode;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::sync::Barrier;

/// A hello of this process.
pub fn hello(library: &str, version: &str, language: &str, capabilities: &[&str]) -> Hello {
    Hello {
        protocol: PROTOCOL.into(),
        library: library.into(),
        version: version.into(),
        language: language.into(),
        pid: nix::unistd::getpid().as_raw(),
        capabilities: capabilities.iter().map(|&name| name.to_owned()).collect(),
    }
}

/// Says hello and answers requests until `quit` has been answered. `reset` reaches `answer` too; `quit` does not.
///
/// # Errors
/// A FIFO that is not named in the environment, cannot be opened, read or written.
pub fn serve(hello: Hello, mut answer: impl FnMut(&Operation) -> ReplyBody) -> io::Result<()> {
    let mut requests = BufReader::new(open_above_two(REQUESTS, OFlag::O_RDONLY)?);
    let mut replies = open_above_two(REPLIES, OFlag::O_WRONLY)?;
    replies.write_all(&codec::line(&HelloLine { hello }))?;
    let mut line = Vec::new();
    loop {
        line.clear();
        if requests.read_until(b'\n', &mut line)? == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the requests came to an end without quit"));
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let (seq, body, last) = match codec::request(&line) {
            Ok((seq, Operation::Quit)) => (seq, done(), true),
            Ok((seq, operation)) => (seq, answer(&operation), false),
            Err((seq, body)) => (seq, body, false),
        };
        // The pid is asked for each time: it tells when a library let a forked child go on in here.
        replies.write_all(&codec::line(&Reply { seq, pid: nix::unistd::getpid().as_raw(), body }))?;
        if last {
            return Ok(());
        }
    }
}

/// [`serve`] as the whole life of a process: status 0 after `quit`, 1 with a message on standard error otherwise.
pub fn run(hello: Hello, answer: impl FnMut(&Operation) -> ReplyBody) -> ! {
    match serve(hello, answer) {
        Ok(()) => std::process::exit(0),
        Err(error) => {
            // Not `eprintln!`, which panics when the subject was started without a standard error.
            let _ = writeln!(io::stderr(), "adapter: {error}");
            std::process::exit(1)
        }
    }
}

fn open_above_two(variable: &str, flags: OFlag) -> io::Result<File> {
    let path = std::env::var_os(variable).ok_or_else(|| {
        io::Error::new(io::ErrorKind::NotFound, format!("{variable} is not set: childproof starts adapters, see check-adapter"))
    })?;
    let first = open(path.as_os_str(), flags | OFlag::O_CLOEXEC, Mode::empty())?;
    let fd = fcntl(&first, FcntlArg::F_DUPFD_CLOEXEC(3))?;
    // SAFETY: the kernel just made this descriptor and nobody else has it.
    Ok(File::from(unsafe { OwnedFd::from_raw_fd(fd) }))
}

/// Success without fields.
pub fn done() -> ReplyBody {
    ReplyBody::Ok(Box::default())
}

/// Success with fields.
pub fn ok(fields: Fields) -> ReplyBody {
    ReplyBody::Ok(Box::new(fields))
}

/// An error as Rust's library tells it: the errno's name where there is one.
pub fn failed(error: &io::Error) -> ReplyBody {
    ReplyBody::Error(Failure {
        errno: error.raw_os_error().map(errno_name),
        kind: format!("{:?}", error.kind()),
        message: error.to_string(),
    })
}

/// The name of an errno: `ENOENT`.
pub fn errno_name(errno: i32) -> String {
    format!("{:?}", Errno::from_raw(errno))
}

/// An error of the adapter itself or of a library that names no errno.
pub fn refused(kind: &str, message: impl Into<String>) -> ReplyBody {
    ReplyBody::Error(Failure { errno: None, kind: kind.into(), message: message.into() })
}

/// The answer to a question about a handle that is not known (any more).
pub fn unknown_handle(handle: &str) -> ReplyBody {
    refused("UnknownHandle", format!("there is no handle `{handle}`"))
}

/// A name, path or argument of a request.
///
/// # Errors
/// `InvalidInput` when the value is neither text nor bytes.
pub fn text(value: &Value) -> io::Result<OsString> {
    value
        .bytes()
        .map(OsString::from_vec)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, format!("{} is not text or bytes", value.kind())))
}

/// The bytes of an input.
///
/// # Errors
/// `InvalidInput` when they cannot be told.
pub fn input(data: &Data) -> io::Result<Vec<u8>> {
    codec::bytes(data).map_err(|message| io::Error::new(io::ErrorKind::InvalidInput, message))
}

/// `parallel`: so many threads begin together, each answers all of `operations`, or its own of `lists`, in order.
pub fn in_threads(
    threads: u32,
    operations: &[Operation],
    lists: &[Vec<Operation>],
    answer: impl Fn(&Operation) -> ReplyBody + Sync,
) -> ReplyBody {
    let start = Barrier::new(threads as usize);
    let thread = |index: usize| {
        start.wait();
        lists.get(index).map_or(operations, Vec::as_slice).iter().map(&answer).collect()
    };
    let results = std::thread::scope(|scope| {
        let thread = &thread;
        let running: Vec<_> = (0..threads as usize).map(|index| scope.spawn(move || thread(index))).collect();
        running.into_iter().map(|thread| thread.join().unwrap_or_default()).collect()
    });
    ok(Fields { results, ..Fields::default() })
}
