//! A recipient's row: its bytes, what is dropped from it and when.
//!
//! ```text
//! format 2 │ pepper id 8 │ written at 8 (µs, LE) │ per entry, oldest first: at 8 (µs, LE) │ message 8 │ kind 1 │
//!                          channel 1 │ controller 4 │ brand 4 │ product group 4 (LE) │ tag 16 (seal.rs)
//! ```
//!
//! The same bytes are the value in the changelog and in the store. Format 1 had neither the time of writing nor a
//! tag; it is still read. An entry is an approval, or the mark that a part of the memory was lost.
//!
//! Of one partition each transaction's rows are written later than those before, by its number if not by its clock.
//!
//! INVARIANT: decoding is strict; what is not exactly a row is an error, never a shorter history. Joining two rows
//! never makes less of either: who writes an old row again takes nothing away.

use super::seal::{RowKey, Seal, TAG_BYTES};
use gate_core::{
    Channel, EventKey, NameHash, PolicySet, SENT_MESSAGES_MAX, SentKind, SentMessage, Timestamp,
};
use std::time::Duration;

/// Raise when the layout above changes.
pub const FORMAT: u8 = 2;
/// Without time of writing and tag; written up to version 0.1.
const FORMAT_BEFORE_TAGS: u8 = 1;
const HEAD_BYTES: usize = 9;
const ENTRY_BYTES: usize = 30;

const DAY: Duration = Duration::from_secs(24 * 3600);
/// Marketing approvals are kept this long even if no cap asks for it, so that a policy set with a longer window
/// finds them.
const KEPT_AT_LEAST: Duration = Duration::from_secs(35 * 24 * 3600);
/// A confirmation must follow its opt-out within minutes.
const CONFIRMATIONS_KEPT: Duration = DAY;
/// Requests for consent are kept for good: "once" has no window.
const REQUESTS_MAX: usize = 8;

/// How far back approvals count.
#[derive(Clone, Copy, Debug)]
pub struct Horizon {
    /// The time of the decision.
    pub now: Timestamp,
    /// The longest window of any cap in force.
    pub window: Duration,
}

impl Horizon {
    /// As far back as the caps of these policies look at `now`.
    #[must_use]
    pub fn of(policies: &PolicySet, now: Timestamp) -> Self {
        let caps = policies.rules().iter().flat_map(|rule| &rule.caps);
        Self { now, window: caps.map(|cap| cap.window).max().unwrap_or(Duration::ZERO) }
    }

    /// How long marketing that was approved is remembered.
    #[must_use]
    pub fn kept_for(&self) -> Duration {
        self.window.max(KEPT_AT_LEAST)
    }
}

/// Why bytes are no row of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// Not the layout above.
    #[error("is no record of this version")]
    Malformed,
    /// Its keys are hashes made with another pepper, so nobody's approvals can be found in it.
    #[error("was written with another pepper")]
    OtherPepper,
}

/// The approvals of one recipient, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    messages: Vec<SentMessage>,
}

/// A row as it was found, with what the bytes say about themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Whose hashes its keys are.
    pub pepper_id: [u8; 8],
    /// When it was written: by the clock of the gate that did, and later than every row before it.
    pub written: Timestamp,
    /// Whether the layout has a tag, and whether it is right.
    pub tag: TagFound,
    /// What it remembers.
    pub row: Row,
}

/// What a row's tag says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagFound {
    /// A gate with our pepper wrote these bytes under this key.
    Ours,
    /// Somebody else did.
    Wrong,
    /// The former format has none.
    None,
}

impl Row {
    /// Reads a row out of our own store.
    ///
    /// # Errors
    /// Bytes that are no row, or another pepper's.
    pub fn decode(bytes: &[u8], pepper_id: [u8; 8]) -> Result<Self, RowError> {
        let (stored, _) = split(bytes)?;
        if stored.pepper_id == pepper_id { Ok(stored.row) } else { Err(RowError::OtherPepper) }
    }

    /// When a row was written; `None` when it does not say.
    #[must_use]
    pub fn written_at(bytes: &[u8]) -> Option<Timestamp> {
        let (format, rest) = bytes.split_first()?;
        let written = rest.get(HEAD_BYTES - 1..)?.first_chunk::<8>()?;
        (*format == FORMAT).then(|| Timestamp::from_micros(i64::from_le_bytes(*written)))
    }

    /// Which pepper a row's bytes name; `None` when they are no row's.
    #[must_use]
    pub fn pepper_id(bytes: &[u8]) -> Option<[u8; 8]> {
        split(bytes).ok().map(|(stored, _)| stored.pepper_id)
    }

    /// Reads a row out of the changelog, where anybody with the right may have written it.
    ///
    /// # Errors
    /// Bytes that are no row.
    pub fn examine(bytes: &[u8], key: RowKey, seal: &impl Seal) -> Result<Stored, RowError> {
        let (mut stored, tagged) = split(bytes)?;
        if let Some((tagged, tag)) = tagged
            && seal.is_ours(key, tagged, tag)
        {
            stored.tag = TagFound::Ours;
        }
        Ok(stored)
    }

    /// The bytes of this row under that key, written then.
    #[must_use]
    pub fn encode(&self, key: RowKey, seal: &impl Seal, written: Timestamp) -> Vec<u8> {
        let n_bytes = HEAD_BYTES + 8 + self.messages.len() * ENTRY_BYTES + TAG_BYTES;
        let mut out = Vec::with_capacity(n_bytes);
        out.push(FORMAT);
        out.extend_from_slice(&seal.pepper_id());
        out.extend_from_slice(&written.as_micros().to_le_bytes());
        for sent in &self.messages {
            out.extend_from_slice(&sent.at.as_micros().to_le_bytes());
            out.extend_from_slice(&sent.message.0);
            out.extend_from_slice(&[sent.kind as u8, sent.channel as u8]);
            for name in [sent.controller, sent.brand, sent.subject] {
                out.extend_from_slice(&name.0.to_le_bytes());
            }
        }
        let tag = seal.tag(key, &out);
        out.extend_from_slice(&tag);
        out
    }

    /// Whether nothing is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Adds everything the other row has; of one message the latest time counts, of marks the latest stays.
    /// Returns whether something had no room, so that the row says less than both together.
    pub fn join(&mut self, other: &Self) -> bool {
        for sent in &other.messages {
            let is_same =
                |known: &SentMessage| (known.message, known.kind) == (sent.message, sent.kind);
            match self.messages.iter_mut().find(|known| is_same(known)) {
                Some(known) => *known = if sent.at > known.at { *sent } else { *known },
                None => self.messages.push(*sent),
            }
        }
        self.keep_latest_mark();
        self.messages.sort_by_key(|sent| (sent.at, sent.message.0, sent.kind as u8));
        let is_over = self.messages.len() > SENT_MESSAGES_MAX;
        while self.messages.len() > SENT_MESSAGES_MAX {
            self.remove_oldest();
        }
        is_over
    }

    /// Notes that up to `now` nobody knows what was approved, because of the record at that offset.
    pub fn mark_lost(&mut self, now: Timestamp, offset: i64) {
        let mark = SentMessage::unknown(now, mark_key(offset));
        self.join(&Self { messages: vec![mark] });
    }

    /// Forgets marks of records before this offset: a row that a gate has written behind them knows everything.
    pub fn forget_marks_before(&mut self, offset: i64) {
        self.messages.retain(|sent| {
            sent.kind != SentKind::Unknown || i64::from_be_bytes(sent.message.0) >= offset
        });
    }

    /// Brings what a stranger has dated ahead back to now: a date must not block anybody for years.
    pub fn end_at(&mut self, now: Timestamp) {
        self.messages.iter_mut().for_each(|sent| sent.at = sent.at.min(now));
    }

    /// The latest instant in it.
    #[must_use]
    pub fn newest(&self) -> Option<Timestamp> {
        self.messages.iter().map(|sent| sent.at).max()
    }

    fn keep_latest_mark(&mut self) {
        let marks = self.messages.iter().filter(|sent| sent.kind == SentKind::Unknown);
        let latest = marks.map(|sent| (sent.at, sent.message.0)).max();
        self.messages.retain(|sent| {
            sent.kind != SentKind::Unknown || Some((sent.at, sent.message.0)) == latest
        });
    }

    /// The oldest marketing makes room, else the oldest of all; a mark never does.
    fn remove_oldest(&mut self) {
        let marketing = self.oldest(|sent| sent.kind == SentKind::Marketing);
        let place = marketing.or_else(|| self.oldest(|sent| sent.kind != SentKind::Unknown));
        self.messages.remove(place.unwrap_or(0));
    }

    /// What counts, for `decide`.
    #[must_use]
    pub fn messages(&self) -> &[SentMessage] {
        &self.messages
    }

    /// Drops what counts no more. A full row also lets go of marketing outside every window in force: otherwise
    /// it would block its recipient for as long as nothing is added to it, which is for ever.
    pub fn prune(&mut self, horizon: &Horizon) {
        let kept_since = horizon.now.saturating_sub(horizon.kept_for());
        let confirmed_since = horizon.now.saturating_sub(CONFIRMATIONS_KEPT);
        let mut requests: Vec<Timestamp> = self.of_kind(SentKind::Request).collect();
        requests.sort_unstable();
        let n_old = requests.len().saturating_sub(REQUESTS_MAX);
        let requested_since = requests.get(n_old).copied().unwrap_or(Timestamp::MIN);
        self.messages.retain(|sent| match sent.kind {
            SentKind::Marketing => sent.at > kept_since,
            SentKind::Confirmation => sent.at > confirmed_since,
            SentKind::Request => sent.at >= requested_since,
            // for good, as requests are; there is only the latest
            SentKind::Unknown => true,
        });
        let counted_since = horizon.now.saturating_sub(horizon.window);
        while self.is_full()
            && let Some(place) =
                self.oldest(|sent| sent.kind == SentKind::Marketing && sent.at <= counted_since)
        {
            self.messages.remove(place);
        }
    }

    /// Adds an approval and returns whether the row is full now. One message counts once, at its latest time.
    pub fn remember(&mut self, sent: SentMessage, horizon: &Horizon) -> bool {
        self.messages.retain(|known| (known.message, known.kind) != (sent.message, sent.kind));
        self.prune(horizon);
        // Nobody counts further than a full row, and `decide` approves no capped message then. What may still
        // come is a confirmation or a request: the oldest marketing makes room, and the row stays full.
        while self.is_full() {
            self.remove_oldest();
        }
        self.messages.push(sent);
        self.is_full()
    }

    /// Adds an entry whether it counts or not.
    pub fn add_as_it_is(&mut self, sent: SentMessage) {
        self.messages.push(sent);
    }

    /// Whether this message is remembered.
    #[must_use]
    pub fn contains(&self, message: EventKey) -> bool {
        self.messages.iter().any(|sent| sent.message == message)
    }

    fn is_full(&self) -> bool {
        self.messages.len() >= SENT_MESSAGES_MAX
    }

    fn of_kind(&self, kind: SentKind) -> impl Iterator<Item = Timestamp> {
        self.messages.iter().filter(move |sent| sent.kind == kind).map(|sent| sent.at)
    }

    fn oldest(&self, which: impl Fn(&SentMessage) -> bool) -> Option<usize> {
        let candidates = self.messages.iter().enumerate().filter(|(_, sent)| which(sent));
        candidates.min_by_key(|(_, sent)| sent.at).map(|(place, _)| place)
    }
}

/// A mark's place in the changelog, as the key that tells marks apart.
fn mark_key(offset: i64) -> EventKey {
    EventKey(offset.to_be_bytes())
}

/// The bytes under the tag, and the tag.
type Tagged<'b> = (&'b [u8], &'b [u8; TAG_BYTES]);

/// A row by its layout, its tag not looked at.
fn split(bytes: &[u8]) -> Result<(Stored, Option<Tagged<'_>>), RowError> {
    let split = |format: u8| match format {
        FORMAT => {
            let (tagged, tag) = bytes.split_last_chunk::<TAG_BYTES>()?;
            let (head, rest) = tagged.split_first_chunk::<HEAD_BYTES>()?;
            let (written, entries) = rest.split_first_chunk::<8>()?;
            let written = Timestamp::from_micros(i64::from_le_bytes(*written));
            Some((head, Some(written), entries, Some((tagged, tag))))
        }
        FORMAT_BEFORE_TAGS => {
            let (head, entries) = bytes.split_first_chunk::<HEAD_BYTES>()?;
            Some((head, None, entries, None))
        }
        _ => None,
    };
    let format = bytes.first().copied().unwrap_or_default();
    let (head, written, entries, tagged) = split(format).ok_or(RowError::Malformed)?;
    let [_, pepper_id @ ..] = *head;
    let (entries, []) = entries.as_chunks::<ENTRY_BYTES>() else {
        return Err(RowError::Malformed);
    };
    if entries.is_empty() || entries.len() > SENT_MESSAGES_MAX {
        return Err(RowError::Malformed);
    }
    let messages: Option<Vec<SentMessage>> = entries.iter().map(decode_entry).collect();
    let row = Row { messages: messages.ok_or(RowError::Malformed)? };
    let written = written.or_else(|| row.newest()).unwrap_or(Timestamp::MIN);
    let tag = if tagged.is_some() { TagFound::Wrong } else { TagFound::None };
    Ok((Stored { pepper_id, written, tag, row }, tagged))
}

fn decode_entry(entry: &[u8; ENTRY_BYTES]) -> Option<SentMessage> {
    let (at, rest) = entry.split_first_chunk::<8>()?;
    let (message, rest) = rest.split_first_chunk::<8>()?;
    let ([kind, channel], names) = rest.split_first_chunk::<2>()?;
    let ([controller, brand, subject], []) = names.as_chunks::<4>() else {
        return None;
    };
    let name = |bytes: &[u8; 4]| NameHash(u32::from_le_bytes(*bytes));
    Some(SentMessage {
        at: Timestamp::from_micros(i64::from_le_bytes(*at)),
        message: EventKey(*message),
        kind: SentKind::from_code(*kind)?,
        channel: Channel::from_code(*channel)?,
        controller: name(controller),
        brand: name(brand),
        subject: name(subject),
    })
}
