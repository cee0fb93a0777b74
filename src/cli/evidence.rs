//! `consent-gate consent evidence`: the proof behind a decision, as an ISO/IEC TS 27560 record.
//!
//! Reads the event where it lies in Kafka; writes nothing, joins no group.

use super::{ConfigFile, ExitCode, Failure, output};
use crate::codec::{Codec, Kind};
use crate::config::{self, Config};
use crate::evidence::{Reference, consent_record};
use crate::identity::Pepper;
use crate::kafka_errors::{KafkaFailure, Witness};
use crate::record::SourceRef;
use clap::Args;
use gate_core::{CanonicalAddress, Channel, ContactId, Timestamp};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::{Offset, TopicPartitionList};
use std::time::{Duration, Instant};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    file: ConfigFile,
    /// Where the event lies: TOPIC/PARTITION/OFFSET, as timelines and dead letters name it
    #[arg(value_name = "REFERENCE")]
    reference: String,
}

/// Longest wait for the one record.
const READ_MAX: Duration = Duration::from_secs(15);

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = arguments.file.load()?;
    let source = SourceRef::parse(&arguments.reference)
        .filter(|source| source.topic == config.topics.consent_change)
        .ok_or_else(|| {
            let topic = &config.topics.consent_change;
            Failure::new(ExitCode::Usage, format!("the reference must be {topic}/PARTITION/OFFSET"))
        })?;
    let codec = codec(&config)?;
    let pepper = config::Pepper::load(&config.state.pepper_file)
        .map_err(|error| Failure::new(ExitCode::Config, error))?
        .ok_or_else(|| {
            let path = config.state.pepper_file.display();
            let reason = format!("there is no pepper at `{path}`: run this where the gate runs");
            Failure::new(ExitCode::Config, reason)
        })?;
    let pepper = Pepper::new(pepper.expose());
    let consumer = consumer(&config, &source)?;
    let message = one(&consumer, &source)?;
    let change = codec.decode_consent_record(message.payload()).map_err(|error| {
        Failure::new(ExitCode::Usage, format!("`{source}` cannot be read: {error}"))
    })?;
    let channel = change.channel.as_deref().and_then(Channel::parse);
    let address = change.address.as_deref().and_then(|address| {
        CanonicalAddress::parse(address, channel, change.region.as_deref()).ok()
    });
    let contact = change.contact_id.clone().and_then(ContactId::new);
    let reference = Reference {
        source: source.to_string(),
        received_at: message.timestamp().to_millis().map(Timestamp::from_millis),
        contact: contact.map(|contact| pepper.contact(&contact)),
        address: address.map(|address| pepper.address(&address)),
    };
    match consent_record(&change, &reference) {
        Some(record) => output::print_json(&record),
        None => Err(Failure::new(
            ExitCode::Usage,
            format!("`{source}` is no consent: it neither gives, asks for, nor withdraws any"),
        )),
    }
}

fn codec(config: &Config) -> Result<Codec, Failure> {
    let registry = crate::service::registry(config)
        .map_err(|error| Failure::new(ExitCode::of(error.exit_code()), error))?;
    Codec::new(config.formats.consent_change, Kind::ConsentChange, registry)
        .map_err(|error| Failure::new(ExitCode::Config, error))
}

fn consumer(config: &Config, source: &SourceRef<'_>) -> Result<BaseConsumer<Witness>, Failure> {
    const DOING: &str = "preparing to read the event";
    let mut client = config.client_base();
    client
        .set("group.id", &config.kafka.group_id)
        .set("enable.auto.commit", "false")
        .set("isolation.level", "read_committed")
        .set("auto.offset.reset", "error")
        .set("enable.partition.eof", "true");
    let consumer: BaseConsumer<Witness> = client
        .create_with_context(Witness::default())
        .map_err(|error| KafkaFailure::new(&error, DOING))?;
    let mut assignment = TopicPartitionList::new();
    assignment
        .add_partition_offset(source.topic, source.partition, Offset::Offset(source.record_offset))
        .and_then(|()| consumer.assign(&assignment))
        .map_err(|error| KafkaFailure::new(&error, DOING))?;
    Ok(consumer)
}

fn one<'c>(
    consumer: &'c BaseConsumer<Witness>,
    source: &SourceRef<'_>,
) -> Result<BorrowedMessage<'c>, Failure> {
    let deadline = Instant::now() + READ_MAX;
    let absent = || {
        Failure::new(
            ExitCode::Usage,
            format!("there is no committed record at `{source}`; has retention deleted it?"),
        )
    };
    while Instant::now() < deadline {
        match consumer.poll(Duration::from_millis(200)) {
            Some(Ok(message)) if message.offset() == source.record_offset => return Ok(message),
            Some(Ok(_)) => return Err(absent()),
            Some(Err(rdkafka::error::KafkaError::PartitionEOF(_))) => return Err(absent()),
            Some(Err(rdkafka::error::KafkaError::MessageConsumption(
                rdkafka::error::RDKafkaErrorCode::AutoOffsetReset
                | rdkafka::error::RDKafkaErrorCode::OffsetOutOfRange,
            ))) => return Err(absent()),
            Some(Err(_)) | None => {}
        }
    }
    Err(consumer.context().failure("reading the event").map_or_else(
        || Failure::new(ExitCode::TryAgain, "the broker did not answer in time"),
        Failure::from,
    ))
}
