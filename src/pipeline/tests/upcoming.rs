//! What is taken of each partition, and what is not.

use super::{source, trouble};
use crate::kafka::source::SourcePartition;
use crate::pipeline::upcoming::{Arrivals, Upcoming};
use rdkafka::Offset;
use rdkafka::error::RDKafkaErrorCode as Code;

/// Partitions 0 and 1 in hand, the first at offset 10.
fn in_hand() -> (Upcoming, Arrivals) {
    let mut upcoming = Upcoming::default();
    upcoming.take_up(source(0), Offset::Offset(10));
    upcoming.take_up(source(1), Offset::Beginning);
    (upcoming, Arrivals::default())
}

#[test]
fn messages_come_once_and_in_order() {
    let (mut upcoming, mut arrivals) = in_hand();
    let taken =
        [10, 10, 9, 11, 11, 12].map(|offset| upcoming.admit(source(0), offset, &mut arrivals));
    assert_eq!(taken, [true, false, false, true, false, true]);
    assert_eq!((arrivals.n_stale, upcoming.next(source(0))), (3, Some(Offset::Offset(13))));
}

#[test]
fn offsets_may_be_missing_and_a_first_one_is_whatever_comes() {
    let (mut upcoming, mut arrivals) = in_hand();
    assert!(upcoming.admit(source(0), 500, &mut arrivals), "compacted, or control records");
    assert!(upcoming.admit(source(1), 77, &mut arrivals));
    assert_eq!(upcoming.next(source(1)), Some(Offset::Offset(78)));
}

#[test]
fn nothing_comes_of_a_partition_that_is_not_in_hand() {
    let (mut upcoming, mut arrivals) = in_hand();
    assert!(!upcoming.admit(source(2), 0, &mut arrivals));
    assert!(!upcoming.give_away(source(0)));
    assert!(!upcoming.admit(source(0), 10, &mut arrivals), "it is somebody else's");
    assert_eq!(arrivals.n_stale, 2);
    upcoming.give_away(source(1));
    assert!(upcoming.is_empty());
}

#[test]
fn a_partition_that_comes_back_begins_where_the_group_says() {
    let (mut upcoming, mut arrivals) = in_hand();
    assert!(upcoming.admit(source(0), 10, &mut arrivals));
    upcoming.give_away(source(0));
    upcoming.take_up(source(0), Offset::Offset(20));
    assert!(!upcoming.admit(source(0), 11, &mut arrivals), "fetched for its former life");
    assert!(upcoming.admit(source(0), 20, &mut arrivals));
}

#[test]
fn nothing_behind_a_batch_nobody_can_unpack_is_taken() {
    let (mut upcoming, mut arrivals) = in_hand();
    upcoming.meet(trouble(0, 10, Code::BadCompression), &mut arrivals);
    assert!(!upcoming.admit(source(0), 14, &mut arrivals));
    assert!(upcoming.admit(source(1), 0, &mut arrivals), "the others go on");
    assert_eq!((upcoming.stands(source(0)), upcoming.stands(source(1))), (true, false));
    assert_eq!(upcoming.next(source(0)), Some(Offset::Offset(10)));
    assert_eq!(arrivals.unreadable.len(), 1);
}

#[test]
fn such_a_batch_is_met_once_and_what_follows_from_it_is_no_error() {
    let (mut upcoming, mut arrivals) = in_hand();
    for (offset, code) in
        [(10, Code::BadMessage), (12, Code::BadMessage), (99, Code::AutoOffsetReset)]
    {
        upcoming.meet(trouble(0, offset, code), &mut arrivals);
    }
    assert_eq!((arrivals.unreadable.len(), arrivals.errors.len()), (1, 0));
    upcoming.meet(trouble(1, 0, Code::AutoOffsetReset), &mut arrivals);
    assert_eq!(arrivals.errors.len(), 1, "an offset that is lost without such a batch is one");
}

#[test]
fn such_a_batch_of_a_partition_given_away_stands_in_nobodys_way() {
    let (mut upcoming, mut arrivals) = in_hand();
    upcoming.give_away(source(0));
    upcoming.meet(trouble(0, 10, Code::BadMessage), &mut arrivals);
    assert!(!upcoming.any_stands() && arrivals.unreadable.is_empty());
}

#[test]
fn other_troubles_are_errors() {
    let (mut upcoming, mut arrivals) = in_hand();
    upcoming.meet(trouble(-1, 0, Code::BrokerTransportFailure), &mut arrivals);
    assert_eq!(arrivals.errors.len(), 1);
    assert!(!upcoming.any_stands());
}

#[test]
fn a_batch_that_is_read_after_all_lets_the_partition_go_on() {
    let (mut upcoming, mut arrivals) = in_hand();
    upcoming.meet(trouble(0, 10, Code::BadMessage), &mut arrivals);
    assert!(upcoming.due_again().is_empty(), "a bomb is not unpacked again at once");
    upcoming.sought(source(0), true);
    assert!(
        upcoming.admit(source(0), 10, &mut arrivals)
            && upcoming.admit(source(0), 11, &mut arrivals)
    );
    assert_eq!(arrivals.read, [source(0)]);
    assert!(!upcoming.any_stands());
}

#[test]
fn a_batch_that_cannot_be_read_again_either_is_met_again() {
    let (mut upcoming, mut arrivals) = in_hand();
    upcoming.meet(trouble(0, 10, Code::BadMessage), &mut arrivals);
    upcoming.sought(source(0), true);
    upcoming.meet(trouble(0, 10, Code::BadMessage), &mut arrivals);
    assert!(!upcoming.admit(source(0), 12, &mut arrivals));
    assert_eq!((arrivals.unreadable.len(), arrivals.read.len()), (2, 0));
}

#[test]
fn a_seek_that_fails_leaves_the_partition_where_it_stands() {
    let (mut upcoming, mut arrivals) = in_hand();
    upcoming.meet(trouble(0, 10, Code::BadMessage), &mut arrivals);
    upcoming.sought(source(0), false);
    assert!(!upcoming.admit(source(0), 10, &mut arrivals));
    upcoming.sought_all();
    assert!(upcoming.admit(source(0), 10, &mut arrivals), "going on begins with a seek everywhere");
}

#[test]
fn read_one_batch_and_meet_the_next_in_one_look() {
    let (mut upcoming, mut arrivals) = in_hand();
    upcoming.meet(trouble(0, 10, Code::BadMessage), &mut arrivals);
    upcoming.sought(source(0), true);
    assert!(upcoming.admit(source(0), 10, &mut arrivals));
    upcoming.meet(trouble(0, 11, Code::BadMessage), &mut arrivals);
    assert_eq!((arrivals.read.as_slice(), arrivals.unreadable.len()), (&[source(0)][..], 2));
    assert!(upcoming.stands(source(0)) && !upcoming.admit(source(0), 12, &mut arrivals));
}

#[test]
fn a_partition_given_away_says_whether_it_was_paused_alone() {
    let (mut upcoming, mut arrivals) = in_hand();
    upcoming.meet(trouble(0, 10, Code::BadMessage), &mut arrivals);
    assert_eq!((upcoming.give_away(source(0)), upcoming.give_away(source(1))), (true, false));
    upcoming.take_up(source(0), Offset::Offset(10));
    assert!(
        upcoming.admit(source(0), 10, &mut arrivals),
        "what stood in its way was another's finding"
    );
}

#[test]
fn where_it_stands_is_what_is_next_or_the_batch_behind_a_gap() {
    let (mut upcoming, _) = in_hand();
    assert_eq!(
        upcoming.stand_before(source(0), 7),
        Some(10),
        "a batch that begins before what is next"
    );
    assert_eq!(upcoming.stand_before(source(0), 12), Some(12), "behind a gap");
    assert_eq!(
        upcoming.stand_before(source(0), i64::MAX),
        Some(10),
        "read out of the middle of a record"
    );
    assert_eq!(upcoming.stand_before(source(1), 4), Some(4));
    assert_eq!(upcoming.next(source(1)), Some(Offset::Offset(4)), "and it goes on from there");
    assert_eq!(upcoming.stand_before(source(9), 4), None, "not in hand");
}

#[test]
fn partitions_of_several_topics_that_are_not_all_in_hand_are_apart() {
    let mut upcoming = Upcoming::default();
    let of = |topic, partition| SourcePartition { topic, partition };
    assert_eq!(upcoming.apart(2), None, "nothing is in hand");
    upcoming.take_up(of(0, 3), Offset::Beginning);
    assert_eq!(upcoming.apart(1), None, "there is one topic");
    assert_eq!(upcoming.apart(2), Some(of(1, 3)));
    upcoming.take_up(of(1, 3), Offset::Beginning);
    assert_eq!(upcoming.apart(2), None);
    upcoming.take_up(of(1, 2), Offset::Beginning);
    assert_eq!(upcoming.apart(2), Some(of(0, 2)));
    let mut arrivals = Arrivals::default();
    assert!(
        !upcoming.admit(of(0, 2), 0, &mut arrivals) && upcoming.admit(of(1, 2), 0, &mut arrivals)
    );
}
