//! Whatever was done to a partition is named with its place.

use super::*;
use crate::ledger::leaf::{Raw, of_gap, of_record};

fn said(offset: i64, value: &str) -> Leaf {
    let value = Some(value.as_bytes());
    let raw = Raw { topic: "t", partition: 0, offset, timestamp_ms: 5, key: None, value };
    of_record(&raw, Kind::Change)
}

fn leaves() -> Vec<Covered> {
    let salt = |n: u8| Salt([n + 1; 32]);
    let covered = |(n, value): (u8, &str)| {
        let entry = said(i64::from(n) * 2, value).entry(&salt(n));
        Covered { index: u64::from(n), entry, salt: salt(n) }
    };
    (0u8..).zip(["a", "b", "c", "d", "e"]).map(covered).collect()
}

fn compared(
    begin: i64,
    leaves: Vec<Covered>,
    said: impl IntoIterator<Item = Leaf>,
) -> (Counts, Option<Finding>) {
    let mut comparison = Comparison::new(leaves, begin);
    for said in said {
        comparison.take(said);
    }
    let (counts, told) = comparison.end();
    (counts, told.map(|told| told.finding))
}

fn all() -> Vec<Leaf> {
    (0..).zip(["a", "b", "c", "d", "e"]).map(|(n, value)| said(n * 2, value)).collect()
}

#[test]
fn the_same_is_counted() {
    let (counts, found) = compared(0, leaves(), all());
    assert_eq!((counts, found), (Counts { changes: 5, ..Counts::default() }, None));
    let (counts, found) = compared(3, leaves(), all().into_iter().skip(2));
    assert_eq!((counts, found), (Counts { changes: 3, gone: 2, ..Counts::default() }, None));
    let mut with_gap = leaves();
    let gap = of_gap("t", 0, 0, 9).entry(&Salt([1; 32]));
    with_gap.insert(0, Covered { index: 9, entry: gap, salt: Salt([1; 32]) });
    assert_eq!(compared(0, with_gap, all()).0.gaps, 1);
}

#[test]
fn a_deleted_salt_leaves_the_place() {
    let mut leaves = leaves();
    leaves[2].salt = Salt::DELETED;
    let (counts, found) = compared(0, leaves.clone(), all());
    assert_eq!((counts.changes, counts.opaque, found), (4, 1, None));
    let mut fewer = all();
    fewer.remove(2);
    assert_eq!(compared(0, leaves, fewer).1.unwrap().fault, Fault::Dropped);
}

#[test]
fn each_is_named() {
    type Edit = fn(&mut Vec<Leaf>);
    let cases: [(Fault, &str, Option<u64>, Edit); 7] = [
        (Fault::Changed, "t/0/4", Some(2), |it| it[2] = said(4, "C")),
        (Fault::Dropped, "t/0/4", Some(2), |it| drop(it.remove(2))),
        (Fault::Inserted, "t/0/3", Some(2), |it| it.insert(2, said(3, "new"))),
        (Fault::Inserted, "t/0/9", None, |it| it.push(said(9, "new"))),
        (Fault::Reordered, "t/0/4", Some(2), |it| {
            it[2] = said(4, "d");
            it[3] = said(6, "c");
        }),
        (Fault::Cut, "t/0/6", Some(3), |it| it.truncate(3)),
        (Fault::Cut, "t/0/0", Some(0), Vec::clear),
    ];
    for (fault, place, leaf, edit) in cases {
        let mut kafka = all();
        edit(&mut kafka);
        let found = compared(0, leaves(), kafka).1.unwrap();
        assert_eq!((found.fault, found.leaf), (fault, leaf), "{}", found.says);
        assert_eq!(found.place.as_deref(), Some(format!("{place}/0").as_str()), "{}", found.says);
        assert!(found.says.contains(place), "{}", found.says);
    }
}

/// A topic that was deleted and written again has no markers of transactions: offsets differ, and what was done is still found.
#[test]
fn a_topic_that_was_written_anew() {
    let again = |values: &[&str]| -> Vec<Leaf> {
        (0..).zip(values).map(|(n, value)| said(n, value)).collect()
    };
    let found = |values: &[&str]| compared(0, leaves(), again(values)).1.unwrap();
    let same = found(&["a", "b", "c", "d", "e"]);
    let mut forgotten = leaves();
    forgotten[3].salt = Salt::DELETED;
    let moved = compared(0, forgotten, again(&["a", "b", "c", "d", "e"])).1.unwrap();
    assert_eq!(moved, same, "also beside one whose salt was deleted");
    assert!(same.says.contains("written anew"), "{}", same.says);
    assert_eq!(found(&["a", "b", "c", "d", "e", "f"]).says, same.says, "what is new lies behind");
    for (values, fault, leaf) in [
        (["a", "b", "C", "d", "e"].as_slice(), Fault::Changed, Some(2)),
        (&["a", "c", "d", "e"], Fault::Dropped, Some(1)),
        (&["a", "b", "x", "c", "d", "e"], Fault::Inserted, Some(2)),
        (&["a", "c", "b", "d", "e"], Fault::Reordered, Some(1)),
        (&["a", "b"], Fault::Cut, Some(2)),
    ] {
        let found = found(values);
        assert_eq!((found.fault, found.leaf), (fault, leaf), "{}", found.says);
    }
}
