//! The schema registry of the configuration and what reads records with it, for the gate and for the commands that do.

use super::RunError;
use crate::config::{self, Config};
use crate::exit::{ExitCode, Failure, OrFail as _};
use crate::records::{ConsentRecords, MappingFile, MessageRecords};
use crate::registry::{Registry, RegistrySettings};
use gate_codec::{Codec, Encoding, Format, Kind};
use std::collections::BTreeMap;
use std::path::Path;

/// The schema registry, if the configuration names one.
pub(super) fn registry(config: &Config) -> Result<Option<Registry>, RunError> {
    Ok(registry_settings(config)?.map(Registry::new).transpose()?)
}

/// Reads consent changes as the configuration says they are written.
pub(crate) fn consent_records(config: &Config) -> Result<ConsentRecords, RunError> {
    consent_records_with(config, registry(config)?)
}

/// Reads messages of this topic as the configuration says they are written.
pub(crate) fn message_records(config: &Config, topic: &str) -> Result<MessageRecords, RunError> {
    message_records_with(config, topic, registry(config)?)
}

/// Reads messages of each topic, by its name.
pub(crate) fn message_records_by_topic(
    config: &Config,
) -> Result<BTreeMap<String, MessageRecords>, RunError> {
    let registry = registry(config)?;
    let topics = config.topics.outbound_messages.iter();
    let of = |topic: &String| {
        Ok((topic.clone(), message_records_with(config, topic, registry.clone())?))
    };
    topics.map(of).collect()
}

/// The same over a registry that is there already.
pub(super) fn consent_records_with(
    config: &Config,
    registry: Option<Registry>,
) -> Result<ConsentRecords, RunError> {
    let path = config.mapping.consent_change.as_deref();
    let kind = Kind::ConsentChange;
    let mapping = mapping("mapping.consent_change", path, kind, registry.clone())?;
    let plain = Codec::new(config.formats.consent_change, kind, registry.map(Registry::boxed))?;
    Ok(ConsentRecords::new(plain, mapping))
}

/// The same over a registry that is there already.
pub(super) fn message_records_with(
    config: &Config,
    topic: &str,
    registry: Option<Registry>,
) -> Result<MessageRecords, RunError> {
    let path = config.mapping.outbound_message.of(topic).as_deref();
    let kind = Kind::OutboundMessage;
    let mapping = mapping("mapping.outbound_message", path, kind, registry.clone())?;
    let format = *config.formats.outbound_message.of(topic);
    let plain = Codec::new(format, kind, registry.map(Registry::boxed))?;
    Ok(MessageRecords::new(plain.with_campaign(&config.decisions.campaign), mapping))
}

fn mapping(
    key: &'static str,
    path: Option<&Path>,
    kind: Kind,
    registry: Option<Registry>,
) -> Result<Option<MappingFile>, RunError> {
    let open = |path| MappingFile::open(key, path, kind, registry.map(Registry::boxed));
    Ok(path.map(open).transpose()?)
}

/// How records of this kind are to be written in that format: our schema is registered if it was not. Blocks.
///
/// # Errors
/// There is no registry, or it cannot be asked.
pub(crate) fn encoding(config: &Config, kind: Kind, format: Format) -> Result<Encoding, Failure> {
    let topic = match kind {
        Kind::ConsentChange => config.topics.consent_change.as_str(),
        Kind::OutboundMessage => config.topics.own_outbound(),
    };
    match format {
        Format::Json => Ok(Encoding::Json),
        Format::AvroSingleObject => Ok(Encoding::AvroSingleObject),
        Format::Avro => {
            let settings = registry_settings(config)?.ok_or_else(|| {
                Failure::new(ExitCode::Config, "format `avro` needs `schema_registry.url`")
            })?;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let subject = format!("{topic}-value");
            let registered = crate::registry::register(&settings, &subject, kind);
            let schema_id = runtime
                .or_fail(ExitCode::Internal)?
                .block_on(registered)
                .map_err(|cause| Failure::new(ExitCode::TryAgain, cause))?;
            Ok(Encoding::Avro { schema_id })
        }
    }
}

/// Where the schema registry is and who we are to it, if the configuration names one.
fn registry_settings(config: &Config) -> Result<Option<RegistrySettings>, RunError> {
    let Some(wanted) = &config.schema_registry else {
        return Ok(None);
    };
    let ca_pem = match &wanted.ca_file {
        Some(path) => Some(
            crate::files::read(path, config::CA_FILE_BYTES_MAX)
                .map_err(|source| RunError::RegistryCa { path: path.clone(), source })?,
        ),
        None => None,
    };
    let (username, password) = match &wanted.credentials {
        Some((user, password)) => (Some(user.clone()), Some(password.expose().to_owned())),
        None => (None, None),
    };
    Ok(Some(RegistrySettings {
        url: wanted.url.clone(),
        username,
        password,
        ca_pem,
        timeout: Some(wanted.timeout),
    }))
}
