//! The fields of our records: their names, what each takes, and where it is kept.

use gate_codec::{
    ConsentChangeRecord, ContentRecord, ContextRecord, Kind, OutboundMessageRecord, RecipientRecord,
};
use gate_core::Timestamp;
use gate_core::flags::{CONTEXT_NAMES, CONTEXT_PATHS};
use std::borrow::Cow;

/// What a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// Text.
    Text,
    /// Text, or a whole number above zero.
    Id,
    /// Text, or a whole number; zero is absent.
    Version,
    /// Text, or a boolean.
    TextOrFlag,
    /// One of a closed set of names.
    Symbol(Set),
    /// True or false.
    Flag,
    /// An instant.
    Instant,
    /// A date.
    Date,
}

/// A closed set of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Set {
    Action,
    ChannelScope,
    Channel,
    Category,
    Basis,
    RelationshipKind,
    SuppressionScope,
    RecipientKind,
}

/// Actions that are no more than they say when nobody said them: they refuse.
pub(crate) const REFUSING: [&str; 4] = ["opt_out", "object", "complaint", "suppress"];

const CHANNELS_AND_ANY: [&str; 9] =
    ["email", "sms", "mms", "rcs", "whatsapp", "push", "voice_live", "voice_auto", "any"];

impl Set {
    /// Its names; a test holds them against those of gate-core.
    pub(crate) const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Action => &[
                "opt_in_requested",
                "opt_in",
                "opt_in_confirmed",
                "opt_out",
                "object",
                "relationship",
                "inbound_sms",
                "complaint",
                "hard_bounce",
                "address_reassigned",
                "registry_status",
                "suppress",
                "unsuppress",
                "erase",
                "profile",
                "sent",
                "address_changed",
            ],
            Self::ChannelScope => &CHANNELS_AND_ANY,
            Self::Channel => CHANNELS_AND_ANY.split_at(8).0,
            Self::Category => &[
                "marketing",
                "transactional",
                "service",
                "emergency",
                "legal_notice",
                "optout_confirmation",
                "consent_request",
            ],
            Self::Basis => &[
                "express",
                "express_written",
                "soft_opt_in",
                "charity_soft_opt_in",
                "implied",
                "legitimate_interest",
            ],
            Self::RelationshipKind => &[
                "purchase",
                "negotiation",
                "contract",
                "inquiry",
                "donation",
                "volunteer",
                "support",
                "interest",
                "membership",
                "account_free",
            ],
            Self::SuppressionScope => &["all", "marketing"],
            Self::RecipientKind => &["person", "business", "sole_trader"],
        }
    }

    /// The name of ours that is written here, in whatever case of ASCII.
    pub(crate) fn own(self, text: &str) -> Option<&'static str> {
        self.names().iter().find(|name| name.eq_ignore_ascii_case(text)).copied()
    }
}

/// What may be said of a field when the producer says nothing, or nothing that is in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsaid {
    /// Anything: it neither permits nor narrows a refusal.
    Anything,
    /// Only that it is absent, which is the strict reading.
    Absent,
    /// Only these names.
    OneOf(&'static [&'static str]),
    /// Only this.
    Only(bool),
}

/// A field of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) takes: Takes,
    pub(crate) unsaid: Unsaid,
}

/// Where a value of a field is kept.
pub(crate) enum Slot<'r, 'a> {
    Text(&'r mut Option<Cow<'a, str>>),
    Flag(&'r mut Option<bool>),
    Instant(&'r mut Option<Timestamp>),
    Date(&'r mut Option<i32>),
}

/// A record of ours that is filled field by field.
pub(crate) trait Record<'a>: Default {
    /// Where field `index` of [`targets`] is kept.
    fn slot(&mut self, index: usize) -> Option<Slot<'_, 'a>>;
}

macro_rules! record {
    ($name:ident, $targets:ident, $record:ident, $within:ident {
        $($path:literal: $kind:ident $takes:expr, $unsaid:expr => $slot:expr;)*
    }) => {
        const $targets: &[Target] = &[
            $(Target { name: $path, takes: $takes, unsaid: $unsaid },)*
        ];

        fn $name<'r, 'a>($within: &'r mut $record<'a>, index: usize) -> Option<Slot<'r, 'a>> {
            let mut at = 0;
            $(
                if index == at {
                    return Some(Slot::$kind(&mut $slot));
                }
                at += 1;
            )*
            debug_assert!(index >= at, "every field has a place");
            None
        }
    };
}

use Takes::{Date as ADate, Flag as AFlag, Id, Instant as AnInstant, Symbol, TextOrFlag, Version};
const A_TEXT: Takes = Takes::Text;
use Unsaid::{Absent, Anything, OneOf, Only};

record!(consent_slot, CONSENT, ConsentChangeRecord, r {
    "action": Text Symbol(Set::Action), OneOf(&REFUSING) => r.action;
    "event_id": Text Id, Absent => r.event_id;
    "occurred_at": Instant AnInstant, Absent => r.occurred_at;
    "contact_id": Text Id, Absent => r.contact_id;
    "address": Text A_TEXT, Absent => r.address;
    "region": Text A_TEXT, Anything => r.region;
    "channel": Text Symbol(Set::ChannelScope), Absent => r.channel;
    "purpose": Text A_TEXT, Absent => r.purpose;
    "controller": Text A_TEXT, Absent => r.controller;
    "brand": Text A_TEXT, Absent => r.brand;
    "basis": Text Symbol(Set::Basis), Absent => r.basis;
    "kind": Text Symbol(Set::RelationshipKind), Absent => r.kind;
    "text": Text A_TEXT, Absent => r.text;
    "to": Text A_TEXT, Absent => r.to;
    "registry": Text A_TEXT, Absent => r.registry;
    "listed": Flag AFlag, Only(true) => r.listed;
    "smtp": Text A_TEXT, Absent => r.smtp;
    "format": Text A_TEXT, Absent => r.format;
    "scope": Text Symbol(Set::SuppressionScope), Absent => r.scope;
    "cause": Text A_TEXT, Anything => r.cause;
    "keep_suppression": Flag AFlag, Only(true) => r.keep_suppression;
    "birth_date": Date ADate, Absent => r.birth_date;
    "message_id": Text Id, Absent => r.message_id;
    "source": Text A_TEXT, Anything => r.source;
    "via": Text A_TEXT, Anything => r.via;
    "expires_at": Instant AnInstant, Absent => r.expires_at;
    "recipient_kind": Text Symbol(Set::RecipientKind), OneOf(&["person"]) => r.recipient_kind;
    "new_address": Text A_TEXT, Absent => r.new_address;
    "evidence.method": Text A_TEXT, Absent => r.evidence.get_or_insert_default().method;
    "evidence.notice_version": Text Version, Absent => r.evidence.get_or_insert_default().notice_version;
    "evidence.notice_text_sha256": Text A_TEXT, Absent => r.evidence.get_or_insert_default().notice_text_sha256;
    "evidence.source": Text A_TEXT, Absent => r.evidence.get_or_insert_default().source;
    "evidence.locale": Text A_TEXT, Absent => r.evidence.get_or_insert_default().locale;
    "evidence.template_id": Text TextOrFlag, Absent => r.evidence.get_or_insert_default().template_id;
    "evidence.signature": Text TextOrFlag, Absent => r.evidence.get_or_insert_default().signature;
    "evidence.number_named": Text TextOrFlag, Absent => r.evidence.get_or_insert_default().number_named;
    "evidence.not_condition_of_purchase": Text TextOrFlag, Absent
        => r.evidence.get_or_insert_default().not_condition_of_purchase;
    "context.product_group": Text A_TEXT, Absent => r.context.get_or_insert_default().product_group;
});

record!(message_slot, MESSAGE, OutboundMessageRecord, r {
    "message_id": Text Id, Absent => r.message_id;
    "channel": Text Symbol(Set::Channel), Absent => r.channel;
    "category": Text Symbol(Set::Category), OneOf(&["marketing"]) => r.category;
    "purpose": Text A_TEXT, Absent => r.purpose;
    "controller": Text A_TEXT, Absent => r.controller;
    "brand": Text A_TEXT, Absent => r.brand;
    "sender_number": Text A_TEXT, Absent => r.sender_number;
    "product_group": Text A_TEXT, Absent => r.product_group;
    "sole_charitable_purpose": Flag AFlag, Only(false) => r.sole_charitable_purpose;
    "expires_at": Instant AnInstant, Absent => r.expires_at;
    "campaign": Text Id, Anything => r.campaign;
    "recipient.contact_id": Text Id, Absent => recipient(r).contact_id;
    "recipient.address": Text A_TEXT, Absent => recipient(r).address;
    "recipient.region": Text A_TEXT, Anything => recipient(r).region;
    "recipient.tz": Text A_TEXT, Absent => recipient(r).tz;
    "recipient.jurisdiction": Text A_TEXT, Absent => recipient(r).jurisdiction;
    "recipient.jurisdiction_verified": Flag AFlag, Only(false) => recipient(r).jurisdiction_verified;
    "recipient.jurisdiction_verified_at": Instant AnInstant, Absent => recipient(r).jurisdiction_verified_at;
    "recipient.kind": Text Symbol(Set::RecipientKind), OneOf(&["person"]) => recipient(r).kind;
    "content.promotional": Flag AFlag, Only(true) => content(r).promotional;
    "content.sender_identity": Flag AFlag, Only(false) => content(r).sender_identity;
    "content.postal_address": Flag AFlag, Only(false) => content(r).postal_address;
    "content.unsubscribe": Flag AFlag, Only(false) => content(r).unsubscribe;
    "content.one_click": Flag AFlag, Only(false) => content(r).one_click;
    "content.contact_address": Flag AFlag, Only(false) => content(r).contact_address;
    "content.ad_label": Flag AFlag, Only(false) => content(r).ad_label;
    "content.template_id": Flag AFlag, Only(false) => content(r).template_id;
    "content.header_id": Flag AFlag, Only(false) => content(r).header_id;
    "content.bulk": Flag AFlag, Only(true) => content(r).bulk;
});

fn recipient<'r, 'a>(record: &'r mut OutboundMessageRecord<'a>) -> &'r mut RecipientRecord<'a> {
    record.recipient.get_or_insert_default()
}

fn content<'r>(record: &'r mut OutboundMessageRecord<'_>) -> &'r mut ContentRecord {
    record.content.get_or_insert_default()
}

impl<'a> Record<'a> for ConsentChangeRecord<'a> {
    fn slot(&mut self, index: usize) -> Option<Slot<'_, 'a>> {
        match index.checked_sub(CONSENT.len()) {
            None => consent_slot(self, index),
            Some(flag) => {
                let context: &mut ContextRecord<'a> = self.context.get_or_insert_default();
                context.flags.get_mut(flag).map(Slot::Flag)
            }
        }
    }
}

impl<'a> Record<'a> for OutboundMessageRecord<'a> {
    fn slot(&mut self, index: usize) -> Option<Slot<'_, 'a>> {
        message_slot(self, index)
    }
}

/// The fields of a record, in the order they are filled: what others depend on comes first.
pub(crate) fn targets(kind: Kind) -> Vec<Target> {
    match kind {
        Kind::ConsentChange => {
            let flags = CONTEXT_NAMES.iter().zip(CONTEXT_PATHS).map(|(_, name)| Target {
                name,
                takes: AFlag,
                unsaid: Absent,
            });
            CONSENT.iter().copied().chain(flags).collect()
        }
        Kind::OutboundMessage => MESSAGE.to_vec(),
    }
}

/// The fields without which there is no record; of each group one.
pub(crate) const fn required(kind: Kind) -> &'static [&'static [&'static str]] {
    match kind {
        Kind::ConsentChange => {
            &[&["event_id"], &["occurred_at"], &["action"], &["contact_id", "address"]]
        }
        Kind::OutboundMessage => {
            &[&["message_id"], &["channel"], &["recipient.contact_id", "recipient.address"]]
        }
    }
}

/// Fields that say whose record it is.
pub(crate) const PERSON: [&str; 4] =
    ["contact_id", "address", "recipient.contact_id", "recipient.address"];

#[cfg(test)]
mod tests {
    use super::*;
    use gate_core::{Action, Basis, Category, Channel, RecipientKind, RelationshipKind};
    use std::collections::BTreeSet;

    fn same(set: Set, core: impl Iterator<Item = &'static str>) {
        let names: BTreeSet<_> = set.names().iter().copied().collect();
        assert_eq!(names, core.collect(), "{set:?}");
    }

    #[test]
    fn the_names_are_those_of_the_law() {
        same(Set::Action, Action::ALL.into_iter().map(Action::as_str));
        same(Set::Channel, Channel::ALL.into_iter().map(Channel::as_str));
        same(Set::Basis, Basis::ALL.into_iter().map(Basis::as_str));
        same(
            Set::RelationshipKind,
            RelationshipKind::ALL.into_iter().map(RelationshipKind::as_str),
        );
        same(Set::RecipientKind, RecipientKind::ALL.into_iter().map(RecipientKind::as_str));
        let other = |name: &&&str| Category::parse(name) == Category::Marketing;
        assert_eq!(Set::Category.names().iter().filter(other).collect::<Vec<_>>(), [&"marketing"]);
    }

    #[test]
    fn every_field_has_a_place_and_a_path_for_complaints() {
        for kind in [Kind::ConsentChange, Kind::OutboundMessage] {
            let paths = gate_codec::field_paths(kind);
            for (index, target) in targets(kind).iter().enumerate() {
                let found = match kind {
                    Kind::ConsentChange => ConsentChangeRecord::default().slot(index).is_some(),
                    Kind::OutboundMessage => OutboundMessageRecord::default().slot(index).is_some(),
                };
                assert!(found, "{}", target.name);
                let carried = ["cause", "via", "campaign"].contains(&target.name);
                assert!(carried || paths.contains(&target.name), "{}", target.name);
            }
            // and nothing that is read is forgotten
            let names: Vec<_> = targets(kind).iter().map(|target| target.name).collect();
            for path in paths {
                let is_object =
                    ["evidence", "context", "content", "recipient", "attributes"].contains(&path);
                assert!(is_object || names.contains(&path), "{path}");
            }
        }
    }
}
