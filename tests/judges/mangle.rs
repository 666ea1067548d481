//! Judgement is total: whatever a history says, the judge answers, and soon.

use childproof::judge::judge;
use childproof::trace::{Event, History, What};
use proptest::prelude::*;
use serde_json::Value;

/// One change to a history in its JSON form: which leaf, and what is put there.
#[derive(Clone, Debug)]
enum Change {
    Leaf(usize, Leaf),
    DropEvent(usize),
    SwapEvents(usize, usize),
    Cut(usize, usize),
}

#[derive(Clone, Debug)]
enum Leaf {
    Number(i64),
    Text(String),
    Empty,
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let number = prop_oneof![Just(i64::MAX), Just(i64::MIN), Just(0), Just(-1), Just(i64::from(u32::MAX)), Just(65535), -300i64..300];
    let leaf = prop_oneof![number.prop_map(Leaf::Number), "[a-z0-9:.\\[\\]{} ]{0,40}".prop_map(Leaf::Text), Just(Leaf::Empty)];
    let one = prop_oneof![
        6 => (any::<usize>(), leaf).prop_map(|(at, leaf)| Change::Leaf(at, leaf)),
        1 => any::<usize>().prop_map(Change::DropEvent),
        1 => (any::<usize>(), any::<usize>()).prop_map(|(a, b)| Change::SwapEvents(a, b)),
        2 => (any::<usize>(), any::<usize>()).prop_map(|(at, len)| Change::Cut(at, len)),
    ];
    prop::collection::vec(one, 1..6)
}

fn leaves<'v>(value: &'v mut Value, found: &mut Vec<&'v mut Value>) {
    if value.as_array().is_some_and(|members| !members.is_empty()) {
        value.as_array_mut().into_iter().flatten().for_each(|member| leaves(member, found));
    } else if value.as_object().is_some_and(|members| !members.is_empty()) {
        value.as_object_mut().into_iter().flat_map(|members| members.values_mut()).for_each(|member| leaves(member, found));
    } else {
        found.push(value);
    }
}

/// A change that makes the text no history any more is left out.
fn changed(history: History, change: &Change) -> History {
    let mut mangled = history.clone();
    let events = mangled.events.len().max(1);
    match change {
        Change::Leaf(at, leaf) => return with_leaf(history, *at, leaf),
        Change::DropEvent(at) => drop((!mangled.events.is_empty()).then(|| mangled.events.remove(at % events))),
        Change::SwapEvents(a, b) if !mangled.events.is_empty() => mangled.events.swap(a % events, b % events),
        Change::SwapEvents(..) => {}
        Change::Cut(at, len) => mangled.events.iter_mut().for_each(|event| cut(event, *at, *len)),
    }
    mangled
}

fn cut(event: &mut Event, at: usize, len: usize) {
    if let What::Data { bytes, .. } = &mut event.what {
        let from = at % (bytes.len() + 1);
        let to = from + len % (bytes.len() - from + 1);
        bytes.drain(from..to);
    }
}

fn with_leaf(history: History, at: usize, leaf: &Leaf) -> History {
    let mut value = serde_json::to_value(&history).expect("a history is JSON");
    let mut found = Vec::new();
    leaves(&mut value, &mut found);
    let at = at % found.len().max(1);
    if let Some(place) = found.into_iter().nth(at) {
        *place = match leaf {
            Leaf::Number(number) => Value::from(*number),
            Leaf::Text(text) => Value::from(text.clone()),
            Leaf::Empty => Value::Null,
        };
    }
    serde_json::from_value(value).unwrap_or(history)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_mangled_history_is_judged_without_a_panic(changes in changes()) {
        for (_, holds, breaks) in super::pairs() {
            for history in [holds, breaks] {
                let mangled = changes.iter().fold(history, changed);
                let again = judge(&mangled);
                prop_assert_eq!(&again, &judge(&mangled));
            }
        }
    }
}
