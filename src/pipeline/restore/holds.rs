//! What a restore waits for, in words.

use super::{ApprovalsParts, Progress, Reached, Unreadable};
use crate::approvals::RowError;
use crate::barrier::Hold;
use crate::kafka::native::NativeError;
use crate::metrics::HoldCause;
use crate::pipeline::Setback;
use rdkafka::error::KafkaError;

impl ApprovalsParts {
    pub(super) fn not_there_yet(&self, progress: &Reached, trouble: Option<String>) -> Hold {
        let topic = &self.topic;
        let first = progress.partitions.iter().next();
        let (partition, Progress { next, end }) = first
            .map_or((-1, Progress { next: 0, end: 0 }), |(partition, progress)| {
                (*partition, *progress)
            });
        let n_others = progress.partitions.len().saturating_sub(1);
        let trouble = trouble.map(|text| format!("; {text}")).unwrap_or_default();
        Hold::new(
            HoldCause::SentRestoring,
            format!(
                "`{topic}` partition {partition} is read up to offset {next}, must be to {end}; {n_others} others; if it stands \
                 still, a transaction of a former owner is open until it times out{trouble}"
            ),
        )
    }

    pub(super) fn unreadable(&self, partition: i32, why: Unreadable) -> Hold {
        let topic = &self.topic;
        let Unreadable { offset, error } = why;
        let fix = match error {
            RowError::OtherPepper => {
                "give all instances the same `state.pepper_file`; if it was changed or is lost, stop every instance, delete the \
                 topic (it is compacted: its records cannot be deleted), run `consent-gate topics create`, and counting begins \
                 anew"
            }
            RowError::Malformed => {
                "run the newest version; a record that is none of ours is passed over after a null value with the same \
                 key was written to that partition, and its recipient gets nothing capped until the longest window is over"
            }
        };
        Hold::new(
            HoldCause::SentUnreadable,
            format!("`{topic}` partition {partition} offset {offset} {error}: {fix}"),
        )
    }

    pub(super) fn unreadable_batch(
        &self,
        partition: i32,
        offset: i64,
        error: &NativeError,
    ) -> Hold {
        let topic = &self.topic;
        Hold::new(
            HoldCause::SentUnreadable,
            format!(
                "`{topic}` partition {partition} offset {offset}: a batch cannot be unpacked: {error}"
            ),
        )
    }

    pub(super) fn unavailable(&self, partition: Option<i32>, error: &KafkaError) -> Setback {
        let topic = &self.topic;
        let which = partition.map(|number| format!(" partition {number}")).unwrap_or_default();
        let detail = format!(
            "`{topic}`{which} cannot be asked for its end: {error}. It needs as many partitions as the messages"
        );
        Setback::Hold(Hold::new(HoldCause::BrokerUnavailable, detail))
    }
}
