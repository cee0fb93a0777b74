//! SendGrid's event webhook: an array of events (docs/providers/sendgrid.md).
//!
//! ECDSA over P-256 with SHA-256 covers the timestamp header and the raw body, which ends with a line break: JSON that was
//! written anew does not fit. The vendor documents no tolerance and repeats for a day, so the window is 24 hours.

use crate::batch::{At, Batch};
use crate::crypto::{self, PublicKey};
use crate::draft::{Draft, Id};
use crate::json;
use crate::outcome::{ProblemClass, Refusal, Skip};
use crate::request::Request;
use crate::scheme::presented::within;
use crate::source::Source;
use crate::time;
use gate_core::{Action, Timestamp};
use serde_json::Value;

/// How old a signature may be, in seconds.
const TOLERANCE_SECONDS: u32 = 24 * 3600;

/// Checks the signature.
pub(crate) fn verify(source: &Source, request: &Request, now: Timestamp) -> Result<(), Refusal> {
    let of = |name: &str| request.text(&format!("x-twilio-email-event-webhook-{name}"));
    let (Some(signature), Some(stamp)) = (of("signature"), of("timestamp")) else {
        return Err(Refusal::Unauthentic);
    };
    let signature = crypto::base64(signature.as_bytes()).ok_or(Refusal::Unauthentic)?;
    let message = [stamp.as_bytes(), &request.body].concat();
    let fits = source.keys.public_keys.iter().any(|key| {
        crypto::base64(unframed(key.expose()).as_bytes())
            .is_some_and(|key| PublicKey::P256.signed(&key, &message, &signature))
    });
    let at: i64 = stamp.parse().map_err(|_| Refusal::Unauthentic)?;
    if !fits {
        return Err(Refusal::Unauthentic);
    }
    within(at, i64::from(source.tolerance_seconds.unwrap_or(TOLERANCE_SECONDS)), now)
}

/// A key without the frame of PEM, in case somebody added one.
fn unframed(key: &str) -> String {
    key.lines().filter(|line| !line.starts_with("-----")).flat_map(str::split_whitespace).collect()
}

/// What the events say.
pub(crate) fn handle(batch: &mut Batch<'_>, body: &[u8]) -> Result<(), Refusal> {
    for item in json::items(body)? {
        let at = At { index: item.index, pointer: &item.pointer, raw: &item.raw };
        match item.value {
            Ok(event) => one(batch, &at, &event),
            Err(class) => batch.problem(&at, "", class, "the event cannot be read"),
        }
    }
    Ok(())
}

fn one(batch: &mut Batch<'_>, at: &At<'_>, event: &Value) {
    let Some(kind) = json::text(event, "/event") else {
        return batch.problem(at, "/event", ProblemClass::MissingField, "it says no event");
    };
    let group = json::scalar(event, "/asm_group_id");
    let scope = group.as_ref().and_then(|group| batch.source.scopes.get(group)).cloned();
    let reason = json::text(event, "/reason").unwrap_or_default().to_lowercase();
    let action = match kind {
        "unsubscribe" | "group_unsubscribe" => Action::OptOut,
        "spamreport" => Action::Complaint,
        "bounce" if json::text(event, "/type").is_none_or(|kind| kind == "bounce") => {
            Action::HardBounce
        }
        "group_resubscribe" => Action::OptIn,
        "dropped" => match dropped(&reason) {
            None => return batch.skip(Skip::NotAChange),
            Some(_) if !batch.source.switches.repeats => return batch.skip(Skip::SwitchedOff),
            Some(action) => action,
        },
        "bounce" | "blocked" | "deferred" | "delivered" | "processed" | "open" | "click" => {
            return batch.skip(Skip::NotAChange);
        }
        _ => return batch.skip(Skip::UnknownEvent),
    };
    let Some(address) = json::text(event, "/email") else {
        return batch.problem(at, "/email", ProblemClass::MissingField, "it names nobody");
    };
    let Some(occurred_at) = json::at(event, "/timestamp").and_then(time::seconds) else {
        return batch.problem(at, "/timestamp", ProblemClass::MissingField, "it says no time");
    };
    let id = match json::text(event, "/sg_event_id") {
        Some(id) => Id::of(id),
        None => Id::Hashed(vec![
            kind.to_owned(),
            address.to_owned(),
            occurred_at.as_micros().to_string(),
            group.unwrap_or_default(),
        ]),
    };
    let draft = Draft::new(action, id, occurred_at).on("email").about(address).via(via(kind));
    let draft = match action {
        Action::OptIn => {
            // a permission of an unknown group is none
            let grant = scope.as_ref().and_then(|scope| batch.source.grant(Some(scope)));
            let Some(grant) = grant else { return batch.skip(Skip::NoEvidence) };
            draft.granted_in(grant, scope.as_ref())
        }
        Action::OptOut if kind == "group_unsubscribe" => draft.refused_in(scope.as_ref()),
        Action::HardBounce => draft.smtp(json::text(event, "/status").map(str::to_owned)),
        _ => draft,
    };
    batch.push(at, draft);
}

fn via(kind: &str) -> String {
    let repeated =
        if kind == "dropped" { " (repeated by the provider; time of the report)" } else { "" };
    format!("sendgrid:{kind}{repeated}")
}

/// What SendGrid's own lists know of the address that it did not send to (rule 9).
fn dropped(reason: &str) -> Option<Action> {
    if reason.contains("unsubscribed address") {
        Some(Action::OptOut)
    } else if reason.contains("spam reporting address") {
        Some(Action::Complaint)
    } else if reason.contains("bounced address") || reason == "invalid" {
        Some(Action::HardBounce)
    } else {
        None
    }
}
