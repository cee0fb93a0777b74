//! What somebody who asks relies on, case by case.

use super::{
    DAY, HOUR, NOON, Said, TOPIC, TOPICS, batch, batch_of, decide, directory, identity, next, open,
    person, place, settings,
};
use crate::{
    Applied, Bucket, Dimension, Filter, Index, IndexError, Label, Opened, SEAL_BYTES, Seal,
    Settings, Window,
};
use gate_core::Timestamp;
use gate_log::SourceRef;
use std::borrow::Cow;

fn said(offset: i64) -> Said {
    Said { offset, message_id: Some(format!("m-{offset}")), contact: Some(1), ..Said::default() }
}

fn sources(opened: &Opened, filter: &Filter) -> Vec<String> {
    let page = opened.index.list(filter, None, 100).unwrap();
    page.items.iter().map(|row| format!("{}/{}", row.source.partition, row.source.offset)).collect()
}

fn n_by_reason(opened: &Opened) -> Vec<(Label, u64)> {
    let by = [Dimension::Reason];
    let (window, filter) = (Window::default(), Filter::default());
    let counts = opened.index.counts(&window, &filter, &by, Bucket::Whole).unwrap();
    counts.rows.into_iter().map(|row| (row.labels[0].clone(), row.n)).collect()
}

fn named(text: &str) -> Label {
    Label::Named(text.into())
}

#[test]
fn a_record_that_was_lost_in_part_gives_way_to_the_whole_one_and_not_back() {
    let dir = directory();
    let mut opened = open(dir.path());
    decide(&mut opened, (0, 0), NOON, &[Said { shape: 6, contact: None, ..said(7) }]);
    assert_eq!(n_by_reason(&opened), [(named("unknown"), 1)]);
    decide(&mut opened, (0, 1), NOON + HOUR, &[Said { shape: 1, ..said(7) }]);
    assert_eq!(n_by_reason(&opened), [(named("blocked.opted_out"), 1)]);
    decide(&mut opened, (0, 2), NOON + 2 * HOUR, &[Said { shape: 5, ..said(7) }]);
    assert_eq!(n_by_reason(&opened), [(named("blocked.opted_out"), 1)], "the whole one counts");
    decide(&mut opened, (0, 3), NOON - HOUR, &[Said { shape: 0, ..said(7) }]);
    assert_eq!(n_by_reason(&opened), [(named("approved.consent"), 1)], "the last whole one");
    assert_eq!(sources(&opened, &Filter::default()), ["0/7"]);
    let found = opened.index.of_person(&person(Some(1), None), None, 10).unwrap();
    assert_eq!(found.items.len(), 1, "its places in the other indices went with it");
    assert_eq!(opened.index.figures().unwrap().n_replaced, 2);
}

#[test]
fn the_probe_is_left_out_unless_it_is_asked_for() {
    let dir = directory();
    let mut opened = open(dir.path());
    decide(&mut opened, (0, 0), NOON, &[Said { context: 4, ..said(0) }, said(1)]);
    assert_eq!(sources(&opened, &Filter::default()), ["0/1"]);
    let with_probe = Filter { with_probe: true, ..Filter::default() };
    assert_eq!(sources(&opened, &with_probe), ["0/1", "0/0"]);
    assert_eq!(n_by_reason(&opened), [(named("approved.consent"), 1)]);
}

#[test]
fn partitions_are_merged_by_time_and_a_page_is_of_one_moment() {
    let dir = directory();
    let mut opened = open(dir.path());
    decide(&mut opened, (0, 0), NOON + HOUR, &[said(0), said(1)]);
    decide(&mut opened, (1, 0), NOON, &[said(5)]);
    decide(&mut opened, (1, 1), NOON + 2 * HOUR, &[said(6)]);
    decide(&mut opened, (0, 1), NOON - HOUR, &[said(2)]);
    let newest_first = ["1/6", "0/1", "0/0", "1/5", "0/2"];
    assert_eq!(sources(&opened, &Filter::default()), newest_first);
    let window = Filter {
        since: Some(Timestamp::from_micros(NOON)),
        until: Some(Timestamp::from_micros(NOON + 2 * HOUR)),
        ..Filter::default()
    };
    assert_eq!(sources(&opened, &window), newest_first[1..4]);
    // what comes in between does not move what a cursor goes on with
    let first = opened.index.list(&Filter::default(), None, 2).unwrap();
    decide(&mut opened, (0, 2), NOON + 3 * HOUR, &[said(3)]);
    let rest = opened.index.list(&Filter::default(), first.next.as_deref(), 10).unwrap();
    let rest: Vec<_> = rest.items.iter().map(|row| row.source.offset).collect();
    assert_eq!(rest, [0, 5, 2]);
}

#[test]
fn a_cursor_belongs_to_its_question_and_is_not_to_be_guessed() {
    let dir = directory();
    let mut opened = open(dir.path());
    let of = |nth: u8| Said { contact: Some(nth), ..said(i64::from(nth)) };
    decide(&mut opened, (0, 0), NOON, &[of(0), of(1), of(2)]);
    let index = &opened.index;
    let (ana, ben) = (person(Some(1), None), person(Some(2), None));
    let page = index.of_person(&ana, None, 1).unwrap();
    let cursor = page.next.unwrap();
    assert!(index.of_person(&ana, Some(&cursor), 1).unwrap().items.is_empty());
    let refused = |found: Result<usize, IndexError>| {
        assert!(matches!(found, Err(IndexError::Cursor)), "{found:?}");
    };
    let rows =
        |found: Result<crate::Page<crate::DecisionRow>, IndexError>| found.map(|it| it.items.len());
    refused(rows(index.of_person(&ben, Some(&cursor), 1)));
    refused(rows(index.list(&Filter::default(), Some(&cursor), 1)));
    refused(rows(index.of_message("m-1", Some(&cursor), 1)));
    refused(index.changes_of(&ana, Some(&cursor), 1).map(|it| it.items.len()));
    let both = crate::Person { address: Some(super::address(1)), ..ana };
    refused(rows(index.of_person(&both, Some(&cursor), 1)));
    for at in 0..cursor.len() {
        let mut damaged = cursor.clone();
        let digit = if cursor.as_bytes()[at] == b'0' { "1" } else { "0" };
        damaged.replace_range(at..=at, digit);
        refused(rows(index.of_person(&ana, Some(&damaged), 1)));
    }
    let long = cursor.repeat(1_000);
    for text in ["", "0", "zz", "é", &cursor[2..], &cursor.to_uppercase(), &long] {
        refused(rows(index.of_person(&ana, Some(text), 1)));
    }
    drop(opened);
    let opened = open(dir.path());
    refused(rows(opened.index.of_person(&ana, Some(&cursor), 1)));
}

/// Sums of bytes that nobody would mistake for a seal.
fn seal(secret: u8) -> Box<Seal> {
    Box::new(move |bytes| {
        let mut sealed = [secret; SEAL_BYTES];
        for (nth, byte) in bytes.iter().enumerate() {
            let at = &mut sealed[nth % SEAL_BYTES];
            *at = at.wrapping_mul(31).wrapping_add(*byte);
        }
        sealed
    })
}

#[test]
fn a_cursor_goes_on_after_a_restart_for_a_day_and_in_the_same_index_only() {
    let dir = directory();
    let sealed = |dir: &std::path::Path, secret| {
        Index::open_sealed(dir, &identity(), &settings(), seal(secret)).unwrap()
    };
    let mut opened = sealed(dir.path(), 1);
    opened.writer.expire(Timestamp::from_micros(NOON)).unwrap();
    decide(&mut opened, (0, 0), NOON, &[said(0), said(1), said(2)]);
    let filter = Filter::default();
    let cursor = opened.index.list(&filter, None, 1).unwrap().next.unwrap();
    let rest = |opened: &Opened| {
        let page = opened.index.list(&filter, Some(&cursor), 9)?;
        Ok::<_, IndexError>(page.items.iter().map(|row| row.source.offset).collect::<Vec<_>>())
    };
    assert_eq!(rest(&opened).unwrap(), [1, 0]);
    drop(opened);
    assert_eq!(rest(&sealed(dir.path(), 1)).unwrap(), [1, 0]);
    let refused = |found| assert!(matches!(found, Err(IndexError::Cursor)), "{found:?}");
    refused(rest(&sealed(dir.path(), 2)));
    // the same records in another index: its topics may have other numbers
    let other = directory();
    let mut another = sealed(other.path(), 1);
    another.writer.expire(Timestamp::from_micros(NOON)).unwrap();
    decide(&mut another, (0, 0), NOON, &[said(0), said(1), said(2)]);
    refused(rest(&another));
    let mut opened = sealed(dir.path(), 1);
    opened.writer.expire(Timestamp::from_micros(NOON + DAY)).unwrap();
    assert_eq!(rest(&opened).unwrap(), [1, 0]);
    opened.writer.expire(Timestamp::from_micros(NOON + DAY + HOUR / 2)).unwrap();
    refused(rest(&opened));
}

#[test]
fn a_decision_about_contact_and_address_of_a_person_is_shown_once() {
    let dir = directory();
    let mut opened = open(dir.path());
    let both = Said { contact: Some(1), address: Some(2), ..said(0) };
    let address_only = Said { contact: None, address: Some(2), ..said(1) };
    let other = Said { contact: Some(3), address: Some(3), ..said(2) };
    decide(&mut opened, (0, 0), NOON, &[both, address_only, other]);
    let offsets = |contact, address| {
        let page = opened.index.of_person(&person(contact, address), None, 10).unwrap();
        page.items.iter().map(|row| row.source.offset).collect::<Vec<_>>()
    };
    assert_eq!(offsets(Some(1), Some(2)), [1, 0]);
    assert_eq!(offsets(Some(1), None), [0]);
    assert_eq!(offsets(None, Some(2)), [1, 0]);
    assert!(offsets(None, None).is_empty());
    assert!(offsets(Some(2), Some(1)).is_empty());
}

#[test]
fn messages_of_another_topic_are_others() {
    let dir = directory();
    let mut opened = open(dir.path());
    decide(&mut opened, (0, 0), NOON, &[said(0)]);
    let mut renamed = batch(0, NOON, &[Said { shape: 1, ..said(0) }]);
    renamed.source_topic = Cow::Borrowed("messages");
    opened.writer.apply(&[Applied::Decisions { place: place(0, 1), batch: &renamed }]).unwrap();
    let at = |topic: &str, record_offset| {
        let found = opened.index.at(&SourceRef { topic, partition: 0, record_offset }).unwrap();
        found.map(|row| row.reason().to_owned())
    };
    assert_eq!(at(TOPIC, 0).as_deref(), Some("approved.consent"));
    assert_eq!(at("messages", 0).as_deref(), Some("blocked.opted_out"));
    assert_eq!((at("messages", 1), at("elsewhere", 0)), (None, None));
}

/// A lane decides about several topics at once, and a topic that is not configured any more stays in the log.
#[test]
fn topics_of_one_partition_stand_side_by_side() {
    let dir = directory();
    let small = Settings { words_max: 1, ..settings() };
    let mut opened = Index::open(dir.path(), &identity(), &small).unwrap();
    for (nth, topic) in (0..).zip(TOPICS) {
        let batch = batch_of(topic, 3, NOON, &[said(0), said(1)]);
        let place = place(3, nth);
        opened.writer.apply(&[Applied::Decisions { place, batch: &batch }]).unwrap();
    }
    let look = |opened: &Opened| {
        let sources = |page: crate::Page<crate::DecisionRow>| {
            page.items.iter().map(|row| row.source.to_string()).collect::<Vec<_>>()
        };
        let named = |topic| [format!("{topic}/3/1"), format!("{topic}/3/0")];
        let wanted = TOPICS.into_iter().rev().flat_map(named).collect::<Vec<_>>();
        let everybody = Filter { with_probe: true, ..Filter::default() };
        assert_eq!(sources(opened.index.list(&everybody, None, 100).unwrap()), wanted);
        let ana = person(Some(1), None);
        assert_eq!(sources(opened.index.of_person(&ana, None, 100).unwrap()), wanted);
        let one: Vec<_> = wanted.iter().filter(|it| it.ends_with("/1")).cloned().collect();
        assert_eq!(sources(opened.index.of_message("m-1", None, 100).unwrap()), one);
        for (nth, topic) in (0..).zip(TOPICS) {
            let source = SourceRef { topic, partition: 3, record_offset: 1 };
            let row = opened.index.at(&source).unwrap().unwrap();
            assert_eq!((row.source.to_string(), row.place), (source.to_string(), place(3, nth)));
        }
        assert_eq!(opened.index.figures().unwrap().n_decisions, 2 * TOPICS.len() as u64);
        assert_eq!(opened.index.figures().unwrap().n_replaced, 0);
    };
    look(&opened);
    drop(opened);
    look(&Index::open(dir.path(), &identity(), &small).unwrap());
}

/// Nothing that anybody writes into the log brings the index down.
#[test]
fn strange_places_and_times_are_kept_as_they_are() {
    let dir = directory();
    let mut opened = open(dir.path());
    for (nth, at) in (0..).zip([i64::MIN, -1, 0, i64::MAX]) {
        decide(&mut opened, (0, nth), at, &[Said { offset: nth - 2, ..said(0) }]);
    }
    let mut strange = batch(-5, NOON, &[Said { offset: i64::MIN, ..said(0) }]);
    strange.source_topic = Cow::Owned("x".repeat(5_000));
    let place = place(0, i64::MAX);
    opened.writer.apply(&[Applied::Decisions { place, batch: &strange }]).unwrap();
    assert_eq!(next(&opened, 0), i64::MAX);
    assert_eq!(sources(&opened, &Filter::default()).len(), 5);
    for bucket in [Bucket::HalfHour, Bucket::Hour, Bucket::Day, Bucket::Whole] {
        let (window, filter) = (Window::default(), Filter::default());
        let counts = opened.index.counts(&window, &filter, &[], bucket).unwrap();
        assert_eq!(counts.n_decisions, 5);
    }
    opened.writer.expire(Timestamp::MAX).unwrap();
    assert_eq!(sources(&opened, &Filter::default()).len(), 1, "only the end of time is left");
}

#[test]
fn something_rare_is_found_behind_many_half_hours() {
    let dir = directory();
    let mut opened = open(dir.path());
    decide(&mut opened, (0, 0), NOON, &[Said { context: 1, ..said(0) }]);
    for nth in 1..200 {
        decide(&mut opened, (0, nth), NOON + nth * HOUR, &[said(nth)]);
    }
    let autumn = Filter { campaign: Some("autumn".into()), ..Filter::default() };
    assert_eq!(sources(&opened, &autumn), ["0/0"]);
}
