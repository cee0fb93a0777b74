//! `consent-gate consent skip`: an operator takes the responsibility for a consent change that nobody can read.
//!
//! The release is a record in the dead-letter topic, for every instance to see and for auditors to find: who, why,
//! when, from where. Invariant: it is written once the offset is known to exist, and reported once the brokers have
//! it on all replicas in sync. Nothing here reads the unreadable record.

use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::{DeliveryResult, Header, Message as _, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext};
use std::sync::{Mutex, PoisonError};

use super::{ConfigFile, ExitCode, Failure, output};
use crate::config::Config;
use crate::kafka_errors::{KafkaFailure, Witness};
use crate::preflight::preflight;
use crate::record;

#[derive(Debug, Subcommand)]
pub(super) enum Consent {
    /// Let the gate go on past one unreadable consent change; recorded in the dead-letter topic
    Skip(Arguments),
    /// Print a consent change as an ISO/IEC TS 27560 consent record
    Evidence(super::evidence::Arguments),
}

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    file: ConfigFile,
    /// Topic of the unreadable record, as /readyz names it
    #[arg(long)]
    topic: String,
    /// Its partition
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
    partition: i32,
    /// Its offset
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(0..))]
    offset: i64,
    /// Why it may be skipped; kept for auditors, so name no person by address
    #[arg(long, value_name = "TEXT", value_parser = plain_text)]
    reason: String,
    /// Who answers for it
    #[arg(long, value_name = "NAME", value_parser = plain_text)]
    operator: String,
    /// Say it as JSON
    #[arg(long)]
    json: bool,
}

const ANSWER_MAX: Duration = Duration::from_secs(10);
/// Longest wait for the brokers to store the release.
const DELIVERY_MAX: Duration = Duration::from_secs(30);

fn plain_text(text: &str) -> Result<String, String> {
    const CHARS_MAX: usize = 500;
    let text = text.trim();
    match text.chars().count() {
        0 => Err("must not be empty: it is kept for auditors".to_owned()),
        n if n > CHARS_MAX => Err(format!("must have at most {CHARS_MAX} characters")),
        _ if text.chars().any(char::is_control) => Err("must be one line of plain text".to_owned()),
        _ => Ok(text.to_owned()),
    }
}

pub(super) fn skip(arguments: &Arguments) -> Result<(), Failure> {
    let config = arguments.file.load()?;
    let consent_change = &config.topics.consent_change;
    if arguments.topic != *consent_change {
        return Err(Failure::new(
            ExitCode::Usage,
            format!(
                "`--topic` must be `{consent_change}`, the `topics.consent_change` of this configuration: nothing else can be released"
            ),
        ));
    }
    let cluster = preflight(&config)?;
    cluster.require(consent_change)?;
    cluster.require(&config.topics.consent_dead_letter)?;
    check_exists(&config, arguments)?;
    let released = format!("{}/{}/{}", arguments.topic, arguments.partition, arguments.offset);
    let detail = serde_json::json!({
        "operator": arguments.operator,
        "reason": arguments.reason,
        "at": output::utc(output::now_millis()),
        "host": config.instance_id,
    });
    let (partition, offset) = produce(&config, &released, &detail.to_string())?;
    let written = format!("{}/{partition}/{offset}", config.topics.consent_dead_letter);
    if arguments.json {
        return output::print_json(
            &serde_json::json!({"released": released, "recorded_at": written, "detail": detail}),
        );
    }
    Ok(output::print(&format!(
        "released  {released}\nrecorded  {written}\noperator  {}\nreason    {}\n\nEvery instance goes on past this record once it reads the release. What the record said is not applied:\nif it was an opt-out, publish it again in readable form.",
        arguments.operator, arguments.reason,
    ))?)
}

/// Refuses an offset that is not in the log: a typing error would release a record of the future.
fn check_exists(config: &Config, arguments: &Arguments) -> Result<(), Failure> {
    let mut client = config.client_base();
    // The end the consent reader must reach, open transactions included.
    client.set("isolation.level", "read_uncommitted");
    let doing = format!("asking for the offsets of `{}`", arguments.topic);
    let consumer: BaseConsumer =
        client.create().map_err(|error| KafkaFailure::new(&error, &doing))?;
    let (first, end) = consumer
        .fetch_watermarks(&arguments.topic, arguments.partition, ANSWER_MAX)
        .map_err(|error| KafkaFailure::new(&error, &doing))?;
    if (first..end).contains(&arguments.offset) {
        return Ok(());
    }
    let range = if first == end {
        "is empty".to_owned()
    } else {
        format!("has the offsets {first} to {}", end - 1)
    };
    Err(Failure::new(
        ExitCode::Usage,
        format!(
            "there is no offset {} to release: partition {} of `{}` {range}",
            arguments.offset, arguments.partition, arguments.topic
        ),
    ))
}

/// Keeps what became of the one record.
#[derive(Default)]
struct Delivery {
    witness: Witness,
    outcome: Mutex<Option<Result<(i32, i64), KafkaError>>>,
}

impl ClientContext for Delivery {
    fn log(&self, level: rdkafka::config::RDKafkaLogLevel, facility: &str, line: &str) {
        self.witness.log(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.witness.error(error, reason);
    }
}

impl ProducerContext for Delivery {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let outcome = match result {
            Ok(message) => Ok((message.partition(), message.offset())),
            Err((error, _)) => Err(error.clone()),
        };
        *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
    }
}

fn produce(config: &Config, released: &str, detail: &str) -> Result<(i32, i64), Failure> {
    let doing = format!("writing the release to `{}`", config.topics.consent_dead_letter);
    let mut client: ClientConfig = config.client_base();
    client
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("message.timeout.ms", DELIVERY_MAX.as_millis().to_string());
    let producer: BaseProducer<Delivery> = client
        .create_with_context(Delivery::default())
        .map_err(|error| KafkaFailure::new(&error, &doing))?;
    let headers = OwnedHeaders::new()
        .insert(Header { key: record::RELEASE, value: Some(released) })
        .insert(Header { key: record::DETAIL, value: Some(detail) });
    let record = BaseRecord::<(), [u8]>::to(&config.topics.consent_dead_letter)
        .payload(&[])
        .headers(headers);
    producer.send(record).map_err(|(error, _)| KafkaFailure::new(&error, &doing))?;
    let began = Instant::now();
    loop {
        producer.poll(Duration::from_millis(100));
        if let Some(outcome) =
            producer.context().outcome.lock().unwrap_or_else(PoisonError::into_inner).take()
        {
            return outcome.map_err(|error| {
                producer
                    .context()
                    .witness
                    .failure(&doing)
                    .unwrap_or_else(|| KafkaFailure::new(&error, &doing))
                    .into()
            });
        }
        if began.elapsed() > DELIVERY_MAX + ANSWER_MAX {
            let failure = producer.context().witness.failure(&doing);
            return Err(failure.map_or_else(
                || Failure::new(ExitCode::TryAgain, format!("{doing}: no answer; it may or may not be written, and writing it twice does no harm")),
                Failure::from,
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operator_and_reason_are_one_line_of_text() {
        assert_eq!(plain_text(" Ana Ops "), Ok("Ana Ops".to_owned()));
        for wrong in ["", "  ", "a\nb", "a\u{1b}[31m", &"a".repeat(501)] {
            assert!(plain_text(wrong).is_err(), "{wrong:?}");
        }
    }
}
