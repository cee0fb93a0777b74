//! The mail that asks for a confirmation, as it goes to the messages' topic.

use crate::records::plain_headers;
use gate_codec::encode_message;
use gate_door_pages::{AskedText, Brand, ConfirmMail, Language, When};
use gate_intake::{Confirmation, MailText, consent_request};

use super::instant;
use crate::door::Outbound;
use crate::door::topic::Outgoing;
use crate::links::Keys;

/// What became of a mail that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mail {
    Written,
    NotWritten,
    /// Nobody knows: it counts as one that went out.
    Unknown,
}

/// What it is made of.
pub(super) struct MailOf<'m> {
    pub(super) confirmation: &'m Confirmation,
    pub(super) language: Language,
    pub(super) texts: &'m [AskedText],
    /// The door's public address.
    pub(super) base: &'m str,
}

impl MailOf<'_> {
    /// The mail in the brand's name; `None` when it cannot be made, and the log says why.
    pub(super) fn outgoing(
        &self,
        keys: &Keys,
        brand: &Brand,
        outbound: &Outbound,
    ) -> Option<Outgoing> {
        let confirmation = self.confirmation;
        let token = keys.tokens.seal(confirmation).map_err(|error| unmailed(&error)).ok()?;
        let url = format!("{}/c/{token}", self.base);
        let at = |at: gate_core::Timestamp| {
            When::utc(jiff::Timestamp::from_microsecond(at.as_micros()).unwrap_or_default())
        };
        let (asked_at, until) = (at(confirmation.asked_at), at(confirmation.expires_at));
        let mail = ConfirmMail { asked: self.texts, asked_at: &asked_at, until: &until, url: &url };
        let words = mail.words(brand, self.language, instant());
        let text = MailText { subject: &words.subject, text: &words.text };
        let mail = consent_request(confirmation, &text, &url);
        let mail = mail.map_err(|error| unmailed(&error)).ok()?;
        let value = encode_message(&mail.record, outbound.encoding);
        let value = value.map_err(|error| unmailed(&error)).ok()?;
        let key = confirmation.contact_id.as_deref().unwrap_or(&confirmation.address);
        Some(Outgoing { key: Some(key.as_bytes().to_vec()), value, headers: plain_headers() })
    }
}

/// Notes that there is no mail.
pub(super) fn unmailed(error: &dyn std::fmt::Display) {
    tracing::error!(%error, "the mail that asks cannot be written");
}
