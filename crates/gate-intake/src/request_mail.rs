//! The one mail that asks for a confirmation: a candidate of category `consent_request`, which goes through the gate as every
//! message does. It passes once after each request, and it promotes nothing.

use crate::confirmation::{CONFIRMED_CHANNEL, Confirmation};
use crate::limits::{REQUEST_MAIL_BYTES_MAX, REQUEST_SUBJECT_BYTES_MAX};
use gate_codec::{
    Codec, ContentRecord, Encoding, Format, Kind, OutboundMessageRecord, RecipientRecord,
    encode_message,
};
use gate_core::Category;
use std::borrow::Cow;
use std::fmt;

/// This machine by HTTP, for trying things out.
const LOOPBACK: [&str; 3] = ["http://127.0.0.1", "http://localhost", "http://[::1]"];

/// Subject and text, as gate-door-pages writes them from the brand's names and approved texts. `Debug` shows nothing of it.
#[derive(Clone, Copy)]
pub struct MailText<'a> {
    /// One line.
    pub subject: &'a str,
    /// Plain text with the link in it.
    pub text: &'a str,
}

impl fmt::Debug for MailText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailText(redacted)")
    }
}

/// Why there is no such message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestMailError {
    /// Nobody could confirm.
    #[error("the link is no https address, or does not stand in the text")]
    Link,
    /// A subject of several lines, or more than a mail of ours has.
    #[error(
        "the subject is empty, has line breaks or over {REQUEST_SUBJECT_BYTES_MAX} bytes, or the text has over \
         {REQUEST_MAIL_BYTES_MAX} bytes"
    )]
    Size,
    /// A mistake of ours.
    #[error("the gate would not read the message")]
    Refused,
}

/// A message for `outbound-message`. `Debug` shows nothing of it.
#[derive(Clone)]
pub struct RequestMail {
    /// The record.
    pub record: OutboundMessageRecord<'static>,
    /// The same in JSON, as it goes to a topic of that format.
    pub json: Vec<u8>,
}

impl fmt::Debug for RequestMail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestMail(redacted)")
    }
}

/// Whether links of this address may stand in a mail: by TLS, or to this machine. Who reads such a link on its way can agree.
#[must_use]
pub fn can_be_mailed(url: &str) -> bool {
    let is_own = |host: &&str| {
        url.strip_prefix(*host).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
    };
    url.starts_with("https://") || LOOPBACK.iter().any(is_own)
}

/// The message that carries `url`, the confirmation's link. It is of no use after the link's end, and not sent then.
///
/// # Errors
/// See [`RequestMailError`].
pub fn consent_request(
    confirmation: &Confirmation,
    mail: &MailText<'_>,
    url: &str,
) -> Result<RequestMail, RequestMailError> {
    if !can_be_mailed(url) || !mail.text.contains(url) {
        return Err(RequestMailError::Link);
    }
    let is_subject = !mail.subject.trim().is_empty() && !mail.subject.contains(['\r', '\n', '\0']);
    if !is_subject
        || mail.subject.len() > REQUEST_SUBJECT_BYTES_MAX
        || mail.text.len() > REQUEST_MAIL_BYTES_MAX
    {
        return Err(RequestMailError::Size);
    }
    let record = record(confirmation, mail, url);
    let json = encode_message(&record, Encoding::Json).map_err(|_| RequestMailError::Refused)?;
    // read back as the gate will read it: what is no request for consent must not go out as one
    let reader = Codec::new(Format::Json, Kind::OutboundMessage, None);
    let reader = reader.map_err(|_| RequestMailError::Refused)?;
    let read = reader.decode_message(Some(&json)).map_err(|_| RequestMailError::Refused)?;
    let is_request = read.category == Category::ConsentRequest && !read.is_marketing();
    is_request.then_some(()).ok_or(RequestMailError::Refused)?;
    Ok(RequestMail { record, json })
}

fn record(
    confirmation: &Confirmation,
    mail: &MailText<'_>,
    url: &str,
) -> OutboundMessageRecord<'static> {
    let own = |text: &Option<String>| text.clone().map(Cow::Owned);
    let text = |text: &str| Some(Cow::Owned(text.to_owned()));
    let purpose = match confirmation.asked.as_slice() {
        [one] => text(&one.purpose),
        // of several it names none: it asks for all of them
        _ => None,
    };
    OutboundMessageRecord {
        message_id: Some(Cow::Owned(confirmation.message_id())),
        channel: Some(CONFIRMED_CHANNEL.into()),
        category: Some("consent_request".into()),
        purpose,
        controller: own(&confirmation.controller),
        brand: own(&confirmation.brand),
        expires_at: Some(confirmation.expires_at),
        content: Some(ContentRecord {
            promotional: Some(false),
            sender_identity: Some(true),
            postal_address: Some(true),
            contact_address: Some(true),
            // there is nothing yet to unsubscribe from: who does nothing gets nothing
            unsubscribe: Some(false),
            one_click: Some(false),
            bulk: Some(false),
            ..ContentRecord::default()
        }),
        recipient: Some(RecipientRecord {
            contact_id: own(&confirmation.contact_id),
            address: text(&confirmation.address),
            jurisdiction: own(&confirmation.jurisdiction),
            ..RecipientRecord::default()
        }),
        body: text(mail.text),
        attributes: [
            ("subject", mail.subject),
            ("locale", &confirmation.locale),
            ("confirm_url", url),
        ]
        .map(|(name, value)| (name.into(), Cow::Owned(value.to_owned())))
        .into(),
        ..OutboundMessageRecord::default()
    }
}
