//! What is held, by whom, since when and where.
//!
//! A hold is the gate's answer to everything it cannot know right now: it waits instead of guessing.
//! There is at most one hold per holder and cause; repeating it keeps its beginning. Texts are made
//! of topic names and numbers, never of anything read from a record.

use super::snapshot::{Held as HeldNow, HeldPlace};
use crate::kafka::source::SourcePartition;
use crate::metrics::{HoldCause, Topic, TopicNames};
use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

/// Places one hold remembers; more than any topic we know has partitions.
const PLACES_MAX: usize = 4_096;

/// Places told in one line of `/readyz`.
const PLACES_SHOWN_MAX: usize = 20;

/// Characters of a hold's detail that are kept.
const DETAIL_CHARS_MAX: usize = 300;

/// Who holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    /// The consent reader.
    Reader,
    /// The lane of that number.
    Lane(usize),
}

impl fmt::Display for Holder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reader => formatter.write_str("consent reader"),
            Self::Lane(number) => write!(formatter, "lane {number}"),
        }
    }
}

/// A held partition, and the record it stands at when that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The topic.
    pub topic: Topic,
    /// The partition.
    pub partition: i32,
    /// The record that stops it.
    pub offset: Option<i64>,
}

impl Place {
    /// A partition of the messages.
    #[must_use]
    pub fn of(source: SourcePartition, offset: Option<i64>) -> Self {
        let SourcePartition { topic, partition } = source;
        Self { topic: Topic::Outbound(topic), partition, offset }
    }

    fn named(self, topics: &TopicNames) -> HeldPlace {
        let topic = topics.name(self.topic).to_owned();
        HeldPlace { topic, partition: self.partition, offset: self.offset }
    }
}

/// One hold.
pub(super) struct Hold {
    pub(super) since: Instant,
    places: BTreeMap<(Topic, i32), Option<i64>>,
    detail: String,
}

/// What became of a call to [`Holds::hold`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Held {
    /// There was no hold of this holder and cause before.
    pub(super) is_new: bool,
    /// Places were left out because there are too many.
    pub(super) is_full: bool,
}

/// All holds of the process.
#[derive(Default)]
pub(super) struct Holds {
    holds: BTreeMap<(Holder, HoldCause), Hold>,
}

impl Holds {
    /// Adds places to a hold, beginning it when needed; the latest detail stands.
    pub(super) fn hold(
        &mut self,
        (holder, cause): (Holder, HoldCause),
        places: &[Place],
        detail: &str,
        now: Instant,
    ) -> Held {
        let is_new = !self.holds.contains_key(&(holder, cause));
        let hold = self.holds.entry((holder, cause)).or_insert_with(|| Hold {
            since: now,
            places: BTreeMap::new(),
            detail: String::new(),
        });
        let mut is_full = false;
        for place in places {
            let key = (place.topic, place.partition);
            if hold.places.len() < PLACES_MAX || hold.places.contains_key(&key) {
                hold.places.insert(key, place.offset);
            } else {
                is_full = true;
            }
        }
        hold.detail = detail.chars().filter(|it| !it.is_control()).take(DETAIL_CHARS_MAX).collect();
        Held { is_new, is_full }
    }

    /// Ends a hold.
    pub(super) fn release(&mut self, holder: Holder, cause: HoldCause) -> Option<Hold> {
        self.holds.remove(&(holder, cause))
    }

    /// Ends a hold at one place, and altogether when it was the last; returns what ended altogether.
    pub(super) fn release_place(
        &mut self,
        (holder, cause): (Holder, HoldCause),
        topic: Topic,
        partition: i32,
    ) -> Option<Hold> {
        let hold = self.holds.get_mut(&(holder, cause))?;
        hold.places.remove(&(topic, partition))?;
        if hold.places.is_empty() { self.release(holder, cause) } else { None }
    }

    /// A lane owns `partitions` of the messages now: its holds elsewhere end.
    pub(super) fn keep_assigned(&mut self, lane: usize, assigned: &[SourcePartition]) {
        self.holds.retain(|(holder, _), hold| {
            if *holder != Holder::Lane(lane) || hold.places.is_empty() {
                return true;
            }
            hold.places.retain(|(topic, partition), _| match *topic {
                Topic::ConsentChange => true,
                Topic::Outbound(topic) => {
                    assigned.contains(&SourcePartition { topic, partition: *partition })
                }
            });
            !hold.places.is_empty()
        });
    }

    /// How many partitions wait for `cause`; a hold that names none counts as one.
    pub(super) fn n_held(&self, cause: HoldCause) -> usize {
        let holds = self.holds.iter().filter(|((_, its), _)| *its == cause);
        holds.map(|(_, hold)| hold.places.len().max(1)).sum()
    }

    /// Each hold as a value; of its places as many as a line of `/readyz` tells.
    pub(super) fn all(&self, topics: &TopicNames, now: Instant) -> Vec<HeldNow> {
        let held = |((holder, cause), hold): (&(Holder, HoldCause), &Hold)| HeldNow {
            holder: holder.to_string(),
            cause: cause.as_str().to_owned(),
            seconds: hold.lasted(now).as_secs(),
            n_partitions: hold.places.len().max(1) as u64,
            places: hold.places().take(PLACES_SHOWN_MAX).map(|it| it.named(topics)).collect(),
            detail: hold.detail.clone(),
        };
        self.holds.iter().map(held).collect()
    }

    /// Holder and description of each hold.
    pub(super) fn describe(&self, topics: &TopicNames, now: Instant) -> Vec<(Holder, String)> {
        let each = self.holds.iter();
        each.map(|((holder, cause), hold)| (*holder, hold.describe(*cause, topics, now))).collect()
    }
}

impl Hold {
    /// How long it lasts at `now`.
    pub(super) fn lasted(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.since)
    }

    /// The partitions it covers, with their offsets.
    pub(super) fn places(&self) -> impl Iterator<Item = Place> {
        self.places.iter().map(|((topic, partition), offset)| Place {
            topic: *topic,
            partition: *partition,
            offset: *offset,
        })
    }

    fn describe(&self, cause: HoldCause, topics: &TopicNames, now: Instant) -> String {
        let mut text = format!("held for {} s: {}", self.lasted(now).as_secs(), cause.as_str());
        for (n_shown, place) in self.places().enumerate() {
            if n_shown == PLACES_SHOWN_MAX {
                text.push_str(&format!(", and {} more", self.places.len() - n_shown));
                break;
            }
            let separator = if n_shown == 0 { ": " } else { ", " };
            text.push_str(&format!(
                "{separator}{} partition {}",
                topics.name(place.topic),
                place.partition
            ));
            if let Some(offset) = place.offset {
                text.push_str(&format!(" offset {offset}"));
            }
        }
        if !self.detail.is_empty() {
            text.push_str("; ");
            text.push_str(&self.detail);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POISON: (Holder, HoldCause) = (Holder::Reader, HoldCause::ConsentPoison);
    const BARRIER: (Holder, HoldCause) = (Holder::Lane(1), HoldCause::BarrierTimeout);

    fn place(topic: Topic, partition: i32, offset: Option<i64>) -> Place {
        Place { topic, partition, offset }
    }

    fn text(holds: &Holds, now: Instant) -> String {
        let all = holds.describe(&TopicNames::default(), now);
        all.into_iter().map(|(holder, text)| format!("{holder}: {text}\n")).collect()
    }

    #[test]
    fn a_repeated_hold_keeps_its_beginning_and_gathers_places() {
        let start = Instant::now();
        let mut holds = Holds::default();
        let first = place(Topic::ConsentChange, 3, Some(17));
        assert!(holds.hold(POISON, &[first], "class malformed", start).is_new);
        let later = start + Duration::from_secs(12);
        let second = place(Topic::ConsentChange, 5, Some(2));
        assert!(!holds.hold(POISON, &[second], "class truncated", later).is_new);
        assert_eq!(
            text(&holds, later),
            "consent reader: held for 12 s: consent_poison: consent-change partition 3 offset 17, \
             consent-change partition 5 offset 2; class truncated\n"
        );
        assert_eq!(holds.n_held(HoldCause::ConsentPoison), 2);
        assert!(holds.release_place(POISON, Topic::ConsentChange, 3).is_none());
        assert!(holds.release_place(POISON, Topic::ConsentChange, 3).is_none(), "twice");
        assert!(holds.release_place(POISON, Topic::ConsentChange, 5).is_some());
        assert_eq!(
            (holds.n_held(HoldCause::ConsentPoison), text(&holds, later)),
            (0, String::new())
        );
    }

    #[test]
    fn holders_and_causes_do_not_release_each_other() {
        let now = Instant::now();
        let mut holds = Holds::default();
        holds.hold(POISON, &[place(Topic::ConsentChange, 0, Some(1))], "", now);
        holds.hold(BARRIER, &[place(Topic::Outbound(0), 0, None)], "", now);
        holds.hold((Holder::Lane(2), HoldCause::BarrierTimeout), &[], "", now);
        assert_eq!(holds.n_held(HoldCause::BarrierTimeout), 2, "no place named counts as one");
        assert!(holds.release(Holder::Lane(1), HoldCause::BarrierTimeout).is_some());
        assert!(holds.release(Holder::Lane(1), HoldCause::ConsentPoison).is_none());
        assert_eq!(holds.n_held(HoldCause::BarrierTimeout), 1);
        assert_eq!(holds.n_held(HoldCause::ConsentPoison), 1);
    }

    #[test]
    fn holds_of_partitions_that_went_away_end() {
        let now = Instant::now();
        let mut holds = Holds::default();
        let places = [0, 1].map(|partition| place(Topic::Outbound(0), partition, None));
        holds.hold(BARRIER, &places, "", now);
        holds.hold((Holder::Lane(1), HoldCause::Recovering), &[], "", now);
        holds.hold((Holder::Lane(2), HoldCause::BarrierTimeout), &places, "", now);
        holds.keep_assigned(1, &[1, 7].map(|partition| SourcePartition { topic: 0, partition }));
        assert_eq!(holds.n_held(HoldCause::BarrierTimeout), 3);
        holds.keep_assigned(1, &[]);
        assert_eq!(holds.n_held(HoldCause::BarrierTimeout), 2, "only lane 2 is left");
        assert_eq!(holds.n_held(HoldCause::Recovering), 1, "a hold of the whole lane stays");
    }

    #[test]
    fn texts_and_places_are_bounded() {
        let now = Instant::now();
        let mut holds = Holds::default();
        let max = i32::try_from(PLACES_MAX).unwrap();
        let places: Vec<Place> =
            (0..=max).map(|partition| place(Topic::Outbound(0), partition, None)).collect();
        assert!(holds.hold(BARRIER, &places, &"x\n".repeat(1_000), now).is_full);
        assert_eq!(holds.n_held(HoldCause::BarrierTimeout), PLACES_MAX);
        let text = text(&holds, now);
        assert!(text.contains("and 4076 more; xxx"), "{text}");
        assert!(text.len() < 2_000, "{}", text.len());
        assert_eq!(text.lines().count(), 1, "a detail cannot fake a line");
    }
}
