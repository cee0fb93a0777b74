//! Why the ledger stops.

use crate::exit::ExitCode;
use crate::http::OpsError;
use crate::kafka::failure::KafkaFailure;
use crate::kafka::scan::ScanError;
use crate::metrics::MetricsError;
use gate_ledger::{KeyError, OpenError, ReadError, WriteError};
use std::io;
use std::path::PathBuf;

/// Why the ledger stops, or a question to it has no answer.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Not configured.
    #[error("`ledger.dir` is not set: name the directory in which the ledger lies or shall lie")]
    NoDirectory,
    /// What is configured is no object storage.
    #[error("`ledger.store`: {0}")]
    Objects(#[from] gate_objects::ObjectsError),
    /// Object storage that is a directory.
    #[error("`ledger.store` names a directory: set `ledger.dir` instead, which has a lock")]
    StoreIsDirectory,
    /// Somebody else writes.
    #[error(
        "the lease in `{0}` is somebody else's, or could not be renewed in time: this ledger writes nothing more"
    )]
    LeaseLost(String),
    /// A file of the ledger.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Another process has it.
    #[error("another ledger writes to `{}` ({owner}); one at a time", path.display())]
    Locked {
        /// The directory.
        path: PathBuf,
        /// Who.
        owner: String,
    },
    /// The key's file.
    #[error("the key `{}` {error}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: KeyError,
    },
    /// Whoever reads the key can sign another history.
    #[error("the key `{}` has mode {mode:03o}: others may know it, and sign another history; `chmod 600`", path.display())]
    KeyExposed {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// A log without its key.
    #[error("there is a ledger in `{store}` and no key `{}`: restore the key, or begin a new ledger elsewhere", path.display())]
    KeyLost {
        /// The ledger's place.
        store: String,
        /// The key's file.
        path: PathBuf,
    },
    /// The system has no randomness.
    #[error("the operating system gives no random bytes")]
    NoRandomness,
    /// What is there is not what was signed.
    #[error("{0}; `consent-gate ledger verify` says where, and docs/ledger.md what to do")]
    Open(#[from] OpenError),
    /// What is there cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// What is new cannot be written.
    #[error("{0}; the next start goes on behind the last checkpoint")]
    Write(#[from] WriteError),
    /// Another topic of that name.
    #[error(
        "topic `{topic}` has id {is}, and the ledger follows {was}: it was made anew. If it was restored record for record, start once with `--accept-topics`; otherwise begin a new ledger in another directory"
    )]
    OtherTopic {
        /// Its name.
        topic: String,
        /// The id in the checkpoint.
        was: String,
        /// Its id now.
        is: String,
    },
    /// Records are gone at the end.
    #[error(
        "`{topic}` partition {partition} ends at offset {end}, and the ledger has read up to {next}: records are gone; `consent-gate ledger verify` names them"
    )]
    KafkaCut {
        /// Topic.
        topic: String,
        /// Partition.
        partition: i32,
        /// Its end.
        end: i64,
        /// The ledger's position.
        next: i64,
    },
    /// Kafka.
    #[error(transparent)]
    Kafka(#[from] KafkaFailure),
    /// Reading Kafka.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// HTTP.
    #[error(transparent)]
    Http(#[from] OpsError),
    /// Metrics.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// The Parquet files.
    #[error("the archive: {0}")]
    Archive(String),
    /// A consent change.
    #[error("a consent change cannot be read now: {0}")]
    Undecodable(String),
    /// Asked to stop in the middle.
    #[error("asked to stop")]
    Stopped,
}

impl LedgerError {
    /// As what the process ends.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::NoDirectory
            | Self::Objects(_)
            | Self::StoreIsDirectory
            | Self::Key { .. }
            | Self::KeyExposed { .. }
            | Self::KeyLost { .. }
            | Self::OtherTopic { .. } => ExitCode::Config,
            Self::Io { .. } | Self::Open(_) | Self::Read(_) | Self::KafkaCut { .. } => {
                ExitCode::Storage
            }
            Self::Locked { .. }
            | Self::LeaseLost(_)
            | Self::NoRandomness
            | Self::Write(_)
            | Self::Scan(_)
            | Self::Archive(_)
            | Self::Undecodable(_)
            | Self::Http(_) => ExitCode::TryAgain,
            Self::Kafka(failure) => failure.class.into(),
            Self::Metrics(_) => ExitCode::Internal,
            Self::Stopped => ExitCode::Clean,
        }
    }
}
