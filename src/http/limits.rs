//! What a client of the HTTP server may take.

use std::time::Duration;

/// Simultaneous connections; for the next ones others are cut.
const CONNECTIONS_MAX: u32 = 64;

/// The limits of the server; tests use shorter ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Simultaneous connections.
    pub(crate) connections_max: u32,
    /// From the beginning of a connection, or the end of a response, to the end of the next headers.
    pub(crate) headers: Duration,
    /// From the headers to the response.
    pub(crate) request: Duration,
    /// The whole life of a connection.
    pub(crate) connection: Duration,
    /// How long a connection is left alone although others want its place.
    pub(crate) grace: Duration,
    /// For requests in flight at shutdown.
    pub(crate) shutdown: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: CONNECTIONS_MAX,
            headers: Duration::from_secs(5),
            request: Duration::from_secs(10),
            connection: Duration::from_secs(120),
            grace: Duration::from_millis(100),
            shutdown: Duration::from_secs(5),
        }
    }
}
