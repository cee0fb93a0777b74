//! Mailgun: one event in JSON (docs/providers/mailgun.md).
//!
//! HMAC-SHA256 covers a timestamp and a word, both inside the body, **and not the event**: one request that leaks could sign any
//! other. So the word counts once; it is remembered only after 2xx, so that a retry after a 503 still counts. 406 ends Mailgun's
//! retries.

use crate::batch::{At, Batch};
use crate::crypto::{self, Mac};
use crate::draft::{Draft, Id};
use crate::json;
use crate::outcome::{Answer, Outcome, ProblemClass, Refusal, Skip, Window};
use crate::scheme::presented::within;
use crate::source::Source;
use crate::time;
use gate_core::{Action, Timestamp};
use serde_json::Value;

/// How old a signature may be: retries run for 8 hours, and whether they are signed anew is not documented.
const TOLERANCE_SECONDS: u32 = 24 * 3600;

/// What a verified body is remembered by.
pub(crate) struct Verified {
    event: Value,
    /// The word, whichever body it came with.
    token: String,
    /// The word with this body.
    pair: String,
}

/// Checks the signature inside the body.
pub(crate) fn verify(
    source: &Source,
    body: &[u8],
    window: &dyn Window,
    now: Timestamp,
) -> Result<Verified, Box<Outcome>> {
    let refused = |refusal: Refusal| Box::new(Outcome::from(refusal));
    let event = json::value(body).map_err(|_| {
        let mut outcome = refused(Refusal::Unreadable);
        outcome.answer = Answer::text(406, "not acceptable: not JSON as Mailgun writes it\n");
        outcome
    })?;
    let of = |name: &str| json::scalar(&event, &format!("/signature/{name}"));
    let (Some(stamp), Some(token), Some(tag)) = (of("timestamp"), of("token"), of("signature"))
    else {
        return Err(refused(Refusal::Unauthentic));
    };
    let tag = crypto::hex(tag.as_bytes()).unwrap_or_default();
    let message = format!("{stamp}{token}");
    let fits = |key: &crate::secret::Secret| {
        Mac::Sha256.is_of(key.expose().as_bytes(), message.as_bytes(), &tag)
    };
    if !source.keys.secrets.iter().any(fits) {
        return Err(refused(Refusal::Unauthentic));
    }
    let at: i64 = stamp.parse().map_err(|_| refused(Refusal::Unauthentic))?;
    within(at, i64::from(source.tolerance_seconds.unwrap_or(TOLERANCE_SECONDS)), now)
        .map_err(refused)?;
    // a digit moved from the end of the timestamp to the word's beginning signs the same bytes
    let name = crypto::to_hex(&crypto::sha256(message.as_bytes()));
    let body_name = crypto::to_hex(&crypto::sha256(body));
    let token = format!("mailgun:{}:{name}", source.name);
    let pair = format!("{token}:{body_name}");
    if window.knows(&pair) {
        // it counted before: nothing is lost, and Mailgun need not try again
        return Err(refused(Refusal::Replayed));
    }
    if window.knows(&token) {
        return Err(refused(Refusal::Unauthentic));
    }
    Ok(Verified { event, token, pair })
}

/// What the event says.
pub(crate) fn handle(batch: &mut Batch<'_>, verified: Verified, raw: &[u8]) {
    let at = At { index: 0, pointer: "", raw };
    batch.outcome.remember.extend([verified.token, verified.pair]);
    let Some(event) = json::at(&verified.event, "/event-data") else {
        return batch.problem(&at, "/event-data", ProblemClass::MissingField, "there is no event");
    };
    one(batch, &at, event);
}

fn one(batch: &mut Batch<'_>, at: &At<'_>, event: &Value) {
    let Some(kind) = json::text(event, "/event") else {
        return batch.problem(
            at,
            "/event-data/event",
            ProblemClass::MissingField,
            "it says no event",
        );
    };
    let reason = json::text(event, "/reason").unwrap_or_default();
    let is_permanent = json::text(event, "/severity") == Some("permanent");
    let (action, is_repeat) = match (kind, reason) {
        ("unsubscribed", _) => (Action::OptOut, false),
        ("complained", _) => (Action::Complaint, false),
        ("failed", "suppress-unsubscribe") => (Action::OptOut, true),
        ("failed", "suppress-complaint") => (Action::Complaint, true),
        ("failed", "suppress-bounce") if is_permanent => (Action::HardBounce, true),
        ("failed", _) if is_permanent => (Action::HardBounce, false),
        ("failed" | "accepted" | "delivered" | "opened" | "clicked" | "stored" | "rejected", _) => {
            return batch.skip(Skip::NotAChange);
        }
        _ => return batch.skip(Skip::UnknownEvent),
    };
    if is_repeat && !batch.source.switches.repeats {
        return batch.skip(Skip::SwitchedOff);
    }
    let Some(address) = json::text(event, "/recipient") else {
        return batch.problem(
            at,
            "/event-data/recipient",
            ProblemClass::MissingField,
            "it names nobody",
        );
    };
    let stamp = json::at(event, "/timestamp");
    let Some(occurred_at) = stamp.and_then(time::seconds) else {
        return batch.problem(
            at,
            "/event-data/timestamp",
            ProblemClass::MissingField,
            "it says no time",
        );
    };
    // an id is unique within a day only
    let literal = json::scalar(event, "/timestamp").unwrap_or_default();
    let id = match json::text(event, "/id") {
        Some(id) => Id::Own(vec![literal, id.to_owned()]),
        None => Id::Hashed(vec![kind.to_owned(), literal, address.to_owned()]),
    };
    let note = if is_repeat { " (repeated by the provider; time of the report)" } else { "" };
    let mut draft = Draft::new(action, id, occurred_at)
        .on("email")
        .about(address)
        .via(format!("mailgun:{kind}{note}"));
    if action == Action::HardBounce {
        let code = |name: &str| json::scalar(event, &format!("/delivery-status/{name}"));
        draft = draft.smtp(code("enhanced-code").or_else(|| code("code")));
    }
    batch.push(at, draft);
}
