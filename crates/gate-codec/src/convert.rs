//! Records to core types: the meaning of blanks, names and symbols.
//!
//! Blank counts as absent, in every field; so does a text of characters that nobody sees. That, and unknown fields being ignored, is safe because an absent scope means
//! everything on a restrictive change and nothing on a permissive one. What must never happen is a scope that
//! is present but matches nothing: it would make a refusal void. So names take their canonical form here, once
//! for both sides of every comparison (`gate_core::canonical`), a purpose must be a dotted path, and an unknown symbol makes the whole change unreadable. On a message an unknown channel is
//! kept as "none" and an unknown category is marketing (docs/schemas.md, OutboundMessage).

use crate::class::{Class, InField as _, Unreadable};
use crate::limits::{CAMPAIGN_BYTES_MAX, ID_BYTES_MAX, NAME_BYTES_MAX};
use crate::record::{ConsentChangeRecord, ContextRecord, EvidenceRecord, OutboundMessageRecord};
use gate_core::canonical::{clean, is_blank};
use gate_core::{
    ADDRESS_BYTES_MAX, Action, Address, Basis, Category, Channel, ChannelScope, ConsentChange,
    ContactId, Content, Evidence, Name, OutboundMessage, RecipientKind, RelationshipKind, Sender,
    SuppressionScope, flags,
};
use std::borrow::Cow;
use std::ops::Deref;

type Text<'a> = Option<Cow<'a, str>>;

/// A consent change from its record.
///
/// # Errors
/// The first field that is absent and required, or means nothing.
pub fn consent(record: ConsentChangeRecord<'_>) -> Result<ConsentChange<'_>, Unreadable> {
    let event_id = required(id(record.event_id), "event_id")?;
    let occurred_at = required(Ok(record.occurred_at), "occurred_at")?;
    let action = required(symbol(record.action, Action::parse), "action")?;
    let contact_id = id(record.contact_id).in_field("contact_id")?.and_then(ContactId::new);
    let address = address(record.address).in_field("address")?.and_then(Address::new);
    if contact_id.is_none() && address.is_none() {
        return Err(Class::MissingField).in_field("contact_id");
    }
    let new_address =
        self::address(record.new_address).in_field("new_address")?.and_then(Address::new);
    let is_move =
        action == Action::AddressChanged || (action == Action::Profile && new_address.is_some());
    // else nobody knows what was refused where, and for which address it holds
    if is_move && address.is_none() {
        return Err(Class::MissingField).in_field("address");
    }
    if is_move && new_address.is_none() {
        return Err(Class::MissingField).in_field("new_address");
    }
    let context = record.context.unwrap_or_default();
    // a profile says what the recipient is, in JSON also as `kind`, as a message does
    let (kind, of_profile) =
        if action == Action::Profile { (None, record.kind) } else { (record.kind, None) };
    let stated = [
        recipient_kind(record.recipient_kind).in_field("recipient_kind")?,
        recipient_kind(of_profile).in_field("kind")?,
    ];
    Ok(ConsentChange {
        event_id,
        occurred_at,
        action,
        contact_id,
        address,
        region: plain(record.region).in_field("region")?,
        channel: symbol(record.channel, channel_scope)
            .in_field("channel")?
            .unwrap_or(ChannelScope::Any),
        purpose: purpose(record.purpose).in_field("purpose")?,
        controller: name(record.controller).in_field("controller")?,
        brand: name(record.brand).in_field("brand")?,
        basis: symbol(record.basis, Basis::parse).in_field("basis")?,
        kind: symbol(kind, RelationshipKind::parse).in_field("kind")?,
        context_flags: context_flags(&context),
        product_group: name(context.product_group).in_field("context.product_group")?,
        evidence: record.evidence.map(evidence).transpose()?,
        text: record.text,
        to: sender(record.to).in_field("to")?,
        registry: name(record.registry).in_field("registry")?,
        listed: record.listed,
        smtp: said(record.smtp),
        format: said(record.format),
        scope: symbol(record.scope, suppression_scope).in_field("scope")?,
        keep_suppression: record.keep_suppression.unwrap_or(true),
        birth_date_days: record.birth_date,
        message_id: id(record.message_id).in_field("message_id")?,
        expires_at: record.expires_at,
        new_address: new_address.filter(|_| is_move),
        recipient_kind: stated
            .into_iter()
            .flatten()
            .reduce(|one, other| if one == other { one } else { RecipientKind::Person }),
    })
}

/// A message from its record.
///
/// # Errors
/// As for a consent change; an unknown channel or category is none.
pub fn message(record: OutboundMessageRecord<'_>) -> Result<OutboundMessage<'_>, Unreadable> {
    let message_id = required(id(record.message_id), "message_id")?;
    let channel = required(plain(record.channel), "channel")?;
    let recipient = required(Ok(record.recipient), "recipient")?;
    let content = record.content.unwrap_or_default();
    Ok(OutboundMessage {
        message_id,
        channel: in_any_case(&channel, Channel::parse),
        category: plain(record.category)
            .in_field("category")?
            .map_or(Category::Marketing, |name| Category::parse(&name)),
        purpose: purpose(record.purpose).in_field("purpose")?,
        controller: name(record.controller).in_field("controller")?,
        brand: name(record.brand).in_field("brand")?,
        sender_number: sender(record.sender_number).in_field("sender_number")?,
        product_group: name(record.product_group).in_field("product_group")?,
        sole_charitable_purpose: record.sole_charitable_purpose,
        expires_at: record.expires_at,
        content: Content {
            promotional: content.promotional,
            sender_identity: content.sender_identity,
            postal_address: content.postal_address,
            unsubscribe: content.unsubscribe,
            one_click: content.one_click,
            contact_address: content.contact_address,
            ad_label: content.ad_label,
            template_id: content.template_id,
            header_id: content.header_id,
            bulk: content.bulk,
        },
        contact_id: id(recipient.contact_id)
            .in_field("recipient.contact_id")?
            .and_then(ContactId::new),
        address: address(recipient.address).in_field("recipient.address")?.and_then(Address::new),
        region: plain(recipient.region).in_field("recipient.region")?,
        tz: plain(recipient.tz).in_field("recipient.tz")?,
        jurisdiction: plain(recipient.jurisdiction).in_field("recipient.jurisdiction")?,
        jurisdiction_verified: recipient.jurisdiction_verified.unwrap_or(false),
        jurisdiction_verified_at: recipient.jurisdiction_verified_at,
        kind: recipient_kind(recipient.kind).in_field("recipient.kind")?,
        campaign: campaign(record.campaign),
    })
}

/// A campaign is looked at by people and counters alone: one that is no name is none.
fn campaign(text: Text<'_>) -> Text<'_> {
    let text = match text? {
        Cow::Borrowed(text) => clean(text),
        Cow::Owned(text) => Cow::Owned(clean(&text).into_owned()),
    };
    (!text.is_empty() && text.len() <= CAMPAIGN_BYTES_MAX).then_some(text)
}

/// A field that must be there.
fn required<T>(field: Result<Option<T>, Class>, name: &'static str) -> Result<T, Unreadable> {
    field.and_then(|value| value.ok_or(Class::MissingField)).in_field(name)
}

/// An id, as it is written.
pub(super) fn id(text: Text<'_>) -> Result<Text<'_>, Class> {
    within(text, ID_BYTES_MAX)
}

/// An address, as it is written.
pub(super) fn address(text: Text<'_>) -> Result<Text<'_>, Class> {
    within(text, ADDRESS_BYTES_MAX)
}

fn within(text: Text<'_>, bytes_max: usize) -> Result<Text<'_>, Class> {
    match text {
        Some(text) if is_blank(&text) => Ok(None),
        Some(text) if text.len() > bytes_max => Err(Class::InvalidValue),
        text => Ok(text),
    }
}

/// A text that is looked up or shown: without blanks around it and what nobody sees.
pub(super) fn plain(text: Text<'_>) -> Result<Text<'_>, Class> {
    let cleaned = match text {
        None => return Ok(None),
        Some(Cow::Borrowed(text)) => clean(text),
        Some(Cow::Owned(text)) => Cow::Owned(clean(&text).into_owned()),
    };
    if cleaned.len() > NAME_BYTES_MAX {
        return Err(Class::InvalidValue);
    }
    Ok(Some(cleaned).filter(|text| !text.is_empty()))
}

/// A name in its canonical form, which is what is compared and stored: long before or after, it is none.
fn name(text: Text<'_>) -> Result<Option<Name<'_>>, Class> {
    let name = within(text, NAME_BYTES_MAX)?.and_then(Name::new);
    short(name)
}

/// A sender's number or name in its canonical form.
fn sender(text: Text<'_>) -> Result<Option<Sender<'_>>, Class> {
    let sender = within(text, NAME_BYTES_MAX)?.and_then(Sender::new);
    short(sender)
}

/// Compatible forms may be longer than what was written; a stored name stays bounded.
fn short<T: Deref<Target = str>>(name: Option<T>) -> Result<Option<T>, Class> {
    match name {
        Some(name) if name.len() > NAME_BYTES_MAX => Err(Class::InvalidValue),
        name => Ok(name),
    }
}

/// What another system said, of any length: gate-core looks at its beginning. Blank counts as absent.
fn said(text: Text<'_>) -> Text<'_> {
    text.filter(|text| !is_blank(text))
}

/// A dotted path without empty or blank segments: `marketing.` would cover nothing.
fn purpose(text: Text<'_>) -> Result<Option<Name<'_>>, Class> {
    let purpose = name(text)?;
    let path = purpose.as_deref().is_none_or(|path| {
        let blank = |c: char| c.is_whitespace() || c.is_control();
        path.split('.').all(|part| !part.is_empty()) && !path.contains(blank)
    });
    if path { Ok(purpose) } else { Err(Class::InvalidValue) }
}

/// A name from a closed set.
pub(super) fn symbol<T>(
    text: Text<'_>,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Class> {
    match text {
        None => Ok(None),
        Some(name) if is_blank(&name) => Ok(None),
        Some(name) => in_any_case(&clean(&name), parse).map(Some).ok_or(Class::UnknownSymbol),
    }
}

/// A name of ours in whatever case of ASCII. Only where a name nobody knows makes the record unreadable or the message
/// undeliverable: what it says is then beyond doubt. Where an unknown word is read as the strict one (a category, what a
/// recipient is), the words stay as they are in the schema, since reading more of them could only permit more.
pub(super) fn in_any_case<T>(name: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
    parse(name).or_else(|| {
        let has_upper = name.bytes().any(|byte| byte.is_ascii_uppercase());
        has_upper.then(|| name.to_ascii_lowercase()).and_then(|name| parse(&name))
    })
}

pub(super) fn channel_scope(name: &str) -> Option<ChannelScope> {
    match name {
        "any" => Some(ChannelScope::Any),
        name => Channel::parse(name).map(ChannelScope::One),
    }
}

/// What a recipient is said to be; what nobody knows is a person.
fn recipient_kind(text: Text<'_>) -> Result<Option<RecipientKind>, Class> {
    Ok(plain(text)?.map(|name| RecipientKind::parse(&name).unwrap_or_default()))
}

fn suppression_scope(name: &str) -> Option<SuppressionScope> {
    match name {
        "all" => Some(SuppressionScope::All),
        "marketing" => Some(SuppressionScope::Marketing),
        _ => None,
    }
}

/// The flags of what is stated and kept: a `true`, or of `refused` a `false`.
fn context_flags(context: &ContextRecord<'_>) -> u64 {
    let stated = flags::CONTEXT.iter().zip(context.flags);
    stated
        .filter(|(field, value)| *value == Some(field.kept))
        .fold(0, |known, (field, _)| known | field.flag)
}

/// A signature is named by its kind (`e-sign`, `paper` …); only a plain denial is none.
fn is_signed(text: &str) -> bool {
    let text = clean(text);
    !text.is_empty() && !["false", "no", "none"].iter().any(|no| text.eq_ignore_ascii_case(no))
}

fn evidence(record: EvidenceRecord<'_>) -> Result<Evidence<'_>, Unreadable> {
    let holds = |text: Text<'_>| text.as_deref() == Some("true");
    let is_there = |text: Text<'_>| text.is_some_and(|text| !is_blank(&text));
    Ok(Evidence {
        method: plain(record.method).in_field("evidence.method")?,
        notice_version: plain(record.notice_version).in_field("evidence.notice_version")?,
        signature: record.signature.is_some_and(|text| is_signed(&text)),
        number_named: holds(record.number_named),
        not_condition_of_purchase: holds(record.not_condition_of_purchase),
        has_notice_text: is_there(record.notice_text_sha256),
        has_source: is_there(record.source),
        has_locale: is_there(record.locale),
        // as with a signature, a plain denial is none
        has_template_id: record.template_id.is_some_and(|text| is_signed(&text)),
    })
}
