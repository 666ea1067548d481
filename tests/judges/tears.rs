//! Whatever way writes are torn and interleaved, the judge neither blames who did nothing wrong nor misses a lost byte.

use super::build::{Build, text};
use super::finding;
use childproof::judge::judge;
use childproof::judge::verdict::{Finding, Verdict};
use proptest::prelude::*;

/// Sizes of the writers' records, and which writer goes on with how many bytes.
type Layout = (Vec<u32>, Vec<(usize, usize)>);

fn layouts() -> impl Strategy<Value = Layout> {
    let lengths = prop_oneof![1usize..4, 1usize..20, 40usize..90];
    (prop::collection::vec(40u32..120, 2..5), prop::collection::vec((any::<usize>(), lengths), 0..60))
}

/// The length of a header with one byte of fill: a write is torn there once at most, as pipes do it.
const HEAD: usize = 17;

/// One writer's records: what is left of them, how far into the current one, and whether its header was torn.
struct Writer {
    left: Vec<u8>,
    size: usize,
    at: usize,
    torn: bool,
}

impl Writer {
    /// So many of its bytes, more where a header would be torn a second time.
    fn gives(&mut self, len: usize) -> Vec<u8> {
        let end = (self.at + len) % self.size;
        let again = (1..HEAD).contains(&end) && (self.torn && self.at + len < self.size);
        let len = if again { HEAD.saturating_sub(self.at).max(len) } else { len }.min(self.left.len());
        let end = self.at + len;
        self.torn = (1..HEAD).contains(&(end % self.size));
        self.at = end % self.size;
        self.left.drain(..len).collect()
    }
}

/// Interleaves the strings: the chosen one gives so many of its bytes; in the end each gives what it has left.
fn interleaved(strings: Vec<Vec<u8>>, sizes: &[u32], turns: &[(usize, usize)]) -> Vec<u8> {
    let mut writers: Vec<Writer> =
        strings.into_iter().zip(sizes).map(|(left, size)| Writer { left, size: *size as usize, at: 0, torn: false }).collect();
    let mut stream = Vec::new();
    for (who, len) in turns {
        let who = who % writers.len();
        stream.extend(writers[who].gives(*len));
    }
    stream.extend(writers.into_iter().flat_map(|writer| writer.left));
    stream
}

fn judged(layout: &Layout, change: impl FnOnce(&mut Vec<u8>)) -> Verdict {
    let (sizes, turns) = layout;
    let mut b = Build::platform("pipe/large-writes");
    let mut strings = Vec::new();
    for (index, size) in sizes.iter().enumerate() {
        let writer = b.fork(&format!("writer[{index}]"));
        strings.push(b.writes(writer, "write-records", "p.write", 6, *size).concat());
    }
    let mut stream = interleaved(strings, sizes, turns);
    change(&mut stream);
    b.reads("p.read", &[&stream]);
    for property in ["bytes-conserved", "order-kept", "exactly-once"] {
        b.check(property, &[("stream", text("p.read"))]);
    }
    judge(&b.done())
}

/// As Linux does it: the odd bytes of each write fill up the last page, whole pages follow, whoever's turn it is. The stubs are
/// of every length up to a header's.
#[test]
fn large_writes_are_put_together_again() {
    for stub in 1..=17 {
        let sizes = vec![2 * 4096 + stub as u32; 4];
        let round = [0, 1, 2, 3].map(|who| (who, stub)).into_iter().chain([3, 1, 0, 2, 1, 0, 3, 2].map(|who| (who, 4096)));
        let turns = round.clone().chain(round.clone()).chain(round).collect();
        let verdict = judged(&(sizes, turns), |_| ());
        for property in ["bytes-conserved", "order-kept"] {
            assert_eq!(finding(&verdict, property), &Finding::Pass, "{property} with stubs of {stub} bytes");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tearing_is_no_loss_and_no_disorder(layout in layouts()) {
        let verdict = judged(&layout, |_| ());
        prop_assert_eq!(finding(&verdict, "bytes-conserved"), &Finding::Pass);
        for property in ["order-kept", "exactly-once"] {
            prop_assert!(!matches!(finding(&verdict, property), Finding::Fail(_)), "{:?}", finding(&verdict, property));
        }
    }

    #[test]
    fn a_lost_or_doubled_byte_is_found(layout in layouts(), at in any::<usize>(), lost in any::<bool>()) {
        let verdict = judged(&layout, |stream| {
            let at = at % stream.len();
            if lost { stream.remove(at); } else { stream.insert(at, stream[at]) }
        });
        prop_assert!(matches!(finding(&verdict, "bytes-conserved"), Finding::Fail(_)), "{:?}", finding(&verdict, "bytes-conserved"));
    }

    #[test]
    fn whole_records_in_any_mixture_pass(sizes in prop::collection::vec(17u32..120, 2..5), turns in prop::collection::vec(any::<usize>(), 0..40)) {
        let smallest = *sizes.iter().min().unwrap_or(&17);
        let same = vec![smallest; sizes.len()];
        let turns = turns.into_iter().map(|who| (who, smallest as usize)).collect();
        let verdict = judged(&(same, turns), |_| ());
        for property in ["bytes-conserved", "order-kept", "exactly-once"] {
            prop_assert_eq!(finding(&verdict, property), &Finding::Pass);
        }
    }
}
