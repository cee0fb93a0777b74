//! Check of how the outputs are compressed: which readers cannot unpack it, and whether the broker packs it otherwise.

use std::collections::HashMap;

use super::Finding;
use super::fix::Fix;
use crate::config::Config;

/// What every client unpacks without a library of its own for it, kafkajs among them.
const READ_BY_ALL: [&str; 2] = ["none", "gzip"];
/// What the others are read by.
const READ_BY_MOST: [&str; 3] = ["lz4", "snappy", "zstd"];
/// What Kafka calls the codec of whoever wrote a batch.
const AS_WRITTEN: &str = "producer";

/// What the gate compresses with, and whom that keeps out.
pub(super) fn check(config: &Config) -> Finding {
    let codec = codec(config);
    let meaning = if READ_BY_ALL.contains(&codec.as_str()) {
        "every client reads it"
    } else {
        "kafkajs stops at it unless it has a plugin for it (it reads `gzip` and `none`); the other clients read it"
    };
    Finding::pass("outputs.compression", format!("{codec}: {meaning}"))
}

/// A topic that is packed again by the broker, into what the gate was told not to write.
pub(super) fn check_topic(
    config: &Config,
    topic: &str,
    settings: &HashMap<String, String>,
) -> Option<Finding> {
    let is_output = config.topics.decisions().contains(&topic);
    let by_broker = settings.get("compression.type").map_or(AS_WRITTEN, String::as_str);
    let ours = codec(config);
    let narrows = READ_BY_ALL.contains(&ours.as_str()) && READ_BY_MOST.contains(&by_broker);
    (is_output && narrows).then(|| {
        Finding::warn(
            format!("topic {topic}: compression.type"),
            format!(
                "the broker packs again, in {by_broker} instead of {ours}: kafkajs stops at it"
            ),
            Fix::Setting {
                topic: topic.to_owned(),
                setting: format!("compression.type={AS_WRITTEN}"),
            },
        )
    })
}

/// By `outputs.compression`, or what `kafka.properties` says instead.
fn codec(config: &Config) -> String {
    let client = config.producer_base();
    let named = ["compression.type", "compression.codec"].into_iter().find_map(|it| client.get(it));
    named.unwrap_or("none").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        Config::parse("f", text, []).unwrap()
    }

    #[test]
    fn who_cannot_read_it_is_named() {
        for (text, codec, is_read_by_all) in [
            ("", "lz4", false),
            ("outputs: {compression: gzip}", "gzip", true),
            ("outputs: {compression: none}", "none", true),
            ("kafka: {properties: {compression.codec: snappy}}", "snappy", false),
        ] {
            let finding = check(&config(text));
            assert_eq!(finding.verdict.name(), "PASS");
            assert!(finding.found.starts_with(&format!("{codec}: ")), "{finding:?}");
            assert_eq!(!finding.found.contains("kafkajs"), is_read_by_all, "{finding:?}");
        }
    }

    #[test]
    fn a_topic_that_the_broker_packs_otherwise_is_a_warning() {
        let judged = |text: &str, topic: &str, by_broker: Option<&str>| {
            let settings = by_broker.map(|it| ("compression.type".to_owned(), it.to_owned()));
            check_topic(&config(text), topic, &settings.into_iter().collect())
        };
        let gzip = "outputs: {compression: gzip}";
        let found = judged(gzip, "approved-message", Some("zstd")).unwrap();
        assert_eq!(found.verdict.name(), "WARN");
        assert!(
            found.fix.says("--entity-name approved-message --add-config compression.type=producer")
        );
        for as_written in [None, Some("producer"), Some("gzip"), Some("uncompressed")] {
            assert!(judged(gzip, "approved-message", as_written).is_none(), "{as_written:?}");
        }
        // who writes lz4 has readers of lz4
        assert!(judged("", "approved-message", Some("zstd")).is_none());
        assert!(judged(gzip, "consent-change", Some("zstd")).is_none(), "no output");
    }
}
