//! The comparison: each statement in one class, in any order, spilled or not.

use super::{frame, key};
use gate_core::{SubjectKey, Timestamp};
use gate_reconcile::{
    Class, Diff, Entry, Finding, Kind, Lane, Merge, MergeError, Reason, Remedy, Report, Row, Rows,
    Said, Sorter,
};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::convert::Infallible;

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000)
}

/// Rows through runs of that many rows, encoded but for the last.
fn findings(rows: &[Row], run: usize) -> Vec<Finding> {
    let mut runs: Vec<Box<dyn Iterator<Item = std::io::Result<Row>>>> = Vec::new();
    for (number, some) in rows.chunks(run.max(1)).enumerate() {
        let mut sorter = Sorter::default();
        for row in some {
            assert!(sorter.push(row.clone()).unwrap().is_none());
        }
        let sorted = sorter.finish();
        if number % 2 == 0 {
            let mut bytes = Vec::new();
            sorted.iter().for_each(|row| row.encode(&mut bytes));
            runs.push(Box::new(Rows::new(std::io::Cursor::new(bytes))));
        } else {
            runs.push(Box::new(sorted.into_iter().map(Ok)));
        }
    }
    Diff::new(Merge::new(runs).unwrap(), &frame()).map(Result::unwrap).collect()
}

fn there(address: &str, reason: Reason, group: Option<&str>, second: Option<i64>) -> Row {
    let entry =
        Entry { group: group.map(Into::into), ..Entry::new(address, reason, second.map(at)) };
    Row::there(&frame(), &entry, key).unwrap()
}

fn ours(address: &str, said: Said, lane: Lane, second: i64) -> Row {
    let person = key(&frame().canonical(address).unwrap());
    Row { is_writable: true, ..Row::ours(person, said, lane, Kind::Unsubscribe, Some(at(second))) }
}

fn class(rows: &[Row]) -> Class {
    let found = findings(rows, rows.len());
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].class
}

const ANA: &str = "ana@example.com";

#[test]
fn classes() {
    let refused = |lane| ours(ANA, Said::Refused, lane, 50);
    let agreed = |lane, second| ours(ANA, Said::Agreed, lane, second);
    let unsubscribed = |second| there(ANA, Reason::Unsubscribe, None, second);
    let group = |id| there(ANA, Reason::Unsubscribe, Some(id), Some(100));
    let all = Lane::Everything;
    for (rows, expected) in [
        (vec![unsubscribed(Some(100))], Class::OnlyThere),
        (vec![refused(all)], Class::OnlyHere),
        (vec![unsubscribed(Some(100)), refused(all)], Class::Both),
        // whoever refuses everything refuses the group
        (vec![group("1"), refused(Lane::Group(0))], Class::Both),
        (vec![refused(Lane::Partial)], Class::OnlyHere),
        // a refusal wins a tie; without a time nobody can tell
        (vec![unsubscribed(Some(100)), agreed(all, 99)], Class::OnlyThere),
        (vec![unsubscribed(Some(100)), agreed(all, 100)], Class::OnlyThere),
        (vec![unsubscribed(Some(100)), agreed(all, 101)], Class::Overtaken),
        (vec![unsubscribed(None), agreed(all, 1)], Class::Undated),
        (vec![unsubscribed(None)], Class::OnlyThere),
        // consent to a group overtakes a refusal of that group alone
        (vec![group("1"), agreed(Lane::Group(0), 101)], Class::Overtaken),
        (vec![group("2"), agreed(Lane::Group(0), 101), agreed(all, 101)], Class::OnlyThere),
        // consent does not mend an address, proof that it reaches the person does
        (vec![there(ANA, Reason::HardBounce, None, Some(100)), agreed(all, 101)], Class::OnlyThere),
        (
            vec![there(ANA, Reason::HardBounce, None, Some(100)), agreed(Lane::Closed, 101)],
            Class::Overtaken,
        ),
        (vec![there(ANA, Reason::Invalid, None, Some(100)), refused(Lane::Closed)], Class::Both),
        (vec![there(ANA, Reason::Block, None, Some(100))], Class::NoRefusal),
        // the later of two entries counts
        (
            vec![unsubscribed(Some(100)), unsubscribed(Some(300)), agreed(all, 200)],
            Class::OnlyThere,
        ),
    ] {
        assert_eq!(class(&rows), expected, "{rows:?}");
    }
    let both = findings(&[group("1"), refused(all)], 9);
    let classes: Vec<_> = both.iter().map(|one| (one.lane, one.class)).collect();
    assert_eq!(classes, [(all, Class::OnlyHere), (Lane::Group(0), Class::Both)]);
    let both =
        findings(&[unsubscribed(Some(1)), refused(Lane::Group(1)), refused(Lane::Partial)], 9);
    let classes: Vec<_> = both.iter().map(|one| (one.lane, one.class)).collect();
    assert_eq!(
        classes,
        [(all, Class::OnlyThere), (Lane::Partial, Class::Both), (Lane::Group(1), Class::Both)]
    );
}

/// An unknown group is everything (rule 5); spellings of an address are one person; what is no address is nobody.
#[test]
fn people_and_lanes() {
    assert_eq!(there(ANA, Reason::Unsubscribe, Some("99"), None).lane, Lane::Everything);
    assert_eq!(there(ANA, Reason::Unsubscribe, Some("2"), None).lane, Lane::Group(1));
    assert_eq!(
        there(" Ana@EXAMPLE.com", Reason::Block, None, None).key,
        ours(ANA, Said::Known, Lane::Closed, 0).key
    );
    assert!(
        Row::there(&frame(), &Entry::new("+4915112345678", Reason::Block, None), key).is_none()
    );
    assert!(Row::known(&frame(), "no address", key).is_none());
    let known = Row::known(&frame(), ANA, key).unwrap();
    let found = findings(&[ours(ANA, Said::Refused, Lane::Everything, 1), known], 1);
    assert_eq!(found[0].address.as_deref(), Some(ANA));
    // a spelling that no provider takes is written as the one that all take
    let shouted = Row::known(&frame(), " <Ana@EXAMPLE.com> ", key).unwrap();
    assert_eq!(shouted.address.as_deref(), Some(ANA));
}

#[test]
fn nothing_shows_a_person() {
    let rows =
        [there(ANA, Reason::Complaint, None, Some(1)), Row::known(&frame(), ANA, key).unwrap()];
    let found = findings(&rows, 9);
    let mut report = Report::new(&frame(), "sendgrid", at(1));
    report.add(&found[0], &Remedy::Here);
    let shown = format!("{rows:?} {found:?} {}", serde_json::to_string(&report).unwrap());
    assert!(!shown.contains("ana"), "{shown}");
    assert!(shown.contains(r#""classes":{"only_there":{"complaint":1}}"#), "{shown}");
    let line = found[0].line(&frame(), "here");
    assert_eq!(
        line,
        "{\"address\":\"ana@example.com\",\"class\":\"only_there\",\"kind\":\"complaint\",\"remedy\":\"here\",\"there_at\":\"1970-01-01T00:00:01Z\"}\n"
    );
}

#[test]
fn the_gauge_has_every_series_whatever_was_found() {
    let mut report = Report::new(&frame(), "sendgrid", at(1));
    assert!(report.is_clean());
    assert!(!Report { is_cut_off: true, ..report.clone() }.is_clean());
    assert!(!Report { n_refused_there: 1, ..report.clone() }.is_clean());
    let found = findings(&[there(ANA, Reason::Complaint, None, Some(1))], 1);
    report.add(&found[0], &Remedy::Here);
    assert!(!report.is_clean());
    let drift = report.drift();
    assert_eq!(drift.len(), 41);
    let moved: Vec<_> = drift.iter().filter(|one| one.value != 0).collect();
    assert_eq!((moved.len(), moved[0].direction, moved[0].kind), (1, "only_there", "complaint"));
}

#[test]
fn runs_that_are_not_in_order_are_refused() {
    let rows = vec![
        ours("b@example.com", Said::Refused, Lane::Everything, 1),
        ours(ANA, Said::Refused, Lane::Everything, 1),
    ];
    let mut sorted = rows.clone();
    sorted.sort();
    sorted.reverse();
    let merge = Merge::new(vec![sorted.into_iter().map(Ok::<_, Infallible>)]).unwrap();
    let last = merge.collect::<Vec<_>>().pop().unwrap();
    assert!(matches!(last, Err(MergeError::Order)));
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let lane = prop_oneof![
        Just(Lane::Everything),
        Just(Lane::Closed),
        Just(Lane::Partial),
        Just(Lane::Blocked),
        (0_u16..3).prop_map(Lane::Group),
    ];
    let said =
        prop_oneof![Just(Said::There), Just(Said::Refused), Just(Said::Agreed), Just(Said::Known)];
    let kind = prop::sample::select(Kind::ALL.to_vec());
    let text = prop::option::of("[a-z@é]{0,9}");
    let one = (
        0_u8..6,
        said,
        lane,
        kind,
        any::<(bool, bool)>(),
        prop::option::of(0_i64..9),
        text.clone(),
        text,
    );
    let one =
        one.prop_map(|(who, said, lane, kind, (is_whole, is_writable), second, address, smtp)| {
            Row {
                key: SubjectKey([who; 16]),
                said,
                lane,
                kind,
                is_whole,
                is_writable,
                at: second.map(at),
                address: address.map(Into::into),
                smtp: smtp.map(Into::into),
            }
        });
    prop::collection::vec(one, 0..60)
}

proptest! {
    /// Every statement of either side is in exactly one finding, and nothing else is.
    #[test]
    fn the_classes_partition_what_either_side_says(rows in rows(), run in 1_usize..20) {
        let found = findings(&rows, run);
        let union: BTreeSet<(SubjectKey, Lane)> = rows.iter()
            .filter(|row| matches!(row.said, Said::There | Said::Refused))
            .map(|row| (row.key, row.lane))
            .collect();
        let listed: Vec<(SubjectKey, Lane)> = found.iter().map(|one| (one.key, one.lane)).collect();
        prop_assert_eq!(&listed, &union.iter().copied().collect::<Vec<_>>());
        for one in &found {
            let has = |said: Said, lane: Lane| rows.iter().any(|row| row.key == one.key && row.said == said && row.lane == lane);
            let (is_there, is_here) = (has(Said::There, one.lane), has(Said::Refused, one.lane));
            match one.class {
                Class::OnlyHere => prop_assert!(is_here && !is_there),
                Class::OnlyThere | Class::Overtaken | Class::Undated => prop_assert!(is_there && !is_here),
                Class::NoRefusal => prop_assert!(one.lane == Lane::Blocked),
                Class::Both => {
                    let by_groups = has(Said::There, Lane::Group(0)) && has(Said::There, Lane::Group(1));
                    let all = |said| {
                        let in_groups = said == Said::There && one.lane == Lane::Everything && by_groups;
                        has(said, one.lane) || has(said, Lane::Everything) || in_groups
                    };
                    prop_assert!(all(Said::There) && all(Said::Refused));
                }
            }
            if matches!(one.class, Class::Overtaken | Class::Undated) {
                prop_assert!(has(Said::Agreed, one.lane));
            }
        }
    }

    /// Neither the order of rows nor how they are spilled matters.
    #[test]
    fn order_and_runs_do_not_matter(rows in rows(), run in 1_usize..20) {
        let mut turned = rows.clone();
        turned.reverse();
        prop_assert_eq!(findings(&rows, rows.len()), findings(&turned, run));
    }

    /// What is written is read.
    #[test]
    fn rows_survive_a_file(rows in rows()) {
        let mut bytes = Vec::new();
        rows.iter().for_each(|row| row.encode(&mut bytes));
        let read: Result<Vec<Row>, _> = Rows::new(bytes.as_slice()).collect();
        prop_assert_eq!(read.unwrap(), rows);
        // what is cut is an error, never fewer rows
        if !bytes.is_empty() {
            let cut = &bytes[..bytes.len() - 1];
            prop_assert!(Rows::new(cut).any(|row| row.is_err()));
        }
    }
}
