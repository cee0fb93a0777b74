//! `consent-gate topics create`: makes the topics that are missing, with settings that keep the promises.
//!
//! Invariant: an existing topic is never touched; what differs from what we would have made is shown beside it.
//! Run twice, the second run changes nothing.

use std::time::Duration;

use clap::{Args, Subcommand};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::RDKafkaErrorCode as Code;

use super::topic_settings::{self, KAFKA_MESSAGE_BYTES_MAX, Settings, Wanted};
use super::{ConfigFile, Failure, output};
use crate::config::Topics as TopicNames;
use crate::kafka::failure::{Class, KafkaFailure};
use crate::kafka::preflight::{ClusterInfo, preflight};
use crate::outputs::Output;

#[derive(Debug, Subcommand)]
pub(super) enum Topics {
    /// Create the topics that are missing, with safe settings; existing ones are left alone
    Create(Arguments),
}

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    file: ConfigFile,
    /// Partitions of each new topic; the memory of approvals gets as many as the messages have, the archive of policies one
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(i32).range(1..=10_000))]
    partitions: i32,
    /// Replicas of each new partition [default: 3, or the number of brokers if there are fewer]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..=15))]
    replication: Option<i32>,
    /// One JSON object a topic
    #[arg(long)]
    json: bool,
}

/// Longest wait for the brokers to make the topics.
const CREATE_MAX: Duration = Duration::from_secs(30);
const REPLICATION_WANTED: usize = 3;

type Admin = AdminClient<DefaultClientContext>;

/// What became of one topic.
struct Row {
    topic: String,
    result: &'static str,
    partitions: u32,
    replicas: usize,
    differs: String,
    failure: Option<KafkaFailure>,
}

pub(super) fn create(arguments: &Arguments) -> Result<(), Failure> {
    let config = arguments.file.load()?;
    let spinner = output::spinner("asking the brokers");
    let cluster = preflight(&config)?;
    let admin: Admin = config
        .client_base()
        .create()
        .map_err(|error| KafkaFailure::new(&error, "preparing to create topics"))?;
    let rows =
        super::runtime()?.block_on(create_missing(arguments, &config.topics, &cluster, &admin))?;
    spinner.finish_and_clear();
    report(&rows, arguments.json)
}

async fn create_missing(
    arguments: &Arguments,
    names: &TopicNames,
    cluster: &ClusterInfo,
    admin: &Admin,
) -> Result<Vec<Row>, KafkaFailure> {
    let default = || i32::try_from(cluster.brokers.len().clamp(1, REPLICATION_WANTED)).unwrap_or(1);
    let replication = arguments.replication.unwrap_or_else(default);
    let mut existing: Vec<(&str, Settings)> = Vec::new();
    for name in names.all() {
        match cluster.require(name) {
            Ok(_) => existing.push((name, topic_settings::of_topic(admin, name).await)),
            Err(failure) if failure.class == Class::Config => {}
            Err(failure) => return Err(failure),
        }
    }
    let input_bytes_max = input_bytes_max(names, cluster, admin, &existing).await;
    let wanted = topic_settings::wanted(names, replication, input_bytes_max);
    let is_missing = |topic: &&Wanted| !existing.iter().any(|(name, _)| *name == topic.name);
    let missing: Vec<&Wanted> = wanted.iter().filter(is_missing).collect();
    let partitions = |name: &str| partitions_of(name, names, cluster, arguments.partitions);
    let missing: Vec<(&Wanted, i32)> =
        missing.into_iter().map(|topic| (topic, partitions(&topic.name))).collect();
    let mut made = make(admin, &missing, replication).await;
    let mut rows = Vec::new();
    for topic in &wanted {
        rows.push(
            if let Some((_, settings)) = existing.iter().find(|(name, _)| *name == topic.name) {
                let layout = cluster.require(&topic.name)?;
                let differs = match settings {
                    Ok(settings) => topic_settings::differences(topic, settings).join(", "),
                    Err(_) => "settings are not visible to this user".to_owned(),
                };
                let (partitions, replicas) = (layout.partitions, layout.replicas_min);
                Row {
                    topic: topic.name.clone(),
                    result: "exists, untouched",
                    partitions,
                    replicas,
                    differs,
                    failure: None,
                }
            } else {
                let failure = made.remove(0);
                Row {
                    topic: topic.name.clone(),
                    result: if failure.is_none() { "created" } else { "FAILED" },
                    partitions: partitions(&topic.name).unsigned_abs(),
                    replicas: usize::try_from(replication).unwrap_or_default(),
                    differs: String::new(),
                    failure,
                }
            },
        );
    }
    Ok(rows)
}

/// Partitions of a topic to be made: what its row says. What was approved is remembered in the partition of the message.
fn partitions_of(name: &str, names: &TopicNames, cluster: &ClusterInfo, default: i32) -> i32 {
    let row = names.output(name).map(Output::row);
    if let Some(n_partitions) = row.and_then(|row| row.n_partitions) {
        return i32::try_from(n_partitions).unwrap_or(default);
    }
    // topics with messages have as many as each other
    let is_beside = row.is_none_or(|row| row.is_beside_messages) && name != names.consent_change;
    let mut known = names.outbound_messages.iter().map(|topic| cluster.require(topic));
    let missing = || cluster.require(names.own_outbound());
    match known.find(Result::is_ok).unwrap_or_else(missing) {
        Ok(layout) if is_beside => i32::try_from(layout.partitions).unwrap_or(default),
        _ => default,
    }
}

/// The largest record an input takes: its own setting, or for one still to be made the brokers'.
async fn input_bytes_max(
    names: &TopicNames,
    cluster: &ClusterInfo,
    admin: &Admin,
    existing: &[(&str, Settings)],
) -> u64 {
    let parse =
        |settings: &Settings, name: &str| settings.as_ref().ok()?.get(name)?.parse::<u64>().ok();
    let of_brokers = match cluster.brokers.first() {
        Some(broker) => {
            parse(&topic_settings::of_broker(admin, broker.id).await, "message.max.bytes")
        }
        None => None,
    };
    let of_topics = existing
        .iter()
        .filter(|(name, _)| *name == names.consent_change || names.is_outbound(name))
        .filter_map(|(_, settings)| parse(settings, "max.message.bytes"));
    of_topics.chain(of_brokers).max().unwrap_or(KAFKA_MESSAGE_BYTES_MAX)
}

/// Makes the topics; for each, in order, why it failed, if it did.
async fn make(
    admin: &Admin,
    missing: &[(&Wanted, i32)],
    replication: i32,
) -> Vec<Option<KafkaFailure>> {
    if missing.is_empty() {
        return Vec::new();
    }
    let new: Vec<NewTopic<'_>> = missing
        .iter()
        .map(|(topic, partitions)| {
            let replication = TopicReplication::Fixed(replication);
            let new = NewTopic::new(&topic.name, *partitions, replication);
            topic.settings.iter().fold(new, |new, (name, value)| new.set(name, value))
        })
        .collect();
    let options =
        AdminOptions::new().operation_timeout(Some(CREATE_MAX)).request_timeout(Some(CREATE_MAX));
    let doing = |name: &str| format!("creating topic `{name}`");
    let results = match admin.create_topics(&new, &options).await {
        Ok(results) => results,
        Err(error) => {
            return missing
                .iter()
                .map(|(topic, _)| Some(KafkaFailure::new(&error, doing(&topic.name))))
                .collect();
        }
    };
    let outcome = |(topic, _): &(&Wanted, i32)| {
        let answer = results.iter().find_map(|result| match result {
            Ok(name) if *name == topic.name => Some(Ok(())),
            Err((name, code)) if *name == topic.name => Some(Err(*code)),
            Ok(_) | Err(_) => None,
        });
        match answer {
            // Another `topics create` may have been quicker.
            Some(Ok(()) | Err(Code::TopicAlreadyExists)) => None,
            Some(Err(code)) => Some(KafkaFailure::from_code(code, doing(&topic.name), None)),
            None => Some(KafkaFailure::from_code(
                Code::RequestTimedOut,
                doing(&topic.name),
                Some("no answer about it"),
            )),
        }
    };
    missing.iter().map(outcome).collect()
}

fn report(rows: &[Row], json: bool) -> Result<(), Failure> {
    if json {
        for row in rows {
            let Row { topic, result, partitions, replicas, differs, .. } = row;
            output::print_json(&serde_json::json!({
                "topic": topic, "result": result, "partitions": partitions, "replicas": replicas, "differs": differs,
            }))?;
        }
    } else {
        let cells = rows.iter().map(|row| {
            let result = row.result.to_owned();
            [
                row.topic.clone(),
                result,
                row.partitions.to_string(),
                row.replicas.to_string(),
                row.differs.clone(),
            ]
        });
        output::print(&output::table(
            ["TOPIC", "RESULT", "PARTITIONS", "REPLICAS", "DIFFERS"],
            cells,
        ))?;
        if rows.iter().any(|row| !row.differs.is_empty()) {
            output::print(
                "\n`consent-gate doctor` says which differences matter and how to change them.",
            )?;
        }
    }
    let failures: Vec<&KafkaFailure> = rows.iter().filter_map(|row| row.failure.as_ref()).collect();
    let Some(worst) = failures.iter().map(|failure| failure.class).max() else {
        return Ok(());
    };
    let all: Vec<String> = failures.iter().map(ToString::to_string).collect();
    Err(Failure::new(worst.into(), all.join("\n")))
}
