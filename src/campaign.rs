//! The campaign a message belongs to: `attributes.campaign`, which the gate carries and never judges by.
//!
//! Only JSON is looked into: the readers of the gate pass over attributes, and these are looked at by people and counters
//! alone.

use serde::Deserialize;
use std::borrow::Cow;

/// Longest name that is looked at, in bytes.
pub const CAMPAIGN_BYTES_MAX: usize = 256;

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    attributes: Option<Attributes<'a>>,
}

#[derive(Deserialize)]
struct Attributes<'a> {
    #[serde(borrow)]
    campaign: Option<Cow<'a, str>>,
}

/// The campaign a JSON message names; `None` when it names none, or one that is blank, too long or no text.
#[must_use]
pub fn campaign_of_json(value: &[u8]) -> Option<Cow<'_, str>> {
    let message: Message<'_> = serde_json::from_slice(value).ok()?;
    let campaign = message.attributes?.campaign?;
    let is_name = !campaign.trim().is_empty() && campaign.len() <= CAMPAIGN_BYTES_MAX;
    is_name.then_some(campaign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_text_in_its_place_is_a_campaign() {
        let of = |text: &str| campaign_of_json(text.as_bytes()).map(Cow::into_owned);
        let message = r#"{"message_id":"m","attributes":{"a":[1],"campaign":"winter"},"body":"x"}"#;
        assert_eq!(of(message).as_deref(), Some("winter"));
        assert_eq!(of(r#"{"attributes":{"campaign":"a\u0062"}}"#).as_deref(), Some("ab"));
        let long = format!(r#"{{"attributes":{{"campaign":"{}"}}}}"#, "x".repeat(257));
        for other in [
            "",
            "{}",
            "[]",
            r#"{"campaign":"winter"}"#,
            r#"{"attributes":null}"#,
            r#"{"attributes":{"campaign":7}}"#,
            r#"{"attributes":{"campaign":" "}}"#,
            &long,
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
