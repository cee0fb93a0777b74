//! Why the client cannot be made; configuration, so it is reported at start and by `doctor`.

/// Why there is no client of the schema registry.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The registry's address cannot be used.
    #[error("`schema_registry.url` must be an http or https address without credentials in it")]
    Url,
    /// The client cannot be made.
    #[error(
        "the schema registry client cannot start; check `schema_registry` and the machine's CA certificates"
    )]
    Client(#[source] reqwest::Error),
    /// Its thread cannot be made.
    #[error("the schema registry client cannot start its thread")]
    Thread(#[source] std::io::Error),
}
