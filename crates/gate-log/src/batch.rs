//! A record of the decision log.

use crate::schema::{MARKER, parsed};
use crate::shape::Shape;
use serde::{Deserialize, Serialize};
use serde_avro_fast::de::read::SliceRead;
use serde_avro_fast::de::{DeserializerConfig, DeserializerState};
use std::borrow::Cow;
use std::io::BufRead as _;

/// Bytes of a contact's key in the log.
///
/// Nothing packs a hash, so keys are most of a record. Of 50 million contacts one shares six bytes with a person who is asked
/// for once in five million questions, and less of a hash says less about anybody.
pub const CONTACT_BYTES: usize = 6;
/// Bytes of an address's key, for the same reason.
pub const ADDRESS_BYTES: usize = 6;
/// Bytes of the proving event's key: it is looked for among the events of one person.
pub const EVIDENCE_BYTES: usize = 4;

/// Decisions of one batch about messages of one partition. `docs`: `schemas/decision-batch.avsc`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionBatch<'a> {
    /// The topic of the messages.
    pub source_topic: Cow<'a, str>,
    /// Their partition.
    pub source_partition: i32,
    /// Offset of the first message of the columns.
    pub first_offset: i64,
    /// The gate's clock when they were judged, in microseconds.
    pub evaluated_at: i64,
    /// The policies in force.
    pub policy_revision: Cow<'a, str>,
    /// Version of the time zones.
    pub tz_version: Cow<'a, str>,
    /// Where consent changes came from.
    pub consent_topic: Cow<'a, str>,
    /// Next offset of each of its partitions.
    pub consent_position: Cow<'a, [i64]>,
    /// Version of the program.
    pub gate_version: Cow<'a, str>,
    /// Its `instance_id`.
    pub instance: Cow<'a, str>,
    /// What decisions have in common.
    pub shapes: Vec<Shape<'a>>,
    /// Whom messages were for.
    pub contexts: Vec<Context<'a>>,
    /// Column: distance from the message before.
    pub offsets: Vec<i32>,
    /// Column.
    pub message_ids: Vec<Option<Cow<'a, str>>>,
    /// Column: place in `shapes`.
    pub shape: Vec<i32>,
    /// Column: place in `contexts`.
    pub context: Vec<i32>,
    /// Column of [`CONTACT_BYTES`].
    #[serde(with = "serde_bytes")]
    pub contacts: Vec<u8>,
    /// Column of [`ADDRESS_BYTES`].
    #[serde(with = "serde_bytes")]
    pub addresses: Vec<u8>,
    /// Column of [`EVIDENCE_BYTES`].
    #[serde(with = "serde_bytes")]
    pub evidence: Vec<u8>,
    /// Of the deferred.
    pub not_before: Vec<Instant>,
    /// Of those that a registry's answer has allowed.
    pub registry_checked_at: Vec<Instant>,
}

/// Whom a message was for, by its own words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Context<'a> {
    /// Its purpose.
    pub purpose: Option<Cow<'a, str>>,
    /// Its brand.
    pub brand: Option<Cow<'a, str>>,
    /// Its controller.
    pub controller: Option<Cow<'a, str>>,
    /// Its campaign.
    pub campaign: Option<Cow<'a, str>>,
    /// The synthetic probe.
    pub probe: bool,
}

/// An instant of one decision of the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instant {
    /// Place in the columns.
    pub nth: i32,
    /// Microseconds.
    pub at: i64,
}

/// Why a record is none of the decision log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// Another encoding.
    #[error("is not in Avro's single-object encoding: something else has written it")]
    Framing,
    /// Another schema.
    #[error(
        "names a schema that this version does not know: written by a newer gate, or by something else"
    )]
    Schema,
    /// It ends too early, or goes on.
    #[error("is damaged: it does not read as its schema says")]
    Damaged,
    /// Columns of different length, or places that are none.
    #[error("is damaged: its columns do not fit together")]
    Columns,
    /// This program's own schema is not valid.
    #[error("the schema of the decision log is not valid")]
    OwnSchema,
}

impl DecisionBatch<'_> {
    /// As it stands in Kafka.
    ///
    /// # Errors
    /// Only [`BatchError::OwnSchema`] or values that the schema has no place for: mistakes in this program.
    pub fn encode(&self) -> Result<Vec<u8>, BatchError> {
        let schema = parsed().ok_or(BatchError::OwnSchema)?;
        let mut out = Vec::with_capacity(512 + self.offsets.len() * 40);
        out.extend_from_slice(&MARKER);
        out.extend_from_slice(schema.rabin_fingerprint());
        let mut config = serde_avro_fast::ser::SerializerConfig::new(schema);
        serde_avro_fast::to_datum(self, out, &mut config).map_err(|_| BatchError::OwnSchema)
    }

    /// Reads a record.
    ///
    /// # Errors
    /// When it is none.
    pub fn decode(value: &[u8]) -> Result<DecisionBatch<'static>, BatchError> {
        let schema = parsed().ok_or(BatchError::OwnSchema)?;
        let rest = value.strip_prefix(&MARKER).ok_or(BatchError::Framing)?;
        let (fingerprint, datum) = rest.split_at_checked(8).ok_or(BatchError::Damaged)?;
        if fingerprint != schema.rabin_fingerprint() {
            return Err(BatchError::Schema);
        }
        let mut config = DeserializerConfig::new(schema);
        // no column is longer than the record
        config.max_seq_size = datum.len();
        let mut state = DeserializerState::with_config(SliceRead::new(datum), config);
        let batch = DecisionBatch::<'static>::deserialize(state.deserializer())
            .map_err(|_| BatchError::Damaged)?;
        if !state.into_reader().fill_buf().is_ok_and(<[u8]>::is_empty) {
            return Err(BatchError::Damaged);
        }
        batch.fits().then_some(batch).ok_or(BatchError::Columns)
    }

    /// Number of decisions.
    #[must_use]
    pub fn len(&self) -> usize {
        self.offsets.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.offsets.is_empty()
    }

    fn fits(&self) -> bool {
        let n = self.len();
        let is_in = |places: &[i32], len: usize| {
            places.len() == n
                && places.iter().all(|at| usize::try_from(*at).is_ok_and(|at| at < len))
        };
        let instants = self.not_before.iter().chain(&self.registry_checked_at);
        self.message_ids.len() == n
            && is_in(&self.shape, self.shapes.len())
            && is_in(&self.context, self.contexts.len())
            && self.contacts.len() == n * CONTACT_BYTES
            && self.addresses.len() == n * ADDRESS_BYTES
            && self.evidence.len() == n * EVIDENCE_BYTES
            && instants.map(|it| it.nth).all(|nth| usize::try_from(nth).is_ok_and(|nth| nth < n))
    }
}
