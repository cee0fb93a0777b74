//! A consent change: what it does, and of a permission where it is one.

use super::{Answer, Checker, verdict};
use crate::cli::Failure;
use crate::cli::consent::Meaning;
use gate_codec::Class;
use gate_core::{Action, Address, Channel, ConsentChange, Decision, Outcome, Reason};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Characters of a line of jurisdictions.
const LINE_CHARS_MAX: usize = 96;

impl Checker<'_> {
    pub(super) fn consent(
        &self,
        change: &ConsentChange<'_>,
        value: &Value,
        record: &[u8],
    ) -> Result<Answer, Failure> {
        let is_unclear = |address: &Option<Address<'_>>| {
            address.as_ref().is_some_and(|address| change.canonical(address).is_none())
        };
        let is_unknown = is_unclear(&change.address);
        if is_unclear(&change.new_address) {
            return Ok(self.unreadable(Class::InvalidAddress.in_field("new_address"), record));
        }
        if is_unknown && (change.contact_id.is_none() || change.new_address.is_some()) {
            return Ok(self.unreadable(Class::InvalidAddress.in_field("address"), record));
        }
        let meaning = Meaning::of(change);
        let mut lines = vec![("the gate", meaning.effect().to_owned())];
        let mut is_good = true;
        let mut permits = Value::Null;
        if is_permission(change.action) {
            let found = self.permits(change, value)?;
            is_good = found.keys().any(|(counts, _)| *counts == Counts::Yes);
            permits = found
                .iter()
                .map(|((counts, what), lands)| {
                    let permits = *counts == Counts::Yes;
                    json!({"verdict": what, "permits": permits, "jurisdictions": lands})
                })
                .collect();
            for ((counts, what), lands) in &found {
                lines.push((counts.as_str(), format!("{what}\n{}", wrapped(lands))));
            }
        }
        let mut notes = Vec::new();
        if is_unknown {
            notes.push("`address` is understood by nobody (invalid_address): counted for the contact alone");
        }
        if is_permission(change.action) && (change.contact_id.is_none() || change.address.is_none())
        {
            notes.push(
                "a permission counts for contact and address together; one of them is missing",
            );
        }
        if change.action == Action::OptInRequested {
            notes.push("judged as if an `opt_in_confirmed` of the same scope had followed");
        }
        lines.extend(notes.iter().map(|note| ("note", (*note).to_owned())));
        let not_read = self.not_read(value);
        if !not_read.is_empty() {
            lines.push(("not read", not_read.join(", ")));
        }
        let action = change.action.as_str();
        let json = json!({
            "kind": self.kind.as_str(), "readable": true, "action": action, "effect": meaning.effect(),
            "permits": permits, "notes": notes, "not_read": not_read,
        });
        let head = format!("readable as a consent change: {action}");
        Ok(Answer { head, lines, json, is_good })
    }

    /// What a message of just this scope would be told in each jurisdiction, the same answers together.
    fn permits(
        &self,
        change: &ConsentChange<'_>,
        value: &Value,
    ) -> Result<BTreeMap<(Counts, String), Vec<String>>, Failure> {
        let mut found: BTreeMap<(Counts, String), Vec<String>> = BTreeMap::new();
        let mut value = value.clone();
        if let Some(fields) = value.as_object_mut() {
            // means something in cases, and is carried here
            fields.remove("received_at");
        }
        let value = &value;
        let mut history = vec![value.clone()];
        if change.action == Action::OptInRequested {
            let mut confirmed = value.clone();
            if let Some(fields) = confirmed.as_object_mut() {
                fields.insert("action".to_owned(), "opt_in_confirmed".into());
                fields.insert("event_id".to_owned(), "check-confirmed".into());
            }
            history.push(confirmed);
        }
        for land in &self.policies.parts().jurisdictions {
            let code = land.code.as_str();
            let message = message(change, value, code);
            let decision = self.decided(history.clone(), &message)?;
            let counts = self.counts(&decision, &message)?;
            let what = if counts != Counts::No && decision.outcome() != Outcome::Approved {
                "outside of the hours of rest".to_owned()
            } else {
                let reason = decision.reason().code();
                format!("{reason}{}", verdict::detail(&decision, self.policies))
            };
            found.entry((counts, what)).or_default().push(code.to_owned());
        }
        Ok(found)
    }

    /// Whether it is the change that lets the message pass.
    fn counts(&self, decision: &Decision, message: &Value) -> Result<Counts, Failure> {
        // when it may be sent is for the message to ask
        let passes = |decision: &Decision| {
            decision.outcome() != Outcome::Blocked
                || decision.reasons().iter().all(|it| it == Reason::QuietHoursBlocked)
        };
        if !passes(decision) {
            return Ok(Counts::No);
        }
        let rests_on_it = decision.basis().is_some() || !passes(&self.decided(vec![], message)?);
        Ok(if rests_on_it { Counts::Yes } else { Counts::NotNeeded })
    }
}

/// What a permission does somewhere.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Counts {
    Yes,
    /// Marketing passes there without it, and it adds nothing.
    NotNeeded,
    No,
}

impl Counts {
    fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "permits marketing",
            Self::NotNeeded => "is not needed",
            Self::No => "does not",
        }
    }
}

fn is_permission(action: Action) -> bool {
    matches!(
        action,
        Action::OptIn | Action::OptInRequested | Action::OptInConfirmed | Action::Relationship
    )
}

/// A message with everything in it that packs ask for, of just the scope of the change.
fn message(change: &ConsentChange<'_>, value: &Value, jurisdiction: &str) -> Value {
    let of = |name: &str| value.get(name).cloned().unwrap_or_default();
    let channel = change.channel.channel().map_or("email", Channel::as_str);
    let purpose = match of("purpose") {
        Value::String(purpose) if !purpose.trim().is_empty() => purpose,
        _ => "marketing".to_owned(),
    };
    json!({
        "message_id": "check", "channel": channel, "category": "marketing", "purpose": purpose,
        "controller": of("controller"), "brand": change.brand.as_deref().filter(|brand| *brand != "any").unwrap_or("check"),
        "product_group": value.pointer("/context/product_group"),
        "content": {
            "promotional": true, "sender_identity": true, "postal_address": true, "unsubscribe": true, "one_click": true,
            "contact_address": true, "ad_label": true, "template_id": true, "header_id": true,
        },
        "recipient": {
            "contact_id": of("contact_id"), "address": of("address"), "region": of("region"),
            "jurisdiction": jurisdiction, "jurisdiction_verified": true,
            "jurisdiction_verified_at": jiff::Timestamp::now().to_string(),
        },
    })
}

/// Codes on lines of a length that can be read.
fn wrapped(codes: &[String]) -> String {
    let (mut text, mut n_chars) = (String::new(), 0);
    for code in codes {
        if n_chars + code.len() > LINE_CHARS_MAX {
            text.push('\n');
            n_chars = 0;
        } else if n_chars > 0 {
            text.push(' ');
        }
        text.push_str(code);
        n_chars += code.len() + 1;
    }
    text
}
