//! `consent-gate topics create`: makes the topics that are missing, with settings that keep the promises.
//!
//! Invariant: an existing topic is never touched; what differs from what we would have made is shown beside it.
//! Run twice, the second run changes nothing.

use std::time::Duration;

use clap::{Args, Subcommand};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::RDKafkaErrorCode as Code;

use super::{ConfigFile, ExitCode, Failure, output};
use crate::config::{Config, Topics as TopicNames};
use crate::kafka_errors::{Class, KafkaFailure};
use crate::preflight::{ClusterInfo, preflight};

#[derive(Debug, Subcommand)]
pub(super) enum Topics {
    /// Create the topics that are missing, with safe settings; existing ones are left alone
    Create(Arguments),
}

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    file: ConfigFile,
    /// Partitions of each new topic
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

/// A topic as it should be.
pub(super) struct Wanted {
    pub(super) name: String,
    /// Topic settings in Kafka's names.
    pub(super) settings: Vec<(&'static str, String)>,
}

/// What the gate wants of its topics. `consent-change` and the dead letters are kept for ever: the first is the only
/// place that knows what people said, the second says why some of it was skipped.
pub(super) fn wanted(names: &TopicNames, replication: i32) -> Vec<Wanted> {
    let in_sync_min = if replication >= 3 { 2 } else { 1 };
    names
        .all()
        .into_iter()
        .map(|name| {
            let mut settings = vec![
                ("cleanup.policy", "delete".to_owned()),
                ("min.insync.replicas", in_sync_min.to_string()),
                ("unclean.leader.election.enable", "false".to_owned()),
            ];
            if name == names.consent_change || name == names.consent_dead_letter {
                settings.push(("retention.ms", "-1".to_owned()));
                settings.push(("retention.bytes", "-1".to_owned()));
            }
            Wanted { name: name.to_owned(), settings }
        })
        .collect()
}

pub(super) fn create(arguments: &Arguments) -> Result<(), Failure> {
    let config = arguments.file.load()?;
    let spinner = output::spinner("asking the brokers");
    let cluster = preflight(&config)?;
    let replication = arguments.replication.unwrap_or_else(|| {
        i32::try_from(cluster.brokers.len().clamp(1, REPLICATION_WANTED)).unwrap_or(1)
    });
    let admin: AdminClient<DefaultClientContext> = config
        .client_base()
        .create()
        .map_err(|error| KafkaFailure::new(&error, "preparing to create topics"))?;
    let runtime = runtime()?;
    let wanted = wanted(&config.topics, replication);
    let (missing, existing) = missing_and_existing(&cluster, &wanted)?;
    spinner.set_message("creating topics");
    let made = runtime.block_on(make(&admin, &missing, arguments.partitions, replication));
    let settings = runtime.block_on(settings_of(&admin, &existing));
    spinner.finish_and_clear();
    report(arguments, &config, &cluster, &made, &existing, &settings, replication)
}

pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
        Failure::new(ExitCode::TryAgain, format!("cannot start an event loop: {error}"))
    })
}

type Split<'a> = (Vec<&'a Wanted>, Vec<&'a Wanted>);

fn missing_and_existing<'a>(
    cluster: &ClusterInfo,
    wanted: &'a [Wanted],
) -> Result<Split<'a>, Failure> {
    let mut split: Split<'a> = (Vec::new(), Vec::new());
    for topic in wanted {
        match cluster.require(&topic.name) {
            Ok(_) => split.1.push(topic),
            // Unknown to us is missing: asking for Describe first would only add a second ACL to a first run.
            Err(failure) if failure.class == Class::Config => split.0.push(topic),
            Err(failure) => return Err(failure.into()),
        }
    }
    Ok(split)
}

type Made<'a> = Vec<(&'a str, Result<(), KafkaFailure>)>;

async fn make<'a>(
    admin: &AdminClient<DefaultClientContext>,
    missing: &[&'a Wanted],
    partitions: i32,
    replication: i32,
) -> Made<'a> {
    if missing.is_empty() {
        return Vec::new();
    }
    let new: Vec<NewTopic<'_>> = missing
        .iter()
        .map(|topic| {
            topic.settings.iter().fold(
                NewTopic::new(&topic.name, partitions, TopicReplication::Fixed(replication)),
                |new, (name, value)| new.set(name, value),
            )
        })
        .collect();
    let options =
        AdminOptions::new().operation_timeout(Some(CREATE_MAX)).request_timeout(Some(CREATE_MAX));
    let doing = |name: &str| format!("creating topic `{name}`");
    match admin.create_topics(&new, &options).await {
        Ok(results) => missing
            .iter()
            .map(|topic| {
                let result = results.iter().find_map(|result| match result {
                    Ok(name) if *name == topic.name => Some(Ok(())),
                    // Another `topics create` was quicker.
                    Err((name, Code::TopicAlreadyExists)) if *name == topic.name => Some(Ok(())),
                    Err((name, code)) if *name == topic.name => {
                        Some(Err(KafkaFailure::from_code(*code, doing(name), None)))
                    }
                    _ => None,
                });
                let unanswered = || {
                    Err(KafkaFailure::from_code(
                        Code::RequestTimedOut,
                        doing(&topic.name),
                        Some("no answer about it"),
                    ))
                };
                (topic.name.as_str(), result.unwrap_or_else(unanswered))
            })
            .collect(),
        Err(error) => missing
            .iter()
            .map(|topic| (topic.name.as_str(), Err(KafkaFailure::new(&error, doing(&topic.name)))))
            .collect(),
    }
}

/// A topic's settings by name, or the reason why they are not known.
pub(super) type Settings = Result<std::collections::HashMap<String, String>, KafkaFailure>;

/// The settings of these topics, in their order.
pub(super) async fn settings_of(
    admin: &AdminClient<DefaultClientContext>,
    topics: &[&Wanted],
) -> Vec<Settings> {
    let mut all = Vec::new();
    for topic in topics {
        all.push(
            settings(
                admin,
                ResourceSpecifier::Topic(&topic.name),
                &format!("asking for the settings of topic `{}`", topic.name),
            )
            .await,
        );
    }
    all
}

/// The settings of one topic or broker.
pub(super) async fn settings(
    admin: &AdminClient<DefaultClientContext>,
    of: ResourceSpecifier<'_>,
    doing: &str,
) -> Settings {
    const ANSWER_MAX: Duration = Duration::from_secs(10);
    let options = AdminOptions::new().request_timeout(Some(ANSWER_MAX));
    let answers = admin
        .describe_configs([&of], &options)
        .await
        .map_err(|error| KafkaFailure::new(&error, doing))?;
    match answers.into_iter().next() {
        Some(Ok(resource)) => Ok(resource
            .entries
            .into_iter()
            .filter_map(|entry| Some((entry.name, entry.value?)))
            .collect()),
        Some(Err(code)) => Err(KafkaFailure::from_code(code, doing, None)),
        None => {
            Err(KafkaFailure::from_code(Code::RequestTimedOut, doing, Some("no answer about it")))
        }
    }
}

fn report(
    arguments: &Arguments,
    config: &Config,
    cluster: &ClusterInfo,
    made: &Made<'_>,
    existing: &[&Wanted],
    settings: &[Settings],
    replication: i32,
) -> Result<(), Failure> {
    let mut failures = Vec::new();
    let mut rows = Vec::new();
    for name in config.topics.all() {
        let row = if let Some((_, result)) = made.iter().find(|(made, _)| *made == name) {
            let done = match result {
                Ok(()) => "created".to_owned(),
                Err(failure) => {
                    failures.push(failure.clone());
                    "FAILED".to_owned()
                }
            };
            [
                name.to_owned(),
                done,
                arguments.partitions.to_string(),
                replication.to_string(),
                String::new(),
            ]
        } else {
            let layout = cluster.require(name)?;
            let differs = existing
                .iter()
                .zip(settings)
                .find(|(topic, _)| topic.name == name)
                .map_or_else(String::new, |(topic, settings)| differences(topic, settings));
            [
                name.to_owned(),
                "exists, untouched".to_owned(),
                layout.partitions.to_string(),
                layout.replicas_min.to_string(),
                differs,
            ]
        };
        rows.push(row);
    }
    if arguments.json {
        let lines: Vec<String> = rows
            .iter()
            .map(|[topic, result, partitions, replicas, differs]| {
                serde_json::json!({"topic": topic, "result": result, "partitions": partitions.parse::<u32>().ok(), "replicas": replicas.parse::<u32>().ok(), "differs": differs}).to_string()
            })
            .collect();
        output::print(&lines.join("\n"))?;
    } else {
        let any_difference = rows.iter().any(|[.., differs]| !differs.is_empty());
        output::print(&output::table(
            ["TOPIC", "RESULT", "PARTITIONS", "REPLICAS", "DIFFERS"],
            rows,
        ))?;
        if any_difference {
            output::print(
                "\n`consent-gate doctor` says which differences matter and how to change them.",
            )?;
        }
    }
    let Some(worst) = failures.iter().max_by_key(|failure| failure.class) else {
        return Ok(());
    };
    let all: Vec<String> = failures.iter().map(ToString::to_string).collect();
    Err(Failure::new(worst.class.into(), all.join("\n")))
}

/// `name=value` of each setting that is not as we would have made it.
fn differences(topic: &Wanted, settings: &Settings) -> String {
    match settings {
        Ok(settings) => {
            let differing = topic.settings.iter().filter_map(|(name, wanted)| {
                let found = settings.get(*name)?;
                (found != wanted).then(|| format!("{name}={found} (not {wanted})"))
            });
            differing.collect::<Vec<_>>().join(", ")
        }
        Err(_) => "settings not visible to this user".to_owned(),
    }
}
