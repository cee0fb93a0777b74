//! What is in hand, and what is committed for it.

use super::{Double, batch, message, places, source};
use crate::kafka::source::SourcePartition;
use crate::pipeline::batch::{Batch, Emitted, Out, Unlogged};
use gate_core::Reason;
use std::collections::BTreeMap;

fn offsets<const N: usize>(next: [(i32, i64); N]) -> BTreeMap<SourcePartition, i64> {
    next.map(|(partition, next)| (source(partition), next)).into()
}

/// What is out, and whether it is an approval.
fn out<const N: usize>(places: [((i32, i64), bool); N]) -> Emitted {
    let reason = Some(Reason::Transactional);
    let out = |is_approval| Out { is_approval, is_logged: true, reason };
    let at = |(partition, offset)| (source(partition), offset);
    places.map(|(place, is_approval)| (at(place), out(is_approval))).into()
}

/// The same without their entries in the decision log.
fn unlogged<const N: usize>(places: [((i32, i64), bool); N]) -> Emitted {
    let mut emitted = out(places);
    emitted.values_mut().for_each(|out| out.is_logged = false);
    emitted
}

#[test]
fn offsets_behind_the_last_message_of_each_partition_are_committed() {
    let batch = batch(&[(0, 5), (1, 9), (0, 8)]);
    assert_eq!(*batch.next_offsets(), offsets([(0, 9), (1, 10)]));
    assert_eq!((batch.len(), batch.n_partitions(), batch.is_done()), (3, 2, false));
}

#[test]
fn bytes_of_keys_and_values_are_counted() {
    let mut batch = Batch::default();
    batch.push(Double { value: Some(vec![0; 100]), ..message(0, 1) });
    batch.push(message(0, 2));
    assert_eq!(batch.value_bytes(), 100);
    batch.clear();
    assert_eq!((batch.value_bytes(), batch.is_done(), batch.is_attempted()), (0, true, false));
}

#[test]
fn a_partition_that_is_taken_away_takes_everything_of_it_along() {
    let mut batch = batch(&[(0, 5), (1, 9), (0, 6)]);
    batch.drop_emitted(&out([((0, 5), true)]));
    batch.drop_partition(source(0));
    assert_eq!(places(&batch), [(1, 9)]);
    assert!(batch.approved_before().is_empty());
    assert_eq!(*batch.next_offsets(), offsets([(1, 10)]));
    batch.drop_partition(source(1));
    assert!(batch.is_done());
}

#[test]
fn a_partition_taken_away_takes_what_is_out_and_no_approval_too() {
    let mut batch = batch(&[(0, 5), (1, 9)]);
    batch.drop_emitted(&out([((0, 5), false), ((1, 9), false)]));
    assert_eq!(batch.in_hand().collect::<Vec<_>>(), [(source(0), 5), (source(1), 9)]);
    batch.drop_partition(source(0));
    assert_eq!(batch.in_hand().collect::<Vec<_>>(), [(source(1), 9)]);
}

#[test]
fn a_transaction_that_was_committed_leaves_nothing() {
    let mut batch = batch(&[(0, 5), (0, 6)]);
    let emitted = out([((0, 5), true), ((0, 6), false)]);
    assert!(!batch.keep_undecided(&offsets([(0, 7)]), &emitted), "not torn");
    assert!(batch.is_done() && batch.messages().is_empty());
}

#[test]
fn a_transaction_that_was_aborted_leaves_everything() {
    let mut batch = batch(&[(0, 5), (0, 6)]);
    assert!(!batch.keep_undecided(&offsets([(0, 5)]), &out([])), "not torn");
    assert_eq!(places(&batch), [(0, 5), (0, 6)]);
    assert!(!batch.is_done());
}

#[test]
fn outputs_without_offsets_are_not_repeated_and_their_offsets_stay_due() {
    let mut batch = batch(&[(0, 5), (0, 6)]);
    let emitted = out([((0, 5), true), ((0, 6), false)]);
    assert!(batch.keep_undecided(&offsets([(0, 5)]), &emitted), "torn");
    assert!(batch.messages().is_empty());
    assert_eq!(*batch.next_offsets(), offsets([(0, 7)]));
    let approved: Vec<i64> = batch.approved_before().iter().map(|m| m.offset).collect();
    assert_eq!(approved, [5], "what was approved is to be remembered with the offsets");
}

#[test]
fn offsets_without_outputs_are_still_due() {
    let mut batch = batch(&[(0, 5), (0, 6)]);
    assert!(batch.keep_undecided(&offsets([(0, 7)]), &out([((0, 5), true)])), "torn");
    assert_eq!(places(&batch), [(0, 6)], "committed, and nobody has decided it");
    assert!(!batch.is_done());
}

#[test]
fn a_transaction_torn_between_partitions_keeps_only_what_is_missing() {
    let mut batch = batch(&[(0, 5), (1, 9)]);
    assert!(!batch.keep_undecided(&offsets([(0, 6), (1, 9)]), &out([((0, 5), false)])));
    assert_eq!(places(&batch), [(1, 9)]);
    assert_eq!(*batch.next_offsets(), offsets([(1, 10)]));
}

#[test]
fn where_somebody_else_has_gone_on_nothing_is_ours() {
    let mut batch = batch(&[(0, 5), (1, 9)]);
    assert!(!batch.keep_undecided(&offsets([(0, 20)]), &out([])));
    assert_eq!(places(&batch), [(1, 9)]);
}

#[test]
fn a_partition_the_group_knows_nothing_of_is_still_due() {
    let mut batch = batch(&[(0, 0)]);
    assert!(!batch.keep_undecided(&offsets([]), &out([])));
    assert_eq!(places(&batch), [(0, 0)]);
}

#[test]
fn a_decision_that_only_the_log_lacks_is_logged_with_the_offsets() {
    let mut batch = batch(&[(0, 5), (0, 6), (1, 9)]);
    let mut emitted = unlogged([((0, 6), false), ((1, 9), true)]);
    emitted.extend(out([((0, 5), true)]));
    assert!(batch.keep_undecided(&offsets([(0, 7), (1, 10)]), &emitted), "torn");
    assert!(batch.messages().is_empty());
    let reason = Some(Reason::Transactional);
    let lost = |partition, offset| Unlogged { partition: source(partition), offset, reason };
    assert_eq!(batch.unlogged(), [lost(0, 6), lost(1, 9)]);
    assert_eq!(*batch.next_offsets(), offsets([(0, 7), (1, 10)]), "once more, with the log");
    batch.drop_partition(source(0));
    assert_eq!(batch.unlogged(), [lost(1, 9)]);
    batch.clear();
    assert!(batch.unlogged().is_empty());
}

#[test]
fn what_the_log_lacks_of_a_partition_that_somebody_else_has_is_not_ours() {
    let mut batch = batch(&[(0, 5)]);
    batch.keep_undecided(&offsets([(0, 20)]), &unlogged([((0, 5), true)]));
    assert!(batch.is_done() && batch.unlogged().is_empty());
}

#[test]
fn messages_are_decided_topic_by_topic_and_each_partition_in_its_order() {
    let mut batch = Batch::default();
    let of = |topic, partition, offset| Double { topic, ..message(partition, offset) };
    let taken = [(1, 0, 7), (0, 0, 5), (1, 0, 8), (0, 1, 2), (0, 0, 6)];
    taken.iter().for_each(|(topic, partition, offset)| batch.push(of(*topic, *partition, *offset)));
    batch.order_by_topic();
    let order: Vec<_> =
        batch.messages().iter().map(|it| (it.topic, it.partition, it.offset)).collect();
    assert_eq!(order, [(0, 0, 5), (0, 1, 2), (0, 0, 6), (1, 0, 7), (1, 0, 8)]);
    assert_eq!(batch.n_partitions(), 3, "a partition of one topic is none of another");
    batch.drop_partition(source(0));
    let order: Vec<_> =
        batch.messages().iter().map(|it| (it.topic, it.partition, it.offset)).collect();
    assert_eq!(order, [(0, 1, 2), (1, 0, 7), (1, 0, 8)]);
}
