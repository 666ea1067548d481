//! The client against itself: a test process plays the adapter through two ordinary pipes, each opened so that it never ends.

use super::*;
use std::os::fd::{AsRawFd, OwnedFd};

struct Pair {
    _request: (OwnedFd, OwnedFd),
    reply: (OwnedFd, OwnedFd),
    client: Client,
}

fn pair() -> Pair {
    let request = nix::unistd::pipe().expect("pipe");
    let reply = nix::unistd::pipe().expect("pipe");
    let client = Client::new(request.1.as_raw_fd(), reply.0.as_raw_fd(), me());
    Pair { _request: request, reply, client }
}

fn me() -> i32 {
    nix::unistd::getpid().as_raw()
}

fn say(pair: &Pair, seq: u64, pid: i32) {
    let line = format!("{{\"seq\":{seq},\"pid\":{pid},\"ok\":{{}}}}\n");
    nix::unistd::write(&pair.reply.1, line.as_bytes()).expect("write");
}

fn protocol(result: Result<Reply, WireError>) -> String {
    match result {
        Err(WireError::Protocol(message)) => message,
        other => panic!("expected a broken rule, got {other:?}"),
    }
}

#[test]
fn the_right_answer_is_taken() {
    let mut pair = pair();
    pair.client.send_raw(b"x\n", 1000).expect("send");
    say(&pair, 5, me());
    assert_eq!(pair.client.answer_to(5, 1000).expect("answer").seq, 5);
    assert!(pair.client.extra_replies().is_empty());
}

#[test]
fn a_second_answer_is_kept_and_named_at_the_next_question() {
    let mut pair = pair();
    say(&pair, 1, me());
    say(&pair, 1, me());
    pair.client.answer_to(1, 1000).expect("answer");
    assert!(protocol(pair.client.ask(&Operation::Reset, 1000)).starts_with("two replies"));
    assert_eq!(pair.client.extra_replies(), [Seen { seq: 1, pid: me() }]);
}

#[test]
fn another_process_is_named() {
    let mut pair = pair();
    say(&pair, 1, 1);
    assert!(protocol(pair.client.answer_to(1, 1000)).starts_with("wrong pid"));
    assert_eq!(pair.client.extra_replies(), [Seen { seq: 1, pid: 1 }]);
}

#[test]
fn the_adapter_itself_is_heard_after_another_process() {
    let mut pair = pair();
    say(&pair, 1, 1);
    say(&pair, 1, me());
    assert_eq!(pair.client.answer_to(1, 1000).expect("answer").pid, me());
    assert_eq!(pair.client.extra_replies(), [Seen { seq: 1, pid: 1 }]);
}

#[test]
fn another_number_is_named() {
    let mut pair = pair();
    say(&pair, 9, me());
    assert!(protocol(pair.client.answer_to(1, 1000)).starts_with("wrong seq"));
}

#[test]
fn silence_times_out() {
    let mut pair = pair();
    assert!(matches!(pair.client.ask(&Operation::Reset, 10), Err(WireError::TimedOut)));
}

#[test]
fn a_dead_adapter_is_told_from_a_silent_one() {
    let mut child = std::process::Command::new("true").spawn().expect("true");
    let mut pair = pair();
    let pid = i32::try_from(child.id()).expect("pid");
    pair.client = Client::new(pair._request.1.as_raw_fd(), pair.reply.0.as_raw_fd(), pid);
    say(&pair, 1, pid);
    child.wait().expect("wait");
    assert_eq!(pair.client.answer_to(1, 10_000).expect("its last words").pid, pid);
    assert!(matches!(pair.client.answer_to(2, 10_000), Err(WireError::Died { .. })));
}
