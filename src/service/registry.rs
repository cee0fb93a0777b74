//! The schema registry of the configuration and what reads records with it, for the gate and for the commands that do.

use super::RunError;
use crate::config::{self, Config};
use crate::registry::{Registry, RegistrySettings};
use gate_codec::{Codec, Kind};

/// The schema registry, if the configuration names one.
pub(super) fn registry(config: &Config) -> Result<Option<Registry>, RunError> {
    Ok(registry_settings(config)?.map(Registry::new).transpose()?)
}

/// Reads records of this kind as the configuration says they are written.
pub(crate) fn codec(config: &Config, kind: Kind) -> Result<Codec, RunError> {
    codec_with(config, kind, registry(config)?)
}

/// The same over a registry that is there already.
pub(super) fn codec_with(
    config: &Config,
    kind: Kind,
    registry: Option<Registry>,
) -> Result<Codec, RunError> {
    let format = match kind {
        Kind::ConsentChange => config.formats.consent_change,
        Kind::OutboundMessage => config.formats.outbound_message,
    };
    let codec = Codec::new(format, kind, registry.map(Registry::boxed))?;
    Ok(codec.with_campaign(&config.decisions.campaign))
}

/// Where the schema registry is and who we are to it, if the configuration names one.
pub(crate) fn registry_settings(config: &Config) -> Result<Option<RegistrySettings>, RunError> {
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
