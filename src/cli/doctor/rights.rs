//! Checks of rights: by trying what the gate will do, as far as it can be tried without effect.
//!
//! Reading is tried by reading the newest record. Writing is tried by letting a transaction register the output
//! partitions, which the broker refuses without the right; the records wait in the client (`linger.ms`) and are
//! thrown away before they are sent, and the transaction is aborted. The group is tried the same way.
//! Invariant: no record is written and no offset is committed.

use std::ops::ControlFlow;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerGroupMetadata};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::producer::{BaseRecord, Producer as _, ThreadedProducer};
use rdkafka::{Offset, TopicPartitionList};

use super::Finding;
use super::clock::{self, transactional_id};
use super::fix::Fix;
use crate::config::Config;
use crate::kafka::Sight;
use crate::kafka::failure::{Class, KafkaFailure, Witness};
use crate::kafka::observer::{Edge, Look, Looked, Observer};
use crate::kafka::preflight::ClusterInfo;

/// Longest wait for the newest record of one topic.
const READ_MAX: Duration = Duration::from_secs(4);
/// Longest wait for one answer of a coordinator.
const COORDINATOR_MAX: Duration = Duration::from_secs(10);
/// How long a refusal to register a partition may take; normally one round trip.
const REFUSAL_MAX: Duration = Duration::from_millis(500);

type Producer = ThreadedProducer<Witness>;

pub(super) fn check(config: &Config, cluster: &ClusterInfo) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut newest = None;
    let present: Vec<&str> =
        config.topics.all().into_iter().filter(|topic| cluster.require(topic).is_ok()).collect();
    // At the same time: each has a connection of its own to make and to close.
    let read = std::thread::scope(|scope| {
        let started: Vec<_> = present
            .iter()
            .map(|topic| (topic, scope.spawn(|| read_newest(config, cluster, topic))))
            .collect();
        started.into_iter().map(|(topic, thread)| (topic, thread.join())).collect::<Vec<_>>()
    });
    for (topic, result) in read {
        let check = format!("read {topic}");
        findings.push(match result {
            Ok(Ok(time)) => {
                newest = newest.max(time);
                Finding::pass(check, "")
            }
            Ok(Err(failure)) => {
                refused_or_skip(check, &failure, ("--operation Read", format!("--topic {topic}")))
            }
            Err(_) => Finding::skip(check, "the attempt broke off; please report this as a bug"),
        });
    }
    findings.push(clock::check(config, &present, newest));
    findings.extend(transaction(config, &present));
    findings
}

/// Operations and the resource they are missing on.
type Acl = (&'static str, String);

/// A refusal is a finding, with the ACL that ends it; that there was no answer says nothing about rights.
fn refused_or_skip(check: impl Into<String>, failure: &KafkaFailure, acl: Acl) -> Finding {
    match failure.class {
        Class::TryAgain => Finding::skip(check, failure.cause.clone()),
        Class::Internal | Class::Config => Finding::failure(check, failure),
        Class::Credentials => {
            let (operations, resource) = acl;
            let fix = Fix::Acl { operations, resource };
            Finding { found: "refused".to_owned(), fix, ..Finding::failure(check, failure) }
        }
    }
}

/// The latest timestamp in the topic, if it has records; an error if it may not be read.
fn read_newest(
    config: &Config,
    cluster: &ClusterInfo,
    topic: &str,
) -> Result<Option<i64>, KafkaFailure> {
    let look = Look {
        topic,
        n_partitions: cluster.require(topic)?.partitions,
        at: Edge::Newest,
        records_max: 1,
        sight: Sight::Everything,
        limit: READ_MAX,
        doing: &format!("reading topic `{topic}`"),
    };
    let mut newest = None;
    let looked = Observer::of(config).look(&look, &mut |record| {
        newest = newest.max(Some(record.timestamp_ms).filter(|ms| *ms > 0));
        ControlFlow::Continue(())
    })?;
    match looked {
        Looked::Whole | Looked::Enough => Ok(newest),
        Looked::Late(failure) => Err(failure),
    }
}

fn transaction(config: &Config, present: &[&str]) -> Vec<Finding> {
    let group = &config.kafka.group_id;
    let id_check = format!("transactional id {}", transactional_id(config));
    if let Err(failure) = producer(config) {
        let resource = format!("--transactional-id {group} --resource-pattern-type prefixed");
        let acl = ("--operation Write --operation Describe", resource);
        return vec![refused_or_skip(id_check, &failure, acl)];
    }
    let mut findings = vec![Finding::pass(id_check, "")];
    let is_input =
        |topic: &str| topic == config.topics.consent_change || config.topics.is_outbound(topic);
    let mut attempts = Vec::new();
    // the gate only reads its inputs; the probe writes them
    let is_written = |topic: &&&str| config.probe.enabled || !is_input(topic);
    for topic in present.iter().filter(is_written) {
        let acl = ("--operation Write", format!("--topic {topic}"));
        attempts.push((format!("write {topic}"), try_write(config, topic), acl));
    }
    let acl = ("--operation Read", format!("--group {group}"));
    attempts.push((format!("group {group}"), try_group(config), acl));
    findings.extend(attempts.into_iter().map(|(check, result, acl)| match result {
        Ok(()) => Finding::pass(check, ""),
        Err(failure) => refused_or_skip(check, &failure, acl),
    }));
    findings
}

/// A producer of its own for each attempt: after a refusal it cannot even abort, and is of no further use.
fn producer(config: &Config) -> Result<Producer, KafkaFailure> {
    const DOING: &str = "opening a transaction";
    let timeout = config.kafka.transaction_timeout.as_millis();
    let mut client = config.client_base();
    client
        .set("transactional.id", transactional_id(config))
        .set("transaction.timeout.ms", timeout.to_string())
        .set("message.timeout.ms", timeout.to_string())
        // Longer than any attempt here: what is produced stays in the client until it is thrown away.
        .set("linger.ms", (timeout.saturating_mul(9) / 10).to_string());
    let producer: Producer = client
        .create_with_context(Witness::default())
        .map_err(|error| KafkaFailure::new(&error, DOING))?;
    producer
        .init_transactions(COORDINATOR_MAX)
        .map_err(|error| with_report(&producer, &error, DOING))?;
    Ok(producer)
}

/// What librdkafka said on the side, if that is more precise.
fn with_report(producer: &Producer, error: &KafkaError, doing: &str) -> KafkaFailure {
    let failure = KafkaFailure::new(error, doing);
    let reported = producer.context().failure(doing);
    reported.filter(|reported| reported.class > failure.class).unwrap_or(failure)
}

/// Lets the broker judge whether we may write to `topic`.
fn try_write(config: &Config, topic: &str) -> Result<(), KafkaFailure> {
    let doing = format!("writing to topic `{topic}`");
    let failed = |error: KafkaError| KafkaFailure::new(&error, &doing);
    let producer = producer(config)?;
    producer.begin_transaction().map_err(failed)?;
    let record = BaseRecord::<(), [u8]>::to(topic).partition(0).payload(&[]);
    producer.send(record).map_err(|(error, _)| failed(error))?;
    std::thread::sleep(REFUSAL_MAX);
    let aborted = producer.abort_transaction(COORDINATOR_MAX).map_err(failed);
    // The refusal itself is only logged; the witness has it.
    match producer.context().failure(&doing) {
        Some(refusal) if refusal.class == Class::Credentials => Err(refusal),
        Some(_) | None => aborted,
    }
}

/// Lets the broker judge whether we may commit for the group, with an offset of a partition that does not exist.
fn try_group(config: &Config) -> Result<(), KafkaFailure> {
    const DOING: &str = "using the consumer group";
    const PATIENCE: Duration = Duration::from_secs(2);
    const NO_SUCH_PARTITION: i32 = 1_000_000;
    const GROUP_ACCEPTED: [Code; 2] =
        [Code::UnknownTopicOrPartition, Code::TopicAuthorizationFailed];
    let failed = |error: KafkaError| KafkaFailure::new(&error, DOING);
    let group = group_metadata(&config.kafka.group_id)?;
    let mut offsets = TopicPartitionList::new();
    offsets
        .add_partition_offset(config.topics.own_outbound(), NO_SUCH_PARTITION, Offset::Offset(0))
        .map_err(failed)?;
    let producer = producer(config)?;
    producer.begin_transaction().map_err(failed)?;
    let state = match producer.send_offsets_to_transaction(&offsets, &group, PATIENCE) {
        // The group was accepted; the partition, as it should be, was not. Reading has a check of its own.
        Err(error)
            if error.rdkafka_error_code().is_some_and(|code| GROUP_ACCEPTED.contains(&code)) =>
        {
            Ok(())
        }
        other => other.map_err(failed),
    };
    let aborted = producer.abort_transaction(COORDINATOR_MAX).map_err(failed);
    state.and(aborted)
}

/// Metadata of a group that is not joined; no broker is asked.
fn group_metadata(group_id: &str) -> Result<ConsumerGroupMetadata, KafkaFailure> {
    const DOING: &str = "preparing to use the consumer group";
    let consumer: BaseConsumer<Witness> = rdkafka::ClientConfig::new()
        .set("group.id", group_id)
        .create_with_context(Witness::default())
        .map_err(|error| KafkaFailure::new(&error, DOING))?;
    consumer.group_metadata().ok_or_else(|| KafkaFailure::from_code(Code::State, DOING, None))
}
