//! `consent-gate tap`: a line for each decision, as it is committed.
//!
//! Reads the outputs like any sender, `read_committed`, from the end on; joins no group, commits nothing, so it
//! cannot disturb anybody. Invariant: keys and values are never printed, only headers the gate wrote itself.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use clap::{Args, ValueEnum};
use rdkafka::Offset;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};

use super::{ConfigFile, ExitCode, Failure, output};
use crate::config::Config;
use crate::kafka_errors::{Class, KafkaFailure, Witness};
use crate::preflight::{ClusterInfo, preflight};
use crate::record;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Only these [default: all three]
    outcome: Option<Outcome>,
    #[command(flatten)]
    file: ConfigFile,
    /// Print the decision header as it is, one JSON object a line
    #[arg(long)]
    json: bool,
    /// Begin with the oldest decision that Kafka still has
    #[arg(long)]
    from_beginning: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Outcome {
    Approved,
    Blocked,
    Deferred,
}

const POLL: Duration = Duration::from_millis(200);

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = arguments.file.load()?;
    let cluster = preflight(&config)?;
    let topics = match arguments.outcome {
        None => config.topics.outputs().to_vec(),
        Some(Outcome::Approved) => vec![config.topics.approved.as_str()],
        Some(Outcome::Blocked) => vec![config.topics.blocked.as_str()],
        Some(Outcome::Deferred) => vec![config.topics.deferred.as_str()],
    };
    let consumer = consumer(&config, &cluster, &topics, arguments.from_beginning)?;
    let stop = stop_signal()?;
    if !arguments.json && io::stderr().is_terminal() {
        drop(writeln!(io::stderr(), "following {}; Ctrl-C ends", topics.join(", ")));
    }
    while !stop.load(Ordering::Relaxed) {
        match consumer.poll(POLL) {
            None => {}
            Some(Ok(message)) => print(&message, arguments.json)?,
            Some(Err(error)) => end_if_hopeless(&consumer, &error)?,
        }
    }
    Ok(())
}

fn consumer(
    config: &Config,
    cluster: &ClusterInfo,
    topics: &[&str],
    from_beginning: bool,
) -> Result<BaseConsumer<Witness>, Failure> {
    const DOING: &str = "preparing to read decisions";
    let mut client = config.client_base();
    client
        // librdkafka wants a group to read at all; the gate's own is the one ACLs allow. It is neither joined nor
        // written to: partitions are assigned by hand and nothing is committed.
        .set("group.id", &config.kafka.group_id)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("isolation.level", "read_committed")
        .set("auto.offset.reset", "latest")
        .set("fetch.wait.max.ms", "100");
    let consumer: BaseConsumer<Witness> = client
        .create_with_context(Witness::default())
        .map_err(|error| KafkaFailure::new(&error, DOING))?;
    let offset = if from_beginning { Offset::Beginning } else { Offset::End };
    let mut assignment = TopicPartitionList::new();
    for topic in topics {
        let partitions = i32::try_from(cluster.require(topic)?.partitions).unwrap_or(i32::MAX);
        for partition in 0..partitions {
            assignment
                .add_partition_offset(topic, partition, offset)
                .map_err(|error| KafkaFailure::new(&error, DOING))?;
        }
    }
    consumer.assign(&assignment).map_err(|error| KafkaFailure::new(&error, DOING))?;
    Ok(consumer)
}

/// Brokers may come and go while we watch; a missing right does not come back by itself.
fn end_if_hopeless(consumer: &BaseConsumer<Witness>, error: &KafkaError) -> Result<(), Failure> {
    const DOING: &str = "reading decisions";
    let failure = KafkaFailure::new(error, DOING);
    match failure.class {
        Class::TryAgain => Ok(()),
        Class::Internal | Class::Config | Class::Credentials => Err(consumer
            .context()
            .failure(DOING)
            .filter(|reported| reported.class >= failure.class)
            .unwrap_or(failure)
            .into()),
    }
}

/// Set by Ctrl-C or SIGTERM.
pub(super) fn stop_signal() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let (ready, is_ready) = mpsc::channel();
    let raised = Arc::clone(&stop);
    std::thread::spawn(move || {
        let runtime = match super::runtime() {
            Ok(runtime) => runtime,
            Err(failure) => return drop(ready.send(Err(failure))),
        };
        runtime.block_on(async {
            let terminate =
                tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
            let interrupt =
                tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt());
            match (terminate, interrupt) {
                (Ok(mut terminate), Ok(mut interrupt)) => {
                    drop(ready.send(Ok(())));
                    tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
                    raised.store(true, Ordering::Relaxed);
                }
                (Err(error), _) | (_, Err(error)) => {
                    drop(ready.send(Err(Failure::new(
                        ExitCode::TryAgain,
                        format!("cannot listen for signals: {error}"),
                    ))));
                }
            }
        });
    });
    match is_ready.recv() {
        Ok(Ok(())) => Ok(stop),
        Ok(Err(failure)) => Err(failure),
        Err(_) => Err(Failure::new(ExitCode::Internal, "cannot listen for signals")),
    }
}

fn print(message: &BorrowedMessage<'_>, json: bool) -> Result<(), Failure> {
    let decision = header(message, record::DECISION);
    let line = if json {
        // A record that the gate did not write has none.
        let Some(decision) = decision else {
            return Ok(());
        };
        one_line(decision, usize::MAX)
    } else {
        let fields = decision
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or(serde_json::Value::Null);
        let field = |name: &str| {
            fields
                .get(name)
                .and_then(serde_json::Value::as_str)
                .map_or_else(|| "-".to_owned(), |text| one_line(text, 80))
        };
        let own = |name: &str| {
            header(message, name).map_or_else(|| "-".to_owned(), |text| one_line(text, 300))
        };
        format!(
            "{}  {:<8}  {:<32}  {:<10}  {:<36}  {}",
            output::utc(message.timestamp().to_millis().unwrap_or(-1)),
            own(record::OUTCOME),
            own(record::REASON),
            field("channel"),
            field("message_id"),
            own(record::SOURCE),
        )
    };
    let mut out = io::stdout().lock();
    writeln!(out, "{}", line.trim_end())?;
    Ok(out.flush()?)
}

/// The last header of this name: the gate drops those that came in.
fn header<'a>(message: &'a BorrowedMessage<'_>, name: &str) -> Option<&'a str> {
    let headers = message.headers()?;
    let value = headers.iter().filter(|header| header.key == name).last()?.value?;
    std::str::from_utf8(value).ok()
}

/// What came from outside must not move the cursor.
fn one_line(text: &str, chars_max: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(chars_max).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_cannot_move_the_cursor() {
        assert_eq!(one_line("a\u{1b}[2Jb\r\nc", 80), "a[2Jbc");
        assert_eq!(one_line("abc", 2), "ab");
    }
}
