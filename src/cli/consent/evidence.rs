//! `consent-gate consent evidence`: the proof behind a decision, as an ISO/IEC TS 27560 record.
//!
//! Reads the event where it lies in Kafka; writes nothing, joins no group.

use super::record::{Reference, consent_record};
use crate::cli::{ConfigFile, ExitCode, Failure, output};
use crate::exit::OrFail as _;
use crate::headers::SourceRef;
use crate::identity::{Pepper, PepperFile};
use crate::unresolved::Place;
use crate::unresolved::original::{Original, Originals};
use crate::unresolved::reading::Reader;
use clap::Args;
use gate_core::{CanonicalAddress, Channel, ContactId, Timestamp};
use gate_engine::Keys as _;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    file: ConfigFile,
    /// Where the event lies: TOPIC/PARTITION/OFFSET, as timelines and dead letters name it
    #[arg(value_name = "REFERENCE")]
    reference: String,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = arguments.file.load()?;
    let source = SourceRef::parse(&arguments.reference)
        .filter(|source| source.topic == config.topics.consent_change)
        .ok_or_else(|| {
            let topic = &config.topics.consent_change;
            Failure::new(ExitCode::Usage, format!("the reference must be {topic}/PARTITION/OFFSET"))
        })?;
    let reader = Reader::new(&config)?;
    let pepper = PepperFile::load(&config.state.pepper_file)
        .or_fail(ExitCode::Config)?
        .ok_or_else(|| {
            let path = config.state.pepper_file.display();
            let reason = format!("there is no pepper at `{path}`: run this where the gate runs");
            Failure::new(ExitCode::Config, reason)
        })?;
    let pepper = Pepper::new(pepper.expose());
    let place = Place { partition: source.partition, offset: source.record_offset };
    let Original::Record(message) = Originals::new(&config)?.read(place)? else {
        return Err(Failure::new(
            ExitCode::Usage,
            format!("there is no committed record at `{source}`; has retention deleted it?"),
        ));
    };
    let changes = message
        .record
        .read(|value, origin| reader.records().written(value, origin))
        .or_fail_at(ExitCode::Usage, || format!("`{source}` cannot be read"))?;
    let received_at = message.timestamp_ms.map(Timestamp::from_millis);
    let mut n_printed = 0usize;
    for change in &changes {
        let channel = change.channel.as_deref().and_then(Channel::parse);
        let address = change.address.as_deref().and_then(|address| {
            CanonicalAddress::parse(address, channel, change.region.as_deref()).ok()
        });
        let contact = change.contact_id.clone().and_then(ContactId::new);
        let reference = Reference {
            source: source.to_string(),
            received_at,
            contact: contact.map(|contact| pepper.contact(&contact)),
            address: address.map(|address| pepper.address(&address)),
        };
        if let Some(record) = consent_record(change, &reference) {
            output::print_json(&record)?;
            n_printed += 1;
        }
    }
    if n_printed == 0 {
        return Err(Failure::new(
            ExitCode::Usage,
            format!("`{source}` is no consent: it neither gives, asks for, nor withdraws any"),
        ));
    }
    Ok(())
}
