//! What waits for a person, read from the dead-letter or the review topic: each record with what was decided about it.
//!
//! Letters and releases count as they do for the gate (`dead_letter`): for the topic that is there now, a release only
//! behind its letter in the same partition, and where the pepper can be read only what nobody but the gate can have
//! written. Values are looked at while they pass and not kept, so that a long queue of large records fits.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::Place;
use super::writer::Written;
use crate::clock::now_millis;
use crate::config::Config;
use crate::decisions::scan_failure;
use crate::exit::{ExitCode, Failure};
use crate::headers::SourceRef;
use crate::identity::{Pepper, PepperFile};
use crate::kafka::native::Record;
use crate::kafka::observer::Observer;
use crate::kafka::scan::{Patience, Positions, ScanError};
use crate::reader::dead_letter::{Origin, is_genuine, is_signed};
use gate_engine::Owner;

/// Letters looked at; the gate itself remembers no more.
const LETTERS_MAX: usize = 1_000_000;
/// Longest time to read the queue.
const READ_MAX: Duration = Duration::from_secs(120);
/// Longest wait for the topic's id.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// One record that waits, or waited.
#[derive(Debug, Clone)]
pub(crate) struct Letter<T> {
    /// Where the original lies.
    pub(crate) place: Place,
    /// Why it waits.
    pub(crate) class: String,
    /// The field that is to blame; empty when none was named.
    pub(crate) field: String,
    /// Whether the gate knows whose it is; then it blocks that contact, else it holds everybody.
    pub(crate) is_owner_known: bool,
    /// Whether what could be understood of it is applied.
    pub(crate) is_applied: bool,
    /// When it was put into the queue, in milliseconds since 1970.
    pub(crate) written_ms: i64,
    /// Where in the queue it lies.
    pub(crate) recorded: Written,
    /// What the reader of the queue made of the record.
    pub(crate) note: T,
    /// What was decided about it.
    pub(crate) release: Option<Release>,
}

impl<T> Letter<T> {
    pub(crate) fn is_open(&self) -> bool {
        self.release.is_none()
    }

    /// Whether nothing is decided for anybody while it is open.
    pub(crate) fn holds_everybody(&self) -> bool {
        self.is_open() && !self.is_owner_known
    }

    /// Why it could not be read, with the field that is to blame.
    pub(crate) fn why(&self) -> String {
        if self.field.is_empty() {
            self.class.clone()
        } else {
            format!("{}: `{}`", self.class, self.field)
        }
    }

    /// Milliseconds since it was put into the queue.
    pub(crate) fn age_ms(&self) -> u64 {
        u64::try_from(now_millis().saturating_sub(self.written_ms)).unwrap_or(0)
    }
}

/// An operator's decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Release {
    pub(crate) operator: String,
    pub(crate) reason: String,
    pub(crate) at: String,
    /// What a text was found to be; empty for dead letters.
    pub(crate) verdict: String,
}

/// A record of the queue, as far as it matters here.
struct Entry<'a> {
    recorded: Written,
    written_ms: i64,
    kind: Kind<'a>,
    detail: Value,
}

/// What it is about, if it is one of ours.
enum Kind<'a> {
    Letter(Origin<'a>),
    Release(Origin<'a>),
    Strange,
}

impl<'a> Entry<'a> {
    fn of(record: &Record<'a>, pepper: Option<&Pepper>) -> Self {
        let detail = record.header(c"gate-detail");
        let kind = if let Some(origin) = Origin::of_release(record) {
            match pepper.and_then(|pepper| is_signed(pepper, record)) {
                Some(false) => Kind::Strange,
                Some(true) | None => Kind::Release(origin),
            }
        } else if let Some(origin) = Origin::of_letter(record) {
            let is_ours = pepper.is_none_or(|pepper| is_genuine(pepper, record));
            if is_ours { Kind::Letter(origin) } else { Kind::Strange }
        } else {
            Kind::Strange
        };
        Self {
            recorded: (record.partition, record.offset),
            written_ms: record.timestamp_ms,
            kind,
            detail: detail.and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default(),
        }
    }
}

/// The queue, in the order of the consent topic.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    topic: String,
    /// Empty when the brokers tell none.
    topic_id: String,
    letters: BTreeMap<Place, Letter<T>>,
    /// Records that somebody else wrote, which the gate does not go by.
    n_strange: usize,
}

impl<T> Queue<T> {
    /// Reads `queue_topic` to its end; `note` looks at each record that was put there.
    pub(crate) fn read(
        config: &Config,
        queue_topic: &str,
        note: &mut dyn FnMut(&Record<'_>) -> T,
    ) -> Result<Self, Failure> {
        let doing = format!("reading topic `{queue_topic}`");
        let mut queue = Self {
            topic: config.topics.consent_change.clone(),
            topic_id: topic_id(config)?,
            letters: BTreeMap::new(),
            n_strange: 0,
        };
        let pepper = pepper(config);
        let observer = Observer::of(config);
        let failed = |error: ScanError| scan_failure(&error, &doing);
        let from = observer.since(&[queue_topic], None, READ_MAX).map_err(failed)?;
        let mut is_full = false;
        let patience = Patience::Silence(READ_MAX);
        let up_to = Positions::new();
        observer
            .read(&from, &up_to, patience, &mut |record| {
                is_full |= queue.letters.len() >= LETTERS_MAX;
                if !is_full {
                    queue.add(&Entry::of(record, pepper.as_ref()), || note(record));
                }
                Ok(())
            })
            .map_err(failed)?;
        if is_full {
            let reason = format!("`{queue_topic}` holds more than {LETTERS_MAX} records");
            return Err(Failure::new(ExitCode::Config, reason));
        }
        Ok(queue)
    }

    fn add(&mut self, entry: &Entry<'_>, note: impl FnOnce() -> T) {
        match &entry.kind {
            Kind::Strange => self.n_strange += 1,
            Kind::Letter(origin) => {
                if let Some(place) = self.place(origin) {
                    let letter = entry.letter(place, note());
                    self.letters.entry(place).or_insert(letter);
                }
            }
            Kind::Release(origin) => {
                let (partition, offset) = entry.recorded;
                let letter = self.place(origin).and_then(|place| self.letters.get_mut(&place));
                let behind = letter
                    .filter(|letter| letter.recorded.0 == partition && letter.recorded.1 < offset);
                if let Some(letter) = behind {
                    letter.release.get_or_insert_with(|| Release::of(&entry.detail));
                }
            }
        }
    }

    /// The place in the topic that is there now.
    fn place(&self, origin: &Origin<'_>) -> Option<Place> {
        let source = &origin.source;
        (source.topic == self.topic && origin.topic_id == self.topic_id)
            .then_some(Place { partition: source.partition, offset: source.record_offset })
    }

    pub(crate) fn get(&self, place: Place) -> Option<&Letter<T>> {
        self.letters.get(&place)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Letter<T>> {
        self.letters.values()
    }

    pub(crate) fn open(&self) -> impl Iterator<Item = &Letter<T>> {
        self.all().filter(|letter| letter.is_open())
    }

    /// What releases must say they are about.
    pub(crate) fn origin(&self, place: Place) -> Origin<'_> {
        let Place { partition, offset: record_offset } = place;
        let source = SourceRef { topic: &self.topic, partition, record_offset };
        Origin { source, topic_id: &self.topic_id }
    }

    /// How many records of the queue somebody else wrote.
    pub(crate) fn n_strange(&self) -> usize {
        self.n_strange
    }
}

impl Entry<'_> {
    fn letter<T>(&self, place: Place, note: T) -> Letter<T> {
        let detail = &self.detail;
        let owner = detail.get("owner").and_then(Value::as_str);
        Letter {
            place,
            class: text(detail, "class"),
            field: text(detail, "field"),
            is_owner_known: owner.is_some_and(|owner| owner != Owner::Unknown.as_str()),
            is_applied: detail.get("applied").and_then(Value::as_bool).unwrap_or(false),
            written_ms: self.written_ms,
            recorded: self.recorded,
            note,
            release: None,
        }
    }
}

impl Release {
    fn of(detail: &Value) -> Self {
        let [operator, reason, at, verdict] =
            ["operator", "reason", "at", "as"].map(|name| text(detail, name));
        Self { operator, reason, at, verdict }
    }
}

/// What came from outside is shown on terminals.
fn text(detail: &Value, name: &str) -> String {
    const CHARS_MAX: usize = 500;
    let text = detail.get(name).and_then(Value::as_str).unwrap_or_default();
    text.chars().filter(|c| !c.is_control()).take(CHARS_MAX).collect()
}

/// The gate's pepper, if this user can read it.
pub(crate) fn pepper(config: &Config) -> Option<Pepper> {
    let pepper = PepperFile::load(&config.state.pepper_file).ok()??;
    Some(Pepper::new(pepper.expose()))
}

/// Kafka's id of the consent topic; empty when the brokers tell none.
fn topic_id(config: &Config) -> Result<String, Failure> {
    let topic = &config.topics.consent_change;
    let doing = format!("asking for the id of topic `{topic}`");
    let facts = Observer::of(config).facts(topic, ANSWER_MAX, &doing)?;
    Ok(facts.id.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    type Written4<'a> = (Written, &'a str, &'a str, i64);

    /// Entries as (where, owner or `release`, topic id, offset in partition 3).
    fn queue(entries: &[Written4<'_>]) -> Queue<()> {
        let mut queue = Queue {
            topic: "consent".to_owned(),
            topic_id: "now".to_owned(),
            letters: BTreeMap::new(),
            n_strange: 0,
        };
        for (recorded, kind, topic_id, record_offset) in entries {
            let source =
                SourceRef { topic: "consent", partition: 3, record_offset: *record_offset };
            let origin = Origin { source, topic_id };
            let is_release = *kind == "release";
            let detail = if is_release {
                serde_json::json!({"operator": "Kim", "reason": "test", "at": "now"})
            } else {
                serde_json::json!({"class": "malformed", "owner": kind, "applied": false})
            };
            let kind = if is_release { Kind::Release(origin) } else { Kind::Letter(origin) };
            queue.add(&Entry { recorded: *recorded, written_ms: 0, kind, detail }, || ());
        }
        queue
    }

    #[test]
    fn a_release_counts_behind_its_letter_and_for_this_topic_only() {
        let is_open = |entries: &[Written4<'_>]| {
            let place = Place { partition: 3, offset: 17 };
            queue(entries).get(place).map(Letter::is_open)
        };
        let letter = ((0, 5), "unknown", "now", 17);
        assert_eq!(is_open(&[letter]), Some(true));
        assert_eq!(is_open(&[letter, ((0, 6), "release", "now", 17)]), Some(false));
        assert_eq!(is_open(&[letter, ((0, 6), "release", "now", 18)]), Some(true));
        assert_eq!(is_open(&[letter, ((0, 6), "release", "old", 17)]), Some(true));
        assert_eq!(is_open(&[letter, ((0, 6), "release", "", 17)]), Some(true));
        assert_eq!(is_open(&[((0, 4), "release", "now", 17), letter]), Some(true), "before");
        assert_eq!(is_open(&[letter, ((1, 6), "release", "now", 17)]), Some(true), "elsewhere");
        assert_eq!(is_open(&[((0, 5), "unknown", "old", 17)]), None);
    }

    #[test]
    fn only_an_unknown_owner_holds_everybody() {
        let queue = queue(&[
            ((0, 0), "unknown", "now", 1),
            ((0, 1), "contact", "now", 2),
            ((0, 2), "unknown", "now", 3),
            ((0, 3), "release", "now", 3),
        ]);
        let holding: Vec<i64> = queue
            .all()
            .filter(|letter| letter.holds_everybody())
            .map(|letter| letter.place.offset)
            .collect();
        assert_eq!(holding, [1]);
        assert_eq!(queue.open().count(), 2);
        let release = queue.all().find_map(|letter| letter.release.clone()).unwrap();
        assert_eq!((release.operator.as_str(), release.reason.as_str()), ("Kim", "test"));
    }
}
