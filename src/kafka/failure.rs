//! What a Kafka error means for the one who has to act: whose fault it is, in a sentence, and what to do.
//!
//! librdkafka often reports the symptom ("timed out") through the call and the cause ("authentication failed") through
//! its error callback only. [`Witness`] keeps what the callback said, so that the cause is what people read.
//!
//! Invariant: no text here quotes a configuration value, a key or a record. librdkafka's own sentences are quoted;
//! they name brokers, topics and groups, never passwords.

use crate::exit::{ExitCode, Failure};
use std::fmt;
use std::sync::{Mutex, PoisonError};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::producer::{DeliveryResult, ProducerContext};

/// Who has to act. Each class is one exit code of the process. The order is from vague to precise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Nobody: Kafka is away or busy, try again (75).
    TryAgain,
    /// We: a state that must not occur (70).
    Internal,
    /// Whoever wrote the configuration or made the topics (78).
    Config,
    /// Whoever manages passwords, certificates and ACLs (77).
    Credentials,
}

impl From<KafkaFailure> for Failure {
    fn from(failure: KafkaFailure) -> Self {
        Self::of(failure.class.into(), failure)
    }
}

impl From<Class> for ExitCode {
    fn from(class: Class) -> Self {
        match class {
            Class::TryAgain => Self::TryAgain,
            Class::Internal => Self::Internal,
            Class::Config => Self::Config,
            Class::Credentials => Self::Credentials,
        }
    }
}

/// A Kafka error with its meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KafkaFailure {
    /// Who has to act.
    pub class: Class,
    /// What was being done, e.g. `asking brokers for metadata`.
    pub doing: String,
    /// What went wrong, as precisely as anybody knows.
    pub cause: String,
    /// What to do next.
    pub fix: String,
}

impl fmt::Display for KafkaFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}\n    fix: {}", self.doing, self.cause, self.fix)
    }
}

impl std::error::Error for KafkaFailure {}

impl KafkaFailure {
    /// The meaning of `error`, which came up while `doing`.
    #[must_use]
    pub fn new(error: &KafkaError, doing: impl Into<String>) -> Self {
        let doing = doing.into();
        match error {
            // Its own text would quote the value of the property.
            KafkaError::ClientConfig(_, reason, name, _) => Self {
                class: Class::Config,
                doing,
                cause: format!("librdkafka refuses `{name}`: {}", sentence(reason)),
                fix: "correct it under `kafka.properties`".to_owned(),
            },
            KafkaError::ClientCreation(reason) => Self {
                class: Class::Config,
                doing,
                cause: sentence(reason),
                fix: "correct `kafka.properties` or `kafka.secrets`: files must exist and be readable, and the values fit each other".to_owned(),
            },
            other => match other.rdkafka_error_code() {
                Some(code) => Self::from_code(code, doing, None),
                None => Self { class: Class::Internal, doing, cause: sentence(&other.to_string()), fix: REPORT.to_owned() },
            },
        }
    }

    /// The meaning of `code`; `said` is what librdkafka or the broker wrote beside it.
    #[must_use]
    pub fn from_code(code: Code, doing: impl Into<String>, said: Option<&str>) -> Self {
        let (class, what, fix) = meaning(code, said.unwrap_or_default());
        let cause = match said.map(sentence).filter(|said| !said.is_empty()) {
            Some(said) => format!("{what} ({said})"),
            None => what.to_owned(),
        };
        Self { class, doing: doing.into(), cause, fix: fix.to_owned() }
    }
}

const REPORT: &str = "please report this with the log; restarting is safe";

/// Whether a listener hung up that may want TLS or SASL: during the very first request, or as librdkafka puts it.
fn hung_up(said: &str) -> bool {
    let at_once = said.contains("Disconnected") && said.contains("APIVERSION_QUERY");
    at_once || said.contains("security.protocol")
}

/// What it adds when it was the other way round.
const HINT_AT_PLAIN: &str = "PLAINTEXT broker listener";

/// Class, sentence and fix for a code. `said` tells apart what TLS puts under one code.
fn meaning(code: Code, said: &str) -> (Class, &'static str, &'static str) {
    match code {
        // A refused mechanism comes under the code of a refused password.
        Code::Authentication if said.contains("Unsupported SASL mechanism") => {
            meaning(Code::UnsupportedSASLMechanism, said)
        }
        Code::Authentication | Code::SaslAuthenticationFailed => (
            Class::Credentials,
            "SASL authentication failed",
            "check `sasl.username`, `sasl.mechanisms` and the secret `sasl.password`, and that the broker knows this user for this mechanism",
        ),
        Code::UnsupportedSASLMechanism | Code::IllegalSASLState => (
            Class::Credentials,
            "the broker does not take this SASL mechanism",
            "set `sasl.mechanisms` to one that the broker's listener offers",
        ),
        Code::SSL => tls_meaning(said),
        Code::TopicAuthorizationFailed => (
            Class::Credentials,
            "an ACL is missing on a topic",
            "allow this user Describe and Read on the inputs, Describe, Read and Write on the outputs and the dead-letter topic; `consent-gate doctor` names the topic",
        ),
        Code::GroupAuthorizationFailed => (
            Class::Credentials,
            "an ACL is missing on the consumer group",
            "allow this user Read on the group `kafka.group_id`",
        ),
        Code::TransactionalIdAuthorizationFailed => (
            Class::Credentials,
            "an ACL is missing on the transactional id",
            "allow this user Write and Describe on transactional ids that begin with `kafka.group_id`",
        ),
        Code::ClusterAuthorizationFailed => (
            Class::Credentials,
            "an ACL is missing on the cluster",
            "allow this user what the command needs: IdempotentWrite on brokers before 3.0, Create for `topics create`",
        ),
        Code::SecurityDisabled => (
            Class::Config,
            "the broker has no authorizer",
            "nothing to do; ACLs cannot be asked for",
        ),
        Code::UnknownTopicOrPartition
        | Code::UnknownTopic
        | Code::UnknownPartition
        | Code::UnknownTopicId => (
            Class::Config,
            "a topic or partition does not exist",
            "run `consent-gate topics create`, or correct the name under `topics`",
        ),
        Code::InvalidTopic => (
            Class::Config,
            "a topic has a name that Kafka does not take",
            "correct the name under `topics`",
        ),
        Code::InvalidReplicationFactor => (
            Class::Config,
            "there are fewer brokers than replicas asked for",
            "start more brokers, or ask for fewer replicas with `--replication`",
        ),
        Code::PolicyViolation | Code::InvalidConfig | Code::InvalidPartitions => (
            Class::Config,
            "the cluster has a policy against these settings",
            "ask whoever runs the cluster for other settings, or to create the topics for you",
        ),
        Code::InvalidTransactionTimeout => (
            Class::Config,
            "the broker allows only shorter transactions",
            "lower `kafka.transaction_timeout_ms` or raise `transaction.max.timeout.ms` on the brokers",
        ),
        Code::InvalidSessionTimeout => (
            Class::Config,
            "the broker does not allow this session time-out",
            "set `kafka.session_timeout_ms` between the brokers' `group.min.session.timeout.ms` and `group.max.session.timeout.ms`",
        ),
        Code::InconsistentGroupProtocol | Code::InvalidGroupId => (
            Class::Config,
            "the consumer group is in use by other software",
            "give the gate a group of its own with `kafka.group_id`",
        ),
        Code::OffsetOutOfRange | Code::AutoOffsetReset | Code::NoOffset => (
            Class::Config,
            "a committed offset is not in the topic any more",
            "records were deleted before the gate read them: raise the retention of `topics.outbound_message`, then decide where to go on and set the group's offsets",
        ),
        Code::UnsupportedVersion | Code::UnsupportedFeature => (
            Class::Config,
            "the brokers are too old for exactly-once",
            "use Apache Kafka 2.5 or newer",
        ),
        Code::InvalidMessage
        | Code::BadMessage
        | Code::Inconsistent
        | Code::InvalidArgument
        | Code::Conflict
        | Code::State => {
            (Class::Internal, "librdkafka or the broker met a state that must not occur", REPORT)
        }
        Code::Resolve => (
            Class::TryAgain,
            "a broker's host name cannot be resolved",
            "check `kafka.bootstrap_servers` and the name service",
        ),
        Code::Fenced
        | Code::ProducerFenced
        | Code::FencedInstanceId
        | Code::InvalidProducerEpoch
        | Code::TransactionCoordinatorFenced => (
            Class::TryAgain,
            "another instance has taken over",
            "if this instance should run as well, give it an `instance_id` of its own",
        ),
        Code::NotEnoughReplicas | Code::NotEnoughReplicasAfterAppend | Code::ISRInsufficient => (
            Class::TryAgain,
            "too few replicas are in sync",
            "bring the missing brokers back; nothing is lost meanwhile",
        ),
        // With TLS 1.3 the broker judges our certificate after the handshake, when it looks like any lost connection.
        _ if said.contains("SSL alert number") => tls_meaning(said),
        _ if hung_up(said) => (
            Class::TryAgain,
            "the broker closes the connection at once",
            "check `security.protocol` and the port: a TLS listener needs SSL or SASL_SSL, one with passwords SASL_PLAINTEXT or SASL_SSL",
        ),
        _ if said.contains(HINT_AT_PLAIN) => (
            Class::TryAgain,
            "the broker closes the connection at once",
            "check `security.protocol` and the port: it may be a plain listener, or one that wants another client certificate",
        ),
        _ => (
            Class::TryAgain,
            "Kafka cannot be reached or is busy",
            "check that the brokers in `kafka.bootstrap_servers` run and can be reached from here",
        ),
    }
}

fn tls_meaning(said: &str) -> (Class, &'static str, &'static str) {
    if said.contains("wrong version number")
        || said.contains("packet length too long")
        || said.contains("PLAINTEXT")
    {
        (
            Class::Config,
            "the broker does not speak TLS on this port",
            "correct the port, or set `security.protocol` to PLAINTEXT or SASL_PLAINTEXT",
        )
    } else if said.contains("certificate verify failed")
        || said.contains("could not be verified")
        || said.contains("0A000086")
    {
        (
            Class::Credentials,
            "TLS: certificate verify failed",
            "let `ssl.ca.location` name the authority that signed the brokers' certificates, and check that these name the host you connect to and have not expired",
        )
    } else if said.contains("certificate required")
        || said.contains("bad certificate")
        || said.contains("unknown ca")
        || said.contains("certificate unknown")
        || said.contains("client SSL authentication")
    {
        (
            Class::Credentials,
            "TLS: the broker refuses the client certificate, or wants one",
            "set `ssl.certificate.location` and `ssl.key.location` to a certificate that the brokers trust",
        )
    } else {
        (
            Class::Credentials,
            "TLS handshake failed",
            "check `ssl.ca.location`, `ssl.certificate.location`, `ssl.key.location` and the port",
        )
    }
}

/// One line, without a full stop, of bounded length; file names of OpenSSL's sources say nothing to anybody.
fn sentence(text: &str) -> String {
    const CHARS_MAX: usize = 300;
    let line: String =
        text.trim().lines().next().unwrap_or_default().chars().take(CHARS_MAX).collect();
    line.trim_end_matches(['.', ' ', ':']).to_owned()
}

/// A context for clients that keeps the most telling error librdkafka reported on the side.
#[derive(Debug, Default)]
pub struct Witness {
    seen: Mutex<Option<(Code, String)>>,
}

impl Witness {
    /// What was reported, as a failure of `doing`.
    #[must_use]
    pub fn failure(&self, doing: &str) -> Option<KafkaFailure> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.as_ref().map(|(code, said)| KafkaFailure::from_code(*code, doing, Some(said)))
    }

    fn note(&self, code: Code, said: &str) {
        let telling = |code: Code, said: &str| {
            let has_hint = hung_up(said) || said.contains(HINT_AT_PLAIN);
            (meaning(code, said).0, has_hint, code != Code::AllBrokersDown)
        };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen
            .as_ref()
            .is_none_or(|(kept, kept_said)| telling(code, said) > telling(*kept, kept_said))
        {
            *seen = Some((code, said.to_owned()));
        }
    }
}

/// Which right a transaction failed for, from the sentence: librdkafka logs no code.
fn refused_in(said: &str) -> Code {
    let rights = [
        ("Topic authorization failed", Code::TopicAuthorizationFailed),
        ("Group authorization failed", Code::GroupAuthorizationFailed),
        ("Transactional Id authorization failed", Code::TransactionalIdAuthorizationFailed),
    ];
    let named = rights.into_iter().find(|(sentence, _)| said.contains(sentence));
    named.map_or(Code::RequestTimedOut, |(_, code)| code)
}

impl ClientContext for Witness {
    fn log(&self, _: RDKafkaLogLevel, facility: &str, line: &str) {
        tracing::debug!(target: "librdkafka", facility, line);
        // Some causes are logged, but not reported as errors: of a lost connection, and of a failed transaction.
        let said = line.split_once("]: ").map_or(line, |(_thread, said)| said);
        match facility {
            "FAIL" => self.note(Code::BrokerTransportFailure, said),
            "TXNERR" => self.note(refused_in(said), said),
            _ => {}
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        if let Some(code) = error.rdkafka_error_code() {
            self.note(code, reason);
        }
    }
}

impl ConsumerContext for Witness {}

impl ProducerContext for Witness {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            self.error(error.clone(), "");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_told_from_configuration_and_weather() {
        for (code, said, class, says) in [
            (
                Code::Authentication,
                "sasl_ssl://a:1/1: SASL authentication error: invalid credentials.",
                Class::Credentials,
                "SASL authentication failed (sasl_ssl",
            ),
            (
                Code::SSL,
                "SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: broker certificate could not be verified",
                Class::Credentials,
                "certificate verify failed",
            ),
            (
                Code::SSL,
                "SSL handshake failed: error:0A00010B:SSL routines::wrong version number",
                Class::Config,
                "does not speak TLS",
            ),
            (
                Code::SSL,
                "error:0A00045C:SSL routines::tlsv13 alert certificate required",
                Class::Credentials,
                "client certificate",
            ),
            (
                Code::Authentication,
                "SASL SCRAM-SHA-256 mechanism handshake failed: Broker: Unsupported SASL mechanism",
                Class::Credentials,
                "does not take this SASL mechanism",
            ),
            (
                Code::BrokerTransportFailure,
                "Receive failed: error:0A000412:SSL routines::sslv3 alert bad certificate: SSL alert number 42",
                Class::Credentials,
                "refuses the client certificate",
            ),
            (
                Code::BrokerTransportFailure,
                "Disconnected: connection closed by peer: receive 0 after POLLIN (after 16ms in state APIVERSION_QUERY)",
                Class::TryAgain,
                "closes the connection at once",
            ),
            (Code::TopicAuthorizationFailed, "", Class::Credentials, "ACL"),
            (Code::GroupAuthorizationFailed, "", Class::Credentials, "group"),
            (Code::TransactionalIdAuthorizationFailed, "", Class::Credentials, "transactional id"),
            (Code::ClusterAuthorizationFailed, "", Class::Credentials, "cluster"),
            (Code::UnknownTopicOrPartition, "", Class::Config, "does not exist"),
            (Code::OffsetOutOfRange, "", Class::Config, "committed offset"),
            (Code::AllBrokersDown, "1/1 brokers are down", Class::TryAgain, "cannot be reached"),
            (
                Code::BrokerTransportFailure,
                "Connect to ipv4#127.0.0.1:1 failed: Connection refused",
                Class::TryAgain,
                "Connection refused",
            ),
            (Code::Resolve, "", Class::TryAgain, "resolved"),
            (Code::Fenced, "", Class::TryAgain, "another instance"),
            (Code::State, "", Class::Internal, "must not occur"),
        ] {
            let failure = KafkaFailure::from_code(code, "trying", Some(said));
            assert_eq!(failure.class, class, "{code:?} {said}");
            assert!(failure.cause.contains(says), "{:?} lacks {says:?}", failure.cause);
            assert!(!failure.fix.is_empty() && !failure.cause.ends_with(['.', ' ']), "{failure:?}");
        }
    }

    #[test]
    fn the_witness_keeps_the_most_telling_error() {
        let witness = Witness::default();
        assert_eq!(witness.failure("x"), None);
        for (code, said) in [
            (Code::AllBrokersDown, "2/2 brokers are down"),
            (Code::BrokerTransportFailure, "Connection refused"),
            (Code::Authentication, "invalid credentials"),
            (Code::AllBrokersDown, "2/2 brokers are down"),
            (Code::BrokerTransportFailure, "Disconnected"),
        ] {
            witness.error(KafkaError::Global(code), said);
        }
        let failure = witness.failure("x").unwrap();
        assert_eq!(failure.class, Class::Credentials);
        assert!(failure.cause.contains("invalid credentials"), "{failure:?}");
    }

    #[test]
    fn values_of_properties_are_not_quoted() {
        let mut client = rdkafka::ClientConfig::new();
        client.set("sasl.mechanisms", "PLAIN").set("fetch.min.bytes", "hunter2");
        let error = client.create_native_config().err().unwrap();
        let failure = KafkaFailure::new(&error, "starting");
        assert_eq!(failure.class, Class::Config);
        assert!(
            failure.cause.contains("fetch.min.bytes") && !failure.to_string().contains("hunter2"),
            "{failure}"
        );
    }
}
