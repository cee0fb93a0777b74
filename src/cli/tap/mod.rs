//! `consent-gate tap`: a line for each decision, as it is committed.
//!
//! Reads the outputs like any sender, `read_committed`, from the end on or from a point in time; joins no group, commits
//! nothing, so it cannot disturb anybody. Invariant: keys and values are never printed, only headers the gate wrote itself;
//! what is looked for in a value is compared and forgotten.

mod filter;

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use clap::Args;
use rdkafka::Offset;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};

use self::filter::Filter;
use super::outputs::lack::Lack;
use super::outputs::moment::moment;
use super::outputs::survey::Survey;
use super::outputs::window::Window;
use super::outputs::{Outcome, scan_failure, stretch};
use super::{ConfigFile, ExitCode, Failure, output};
use crate::config::Config;
use crate::headers;
use crate::kafka::failure::{Class, KafkaFailure, Witness};
use crate::kafka::native::Record;
use crate::kafka::preflight::{ClusterInfo, preflight};
use crate::kafka::scan::{Positions, positions_since};

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
    #[arg(long, conflicts_with = "since")]
    from_beginning: bool,
    /// Begin with decisions of that record time: an instant, a time of day in UTC (14:00), or how long ago (90m, 2h, 3d)
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    since: Option<jiff::Timestamp>,
    /// End before decisions of that record time; one that is over ends by itself, topic after topic
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    until: Option<jiff::Timestamp>,
    /// Only decisions about the contact of this id; `-` reads it from standard input
    #[arg(long, value_name = "ID")]
    contact: Option<String>,
    /// Only decisions about this message
    #[arg(long, value_name = "ID")]
    message_id: Option<String>,
    /// Only decisions with this reason, such as blocked.opted_out
    #[arg(long, value_name = "CODE")]
    reason: Option<String>,
}

const POLL: Duration = Duration::from_millis(200);
/// Longest wait for the place of a point in time.
const ANSWER_MAX: Duration = Duration::from_secs(30);

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let now = jiff::Timestamp::now();
    let window = window(arguments, now)?;
    let config = arguments.file.load()?;
    let outcomes = arguments.outcome.map_or(Outcome::ALL.to_vec(), |outcome| vec![outcome]);
    let mut filter = Filter::new(arguments, &config, window)?;
    let cluster = preflight(&config)?;
    for outcome in &outcomes {
        cluster.require(outcome.topic(&config.topics))?;
    }
    if arguments.until.is_some_and(|until| until <= now) {
        past(arguments, &config, &outcomes, &mut filter)?;
    } else {
        follow(arguments, &config, &cluster, &outcomes, &mut filter)?;
    }
    filter.note();
    Ok(())
}

/// Which record times are meant.
fn window(arguments: &Arguments, now: jiff::Timestamp) -> Result<Window, Failure> {
    let begins_before = arguments.since.is_some() || arguments.from_beginning;
    if !begins_before && arguments.until.is_some_and(|until| until <= now) {
        let reason = "--until is over: say from when on with --since or --from-beginning";
        return Err(Failure::new(ExitCode::Usage, reason));
    }
    let from = match arguments.until {
        Some(_) if !begins_before => now,
        Some(_) | None => arguments.since.unwrap_or(jiff::Timestamp::UNIX_EPOCH),
    };
    Window::new(from, arguments.until.unwrap_or(jiff::Timestamp::MAX))
}

/// Prints what is there of a window that is over.
fn past(
    arguments: &Arguments,
    config: &Config,
    outcomes: &[Outcome],
    filter: &mut Filter,
) -> Result<(), Failure> {
    let (window, mut lack) = (filter.window, Lack::default());
    let spinner = output::spinner("reading decisions");
    let survey = Survey { config, outcomes, window, spinner: &spinner };
    let done = survey.visit(&mut lack, &mut |_, record, _| {
        spinner.suspend(|| show(&Seen::of(record), filter, arguments.json))
    });
    spinner.finish_and_clear();
    done?;
    let since = arguments.since.unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    // whoever asked for all there is gets that
    let missing = if arguments.since.is_some() { lack.say(since) } else { Vec::new() };
    missing.iter().for_each(|missing| output::note(missing));
    Ok(())
}

fn follow(
    arguments: &Arguments,
    config: &Config,
    cluster: &ClusterInfo,
    outcomes: &[Outcome],
    filter: &mut Filter,
) -> Result<(), Failure> {
    let topics: Vec<&str> = outcomes.iter().map(|outcome| outcome.topic(&config.topics)).collect();
    let consumer = consumer(config, cluster, &topics, arguments)?;
    let stop = stop_signal()?;
    if !arguments.json && io::stderr().is_terminal() {
        drop(writeln!(io::stderr(), "following {}; Ctrl-C ends", topics.join(", ")));
    }
    let is_over = || arguments.until.is_some_and(|until| until <= jiff::Timestamp::now());
    let mut next = Positions::new();
    while !stop.load(Ordering::Relaxed) {
        match consumer.poll(POLL) {
            None => {}
            Some(Ok(message)) => {
                next.insert(
                    (message.topic().to_owned(), message.partition()),
                    message.offset() + 1,
                );
                show(&Seen::of_message(&message), filter, arguments.json)?;
            }
            Some(Err(error)) => end_if_hopeless(&consumer, &error)?,
        }
        if is_over() {
            drop(consumer);
            return finish(arguments, config, &topics, &next, filter);
        }
    }
    Ok(())
}

/// What was written before the end of the window and is only now committed, or was not fetched yet.
fn finish(
    arguments: &Arguments,
    config: &Config,
    topics: &[&str],
    next: &Positions,
    filter: &mut Filter,
) -> Result<(), Failure> {
    for topic in topics {
        let mut rest = stretch::stretch(config, topic, &filter.window)?;
        for (partition, marks) in &mut rest {
            if let Some(next) = next.get(&((*topic).to_owned(), *partition)) {
                marks.from = Some(*next);
            }
        }
        stretch::read(config, topic, &rest, &mut |record| {
            show(&Seen::of(record), filter, arguments.json)
        })?;
    }
    Ok(())
}

fn consumer(
    config: &Config,
    cluster: &ClusterInfo,
    topics: &[&str],
    arguments: &Arguments,
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
    let since = match arguments.since {
        None => Positions::new(),
        Some(since) => positions_since(&client, topics, Some(since.as_millisecond()), ANSWER_MAX)
            .map_err(|error| scan_failure(&error, DOING))?,
    };
    let consumer: BaseConsumer<Witness> = client
        .create_with_context(Witness::default())
        .map_err(|error| KafkaFailure::new(&error, DOING))?;
    let otherwise = if arguments.from_beginning { Offset::Beginning } else { Offset::End };
    let mut assignment = TopicPartitionList::new();
    for topic in topics {
        let partitions = i32::try_from(cluster.require(topic)?.partitions).unwrap_or(i32::MAX);
        for partition in 0..partitions {
            let since = since.get(&((*topic).to_owned(), partition)).filter(|at| **at >= 0);
            let offset = since.map_or(otherwise, |at| Offset::Offset(*at));
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

/// A decision as it lies in an output.
struct Seen<'m> {
    timestamp_ms: i64,
    outcome: Option<&'m str>,
    reason: Option<&'m str>,
    source: Option<&'m str>,
    decision: Option<&'m str>,
    value: Option<&'m [u8]>,
    place: (&'m str, i32, i64),
}

impl<'m> Seen<'m> {
    fn of(record: &Record<'m>) -> Self {
        let text = |name| record.header(name).and_then(|text| std::str::from_utf8(text).ok());
        Self {
            timestamp_ms: record.timestamp_ms,
            outcome: text(c"gate-outcome"),
            reason: text(c"gate-reason"),
            source: text(c"gate-source"),
            decision: text(c"gate-decision"),
            value: record.value,
            place: (record.topic, record.partition, record.offset),
        }
    }

    fn of_message(message: &'m BorrowedMessage<'_>) -> Self {
        Self {
            timestamp_ms: message.timestamp().to_millis().unwrap_or(-1),
            outcome: header(message, headers::OUTCOME),
            reason: header(message, headers::REASON),
            source: header(message, headers::SOURCE),
            decision: header(message, headers::DECISION),
            value: message.payload(),
            place: (message.topic(), message.partition(), message.offset()),
        }
    }
}

/// Prints a decision that is meant.
fn show(seen: &Seen<'_>, filter: &mut Filter, json: bool) -> Result<(), Failure> {
    if !filter.admits(seen)? {
        return Ok(());
    }
    let line = if json {
        // A record that the gate did not write has none.
        let Some(decision) = seen.decision else {
            return Ok(());
        };
        one_line(decision, usize::MAX)
    } else {
        let fields = seen
            .decision
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or(serde_json::Value::Null);
        let field = |name: &str| {
            fields
                .get(name)
                .and_then(serde_json::Value::as_str)
                .map_or_else(|| "-".to_owned(), |text| one_line(text, 80))
        };
        let own =
            |text: Option<&str>| text.map_or_else(|| "-".to_owned(), |text| one_line(text, 300));
        format!(
            "{}  {:<8}  {:<32}  {:<10}  {:<36}  {}",
            output::utc(seen.timestamp_ms),
            own(seen.outcome),
            own(seen.reason),
            field("channel"),
            field("message_id"),
            own(seen.source),
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
