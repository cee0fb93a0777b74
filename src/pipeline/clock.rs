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

/// What the brokers' answers have said of this machine's clock.
#[derive(Default)]
pub(super) struct ClockCheck {
    was_wrong: Option<(Instant, Hold)>,
}

impl ClockCheck {
    /// A clock that was wrong a moment ago is not tried again at once.
    ///
    /// # Errors
    /// What it was held for.
    pub(super) fn wait(&mut self, at: Instant) -> Result<(), Hold> {
        match &self.was_wrong {
            Some((since, hold)) if at.saturating_duration_since(*since) < RETRY => {
                Err(hold.clone())
            }
            Some(_) | None => {
                self.was_wrong = None;
                Ok(())
            }
        }
    }

    /// The brokers' clock is so far ahead.
    ///
    /// # Errors
    /// A hold when that is more than is tolerated.
    pub(super) fn compare(&mut self, ahead_ms: i64) -> Result<(), Hold> {
        match differs(ahead_ms) {
            Some(detail) => Err(self.is_wrong(detail)),
            None => Ok(()),
        }
    }

    /// What an aborted transaction is held for: the brokers may have refused the time of its records.
    pub(super) fn hold_of(&mut self, error: &NativeError) -> Hold {
        if error.code == RDKafkaErrorCode::InvalidTimestamp {
            return self.is_wrong(format!(
                "the brokers refuse the time of the gate's records ({error}): this machine's clock is further from theirs \
                 than `message.timestamp.after.max.ms` or `message.timestamp.before.max.ms` of an output allows; run NTP here"
            ));
        }
        Hold::new(HoldCause::CommitFailing, error.to_string())
    }

    fn is_wrong(&mut self, detail: String) -> Hold {
        let hold = Hold::new(HoldCause::Clock, detail);
        self.was_wrong = Some((Instant::now(), hold.clone()));
        hold
    }
}

impl Lane<'_> {
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
        self.shared.metrics.brokers_clock_ahead.set(sign * ahead.as_secs_f64());
        if let Err(hold) = self.clock.compare(ahead_ms) {
            self.abort()?;
            self.shared.metrics.transactions.of(TransactionResult::Aborted).inc();
            return Err(Setback::Hold(hold));
        }
        Ok(())
    }
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
