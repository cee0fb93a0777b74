//! Checks of brokers and topics: what the cluster tells about itself, against what the promises need.
//!
//! Judging is a function from settings to findings, so that tests need no broker. Partition counts are free: messages
//! and consent need not be co-partitioned, because every instance reads all of `consent-change`.

use std::collections::HashMap;

use rdkafka::admin::AdminClient;
use rdkafka::client::DefaultClientContext;

use super::super::topic_settings::{BY_BROKER, TIMESTAMP_TYPE};
use super::super::{output, topic_settings};
use super::fix::Fix;
use super::{Finding, Verdict};
use crate::config::{Config, Topics};
use crate::kafka::failure::Class;
use crate::kafka::preflight::{ClusterInfo, Layout};
use crate::outputs::{Input, Kept, Output};

/// What the gate's headers add to a message, generously.
const HEADER_BYTES_MAX: u64 = 64 * 1024;
const DAY_MS: u64 = 86_400_000;

type Settings = HashMap<String, String>;

pub(super) fn brokers(cluster: &ClusterInfo) -> Finding {
    let addresses: Vec<String> = cluster
        .brokers
        .iter()
        .map(|broker| format!("{} (id {})", broker.address, broker.id))
        .collect();
    let n = cluster.brokers.len();
    let verb = if n == 1 { "answers" } else { "are in the cluster" };
    let found = format!("{n} {verb}: {}; cluster {}", addresses.join(", "), cluster.cluster_id);
    if n == 1 {
        let found = format!("{found}; if its disk is lost, acknowledged records are lost");
        return Finding::warn("brokers", found, "use 3 brokers and 3 replicas in production");
    }
    Finding::pass("brokers", format!("{found}; what survives the loss of one, the topics say"))
}

/// Everything that needs the settings of topics and brokers.
pub(super) async fn check(
    config: &Config,
    cluster: &ClusterInfo,
    admin: &AdminClient<DefaultClientContext>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut known: Vec<(&str, Settings)> = Vec::new();
    for topic in config.topics.all() {
        let layout = match cluster.require(topic) {
            Ok(layout) => layout,
            Err(failure) => {
                findings.push(Finding::failure(format!("topic {topic}"), &failure));
                continue;
            }
        };
        findings.push(layout_finding(topic, layout, cluster.brokers.len()));
        let settings = topic_settings::of_topic(admin, topic).await;
        match settings {
            Ok(settings) => {
                findings.extend(judge_topic(&config.topics, topic, layout, &settings));
                findings.extend(super::unpacked::check(config, topic, &settings));
                findings.extend(super::compression::check_topic(config, topic, &settings));
                known.push((topic, settings));
            }
            Err(failure) => findings.push(Finding::skip(
                format!("topic {topic}: settings"),
                format!("{}; DescribeConfigs on the topic would show them", failure.cause),
            )),
        }
    }
    findings.extend(message_sizes(&config.topics, &known));
    findings.extend(beside_messages(&config.topics, cluster));
    let [first, ..] = cluster.brokers.as_slice() else {
        return findings;
    };
    match topic_settings::of_broker(admin, first.id).await {
        Ok(settings) => findings.extend(broker_settings(config, &settings)),
        Err(failure) => findings.push(Finding::skip(
            "broker settings",
            format!("{}; DescribeConfigs on the cluster would show them", failure.cause),
        )),
    }
    findings
}

fn layout_finding(topic: &str, layout: &Layout, n_brokers: usize) -> Finding {
    let check = format!("topic {topic}");
    let Layout { partitions, replicas_min, in_sync_min, leaderless } = layout;
    let plural = |one: bool| if one { "" } else { "s" };
    let found = format!(
        "{partitions} partition{}, {replicas_min} replica{}",
        plural(*partitions == 1),
        plural(*replicas_min == 1)
    );
    if *leaderless > 0 {
        return Finding {
            verdict: Verdict::Fail(Class::TryAgain),
            ..Finding::fail(
                check,
                format!("{found}; {leaderless} without a leader"),
                "bring the missing brokers back",
            )
        };
    }
    if in_sync_min < replicas_min {
        return Finding::warn(
            check,
            format!("{found}, only {in_sync_min} in sync"),
            "bring the missing brokers back",
        );
    }
    // With a single broker that has been said once, for the cluster.
    if *replicas_min < 2 && n_brokers > 1 {
        return Finding::warn(
            check,
            format!("{found}: losing one disk loses acknowledged records"),
            "make 3 replicas with kafka-reassign-partitions.sh",
        );
    }
    let meaning = if *replicas_min < 2 { "" } else { ": the loss of a disk loses nothing" };
    Finding::pass(check, format!("{found}{meaning}"))
}

fn number(settings: &Settings, name: &str) -> Option<i64> {
    settings.get(name)?.parse().ok()
}

fn alter(topic: &str, setting: &str) -> Fix {
    Fix::Setting { topic: topic.to_owned(), setting: setting.to_owned() }
}

fn judge_topic(names: &Topics, topic: &str, layout: &Layout, settings: &Settings) -> Vec<Finding> {
    let is_consent = topic == names.consent_change;
    let mut findings = vec![retention(names, topic, settings)];
    let in_sync = number(settings, "min.insync.replicas").unwrap_or(1);
    let check = format!("topic {topic}: min.insync.replicas");
    let replicas = i64::try_from(layout.replicas_min).unwrap_or(i64::MAX);
    if in_sync < 2 && replicas > 1 {
        findings.push(Finding::warn(
            check,
            format!("{in_sync} of {replicas}: a record may be acknowledged on a single disk"),
            alter(topic, "min.insync.replicas=2"),
        ));
    } else if in_sync >= replicas && replicas > 1 {
        findings.push(Finding::warn(
            check,
            format!("{in_sync} of {replicas}: one broker down stops the gate"),
            "use one replica more than min.insync.replicas",
        ));
    }
    if settings.get("unclean.leader.election.enable").is_some_and(|value| value == "true") {
        let check = format!("topic {topic}: unclean leader election");
        let fix = alter(topic, "unclean.leader.election.enable=false");
        findings.push(if is_consent {
            Finding::fail(check, "on: after a failure acknowledged opt-outs may be gone", fix)
        } else {
            Finding::warn(check, "on: after a failure acknowledged records may be gone", fix)
        });
    }
    if is_consent {
        findings.push(timestamps(topic, settings));
    }
    findings
}

/// Who dates the consent changes. Where producers do, a clock of theirs that is wrong can only be told by what
/// the change claims, and what cannot be read claims nothing.
fn timestamps(topic: &str, settings: &Settings) -> Finding {
    let check = format!("topic {topic}: timestamps");
    match settings.get(TIMESTAMP_TYPE).map(String::as_str) {
        Some(BY_BROKER) => Finding::pass(
            check,
            "the brokers date each change as it comes: no producer's clock can put a refusal behind older consent",
        ),
        Some(other) => Finding::fail(
            check,
            format!(
                "{other}: producers date the changes; a change that cannot be read, or that is dated ahead, may be \
                 ordered before consent that is older than it"
            ),
            alter(topic, &format!("{TIMESTAMP_TYPE}={BY_BROKER}")),
        ),
        None => Finding::skip(check, "the broker does not tell it"),
    }
}

fn retention(names: &Topics, topic: &str, settings: &Settings) -> Finding {
    let check = format!("topic {topic}: retention");
    let Some(policy) = settings.get("cleanup.policy") else {
        return Finding::skip(check, "the broker does not tell it");
    };
    let is_consent = topic == names.consent_change;
    let output = names.output(topic);
    let row = output.map(Output::row);
    if let Some(row) = row
        && row.kept == Kept::LastOfEachKey
    {
        return compaction(topic, policy, row.if_deleted);
    }
    if policy.contains("compact") {
        let fix = alter(topic, "cleanup.policy=delete");
        let lost = match row {
            Some(row) => row.if_compacted,
            None if is_consent => {
                "of several changes with one key all but the last are removed, opt-outs among them"
            }
            None => "messages may be removed before they are decided",
        };
        let found = format!("cleanup.policy is {policy}: {lost}");
        return match output {
            // each can still be told by its record
            Some(Output::ConsentDeadLetter) => Finding::warn(check, found, fix),
            Some(_) | None => Finding::fail(check, found, fix),
        };
    }
    let limit = |name| number(settings, name).and_then(|limit| u64::try_from(limit).ok());
    let (by_time, by_size) = (limit("retention.ms"), limit("retention.bytes"));
    let text = match (by_time, by_size) {
        (None, None) if is_consent => {
            return Finding::pass(check, "for ever: state that is lost is read again from it");
        }
        (None, None) => return Finding::pass(check, "for ever"),
        (Some(ms), None) => output::span(ms),
        (None, Some(bytes)) => format!("{bytes} bytes a partition"),
        (Some(ms), Some(bytes)) => format!("{} or {bytes} bytes a partition", output::span(ms)),
    };
    let for_ever = alter(topic, "retention.ms=-1,retention.bytes=-1");
    if is_consent {
        return Finding::fail(
            check,
            format!("{text}: a store that is rebuilt would not know older opt-outs"),
            for_ever,
        );
    }
    if let Some(row) = row
        && row.kept == Kept::ForEver
    {
        return Finding::warn(check, format!("{text}: {}", row.if_deleted), for_ever);
    }
    if let Some((row, days)) = row.and_then(|row| row.kept.days().map(|days| (row, days)))
        && (by_time.is_some_and(|ms| ms < u64::from(days) * DAY_MS) || by_size.is_some())
    {
        let fix = format!("retention.ms={},retention.bytes=-1", u64::from(days) * DAY_MS);
        return Finding::warn(
            check,
            format!("{text}, less than {days} days: {}", row.if_deleted),
            alter(topic, &fix),
        );
    }
    if by_time.is_some_and(|ms| ms < DAY_MS) || by_size.is_some() {
        let what = row.map_or("messages of a longer pause are lost", |row| row.if_deleted);
        return Finding::warn(
            check,
            format!("{text}: {what}"),
            alter(topic, "retention.ms=604800000,retention.bytes=-1"),
        );
    }
    Finding::pass(check, format!("{text}: nothing is lost to a pause that is shorter"))
}

/// What was approved, and by which policies, must be found again however long ago: only newer records of the same key
/// may replace it.
fn compaction(topic: &str, policy: &str, if_deleted: &str) -> Finding {
    let check = format!("topic {topic}: retention");
    if policy == "compact" {
        return Finding::pass(check, "compacted: the last record of each key is kept");
    }
    let what =
        if policy.contains("compact") { "what was written long ago is deleted: " } else { "" };
    Finding::fail(
        check,
        format!("cleanup.policy is {policy}: {what}{if_deleted}"),
        alter(topic, "cleanup.policy=compact"),
    )
}

/// What is remembered of a message stands in the partition of the message.
fn beside_messages(names: &Topics, cluster: &ClusterInfo) -> Vec<Finding> {
    let count = |topic: &str| cluster.require(topic).ok().map(|layout| layout.partitions);
    let first = names.own_outbound();
    let others = names.outbound_messages.iter().skip(1);
    let others =
        others.filter_map(|topic| Some(as_many(topic, count(topic)?, first, count(first)?)));
    let outputs = Output::ALL.iter().filter(|output| output.row().is_beside_messages);
    let finding = |output: &Output| {
        let topic = names.outputs.of(*output);
        Some(same_partitions(*output, topic, count(topic)?, first, count(first)?))
    };
    others.chain(outputs.filter_map(finding)).collect()
}

/// Topics with messages share partitions of the changelog of approvals.
fn as_many(topic: &str, partitions: u32, first: &str, wanted: u32) -> Finding {
    let check = format!("topic {topic}: partitions");
    let found = format!("{partitions}, and {first} has {wanted}");
    if partitions == wanted {
        let what =
            "messages with one key are counted together, if producers use the same partitioner";
        return Finding::pass(check, format!("{found}: {what}"));
    }
    Finding::fail(
        check,
        format!("{found}: the gate does not start"),
        "give all topics of `topics.outbound_message` as many partitions as the largest of them, or let a gate of its own \
         decide about this one",
    )
}

fn same_partitions(
    output: Output,
    topic: &str,
    partitions: u32,
    outbound_topic: &str,
    outbound: u32,
) -> Finding {
    let check = format!("topic {topic}: partitions");
    let found = format!("{partitions}, and {outbound_topic} has {outbound}");
    let counts = output == Output::SentLog;
    if partitions == outbound {
        let what = if counts { "approvals are counted" } else { "decisions are logged" };
        return Finding::pass(check, format!("{found}: {what} beside the messages"));
    }
    let fix = if partitions < outbound {
        let then = "; recipients whose messages go to another partition now are counted anew";
        let then = if counts { then } else { "" };
        format!(
            "kafka-topics.sh --bootstrap-server … --alter --topic {topic} --partitions {outbound}{then}"
        )
    } else {
        let then = if counts { "counting begins anew" } else { "what it says is lost" };
        format!("stop every gate, delete {topic}, run `consent-gate topics create`; {then}")
    };
    Finding::fail(check, format!("{found}: the gate does not start"), fix)
}

/// An output must take whatever the input took, and the headers on top.
fn message_sizes(names: &Topics, known: &[(&str, Settings)]) -> Vec<Finding> {
    let limit = |topic: &str| {
        let (_, settings) = known.iter().find(|(name, _)| *name == topic)?;
        u64::try_from(number(settings, "max.message.bytes")?).ok()
    };
    let mut findings = Vec::new();
    for output in Output::ALL {
        let inputs = match output.row().copies {
            Some(Input::ConsentChange) => std::slice::from_ref(&names.consent_change),
            Some(Input::OutboundMessage) => &names.outbound_messages,
            None => continue,
        };
        let output = names.outputs.of(*output);
        // the largest that may have to be written
        let input = inputs.iter().max_by_key(|input| limit(input));
        let Some(input) = input else { continue };
        let (Some(taken), Some(given)) = (limit(input), limit(output)) else {
            continue;
        };
        let check = format!("topic {output}: max.message.bytes");
        let fix = alter(output, &format!("max.message.bytes={}", taken.saturating_mul(2)));
        if given < taken {
            findings.push(Finding::fail(
                check,
                format!(
                    "{given}, but {input} takes {taken}: a large record could be written nowhere"
                ),
                fix,
            ));
        } else if given < taken.saturating_add(HEADER_BYTES_MAX) {
            findings.push(Finding::warn(check, format!("{given}, and {input} takes {taken}: no room for the gate's headers on the largest records"), fix));
        }
    }
    findings
}

fn broker_settings(config: &Config, settings: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    let ours =
        |duration: std::time::Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    let transaction = ours(config.kafka.transaction_timeout);
    if let Some(allowed) = number(settings, "transaction.max.timeout.ms") {
        const CHECK: &str = "broker: transaction time-out";
        let found = format!("up to {allowed} ms, the gate asks for {transaction}");
        findings.push(if allowed < transaction {
            Finding::fail(
                CHECK,
                found,
                format!("set `kafka.transaction_timeout_ms` to at most {allowed}"),
            )
        } else {
            Finding::pass(CHECK, format!("{found}: allowed"))
        });
    }
    let session = ours(config.kafka.session_timeout);
    if let (Some(min), Some(max)) = (
        number(settings, "group.min.session.timeout.ms"),
        number(settings, "group.max.session.timeout.ms"),
    ) {
        const CHECK: &str = "broker: session time-out";
        let found = format!("{min} to {max} ms, the gate asks for {session}");
        findings.push(if (min..=max).contains(&session) {
            Finding::pass(CHECK, format!("{found}: allowed"))
        } else {
            Finding::fail(CHECK, found, "set `kafka.session_timeout_ms` to a value in between")
        });
    }
    if let Some(minutes) = number(settings, "offsets.retention.minutes") {
        const CHECK: &str = "broker: offsets retention";
        const WEEK: i64 = 7 * 24 * 60;
        let text = output::span(u64::try_from(minutes).unwrap_or(0).saturating_mul(60_000));
        let found = format!(
            "{text}; a gate stopped for longer forgets where it was and begins at `kafka.start_at`"
        );
        findings.push(if minutes < WEEK {
            Finding::warn(
                CHECK,
                found,
                "raise offsets.retention.minutes to 10080 or more on the brokers",
            )
        } else {
            Finding::pass(CHECK, found)
        });
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Topics {
        Config::parse("f", "", []).unwrap().topics
    }

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn retention_that_loses_opt_outs_fails() {
        for (topic, pairs, verdict, says) in [
            (
                "consent-change",
                &[("cleanup.policy", "delete"), ("retention.ms", "-1"), ("retention.bytes", "-1")]
                    [..],
                "PASS",
                "for ever",
            ),
            (
                "consent-change",
                &[("cleanup.policy", "delete"), ("retention.ms", "604800000")],
                "FAIL",
                "7 days",
            ),
            (
                "consent-change",
                &[
                    ("cleanup.policy", "delete"),
                    ("retention.ms", "-1"),
                    ("retention.bytes", "1000"),
                ],
                "FAIL",
                "1000 bytes",
            ),
            ("consent-change", &[("cleanup.policy", "compact")], "FAIL", "opt-outs"),
            ("consent-change", &[("cleanup.policy", "compact,delete")], "FAIL", "compact,delete"),
            ("consent-change", &[], "SKIP", "does not tell"),
            (
                "consent-dead-letter",
                &[("cleanup.policy", "delete"), ("retention.ms", "1000")],
                "WARN",
                "holds again",
            ),
            ("consent-gate-review", &[("cleanup.policy", "compact")], "FAIL", "has read them"),
            (
                "consent-gate-review",
                &[("cleanup.policy", "delete"), ("retention.ms", "604800000")],
                "WARN",
                "forgotten",
            ),
            (
                "outbound-message",
                &[("cleanup.policy", "compact")],
                "FAIL",
                "before they are decided",
            ),
            (
                "outbound-message",
                &[("cleanup.policy", "delete"), ("retention.ms", "604800000")],
                "PASS",
                "7 days",
            ),
            (
                "outbound-message",
                &[("cleanup.policy", "delete"), ("retention.ms", "3600000")],
                "WARN",
                "1 hour",
            ),
            ("approved-message", &[("cleanup.policy", "compact")], "FAIL", "replace each other"),
            ("consent-gate-sent", &[("cleanup.policy", "compact")], "PASS", "last record"),
            ("consent-gate-sent", &[("cleanup.policy", "delete")], "FAIL", "caps are exceeded"),
            ("consent-gate-sent", &[("cleanup.policy", "compact,delete")], "FAIL", "long ago"),
            ("consent-gate-policies", &[("cleanup.policy", "compact")], "PASS", "last record"),
            ("consent-gate-policies", &[("cleanup.policy", "delete")], "FAIL", "be recomputed"),
            ("consent-gate-policies", &[("cleanup.policy", "compact,delete")], "FAIL", "long ago"),
        ] {
            let finding = retention(&names(), topic, &settings(pairs));
            assert_eq!(finding.verdict.name(), verdict, "{finding:?}");
            assert!(finding.found.contains(says), "{finding:?}");
            assert_eq!(finding.fix.is_nothing(), matches!(verdict, "PASS" | "SKIP"), "{finding:?}");
        }
    }

    #[test]
    fn the_brokers_must_date_consent_changes() {
        for (found, verdict, says) in [
            (&[("message.timestamp.type", "LogAppendTime")][..], "PASS", "the brokers"),
            (&[("message.timestamp.type", "CreateTime")], "FAIL", "producers date"),
            (&[], "SKIP", "does not tell"),
        ] {
            let finding = timestamps("consent-change", &settings(found));
            assert_eq!(finding.verdict.name(), verdict, "{found:?}");
            assert!(finding.found.contains(says), "{finding:?}");
        }
        let fix = timestamps("c", &settings(&[("message.timestamp.type", "CreateTime")])).fix;
        assert!(fix.says("--entity-name c --add-config message.timestamp.type=LogAppendTime"));
    }

    #[test]
    fn approvals_need_as_many_partitions_as_messages() {
        for (sent, verdict) in [(4, "PASS"), (3, "FAIL"), (5, "FAIL")] {
            let finding = same_partitions(Output::SentLog, "sent", sent, "messages", 4);
            assert_eq!(finding.verdict.name(), verdict, "{finding:?}");
        }
    }

    #[test]
    fn layouts_are_judged_by_what_a_lost_broker_costs() {
        for ((partitions, replicas_min, in_sync_min, leaderless), n_brokers, verdict) in [
            ((4, 3, 3, 0), 3, "PASS"),
            ((4, 1, 1, 0), 3, "WARN"),
            ((4, 1, 1, 0), 1, "PASS"),
            ((4, 3, 2, 0), 3, "WARN"),
            ((4, 3, 0, 1), 3, "FAIL"),
        ] {
            let layout = Layout { partitions, replicas_min, in_sync_min, leaderless };
            let finding = layout_finding("a", &layout, n_brokers);
            assert_eq!(finding.verdict.name(), verdict, "{finding:?}");
        }
    }

    #[test]
    fn acknowledged_records_must_survive_a_broker() {
        let layout = Layout { partitions: 1, replicas_min: 3, in_sync_min: 3, leaderless: 0 };
        let verdicts = |topic: &str, pairs: &[(&str, &str)]| {
            judge_topic(&names(), topic, &layout, &settings(pairs))
                .into_iter()
                .map(|finding| {
                    (finding.check.rsplit(": ").next().unwrap().to_owned(), finding.verdict.name())
                })
                .collect::<HashMap<_, _>>()
        };
        let bad = [("min.insync.replicas", "1"), ("unclean.leader.election.enable", "true")];
        assert_eq!(verdicts("consent-change", &bad)["unclean leader election"], "FAIL");
        assert_eq!(verdicts("approved-message", &bad)["unclean leader election"], "WARN");
        assert_eq!(verdicts("approved-message", &bad)["min.insync.replicas"], "WARN");
        assert!(
            !verdicts("approved-message", &[("min.insync.replicas", "2")])
                .contains_key("min.insync.replicas")
        );
        assert_eq!(
            verdicts("approved-message", &[("min.insync.replicas", "3")])["min.insync.replicas"],
            "WARN"
        );
    }

    #[test]
    fn outputs_must_take_what_inputs_take() {
        for (output, verdict) in
            [("999999", Some("FAIL")), ("1000000", Some("WARN")), ("2000000", None)]
        {
            let known = [
                ("outbound-message", settings(&[("max.message.bytes", "1000000")])),
                ("blocked-message", settings(&[("max.message.bytes", output)])),
            ];
            let findings = message_sizes(&names(), &known);
            assert_eq!(
                findings.first().map(|finding| finding.verdict.name()),
                verdict,
                "{findings:?}"
            );
        }
    }

    #[test]
    fn brokers_must_allow_our_time_outs() {
        let config = Config::parse("f", "", []).unwrap();
        for (pairs, failed) in [
            (
                &[
                    ("transaction.max.timeout.ms", "900000"),
                    ("group.min.session.timeout.ms", "6000"),
                    ("group.max.session.timeout.ms", "1800000"),
                    ("offsets.retention.minutes", "10080"),
                ][..],
                0,
            ),
            (&[("transaction.max.timeout.ms", "9999")], 1),
            (
                &[
                    ("group.min.session.timeout.ms", "11000"),
                    ("group.max.session.timeout.ms", "20000"),
                ],
                1,
            ),
        ] {
            let findings = broker_settings(&config, &settings(pairs));
            assert_eq!(
                findings.iter().filter(|finding| finding.verdict.name() == "FAIL").count(),
                failed,
                "{findings:?}"
            );
        }
    }
}
