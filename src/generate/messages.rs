//! Candidate messages: mostly campaigns, some that people wait for, and a few that are wrong.

use super::MICROS_A_DAY;
use super::contacts::{Brand, Person};
use super::random::Random;
use gate_codec::{ConsentChangeRecord, ContentRecord, OutboundMessageRecord, RecipientRecord};
use gate_core::{Channel, Keyword, Timestamp, classify};
use std::borrow::Cow;

/// A message before it is sent.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) record: OutboundMessageRecord<'static>,
    /// Whether its bytes end in the middle.
    pub(super) is_cut: bool,
    /// Its category, or `invalid`.
    pub(super) kind: &'static str,
}

/// Categories, and how many of 1,000 messages have each.
const CATEGORIES: [(&str, u32); 5] = [
    ("marketing", 845),
    ("transactional", 130),
    ("legal_notice", 10),
    ("emergency", 5),
    ("consent_request", 10),
];
const PURPOSES: [&str; 4] =
    ["marketing.newsletter", "marketing.newsletter", "marketing.offers", "marketing.events"];
const CAMPAIGNS: [&str; 6] = [
    "spring-sale",
    "new-arrivals",
    "club-evening",
    "last-chance",
    "weekend-ideas",
    "back-in-stock",
];
const SENTENCES: [&str; 8] = [
    "New in the shop this week, and easier to put up than ever.",
    "Members look first: the doors open on Thursday at noon.",
    "We have kept your size aside until the end of the week.",
    "Three ideas for a weekend outside, whatever the weather does.",
    "Free delivery on everything you take home before Sunday.",
    "What our testers found out after forty nights in the rain.",
    "Bring a friend: the evening is free, and so is the soup.",
    "Back in stock, in the two colours that went first.",
];

/// Messages that lack something the law asks for.
const INCOMPLETE: f64 = 0.03;
/// Messages that waited too long.
const LATE: f64 = 0.01;
/// Messages of another brand than the contact's own.
const OTHER_BRAND: f64 = 0.05;
/// Messages by a way the contact may never have agreed to.
const ANY_CHANNEL: f64 = 0.06;

fn text(text: impl Into<Cow<'static, str>>) -> Option<Cow<'static, str>> {
    Some(text.into())
}

/// How often a channel is used, where somebody can be reached by it.
const fn weight(channel: Channel) -> u32 {
    match channel {
        Channel::Email => 50,
        Channel::Sms => 34,
        Channel::Push => 8,
        Channel::Whatsapp => 6,
        Channel::VoiceLive => 8,
        Channel::Mms | Channel::Rcs | Channel::VoiceAuto => 4,
    }
}

fn pick_channel(person: &Person, random: &mut Random) -> Channel {
    let channels = if random.chance(ANY_CHANNEL) { &person.channels } else { &person.agreed };
    let index = random.weighted(channels.iter().map(|channel| weight(*channel)));
    channels.get(index).copied().unwrap_or(Channel::Email)
}

fn recipient(person: &Person, channel: Channel) -> RecipientRecord<'static> {
    RecipientRecord {
        contact_id: text(person.id.clone()),
        address: person.address(channel).map(|address| Cow::Owned(address.to_owned())),
        tz: person.zone.map(Cow::Borrowed),
        jurisdiction: text(person.place.code),
        ..RecipientRecord::default()
    }
}

/// Everything a campaign or a receipt says about itself.
fn content(is_promotion: bool, channel: Channel) -> ContentRecord {
    ContentRecord {
        promotional: Some(is_promotion),
        sender_identity: Some(true),
        postal_address: Some(true),
        contact_address: Some(true),
        unsubscribe: Some(true),
        one_click: (channel == Channel::Email).then_some(true),
        ..ContentRecord::default()
    }
}

/// A message to somebody.
pub(super) fn message(person: &Person, id: String, now: Timestamp, random: &mut Random) -> Draft {
    let channel = pick_channel(person, random);
    let other = super::consent::other_brand(random);
    let brand = if random.chance(OTHER_BRAND) { other } else { person.home };
    let category = random.weighted(CATEGORIES.iter().map(|(_, weight)| *weight));
    let category = CATEGORIES.get(category).map_or("marketing", |(name, _)| *name);
    let is_promotion = category == "marketing";
    let mut content = content(is_promotion, channel);
    if random.chance(INCOMPLETE) {
        content.unsubscribe = None;
        content.sender_identity = None;
    }
    let days = if random.chance(LATE) { -1 } else { 3 };
    let purpose = random.pick(&PURPOSES);
    let record = OutboundMessageRecord {
        category: text(category),
        purpose: text(if is_promotion { purpose } else { "service.order" }),
        product_group: text(brand.name),
        expires_at: Some(Timestamp::from_micros(
            now.as_micros().saturating_add(days * MICROS_A_DAY),
        )),
        content: Some(content),
        body: text(format!("{} {}", random.pick(&SENTENCES), random.pick(&SENTENCES))),
        attributes: vec![
            ("campaign".into(), random.pick(&CAMPAIGNS).into()),
            ("template".into(), format!("{}-{}", brand.name, random.between(1, 9)).into()),
        ],
        ..addressed(person, id, channel, brand)
    };
    Draft { record, is_cut: false, kind: category }
}

fn addressed(
    person: &Person,
    id: String,
    channel: Channel,
    brand: Brand,
) -> OutboundMessageRecord<'static> {
    let has_number = !matches!(channel, Channel::Email | Channel::Push);
    OutboundMessageRecord {
        message_id: text(id),
        channel: text(channel.as_str()),
        controller: text(brand.controller),
        brand: text(brand.name),
        sender_number: has_number.then_some(Cow::Borrowed(brand.sender)),
        recipient: Some(recipient(person, channel)),
        ..OutboundMessageRecord::default()
    }
}

/// Whether it is a STOP, which may be confirmed once.
pub(super) fn wants_confirmation(change: &ConsentChangeRecord<'_>) -> bool {
    change.action.as_deref() == Some("inbound_sms")
        && change.text.as_deref().is_some_and(|text| classify(text) == Keyword::Stop)
}

/// "You are out": the answer to a STOP.
pub(super) fn confirmation(person: &Person, id: String) -> Option<Draft> {
    person.address(Channel::Sms)?;
    let record = OutboundMessageRecord {
        category: text("optout_confirmation"),
        content: Some(content(false, Channel::Sms)),
        body: text("You will get no more texts from us. Text START to come back."),
        ..addressed(person, id, Channel::Sms, person.home)
    };
    Some(Draft { record, is_cut: false, kind: "optout_confirmation" })
}

/// Makes it wrong, in one of the ways producers do.
pub(super) fn spoil(draft: &mut Draft, random: &mut Random) {
    draft.kind = "invalid";
    let recipient = draft.record.recipient.get_or_insert_default();
    match random.below(5) {
        0 => draft.is_cut = true,
        1 => draft.record.message_id = text(" "),
        2 => draft.record.channel = text("fax"),
        3 => recipient.address = None,
        _ => recipient.address = text("somebody at example dot net"),
    }
}
