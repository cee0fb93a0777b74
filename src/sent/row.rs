//! A recipient's row: its bytes, what is dropped from it and when.
//!
//! ```text
//! format 1 │ pepper id 8 │ per approval, oldest first: at 8 (µs, LE) │ message 8 │ kind 1 │ channel 1 │
//!                                                      controller 4 │ brand 4 │ product group 4 (LE)
//! ```
//!
//! The same bytes are the value in the changelog and in the store. INVARIANT: decoding is strict; what is not
//! exactly a row is an error, never a shorter history.

use gate_core::{Channel, EventKey, NameHash, SENT_MESSAGES_MAX, SentKind, SentMessage, Timestamp};
use std::time::Duration;

/// Raise when the layout above changes.
pub(super) const FORMAT: u8 = 1;
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

impl Row {
    /// Reads a row that was written with the pepper of this id.
    ///
    /// # Errors
    /// Bytes that are no row, or another pepper's.
    pub fn decode(bytes: &[u8], pepper_id: [u8; 8]) -> Result<Self, RowError> {
        let (written_with, row) = Self::decode_any(bytes)?;
        if written_with == pepper_id { Ok(row) } else { Err(RowError::OtherPepper) }
    }

    /// Reads a row and the id of its pepper.
    ///
    /// # Errors
    /// Bytes that are no row.
    pub fn decode_any(bytes: &[u8]) -> Result<([u8; 8], Self), RowError> {
        let (head, rest) = bytes.split_first_chunk::<HEAD_BYTES>().ok_or(RowError::Malformed)?;
        let [format, pepper_id @ ..] = head;
        let (entries, []) = rest.as_chunks::<ENTRY_BYTES>() else {
            return Err(RowError::Malformed);
        };
        if *format != FORMAT || entries.is_empty() || entries.len() > SENT_MESSAGES_MAX {
            return Err(RowError::Malformed);
        }
        let messages: Option<Vec<SentMessage>> = entries.iter().map(decode_entry).collect();
        messages.map(|messages| (*pepper_id, Self { messages })).ok_or(RowError::Malformed)
    }

    /// The bytes of this row.
    #[must_use]
    pub fn encode(&self, pepper_id: [u8; 8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEAD_BYTES + self.messages.len() * ENTRY_BYTES);
        out.push(FORMAT);
        out.extend_from_slice(&pepper_id);
        for sent in &self.messages {
            out.extend_from_slice(&sent.at.as_micros().to_le_bytes());
            out.extend_from_slice(&sent.message.0);
            out.extend_from_slice(&[sent.kind as u8, sent.channel as u8]);
            for name in [sent.controller, sent.brand, sent.subject] {
                out.extend_from_slice(&name.0.to_le_bytes());
            }
        }
        out
    }

    /// What counts, for `decide`.
    #[must_use]
    pub fn messages(&self) -> &[SentMessage] {
        &self.messages
    }

    /// Drops what counts no more. A full row also lets go of marketing outside every window in force: otherwise
    /// it would block its recipient for as long as nothing is added to it, which is for ever.
    pub fn prune(&mut self, horizon: &Horizon) {
        let kept_since = horizon.now.saturating_sub(horizon.window.max(KEPT_AT_LEAST));
        let confirmed_since = horizon.now.saturating_sub(CONFIRMATIONS_KEPT);
        let mut requests: Vec<Timestamp> = self.of_kind(SentKind::Request).collect();
        requests.sort_unstable();
        let n_old = requests.len().saturating_sub(REQUESTS_MAX);
        let requested_since = requests.get(n_old).copied().unwrap_or(Timestamp::MIN);
        self.messages.retain(|sent| match sent.kind {
            SentKind::Marketing => sent.at > kept_since,
            SentKind::Confirmation => sent.at > confirmed_since,
            SentKind::Request => sent.at >= requested_since,
            // for good, as requests are
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
            let marketing = self.oldest(|sent| sent.kind == SentKind::Marketing);
            let Some(place) = marketing.or_else(|| self.oldest(|_| true)) else { break };
            self.messages.remove(place);
        }
        self.messages.push(sent);
        self.is_full()
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
