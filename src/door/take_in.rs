//! From a request to its answer: verified and mapped by gate-intake, written, acknowledged, remembered, answered. In this order.

use std::time::Instant;

use gate_codec::encode_consent;
use gate_intake::{
    Accepted, Answer, Context, Effect, ItemProblem, Outcome, Refusal, Request, Source, Step,
};
use rdkafka::message::{Header, OwnedHeaders};
use tokio::task::block_in_place;

use super::Door;
use super::seen::Remembered;
use super::topic::{Outgoing, Written};
use crate::clock::now;
use crate::headers;
use crate::metrics::DoorBound;
use crate::records::plain_headers;

/// Bytes of an item that are put aside; a record with its headers has to stay below what a broker takes.
const LETTER_BYTES_MAX: usize = 900 << 10;
/// Certificates that one request may ask for.
const CERTIFICATES_MAX: usize = 3;

/// What became of a request.
pub(super) struct TakenIn {
    /// What to answer.
    pub(super) answer: Answer,
    /// Its records and where they lie, in their order; empty unless all of them do.
    pub(super) written: Vec<(Accepted, Written)>,
    /// Those that came again, and lie somewhere already.
    pub(super) repeated: Vec<Accepted>,
    /// Items that could not be used.
    pub(super) problems: Vec<ItemProblem>,
    pub(super) refused: Option<Refusal>,
}

impl TakenIn {
    fn unavailable(door: &Door, source: &str) -> Self {
        door.metrics.unavailable.with_label_values(&[source]).inc();
        Self {
            answer: Answer::unavailable(),
            written: Vec::new(),
            repeated: Vec::new(),
            problems: Vec::new(),
            refused: None,
        }
    }
}

/// Takes a request in.
pub(super) async fn take_in(door: &Door, source: &Source, request: &Request) -> TakenIn {
    match understood(door, source, request).await {
        Some(outcome) => settle(door, source.name(), outcome).await,
        None => TakenIn::unavailable(door, source.name()),
    }
}

/// Writes what a request says, waits for Kafka, and remembers it.
pub(super) async fn settle(door: &Door, name: &str, outcome: Outcome) -> TakenIn {
    let received = Instant::now();
    counted(door, name, &outcome);
    let Outcome { answer, records, repeated, problems, effects, remember, refused, .. } = outcome;
    let Some(outgoing) = records.iter().map(|it| record(door, it)).collect::<Option<Vec<_>>>()
    else {
        return TakenIn::unavailable(door, name);
    };
    let letters: Vec<Outgoing> =
        problems.iter().filter(|it| !it.raw.is_empty()).map(|it| dead_letter(name, it)).collect();
    let (written, put_aside) =
        tokio::join!(door.consent.write(&outgoing), door.dead_letters.write(&letters));
    let failed = written.iter().chain(&put_aside).find_map(|it| it.as_ref().err());
    if let Some(failure) = failed {
        tracing::error!(source = name, %failure, "a request was not taken in and has to come again");
        return TakenIn::unavailable(door, name);
    }
    for accepted in &records {
        let action = accepted.record.action.as_deref().unwrap_or_default();
        door.metrics.records.with_label_values(&[name, action]).inc();
    }
    if !records.is_empty() {
        door.metrics.acknowledged_seconds.observe(received.elapsed().as_secs_f64());
    }
    for effect in effects {
        done(door, name, effect).await;
    }
    if let Err(error) = block_in_place(|| door.seen.remember(&remember)) {
        // it is in Kafka: what comes again is written again, which is no loss
        door.metrics.not_remembered.inc_by(remember.len() as u64);
        tracing::error!(%error, "what was taken in is not remembered");
    }
    let written = records.into_iter().zip(written.into_iter().flatten()).collect();
    TakenIn { answer, written, repeated, problems, refused }
}

/// What the request says; `None` when a certificate or our own memory is not to be had.
async fn understood(door: &Door, source: &Source, request: &Request) -> Option<Outcome> {
    let window = Remembered::of(&door.seen);
    let mut fetched = Vec::new();
    for _ in 0..CERTIFICATES_MAX {
        let step = {
            let certificates = door.certificates.known();
            let context = Context {
                now: now(),
                certificates: &certificates,
                tokens: &door.keys.tokens,
                ids: &door.keys.ids,
                window: &window,
            };
            // signatures of a whole MiB, and the disk: others go on meanwhile
            block_in_place(|| gate_intake::receive(source, request, &context))
        };
        match step {
            Step::Done(outcome) => {
                if outcome.refused == Some(Refusal::Certificate) {
                    tracing::error!(
                        source = source.name(),
                        "a signature has a certificate that proves nothing"
                    );
                    door.certificates.forget(&fetched);
                }
                return window.is_whole().then_some(outcome);
            }
            Step::Needs(url) => {
                door.certificates.fetch(&url).await?;
                fetched.push(url);
            }
        }
    }
    None
}

fn counted(door: &Door, source: &str, outcome: &Outcome) {
    let metrics = &door.metrics;
    if let Some(refusal) = outcome.refused {
        metrics.refused.with_label_values(&[source, refusal.as_str()]).inc();
        if refusal == Refusal::TooLarge {
            metrics.bounds.of(DoorBound::Size).inc();
        }
    } else {
        let seconds = std::time::Duration::from_micros(now().as_micros().unsigned_abs());
        metrics.last_event.with_label_values(&[source]).set(seconds.as_secs_f64());
    }
    let n_repeated = u64::try_from(outcome.repeated.len()).unwrap_or(u64::MAX);
    metrics.repeated.with_label_values(&[source]).inc_by(n_repeated);
    for (why, n) in &outcome.skipped {
        metrics.skipped.with_label_values(&[source, why.as_str()]).inc_by(u64::from(*n));
    }
    for problem in &outcome.problems {
        metrics.problems.with_label_values(&[source, problem.class.as_str()]).inc();
    }
}

/// A consent change, keyed by its contact so that one contact's changes stay in their order.
fn record(door: &Door, accepted: &Accepted) -> Option<Outgoing> {
    let value = encode_consent(&accepted.record, door.encoding);
    let value =
        value.map_err(|error| tracing::error!(%error, "a record cannot be written")).ok()?;
    let key = accepted.record.contact_id.as_deref().map(|id| id.as_bytes().to_vec());
    Some(Outgoing { key, value, headers: plain_headers() })
}

/// An item as it came, with what is wrong with it. Without a key: nobody knows whose it is.
fn dead_letter(source: &str, problem: &ItemProblem) -> Outgoing {
    let detail = serde_json::json!({
        "source": source,
        "item": problem.index,
        "pointer": problem.pointer,
        "class": problem.class.as_str(),
        "reason": problem.reason,
        "fix": problem.fix,
        "bytes": problem.raw.len(),
    });
    let detail = detail.to_string();
    let header = Header { key: headers::DETAIL, value: Some(&detail) };
    let raw = problem.raw.get(..LETTER_BYTES_MAX).unwrap_or(&problem.raw);
    Outgoing { key: None, value: raw.to_vec(), headers: OwnedHeaders::new().insert(header) }
}

async fn done(door: &Door, source: &str, effect: Effect) {
    match effect {
        Effect::ConfirmSubscription { url } => {
            if door.certificates.visit(&url).await {
                tracing::info!(source, "a subscription of Amazon SNS is confirmed");
            } else {
                tracing::error!(
                    source,
                    "a subscription of Amazon SNS cannot be confirmed: ask Amazon to send the request again"
                );
            }
        }
        Effect::SubscriptionEnded => {
            tracing::error!(
                source,
                "somebody has ended the subscription of Amazon SNS: nothing comes from there any more"
            );
        }
    }
}
