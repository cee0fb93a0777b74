//! What records and decisions are counted by: sets made of more than one closed set.
//!
//! Each member knows its place in an array, so counting a record neither locks nor hashes; the test
//! below proves that places and label values never collide.

use super::labels::{ConsentResult, Labels, ProbeRecipient, Route, StatusClass, Topic, TopicNames};
use gate_core::{Action, Channel, Reason};

/// What a decision is counted by; the outcome follows from the reason, `None` is an unknown channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decided(pub Reason, pub Option<Channel>);

/// Channels and the unknown one.
const CHANNELS: usize = Channel::ALL.len() + 1;

impl Decided {
    /// How many there are.
    pub const COUNT: usize = Reason::ALL.len() * CHANNELS;
}

impl Labels for Decided {
    fn names() -> Vec<&'static str> {
        vec!["outcome", "reason", "channel"]
    }
    fn all() -> Vec<Self> {
        let channels = || std::iter::once(None).chain(Channel::ALL.into_iter().map(Some));
        let reasons = Reason::ALL.iter().copied();
        reasons.flat_map(|reason| channels().map(move |channel| Self(reason, channel))).collect()
    }
    fn index(self) -> usize {
        // Reasons are numbered from 0 and channels from 1 by their own `repr(u8)`; a test compares.
        usize::from(self.0 as u8) * CHANNELS
            + self.1.map_or(0, |channel| usize::from(channel as u8))
    }
    fn values(self, _: &TopicNames) -> Vec<String> {
        let channel = self.1.map_or("unknown", Channel::as_str);
        [self.0.outcome().as_str(), self.0.short_code(), channel].map(str::to_owned).to_vec()
    }
}

/// What a consent change is counted by; `None` is a change whose action could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changed(pub Option<Action>, pub ConsentResult);

impl Changed {
    /// The action's name, `unknown` when it could not be read.
    pub(super) fn action(self) -> &'static str {
        self.0.map_or("unknown", Action::as_str)
    }
}

impl Labels for Changed {
    fn names() -> Vec<&'static str> {
        vec!["action", "result"]
    }
    fn all() -> Vec<Self> {
        let actions = std::iter::once(None).chain(Action::ALL.into_iter().map(Some));
        let results = || ConsentResult::ALL.iter().copied();
        actions.flat_map(|action| results().map(move |result| Self(action, result))).collect()
    }
    fn index(self) -> usize {
        self.0.map_or(0, |action| action as usize + 1) * ConsentResult::ALL.len() + self.1 as usize
    }
    fn values(self, _: &TopicNames) -> Vec<String> {
        vec![self.action().to_owned(), self.1.as_str().to_owned()]
    }
}

/// What a request to the HTTP server is counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requested(pub Route, pub StatusClass);

impl Labels for Requested {
    fn names() -> Vec<&'static str> {
        vec!["route", "status"]
    }
    fn all() -> Vec<Self> {
        let classes = || StatusClass::ALL.iter().copied();
        let routes = Route::ALL.iter().copied();
        routes.flat_map(|route| classes().map(move |class| Self(route, class))).collect()
    }
    fn index(self) -> usize {
        self.0.index() * StatusClass::ALL.len() + self.1.index()
    }
    fn values(self, _: &TopicNames) -> Vec<String> {
        vec![self.0.as_str().to_owned(), self.1.as_str().to_owned()]
    }
}

/// A record in the name of the synthetic probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeRecord(pub Topic, pub ProbeRecipient);

impl Labels for ProbeRecord {
    fn names() -> Vec<&'static str> {
        vec!["topic", "recipient"]
    }
    fn all() -> Vec<Self> {
        let recipients = || ProbeRecipient::ALL.iter().copied();
        let topics = Topic::all().into_iter();
        topics.flat_map(|topic| recipients().map(move |to| Self(topic, to))).collect()
    }
    fn index(self) -> usize {
        self.0.index() * ProbeRecipient::ALL.len() + self.1.index()
    }
    fn values(self, topics: &TopicNames) -> Vec<String> {
        vec![topics.name(self.0).to_owned(), self.1.as_str().to_owned()]
    }
    fn is_there(self, topics: &TopicNames) -> bool {
        self.0.is_there(topics)
    }
}

/// Why a record could not be read: the classes of the codecs, and `other` for one missing here.
pub const INVALID_CLASSES: &[&str] = &[
    "null_value",
    "empty_value",
    "too_large",
    "malformed",
    "truncated",
    "trailing_bytes",
    "duplicate_key",
    "wrong_type",
    "unknown_symbol",
    "missing_field",
    "bad_timestamp",
    "too_deep",
    "too_many_nodes",
    "bad_utf8",
    "wrong_magic",
    "unknown_schema",
    "incompatible_schema",
    "invalid_value",
    "invalid_address",
    "cloud_event",
    "change_data",
    "schema_framed_json",
    "other_framing",
    "schema_in_header",
    "wide_schema_id",
    "array",
    "double_encoded",
    "envelope",
];

/// A record that could not be read: where it came from and its class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalid {
    topic: Topic,
    class: usize,
}

impl Invalid {
    /// The class by its name; a name that is no class counts as `other`.
    #[must_use]
    pub fn new(topic: Topic, class: &str) -> Self {
        let place = INVALID_CLASSES.iter().position(|known| *known == class);
        Self { topic, class: place.unwrap_or(INVALID_CLASSES.len()) }
    }
}

impl Labels for Invalid {
    fn names() -> Vec<&'static str> {
        vec!["topic", "class"]
    }
    fn all() -> Vec<Self> {
        let classes = || 0..=INVALID_CLASSES.len();
        Topic::all()
            .into_iter()
            .flat_map(|topic| classes().map(move |class| Self { topic, class }))
            .collect()
    }
    fn index(self) -> usize {
        self.topic.index() * (INVALID_CLASSES.len() + 1) + self.class
    }
    fn values(self, topics: &TopicNames) -> Vec<String> {
        let class = INVALID_CLASSES.get(self.class).unwrap_or(&"other");
        vec![topics.name(self.topic).to_owned(), (*class).to_owned()]
    }
    fn is_there(self, topics: &TopicNames) -> bool {
        self.topic.is_there(topics)
    }
}

#[cfg(test)]
mod tests {
    use super::super::labels::{
        Bound, CheckpointResult, ForeignRow, HoldCause, ProbeResult, RebalanceEvent, RecycleCause,
        TransactionResult,
    };
    use super::*;
    use std::collections::BTreeSet;

    /// The index is the place in `all()`, and no two members share their label values.
    fn check<L: Labels + PartialEq + std::fmt::Debug>() {
        let topics = TopicNames::default();
        let mut seen = BTreeSet::new();
        for (place, member) in L::all().into_iter().enumerate() {
            assert_eq!(member.index(), place, "{member:?}");
            if !member.is_there(&topics) {
                continue;
            }
            let values = member.values(&topics);
            assert_eq!(values.len(), L::names().len(), "{member:?}");
            assert!(values.iter().all(|value| !value.is_empty()));
            assert!(seen.insert(values), "{member:?} repeats a series");
        }
    }

    #[test]
    fn every_set_is_closed_and_counted_without_collision() {
        check::<ConsentResult>();
        check::<TransactionResult>();
        check::<RecycleCause>();
        check::<RebalanceEvent>();
        check::<HoldCause>();
        check::<CheckpointResult>();
        check::<Bound>();
        check::<ProbeResult>();
        check::<Topic>();
        check::<Decided>();
        check::<Changed>();
        check::<ProbeRecord>();
        check::<Requested>();
        check::<ForeignRow>();
        check::<Invalid>();
        assert_eq!(Decided::all().len(), Decided::COUNT);
    }

    #[test]
    fn the_classes_are_those_of_the_codecs() {
        let codecs = gate_codec::Class::ALL.map(gate_codec::Class::as_str);
        assert_eq!(INVALID_CLASSES, codecs);
    }

    #[test]
    fn a_class_nobody_declared_is_counted_as_other() {
        let topics = TopicNames::default();
        let invalid = Invalid::new(Topic::Outbound(0), "ana@example.com");
        assert_eq!(invalid.values(&topics), ["outbound-message", "other"]);
    }
}
