//! What an index should say, kept in memory and counted naively.

use super::{Said, TOPICS, address, contact, contexts, shapes};
use crate::half_hour::HALF_HOUR_MICROS;
use crate::{
    Bucket, ChangePlace, Count, DecisionRow, Dimension, Filter, Label, Log, Person, Place, Window,
};
use gate_core::Timestamp;
use std::collections::BTreeMap;

/// A record, as tests feed it.
#[derive(Clone, Debug)]
pub(super) enum Fed {
    /// About messages of a topic, by its place in [`TOPICS`].
    Decisions {
        place: Place,
        topic: usize,
        evaluated_at: i64,
        said: Vec<Said>,
    },
    Change {
        place: Place,
        received_ms: i64,
        action: &'static str,
        people: Person,
    },
    Unreadable {
        log: Log,
        place: Place,
    },
    Lost {
        log: Log,
        partition: i32,
        to: i64,
    },
    Position {
        log: Log,
        partition: i32,
        next: i64,
    },
}

#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) place: Place,
    pub(super) topic: usize,
    pub(super) at: i64,
    pub(super) said: Said,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    pub(super) positions: BTreeMap<(Log, i32), i64>,
    /// By topic (in the order in which they came up), partition and offset of the message.
    pub(super) rows: BTreeMap<(usize, i32, i64), Kept>,
    pub(super) topics: Vec<usize>,
    pub(super) changes: Vec<(Person, ChangePlace)>,
    pub(super) floor: i64,
    pub(super) n_replaced: u64,
    pub(super) n_too_old: u64,
    pub(super) n_unreadable: u64,
    pub(super) n_gaps: u64,
}

impl Model {
    fn passes(&mut self, log: Log, partition: i32, from: i64, next: i64) -> bool {
        let position = self.positions.entry((log, partition)).or_insert(0);
        let is_new = *position <= from;
        if is_new {
            *position = next;
        }
        is_new
    }

    pub(super) fn feed(&mut self, fed: &Fed) {
        match fed {
            Fed::Decisions { place, topic, evaluated_at, said } => {
                let Place { partition, offset } = *place;
                if !self.passes(Log::Decisions, partition, offset, offset + 1) {
                    return;
                }
                if *evaluated_at < self.floor {
                    self.n_too_old += said.len() as u64;
                    return;
                }
                if !self.topics.contains(topic) {
                    self.topics.push(*topic);
                }
                for said in said {
                    self.decide(*place, *topic, *evaluated_at, said);
                }
            }
            Fed::Change { place, received_ms, action, people } => {
                if self.passes(Log::Consent, place.partition, place.offset, place.offset + 1) {
                    let (place, received_ms, action) = (*place, *received_ms, (*action).into());
                    self.changes.push((*people, ChangePlace { place, received_ms, action }));
                }
            }
            Fed::Unreadable { log, place } => {
                let is_new = self.passes(*log, place.partition, place.offset, place.offset + 1);
                self.n_unreadable += u64::from(is_new);
            }
            Fed::Lost { log, partition, to } => {
                self.n_gaps += u64::from(self.passes(*log, *partition, *to - 1, *to));
            }
            Fed::Position { log, partition, next } => {
                self.passes(*log, *partition, *next - 1, *next);
            }
        }
    }

    /// The decision about a message.
    pub(super) fn at(&self, topic: usize, partition: i32, offset: i64) -> Option<&Kept> {
        let nth = self.topics.iter().position(|it| *it == topic)?;
        self.rows.get(&(nth, partition, offset))
    }

    fn decide(&mut self, place: Place, topic: usize, at: i64, said: &Said) {
        let nth = self.topics.iter().position(|it| *it == topic).unwrap();
        let key = (nth, place.partition, said.offset);
        let is_lost = |said: &Said| shapes()[said.shape].is_reconstructed;
        if let Some(old) = self.rows.get(&key) {
            if is_lost(said) && !is_lost(&old.said) {
                return;
            }
            self.n_replaced += 1;
        }
        self.rows.insert(key, Kept { place, topic, at, said: said.clone() });
    }

    pub(super) fn expire(&mut self, now: i64, keep_micros: i64) {
        let floor = (now - keep_micros).div_euclid(HALF_HOUR_MICROS) * HALF_HOUR_MICROS;
        if floor > self.floor {
            self.floor = floor;
            self.rows.retain(|_, kept| kept.at >= floor);
        }
    }

    /// Newest first.
    pub(super) fn sorted(&self, is_meant: impl Fn(&Kept) -> bool) -> Vec<&Kept> {
        let mut found: Vec<_> = self.rows.iter().filter(|(_, kept)| is_meant(kept)).collect();
        found.sort_by_key(|(source, kept)| std::cmp::Reverse((kept.at, **source)));
        found.into_iter().map(|(_, kept)| kept).collect()
    }

    /// Newest first.
    pub(super) fn changes_of(&self, person: &Person) -> Vec<ChangePlace> {
        let is_one = |one: Option<_>, other: Option<_>| one.is_some() && one == other;
        let is_it = |(people, _): &&(Person, ChangePlace)| {
            is_one(people.contact, person.contact) || is_one(people.address, person.address)
        };
        let mut found: Vec<_> =
            self.changes.iter().filter(is_it).map(|(_, change)| change.clone()).collect();
        found.sort_by_key(|change| std::cmp::Reverse((change.received_ms, change.place)));
        found
    }

    /// By time, then by labels.
    pub(super) fn counts(
        &self,
        window: &Window,
        filter: &Filter,
        by: &[Dimension],
        bucket: Bucket,
    ) -> (Vec<Count>, u64) {
        let half_hour = |at: i64| at.div_euclid(HALF_HOUR_MICROS);
        let first = window.since.map_or(i64::MIN, |it| half_hour(it.as_micros()));
        let end = window.until.map_or(i64::MAX, |it| {
            let at = it.as_micros();
            half_hour(at) + i64::from(at.rem_euclid(HALF_HOUR_MICROS) > 0)
        });
        let filter = Filter { since: None, until: None, ..filter.clone() };
        let mut rows: BTreeMap<(i64, Vec<Label>), u64> = BTreeMap::new();
        let mut n = 0;
        for kept in self.rows.values() {
            let it = half_hour(kept.at);
            if !kept.is_meant(&filter) || it < first || it >= end {
                continue;
            }
            n += 1;
            let offset = i64::from(window.utc_offset_seconds) * 1_000_000;
            let start = it * HALF_HOUR_MICROS;
            let round = |to: i64| (start + offset).div_euclid(to) * to - offset;
            let begin = match bucket {
                Bucket::HalfHour => start,
                Bucket::Hour => start.div_euclid(2 * HALF_HOUR_MICROS) * 2 * HALF_HOUR_MICROS,
                Bucket::Day => round(48 * HALF_HOUR_MICROS),
                Bucket::Whole => first.max(half_hour(self.floor)).saturating_mul(HALF_HOUR_MICROS),
            };
            let mut keys = vec![vec![]];
            for dimension in by {
                let labels = kept.labels(*dimension);
                keys = keys
                    .iter()
                    .flat_map(|key: &Vec<Label>| {
                        labels
                            .iter()
                            .map(|label| [key.as_slice(), std::slice::from_ref(label)].concat())
                    })
                    .collect();
            }
            for key in keys {
                *rows.entry((begin, key)).or_default() += 1;
            }
        }
        let row = |((begin, labels), n)| Count { begin: Timestamp::from_micros(begin), labels, n };
        (rows.into_iter().map(row).collect(), n)
    }
}

impl Kept {
    pub(super) fn is_meant(&self, filter: &Filter) -> bool {
        let (shape, context) = (&shapes()[self.said.shape], &contexts()[self.said.context]);
        let fits = |wanted: &Option<String>, found: Option<&str>| {
            wanted.is_none() || wanted.as_deref() == found
        };
        let Filter { jurisdiction, since, until, with_probe, .. } = filter;
        fits(&filter.outcome, Some(&shape.outcome))
            && fits(&filter.reason, Some(&shape.reason))
            && fits(&filter.channel, shape.channel.as_deref())
            && fits(&filter.purpose, context.purpose.as_deref())
            && fits(&filter.brand, context.brand.as_deref())
            && fits(&filter.controller, context.controller.as_deref())
            && fits(&filter.campaign, context.campaign.as_deref())
            && jurisdiction.as_deref().is_none_or(|it| shape.jurisdictions.iter().any(|j| j == it))
            && since.is_none_or(|since| since.as_micros() <= self.at)
            && until.is_none_or(|until| self.at < until.as_micros())
            && (*with_probe || !context.probe)
    }

    fn labels(&self, dimension: Dimension) -> Vec<Label> {
        let (shape, context) = (&shapes()[self.said.shape], &contexts()[self.said.context]);
        let one = |text: Option<&str>| match text {
            Some(text) => vec![Label::Named(text.into())],
            None => vec![Label::Absent],
        };
        match dimension {
            Dimension::Outcome => one(Some(&shape.outcome)),
            Dimension::Reason => one(Some(&shape.reason)),
            Dimension::Channel => one(shape.channel.as_deref()),
            Dimension::Jurisdiction if shape.jurisdictions.is_empty() => one(None),
            Dimension::Jurisdiction => {
                shape.jurisdictions.iter().map(|it| Label::Named((&**it).into())).collect()
            }
            Dimension::Purpose => one(context.purpose.as_deref()),
            Dimension::Brand => one(context.brand.as_deref()),
            Dimension::Controller => one(context.controller.as_deref()),
            Dimension::Campaign => one(context.campaign.as_deref()),
        }
    }

    /// Panics unless the row says what was said.
    #[track_caller]
    pub(super) fn assert_is(&self, row: &DecisionRow) {
        let (shape, context) = (&shapes()[self.said.shape], &contexts()[self.said.context]);
        let text = |text: &Option<std::borrow::Cow<'_, str>>| text.as_deref().map(str::to_owned);
        let topic = TOPICS[self.topic];
        let source = format!("{topic}/{}/{}", self.place.partition, self.said.offset);
        assert_eq!(row.source.to_string(), source);
        assert_eq!((row.place, row.evaluated_at.as_micros()), (self.place, self.at));
        assert_eq!(row.message_id.as_deref(), self.said.message_id.as_deref());
        assert_eq!((row.outcome(), row.reason()), (&*shape.outcome, &*shape.reason));
        let list = |list: &[Box<str>]| list.iter().map(|it| it.to_string()).collect::<Vec<_>>();
        assert_eq!(list(row.reasons()), shape.reasons);
        assert_eq!(list(row.jurisdictions()), shape.jurisdictions);
        assert_eq!(row.channel(), shape.channel.as_deref());
        assert_eq!(row.is_reconstructed(), shape.is_reconstructed);
        assert_eq!(row.context.purpose.as_deref(), text(&context.purpose).as_deref());
        assert_eq!(row.context.brand.as_deref(), text(&context.brand).as_deref());
        assert_eq!(row.context.controller.as_deref(), text(&context.controller).as_deref());
        assert_eq!(row.context.campaign.as_deref(), text(&context.campaign).as_deref());
        assert_eq!(row.is_probe(), context.probe);
        assert_eq!(&*row.policy_revision, "r1");
        assert_eq!(row.not_before.map(Timestamp::as_micros), self.said.not_before);
        assert_eq!(row.contact, self.said.contact.map(contact));
        assert_eq!(row.address, self.said.address.map(address));
    }

    pub(super) fn is_of(&self, person: &Person) -> bool {
        let is_one = |one: Option<_>, other: Option<_>| one.is_some() && one == other;
        is_one(self.said.contact.map(contact), person.contact)
            || is_one(self.said.address.map(address), person.address)
    }
}
