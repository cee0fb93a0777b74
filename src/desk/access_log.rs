//! Who looked at whom: a record of each look-up in `topics.access_log`, acknowledged before anything is shown.
//!
//! INVARIANT: what cannot be recorded is not answered.

use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use gate_core::{SubjectKey, Timestamp};
use gate_index::{DecisionRow, Prefix};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::config::Config;
use crate::headers::{hex, rfc3339};
use crate::kafka::Sight;
use crate::kafka::failure::KafkaFailure;
use crate::kafka::observer::{Edge, Look, Observer};
use crate::kafka::writer::AcknowledgedWriter;
use crate::metrics::DeskAct;

/// Newest records that are looked through for an account's own.
const LOOKED_THROUGH: u32 = 1_000;
/// Longest time for that.
const LOOK_MAX: Duration = Duration::from_secs(3);
/// Own look-ups that are shown.
const SHOWN_MAX: usize = 20;

/// What somebody did. Names are public API: add, never rename.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Act {
    /// Looked a person up.
    LookUp,
    /// Took out what is held of a person.
    Export,
    /// Read a consent record as it lies in Kafka.
    ReadRecord,
}

impl Act {
    /// As it is counted.
    pub(super) const fn label(self) -> DeskAct {
        match self {
            Self::LookUp => DeskAct::LookUp,
            Self::Export => DeskAct::Export,
            Self::ReadRecord => DeskAct::ReadRecord,
        }
    }
}

/// A record of the access log. `docs/looking-up.md` describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(super) struct Access {
    /// The desk's clock, RFC 3339.
    pub(super) at: String,
    /// The id of the token.
    pub(super) account: String,
    /// Its role.
    pub(super) role: String,
    pub(super) act: Act,
    /// The keyed hash of the contact id that was looked for; from a decision, its beginning, as the log has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) contact: Option<String>,
    /// The keyed hash of the address, or its beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) address: Option<String>,
    /// The record of another topic that was looked at, or from which somebody went on to its person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) place: Option<String>,
    /// Why: a code of the form, or words.
    pub(super) reason: String,
    /// A ticket, if one was named.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub(super) ticket: String,
}

impl Access {
    pub(super) fn new(
        at: Timestamp,
        (account, role): (&str, &str),
        act: Act,
        reason: &str,
    ) -> Self {
        Self {
            at: rfc3339(at),
            account: account.to_owned(),
            role: role.to_owned(),
            act,
            contact: None,
            address: None,
            place: None,
            reason: reason.to_owned(),
            ticket: String::new(),
        }
    }

    pub(super) fn of_person(
        self,
        contact: Option<SubjectKey>,
        address: Option<SubjectKey>,
        ticket: &str,
    ) -> Self {
        let text = |key: Option<SubjectKey>| key.map(|key| hex(&key.0));
        Self { contact: text(contact), address: text(address), ticket: ticket.to_owned(), ..self }
    }

    /// Of a look-up that began with a decision: what the log has of its person.
    pub(super) fn of_decision(self, row: &DecisionRow, ticket: &str) -> Self {
        let text = |key: Option<Prefix>| key.map(|key| hex(key.expose()));
        Self {
            contact: text(row.contact),
            address: text(row.address),
            place: Some(row.source.to_string()),
            ticket: ticket.to_owned(),
            ..self
        }
    }

    /// Beginning of the hash of whom.
    pub(super) fn whom(&self) -> String {
        const SHOWN: usize = 8;
        let whom = self.contact.as_deref().or(self.address.as_deref());
        whom.or(self.place.as_deref()).unwrap_or_default().chars().take(SHOWN).collect()
    }
}

/// The topic.
pub(super) struct AccessLog {
    writer: Mutex<AcknowledgedWriter>,
    observer: Observer,
    topic: String,
}

impl AccessLog {
    /// # Errors
    /// librdkafka refuses a setting.
    pub(super) fn open(config: &Config) -> Result<Self, KafkaFailure> {
        let topic = config.topics.outputs.access_log.clone();
        let doing = format!("recording a look-up in `{topic}`");
        let writer = AcknowledgedWriter::new(&config.client_base(), &topic, doing)?;
        Ok(Self { writer: Mutex::new(writer), observer: Observer::of(config), topic })
    }

    /// Writes it, and waits until it is kept.
    ///
    /// # Errors
    /// It is not, or nobody knows.
    pub(super) fn record(&self, access: &Access) -> Result<(), KafkaFailure> {
        // strings and numbers always become JSON
        let value = serde_json::to_vec(access).unwrap_or_default();
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.write(&access.account, &value, &mut || false).map(drop)
    }

    /// An account's own newest records, newest first; what cannot be read is left out.
    ///
    /// # Errors
    /// A right is missing.
    pub(super) fn own(&self, account: &str) -> Result<Vec<Access>, KafkaFailure> {
        let doing = format!("reading `{}`", self.topic);
        let look = Look {
            topic: &self.topic,
            n_partitions: 1,
            at: Edge::Newest,
            records_max: LOOKED_THROUGH,
            sight: Sight::Everything,
            limit: LOOK_MAX,
            doing: &doing,
        };
        let mut found: Vec<Access> = Vec::new();
        self.observer.look(&look, &mut |record| {
            let access =
                record.value.and_then(|value| serde_json::from_slice::<Access>(value).ok());
            found.extend(access.filter(|access| access.account == account));
            ControlFlow::Continue(())
        })?;
        found.reverse();
        found.truncate(SHOWN_MAX);
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Golden: whoever audits look-ups reads these years later.
    #[test]
    fn a_record_says_who_whom_and_why() {
        let at = Timestamp::from_micros(1_795_757_743_000_000);
        let access = Access::new(at, ("olga", "officer"), Act::LookUp, "complaint");
        let access = access.of_person(Some(SubjectKey([1; 16])), None, "HELP-1");
        assert_eq!(
            serde_json::to_string(&access).unwrap(),
            r#"{"at":"2026-11-27T05:35:43Z","account":"olga","role":"officer","act":"look_up","contact":"01010101010101010101010101010101","reason":"complaint","ticket":"HELP-1"}"#
        );
        assert_eq!(access.whom(), "01010101");
    }
}
