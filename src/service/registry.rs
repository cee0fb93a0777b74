//! The schema registry of the configuration, for the gate and for the commands that read records.

use super::RunError;
use crate::config::{self, Config};
use crate::registry::{Registry, RegistrySettings};

/// The schema registry, if the configuration names one.
pub(crate) fn registry(config: &Config) -> Result<Option<Registry>, RunError> {
    Ok(registry_settings(config)?.map(Registry::new).transpose()?)
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
