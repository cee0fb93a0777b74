//! Whether this machine's clock is the brokers'.
//!
//! Caps, quiet hours, ages and expiry are judged by this machine's clock, so with a wrong one more goes out than may.
//! Kafka has no question for the time; brokers tell it with each record they take for a topic with `LogAppendTime`
//! (`topics create` gives it to the outputs and to the changelog of approvals), and refuse records that are too far
//! from it for a topic without.
//!
//! INVARIANT: a batch is committed only if no answer to its own records contradicts the clock it was judged by.

use super::{Lane, Setback};
use crate::barrier::Hold;
use crate::clock::now;
use crate::kafka::native::NativeError;
use crate::metrics::{HoldCause, TransactionResult};
use gate_core::{CLOCK_SKEW_MAX, Timestamp};
use rdkafka::error::RDKafkaErrorCode;
use std::time::{Duration, Instant};

/// Pause before a batch is tried again whose clock was wrong.
const RETRY: Duration = Duration::from_secs(5);

impl Lane<'_> {
    /// A clock that was wrong a moment ago is not tried again at once.
    pub(super) fn wait_for_clock(&mut self) -> Result<(), Setback> {
        match &self.clock_was_wrong {
            Some((at, hold)) if at.elapsed() < RETRY => Err(Setback::Hold(hold.clone())),
            _ => {
                self.clock_was_wrong = None;
                Ok(())
            }
        }
    }

    /// Everything of the transaction was sent; waits for the answers, and aborts it if they contradict the clock.
    pub(super) fn compare_clocks(&mut self, deadline: Instant) -> Result<(), Setback> {
        let Some(producer) = self.producers.current() else {
            return Err(Setback::NotMember);
        };
        producer.flush(deadline);
        let Some((appended_ms, since)) = producer.brokers_time() else { return Ok(()) };
        let brokers = Timestamp::from_millis(appended_ms).saturating_add(since);
        let ahead_ms = brokers.as_micros().saturating_sub(now().as_micros()) / 1_000;
        let sign = if ahead_ms < 0 { -1.0 } else { 1.0 };
        let ahead = Duration::from_millis(ahead_ms.unsigned_abs());
        self.parts.metrics.brokers_clock_ahead.set(sign * ahead.as_secs_f64());
        let Some(detail) = differs(ahead_ms) else { return Ok(()) };
        self.abort()?;
        self.parts.metrics.transactions.of(TransactionResult::Aborted).inc();
        Err(Setback::Hold(self.clock_is_wrong(detail)))
    }

    /// What an aborted transaction is held for: the brokers may have refused the time of its records.
    pub(super) fn hold_of(&mut self, error: &NativeError) -> Hold {
        if error.code == RDKafkaErrorCode::InvalidTimestamp {
            return self.clock_is_wrong(format!(
                "the brokers refuse the time of the gate's records ({error}): this machine's clock is further from theirs \
                 than `message.timestamp.after.max.ms` or `message.timestamp.before.max.ms` of an output allows; run NTP here"
            ));
        }
        hold(HoldCause::CommitFailing, error.to_string())
    }

    fn clock_is_wrong(&mut self, detail: String) -> Hold {
        let hold = hold(HoldCause::Clock, detail);
        self.clock_was_wrong = Some((Instant::now(), hold.clone()));
        hold
    }
}

fn hold(cause: HoldCause, detail: String) -> Hold {
    Hold { cause, detail, consent_partition: None }
}

/// What is wrong when the brokers' clock is so far ahead; `None` when it is the same within the tolerance.
fn differs(ahead_ms: i64) -> Option<String> {
    let apart = Duration::from_millis(ahead_ms.unsigned_abs());
    let direction = if ahead_ms < 0 { "ahead of" } else { "behind" };
    (apart > CLOCK_SKEW_MAX).then(|| {
        format!(
            "this machine's clock is {} s {direction} the brokers', {} s are tolerated: caps, quiet hours and expiry would \
             be judged wrongly; run NTP here and on the brokers",
            apart.as_secs(),
            CLOCK_SKEW_MAX.as_secs()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_may_be_five_minutes_apart_in_either_direction() {
        for same in [0, 299_999, 300_000, -300_000] {
            assert_eq!(differs(same), None, "{same} ms");
        }
        for (ahead_ms, says) in [
            (300_001, "300 s behind"),
            (-300_001, "300 s ahead of"),
            (-90_000_000, "90000 s ahead of"),
            (i64::MAX, "behind"),
            (i64::MIN, "ahead of"),
        ] {
            let said = differs(ahead_ms).unwrap();
            assert!(said.contains(says), "{said}");
        }
    }
}
