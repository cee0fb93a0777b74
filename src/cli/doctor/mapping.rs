//! Check of topics that are read through a mapping: whether what lies in them can be read by it.
//!
//! INVARIANT: what is shown is how many and where the newest of them lies, never what stands there.

use gate_codec::{DecodeError, Kind, Unreadable};

use super::Finding;
use super::keys::visit_newest;
use crate::config::Config;
use crate::kafka::preflight::ClusterInfo;
use crate::records::{ConsentRecords, MessageRecords, Origin, is_plain, origin_of};
use crate::service::RunError;

/// What reads a topic.
enum Records {
    Consent(ConsentRecords),
    Messages(MessageRecords),
}

impl Records {
    fn of(config: &Config, kind: Kind, topic: &str) -> Result<Self, RunError> {
        Ok(match kind {
            Kind::ConsentChange => Self::Consent(crate::service::consent_records(config)?),
            Kind::OutboundMessage => {
                Self::Messages(crate::service::message_records(config, topic)?)
            }
        })
    }

    /// How many records of ours it gives.
    fn read(&self, value: Option<&[u8]>, origin: Origin<'_>) -> Result<usize, DecodeError> {
        match self {
            Self::Consent(records) => Ok(records.read(value, origin)?.all().len()),
            Self::Messages(records) => records.read(value, origin).map(|_| 1),
        }
    }
}

/// What the newest records are.
#[derive(Debug, Default)]
struct Sample {
    n_ours: usize,
    n_mapped: usize,
    n_ignored: usize,
    n_unreadable: usize,
    /// Place and reason of the last one that cannot be read.
    newest: Option<((i32, i64), Unreadable)>,
    /// The registry could not be asked.
    unavailable: Option<&'static str>,
}

impl Sample {
    fn add(
        &mut self,
        records: &Records,
        place: (i32, i64),
        value: Option<&[u8]>,
        origin: Origin<'_>,
    ) {
        match records.read(value, origin) {
            Ok(_) if is_plain(origin.headers) => self.n_ours += 1,
            Ok(0) => self.n_ignored += 1,
            Ok(_) => self.n_mapped += 1,
            Err(DecodeError::Unreadable(why)) => {
                self.n_unreadable += 1;
                if self.newest.is_none_or(|(newest, _)| newest <= place) {
                    self.newest = Some((place, why));
                }
            }
            Err(DecodeError::Unavailable { cause }) => self.unavailable = Some(cause),
        }
    }
}

/// The topics that have a mapping.
pub(super) fn check(config: &Config, cluster: &ClusterInfo) -> Vec<Finding> {
    let (topics, mapping) = (&config.topics, &config.mapping);
    let consent = (Kind::ConsentChange, &topics.consent_change, &mapping.consent_change);
    let messages = topics.outbound_messages.iter();
    let messages =
        messages.map(|topic| (Kind::OutboundMessage, topic, mapping.outbound_message.of(topic)));
    let all = std::iter::once(consent).chain(messages);
    let mapped = all.filter(|(.., mapping)| mapping.is_some());
    mapped.map(|(kind, topic, _)| check_topic(config, cluster, kind, topic)).collect()
}

fn check_topic(config: &Config, cluster: &ClusterInfo, kind: Kind, topic: &str) -> Finding {
    let check = format!("topic {topic}: mapping");
    let records = match Records::of(config, kind, topic) {
        Ok(records) => records,
        Err(error) => {
            let fix = "mend the mapping until `consent-gate mapping check` finds nothing: the gate does not start with it";
            return Finding::fail(check, error.to_string(), fix);
        }
    };
    let Ok(info) = cluster.require(topic) else {
        return Finding::skip(check, "the topic is not there");
    };
    let mut sample = Sample::default();
    let read = visit_newest(config, topic, info.partitions, &mut |record| {
        let origin = origin_of(record);
        sample.add(&records, (record.partition, record.offset), record.value, origin);
    });
    match read {
        Ok(()) => judge(check, kind, &sample),
        Err(failure) => Finding::skip(check, failure.cause),
    }
}

fn judge(check: String, kind: Kind, sample: &Sample) -> Finding {
    let Sample { n_ours, n_mapped, n_ignored, n_unreadable, newest, unavailable } = sample;
    let n_read = n_ours + n_mapped + n_ignored;
    if n_read + n_unreadable == 0 {
        let why = unavailable.map_or_else(
            || "no records yet".to_owned(),
            |cause| format!("the schema registry cannot be asked: {cause}"),
        );
        return Finding::skip(check, why);
    }
    let Some(((partition, offset), why)) = newest else {
        return Finding::pass(
            check,
            format!(
                "the newest {n_read} records can be read: {n_mapped} by the mapping, {n_ours} of the gate's own programs, \
                 {n_ignored} that it says are none"
            ),
        );
    };
    let then = match kind {
        Kind::ConsentChange => "each blocks whoever it may be about, or holds the gate",
        Kind::OutboundMessage => "each is blocked as `blocked.invalid_message`",
    };
    Finding::warn(
        check,
        format!(
            "{n_unreadable} of the newest {} records cannot be read by it, the last in partition {partition} at offset \
             {offset} ({why}): {then}",
            n_read + n_unreadable
        ),
        "try the mapping on such a record with `consent-gate mapping test`, and add what it does not know yet; records \
         from before the mapping, or of programs that write our own form, need header `gate-form: plain`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::{FORM, KeptRecord, PLAIN};
    use gate_mapping::Headers;

    struct Plain;

    impl Headers for Plain {
        fn get(&self, at: usize) -> Option<(&str, Option<&[u8]>)> {
            (at == 0).then_some((FORM, Some(PLAIN.as_bytes())))
        }
    }

    fn judged(values: &[&str]) -> Finding {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("mapping.yaml");
        let text = "format: json\nrecord: consent_change\nsample: sample.json\nfields:\n  event_id: $.id\n  \
                    occurred_at: {path: $.at, time: epoch_s}\n  action: {path: $.what, values: {OUT: opt_out}}\n  \
                    contact_id: $.who\nignore:\n- [{path: $.what, equals: NOTHING}]\n";
        std::fs::write(&file, text).unwrap();
        std::fs::write(
            dir.path().join("sample.json"),
            r#"{"id":"1","at":1,"what":"OUT","who":"ana"}"#,
        )
        .unwrap();
        let config = format!("mapping: {{consent_change: {}}}", file.display());
        let config = Config::parse("f", &config, []).unwrap();
        let records =
            Records::of(&config, Kind::ConsentChange, "").map_err(|e| e.to_string()).unwrap();
        let mut sample = Sample::default();
        for (offset, value) in (10..).zip(values) {
            sample.add(&records, (0, offset), Some(value.as_bytes()), Origin::of_key(None));
        }
        let ours = KeptRecord::of(
            Some(br#"{"event_id":"1","occurred_at":"2026-11-20T18:30:00Z","action":"opt_out","contact_id":"ben"}"#),
            Origin { key: None, headers: &Plain },
        );
        ours.read(|value, origin| sample.add(&records, (0, 99), value, origin));
        judge(String::from("mapping"), Kind::ConsentChange, &sample)
    }

    #[test]
    fn what_a_mapping_does_not_know_is_told_by_its_place() {
        let good = r#"{"id":"1","at":1793700000,"what":"OUT","who":"ana"}"#;
        let none = r#"{"id":"2","at":1793700000,"what":"NOTHING","who":"ana"}"#;
        let bad = r#"{"id":"3","at":1793700000,"what":"Atlantis","who":"ana"}"#;
        let finding = judged(&[good, none]);
        assert_eq!(finding.verdict.name(), "PASS");
        assert!(
            finding.found.contains("3 records can be read: 1 by the mapping, 1 of"),
            "{finding:?}"
        );
        let finding = judged(&[bad, good]);
        assert_eq!(finding.verdict.name(), "WARN");
        assert!(finding.found.contains("1 of the newest 3"), "{finding:?}");
        assert!(finding.found.contains("partition 0 at offset 10"), "{finding:?}");
        assert!(!format!("{finding:?}").contains("Atlantis"), "{finding:?}");
    }
}
