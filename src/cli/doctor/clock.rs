//! Whether this machine's clock is the brokers'.
//!
//! Kafka has no question for the time. A broker tells it with a record it takes for a topic with `LogAppendTime`: one
//! is written to the changelog of approvals in a transaction that is aborted, so no reader sees it. Without such a
//! topic only a clock that is behind can be told, by a record of the future, or one that is so far ahead that the
//! broker refuses the record.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::{Message as _, Timestamp};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer as _, ProducerContext};

use super::super::output;
use super::Finding;
use super::fix::Fix;
use crate::config::Config;
use crate::kafka::failure::KafkaFailure;

const CHECK: &str = "clock";
/// Longest wait for each answer of a broker.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// What the broker said about the time of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// How far its clock was ahead of ours, in milliseconds.
    Ahead(i64),
    /// It takes our time as it is.
    NotTold,
    /// It refuses our time.
    Refused,
    /// There was no answer: no right to write, a broker away. Other checks say so.
    None,
}

/// Judges by an answer of the broker, and by the newest record read.
pub(super) fn check(config: &Config, present: &[&str], newest: Option<i64>) -> Finding {
    let topic = config.topics.outputs.sent_log.as_str();
    let answer = if present.contains(&topic) { ask(config, topic) } else { Ok(Answer::None) };
    judge(answer.unwrap_or(Answer::None), newest, output::now_millis(), topic)
}

fn judge(answer: Answer, newest: Option<i64>, now: i64, topic: &str) -> Finding {
    let skew_max = i64::try_from(gate_core::CLOCK_SKEW_MAX.as_millis()).unwrap_or(i64::MAX);
    let fix = "run NTP here, on the brokers and where producers run; caps, quiet hours and expiry follow this clock";
    let record_ahead = newest.map_or(0, |time| time.saturating_sub(now));
    let span = |ms: i64| output::span(ms.unsigned_abs());
    match answer {
        Answer::Ahead(ms) if ms > skew_max => {
            Finding::fail(CHECK, format!("this machine is {} behind the brokers", span(ms)), fix)
        }
        Answer::Ahead(ms) if ms < -skew_max => {
            Finding::fail(CHECK, format!("this machine is {} ahead of the brokers", span(ms)), fix)
        }
        Answer::Refused => Finding::fail(
            CHECK,
            "the brokers refuse the time of a record written now: this machine is far ahead of or behind them",
            fix,
        ),
        _ if record_ahead > skew_max => Finding::fail(
            CHECK,
            format!("the newest record is {} ahead of this machine", span(record_ahead)),
            fix,
        ),
        Answer::Ahead(_) => Finding::pass(
            CHECK,
            "that of the brokers, within 5 minutes: quiet hours, caps and expiry are judged at the right time",
        ),
        Answer::NotTold => Finding::warn(
            CHECK,
            "no record is ahead of this machine; whether this machine is ahead of the brokers cannot be told, here and while \
             the gate runs",
            Fix::Setting {
                topic: topic.to_owned(),
                setting: "message.timestamp.type=LogAppendTime".to_owned(),
            },
        ),
        Answer::None => Finding::skip(
            CHECK,
            "no record is ahead of this machine; more cannot be told, because nothing can be written",
        ),
    }
}

/// Takes the time out of a report of delivery.
struct Witness(AtomicI64);

/// Nothing was reported.
const NOTHING: i64 = i64::MIN;
/// The record is in, with our time.
const NOT_TOLD: i64 = i64::MIN + 1;
/// Our time was refused.
const REFUSED: i64 = i64::MIN + 2;

impl ClientContext for Witness {}

impl ProducerContext for Witness {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let found = match result {
            Ok(message) => match message.timestamp() {
                Timestamp::LogAppendTime(at) => at.saturating_sub(output::now_millis()),
                Timestamp::CreateTime(_) | Timestamp::NotAvailable => NOT_TOLD,
            },
            Err((error, _)) if error.rdkafka_error_code() == Some(Code::InvalidTimestamp) => {
                REFUSED
            }
            Err(_) => NOTHING,
        };
        self.0.store(found, Ordering::Relaxed);
    }
}

fn ask(config: &Config, topic: &str) -> Result<Answer, KafkaFailure> {
    const DOING: &str = "asking a broker for its time";
    let failed = |error: KafkaError| KafkaFailure::new(&error, DOING);
    let timeout = config.kafka.transaction_timeout.as_millis().to_string();
    let mut client = config.client_base();
    client
        .set("transactional.id", transactional_id(config))
        .set("transaction.timeout.ms", &timeout)
        .set("message.timeout.ms", &timeout);
    let producer: BaseProducer<Witness> =
        client.create_with_context(Witness(AtomicI64::new(NOTHING))).map_err(failed)?;
    producer.init_transactions(ANSWER_MAX).map_err(failed)?;
    producer.begin_transaction().map_err(failed)?;
    let record = BaseRecord::<[u8], [u8]>::to(topic).partition(0).key(b"clock").payload(b"clock");
    let sent = producer.send(record).map_err(|(error, _)| error);
    // a report of a failure is a report: what it says is what was asked for
    let flushed = sent.and_then(|()| producer.flush(ANSWER_MAX));
    let answer = producer.context().0.load(Ordering::Relaxed);
    let aborted = producer.abort_transaction(ANSWER_MAX);
    Ok(match answer {
        REFUSED => Answer::Refused,
        NOTHING => return flushed.and(aborted).map(|()| Answer::None).map_err(failed),
        NOT_TOLD => Answer::NotTold,
        ahead_ms => Answer::Ahead(ahead_ms),
    })
}

/// The id of every transaction that doctor opens.
pub(super) fn transactional_id(config: &Config) -> String {
    format!("{}-doctor", config.kafka.group_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_broker_says_is_judged_in_both_directions() {
        let minutes = |n: i64| n * 60_000;
        for (answer, newest, verdict, says) in [
            (Answer::Ahead(minutes(4)), None, "PASS", "within"),
            (Answer::Ahead(minutes(-4)), None, "PASS", "within"),
            (Answer::Ahead(minutes(6)), None, "FAIL", "behind the brokers"),
            (Answer::Ahead(minutes(-6)), None, "FAIL", "ahead of the brokers"),
            (Answer::Refused, None, "FAIL", "refuse"),
            (Answer::NotTold, None, "WARN", "cannot be told"),
            (Answer::None, None, "SKIP", "nothing can be written"),
            // a record of the future proves a wrong clock somewhere, an old one proves nothing
            (Answer::None, Some(0), "SKIP", "nothing can be written"),
            (Answer::None, Some(1_299_000), "SKIP", "nothing can be written"),
            (Answer::None, Some(1_301_000), "FAIL", "newest record"),
            (Answer::NotTold, Some(1_301_000), "FAIL", "newest record"),
            (Answer::Ahead(0), Some(1_301_000), "FAIL", "newest record"),
        ] {
            let found = judge(answer, newest, 1_000_000, "consent-gate-sent");
            assert_eq!(found.verdict.name(), verdict, "{answer:?} {newest:?}");
            assert!(found.found.contains(says), "{}", found.found);
        }
    }
}
