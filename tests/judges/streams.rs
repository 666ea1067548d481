//! Histories of the properties about streams, frames, connections and counters.

use super::build::{Build, ROOT, state, text};
use childproof::plan::script::{Asked, Outcome};
use childproof::plan::value::Value;
use childproof::trace::{History, What};

/// Name, one that holds, one that breaks.
pub fn all() -> Vec<super::Pair> {
    vec![
        (
            "exactly-once",
            records("exactly-once", in_turn),
            records("exactly-once", |a, b| [&a[0], &b[0], &a[1], &b[1], &a[1]].map(|r| &r[..]).concat()),
        ),
        (
            "bytes-conserved",
            records("bytes-conserved", torn),
            records("bytes-conserved", |a, b| [&a[0], &b[0], &b[1], &a[1][..40]].concat()),
        ),
        ("order-kept", records("order-kept", in_turn), records("order-kept", |a, b| [&a[1], &b[0], &b[1], &a[0]].map(|r| &r[..]).concat())),
        ("atoms-whole", records("atoms-whole", in_turn), records("atoms-whole", torn)),
        ("frames-whole", frames("frames-whole", whole), frames("frames-whole", between)),
        ("frames-torn", frames("frames-torn", between), frames("frames-torn", |a, b| [&whole(a, b)[..130], b"lost"].concat())),
        ("output-equals", output("0123456789abcdef0123"), output("0123456789abcdef01")),
        ("output-apart", collected([0, 1]), collected([1, 0])),
        ("connections", connections(1), connections(2)),
        ("connections-settled", settled(true), settled(false)),
        ("messages-whole", messages(&[40, 40]), messages(&[80])),
        ("counter-total", counter("counter-total", 2000), counter("counter-total", 1987)),
        ("linearizable", fetch_adds(1), fetch_adds(0)),
        ("counter-at-most", counter("counter-at-most", 1987), counter("counter-at-most", 2001)),
    ]
}

type Layout = fn(&[Vec<u8>], &[Vec<u8>]) -> Vec<u8>;

fn in_turn(a: &[Vec<u8>], b: &[Vec<u8>]) -> Vec<u8> {
    [&a[0], &b[0], &b[1], &a[1]].map(|record| &record[..]).concat()
}

fn torn(a: &[Vec<u8>], b: &[Vec<u8>]) -> Vec<u8> {
    [&a[0][..], &b[0][..40], &a[1][..], &b[0][40..], &b[1][..]].concat()
}

/// Two writers of two records each share a pipe.
fn records(property: &str, layout: Layout) -> History {
    let mut b = Build::platform("pipe/atomic");
    let (first, second) = (b.fork("writer[0]"), b.fork("writer[1]"));
    let one = b.writes(first, "write-records", "p.write", 2, 64);
    let two = b.writes(second, "write-records", "p.write", 2, 64);
    let bytes = layout(&one, &two);
    let (head, tail) = bytes.split_at(100);
    b.reads("p.read", &[head, tail]);
    b.ends(first);
    b.ends(second);
    let size = if property == "atoms-whole" {
        vec![("stream", text("p.read")), ("size", Value::Int(4096))]
    } else {
        vec![("stream", text("p.read"))]
    };
    b.check(property, &size);
    b.done()
}

fn whole(a: &[Vec<u8>], b: &[Vec<u8>]) -> Vec<u8> {
    [b"0048", &a[0][..], b"0048", &b[0], b"0048", &a[1], b"0048", &b[1]].concat()
}

/// The length of one frame, and another's frame before its text.
fn between(a: &[Vec<u8>], b: &[Vec<u8>]) -> Vec<u8> {
    [b"0048", &a[0][..], b"0048", b"0048", &b[0], &a[1], b"0048", &b[1]].concat()
}

fn frames(property: &str, layout: Layout) -> History {
    let mut b = Build::platform("socket/torn-frames");
    let (first, second) = (b.fork("sender[0]"), b.fork("sender[1]"));
    let one = b.writes(first, "send-frames", "c", 2, 48);
    let two = b.writes(second, "send-frames", "c", 2, 48);
    b.reads("a", &[&layout(&one, &two)]);
    b.ends(first);
    b.ends(second);
    b.check(property, &[("stream", text("a"))]);
    b.done()
}

fn output(bytes: &str) -> History {
    let mut b = Build::platform("output/after-exit");
    let child = b.fork("child");
    b.does(child, "write", "p.write", Outcome::Done(Some(20)));
    b.reads("p.read", &[bytes.as_bytes()]);
    b.ends(child);
    b.check("output-equals", &[("stream", text("p.read")), ("bytes", Value::Int(20))]);
    b.done()
}

/// Two programs write a record each, and two calls return the output of these two.
fn collected(order: [usize; 2]) -> History {
    let mut b = Build::library("run/concurrent");
    let children = ["child[0]", "child[1]"].map(|name| b.spawn(name, Asked::default(), state(ROOT)));
    let written = children.map(|child| b.writes(child, "write-records", "stdout", 1, 64));
    for (at, child) in children.into_iter().enumerate() {
        let name = format!("child[{at}].stdout");
        b.reads(&name, &[&written[order[at]][0]]);
        b.ends(child);
    }
    b.check("output-apart", &[("stream", text("child.stdout"))]);
    b.done()
}

fn connections(accepted: u32) -> History {
    let mut b = Build::platform("socket/shared-connection");
    for _ in 0..accepted {
        b.does(0, "accept", "server", Outcome::Done(None));
    }
    b.check("connections", &[("of", text("server")), ("is", Value::Int(1))]);
    b.done()
}

/// One client is served, the connection of the other is reset, or nothing is told to it.
fn settled(told: bool) -> History {
    let mut b = Build::platform("socket/reuseport-death");
    for name in ["line", "other"] {
        let id = b.does(0, "connect", name, Outcome::Done(None));
        b.h.script.steps[id as usize].label = format!("connect {name} to door");
    }
    b.does(0, "accept", "door", Outcome::Done(None));
    let end = if told { Outcome::Error("ECONNRESET".into()) } else { Outcome::Eof };
    let read = b.does(0, "read", "other", end.clone());
    b.h.script.steps[read as usize].expect = vec![end];
    b.check("connections-settled", &[]);
    b.done()
}

/// Two datagrams of 40 bytes, received in reads of these sizes.
fn messages(reads: &[usize]) -> History {
    let mut b = Build::platform("socket/datagrams");
    let writer = b.fork("writer");
    let sent = b.writes(writer, "write-records", "p.a", 2, 40).concat();
    let mut at = 0;
    let parts: Vec<&[u8]> = reads
        .iter()
        .map(|size| {
            at += size;
            &sent[at - size..at]
        })
        .collect();
    b.reads("p.b", &parts);
    b.ends(writer);
    b.check("messages-whole", &[("stream", text("p.b"))]);
    b.done()
}

fn counter(property: &str, value: i64) -> History {
    let mut b = Build::platform("shm/counter");
    let step = b.step(0, "load", "counter").id;
    b.event(0, Some(step), What::Call);
    b.event(0, Some(step), What::Number { name: "counter".into(), value });
    b.event(0, Some(step), What::Return { outcome: Outcome::Done(Some(value)), of: None });
    b.check(property, &[("of", text("counter")), ("is", Value::Int(2000))]);
    b.done()
}

/// Two workers add at the same time; the second one is told this value.
fn fetch_adds(told: i64) -> History {
    let mut b = Build::platform("shm/atomics");
    let made = b.step(0, "shared", "counter");
    made.operands = vec![0];
    let made = made.id;
    b.performs(0, made, Outcome::Done(None), None);
    let (first, second) = (b.fork("worker[0]"), b.fork("worker[1]"));
    let steps = [first, second].map(|worker| {
        let step = b.step(worker, "fetch-add", "counter");
        step.operands = vec![1];
        let id = step.id;
        b.event(worker, Some(id), What::Call);
        id
    });
    for (worker, step, told) in [(second, steps[1], told), (first, steps[0], 0)] {
        b.event(worker, Some(step), What::Return { outcome: Outcome::Done(Some(told)), of: None });
    }
    b.ends(first);
    b.ends(second);
    b.check("linearizable", &[("of", text("counter")), ("as", text("counter"))]);
    b.done()
}
