//! One person's consent as it was, and a message judged by it: what the gate did, from the same records. Pure.
//!
//! Whoever is named beside one of those who matter matters too: a refusal by contact id reaches every address seen with it.
//! So records are offered again and again until nobody new is named.

use std::collections::{BTreeMap, BTreeSet};

use gate_core::{Decision, Notes, PolicySet, Receipt, SubjectKey, Subjects, Timestamp};
use gate_engine::{
    Decoded, Inputs, Keys, Memory, People, Record, Row, RowKey, Scratch, fold, judge_traced,
    possible_refusal, understand,
};

use crate::records::{Change, ConsentRecords, KeptRecord, Origin};

/// People who are followed from one record to another.
const PEOPLE_MAX: usize = 1_000;
/// Records about them that are kept.
const RECORDS_MAX: usize = 20_000;
/// Under which what was approved is remembered: there is but one here.
const PARTITION: i32 = 0;

/// A record of the consent topic.
#[derive(Clone)]
pub(crate) struct Consent {
    pub(crate) record: KeptRecord,
    /// Whether its key names its contact.
    pub(crate) key_names_contact: bool,
    pub(crate) receipt: Receipt,
}

/// What is collected about a recipient.
pub(crate) struct Replay<'r, K> {
    pub(crate) keys: &'r K,
    pub(crate) consent: &'r ConsentRecords,
    people: BTreeSet<SubjectKey>,
    records: BTreeMap<(i32, i64), Consent>,
    /// What was approved before for the recipient.
    approved: Option<(SubjectKey, Row)>,
}

/// What came of it.
pub(crate) struct Judged {
    pub(crate) decision: Decision,
    pub(crate) people: People,
    /// What each step looked at.
    pub(crate) notes: Notes,
}

/// Why a replay cannot be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReplayError {
    #[error(
        "more than {PEOPLE_MAX} contacts and addresses hang together, or more than {RECORDS_MAX} records are about them"
    )]
    TooMany,
    #[error("what was said cannot be put together again")]
    Fold,
    #[error("the message cannot be judged again")]
    Judge,
}

impl<'r, K: Keys> Replay<'r, K> {
    /// Of whoever a message names.
    pub(crate) fn new(
        keys: &'r K,
        consent: &'r ConsentRecords,
        people: BTreeSet<SubjectKey>,
    ) -> Self {
        Self { keys, consent, people, records: BTreeMap::new(), approved: None }
    }

    /// Remembers what was approved before for this address.
    pub(crate) fn remember(&mut self, recipient: SubjectKey, approved: Row) {
        self.approved = Some((recipient, approved));
    }

    /// Who matters: when they have not become more in a pass over all records, nothing is missing.
    pub(crate) fn people(&self) -> &BTreeSet<SubjectKey> {
        &self.people
    }

    /// Looks at a record, in the order of its partition.
    pub(crate) fn offer(
        &mut self,
        place: (i32, i64),
        record: impl FnOnce() -> Consent,
        value: Option<&[u8]>,
        origin: (Origin<'_>, bool),
    ) -> Result<(), ReplayError> {
        let about = self.about(value, origin);
        if !about.iter().any(|subject| self.people.contains(subject)) {
            return Ok(());
        }
        self.people.extend(about);
        self.records.entry(place).or_insert_with(record);
        if self.people.len() > PEOPLE_MAX || self.records.len() > RECORDS_MAX {
            return Err(ReplayError::TooMany);
        }
        Ok(())
    }

    /// Everybody a record may be about.
    fn about(&self, value: Option<&[u8]>, origin: (Origin<'_>, bool)) -> Vec<SubjectKey> {
        let of = |subjects: &Subjects| {
            [subjects.contact, subjects.address].into_iter().flatten().collect::<Vec<_>>()
        };
        let suspects = || self.suspects(value, origin).iter().flat_map(of).collect();
        let Ok(changes) = self.consent.read(value, origin.0) else { return suspects() };
        let mut about = Vec::new();
        for Change { change, .. } in changes.all() {
            let Ok(understood) = understand(self.keys, change, Receipt::default()) else {
                return suspects();
            };
            about.extend(of(&understood.subjects));
            let new = change.new_address.as_ref().and_then(|address| change.canonical(address));
            about.extend(new.map(|address| self.keys.address(&address)));
        }
        about
    }

    /// Of a record that nobody can read. Whom its key names is known if that is one of those who matter.
    fn suspects(&self, value: Option<&[u8]>, origin: (Origin<'_>, bool)) -> Vec<Subjects> {
        let is_known = |subject| Ok::<_, ReplayError>(self.people.contains(&subject));
        let found = self.consent.suspects(self.keys, value, origin, is_known);
        found.map(|found| found.subjects).unwrap_or_default()
    }

    /// What the gate decides on all of it.
    pub(crate) fn judge(
        &self,
        policies: &PolicySet,
        message: &Decoded<'_>,
        now: Timestamp,
    ) -> Result<Judged, ReplayError> {
        let mut memory = Memory::default();
        for ((partition, offset), record) in &self.records {
            self.fold(&mut memory, (*partition, *offset), record)?;
        }
        let row = |(subject, row): &(SubjectKey, Row)| {
            (RowKey { partition: PARTITION, subject: *subject }, row.clone())
        };
        memory.keep(self.approved.iter().map(row));
        let inputs = Inputs { keys: self.keys, policies, states: &memory, approvals: &memory, now };
        let mut notes = Notes::default();
        let judged = judge_traced(inputs, Record { partition: PARTITION, message }, &mut notes)
            .map_err(|_| ReplayError::Judge)?;
        let (decision, people) = (judged.decisions.first(), judged.people.first());
        let (Some(decision), Some(people)) = (decision, people) else {
            return Err(ReplayError::Judge);
        };
        Ok(Judged { decision: *decision, people: *people, notes })
    }

    /// As the consent reader does it.
    fn fold(
        &self,
        memory: &mut Memory,
        (partition, offset): (i32, i64),
        consent: &Consent,
    ) -> Result<(), ReplayError> {
        let Consent { record, key_names_contact, receipt } = consent;
        record.read(|value, origin| {
            let mut scratch = Scratch::default();
            let mut put = |subjects, placement: &_| {
                let folded = fold(memory, &mut scratch, subjects, placement);
                folded.map(drop).map_err(|_| ReplayError::Fold)
            };
            let read = self.consent.read(value, origin);
            if let Ok(changes) = &read {
                let all = changes.all().iter();
                let all = all.map(|it| understand(self.keys, &it.change, *receipt));
                let understood: Result<Vec<_>, _> = all.collect();
                if let Ok(understood) = &understood {
                    return understood.iter().try_for_each(|it| put(it.subjects, &it.placement));
                }
            }
            let event = self.keys.event(&format!("unreadable/{partition}/{offset}"));
            for subjects in self.suspects(value, (origin, *key_names_contact)) {
                put(subjects, &possible_refusal(subjects, event, *receipt))?;
            }
            Ok(())
        })
    }
}

/// Whoever a message names.
pub(crate) fn people_of(keys: &impl Keys, message: &Decoded<'_>) -> BTreeSet<SubjectKey> {
    let Ok(message) = message else { return BTreeSet::new() };
    let contact = message.contact_id.iter().map(|contact| keys.contact(contact));
    contact.chain(message.canonical().map(|address| keys.address(&address))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{PEPPER_BYTES, Pepper};
    use gate_codec::{Codec, Format, Kind};

    const T0: i64 = 1_795_000_000_000;

    struct Desk {
        keys: Pepper,
        consent: ConsentRecords,
        message: Codec,
        policies: PolicySet,
    }

    fn desk() -> Desk {
        let config = crate::config::Config::parse("f", "", []).unwrap();
        let source = crate::policies::PolicySource::of(&config.policies);
        Desk {
            keys: Pepper::new(&[7; PEPPER_BYTES]),
            consent: ConsentRecords::new(
                Codec::new(Format::Json, Kind::ConsentChange, None).unwrap(),
                None,
            ),
            message: Codec::new(Format::Json, Kind::OutboundMessage, None).unwrap(),
            policies: source.load().unwrap(),
        }
    }

    impl Desk {
        /// The reason for a newsletter to Ana at her address, after these records in their order.
        fn reason(&self, records: &[&str]) -> &'static str {
            let message = r#"{"message_id":"m","channel":"email","category":"marketing","controller":"shop","brand":"shop",
                "purpose":"marketing.news","content":{"promotional":true,"sender_identity":true,"unsubscribe":true,
                "one_click":true,"contact_address":true,"postal_address":true},
                "recipient":{"contact_id":"ana","address":"ana@example.com","jurisdiction":"GB"}}"#;
            let message: Decoded<'_> =
                Ok(self.message.decode_message(Some(message.as_bytes())).unwrap());
            let people = people_of(&self.keys, &message);
            let mut replay = Replay::new(&self.keys, &self.consent, people);
            loop {
                let n_before = replay.people().len();
                for (offset, record) in (0..).zip(records) {
                    let value = record.as_bytes();
                    let receipt = Receipt::by_broker(Timestamp::from_millis(T0 + offset));
                    let value = Some(value.to_vec());
                    let record = KeptRecord { value: value.clone(), ..KeptRecord::default() };
                    let consent =
                        || Consent { record: record.clone(), key_names_contact: true, receipt };
                    let origin = (Origin::of_key(None), true);
                    replay.offer((0, offset), consent, value.as_deref(), origin).unwrap();
                }
                if replay.people().len() == n_before {
                    break;
                }
            }
            let now = Timestamp::from_millis(T0 + 60_000);
            replay.judge(&self.policies, &message, now).unwrap().decision.reason().code()
        }
    }

    fn opt_in(contact: &str, address: &str) -> String {
        format!(
            r#"{{"event_id":"in-{contact}","occurred_at":"2026-11-18T00:00:00Z","action":"opt_in","contact_id":"{contact}",
            "address":"{address}","channel":"email","purpose":"marketing","controller":"shop","brand":"shop","basis":"express",
            "evidence":{{"method":"web_form","notice_version":"1"}}}}"#
        )
    }

    fn refusal(contact: &str) -> String {
        format!(
            r#"{{"event_id":"out-{contact}","occurred_at":"2026-11-19T00:00:00Z","action":"opt_out","contact_id":"{contact}"}}"#
        )
    }

    #[test]
    fn a_decision_is_made_again_from_what_was_said() {
        let desk = desk();
        let yes = opt_in("ana", "ana@example.com");
        assert_eq!(desk.reason(&[]), "blocked.no_consent");
        assert_eq!(desk.reason(&[&yes]), "approved.express_consent");
        assert_eq!(desk.reason(&[&yes, &refusal("ana")]), "blocked.opted_out");
        assert_eq!(desk.reason(&[&yes, &refusal("ben")]), "approved.express_consent", "a stranger");
        let broken = r#"{"contact_id":"ana","action":"opt_ouch"}"#;
        assert_eq!(desk.reason(&[&yes, broken]), "blocked.consent_unreadable");
    }

    #[test]
    fn a_refusal_by_another_id_that_was_seen_with_the_address_counts_in_whatever_order() {
        let desk = desk();
        let (yes, no) = (opt_in("ana", "ana@example.com"), refusal("old-ana"));
        let link = opt_in("old-ana", "ana@example.com");
        assert_eq!(desk.reason(&[&yes, &link, &no]), "blocked.opted_out");
        assert_eq!(desk.reason(&[&no, &yes, &link]), "blocked.opted_out", "named only later");
    }
}
