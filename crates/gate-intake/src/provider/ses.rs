//! Amazon SES events and End User Messaging SMS inside SNS notifications (docs/providers/ses.md).
//!
//! Both event publishing (`eventType`) and identity notifications (`notificationType`) may be on; both name the same
//! `feedbackId`, so the event id is the same.

use super::sns::{Kind, Message};
use crate::batch::{At, Batch};
use crate::draft::{Draft, Id};
use crate::json;
use crate::outcome::{Effect, ProblemClass, Skip};
use crate::source::ScopeSpec;
use crate::time;
use gate_core::{Action, Timestamp};
use serde_json::Value;

/// Most recipients of one notification: SES sends to 50 at once.
const RECIPIENTS_MAX: usize = 1_000;

/// What the message says.
pub(crate) fn handle(batch: &mut Batch<'_>, message: &Message, raw: &[u8]) {
    match &message.kind {
        Kind::Subscription(url) if batch.source.switches.confirm_subscriptions => {
            batch.outcome.effects.push(Effect::ConfirmSubscription { url: url.clone() });
            return batch.skip(Skip::Notice);
        }
        Kind::Subscription(_) => return batch.skip(Skip::SwitchedOff),
        Kind::Unsubscription => {
            batch.outcome.effects.push(Effect::SubscriptionEnded);
            return batch.skip(Skip::Notice);
        }
        Kind::Notification => {}
    }
    let at = At { index: 0, pointer: "", raw };
    // the first message after the confirmation is a sentence
    if !message.text.trim_start().starts_with('{') {
        return batch.skip(Skip::Notice);
    }
    let event = match json::value(message.text.as_bytes()) {
        Ok(event) => event,
        Err(class) => {
            return batch.problem(
                &at,
                "/Message",
                class,
                "the event inside the message cannot be read",
            );
        }
    };
    let kind = json::text(&event, "/eventType").or_else(|| json::text(&event, "/notificationType"));
    match kind {
        Some("Bounce") => bounce(batch, &at, &event, message),
        Some("Complaint") => complaint(batch, &at, &event, message),
        Some("Subscription") => subscription(batch, &at, &event),
        Some(
            "Send"
            | "Delivery"
            | "DeliveryDelay"
            | "Open"
            | "Click"
            | "Reject"
            | "Rendering Failure"
            | "Received"
            | "AmazonSnsSubscriptionSucceeded",
        ) => batch.skip(Skip::NotAChange),
        None if json::at(&event, "/originationNumber").is_some() => {
            text_message(batch, &at, &event, message)
        }
        _ => batch.skip(Skip::UnknownEvent),
    }
}

/// The time of an event, or a problem.
fn when(batch: &mut Batch<'_>, at: &At<'_>, event: &Value, pointer: &str) -> Option<Timestamp> {
    let found = json::text(event, pointer).and_then(time::rfc3339);
    if found.is_none() {
        batch.problem(
            at,
            &format!("/Message{pointer}"),
            ProblemClass::InvalidValue,
            "it says no time with a zone",
        );
    }
    found
}

fn bounce(batch: &mut Batch<'_>, at: &At<'_>, event: &Value, message: &Message) {
    if json::text(event, "/bounce/bounceType") != Some("Permanent") {
        return batch.skip(Skip::NotAChange);
    }
    let is_repeat = json::text(event, "/bounce/bounceSubType")
        .is_some_and(|kind| kind == "OnAccountSuppressionList" || kind == "Suppressed");
    if is_repeat && !batch.source.switches.repeats {
        return batch.skip(Skip::SwitchedOff);
    }
    let note = if is_repeat { " (repeated by the provider; time of the report)" } else { "" };
    let list = Recipients {
        list: "/bounce/bouncedRecipients",
        root: "/bounce",
        kind: "bounce",
        via: format!("ses:Bounce{note}"),
    };
    each(
        batch,
        at,
        event,
        message,
        &list,
        |draft, recipient| draft.smtp(json::text(recipient, "/status").map(str::to_owned)),
        Action::HardBounce,
    );
}

fn complaint(batch: &mut Batch<'_>, at: &At<'_>, event: &Value, message: &Message) {
    // a type nobody knows is a complaint, as one without a type is
    let kind = json::text(event, "/complaint/complaintFeedbackType");
    if matches!(kind, Some("not-spam" | "auth-failure" | "virus")) {
        return batch.skip(Skip::NotAChange);
    }
    let is_repeat =
        json::text(event, "/complaint/complaintSubType") == Some("OnAccountSuppressionList");
    if is_repeat && !batch.source.switches.repeats {
        return batch.skip(Skip::SwitchedOff);
    }
    let note = if is_repeat { " (repeated by the provider; time of the report)" } else { "" };
    let list = Recipients {
        list: "/complaint/complainedRecipients",
        root: "/complaint",
        kind: "complaint",
        via: format!("ses:Complaint{note}"),
    };
    each(batch, at, event, message, &list, |draft, _| draft, Action::Complaint);
}

struct Recipients {
    list: &'static str,
    root: &'static str,
    kind: &'static str,
    via: String,
}

fn each(
    batch: &mut Batch<'_>,
    at: &At<'_>,
    event: &Value,
    message: &Message,
    of: &Recipients,
    more: impl Fn(Draft, &Value) -> Draft,
    action: Action,
) {
    let Some(occurred_at) = when(batch, at, event, &format!("{}/timestamp", of.root)) else {
        return;
    };
    let recipients = json::at(event, of.list).and_then(Value::as_array);
    let Some(recipients) = recipients.filter(|all| !all.is_empty() && all.len() <= RECIPIENTS_MAX)
    else {
        return batch.problem(
            at,
            &format!("/Message{}", of.list),
            ProblemClass::MissingField,
            "it names nobody",
        );
    };
    let feedback =
        json::text(event, &format!("{}/feedbackId", of.root)).unwrap_or(&message.message_id);
    for (number, recipient) in recipients.iter().enumerate() {
        let Some(address) = json::text(recipient, "/emailAddress") else {
            batch.problem(
                at,
                &format!("/Message{}/{number}/emailAddress", of.list),
                ProblemClass::MissingField,
                "it names nobody",
            );
            continue;
        };
        let id = Id::Own(vec![of.kind.to_owned(), feedback.to_owned(), number.to_string()]);
        let draft = Draft::new(action, id, occurred_at)
            .on("email")
            .about(bare(address))
            .via(of.via.as_str());
        batch.push(at, more(draft, recipient));
    }
}

/// The address inside `Name <address>`.
fn bare(address: &str) -> &str {
    let inside = address.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map_or(address, |(inside, _)| inside.trim())
}

fn subscription(batch: &mut Batch<'_>, at: &At<'_>, event: &Value) {
    let Some(occurred_at) = when(batch, at, event, "/subscription/timestamp") else { return };
    let people: Vec<String> = json::at(event, "/mail/destination")
        .and_then(Value::as_array)
        .map(|all| {
            all.iter()
                .filter_map(Value::as_str)
                .map(|one| bare(one).to_owned())
                .take(RECIPIENTS_MAX)
                .collect()
        })
        .unwrap_or_default();
    if people.is_empty() {
        return batch.problem(
            at,
            "/Message/mail/destination",
            ProblemClass::MissingField,
            "it names nobody",
        );
    }
    let list = json::text(event, "/subscription/contactList").unwrap_or_default().to_owned();
    let mail = json::text(event, "/mail/messageId").unwrap_or_default().to_owned();
    let stamp = occurred_at.as_micros().to_string();
    for address in people {
        let id = |topic: &str| {
            Id::Hashed(vec![
                "subscription".to_owned(),
                mail.clone(),
                list.clone(),
                stamp.clone(),
                address.clone(),
                topic.to_owned(),
            ])
        };
        let draft = |action, topic: &str| {
            Draft::new(action, id(topic), occurred_at)
                .on("email")
                .about(address.as_str())
                .via("ses:Subscription")
        };
        let everything = "/subscription/newTopicPreferences/unsubscribeAll";
        if json::at(event, everything).and_then(Value::as_bool) == Some(true) {
            batch.push(at, draft(Action::OptOut, ""));
            continue;
        }
        let changed = changed(event);
        if changed.is_empty() {
            batch.skip(Skip::NotAChange);
        }
        for (topic, is_in) in changed {
            let scope: Option<ScopeSpec> =
                batch.source.contact_lists.get(&list).and_then(|topics| topics.get(topic)).cloned();
            if !is_in {
                batch.push(at, draft(Action::OptOut, topic).refused_in(scope.as_ref()));
                continue;
            }
            match scope.as_ref().and_then(|scope| batch.source.grant(Some(scope))) {
                Some(grant) => {
                    batch.push(at, draft(Action::OptIn, topic).granted_in(grant, scope.as_ref()))
                }
                None => batch.skip(Skip::NoEvidence),
            }
        }
    }
}

/// Topics whose state is another than before, and whether they are joined now.
fn changed(event: &Value) -> Vec<(&str, bool)> {
    let states = |which: &str| {
        let list = json::at(event, &format!("/subscription/{which}/topicSubscriptionStatus"))
            .and_then(Value::as_array);
        let each = list.into_iter().flatten().take(RECIPIENTS_MAX);
        each.filter_map(|topic| {
            Some((json::text(topic, "/topicName")?, json::text(topic, "/subscriptionStatus")?))
        })
        .collect::<Vec<_>>()
    };
    let before = states("oldTopicPreferences");
    let now = states("newTopicPreferences");
    let is_new = |topic: &&(&str, &str)| !before.contains(topic);
    now.iter()
        .filter(is_new)
        .filter_map(|(topic, state)| match *state {
            "OptOut" => Some((*topic, false)),
            "OptIn" => Some((*topic, true)),
            _ => None,
        })
        .collect()
}

fn text_message(batch: &mut Batch<'_>, at: &At<'_>, event: &Value, message: &Message) {
    let text = json::text(event, "/messageBody");
    let (Some(from), Some(text)) = (json::text(event, "/originationNumber"), text) else {
        return batch.skip(Skip::NotAChange);
    };
    // the payload has no time; that of SNS is signed
    let Some(occurred_at) = message.timestamp else {
        return batch.problem(
            at,
            "/Timestamp",
            ProblemClass::InvalidValue,
            "it says no time with a zone",
        );
    };
    let id = json::text(event, "/inboundMessageId").unwrap_or(&message.message_id);
    let mut draft = Draft::new(Action::InboundSms, Id::of(id), occurred_at)
        .on("sms")
        .about(from)
        .via("aws-sms:inbound");
    draft.text = Some(text.to_owned());
    draft.to = json::text(event, "/destinationNumber").map(str::to_owned);
    batch.push(at, draft);
}
