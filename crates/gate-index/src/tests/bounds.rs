//! Bounds hold, and say so when they are hit.

use super::{
    DAY, HOUR, NOON, Said, batch, decide, directory, identity, open, person, place, settings,
};
use crate::{Applied, Bucket, Dimension, Filter, Index, Label, Log, Settings, Window};
use gate_core::Timestamp;
use std::borrow::Cow;

#[test]
fn what_finds_no_room_is_counted_as_other_and_said() {
    let dir = directory();
    let small = Settings { series_max: 3, ..settings() };
    let mut opened = Index::open(dir.path(), &identity(), &small).unwrap();
    let said: Vec<_> = (0..10).map(|offset| Said { offset, ..Said::default() }).collect();
    let mut record = batch(0, NOON, &said);
    let context = record.contexts[0].clone();
    record.contexts = (0..10)
        .map(|nth| {
            let campaign = Some(Cow::Owned(format!("c-{nth}")));
            gate_log::Context { campaign, ..context.clone() }
        })
        .collect();
    record.context = (0..10).collect();
    opened.writer.apply(&[Applied::Decisions { place: place(0, 0), batch: &record }]).unwrap();
    let counts = |filter: &Filter, by| {
        opened.index.counts(&Window::default(), filter, &[by], Bucket::Whole).unwrap()
    };
    let all = counts(&Filter::default(), Dimension::Campaign);
    assert_eq!((all.n_decisions, all.n_others, all.rows.len()), (10, 7, 4));
    let other = all.rows.iter().find(|row| row.labels == [Label::Other]).unwrap();
    assert_eq!(other.n, 7);
    let by_reason = counts(&Filter::default(), Dimension::Reason);
    assert_eq!((by_reason.rows.len(), by_reason.n_others), (1, 0), "their reason is still known");
    let one = Filter { campaign: Some("c-9".into()), ..Filter::default() };
    let uncertain = counts(&one, Dimension::Campaign);
    assert_eq!((uncertain.n_decisions, uncertain.n_uncertain), (0, 7));
    assert_eq!(opened.index.list(&one, None, 9).unwrap().items.len(), 1, "the row itself is found");
    assert_eq!(opened.index.figures().unwrap().n_counted_as_other, 7);
}

#[test]
fn more_words_than_there_is_room_for_are_kept_as_other() {
    let dir = directory();
    let small = Settings { words_max: 2, ..settings() };
    let mut opened = Index::open(dir.path(), &identity(), &small).unwrap();
    decide(&mut opened, (0, 0), NOON, &[Said { shape: 3, context: 3, ..Said::default() }]);
    let page = opened.index.list(&Filter::default(), None, 9).unwrap();
    assert!(page.items[0].context.is_other && page.items[0].verdict.is_other);
    assert_eq!(opened.index.figures().unwrap().n_kept_as_other, 1);
}

#[test]
fn what_is_older_than_the_bound_is_gone_at_once_and_leaves_the_disk() {
    let dir = directory();
    let short = Settings { keep_days: 1, keep_changes_days: Some(2), ..settings() };
    let mut opened = Index::open(dir.path(), &identity(), &short).unwrap();
    let of = |offset| {
        let message_id = Some("secret-id".to_owned());
        Said { offset, message_id, contact: Some(0), address: Some(0), ..Said::default() }
    };
    let people: Vec<_> = person(Some(0), Some(0)).keys().collect();
    let change = |offset, at: i64| Applied::Change {
        place: place(0, offset),
        received_ms: at / 1_000,
        action: "opt_out",
        people: &people,
    };
    decide(&mut opened, (0, 0), NOON, &[of(0), of(1)]);
    opened.writer.apply(&[change(0, NOON), change(1, NOON + 2 * DAY)]).unwrap();
    opened.writer.expire(Timestamp::from_micros(NOON + DAY / 2)).unwrap();
    assert_eq!(opened.index.figures().unwrap().n_decisions, 2, "not yet");
    decide(&mut opened, (0, 1), NOON + 2 * DAY, &[of(2)]);
    opened.writer.expire(Timestamp::from_micros(NOON + 3 * DAY - 1)).unwrap();
    let index = opened.index.clone();
    let who = person(Some(0), Some(0));
    let look = || {
        let offsets = |page: crate::Page<crate::DecisionRow>| {
            page.items.iter().map(|row| row.source.offset).collect::<Vec<_>>()
        };
        assert_eq!(offsets(index.list(&Filter::default(), None, 9).unwrap()), [2]);
        assert_eq!(offsets(index.of_person(&who, None, 9).unwrap()), [2]);
        assert_eq!(offsets(index.of_message("secret-id", None, 9).unwrap()), [2]);
        assert_eq!(index.changes_of(&who, None, 9).unwrap().items.len(), 1);
        let figures = index.figures().unwrap();
        assert_eq!(figures.n_decisions, 1);
        assert_eq!(figures.oldest, Some(Timestamp::from_micros(NOON + 2 * DAY)));
    };
    look();
    decide(&mut opened, (0, 2), NOON, &[of(3)]);
    assert_eq!(opened.index.figures().unwrap().n_too_old, 1);
    look();
    opened.writer.compact().unwrap();
    look();
    for family in crate::layout::FAMILIES {
        let handle = opened.index.inner.family(family).unwrap();
        let n = opened.index.inner.db.iterator_cf(handle, rocksdb::IteratorMode::Start).count();
        let most = match family {
            "rows" | "sources" | "messages" | "counts" => 1,
            "people" | "changes" => 2,
            _ => continue,
        };
        assert_eq!(n, most, "{family}");
    }
    // the bound does not move back
    opened.writer.expire(Timestamp::from_micros(NOON)).unwrap();
    look();
}

#[test]
fn a_page_is_as_long_as_it_may_be() {
    let dir = directory();
    let mut opened = open(dir.path());
    let said: Vec<_> = (0..1_500).map(|offset| Said { offset, ..Said::default() }).collect();
    decide(&mut opened, (0, 0), NOON, &said);
    for (asked, given) in [(0, 1), (1, 1), (usize::MAX, crate::LIMIT_MAX)] {
        let page = opened.index.list(&Filter::default(), None, asked).unwrap();
        assert_eq!((page.items.len(), page.next.is_some()), (given, true));
    }
}

#[test]
fn a_scan_that_is_too_long_says_so_and_goes_on() {
    let dir = directory();
    let mut opened = open(dir.path());
    let rare = Said { context: 1, ..Said::default() };
    decide(&mut opened, (0, 0), NOON, &[rare]);
    let per_record = 8_000i64;
    let n_records = crate::SCANNED_MAX as i64 / per_record + 1;
    for nth in 0..n_records {
        let said: Vec<_> = (0..per_record)
            .map(|at| Said { offset: 1 + nth * per_record + at, ..Said::default() })
            .collect();
        decide(&mut opened, (0, 1 + nth), NOON + nth, &said);
    }
    let autumn = Filter { campaign: Some("autumn".into()), ..Filter::default() };
    let first = opened.index.list(&autumn, None, 10).unwrap();
    assert!(first.is_cut_off && first.items.is_empty());
    let second = opened.index.list(&autumn, first.next.as_deref(), 10).unwrap();
    assert_eq!((second.items.len(), second.is_cut_off), (1, false));
}

/// Half hours without anything that is meant are skipped, and looking into them is bounded as well.
#[test]
fn looking_into_too_many_half_hours_says_so_and_goes_on() {
    let dir = directory();
    let mut opened = open(dir.path());
    decide(&mut opened, (0, 0), NOON, &[Said { context: 1, ..Said::default() }]);
    let per_record = 9_000i64;
    let n_records = crate::SCANNED_MAX as i64 / per_record + 1;
    for nth in 0..n_records {
        let said: Vec<_> = (0..per_record)
            .map(|at| Said { offset: 1 + nth * per_record + at, ..Said::default() })
            .collect();
        let mut record = batch(0, NOON + (1 + nth) * HOUR, &said);
        let context = |nth: i64| gate_log::Context {
            campaign: Some(Cow::Owned(format!("c-{nth}"))),
            ..gate_log::Context::default()
        };
        record.contexts = (0..per_record).map(context).collect();
        record.context = (0..per_record as i32).collect();
        let place = place(0, 1 + nth);
        opened.writer.apply(&[Applied::Decisions { place, batch: &record }]).unwrap();
    }
    let autumn = Filter { campaign: Some("autumn".into()), ..Filter::default() };
    let first = opened.index.list(&autumn, None, 10).unwrap();
    assert!(first.is_cut_off && first.items.is_empty());
    let second = opened.index.list(&autumn, first.next.as_deref(), 10).unwrap();
    assert_eq!((second.items.len(), second.is_cut_off), (1, false));
}

#[test]
fn unreadable_records_and_gaps_are_counted_once() {
    let dir = directory();
    let mut opened = open(dir.path());
    let people: Vec<_> = person(Some(1), None).keys().collect();
    let records = [
        Applied::Unreadable { log: Log::Consent, place: place(1, 4), class: "damaged" },
        Applied::Unreadable { log: Log::Consent, place: place(1, 4), class: "damaged" },
        Applied::UnreadableChange {
            place: place(1, 5),
            received_ms: 7,
            class: "bad_timestamp",
            people: &people,
        },
        Applied::Lost { log: Log::Consent, partition: 1, to: 9 },
        Applied::Lost { log: Log::Consent, partition: 1, to: 9 },
        Applied::Position { log: Log::Consent, partition: 1, next: 3 },
    ];
    opened.writer.apply(&records).unwrap();
    let figures = opened.index.figures().unwrap();
    let classes = ["bad_timestamp", "damaged"].map(|class| (Log::Consent, class.into(), 1));
    assert_eq!(figures.n_unreadable, classes);
    let found = opened.index.changes_of(&person(Some(1), None), None, 9).unwrap();
    assert_eq!(
        (found.items.len(), &*found.items[0].action),
        (1, "unreadable"),
        "whom it may be about"
    );
    assert_eq!(figures.unreadable[0].place, place(1, 4));
    let gap = crate::Gap { log: Log::Consent, partition: 1, from: 6, to: 9 };
    assert_eq!((figures.n_gaps, figures.gaps), (1, vec![gap]));
    assert_eq!(opened.writer.position(Log::Consent, 1), 9);
}
