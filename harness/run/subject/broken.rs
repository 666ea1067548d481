//! Adapters that break one rule of the protocol each, so that `check-adapter` can be shown to name it.
//!
//! `childproof __subject broken:HOW`.

use crate::wire::adapter::{self, done, hello};
use crate::wire::codec;
use crate::wire::message::{HelloLine, REPLIES, REQUESTS, Reply};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};

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

/// Answers everything with an empty success, apart from what is broken.
pub fn main(how: &str) -> ! {
    let code = match how {
        "fails-at-quit" => fail_at_quit(),
        _ if HOW.contains(&how) => i32::from(serve(how).is_err()),
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
