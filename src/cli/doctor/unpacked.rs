//! Check of what one batch of an input may become in memory: Kafka bounds it packed only.

use std::collections::HashMap;
use std::fs;

use super::Finding;
use crate::config::Config;

/// How often a batch of gzip may grow when it is unpacked, which no client bounds. (zstd grows more, and is bounded by
/// `receive.message.max.bytes`.)
const RATIO_MAX: u64 = 1_032;
/// What Kafka takes when nobody says otherwise.
const KAFKA_MESSAGE_BYTES_MAX: u64 = 1_048_588;

/// Whether the largest batch of this topic has room here when it is unpacked; `None` for a topic that is no input.
pub(super) fn check(
    config: &Config,
    topic: &str,
    settings: &HashMap<String, String>,
) -> Option<Finding> {
    let topics = &config.topics;
    let is_input = topic == topics.consent_change || topics.is_outbound(topic);
    is_input.then(|| judge(topic, settings, config.state.memory_bytes as u64, memory_bytes()))
}

fn judge(
    topic: &str,
    settings: &HashMap<String, String>,
    state_bytes: u64,
    memory_bytes: Option<u64>,
) -> Finding {
    let check = format!("topic {topic}: batches unpacked");
    if settings.get("compression.type").is_some_and(|value| value == "uncompressed") {
        return Finding::pass(check, "the broker keeps them unpacked: none grows");
    }
    let packed = settings.get("max.message.bytes").and_then(|value| value.parse().ok());
    let unpacked = packed.unwrap_or(KAFKA_MESSAGE_BYTES_MAX).saturating_mul(RATIO_MAX);
    let Some(memory_bytes) = memory_bytes else {
        return Finding::skip(check, "how much memory there is cannot be read here");
    };
    let mib = |bytes: u64| bytes >> 20;
    let found = format!(
        "one may unpack to {} MiB (gzip of max.message.bytes), of {} MiB of memory here",
        mib(unpacked),
        mib(memory_bytes)
    );
    if unpacked.saturating_add(state_bytes) <= memory_bytes {
        return Finding::pass(check, format!("{found}: it has room"));
    }
    Finding::warn(
        check,
        format!("{found}: who may write there can have the gate killed for want of memory"),
        format!(
            "write access for those you trust, a smaller max.message.bytes or compression.type=uncompressed on `{topic}`, or \
             more memory; docs/sizing.md has the formula"
        ),
    )
}

/// The limit of the container, else what the machine has.
fn memory_bytes() -> Option<u64> {
    let limit = fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    let limit = limit.and_then(|text| text.trim().parse().ok());
    let total = || {
        let text = fs::read_to_string("/proc/meminfo").ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
    };
    limit.or_else(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_that_has_no_room_unpacked_is_a_warning() {
        let judged = |pairs: &[(&str, &str)], memory: Option<u64>| {
            let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            judge("consent-change", &pairs.collect(), 64 << 20, memory).verdict.name()
        };
        let packed = [("max.message.bytes", "1048588"), ("compression.type", "producer")];
        assert_eq!(judged(&packed, Some(1 << 30)), "WARN");
        assert_eq!(judged(&packed, Some(2 << 30)), "PASS");
        assert_eq!(judged(&[], Some(1 << 30)), "WARN", "Kafka's own limit");
        assert_eq!(judged(&[("max.message.bytes", "100000")], Some(1 << 30)), "PASS");
        assert_eq!(judged(&[("compression.type", "uncompressed")], Some(1 << 20)), "PASS");
        assert_eq!(judged(&packed, None), "SKIP");
    }

    #[test]
    fn this_machine_has_memory() {
        assert!(memory_bytes().is_some_and(|bytes| bytes > 64 << 20));
    }
}
