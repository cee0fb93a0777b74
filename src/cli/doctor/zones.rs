//! Check of the time zones that messages declare: one that nobody knows counts against its message.
//!
//! INVARIANT: what is shown is how many and where the newest of them lies, never what stands there.

use gate_codec::DecodeError;
use gate_core::PolicySet;

use super::Finding;
use super::keys::visit_newest;
use crate::config::Config;
use crate::headers::probe_recipient;
use crate::kafka::preflight::ClusterInfo;
use crate::policies::PolicySource;
use crate::records::{MessageRecords, Origin, origin_of};

/// What the newest readable messages declare.
#[derive(Debug, Default)]
struct Sample {
    n_readable: usize,
    n_declared: usize,
    n_unknown: usize,
    /// Partition and offset of the last one that nobody knows.
    newest: Option<(i32, i64)>,
    /// The registry could not be asked.
    unavailable: Option<&'static str>,
}

impl Sample {
    fn add(
        &mut self,
        (messages, policies): (&MessageRecords, &PolicySet),
        place: (i32, i64),
        value: Option<&[u8]>,
        origin: Origin<'_>,
    ) {
        match messages.read(value, origin) {
            Ok(message) => {
                let (contact, address) = (message.contact_id.as_ref(), message.address.as_ref());
                if probe_recipient(contact, address).is_some() {
                    return; // no business
                }
                self.n_readable += 1;
                let declared = message.tz.as_deref().filter(|name| !name.trim().is_empty());
                let Some(name) = declared else { return };
                self.n_declared += 1;
                if !policies.knows_zone(name) {
                    self.n_unknown += 1;
                    self.newest = self.newest.max(Some(place));
                }
            }
            // they have answers of their own
            Err(DecodeError::Unreadable(_)) => {}
            Err(DecodeError::Unavailable { cause }) => self.unavailable = Some(cause),
        }
    }
}

pub(super) fn check(config: &Config, cluster: &ClusterInfo) -> Vec<Finding> {
    let topics = config.topics.outbound_messages.iter();
    topics.filter_map(|topic| check_topic(config, cluster, topic)).collect()
}

fn check_topic(config: &Config, cluster: &ClusterInfo, topic: &str) -> Option<Finding> {
    let n_partitions = cluster.require(topic).ok()?.partitions;
    // packs that cannot be loaded have a check of their own
    let policies = PolicySource::of(&config.policies).load().ok()?;
    let check = format!("topic {topic}: time zones");
    let messages = match crate::service::message_records(config, topic) {
        Ok(messages) => messages,
        Err(error) => return Some(Finding::skip(check, error.to_string())),
    };
    let mut sample = Sample::default();
    let read = visit_newest(config, topic, n_partitions, &mut |record| {
        let place = (record.partition, record.offset);
        let origin = origin_of(record);
        sample.add((&messages, &policies), place, record.value, origin);
    });
    Some(match read {
        Ok(()) => judge(check, &sample),
        Err(failure) => Finding::skip(check, failure.cause),
    })
}

fn judge(check: String, sample: &Sample) -> Finding {
    let Sample { n_readable, n_declared, n_unknown, newest, unavailable } = sample;
    match (n_readable, newest) {
        (0, _) => Finding::skip(
            check,
            unavailable.map_or_else(
                || "no readable messages yet".to_owned(),
                |cause| format!("the schema registry cannot be asked: {cause}"),
            ),
        ),
        (n, Some((partition, offset))) => Finding::warn(
            check,
            format!(
                "{n_unknown} of the {n_declared} that the newest {n} messages declare are known to nobody, the last in \
                 partition {partition} at offset {offset}: such a message is blocked wherever there are hours"
            ),
            "write `recipient.tz` as an IANA name (`Europe/Berlin`), a Windows name or an offset (`+02:00`), or leave it \
             out: then the hours of every zone of the place count",
        ),
        (n, None) => Finding::pass(
            check,
            format!("of the newest {n} messages {n_declared} declare one, and each is known"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_codec::{Codec, Kind};

    fn judged(zones: &[&str]) -> Finding {
        let codec = Codec::new(gate_codec::Format::Json, Kind::OutboundMessage, None).unwrap();
        let messages = MessageRecords::new(codec, None);
        let config = Config::parse("f", "", []).unwrap();
        let policies = PolicySource::of(&config.policies).load().unwrap();
        let mut sample = Sample::default();
        for (offset, zone) in (10..).zip(zones) {
            let value = serde_json::json!({
                "message_id": "m", "channel": "sms", "category": "marketing", "purpose": "marketing",
                "controller": "shop", "recipient": {"contact_id": "ana", "tz": zone},
            });
            let value = value.to_string();
            let origin = Origin::of_key(None);
            sample.add((&messages, &policies), (0, offset), Some(value.as_bytes()), origin);
        }
        judge(String::from("zones"), &sample)
    }

    #[test]
    fn a_zone_nobody_knows_is_told_by_its_place_and_not_by_its_name() {
        let finding = judged(&["Europe/Berlin", "Atlantis/Deep", "", "+02:00", "Mars"]);
        assert_eq!(finding.verdict.name(), "WARN");
        assert!(finding.found.contains("2 of the 4 that the newest 5 messages"), "{finding:?}");
        assert!(finding.found.contains("partition 0 at offset 14"), "{finding:?}");
        assert!(!format!("{finding:?}").contains("Atlantis"), "{finding:?}");
    }

    #[test]
    fn zones_that_are_known_pass_and_none_at_all_too() {
        for zones in [&["W. Europe Standard Time", "america/new_york"][..], &["", " "]] {
            assert_eq!(judged(zones).verdict.name(), "PASS", "{zones:?}");
        }
        assert_eq!(judged(&[]).verdict.name(), "SKIP");
    }
}
