//! What the gate wants of its topics, and what the cluster says they have; for `topics create` and `doctor`.

use std::collections::HashMap;
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::RDKafkaErrorCode as Code;

use crate::config::Topics;
use crate::kafka::failure::{Class, KafkaFailure};
use crate::outputs::{Kept, Output};

/// Kafka's own default for the largest batch a topic takes.
pub(super) const KAFKA_MESSAGE_BYTES_MAX: u64 = 1_048_588;

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
/// Longest wait for the settings of a topic or broker.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// A topic as it should be.
pub(super) struct Wanted {
    pub(super) name: String,
    /// Topic settings in Kafka's names.
    pub(super) settings: Vec<(&'static str, String)>,
}

/// What the gate wants of its topics; for outputs that is what their table says. `consent-change` is kept for ever: it
/// is the only place that knows what people said. When a change was received is the brokers' word: a producer's clock
/// that is wrong would date it back or ahead. Copies of an input take twice what it takes, because the gate adds headers.
pub(super) fn wanted(names: &Topics, replication: i32, input_bytes_max: u64) -> Vec<Wanted> {
    let in_sync_min = if replication >= 3 { 2 } else { 1 };
    let topic = |name: &str, kept: Kept, is_dated_by_brokers: bool| {
        let cleanup = if kept == Kept::LastOfEachKey { "compact" } else { "delete" };
        let mut settings = vec![
            ("cleanup.policy", cleanup.to_owned()),
            ("min.insync.replicas", in_sync_min.to_string()),
            ("unclean.leader.election.enable", "false".to_owned()),
        ];
        if kept == Kept::ForEver {
            settings.push(("retention.ms", "-1".to_owned()));
            settings.push(("retention.bytes", "-1".to_owned()));
        }
        if let Kept::Days(days) = kept {
            settings.push(("retention.ms", (u64::from(days) * DAY_MS).to_string()));
            settings.push(("retention.bytes", "-1".to_owned()));
        }
        if is_dated_by_brokers {
            settings.push((TIMESTAMP_TYPE, BY_BROKER.to_owned()));
        }
        Wanted { name: name.to_owned(), settings }
    };
    let output = |output: &Output| {
        let row = output.row();
        let mut wanted = topic(names.outputs.of(*output), row.kept, row.is_dated_by_brokers);
        if let Some(bytes) = row.segment_bytes {
            wanted.settings.push(("segment.bytes", bytes.to_string()));
        }
        if row.copies.is_some() {
            let bytes = input_bytes_max.saturating_mul(2).min(i32::MAX as u64);
            wanted.settings.push((MESSAGE_BYTES_MAX, bytes.to_string()));
        }
        wanted
    };
    let consent = topic(&names.consent_change, Kept::ForEver, true);
    let messages = names.outbound_messages.iter();
    let messages = messages.map(|name| topic(name, Kept::AsUsual, false));
    std::iter::once(consent).chain(messages).chain(Output::ALL.iter().map(output)).collect()
}

const MESSAGE_BYTES_MAX: &str = "max.message.bytes";
/// Who dates the records of a topic.
pub(super) const TIMESTAMP_TYPE: &str = "message.timestamp.type";
/// The brokers do, when the record comes.
pub(super) const BY_BROKER: &str = "LogAppendTime";

/// `name=value` of each setting that is not as we would have made it; a larger limit is as good.
pub(super) fn differences(topic: &Wanted, found: &HashMap<String, String>) -> Vec<String> {
    let is_good = |name: &str, wanted: &str, found: &str| {
        let larger = || Some(found.parse::<u64>().ok()? >= wanted.parse::<u64>().ok()?);
        found == wanted || (name == MESSAGE_BYTES_MAX && larger() == Some(true))
    };
    topic
        .settings
        .iter()
        .filter_map(|(name, wanted)| {
            let found = found.get(*name)?;
            (!is_good(name, wanted, found)).then(|| format!("{name}={found} (not {wanted})"))
        })
        .collect()
}

/// Settings by name, or the reason why they are not known.
pub(super) type Settings = Result<HashMap<String, String>, KafkaFailure>;

type Admin = AdminClient<DefaultClientContext>;

/// The settings of a topic.
pub(super) async fn of_topic(admin: &Admin, topic: &str) -> Settings {
    let doing = format!("asking for the settings of topic `{topic}`");
    of(admin, ResourceSpecifier::Topic(topic), &doing).await
}

/// The settings of a broker.
pub(super) async fn of_broker(admin: &Admin, id: i32) -> Settings {
    of(admin, ResourceSpecifier::Broker(id), "asking for the settings of a broker").await
}

async fn of(admin: &Admin, resource: ResourceSpecifier<'_>, doing: &str) -> Settings {
    let options = AdminOptions::new().request_timeout(Some(ANSWER_MAX));
    let answers = admin
        .describe_configs([&resource], &options)
        .await
        .map_err(|error| KafkaFailure::new(&error, doing))?;
    match answers.into_iter().next() {
        // Without the right the answer is empty rather than an error.
        Some(Ok(resource)) if resource.entries.is_empty() => Err(KafkaFailure {
            class: Class::Credentials,
            doing: doing.to_owned(),
            cause: "the settings are not shown to this user".to_owned(),
            fix: "allow this user DescribeConfigs".to_owned(),
        }),
        Some(Ok(resource)) => {
            let known = resource.entries.into_iter();
            Ok(known.filter_map(|entry| Some((entry.name, entry.value?))).collect())
        }
        Some(Err(code)) => Err(KafkaFailure::from_code(code, doing, None)),
        None => {
            Err(KafkaFailure::from_code(Code::RequestTimedOut, doing, Some("no answer about it")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_said_is_kept_for_ever_and_outputs_have_room_for_headers() {
        let names = crate::config::Config::parse("f", "", []).unwrap().topics;
        let wanted = wanted(&names, 3, 1_000_000);
        let of = |topic: &str, name: &str| {
            let topic = wanted.iter().find(|wanted| wanted.name == topic).unwrap();
            topic.settings.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
        };
        for (topic, name, value) in [
            ("consent-change", "retention.ms", Some("-1")),
            ("consent-change", "cleanup.policy", Some("delete")),
            ("consent-change", "max.message.bytes", None),
            ("consent-change", "message.timestamp.type", Some("LogAppendTime")),
            ("outbound-message", "message.timestamp.type", None),
            ("consent-dead-letter", "message.timestamp.type", None),
            ("consent-dead-letter", "retention.ms", Some("-1")),
            ("consent-gate-review", "retention.ms", Some("-1")),
            ("consent-gate-review", "cleanup.policy", Some("delete")),
            ("outbound-message", "retention.ms", None),
            ("approved-message", "max.message.bytes", Some("2000000")),
            ("blocked-message", "min.insync.replicas", Some("2")),
            ("consent-gate-decisions", "cleanup.policy", Some("delete")),
            ("consent-gate-decisions", "retention.ms", Some("34560000000")),
            ("consent-gate-decisions", "max.message.bytes", None),
            ("consent-gate-sent", "cleanup.policy", Some("compact")),
            ("consent-gate-sent", "max.message.bytes", None),
            ("consent-gate-sent", "message.timestamp.type", Some("LogAppendTime")),
            ("consent-gate-policies", "cleanup.policy", Some("compact")),
            ("consent-gate-policies", "max.message.bytes", None),
            ("consent-gate-policies", "message.timestamp.type", None),
            ("approved-message", "message.timestamp.type", Some("LogAppendTime")),
            ("outbound-message", "message.timestamp.type", None),
        ] {
            assert_eq!(of(topic, name).as_deref(), value, "{topic} {name}");
        }
    }

    #[test]
    fn only_what_is_worse_differs() {
        let names = crate::config::Config::parse("f", "", []).unwrap().topics;
        let wanted = wanted(&names, 1, 1_000);
        let approved = wanted.iter().find(|topic| topic.name == "approved-message").unwrap();
        let found = |bytes: &str| {
            let pairs =
                [("max.message.bytes", bytes), ("cleanup.policy", "delete"), ("other", "x")];
            differences(
                approved,
                &pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            )
        };
        assert_eq!(found("2000"), Vec::<String>::new());
        assert_eq!(found("9000"), Vec::<String>::new());
        assert_eq!(found("1999"), ["max.message.bytes=1999 (not 2000)"]);
    }
}
