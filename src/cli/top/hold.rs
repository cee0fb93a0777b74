//! What to do about each cause of a hold, in a line.

use super::number::UNKNOWN;
use crate::metrics::{HoldCause, Labels as _};

/// Advice for a cause by its label; a newer gate may have causes that this program does not know.
pub(super) fn advice(cause: &str) -> &'static str {
    HoldCause::all().into_iter().find(|known| known.as_str() == cause).map_or(UNKNOWN, |cause| {
        match cause {
            HoldCause::BarrierTimeout => {
                "consent is behind: look at its lag below STREAM and at the brokers"
            }
            HoldCause::OpenTransaction => {
                "another program left a transaction open on the consent topic: let it end"
            }
            HoldCause::ConsentPoison => {
                "a change nobody can read; /readyz says where, then `consent-gate consent skip`"
            }
            HoldCause::RegistryUnavailable => {
                "bring the schema registry back; nothing is lost meanwhile"
            }
            HoldCause::BrokerUnavailable => "bring the brokers back; nothing is lost meanwhile",
            HoldCause::Restoring => "wait: consent is read back from Kafka",
            HoldCause::NotMember => {
                "wait: the lane joins its group; if it lasts, `consent-gate doctor`"
            }
            HoldCause::CommitFailing => {
                "look at the brokers: transactions are aborted again and again"
            }
            HoldCause::Recovering => "wait: outputs are compared after a commit without an answer",
            HoldCause::SentRestoring => "wait: approvals are read back to be counted",
            HoldCause::UnreadableBatch => {
                "a batch cannot be unpacked; /readyz says where and why, the runbook UnreadableBatch what to do"
            }
            HoldCause::SentUnreadable => {
                "a record of approvals cannot be used; see the log and `topics.sent_log`"
            }
            HoldCause::TopicsApart => {
                "give every instance of the group the same `topics.outbound_message`"
            }
            HoldCause::Clock => "set the clock: run NTP here and on the brokers",
        }
    })
}
