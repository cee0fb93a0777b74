//! Why the service ended, and with which exit code.

use super::common_pepper::CommonPepperError;
use crate::exit::{ExitCode, Failure};
use crate::http::OpsError;
use crate::kafka::failure::KafkaFailure;
use crate::pipeline::LaneError;
use crate::reader::ReaderError;
use crate::registry::RegistryError;
use crate::store::StoreError;
use gate_codec::CodecError;
use std::path::PathBuf;

/// Why the service ended.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Kafka refuses, or is away.
    #[error(transparent)]
    Kafka(#[from] KafkaFailure),
    /// The pepper is none, or not the group's.
    #[error(transparent)]
    Pepper(#[from] CommonPepperError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store of approvals.
    #[error(transparent)]
    Sent(#[from] crate::approvals::SentError),
    /// The changelog of approvals or the decision log does not fit the messages.
    #[error(
        "`{topic}` has {found} partitions, `{outbound}` has {wanted}: what is remembered of a message stands in its partition. \
         Raise it with `kafka-topics.sh --alter --topic {topic} --partitions {wanted}`, or delete the topic while every gate is \
         stopped and run `consent-gate topics create`; of the changelog of approvals counting then begins anew"
    )]
    BesidePartitions {
        /// The topic.
        topic: String,
        /// Its partitions.
        found: u32,
        /// The messages' topic.
        outbound: String,
        /// Its partitions.
        wanted: u32,
    },
    /// The topics with messages do not fit each other.
    #[error(
        "`{topic}` has {found} partitions, `{first}` has {wanted}: topics of `topics.outbound_message` need equally many, since \
         what is remembered of messages with one key stands in the partition they share. Raise it with `kafka-topics.sh \
         --alter --topic TOPIC --partitions N` while nothing is written, or give it a gate of its own"
    )]
    OutboundPartitions {
        /// The topic.
        topic: String,
        /// Its partitions.
        found: u32,
        /// The first of them.
        first: String,
        /// Its partitions.
        wanted: u32,
    },
    /// The policies cannot be loaded.
    #[error(transparent)]
    Policies(#[from] crate::policies::PolicyFailure),
    /// A codec cannot be made.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// A mapping cannot be used.
    #[error(transparent)]
    Mapping(#[from] crate::records::MappingError),
    /// The client of the schema registry cannot be made.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The registry's authorities cannot be read.
    #[error("cannot read `schema_registry.ca_file` `{path}`: {source}", path = path.display())]
    RegistryCa {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A lane ended.
    #[error("lane {number}: {source}")]
    Lane {
        /// Which.
        number: usize,
        /// Why.
        source: LaneError,
    },
    /// The consent reader ended.
    #[error(transparent)]
    Reader(#[from] ReaderError),
    /// The tokens cannot be loaded.
    #[error(transparent)]
    Tokens(#[from] crate::access::TokensError),
    /// The keys of links cannot be read.
    #[error("{}", .0.message())]
    Links(Failure),
    /// HTTP cannot be served.
    #[error(transparent)]
    Ops(#[from] OpsError),
    /// The consent topic is not the one that the state was built from.
    #[error(
        "`{topic}` was deleted and made again while the gate ran: nothing more is decided with the state of the old one; \
         starting again builds the state from the new one"
    )]
    TopicRecreated {
        /// The consent topic.
        topic: String,
    },
    /// Nobody says whether the consent topic is the one that the state was built from.
    #[error("`{topic}`: the brokers do not say what its id is: {source}")]
    TopicUnknown {
        /// The consent topic.
        topic: String,
        /// Why.
        source: crate::kafka::native::NativeError,
    },
    /// Threads did not end in time.
    #[error("did not stop within {seconds} s: {threads}; the next start recovers")]
    Overdue {
        /// The limit.
        seconds: u64,
        /// Who is late.
        threads: String,
    },
    /// The metrics contradict themselves.
    #[error(transparent)]
    Metrics(#[from] crate::metrics::MetricsError),
    /// Threads or the runtime cannot be started.
    #[error("cannot start: {0}")]
    Runtime(std::io::Error),
}

impl RunError {
    /// How the process ends (docs/failures.md, Exit codes).
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Kafka(failure) | Self::Pepper(CommonPepperError::Kafka(failure)) => {
                failure.class.into()
            }
            Self::Codec(_)
            | Self::Mapping(_)
            | Self::Registry(_)
            | Self::RegistryCa { .. }
            | Self::Pepper(_)
            | Self::Policies(_)
            | Self::BesidePartitions { .. }
            | Self::OutboundPartitions { .. }
            | Self::Tokens(_)
            | Self::Links(_)
            | Self::Ops(_) => ExitCode::Config,
            Self::Store(error) => error.exit_code(),
            Self::Sent(error) => error.exit_code(),
            Self::Lane { source, .. } => match source {
                LaneError::Store(error) => error.exit_code(),
                LaneError::Sent(error) => error.exit_code(),
                LaneError::Producer(error) if crate::kafka::is_refused(error) => {
                    ExitCode::Credentials
                }
                LaneError::Consumer(error) if crate::kafka::is_consumer_refused(error) => {
                    ExitCode::Credentials
                }
                LaneError::Log(_) => ExitCode::Internal,
                LaneError::Producer(_)
                | LaneError::Inbox(_)
                | LaneError::Consumer(_)
                | LaneError::MemberFenced(_)
                | LaneError::StandsStill { .. }
                | LaneError::Abandoned
                | LaneError::NoStartingPoint
                | LaneError::Fenced(_) => ExitCode::TryAgain,
                LaneError::OffsetLost { .. } => ExitCode::Config,
            },
            Self::Reader(error) => match error {
                ReaderError::Store(error) => error.exit_code(),
                ReaderError::LogTruncated { .. } => ExitCode::Storage,
                ReaderError::Native(error) if crate::kafka::is_refused(error) => {
                    ExitCode::Credentials
                }
                ReaderError::Native(_)
                | ReaderError::Kafka(_)
                | ReaderError::TopicRecreated { .. } => ExitCode::TryAgain,
            },
            Self::TopicUnknown { source, .. } if crate::kafka::is_refused(source) => {
                ExitCode::Credentials
            }
            Self::TopicRecreated { .. } | Self::TopicUnknown { .. } | Self::Overdue { .. } => {
                ExitCode::TryAgain
            }
            Self::Runtime(_) | Self::Metrics(_) => ExitCode::Internal,
        }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        Self::of(error.exit_code(), error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[test]
    fn a_cause_is_said_once() {
        let ours = RunError::RegistryCa {
            path: "/ca.pem".into(),
            source: io::Error::new(io::ErrorKind::NotFound, "no such file"),
        };
        let failure = Failure::from(ours);
        let says = "cannot read `schema_registry.ca_file` `/ca.pem`: no such file";
        assert_eq!((failure.message().as_str(), failure.code()), (says, ExitCode::Config));
    }
}
