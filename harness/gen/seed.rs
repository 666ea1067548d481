//! Where randomness comes from: one stream per parameter of each case, and nothing shared between them.
//!
//! A failure that was seen once must be drawn again on another machine, next year, alone. So the stream of a parameter
//! depends on four things only: the scenario's id, the run's seed, the case's number and the parameter's name. Not on other
//! scenarios, on the number of jobs, on the width of `usize` or on the hasher of the standard library, which is keyed anew
//! for every process and may change with every release.

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use std::hash::{BuildHasher, Hasher, RandomState};

/// A seed for a run that was given none. It has to be printed: it is the only way back to the cases of the run.
pub fn fresh() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// The stream that draws `parameter` of case `number`.
pub fn stream(scenario: &str, seed: u64, number: u32, parameter: &str) -> TestRng {
    let mut state = fnv1a(scenario.as_bytes()) ^ mix(seed) ^ mix(fnv1a(parameter.as_bytes()) ^ u64::from(number) << 32);
    let mut key = [0; 32];
    for word in key.chunks_exact_mut(8) {
        state = state.wrapping_add(GOLDEN);
        word.copy_from_slice(&mix(state).to_le_bytes());
    }
    TestRng::from_seed(RngAlgorithm::ChaCha, &key)
}

/// A number below `bound` (at least 1), each equally likely.
///
/// Own arithmetic instead of `rand`'s distributions: those may draw another number of words in another release, and all
/// seeds would then name other cases.
pub fn below(rng: &mut TestRng, bound: u64) -> u64 {
    let bound = bound.max(1);
    // The largest multiple of `bound`; words from there on would favour the low remainders.
    let fair = u64::MAX - u64::MAX % bound;
    loop {
        let word = rng.next_u64();
        if word < fair {
            return word % bound;
        }
    }
}

/// A number of the inclusive range.
pub fn between(rng: &mut TestRng, low: i64, high: i64) -> i64 {
    let width = high.wrapping_sub(low) as u64;
    let step = if width == u64::MAX { rng.next_u64() } else { below(rng, width + 1) };
    low.wrapping_add(step as i64)
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// FNV-1a over 64 bits: fixed for ever, and good enough in front of [`mix`].
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The finaliser of SplitMix64: every bit of the input changes half of the output.
fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_four_things_give_the_same_stream_and_any_other_gives_another() {
        let first = |scenario, seed, number, parameter| stream(scenario, seed, number, parameter).next_u64();
        let base = first("pipe/sigpipe", 7, 3, "size");
        assert_eq!(base, first("pipe/sigpipe", 7, 3, "size"));
        for other in [
            first("pipe/eof", 7, 3, "size"),
            first("pipe/sigpipe", 8, 3, "size"),
            first("pipe/sigpipe", 7, 4, "size"),
            first("pipe/sigpipe", 7, 3, "n"),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn the_stream_is_the_same_on_every_platform_and_in_every_release() {
        let mut stream = stream("pipe/sigpipe", 1, 0, "size");
        assert_eq!((0..4).map(|_| between(&mut stream, 1, 131_072)).collect::<Vec<_>>(), PINNED);
    }

    const PINNED: [i64; 4] = [117_029, 61_885, 18_044, 8_554];

    #[test]
    fn the_ends_of_a_range_are_drawn_and_nothing_outside() {
        let mut stream = stream("a/b", 0, 0, "x");
        let drawn: Vec<i64> = (0..200).map(|_| between(&mut stream, -2, 2)).collect();
        assert!((-2..=2).all(|n| drawn.contains(&n)), "{drawn:?}");
        assert!(drawn.iter().all(|n| (-2..=2).contains(n)));
        between(&mut stream, i64::MIN, i64::MAX);
    }
}
