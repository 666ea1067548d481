//! Known good and bad histories, and every small one against all orders there are.

use super::model::{Cell, CellOp, Offset, OffsetOp, PidOp, Pids, Semaphore, SemaphoreOp};
use super::queue::{Queue, QueueOp};
use super::search::{search, within};
use super::{Answer, Interval, Model};
use proptest::prelude::*;

fn op<Op>(call: usize, end: usize, op: Op) -> Interval<Op> {
    Interval { call, end: Some(end), op }
}

fn pending<Op>(call: usize, op: Op) -> Interval<Op> {
    Interval { call, end: None, op }
}

fn holds<M: Model>(model: &M, operations: &[Interval<M::Op>]) -> bool {
    match search(model, operations) {
        Answer::Holds(_) => true,
        Answer::Broken(_) => false,
        Answer::Undecided(looks) => panic!("undecided after {looks} looks"),
    }
}

const POSIX: Queue = Queue { most: Some(2), posix: true };
const SYSV: Queue = Queue { most: None, posix: false };

#[test]
fn overlapping_additions_may_take_effect_in_either_order() {
    use CellOp::Add;
    let cell = Cell { start: 0 };
    assert!(holds(&cell, &[op(0, 3, Add(1, Some(1))), op(1, 2, Add(1, Some(0)))]));
    assert!(!holds(&cell, &[op(0, 1, Add(1, Some(1))), op(2, 3, Add(1, Some(0)))]), "the first had returned before the second began");
    assert!(!holds(&cell, &[op(0, 3, Add(1, Some(0))), op(1, 2, Add(1, Some(0)))]), "both saw the same value: one was lost");
}

#[test]
fn an_exchange_tells_what_was_there() {
    use CellOp::{Exchange, Load};
    let cell = Cell { start: 5 };
    assert!(holds(&cell, &[op(0, 5, Exchange(7, Some(5))), op(1, 4, Exchange(8, Some(7))), op(6, 7, Load(Some(8)))]));
    assert!(!holds(&cell, &[op(0, 5, Exchange(7, Some(5))), op(1, 4, Exchange(8, Some(7))), op(6, 7, Load(Some(7)))]));
}

#[test]
fn what_never_returned_may_have_happened_or_not() {
    use CellOp::{Add, Load};
    let cell = Cell { start: 0 };
    for seen in [0, 5] {
        assert!(holds(&cell, &[pending(0, Add(5, None)), op(1, 2, Load(Some(seen)))]));
    }
    assert!(!holds(&cell, &[op(0, 1, Load(Some(5))), pending(2, Add(5, None))]), "not before it was called");
    assert!(!holds(&cell, &[pending(0, Add(5, None)), op(1, 2, Load(Some(5))), op(3, 4, Load(Some(0)))]), "and not undone");
}

#[test]
fn a_semaphore_lets_through_no_more_than_were_posted() {
    use SemaphoreOp::{Down, DownPending, GivenUp, Refused, Up};
    let semaphore = Semaphore { start: 1 };
    assert!(holds(&semaphore, &[op(0, 1, Down), op(2, 5, Down), op(3, 4, Up)]));
    assert!(!holds(&semaphore, &[op(0, 1, Down), op(2, 3, Down), op(4, 5, Up)]));
    assert!(holds(&semaphore, &[op(0, 1, Down), op(2, 3, Refused), op(4, 5, Up)]));
    assert!(!holds(&semaphore, &[op(0, 1, Refused), op(2, 3, Down)]), "refused although it stood at 1");
    assert!(holds(&semaphore, &[pending(0, DownPending), op(1, 2, Refused)]), "who died may have taken it");
    assert!(holds(&semaphore, &[op(0, 1, GivenUp), op(2, 3, Down)]));
}

#[test]
fn the_oldest_message_of_the_highest_priority_comes_first() {
    use QueueOp::{Empty, Full, Received, Sent};
    let sent = [op(0, 1, Sent((1, 10))), op(2, 3, Sent((9, 20)))];
    let with = |rest: &[Interval<QueueOp>]| [&sent[..], rest].concat();
    assert!(holds(&POSIX, &with(&[op(4, 5, Received(0, Some(20))), op(6, 7, Received(0, Some(10))), op(8, 9, Empty(0))])));
    assert!(!holds(&POSIX, &with(&[op(4, 5, Received(0, Some(10)))])));
    assert!(holds(&POSIX, &with(&[op(4, 5, Full)])));
    assert!(!holds(&POSIX, &with(&[op(4, 5, Empty(0))])));
    assert!(!holds(&POSIX, &with(&[op(4, 5, Sent((1, 30)))])), "it was full");
    assert!(!holds(&POSIX, &with(&[op(4, 5, Received(0, Some(20))), op(6, 7, Received(0, Some(20)))])), "received twice");
}

#[test]
fn a_wish_chooses_by_type() {
    use QueueOp::{Empty, Received, Sent};
    let sent = [op(0, 1, Sent((3, 1))), op(2, 3, Sent((2, 2))), op(4, 5, Sent((2, 3)))];
    let with = |rest: &[Interval<QueueOp>]| [&sent[..], rest].concat();
    for (wish, number) in [(0, 1), (2, 2), (3, 1), (-2, 2), (-9, 2)] {
        assert!(holds(&SYSV, &with(&[op(6, 7, Received(wish, Some(number)))])), "{wish}");
        assert!(!holds(&SYSV, &with(&[op(6, 7, Received(wish, Some(3)))])), "{wish}");
    }
    assert!(holds(&SYSV, &with(&[op(6, 7, Empty(4)), op(8, 9, Empty(-1))])));
}

#[test]
fn a_process_id_is_not_given_out_while_it_is_in_use() {
    use PidOp::{Given, Reaped};
    assert!(holds(&Pids, &[op(0, 1, Given(7)), op(2, 3, Reaped(7)), op(4, 5, Given(7)), op(6, 7, Reaped(7))]));
    assert!(!holds(&Pids, &[op(0, 1, Given(7)), op(2, 3, Given(7)), op(4, 5, Reaped(7)), op(6, 7, Reaped(7))]));
    assert!(holds(&Pids, &[op(0, 1, Given(7)), pending(0, Reaped(7)), op(2, 3, Given(7))]), "somebody else may have reaped it");
}

#[test]
fn an_offset_hands_every_record_to_one_reader_and_ends_once() {
    use OffsetOp::{End, Read};
    assert!(holds(&Offset, &[op(0, 3, Read(Some(1))), op(1, 2, Read(Some(0))), op(4, 7, End), op(5, 6, Read(Some(2)))]));
    assert!(!holds(&Offset, &[op(0, 3, Read(Some(0))), op(1, 2, Read(Some(0)))]), "read twice");
    assert!(!holds(&Offset, &[op(0, 1, End), op(2, 3, Read(Some(0)))]), "behind the end");
    assert!(holds(&Offset, &[pending(0, Read(None)), op(1, 2, Read(Some(1)))]), "who died may have read one");
}

#[test]
fn the_longest_order_is_told() {
    use CellOp::Add;
    let operations = [op(0, 1, Add(1, Some(0))), op(2, 3, Add(1, Some(1))), op(4, 7, Add(1, Some(9))), op(5, 6, Add(1, Some(8)))];
    let Answer::Broken(longest) = search(&Cell { start: 0 }, &operations) else { panic!("it has no order") };
    assert_eq!((longest.prefix, longest.stuck), (vec![0, 1], vec![2, 3]));
    assert_eq!(longest.state, "it held 2");
}

#[test]
fn a_used_up_budget_is_no_pass() {
    // Eight that overlap, each as possible as the others, and one at the end that fits none of the sums.
    let mut operations: Vec<_> = (0..8).map(|n| op(n, 20 + n, CellOp::Add(1 << n, None))).collect();
    operations.push(op(40, 41, CellOp::Load(Some(-1))));
    assert_eq!(within(&Cell { start: 0 }, &operations, 50), Answer::Undecided(51));
    assert!(matches!(search(&Cell { start: 0 }, &operations), Answer::Broken(_)));
}

#[test]
fn a_long_history_is_answered_soon() {
    // Four processes side by side, 200 rounds: remembering is what keeps this from being 24 to the 200th orders.
    let operations: Vec<_> = (0..200usize)
        .flat_map(|round| (0..4usize).map(move |n| op(round * 8 + n, round * 8 + 7 - n, CellOp::Add(1, Some((round * 4 + n) as i64)))))
        .collect();
    assert!(holds(&Cell { start: 0 }, &operations));
}

/// Whether any order at all is right, tried one by one.
fn brute<M: Model>(model: &M, operations: &[Interval<M::Op>]) -> bool {
    fn go<M: Model>(model: &M, operations: &[Interval<M::Op>], left: &mut Vec<usize>, state: &M::State) -> bool {
        if left.iter().all(|&at| operations[at].end.is_none()) {
            return true;
        }
        for place in 0..left.len() {
            let at = left[place];
            let before = |other: &usize| operations[*other].end.is_some_and(|end| end < operations[at].call);
            if left.iter().any(before) {
                continue;
            }
            left.remove(place);
            let found = model.apply(state, &operations[at].op).iter().any(|state| go(model, operations, left, state));
            left.insert(place, at);
            if found {
                return true;
            }
        }
        false
    }
    go(model, operations, &mut (0..operations.len()).collect(), &model.start())
}

/// Up to six operations by up to three processes, whose events are in some order.
fn history<Op: Clone + std::fmt::Debug>(drawn: impl Strategy<Value = (Op, Op)>) -> impl Strategy<Value = Vec<Interval<Op>>> {
    let one = (drawn, 0..3usize, any::<bool>(), 0..8u8);
    prop::collection::vec(one, 1..6).prop_map(|drawn| {
        let mut at = 0;
        let mut free = [0usize; 3];
        let mut found: Vec<Interval<Op>> = Vec::new();
        for ((whole, cut), process, long, dies) in drawn {
            // A process that died does nothing more; its place is taken by the next.
            at += 2;
            let call = at.max(free[process]);
            let length = if long { 5 } else { 1 };
            free[process] = call + length + 1;
            match dies {
                0 => found.push(pending(call, cut)),
                _ => found.push(op(call, call + length, whole)),
            }
        }
        found
    })
}

fn cell_op() -> impl Strategy<Value = (CellOp, CellOp)> {
    let told = 0..4i64;
    prop_oneof![
        (1..3i64, told.clone()).prop_map(|(by, told)| (CellOp::Add(by, Some(told)), CellOp::Add(by, None))),
        (0..3i64, told.clone()).prop_map(|(value, told)| (CellOp::Exchange(value, Some(told)), CellOp::Exchange(value, None))),
        told.prop_map(|told| (CellOp::Load(Some(told)), CellOp::Load(None))),
    ]
}

fn semaphore_op() -> impl Strategy<Value = (SemaphoreOp, SemaphoreOp)> {
    use SemaphoreOp::{Down, DownPending, GivenUp, Refused, Up, UpPending};
    prop_oneof![Just((Down, DownPending)), Just((Up, UpPending)), Just((Refused, DownPending)), Just((GivenUp, DownPending))]
}

fn queue_op() -> impl Strategy<Value = (QueueOp, QueueOp)> {
    use QueueOp::{Empty, Full, Received, Sent};
    let message = || (1..3i64, 0..3i64);
    prop_oneof![
        3 => message().prop_map(|message| (Sent(message), Sent(message))),
        3 => (-2..3i64, 0..3i64).prop_map(|(wish, number)| (Received(wish, Some(number)), Received(wish, None))),
        1 => message().prop_map(|message| (Full, Sent(message))),
        1 => (-2..3i64).prop_map(|wish| (Empty(wish), Received(wish, None))),
    ]
}

fn offset_op() -> impl Strategy<Value = (OffsetOp, OffsetOp)> {
    prop_oneof![
        4 => (0..4i64).prop_map(|number| (OffsetOp::Read(Some(number)), OffsetOp::Read(None))),
        1 => Just((OffsetOp::End, OffsetOp::Read(None)))
    ]
}

fn pid_op() -> impl Strategy<Value = (PidOp, PidOp)> {
    prop_oneof![
        (0..2i32).prop_map(|pid| (PidOp::Given(pid), PidOp::Given(pid))),
        (0..2i32).prop_map(|pid| (PidOp::Reaped(pid), PidOp::Reaped(pid)))
    ]
}

/// The order that was found is one.
fn is_order<M: Model>(model: &M, operations: &[Interval<M::Op>], order: &[usize]) -> bool {
    let whole = (0..operations.len()).filter(|at| operations[*at].end.is_some()).all(|at| order.contains(&at));
    let in_time = order
        .iter()
        .enumerate()
        .all(|(place, &at)| order[place + 1..].iter().all(|&later| operations[later].end.is_none_or(|end| end > operations[at].call)));
    let mut states = vec![model.start()];
    for &at in order {
        states = states.iter().flat_map(|state| model.apply(state, &operations[at].op)).collect();
    }
    whole && in_time && !states.is_empty()
}

fn agree<M: Model>(model: &M, operations: &[Interval<M::Op>]) -> Result<(), TestCaseError> {
    let answer = search(model, operations);
    prop_assert!(!matches!(answer, Answer::Undecided(_)));
    prop_assert_eq!(matches!(answer, Answer::Holds(_)), brute(model, operations));
    if let Answer::Holds(order) = answer {
        prop_assert!(is_order(model, operations, &order));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cells_agree_with_all_orders(operations in history(cell_op()), start in 0..2i64) {
        agree(&Cell { start }, &operations)?;
    }

    #[test]
    fn semaphores_agree_with_all_orders(operations in history(semaphore_op()), start in 0..3i64) {
        agree(&Semaphore { start }, &operations)?;
    }

    #[test]
    fn queues_agree_with_all_orders(operations in history(queue_op()), posix: bool, most in prop::option::of(1..3usize)) {
        agree(&Queue { most, posix }, &operations)?;
    }

    #[test]
    fn offsets_agree_with_all_orders(operations in history(offset_op())) {
        agree(&Offset, &operations)?;
    }

    #[test]
    fn pids_agree_with_all_orders(operations in history(pid_op())) {
        agree(&Pids, &operations)?;
    }
}
