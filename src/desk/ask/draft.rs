//! A message that nobody has sent, and what the gates say would become of it.

use std::sync::Arc;

use gate_core::Channel;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::super::Desk;
use super::super::fields::Fields;
use super::clear::Clear;
use super::decisions::meaning;
use super::of_gates;
use crate::answers::Problem;

/// Longest name of a purpose, brand, controller or category.
const NAME_CHARS_MAX: usize = 256;

/// A message that nobody has sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::desk) struct Draft {
    pub(in crate::desk) channel: String,
    pub(in crate::desk) purpose: Option<String>,
    pub(in crate::desk) brand: Option<String>,
    pub(in crate::desk) controller: Option<String>,
    pub(in crate::desk) category: Option<String>,
    pub(in crate::desk) jurisdiction: Option<String>,
}

/// What would become of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::desk) struct VerdictAnswer {
    pub(in crate::desk) channel: String,
    pub(in crate::desk) purpose: Option<String>,
    pub(in crate::desk) brand: Option<String>,
    pub(in crate::desk) controller: Option<String>,
    pub(in crate::desk) outcome: String,
    pub(in crate::desk) reason: String,
    /// The reason in a sentence.
    pub(in crate::desk) meaning: String,
    /// Why for this person, where the state tells.
    pub(in crate::desk) because: Option<String>,
    /// Until when an approval holds as things are, or from when on a deferred message may go.
    pub(in crate::desk) until: Option<String>,
    pub(in crate::desk) rules: Vec<String>,
    pub(in crate::desk) jurisdictions: Vec<String>,
    /// The beginning of the hash of what proves it.
    pub(in crate::desk) evidence: Option<String>,
}

impl Draft {
    /// # Errors
    /// A field is wrong.
    pub(in crate::desk) fn read(fields: &Fields) -> Result<Self, Problem> {
        let what = "is no channel that this version knows";
        let channel = fields.parse("channel", what, Channel::parse)?;
        let Some(channel) = channel else {
            return Err(Problem::malformed("/channel", "name a channel"));
        };
        let name = |name: &str| {
            let what =
                format!("is longer than {NAME_CHARS_MAX} characters, or has others than text");
            fields.parse(name, &what, |text| {
                let is_text =
                    text.chars().count() <= NAME_CHARS_MAX && !text.chars().any(char::is_control);
                is_text.then(|| text.to_owned())
            })
        };
        Ok(Self {
            channel: channel.as_str().to_owned(),
            purpose: name("purpose")?,
            brand: name("brand")?,
            controller: name("controller")?,
            category: name("category")?,
            jurisdiction: name("jurisdiction")?,
        })
    }

    /// As it would stand in `outbound-message`. It has everything that a message must carry: whether a real one does is the
    /// sender's to say.
    pub(in crate::desk) fn to_json(&self, who: &Clear) -> Value {
        let mut message = Map::new();
        let mut put = |name: &str, value: Option<&str>| {
            if let Some(value) = value {
                message.insert(name.to_owned(), value.into());
            }
        };
        put("message_id", Some("consent-gate-desk"));
        put("channel", Some(&self.channel));
        put("category", Some(self.category.as_deref().unwrap_or("marketing")));
        put("purpose", self.purpose.as_deref());
        put("brand", self.brand.as_deref());
        put("controller", self.controller.as_deref());
        message.insert(
            "content".to_owned(),
            json!({
                "promotional": self.category.as_deref().is_none_or(|it| it == "marketing"),
                "sender_identity": true, "postal_address": true, "contact_address": true,
                "unsubscribe": true, "one_click": true
            }),
        );
        let mut recipient = Map::new();
        let mut put = |name: &str, value: Option<&str>| {
            if let Some(value) = value {
                recipient.insert(name.to_owned(), value.into());
            }
        };
        put("contact_id", who.contact_id.as_deref().map(String::as_str));
        put("address", who.address_for(&self.channel));
        put("region", who.region.as_deref());
        put("jurisdiction", self.jurisdiction.as_deref());
        message.insert("recipient".to_owned(), recipient.into());
        message.into()
    }
}

/// What would become of these.
///
/// # Errors
/// No gate answers.
pub(in crate::desk) async fn judge(
    desk: &Arc<Desk>,
    who: &Clear,
    drafts: &[Draft],
) -> Result<Vec<VerdictAnswer>, Problem> {
    let messages: Vec<Value> = drafts.iter().map(|draft| draft.to_json(who)).collect();
    let answer = desk.gates.check(&messages).await.map_err(|error| of_gates(&error))?;
    let judged = answer.get("messages").and_then(Value::as_array).cloned().unwrap_or_default();
    Ok(drafts.iter().zip(&judged).map(|(draft, judged)| verdict(draft, judged)).collect())
}

fn verdict(draft: &Draft, judged: &Value) -> VerdictAnswer {
    let text = |name: &str| judged.get(name).and_then(Value::as_str).map(str::to_owned);
    let texts = |name: &str| {
        let items = judged.get(name).and_then(Value::as_array);
        items.into_iter().flatten().filter_map(|it| it.as_str().map(str::to_owned)).collect()
    };
    let reason = text("reason").unwrap_or_default();
    VerdictAnswer {
        channel: draft.channel.clone(),
        purpose: draft.purpose.clone(),
        brand: draft.brand.clone(),
        controller: draft.controller.clone(),
        outcome: text("outcome").unwrap_or_default(),
        meaning: meaning(&reason),
        reason,
        because: None,
        until: text("not_before"),
        rules: texts("rules"),
        jurisdictions: texts("jurisdictions"),
        evidence: text("evidence"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_is_a_message_that_has_all_it_must_carry() {
        let fields = Fields::of_form(b"channel=email&purpose=marketing.news&brand=tents").unwrap();
        let draft = Draft::read(&fields).unwrap();
        let who = Clear::of("ana", Some("ana@example.com"));
        let message = draft.to_json(&who);
        assert_eq!(
            message["recipient"],
            json!({"contact_id": "ana", "address": "ana@example.com"})
        );
        assert_eq!(message["content"]["promotional"], json!(true));
        assert_eq!(message["category"], "marketing");
        // an e-mail address is no place for a text message
        let sms = Draft { channel: "sms".to_owned(), ..draft }.to_json(&who);
        assert_eq!(sms["recipient"], json!({"contact_id": "ana"}));
        for (wrong, at) in
            [("channel=pigeon", "/channel"), ("", "/channel"), ("channel=sms&brand=%00", "/brand")]
        {
            let problem = Draft::read(&Fields::of_form(wrong.as_bytes()).unwrap()).unwrap_err();
            assert_eq!(problem.pointer.as_deref(), Some(at), "{wrong}");
        }
    }
}
