//! Why there is no storage.

use std::io;

/// Why there is no such storage.
#[derive(Debug, thiserror::Error)]
pub enum ObjectsError {
    /// The URL is none, or of nothing that is known.
    #[error(
        "`{url}` is no object storage: {why}; write `s3://BUCKET/PREFIX`, `gs://…`, `az://…` or `file:///DIR`"
    )]
    Url {
        /// As configured.
        url: String,
        /// Why not.
        why: String,
    },
    /// No thread for it.
    #[error("cannot start threads for object storage: {0}")]
    Runtime(io::Error),
}
