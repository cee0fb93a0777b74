//! What the gate writes: each output topic once, with its key, its name, how it is made and who reads it again.
//!
//! Configuration, `topics create`, `doctor`, the producers of a lane and what looks for decisions after a crash all ask
//! this table, so that a new output is a row here and the step that writes it.
//!
//! Invariant: nothing tells outputs apart by their place in a list; whoever needs a number asks [`Output::place_of_lane`].
//! Absent: rights. The gate's principal may read and write every output, and nobody else may write one
//! (`docs/security.md`).

use gate_core::Outcome;
use std::ffi::CStr;

/// How long the records of an output are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// As the brokers are set; at least as long as its readers may pause.
    AsUsual,
    /// For ever: nothing else knows what it says.
    ForEver,
    /// The last record of each key.
    LastOfEachKey,
    /// For so many days, unless somebody decides otherwise.
    Days(u32),
}

impl Kept {
    /// For how many days, if that is the measure.
    #[must_use]
    pub const fn days(self) -> Option<u32> {
        match self {
            Self::Days(days) => Some(days),
            Self::AsUsual | Self::ForEver | Self::LastOfEachKey => None,
        }
    }
}

/// Whose transaction an output is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    /// A lane's, with the decisions.
    Lane,
    /// The consent reader's, which has a producer for each of its outputs.
    Reader,
    /// Nobody's: the archive of policy sets writes a record at a time, which may be written twice.
    Archive,
    /// Nobody's, and no gate's either: the desk writes a record before it answers.
    Desk,
    /// No gate's: the door puts aside what it cannot take in.
    Door,
}

/// Which input the records of an output are copies of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// `topics.consent_change`.
    ConsentChange,
    /// `topics.outbound_message`.
    OutboundMessage,
}

/// What is said of an output.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Its key in the configuration.
    pub key: &'static str,
    /// Its name, unless another is configured.
    pub name: &'static str,
    /// What it is for, in the reference.
    pub effect: &'static str,
    /// Who writes it.
    pub writer: Writer,
    /// What its records are copies of, with headers on top: it must take whatever that takes.
    pub copies: Option<Input>,
    /// How long its records are kept.
    pub kept: Kept,
    /// Whether the brokers date its records: then a clock that is wrong here shows, and a record that somebody writes again.
    pub is_dated_by_brokers: bool,
    /// Whether it has a partition for each of the messages' topic.
    pub is_beside_messages: bool,
    /// Partitions it is made with, if it is neither beside the messages nor as many as whoever makes it likes.
    pub n_partitions: Option<u32>,
    /// Bytes of a segment, if Kafka's own number does not serve.
    pub segment_bytes: Option<u64>,
    /// How a lane writes it otherwise than its other outputs: properties of librdkafka.
    pub properties: &'static [(&'static CStr, &'static CStr)],
    /// Whether a record names its message: read from its end backwards it tells what is decided already.
    pub has_tail: bool,
    /// What is lost when it is compacted although it should not be.
    pub if_compacted: &'static str,
    /// What is lost when its records are deleted too early.
    pub if_deleted: &'static str,
}

macro_rules! outputs {
    ($($(#[$about:meta])* $variant:ident $field:ident $(of $outcome:ident)? = $row:expr;)*) => {
        /// An output topic.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Output {
            $($(#[$about])* $variant,)*
        }

        impl Output {
            /// Every one, in the order of the reference.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// What is said of it.
            #[must_use]
            pub const fn row(self) -> Row {
                match self {
                    $(Self::$variant => $row,)*
                }
            }

            /// Where decisions of this outcome go.
            #[must_use]
            pub const fn of(outcome: Outcome) -> Self {
                match outcome {
                    $($(Outcome::$outcome => Self::$variant,)?)*
                }
            }
        }

        /// Something of each output, e.g. its configured name.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct ByOutput<T> {
            $($(#[$about])* pub $field: T,)*
        }

        impl<T> ByOutput<T> {
            /// What `make` says for each.
            pub fn new(mut make: impl FnMut(Output) -> T) -> Self {
                Self { $($field: make(Output::$variant),)* }
            }

            /// That of this output.
            pub const fn of(&self, output: Output) -> &T {
                match output {
                    $(Output::$variant => &self.$field,)*
                }
            }
        }
    };
}

/// What the three outputs of decisions have in common.
const DECISIONS: Row = Row {
    key: "",
    name: "",
    effect: "",
    writer: Writer::Lane,
    copies: Some(Input::OutboundMessage),
    kept: Kept::AsUsual,
    is_dated_by_brokers: true,
    is_beside_messages: false,
    n_partitions: None,
    segment_bytes: None,
    properties: &[],
    has_tail: true,
    if_compacted: "decisions with one key replace each other",
    if_deleted: "decisions are lost to readers who pause longer",
};

/// What the outputs that wait for a person have in common.
const LETTERS: Row = Row {
    writer: Writer::Reader,
    copies: Some(Input::ConsentChange),
    kept: Kept::ForEver,
    is_dated_by_brokers: false,
    has_tail: false,
    ..DECISIONS
};

outputs! {
    /// Messages that may go out.
    Approved approved of Approved = Row {
        key: "topics.approved",
        name: "approved-message",
        effect: "Output: messages that may go out. Senders read this one, `read_committed`, and no other.",
        ..DECISIONS
    };
    /// Messages that may not go out.
    Blocked blocked of Blocked = Row {
        key: "topics.blocked",
        name: "blocked-message",
        effect: "Output: messages that may not go out.",
        ..DECISIONS
    };
    /// Messages that may go out later.
    Deferred deferred of Deferred = Row {
        key: "topics.deferred",
        name: "deferred-message",
        effect: "Output: messages that may go out later; header `gate-not-before` says when.",
        ..DECISIONS
    };
    /// Consent changes that cannot be read, and what operators decided about them.
    ConsentDeadLetter consent_dead_letter = Row {
        key: "topics.consent_dead_letter",
        name: "consent-dead-letter",
        effect: "Output: consent changes that cannot be read, and what operators decided about them (`consent-gate consent skip`, `correct`).",
        if_compacted: "dead letters with one key replace each other",
        if_deleted: "after a rebuild the gate holds again at records whose release is gone",
        ..LETTERS
    };
    /// Texts to us that a person should read, and what was said about them.
    ConsentReview consent_review = Row {
        key: "topics.consent_review",
        name: "consent-gate-review",
        effect: "Output: texts to us that may ask to stop and may not, for a person to read, and what was said about them with `consent-gate consent review`.",
        if_compacted: "texts of one person replace each other before anybody has read them",
        if_deleted: "a text that nobody has read by then is forgotten, and comes again after a rebuild when it was read",
        ..LETTERS
    };
    /// The decision log.
    DecisionLog decision_log = Row {
        key: "topics.decision_log",
        name: "consent-gate-decisions",
        effect: "Output: what was decided and why, one Avro record for each batch and partition of `topics.outbound_message`, which has as many. It is what explains, counts and proves; no address, no contact id, no content.",
        copies: None,
        kept: Kept::Days(400),
        is_beside_messages: true,
        // Long columns of which only keys do not pack; its readers are commands and programs that need no kafkajs.
        properties: &[(c"compression.codec", c"zstd"), (c"compression.level", c"1")],
        if_compacted: "decisions of one partition replace each other",
        if_deleted: "nobody can say any more why a message went out",
        ..DECISIONS
    };
    /// The changelog of approvals.
    SentLog sent_log = Row {
        key: "topics.sent_log",
        name: "consent-gate-sent",
        effect: "The gate's own memory of what it approved, for frequency caps and \"once\" rules: hashes and times, no personal data. Compacted, with as many partitions as `topics.outbound_message`.",
        copies: None,
        kept: Kept::LastOfEachKey,
        is_beside_messages: true,
        // the newest segment is never compacted, and a restore reads all of it
        segment_bytes: Some(128 << 20),
        has_tail: false,
        if_compacted: "",
        if_deleted: "what was approved is forgotten, and frequency caps are exceeded",
        ..DECISIONS
    };
    /// The archive of policy sets.
    PolicySets policy_sets = Row {
        key: "topics.policy_sets",
        name: "consent-gate-policies",
        effect: "Every policy set that was in force, keyed by its revision, so that any instance can recompute a decision of any year. No personal data. Compacted, with one partition.",
        writer: Writer::Archive,
        copies: None,
        kept: Kept::LastOfEachKey,
        // when a set was first in force stands in its record
        is_dated_by_brokers: false,
        n_partitions: Some(1),
        has_tail: false,
        if_compacted: "",
        if_deleted: "decisions of that time can no longer be recomputed",
        ..DECISIONS
    };
    /// Who looked at whom at the desk.
    AccessLog access_log = Row {
        key: "topics.access_log",
        name: "consent-gate-access",
        effect: "Output of `consent-gate desk`: who looked a person up, when, why, and the keyed hash of whom. Written before the answer; without it there is none.",
        writer: Writer::Desk,
        copies: None,
        kept: Kept::Days(400),
        n_partitions: Some(1),
        has_tail: false,
        if_compacted: "look-ups by one account replace each other",
        if_deleted: "nobody can say any more who looked at whose data",
        ..DECISIONS
    };
    /// What the door could not take in.
    DoorDeadLetter door_dead_letter = Row {
        key: "topics.door_dead_letter",
        name: "consent-gate-door-dead-letter",
        effect: "Output of `consent-gate door`: single items of requests that were signed and cannot be understood, as they came, with source, place and reason in headers. The others of the same request are kept in `topics.consent_change`.",
        writer: Writer::Door,
        copies: None,
        kept: Kept::Days(90),
        n_partitions: Some(1),
        has_tail: false,
        if_compacted: "items of one source replace each other before anybody has read them",
        if_deleted: "what a source has sent and nobody could understand is forgotten",
        ..DECISIONS
    };
}

impl Output {
    /// Those that a lane writes.
    pub fn of_lane() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|output| output.row().writer == Writer::Lane)
    }

    /// Which of [`Output::of_lane`] it is.
    #[must_use]
    pub fn place_of_lane(self) -> usize {
        Self::of_lane().take_while(|output| *output != self).count()
    }

    /// Those that are read after a crash, for what is decided already.
    pub fn with_tail() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|output| output.row().has_tail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_knows_its_outputs_by_their_place() {
        let places: Vec<_> =
            Output::of_lane().map(|output| (output, output.place_of_lane())).collect();
        let expected = [
            Output::Approved,
            Output::Blocked,
            Output::Deferred,
            Output::DecisionLog,
            Output::SentLog,
        ];
        assert_eq!(places, expected.into_iter().zip(0..).collect::<Vec<_>>());
    }

    #[test]
    fn rows_are_whole_and_different() {
        let by = ByOutput::new(Output::row);
        for output in Output::ALL {
            let (row, by) = (output.row(), by.of(*output));
            assert!(!row.effect.is_empty() && !row.if_deleted.is_empty(), "{output:?}");
            assert_eq!((row.key, row.name), (by.key, by.name));
            let same = Output::ALL.iter().filter(|other| {
                let other = other.row();
                other.key == row.key || other.name == row.name
            });
            assert_eq!(same.count(), 1, "{output:?}");
            // whoever compacts an output on purpose says so by `kept`
            assert_eq!(row.if_compacted.is_empty(), row.kept == Kept::LastOfEachKey, "{output:?}");
        }
    }

    #[test]
    fn what_names_its_message_is_what_carries_a_decision() {
        let decisions = [Outcome::Approved, Outcome::Blocked, Outcome::Deferred].map(Output::of);
        let with_tail: Vec<_> = Output::with_tail().collect();
        assert_eq!(with_tail, [&decisions[..], &[Output::DecisionLog]].concat());
    }
}
