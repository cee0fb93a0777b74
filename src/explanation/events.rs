//! What is on record about a decision's recipient: the consent changes that were applied when it was made.
//!
//! The whole consent topic is read, up to where consent stood, and each change compared by the keys the gate knows people
//! by. A change that names neither the contact nor the address of the message is not found, though it may have counted by
//! another of their names; neither is what compaction or retention has deleted.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;

use gate_core::{Channel, ConsentChange};
use indicatif::ProgressBar;

use crate::clock::utc;
use crate::config::Config;
use crate::decisions::one_line;
use crate::decisions::recipient::{Keys, Reader};
use crate::decisions::stretch::{self, Stretch};
use crate::decisions::window::Window;
use crate::exit::{ExitCode, Failure};
use crate::headers::{hex, rfc3339};
use crate::kafka::native::Record;
use crate::records::origin_of;
use gate_codec::DecodeError;

/// Changes that are remembered of one recipient, the newest of each partition.
const EVENTS_MAX: usize = 100;
/// Records between two signs of life.
const SIGN_OF_LIFE: u64 = 10_000;

/// Whom a decision is about: keyed hashes, or what the log has of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Who {
    pub(crate) contact: Option<Vec<u8>>,
    pub(crate) address: Option<Vec<u8>>,
}

impl Who {
    pub(crate) fn of(keys: &Keys) -> Self {
        let key = |key: Option<[u8; 16]>| key.map(|key| key.to_vec());
        Self { contact: key(keys.contact), address: key(keys.address) }
    }

    fn is_known(&self) -> bool {
        self.contact.is_some() || self.address.is_some()
    }

    fn has(&self, key: &[u8; 16]) -> bool {
        [&self.contact, &self.address].into_iter().flatten().any(|prefix| key.starts_with(prefix))
    }
}

/// What is asked about a decision's recipient.
pub(crate) struct Asked {
    pub(crate) who: Who,
    /// Why nobody can tell who it was for.
    pub(crate) unreadable: Option<String>,
    /// The beginning of the hashed id of the event that proves the decision.
    pub(crate) evidence: Option<String>,
    /// Whether the decision names the consent topic that is configured.
    pub(crate) is_of_this_topic: bool,
    /// How far consent was applied: next offset by partition.
    pub(crate) positions: BTreeMap<i32, i64>,
}

impl Asked {
    fn is_known(&self) -> bool {
        self.who.is_known()
    }
}

/// A consent change about a recipient.
#[derive(Debug, Clone)]
struct Event {
    place: String,
    received_ms: i64,
    says: String,
    is_proof: bool,
}

/// What was found, for each decision that was asked about.
pub(crate) struct Events {
    topic: String,
    /// In the order in which they were asked about; the last is how many older ones were dropped.
    found: Vec<(Who, VecDeque<Event>, u64)>,
    n_unreadable: u64,
    /// Whether records were deleted before the oldest that is left.
    is_cut_off: bool,
    knows_proofs: bool,
}

impl Events {
    /// Reads the consent topic as far as the latest of the decisions knew it.
    pub(crate) fn read(
        config: &Config,
        reader: &Reader,
        asked: &[Asked],
        spinner: &ProgressBar,
    ) -> Result<Self, Failure> {
        let topic = config.topics.consent_change.clone();
        let found = asked.iter().map(|asked| (asked.who.clone(), VecDeque::new(), 0)).collect();
        let mut events = Self {
            topic: topic.clone(),
            found,
            n_unreadable: 0,
            is_cut_off: false,
            knows_proofs: reader.tells_people_apart(),
        };
        if !asked.iter().any(|asked| asked.is_known() && asked.is_of_this_topic) {
            return Ok(events);
        }
        let records = crate::service::consent_records(config)?;
        let all = Window::new(jiff::Timestamp::UNIX_EPOCH, jiff::Timestamp::MAX)?;
        let stretch = up_to(stretch::stretch(config, &topic, &all)?, asked);
        events.is_cut_off = stretch.values().any(|marks| marks.begin > 0);
        spinner.set_message("looking for consent changes");
        let n_about = stretch::n_offsets(&stretch);
        let mut n_read = 0u64;
        let done = stretch::read(config, &topic, &stretch, &mut |record| {
            n_read += 1;
            if n_read.is_multiple_of(SIGN_OF_LIFE) {
                spinner.set_message(format!(
                    "looking for consent changes: {n_read} of at most {n_about}"
                ));
            }
            match records.read(record.value, origin_of(record)) {
                Ok(changes) => changes
                    .all()
                    .iter()
                    .for_each(|it| events.take(reader, record, &it.change, asked)),
                Err(DecodeError::Unreadable { .. }) => events.n_unreadable += 1,
                Err(error @ DecodeError::Unavailable { .. }) => {
                    let place = format!("{topic}/{}/{}", record.partition, record.offset);
                    let reason = format!("`{place}`: {error}");
                    return Err(Failure::new(ExitCode::TryAgain, reason));
                }
            }
            Ok(())
        });
        done?;
        Ok(events)
    }

    fn take(
        &mut self,
        reader: &Reader,
        record: &Record<'_>,
        change: &ConsentChange<'_>,
        asked: &[Asked],
    ) {
        let names = reader.keys_of_change(change);
        let event = reader.event(&change.event_id).map(|key| hex(&key.0));
        for ((who, events, n_more), asked) in self.found.iter_mut().zip(asked) {
            let was_known =
                asked.positions.get(&record.partition).is_some_and(|next| record.offset < *next);
            if !asked.is_of_this_topic || !was_known || !names.iter().any(|key| who.has(key)) {
                continue;
            }
            let is_proof = event
                .as_ref()
                .zip(asked.evidence.as_ref())
                .is_some_and(|(event, evidence)| event.starts_with(evidence.as_str()));
            let place = format!("{}/{}/{}", self.topic, record.partition, record.offset);
            let says = describe(change);
            events.push_back(Event { place, received_ms: record.timestamp_ms, says, is_proof });
            if events.len() > EVENTS_MAX {
                // the proof is what one looks for
                let oldest = usize::from(events.front().is_some_and(|event| event.is_proof));
                events.remove(oldest);
                *n_more += 1;
            }
        }
    }

    /// For people, about the `nth` that was asked about.
    pub(crate) fn text(&self, nth: usize, asked: &Asked) -> String {
        let mut out = String::new();
        let topic = &self.topic;
        // writing to a String cannot fail, here and below
        writeln!(out, "\nconsent changes about its recipient that were applied by then").ok();
        if let Some(class) = &asked.unreadable {
            writeln!(out, "  not looked for: the message cannot be read ({class})").ok();
            return out;
        }
        if !asked.is_of_this_topic {
            writeln!(
                out,
                "  not looked for: the decision is by another consent topic than `{topic}`"
            )
            .ok();
            return out;
        }
        if !asked.is_known() {
            writeln!(out, "  not looked for: the message names neither a contact nor an address")
                .ok();
            return out;
        }
        let found = self.found.get(nth);
        let mut events: Vec<&Event> = found.iter().flat_map(|(_, events, _)| events).collect();
        events.sort_by_key(|event| event.received_ms);
        for event in &events {
            let mark = if event.is_proof { "  <- proves the decision" } else { "" };
            writeln!(out, "  {}  {}  {}{mark}", utc(event.received_ms), event.place, event.says)
                .ok();
        }
        if events.is_empty() {
            writeln!(out, "  none in `{topic}`").ok();
        }
        if let Some((.., n)) = found.filter(|(.., n)| *n > 0) {
            writeln!(out, "  and {n} older ones").ok();
        }
        self.remarks(asked, &events, &mut out);
        out
    }

    fn remarks(&self, asked: &Asked, events: &[&Event], out: &mut String) {
        let topic = &self.topic;
        if asked.evidence.is_some() && !events.iter().any(|event| event.is_proof) {
            let why = if self.knows_proofs {
                "is not in the topic any more, or names the recipient otherwise"
            } else {
                "is among them or gone: without the pepper (`state.pepper_file`) nobody can tell which it is"
            };
            writeln!(out, "  the event that proves the decision {why}").ok();
        } else if let Some(proof) = events.iter().find(|event| event.is_proof) {
            writeln!(out, "  its proof: consent-gate consent evidence -c FILE {}", proof.place)
                .ok();
        }
        if self.is_cut_off {
            writeln!(out, "  older records of `{topic}` have been deleted: what they said still counts, and is not shown").ok();
        }
        if self.n_unreadable > 0 {
            writeln!(
                out,
                "  {} of `{topic}` cannot be read and may be about them: consent-gate consent show -c FILE",
                self.n_unreadable
            )
            .ok();
        }
    }
}

/// The stretch, ending where the latest of the decisions knew it.
fn up_to(mut stretch: Stretch, asked: &[Asked]) -> Stretch {
    for (partition, marks) in &mut stretch {
        let known = asked.iter().filter(|asked| asked.is_of_this_topic);
        let known = known.filter_map(|asked| asked.positions.get(partition)).max();
        marks.end = marks.end.min(known.copied().unwrap_or(0));
    }
    stretch
}

/// What a change says, from closed sets and names of senders and purposes; nobody's id.
fn describe(change: &ConsentChange<'_>) -> String {
    let mut out = change.action.as_str().to_owned();
    let channel = change.channel.channel().map_or("any channel", Channel::as_str);
    write!(out, ", {channel}").ok();
    let names =
        [("purpose", &change.purpose), ("brand", &change.brand), ("registry", &change.registry)];
    for (what, name) in names {
        if let Some(name) = name {
            write!(out, ", {what} {}", one_line(name)).ok();
        }
    }
    write!(out, ", of {}", rfc3339(change.occurred_at)).ok();
    out
}
