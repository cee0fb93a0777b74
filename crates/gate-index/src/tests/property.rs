//! After any sequence of records, again or not, with restarts, kills and expiry, an index says what a naive model says.

use super::model::{Fed, Kept, Model};
use super::{
    DAY, HOUR, NOON, Said, TOPICS, batch_of, contexts, directory, identity, image, person,
    settings, shapes,
};
use crate::{
    Applied, Bucket, DecisionRow, Dimension, Filter, Index, IndexError, Log, Opened, Page, Place,
    Settings, Window,
};
use gate_core::Timestamp;
use gate_log::SourceRef;
use proptest::prelude::*;

const KEEP_DAYS: u32 = 2;

/// What happens.
#[derive(Clone, Debug)]
enum Step {
    /// Topic, partition, when, and decisions: how far from the offset before (negative: again), shape, context, id, contact, address.
    Decide(usize, i32, i64, Vec<(i64, usize, usize, u8, u8, u8)>),
    Change(i32, i64, u8, u8),
    Unreadable(bool, i32),
    Lost(bool, i32, i64),
    Position(bool, i32, i64),
    /// An earlier record, counted from the last.
    Again(usize),
    Flush,
    Restart,
    Kill,
    /// Days from the first.
    Expire(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let is_often_one = prop_oneof![9 => Just(1i64), 2 => 2i64..5, 2 => -4i64..1];
    let decision = (is_often_one, 0..shapes().len(), 0..contexts().len(), 0u8..5, 0u8..4, 0u8..4);
    let decisions = prop::collection::vec(decision, 0..6);
    // hours, and times that go backwards
    let when = prop_oneof![0i64..12, 0i64..96];
    prop_oneof![
        20 => (0..TOPICS.len(), 0i32..2, when, decisions).prop_map(|(topic, on, when, of)| Step::Decide(topic, on, when, of)),
        6 => (0i32..2, 0i64..5, 0u8..4, 0u8..4).prop_map(|(on, at, a, b)| Step::Change(on, at, a, b)),
        2 => (any::<bool>(), 0i32..2).prop_map(|(log, on)| Step::Unreadable(log, on)),
        1 => (any::<bool>(), 0i32..2, -1i64..4).prop_map(|(log, on, by)| Step::Lost(log, on, by)),
        1 => (any::<bool>(), 0i32..2, -1i64..4).prop_map(|(log, on, by)| Step::Position(log, on, by)),
        4 => (0usize..12).prop_map(Step::Again),
        2 => Just(Step::Flush),
        2 => Just(Step::Restart),
        2 => Just(Step::Kill),
        2 => (0i64..5).prop_map(Step::Expire),
    ]
}

/// An index beside its model.
struct Pair {
    dir: tempfile::TempDir,
    opened: Option<Opened>,
    model: Model,
    history: Vec<Fed>,
    /// Next offset of messages, of each topic and partition: all count from 0, so places of different topics collide.
    messages: [[i64; 2]; TOPICS.len()],
    settings: Settings,
}

impl Pair {
    fn new(settings: Settings) -> Self {
        let dir = directory();
        let opened = Some(Index::open(dir.path(), &identity(), &settings).unwrap());
        let (model, history) = (Model { floor: i64::MIN, ..Model::default() }, Vec::new());
        Self { dir, opened, model, history, messages: [[0; 2]; TOPICS.len()], settings }
    }

    fn opened(&mut self) -> &mut Opened {
        self.opened.as_mut().unwrap()
    }

    fn next(&self, log: Log, partition: i32) -> i64 {
        self.model.positions.get(&(log, partition)).copied().unwrap_or(0)
    }

    fn take(&mut self, step: &Step) {
        let log = |is_consent: bool| if is_consent { Log::Consent } else { Log::Decisions };
        let some = |nth: u8| nth.checked_sub(1);
        let fed = match step {
            Step::Decide(topic, partition, when, of) => {
                let at = &mut self.messages[*topic][*partition as usize];
                let said = of.iter().map(|(by, shape, context, id, contact, address)| {
                    *at = (*at + by).max(0);
                    Said {
                        offset: *at,
                        message_id: some(*id).map(|id| format!("m-{id}")),
                        shape: *shape,
                        context: *context,
                        contact: some(*contact),
                        address: some(*address),
                        not_before: (*shape == 3).then_some(NOON + DAY),
                    }
                });
                let said = said.collect();
                let partition = *partition;
                let place = Place { partition, offset: self.next(Log::Decisions, partition) };
                let evaluated_at = NOON + when * HOUR / 2;
                Fed::Decisions { place, topic: *topic, evaluated_at, said }
            }
            Step::Change(partition, at, contact, address) => {
                let offset = self.next(Log::Consent, *partition);
                Fed::Change {
                    place: Place { partition: *partition, offset },
                    received_ms: *at,
                    action: if *at == 0 { "opt_out" } else { "opt_in" },
                    people: person(some(*contact), some(*address)),
                }
            }
            Step::Unreadable(is_consent, partition) => {
                let (log, partition) = (log(*is_consent), *partition);
                let place = Place { partition, offset: self.next(log, partition) };
                Fed::Unreadable { log, place }
            }
            Step::Lost(is_consent, partition, by) => {
                let (log, partition) = (log(*is_consent), *partition);
                Fed::Lost { log, partition, to: self.next(log, partition) + by }
            }
            Step::Position(is_consent, partition, by) => {
                let (log, partition) = (log(*is_consent), *partition);
                Fed::Position { log, partition, next: self.next(log, partition) + by }
            }
            Step::Again(back) => match self.history.iter().nth_back(*back).cloned() {
                Some(fed) => fed,
                None => return,
            },
            Step::Flush => return self.opened().writer.flush().unwrap(),
            Step::Restart => {
                self.opened = None;
                return self.reopen();
            }
            Step::Kill => {
                self.dir = image(self.dir.path());
                self.opened = None;
                self.reopen();
                for fed in self.history.clone() {
                    apply(self.opened(), &fed);
                }
                return;
            }
            Step::Expire(days) => {
                let now = NOON + days * DAY;
                self.model.expire(now, i64::from(KEEP_DAYS) * DAY);
                return self.opened().writer.expire(Timestamp::from_micros(now)).unwrap();
            }
        };
        self.model.feed(&fed);
        apply(self.opened(), &fed);
        self.history.push(fed);
    }

    fn reopen(&mut self) {
        let opened = Index::open(self.dir.path(), &identity(), &self.settings).unwrap();
        assert_eq!(opened.rebuilt, None);
        self.opened = Some(opened);
    }
}

fn apply(opened: &mut Opened, fed: &Fed) {
    let decided;
    let mut people = Vec::new();
    let applied = match fed {
        Fed::Decisions { place, topic, evaluated_at, said } => {
            decided = batch_of(TOPICS[*topic], place.partition, *evaluated_at, said);
            Applied::Decisions { place: *place, batch: &decided }
        }
        Fed::Change { place, received_ms, action, people: of } => {
            people.extend(of.keys());
            let (place, received_ms) = (*place, *received_ms);
            Applied::Change { place, received_ms, action, people: &people }
        }
        Fed::Unreadable { log, place } => {
            Applied::Unreadable { log: *log, place: *place, class: "damaged" }
        }
        Fed::Lost { log, partition, to } => {
            Applied::Lost { log: *log, partition: *partition, to: *to }
        }
        Fed::Position { log, partition, next } => {
            Applied::Position { log: *log, partition: *partition, next: *next }
        }
    };
    opened.writer.apply(&[applied]).unwrap();
}

/// All pages of an answer.
fn all<T>(limit: usize, ask: impl Fn(Option<&str>) -> Result<Page<T>, IndexError>) -> Vec<T> {
    let (mut found, mut next): (Vec<T>, Option<String>) = (Vec::new(), None);
    loop {
        let page = ask(next.as_deref()).unwrap();
        assert!(page.items.len() <= limit && !page.is_cut_off);
        found.extend(page.items);
        next = page.next;
        if next.is_none() {
            return found;
        }
    }
}

#[track_caller]
fn assert_rows(wanted: &[&Kept], found: &[DecisionRow]) {
    let sources: Vec<_> = found.iter().map(|row| row.source.to_string()).collect();
    assert_eq!(wanted.len(), found.len(), "{sources:?} instead of {wanted:?}");
    wanted.iter().zip(found).for_each(|(wanted, found)| wanted.assert_is(found));
}

fn compare(pair: &mut Pair, limit: usize, filter: &Filter, window: &Window, by: &[Dimension]) {
    let model = pair.model.clone();
    let index = pair.opened().index.clone();
    for filter in [filter, &Filter { with_probe: true, ..Filter::default() }, &Filter::default()] {
        let found = all(limit, |cursor| index.list(filter, cursor, limit));
        assert_rows(&model.sorted(|kept| kept.is_meant(filter)), &found);
        for bucket in [Bucket::HalfHour, Bucket::Hour, Bucket::Day, Bucket::Whole] {
            let found = index.counts(window, filter, by, bucket).unwrap();
            let (mut rows, n) = model.counts(window, filter, by, bucket);
            if bucket == Bucket::Whole {
                rows.iter_mut().for_each(|row| row.begin = found.since);
            }
            assert_eq!((found.rows, found.n_decisions), (rows, n));
            assert_eq!((found.n_others, found.n_uncertain, found.is_cut_off), (0, 0, false));
        }
    }
    for id in ["m-0", "m-1", "m-2", "m-3", "m-4"] {
        let found = all(limit, |cursor| index.of_message(id, cursor, limit));
        assert_rows(&model.sorted(|kept| kept.said.message_id.as_deref() == Some(id)), &found);
    }
    for (contact, address) in (0u8..4).flat_map(|one| (0u8..4).map(move |other| (one, other))) {
        let person = person(contact.checked_sub(1), address.checked_sub(1));
        let found = all(limit, |cursor| index.of_person(&person, cursor, limit));
        assert_rows(&model.sorted(|kept| kept.is_of(&person)), &found);
        let found = all(limit, |cursor| index.changes_of(&person, cursor, limit));
        assert_eq!(found, model.changes_of(&person));
    }
    for (nth, topic) in TOPICS.into_iter().enumerate() {
        for (partition, next) in (0..).zip(pair.messages[nth]) {
            for record_offset in 0..next + 2 {
                let source = SourceRef { topic, partition, record_offset };
                let found = index.at(&source).unwrap();
                let wanted = model.at(nth, partition, record_offset);
                assert_eq!(wanted.is_some(), found.is_some(), "{source}");
                wanted.into_iter().zip(&found).for_each(|(wanted, found)| wanted.assert_is(found));
            }
        }
    }
    let figures = index.figures().unwrap();
    assert_eq!(figures.n_decisions, model.rows.len() as u64);
    assert_eq!((figures.n_replaced, figures.n_too_old), (model.n_replaced, model.n_too_old));
    assert_eq!((figures.n_gaps, figures.n_changes), (model.n_gaps, model.changes.len() as u64));
    let n_unreadable: u64 = figures.n_unreadable.iter().map(|(_, _, n)| n).sum();
    assert_eq!(n_unreadable, model.n_unreadable);
    for log in [Log::Decisions, Log::Consent] {
        let positions = index.positions(log).unwrap();
        let wanted = model.positions.iter().filter(|((of, _), next)| *of == log && **next > 0);
        let wanted: Vec<_> = wanted.map(|((_, partition), next)| (*partition, *next)).collect();
        assert_eq!(positions.into_iter().collect::<Vec<_>>(), wanted);
    }
}

fn filter() -> impl Strategy<Value = Filter> {
    let one_of = |texts: &'static [&'static str]| prop_oneof![3 => Just(None), 1 => prop::sample::select(texts).prop_map(|it| Some(it.to_owned()))];
    let when = || {
        prop::option::weighted(0.3, 0i64..100)
            .prop_map(|it| it.map(|it| Timestamp::from_micros(NOON + it * HOUR / 2)))
    };
    (
        one_of(&["approved", "blocked", "deferred", "nothing"]),
        one_of(&["blocked.opted_out", "approved.consent"]),
        one_of(&["email", "sms"]),
        one_of(&["GB", "FR"]),
        one_of(&["tents", "boots"]),
        one_of(&["spring", "autumn"]),
        when(),
        when(),
        any::<bool>(),
    )
        .prop_map(
            |(
                outcome,
                reason,
                channel,
                jurisdiction,
                brand,
                campaign,
                since,
                until,
                with_probe,
            )| Filter {
                outcome,
                reason,
                channel,
                jurisdiction,
                brand,
                campaign,
                since,
                until,
                with_probe,
                ..Filter::default()
            },
        )
}

fn dimensions() -> impl Strategy<Value = Vec<Dimension>> {
    prop::sample::subsequence(
        vec![
            Dimension::Outcome,
            Dimension::Reason,
            Dimension::Channel,
            Dimension::Jurisdiction,
            Dimension::Purpose,
            Dimension::Brand,
            Dimension::Controller,
            Dimension::Campaign,
        ],
        0..4,
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn an_index_says_what_a_model_says(
        steps in prop::collection::vec(step(), 1..50),
        limit in 1usize..8,
        filter in filter(),
        by in dimensions(),
        utc_offset_seconds in prop::sample::select(vec![0, 7_200, -12_600]),
    ) {
        let mut pair = Pair::new(Settings { keep_days: KEEP_DAYS, ..settings() });
        for step in &steps {
            pair.take(step);
        }
        let window = Window { since: filter.since, until: filter.until, utc_offset_seconds };
        compare(&mut pair, limit, &filter, &window, &by);
        // what is written down is the same as what is in memory, and what is compacted
        pair.take(&Step::Kill);
        compare(&mut pair, limit, &filter, &window, &by);
        pair.opened().writer.compact().unwrap();
        pair.take(&Step::Restart);
        compare(&mut pair, limit, &filter, &window, &by);
    }

    /// With hardly any room the counts are coarser; none is lost, and none stays when its row goes.
    #[test]
    fn bounds_lose_no_decision(steps in prop::collection::vec(step(), 1..50)) {
        let small = Settings { keep_days: KEEP_DAYS, series_max: 2, words_max: 3, ..settings() };
        let mut pair = Pair::new(small);
        for step in &steps {
            pair.take(step);
        }
        let n_rows = pair.model.rows.len() as u64;
        let index = pair.opened().index.clone();
        let everything = Filter { with_probe: true, ..Filter::default() };
        let counts = index.counts(&Window::default(), &everything, &[Dimension::Campaign], Bucket::Whole).unwrap();
        prop_assert_eq!(counts.n_decisions, n_rows);
        prop_assert_eq!(counts.rows.iter().map(|row| row.n).sum::<u64>(), n_rows);
        prop_assert_eq!(index.figures().unwrap().n_decisions, n_rows);
        prop_assert_eq!(all(7, |cursor| index.list(&everything, cursor, 7)).len() as u64, n_rows);
    }
}
