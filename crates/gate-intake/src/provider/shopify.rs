//! Shopify: consent of customers, and their redaction (docs/providers/shopify.md).
//!
//! Only the body is signed: topic and ids stand in headers that anybody can change who holds a signed body. So the event id is
//! made of the body, and a topic counts only for a body of its own shape.

use crate::batch::{At, Batch};
use crate::draft::{Draft, Id, filled};
use crate::json;
use crate::outcome::{ProblemClass, Refusal, Skip};
use crate::request::Request;
use crate::time;
use gate_core::Action;
use serde_json::Value;

/// The contact id where the source configures none.
const CONTACT_ID: &str = "shopify-{customer_id}";

/// What the event says.
pub(crate) fn handle(batch: &mut Batch<'_>, request: &Request) -> Result<(), Refusal> {
    let at = At { index: 0, pointer: "", raw: &request.body };
    let event = match json::value(&request.body) {
        Ok(event) => event,
        Err(ProblemClass::DuplicateKey) => {
            batch.problem(&at, "", ProblemClass::DuplicateKey, "the event cannot be read");
            return Ok(());
        }
        Err(_) => return Err(Refusal::Unreadable),
    };
    match request.text("x-shopify-topic").unwrap_or_default() {
        "customers/redact" => redact(batch, &at, &event),
        "customers_email_marketing_consent/update"
        | "customers_marketing_consent/update"
        | "customers/create"
        | "customers/update" => consents(batch, &at, &event),
        "customers/data_request" | "shop/redact" | "customers/delete" | "app/uninstalled" => {
            batch.skip(Skip::NotAChange)
        }
        _ => batch.skip(Skip::UnknownEvent),
    }
    Ok(())
}

fn contact(batch: &Batch<'_>, customer: &str) -> Option<String> {
    let template = batch.source.contact_id.as_deref().unwrap_or(CONTACT_ID);
    filled(template, &serde_json::json!({ "customer_id": customer, "id": customer }))
}

fn consents(batch: &mut Batch<'_>, at: &At<'_>, event: &Value) {
    let customer = json::scalar(event, "/customer_id").or_else(|| json::scalar(event, "/id"));
    let address = |names: [&str; 2]| names.iter().find_map(|name| json::text(event, name));
    let channels = [
        ("email_marketing_consent", "email", address(["/email_address", "/email"])),
        ("sms_marketing_consent", "sms", address(["/phone", "/phone_number"])),
    ];
    let mut n_found = 0;
    for (field, channel, address) in channels {
        let Some(consent) = json::at(event, &format!("/{field}")) else { continue };
        n_found += 1;
        one(
            batch,
            at,
            &Consent { field, channel, address, customer: customer.as_deref(), consent },
        );
    }
    if n_found == 0 {
        batch.skip(Skip::NotAChange);
    }
}

struct Consent<'e> {
    field: &'static str,
    channel: &'static str,
    address: Option<&'e str>,
    customer: Option<&'e str>,
    consent: &'e Value,
}

fn one(batch: &mut Batch<'_>, at: &At<'_>, found: &Consent<'_>) {
    let lower =
        |name: &str| json::text(found.consent, name).unwrap_or_default().to_ascii_lowercase();
    let (state, level) = (lower("/state"), lower("/opt_in_level"));
    let action = match (state.as_str(), level.as_str()) {
        ("unsubscribed", _) => Action::OptOut,
        ("subscribed", "confirmed_opt_in") => Action::OptInConfirmed,
        ("subscribed", "single_opt_in") => Action::OptIn,
        ("pending", _) => Action::OptInRequested,
        ("subscribed", _) => return batch.skip(Skip::NoEvidence),
        ("redacted", _) if !batch.source.switches.erase => return batch.skip(Skip::SwitchedOff),
        ("redacted", _) => Action::Erase,
        ("not_subscribed" | "invalid", _) => return batch.skip(Skip::NotAChange),
        _ => return batch.skip(Skip::UnknownEvent),
    };
    let field = format!("/{}/consent_updated_at", found.field);
    let Some(occurred_at) =
        json::text(found.consent, "/consent_updated_at").and_then(time::rfc3339)
    else {
        return batch.problem(
            at,
            &field,
            ProblemClass::InvalidValue,
            "it says no time with a zone",
        );
    };
    let id = Id::Hashed(vec![
        found.field.to_owned(),
        found.customer.unwrap_or_default().to_owned(),
        found.address.unwrap_or_default().to_owned(),
        occurred_at.as_micros().to_string(),
        state.clone(),
        level,
    ]);
    let mut draft =
        Draft::new(action, id, occurred_at).on(found.channel).via(format!("shopify:{state}"));
    draft.address = found.address.map(str::to_owned);
    draft.contact_id = found.customer.and_then(|customer| contact(batch, customer));
    if matches!(action, Action::OptIn | Action::OptInConfirmed | Action::OptInRequested) {
        let Some(grant) = batch.source.grant(None) else { return batch.skip(Skip::NoEvidence) };
        draft = draft.granted_in(grant, None);
    }
    batch.push(at, draft);
}

/// A request for redaction has `orders_to_redact`; a request for data, of the same shape, does not.
fn redact(batch: &mut Batch<'_>, at: &At<'_>, event: &Value) {
    if json::at(event, "/orders_to_redact").is_none() || json::at(event, "/shop_id").is_none() {
        return batch.problem(
            at,
            "",
            ProblemClass::InvalidValue,
            "no redaction, whatever its topic says",
        );
    }
    if !batch.source.switches.erase {
        return batch.skip(Skip::SwitchedOff);
    }
    let customer = json::scalar(event, "/customer/id");
    let address =
        json::text(event, "/customer/email").or_else(|| json::text(event, "/customer/phone"));
    let id = Id::Hashed(vec!["redact".to_owned(), String::from_utf8_lossy(at.raw).into_owned()]);
    let mut draft = Draft::received(Action::Erase, id, batch.now).via("shopify:customers/redact");
    draft.address = address.map(str::to_owned);
    draft.contact_id = customer.and_then(|customer| contact(batch, &customer));
    batch.push(at, draft);
}
