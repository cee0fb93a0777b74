//! Would these messages pass now? Judged by what judges messages, and forgotten.

use super::caps::{Caps, KnownRows};
use super::error::ClerkError;
use super::moment::Moment;
use super::problem::{Problem, ProblemKind};
use super::wire::{CheckAnswer, CheckRequest, MessageAnswer, json};
use crate::approvals::{KeptRows, SentStore};
use crate::headers::{detail_json, hex, rfc3339};
use crate::identity::Pepper;
use crate::metrics::{Bound, Metrics};
use gate_codec::{Class, Codec, DecodeError};
use gate_core::{Decision, PolicySet, Reason, Warning};
use gate_engine::{Decoded, Inputs, JudgeError, Record};

/// What messages are checked with.
pub(super) struct Checking<'a> {
    pub(super) codec: &'a Codec,
    pub(super) pepper: &'a Pepper,
    pub(super) sent: &'a SentStore,
    pub(super) metrics: &'a Metrics,
    pub(super) value_bytes_max: usize,
    /// Partitions of the messages' topic, as it was at the start.
    pub(super) n_partitions: usize,
}

impl Checking<'_> {
    /// The answer, as JSON.
    ///
    /// # Errors
    /// When a store cannot be read, or what it holds.
    pub(super) fn answer(
        &self,
        moment: &Moment<'_>,
        request: &CheckRequest,
    ) -> Result<Result<Vec<u8>, Problem>, ClerkError> {
        let mut decoded = Vec::with_capacity(request.messages.len());
        for text in &request.messages {
            match self.read(text) {
                Ok(message) => decoded.push(message),
                Err(problem) => return Ok(Err(problem)),
            }
        }
        let known = self.sent.known();
        let (decisions, looked) = self.judge(moment, &decoded, &known)?;
        // what a lane has given away meanwhile was not known to the end
        let still = self.sent.known();
        let n_known = known.iter().filter(|partition| still.contains(partition)).count();
        let n_partitions =
            self.n_partitions.max(known.last().map_or(0, |last| places_up_to(*last)));
        if looked.contains(&Caps::TooMany) {
            self.metrics.bound_reached(Bound::QuestionRows);
        }
        let messages =
            decoded.iter().zip(&decisions).zip(looked).map(|((message, decision), caps)| {
                let message_id = message.as_ref().ok().map(|message| &*message.message_id);
                let caps = caps_word(caps, n_known, n_partitions);
                told(&moment.policies, message_id, decision, caps)
            });
        let answer = CheckAnswer {
            moment: moment.answer(),
            approvals_known: n_known,
            approvals_partitions: n_partitions,
            messages: messages.collect(),
        };
        self.metrics.checked_messages.inc_by(decoded.len() as u64);
        Ok(json(&answer))
    }

    fn read<'m>(&self, text: &'m str) -> Result<Decoded<'m>, Problem> {
        if text.len() > self.value_bytes_max {
            return Ok(Err(Class::TooLarge.into()));
        }
        match self.codec.decode_message(Some(text.as_bytes())) {
            Ok(message) => Ok(Ok(message)),
            Err(DecodeError::Unreadable(why)) => Ok(Err(why)),
            // JSON asks no registry
            Err(DecodeError::Unavailable { .. }) => {
                Err(Problem::new(ProblemKind::Unavailable, "a message cannot be read now"))
            }
        }
    }

    fn judge(
        &self,
        moment: &Moment<'_>,
        decoded: &[Decoded<'_>],
        known: &[i32],
    ) -> Result<(Vec<Decision>, Vec<Caps>), ClerkError> {
        let kept = KeptRows { store: self.sent, pepper_id: self.pepper.id() };
        let approvals = KnownRows::new(kept, known, decoded.len());
        let inputs = Inputs {
            keys: self.pepper,
            policies: &moment.policies,
            states: &moment.snapshot,
            approvals: &approvals,
            now: moment.now,
        };
        // a place of its own for each: none counts for another
        let records: Vec<Record<'_>> = (0i32..)
            .zip(decoded)
            .map(|(partition, message)| Record { partition, message })
            .collect();
        let judged =
            gate_engine::judge(inputs, &records, &[], &[]).map_err(|error| match error {
                JudgeError::States(error) => ClerkError::from(error),
                JudgeError::Approvals(error) => ClerkError::from(error),
            })?;
        Ok((judged.decisions, approvals.looked()))
    }
}

fn places_up_to(partition: i32) -> usize {
    usize::try_from(partition).map_or(0, |partition| partition.saturating_add(1))
}

fn caps_word(caps: Caps, n_known: usize, n_partitions: usize) -> &'static str {
    match caps {
        Caps::None => "none",
        Caps::Looked if n_known >= n_partitions => "counted",
        Caps::Looked if n_known > 0 => "partly",
        Caps::Looked | Caps::TooMany => "not_counted",
    }
}

/// A decision in the words of its header.
fn told<'a>(
    policies: &'a PolicySet,
    message_id: Option<&'a str>,
    decision: &Decision,
    caps: &'static str,
) -> MessageAnswer<'a> {
    let considered = decision.considered();
    MessageAnswer {
        message_id,
        outcome: decision.outcome().as_str(),
        reason: decision.reason().code(),
        reasons: decision.reasons().iter().map(Reason::code).collect(),
        detail: detail_json(decision.detail(), policies),
        basis: decision.basis().map(|(basis, _)| basis.as_str()),
        evidence: decision.basis().map(|(_, event)| hex(&event.0)),
        not_before: decision.not_before().map(rfc3339),
        registry_checked_at: decision.registry_checked().map(rfc3339),
        jurisdictions: considered.jurisdictions(policies).map(|it| it.code.as_str()).collect(),
        rules: considered.rules(policies).map(|rule| rule.label.as_str()).collect(),
        warnings: decision.warnings().iter().map(Warning::code).collect(),
        caps,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caps_are_counted_only_where_every_partition_is_known() {
        for (caps, n_known, says) in [
            (Caps::None, 0, "none"),
            (Caps::Looked, 4, "counted"),
            (Caps::Looked, 3, "partly"),
            (Caps::Looked, 0, "not_counted"),
            (Caps::TooMany, 4, "not_counted"),
        ] {
            assert_eq!(caps_word(caps, n_known, 4), says);
        }
    }
}
