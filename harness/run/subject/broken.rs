//! Adapters that break one rule of the protocol each, so that `check-adapter` can be shown to name it.
//!
//! Those of [`MEAN`] do worse than break a rule: they keep to none, so that the sandbox and the client can be shown to bear it.
//!
//! `childproof __subject broken:HOW`.

use crate::wire::adapter::{self, done, hello};
use crate::wire::codec;
use crate::wire::message::{HelloLine, Operation, REPLIES, REQUESTS, Reply};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};

#[cfg_attr(target_os = "linux", path = "hostile/linux.rs")]
#[cfg_attr(target_os = "macos", path = "hostile/macos.rs")]
pub mod hostile;

/// The ways in which an adapter can be broken here.
pub const HOW: &[&str] = &[
    "wrong-seq",
    "two-replies",
    "not-json",
    "wrong-pid",
    "wrong-version",
    "silent",
    "crashes",
    "unknown-field",
    "prints",
    "strange-claim",
    "fails-at-quit",
];

/// The ways in which an adapter can mean harm to whoever speaks to it.
pub const MEAN: &[&str] = &[
    "floods",
    "endless-line",
    "deep-nesting",
    "answers-first",
    "dies-mid-line",
    "hangs-in-hello",
    "hangs-in-spawn",
    "hangs-in-reset",
    "unlinks-fifos",
];

/// Answers everything with an empty success, apart from what is broken.
pub fn main(how: &str) -> ! {
    let code = match how {
        "fails-at-quit" => fail_at_quit(),
        _ if HOW.contains(&how) => i32::from(serve(how).is_err()),
        _ if MEAN.contains(&how) => i32::from(harm(how).is_err()),
        _ if hostile::HOW.contains(&how) => i32::from(attack(how).is_err()),
        _ => 2,
    };
    std::process::exit(code)
}

/// An adapter that keeps every rule for lack of claims, up to the last.
fn fail_at_quit() -> i32 {
    let _ = adapter::serve(hello("broken", "1", "rust", &[]), |_| done());
    7
}

fn open(variable: &str, options: &OpenOptions) -> io::Result<File> {
    options.open(std::env::var_os(variable).ok_or(io::ErrorKind::NotFound)?)
}

/// Waits for what does not come.
fn hang() -> ! {
    loop {
        std::thread::park();
    }
}

fn reply(seq: u64) -> Vec<u8> {
    codec::line(&Reply { seq, pid: nix::unistd::getpid().as_raw(), body: done() })
}

fn harm(how: &str) -> io::Result<()> {
    let requests = BufReader::new(open(REQUESTS, OpenOptions::new().read(true))?);
    let mut replies = open(REPLIES, OpenOptions::new().write(true))?;
    if how == "hangs-in-hello" {
        hang();
    }
    let mut first = codec::line(&HelloLine { hello: hello("mean", "1", "rust", &["spawn"]) });
    if how == "answers-first" {
        first.extend(reply(1));
    }
    replies.write_all(&first)?;
    for line in requests.lines() {
        let Ok((seq, operation)) = codec::request(line?.as_bytes()) else { continue };
        match (how, &operation) {
            ("hangs-in-spawn", Operation::Spawn(_)) | ("hangs-in-reset", Operation::Reset) => hang(),
            ("floods", _) => loop {
                replies.write_all(&reply(seq))?;
            },
            ("endless-line", _) => loop {
                replies.write_all(&[b'x'; 4096])?;
            },
            ("deep-nesting", _) => replies.write_all(&[vec![b'['; 1_000_000], b"\n".to_vec()].concat())?,
            ("dies-mid-line", _) => {
                let whole = reply(seq);
                return replies.write_all(&whole[..whole.len() / 2]);
            }
            ("unlinks-fifos", Operation::Spawn(_)) => {
                for name in [REQUESTS, REPLIES] {
                    std::fs::remove_file(std::env::var_os(name).ok_or(io::ErrorKind::NotFound)?)?;
                }
                replies.write_all(&reply(seq))?;
            }
            _ => replies.write_all(&reply(seq))?,
        }
    }
    Ok(())
}

/// Keeps every rule of the protocol, and attacks the machine when it is asked to start something.
fn attack(how: &str) -> io::Result<()> {
    adapter::serve(hello("hostile", "1", "rust", &["spawn"]), |operation| match operation {
        Operation::Spawn(_) => hostile::attack(how),
        _ => done(),
    })
}

fn serve(how: &str) -> io::Result<()> {
    let requests = BufReader::new(open(REQUESTS, OpenOptions::new().read(true))?);
    let mut replies = open(REPLIES, OpenOptions::new().write(true))?;
    let mut hello = hello("broken", "1", "rust", &["spawn"]);
    match how {
        "wrong-version" => hello.protocol = "9.0".into(),
        "strange-claim" => hello.capabilities = vec!["spwan".into()],
        "prints" => println!("hello, world"),
        // Until it is ended from outside.
        "silent" => return requests.lines().try_for_each(|line| line.map(drop)),
        _ => {}
    }
    replies.write_all(&codec::line(&HelloLine { hello }))?;
    for line in requests.lines() {
        let Ok((seq, _)) = codec::request(line?.as_bytes()) else { continue };
        let right = codec::line(&Reply { seq, pid: nix::unistd::getpid().as_raw(), body: done() });
        match how {
            "wrong-seq" => replies.write_all(&codec::line(&Reply { seq: seq + 1, pid: nix::unistd::getpid().as_raw(), body: done() }))?,
            "wrong-pid" => replies.write_all(&codec::line(&Reply { seq, pid: 1, body: done() }))?,
            "two-replies" => replies.write_all(&[right.clone(), right].concat())?,
            "not-json" => replies.write_all(b"all is well\n")?,
            "unknown-field" => replies.write_all(&[b"{\"colour\":1,", &right[1..]].concat())?,
            "crashes" => std::process::abort(),
            _ => {}
        }
    }
    Ok(())
}
