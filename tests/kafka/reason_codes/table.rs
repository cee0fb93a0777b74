//! What was said about a person, the message to that person, and the code that the gate answers with.
//!
//! Nobody appears in two rows. Rows with hours rely on the changed packs of `reason_codes.rs`.

use crate::harness::data::{self, Contact};
use serde_json::{Value, json};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
/// The gate's limit of different refusals of one person, and one more.
const REFUSALS_TOO_MANY: usize = 1025;

/// One code and how it comes about.
pub(crate) struct Row {
    /// `gate-reason`, or a warning that the decision names.
    pub(crate) code: &'static str,
    pub(crate) address: String,
    /// Consent changes; what they leave out is filled in. Text stands for a value that nobody can read.
    pub(crate) changes: Vec<Value>,
    /// What differs from an ordinary newsletter, or text as above.
    pub(crate) message: Value,
}

/// Every row.
pub(crate) fn rows() -> Vec<Row> {
    let parts =
        [unfit(), asked_once(), refused(), without_basis(), limited(), permitted(), warned()];
    parts.into_iter().flatten().collect()
}

fn mail(code: &'static str, changes: impl IntoIterator<Item = Value>, message: Value) -> Row {
    let address = Contact::new(code).address;
    Row { code, address, changes: changes.into_iter().collect(), message }
}

fn phone(
    code: &'static str,
    number: &str,
    changes: impl IntoIterator<Item = Value>,
    message: Value,
) -> Row {
    Row { address: number.to_owned(), ..mail(code, changes, message) }
}

/// `base`, changed by what `over` names.
pub(crate) fn with(base: Value, over: Value) -> Value {
    match (base, over) {
        (Value::Object(mut base), Value::Object(over)) => {
            for (key, value) in over {
                let known = base.remove(&key).unwrap_or(Value::Null);
                base.insert(key, with(known, value));
            }
            Value::Object(base)
        }
        (_, over) => over,
    }
}

/// So many seconds ago, or ahead.
pub(crate) fn ago(seconds: i64) -> String {
    let span = jiff::SignedDuration::from_secs(seconds);
    jiff::Timestamp::now().checked_sub(span).expect("within history").to_string()
}

fn opt_in() -> Value {
    json!({"action": "opt_in", "channel": "email", "purpose": "marketing.newsletter", "basis": "express",
        "evidence": {"method": "web_form", "notice_version": "n-1", "notice_text_sha256": "9c1f",
            "source": "https://shop.example/newsletter", "locale": "en"}})
}

fn opt_in_by(channel: &str) -> Value {
    with(opt_in(), json!({"channel": channel}))
}

fn opt_in_requested() -> Value {
    with(opt_in(), json!({"action": "opt_in_requested"}))
}

/// A purchase with all that the soft opt-in of GB asks for.
fn purchase() -> Value {
    json!({"action": "relationship", "kind": "purchase", "context": {"product_group": "tents", "refused": false,
        "details_obtained_directly": true, "refusal_offered_at_collection": true}})
}

fn inquiry(seconds_ago: i64) -> Value {
    json!({"action": "relationship", "kind": "inquiry", "occurred_at": ago(seconds_ago),
        "context": {"refused": false}})
}

fn stop() -> Value {
    json!({"action": "inbound_sms", "text": "STOP", "to": "+447700900999", "occurred_at": ago(20)})
}

fn sent(channel: &str, seconds_ago: i64) -> Value {
    json!({"action": "sent", "channel": channel, "message_id": "another", "occurred_at": ago(seconds_ago)})
}

fn asked_registry(is_listed: bool, seconds_ago: i64) -> Value {
    json!({"action": "registry_status", "registry": "TPS", "listed": is_listed, "channel": "voice_live",
        "occurred_at": ago(seconds_ago)})
}

/// A message of a category that needs no consent.
fn exempt(category: &str) -> Value {
    json!({"category": category, "content": {"promotional": false}})
}

fn to(jurisdiction: Value) -> Value {
    json!({"recipient": {"jurisdiction": jurisdiction}})
}

/// What cannot be judged, cannot be delivered or must never be sent.
fn unfit() -> Vec<Row> {
    let saturating = (0..REFUSALS_TOO_MANY).map(|n| {
        json!({"action": "opt_out", "channel": "email", "purpose": format!("marketing.topic-{n}")})
    });
    let erased_before = json!({"action": "erase", "contact_id": "an-earlier-owner"});
    vec![
        mail("blocked.invalid_message", [opt_in()], json!("no message at all")),
        mail("blocked.unsupported_channel", [opt_in()], json!({"channel": "fax"})),
        mail("blocked.message_expired", [opt_in()], json!({"expires_at": ago(HOUR)})),
        mail("blocked.state_unavailable", saturating, json!({})),
        phone(
            "blocked.policy_unavailable", // the holiday calendar has run out
            "+33639980101",
            [opt_in_by("sms")],
            with(to("FR".into()), json!({"channel": "sms"})),
        ),
        mail("blocked.missing_contact", [opt_in()], json!({"recipient": {"address": null}})),
        mail("blocked.invalid_address", [opt_in()], json!({"recipient": {"address": "nowhere"}})),
        mail(
            "blocked.undeliverable",
            [opt_in(), json!({"action": "hard_bounce", "smtp": "5.1.1"})],
            json!({}),
        ),
        phone(
            "blocked.number_reassigned",
            "+447700900101",
            [opt_in_by("sms"), json!({"action": "address_reassigned"})],
            json!({"channel": "sms"}),
        ),
        mail(
            "blocked.suppressed_global",
            [opt_in(), json!({"action": "suppress", "scope": "all", "cause": "legal request"})],
            json!({}),
        ),
        mail("blocked.erased", [opt_in(), json!({"action": "erase", "address": null})], json!({})),
        mail("blocked.suppressed_address", [erased_before], json!({})),
    ]
}

/// The messages around an opt-out and an opt-in.
fn asked_once() -> Vec<Row> {
    let confirmation = with(exempt("optout_confirmation"), json!({"channel": "sms"}));
    let old = json!({"action": "opt_out", "channel": "sms", "occurred_at": ago(HOUR)});
    let request = exempt("consent_request");
    vec![
        phone("blocked.confirmation_window", "+447700900102", [old], confirmation.clone()),
        phone(
            "blocked.confirmation_duplicate",
            "+447700900103",
            [stop(), sent("sms", 10)],
            confirmation.clone(),
        ),
        phone("approved.optout_confirmation", "+447700900104", [stop()], confirmation),
        mail(
            "blocked.consent_request_repeated",
            [opt_in_requested(), sent("email", HOUR)],
            request.clone(),
        ),
        mail("approved.consent_request", [opt_in_requested()], request),
    ]
}

/// What a person, a source or a registry said against it.
fn refused() -> Vec<Row> {
    let from_stopped = json!({"channel": "sms", "sender_number": "+447700900999"});
    let born_yesterday = &data::yesterday().to_string()[..10];
    let call = json!({"channel": "voice_live"});
    vec![
        mail(
            "blocked.complaint",
            [opt_in(), json!({"action": "complaint", "channel": "email", "format": "arf"})],
            json!({}),
        ),
        mail("blocked.objected", [opt_in(), json!({"action": "object"})], json!({})),
        mail(
            "blocked.opted_out",
            [opt_in(), with(opt_in(), json!({"action": "opt_out"}))],
            json!({}),
        ),
        phone(
            "blocked.sender_stop",
            "+447700900105",
            [stop()],
            with(exempt("transactional"), from_stopped),
        ),
        mail("blocked.consent_unreadable", [opt_in(), json!("perhaps an opt-out")], json!({})),
        mail(
            "blocked.minor",
            [opt_in(), json!({"action": "profile", "birth_date": born_yesterday})],
            json!({}),
        ),
        phone("blocked.dnc_registry", "+447700900106", [asked_registry(true, DAY)], call.clone()),
        phone("blocked.registry_stale", "+447700900107", [asked_registry(false, 60 * DAY)], call),
    ]
}

/// Bases that are missing or fall short.
fn without_basis() -> Vec<Row> {
    let tents = json!({"product_group": "tents"});
    vec![
        mail("blocked.pending_confirmation", [opt_in_requested()], json!({})),
        mail("blocked.evidence_incomplete", [with(opt_in(), json!({"evidence": null}))], json!({})),
        mail("blocked.consent_expired", [inquiry(400 * DAY)], to("CA".into())),
        mail("blocked.basis_not_accepted", [purchase()], to(Value::Null)),
        mail(
            "blocked.soft_opt_in_condition",
            [with(purchase(), json!({"context": {"refused": null}}))],
            tents,
        ),
        mail("blocked.scope_mismatch", [with(opt_in(), json!({"brand": "summit"}))], json!({})),
        mail("blocked.no_consent", [], json!({})),
    ]
}

/// Consent is there; the message, its number or the hour is not right.
fn limited() -> Vec<Row> {
    let to_germany =
        json!({"channel": "voice_live", "recipient": {"jurisdiction": "DE", "tz": "Etc/UTC"}});
    vec![
        mail("blocked.content_requirement", [opt_in()], json!({"content": {"unsubscribe": false}})),
        mail("blocked.frequency_cap", [opt_in(), sent("email", HOUR)], to(Value::Null)),
        phone(
            "blocked.quiet_hours", // there are hours, and nobody can tell the zone of a toll-free number
            "+18005550101",
            [opt_in_by("sms")],
            with(to(Value::Null), json!({"channel": "sms"})),
        ),
        phone("deferred.quiet_hours", "+4915112345678", [opt_in_by("voice_live")], to_germany),
    ]
}

fn permitted() -> Vec<Row> {
    let tents = json!({"product_group": "tents"});
    let donation = json!({"kind": "donation", "context": {"sender_is_charity": true}});
    let call = json!({"channel": "voice_live"});
    vec![
        mail("approved.express_consent", [opt_in()], json!({})),
        mail(
            "approved.charity_soft_opt_in",
            [with(purchase(), donation)],
            json!({"sole_charitable_purpose": true}),
        ),
        mail("approved.soft_opt_in", [purchase()], tents),
        mail("approved.implied_consent", [inquiry(30 * DAY)], to("CA".into())),
        phone("approved.legitimate_interest", "+447700900108", [asked_registry(false, DAY)], call),
        mail("approved.opt_out_regime", [], to("US".into())),
        mail("approved.transactional", [], exempt("transactional")),
        mail("approved.emergency", [], exempt("emergency")),
        mail("approved.legal_notice", [], exempt("legal_notice")),
    ]
}

/// What never changes the outcome.
fn warned() -> Vec<Row> {
    let sms = json!({"channel": "sms"});
    let old = with(opt_in(), json!({"occurred_at": ago(900 * DAY)}));
    let of = |purpose: &str| with(opt_in(), json!({"event_id": "redelivered", "purpose": purpose}));
    let redelivered = [of("marketing.newsletter"), of("marketing.offers")];
    vec![
        mail(
            "warning.clock_skew",
            [opt_in(), with(opt_in(), json!({"occurred_at": ago(-HOUR)}))],
            json!({}),
        ),
        mail("warning.duplicate_conflict", redelivered, json!({})),
        phone("warning.jurisdiction_conflict", "+13125550101", [opt_in_by("sms")], sms.clone()),
        mail("warning.dormant_consent", [old], to("DE".into())),
        phone("warning.tz_guess", "+447700900109", [opt_in_by("sms")], sms),
        mail("warning.near_expiry", [inquiry(170 * DAY)], to("CA".into())),
        mail("warning.pack_review_overdue", [inquiry(10 * DAY)], to("NZ".into())),
        phone(
            "warning.start_without_effect", // a START of which nobody knows the brand
            "+447700900110",
            [
                opt_in_by("sms"),
                stop(),
                with(stop(), json!({"text": "START", "brand": null, "occurred_at": ago(10)})),
            ],
            json!({"channel": "sms"}),
        ),
    ]
}
