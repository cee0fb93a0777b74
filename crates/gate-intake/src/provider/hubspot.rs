//! HubSpot: property changes and privacy deletions, without an address (docs/providers/hubspot.md).
//!
//! A contact is named by portal and object id, so the pipeline must know people by the same id.

use crate::batch::{At, Batch};
use crate::draft::{Draft, Id, filled};
use crate::json;
use crate::outcome::{ProblemClass, Refusal, Skip};
use crate::time;
use gate_core::Action;
use serde_json::Value;

/// The contact id where the source configures none.
const CONTACT_ID: &str = "hubspot-{portalId}-{objectId}";
/// Properties that begin so say whether e-mail is refused; the rest of the name is a subscription type.
const OPT_OUT: &str = "hs_email_optout";
/// HubSpot's number of the object type "contact".
const CONTACT: &str = "0-1";

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
    let Some(kind) = json::text(event, "/subscriptionType") else {
        return batch.problem(
            at,
            "/subscriptionType",
            ProblemClass::MissingField,
            "it says no event",
        );
    };
    let is_contact = json::text(event, "/objectTypeId").is_none_or(|kind| kind == CONTACT);
    match kind {
        "contact.propertyChange" => property(batch, at, event),
        "object.propertyChange" if is_contact => property(batch, at, event),
        "contact.privacyDeletion" if batch.source.switches.erase => {
            if let Some(draft) = draft(batch, at, event, Action::Erase) {
                batch.push(at, draft.via("hubspot:contact.privacyDeletion"));
            }
        }
        "contact.privacyDeletion" => batch.skip(Skip::SwitchedOff),
        "contact.creation"
        | "contact.deletion"
        | "contact.merge"
        | "contact.restore"
        | "contact.associationChange"
        | "object.propertyChange"
        | "object.creation"
        | "object.deletion" => batch.skip(Skip::NotAChange),
        _ => batch.skip(Skip::UnknownEvent),
    }
}

fn property(batch: &mut Batch<'_>, at: &At<'_>, event: &Value) {
    let name = json::text(event, "/propertyName").unwrap_or_default();
    let scope = batch.source.scopes.get(name).cloned();
    if scope.is_none() && !name.starts_with(OPT_OUT) {
        return batch.skip(Skip::NotAChange);
    }
    let value = json::scalar(event, "/propertyValue").unwrap_or_default().to_ascii_lowercase();
    let channel = scope
        .as_ref()
        .and_then(|scope| scope.channel.clone())
        .unwrap_or_else(|| "email".to_owned());
    match value.as_str() {
        "" => batch.skip(Skip::NotAChange),
        "false" | "0" | "no" => {
            let grant = scope
                .as_ref()
                .filter(|scope| scope.purpose.is_some())
                .and_then(|scope| batch.source.grant(Some(scope)));
            let Some(grant) = grant else { return batch.skip(Skip::NoEvidence) };
            if let Some(draft) = draft(batch, at, event, Action::OptIn) {
                batch.push(
                    at,
                    draft
                        .on(&channel)
                        .granted_in(grant, scope.as_ref())
                        .via(format!("hubspot:{name}")),
                );
            }
        }
        // whatever else stands in a property that says "refused" refuses
        _ => {
            if let Some(draft) = draft(batch, at, event, Action::OptOut) {
                batch.push(
                    at,
                    draft.on(&channel).refused_in(scope.as_ref()).via(format!("hubspot:{name}")),
                );
            }
        }
    }
}

fn draft(batch: &mut Batch<'_>, at: &At<'_>, event: &Value, action: Action) -> Option<Draft> {
    let Some(occurred_at) = json::at(event, "/occurredAt").and_then(time::millis) else {
        batch.problem(at, "/occurredAt", ProblemClass::MissingField, "it says no time");
        return None;
    };
    let template = batch.source.contact_id.as_deref().unwrap_or(CONTACT_ID);
    let Some(contact_id) = filled(template, event) else {
        batch.problem(at, "/objectId", ProblemClass::MissingField, "it names nobody");
        return None;
    };
    // event ids are not promised to be unique, so what happened to whom and when goes with it
    let names = ["/portalId", "/subscriptionId", "/eventId", "/objectId", "/occurredAt"];
    let parts = names.iter().map(|name| json::scalar(event, name).unwrap_or_default()).collect();
    let mut draft = Draft::new(action, Id::Own(parts), occurred_at);
    draft.contact_id = Some(contact_id);
    Some(draft)
}
