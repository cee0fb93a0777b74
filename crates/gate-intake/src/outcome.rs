//! What becomes of a request: the answer, the records, what was wrong with single items, and what the caller does besides.
//!
//! The caller writes `records` to Kafka with acks=all and `problems` to the dead letter, then remembers `remember`, does
//! `effects`, and only then sends the answer. When the write fails it sends [`Answer::unavailable`] instead.

use gate_codec::ConsentChangeRecord;
use gate_core::Timestamp;
use std::collections::BTreeMap;
use std::fmt;

/// What [`crate::receive`] comes to.
#[derive(Debug)]
pub enum Step {
    /// All is known.
    Done(Outcome),
    /// A certificate is missing: fetch it over HTTPS without redirects, add it to [`crate::Certificates`], call again. When it
    /// cannot be fetched, answer [`Answer::unavailable`]. The URL's host was checked.
    Needs(CertificateUrl),
}

/// Where a certificate lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateUrl(pub String);

/// What becomes of one request.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What to answer once the records are in Kafka.
    pub answer: Answer,
    /// The consent changes, in the order of the items.
    pub records: Vec<Accepted>,
    /// Records that were written before (the window knows them): nothing to write, nothing lost.
    pub repeated: Vec<Accepted>,
    /// Items that could not be used.
    pub problems: Vec<ItemProblem>,
    /// Items that say nothing about consent, by reason.
    pub skipped: BTreeMap<Skip, u32>,
    /// What else to do after the records are written.
    pub effects: Vec<Effect>,
    /// Keys for the deduplication window, to be kept once the answer is out.
    pub remember: Vec<String>,
    /// Why the request as a whole was refused, for counters and logs; nothing of it is in the answer.
    pub refused: Option<Refusal>,
}

/// A record and the item it was made of.
#[derive(Clone)]
pub struct Accepted {
    /// The item's place in the request, from 0.
    pub index: usize,
    /// The record, which gate-codec has read back.
    pub record: ConsentChangeRecord<'static>,
    /// The same in JSON, as it goes to a topic of that format.
    pub json: Vec<u8>,
}

impl fmt::Debug for Accepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accepted").field("index", &self.index).finish_non_exhaustive()
    }
}

/// The answer to send. `Debug` shows its status only: a body may name event ids of the sender's.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Further headers: names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The media type of the body; empty when there is no body.
    pub content_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

impl Default for Answer {
    fn default() -> Self {
        Self { status: 200, headers: Vec::new(), content_type: "", body: Vec::new() }
    }
}

impl Answer {
    /// A status with a short text.
    #[must_use]
    pub fn text(status: u16, text: &str) -> Self {
        let body = text.as_bytes().to_vec();
        Self { status, headers: Vec::new(), content_type: "text/plain; charset=utf-8", body }
    }

    /// Our own fault (Kafka away, a certificate not to be had): 503, so that the provider tries again.
    #[must_use]
    pub fn unavailable() -> Self {
        let mut answer = Self::text(503, "try again\n");
        answer.headers.push(("retry-after", "5".to_owned()));
        answer
    }
}

/// Something to do besides writing records. `Debug` leaves the URL out: it holds a token.
#[derive(Clone, PartialEq, Eq)]
pub enum Effect {
    /// One GET of this URL, without redirects: Amazon SNS asks whether the topic may be delivered. Signature, topic and host
    /// were checked.
    ConfirmSubscription {
        /// The whole URL.
        url: String,
    },
    /// The topic will no longer be delivered: somebody removed the subscription. Alert.
    SubscriptionEnded,
}

impl fmt::Debug for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ConfirmSubscription { .. } => "ConfirmSubscription",
            Self::SubscriptionEnded => "SubscriptionEnded",
        })
    }
}

/// Why a whole request was refused. Closed, for labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// Signature, token or password is missing or wrong.
    Unauthentic,
    /// Signed for another time than now.
    Stale,
    /// A signature that counts once, and did.
    Replayed,
    /// Signed by the provider, but for a topic that is not ours.
    ForeignTopic,
    /// The certificate of a signature is not made out to the provider, not valid now, or not of an authority that we trust.
    Certificate,
    /// A method that this route does not have.
    Method,
    /// More bytes or items than one request may have.
    TooLarge,
    /// A body nobody can read.
    Unreadable,
    /// A token that opens nothing.
    UnknownToken,
    /// A one-click request without the pair that says so.
    NotAsked,
    /// Something of ours is missing; a retry can help.
    Ours,
}

impl Refusal {
    /// Every one.
    pub const ALL: [Self; 11] = [
        Self::Unauthentic,
        Self::Stale,
        Self::Replayed,
        Self::ForeignTopic,
        Self::Certificate,
        Self::Method,
        Self::TooLarge,
        Self::Unreadable,
        Self::UnknownToken,
        Self::NotAsked,
        Self::Ours,
    ];

    /// The public name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unauthentic => "unauthentic",
            Self::Stale => "stale",
            Self::Replayed => "replayed",
            Self::ForeignTopic => "foreign_topic",
            Self::Certificate => "certificate",
            Self::Method => "method",
            Self::TooLarge => "too_large",
            Self::Unreadable => "unreadable",
            Self::UnknownToken => "unknown_token",
            Self::NotAsked => "not_asked",
            Self::Ours => "ours",
        }
    }

    /// The answer. A bad signature is told without detail (rule 3 of docs/door-sources.md).
    #[must_use]
    pub fn answer(self) -> Answer {
        match self {
            Self::Unauthentic | Self::Stale | Self::ForeignTopic | Self::Certificate => {
                Answer::text(401, "unauthorized\n")
            }
            Self::Replayed => Answer::text(406, "not acceptable: it counted before\n"),
            Self::Method => Answer::text(405, "method not allowed\n"),
            Self::TooLarge => Answer::text(413, "too large: at most 1 MiB and 1000 items\n"),
            Self::Unreadable => Answer::text(400, "unreadable body\n"),
            Self::UnknownToken => Answer::text(404, "not found\n"),
            Self::NotAsked => Answer::text(400, "bad request\n"),
            Self::Ours => Answer::unavailable(),
        }
    }
}

impl From<Refusal> for Outcome {
    fn from(refusal: Refusal) -> Self {
        Self { answer: refusal.answer(), refused: Some(refusal), ..Self::default() }
    }
}

/// Why an item made no record and is no fault either. Closed, for labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Skip {
    /// An event we do not know; providers add some without notice.
    UnknownEvent,
    /// A known event that says nothing about consent: an open, a soft bounce.
    NotAChange,
    /// A permission without purpose and evidence in the source's configuration.
    NoEvidence,
    /// A switch of the source leaves it out.
    SwitchedOff,
    /// A notice of the delivery system itself: a ping, a probe, a text after set-up.
    Notice,
    /// An automatic answer by mail, which is no request of a person.
    AutoReply,
    /// A mail that names nobody we can act for.
    NoToken,
}

impl Skip {
    /// Every one.
    pub const ALL: [Self; 7] = [
        Self::UnknownEvent,
        Self::NotAChange,
        Self::NoEvidence,
        Self::SwitchedOff,
        Self::Notice,
        Self::AutoReply,
        Self::NoToken,
    ];

    /// The public name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownEvent => "unknown_event",
            Self::NotAChange => "not_a_change",
            Self::NoEvidence => "no_evidence",
            Self::SwitchedOff => "switched_off",
            Self::Notice => "notice",
            Self::AutoReply => "auto_reply",
            Self::NoToken => "no_token",
        }
    }
}

/// What is wrong with an item. Closed, for labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProblemClass {
    /// No JSON, no form, or nothing of the kind an item is.
    Unreadable,
    /// A name stands twice in one object.
    DuplicateKey,
    /// Something the change needs is not there.
    MissingField,
    /// Something is there that cannot be.
    InvalidValue,
    /// It names a controller or a brand that is not the source's.
    ForeignScope,
    /// The source may not say this.
    ActionNotAllowed,
    /// A person on a channel the gate does not know.
    UnknownChannel,
    /// The gate's own reader would refuse the record.
    RefusedByReader,
}

impl ProblemClass {
    /// The public name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::DuplicateKey => "duplicate_key",
            Self::MissingField => "missing_field",
            Self::InvalidValue => "invalid_value",
            Self::ForeignScope => "foreign_scope",
            Self::ActionNotAllowed => "action_not_allowed",
            Self::UnknownChannel => "unknown_channel",
            Self::RefusedByReader => "refused_by_reader",
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn fix(self) -> &'static str {
        match self {
            Self::Unreadable => "send one JSON object an item, as the documentation shows",
            Self::DuplicateKey => {
                "write each name once; a custom argument may carry the name of a field"
            }
            Self::MissingField => "add the field",
            Self::InvalidValue => "correct the value",
            Self::ForeignScope => "leave controller and brand out, or use the source that has them",
            Self::ActionNotAllowed => {
                "use a source that may say this, or add it to `actions` of this one"
            }
            Self::UnknownChannel => "map the channel, or leave these messages out at the provider",
            Self::RefusedByReader => "correct the field; the gate would not read the record",
        }
    }
}

/// An item that could not be used: it goes to the dead letter with its bytes, and the others go on.
pub struct ItemProblem {
    /// The item's place in the request, from 0.
    pub index: usize,
    /// JSON pointer into the request; names of ours only.
    pub pointer: String,
    /// What kind of fault.
    pub class: ProblemClass,
    /// What is wrong, in words without a value.
    pub reason: &'static str,
    /// What to do.
    pub fix: &'static str,
    /// The item as it came; empty when an earlier problem of the same item has it.
    pub raw: Vec<u8>,
}

impl fmt::Debug for ItemProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ItemProblem")
            .field("index", &self.index)
            .field("pointer", &self.pointer)
            .field("class", &self.class)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for ItemProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}; {}", self.pointer, self.class.as_str(), self.reason, self.fix)
    }
}

/// What the caller remembers of earlier requests: keys of [`Outcome::remember`], for at least three days.
pub trait Window {
    /// Whether a key was remembered.
    fn knows(&self, key: &str) -> bool;
}

impl Window for std::collections::HashSet<String> {
    fn knows(&self, key: &str) -> bool {
        self.contains(key)
    }
}

impl Window for std::collections::BTreeSet<String> {
    fn knows(&self, key: &str) -> bool {
        self.contains(key)
    }
}

/// A clock reading as whole seconds.
pub(crate) const fn seconds(at: Timestamp) -> i64 {
    at.as_micros().div_euclid(1_000_000)
}
