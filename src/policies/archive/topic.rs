//! Policy sets as records of `topics.policy_sets`: compacted, the key is the revision.
//!
//! Written by whichever instance misses one; two that do so at a time write the same record twice, and compaction leaves one.
//! Read from its beginning, since a set is wanted once in a while and the topic is small. Whether a transaction that
//! somebody left open covers a record does not matter: a set proves itself.
//!
//! INVARIANT: of several records of a revision the last counts, as it is the one that compaction leaves; what is not the set
//! of its key is told as a stranger's. Absent: removal, and a null value of ours.

use super::super::revision::Revision;
use super::set::{KeptSet, SetError};
use crate::config::Config;
use crate::kafka::failure::KafkaFailure;
use crate::kafka::native::Record;
use crate::kafka::observer::{Edge, Look, Looked, Observer};
use crate::kafka::writer::AcknowledgedWriter;
use crate::kafka::{REQUEST_TIMEOUT, Sight};
use rdkafka::ClientConfig;
use rdkafka::error::RDKafkaErrorCode as Code;
use std::fmt;
use std::ops::ControlFlow;
use std::time::Duration;

/// Records that are read of a partition; more cannot be ours.
const RECORDS_MAX: u32 = 50_000;
/// Longest time for reading all of it.
const READ_MAX: Duration = Duration::from_secs(60);

/// The topic of a configuration.
#[derive(Clone, Debug)]
pub(super) struct SetsTopic {
    observer: Observer,
    base: ClientConfig,
    name: String,
}

/// Where a record stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    topic: String,
    partition: i32,
    record_offset: i64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` partition {} offset {}", self.topic, self.partition, self.record_offset)
    }
}

/// A record that was read.
pub(super) struct Seen {
    /// Where.
    pub(super) place: Place,
    /// Its key, if that is a revision.
    pub(super) revision: Option<Revision>,
    /// The set, or why it is none.
    pub(super) set: Result<KeptSet, String>,
}

impl SetsTopic {
    /// That of this configuration; nothing is asked yet.
    #[must_use]
    pub(super) fn of(config: &Config) -> Self {
        Self {
            observer: Observer::of(config),
            base: config.client_base(),
            name: config.topics.outputs.policy_sets.clone(),
        }
    }

    /// Its name.
    #[must_use]
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Visits every record whose key is wanted, the oldest first, until `is_over`. A key that is no revision is asked for as
    /// `None`.
    ///
    /// # Errors
    /// The brokers do not show all of it in time, or there is more than a topic of ours can have.
    pub(super) fn read(
        &self,
        is_over: &mut dyn FnMut() -> bool,
        is_wanted: &dyn Fn(Option<&Revision>) -> bool,
        visit: &mut dyn FnMut(Seen),
    ) -> Result<(), KafkaFailure> {
        let doing = format!("reading policy sets of `{}`", self.name);
        let facts = self.observer.facts(&self.name, REQUEST_TIMEOUT, &doing)?;
        let look = Look {
            topic: &self.name,
            n_partitions: u32::try_from(facts.n_partitions).unwrap_or_default(),
            at: Edge::Oldest,
            records_max: RECORDS_MAX,
            sight: Sight::Everything,
            limit: READ_MAX,
            doing: &doing,
        };
        let mut n_records = 0u32;
        let looked = self.observer.look_until(&look, is_over, &mut |record| {
            n_records = n_records.saturating_add(1);
            let revision = revision_of(record);
            if is_wanted(revision.as_ref()) {
                visit(seen(record, revision));
            }
            ControlFlow::Continue(())
        })?;
        match looked {
            Looked::Late(failure) => Err(failure),
            Looked::Whole if n_records >= RECORDS_MAX => {
                let said = format!(
                    "more than {RECORDS_MAX} records; somebody else writes there, or it is not compacted"
                );
                Err(KafkaFailure::from_code(Code::PolicyViolation, doing, Some(&said)))
            }
            Looked::Whole | Looked::Enough => Ok(()),
        }
    }

    /// Whoever writes to it.
    ///
    /// # Errors
    /// librdkafka refuses a setting.
    pub(super) fn writer(&self) -> Result<SetsWriter, KafkaFailure> {
        let doing = format!("writing a policy set to `{}`", self.name);
        AcknowledgedWriter::new(&self.base, &self.name, doing).map(SetsWriter)
    }
}

fn revision_of(record: &Record<'_>) -> Option<Revision> {
    Revision::parse(std::str::from_utf8(record.key?).ok()?)
}

fn seen(record: &Record<'_>, revision: Option<Revision>) -> Seen {
    let set = match (record.value, &revision) {
        (_, None) => Err("its key is no revision".to_owned()),
        (None, Some(_)) => Err("it was removed (null value), which no gate does".to_owned()),
        (Some(value), Some(revision)) => {
            decoded(value, revision).map_err(|error| error.to_string())
        }
    };
    let place = Place {
        topic: record.topic.to_owned(),
        partition: record.partition,
        record_offset: record.offset,
    };
    Seen { place, revision, set }
}

fn decoded(value: &[u8], revision: &Revision) -> Result<KeptSet, SetError> {
    let set = KeptSet::decode(value)?;
    if set.revision() == revision {
        return Ok(set);
    }
    let said = revision.as_str().to_owned();
    Err(SetError::Revision { found: set.revision().clone(), said })
}

/// Writes sets, one at a time.
pub(super) struct SetsWriter(AcknowledgedWriter);

impl SetsWriter {
    /// Writes a set and waits until every replica in sync has it; `false` when it was over before.
    ///
    /// # Errors
    /// It is too large, or the brokers do not take it in time.
    pub(super) fn write(
        &mut self,
        set: &KeptSet,
        is_over: &mut dyn FnMut() -> bool,
    ) -> Result<bool, KafkaFailure> {
        let value = set.encode().map_err(|error| {
            let said = error.to_string();
            KafkaFailure::from_code(Code::MessageSizeTooLarge, self.0.doing(), Some(&said))
        })?;
        self.0.write(set.revision().as_str(), &value, is_over)
    }
}
