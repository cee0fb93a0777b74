//! A consent change as the sources state it, before it becomes facts.
//!
//! Field names and meanings are those of the public contract (`schemas/consent-change.avsc`).

use crate::canonical::{Name, Sender};
use crate::listed::listed;
use crate::{Address, CanonicalAddress, ChannelScope, ContactId, RecipientKind, Timestamp};
use std::borrow::Cow;
use std::fmt;

listed! {
    /// What happened.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Action {
        /// Double opt-in asked for, not yet confirmed.
        OptInRequested,
        /// The person agreed.
        OptIn,
        /// The mailbox or number owner confirmed.
        OptInConfirmed,
        /// The person ended permission.
        OptOut,
        /// GDPR art. 21(2) objection to direct marketing.
        Object,
        /// A purchase, inquiry, donation …: raw material of soft opt-in and implied consent.
        Relationship,
        /// A text message from the person.
        InboundSms,
        /// A spam report (RFC 5965).
        Complaint,
        /// A permanent delivery failure.
        HardBounce,
        /// The number belongs to somebody else now.
        AddressReassigned,
        /// The result of a do-not-call registry check.
        RegistryStatus,
        /// Operator suppression.
        Suppress,
        /// End of an operator suppression.
        Unsuppress,
        /// Erasure under GDPR art. 17.
        Erase,
        /// Facts about the person, such as the birth date.
        Profile,
        /// A message went out.
        Sent,
        /// The person has another address now: `new_address` takes the place of `address`.
        AddressChanged,
    }
}

impl Action {
    /// The action of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == name)
    }

    /// The name used on the wire and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OptInRequested => "opt_in_requested",
            Self::OptIn => "opt_in",
            Self::OptInConfirmed => "opt_in_confirmed",
            Self::OptOut => "opt_out",
            Self::Object => "object",
            Self::Relationship => "relationship",
            Self::InboundSms => "inbound_sms",
            Self::Complaint => "complaint",
            Self::HardBounce => "hard_bounce",
            Self::AddressReassigned => "address_reassigned",
            Self::RegistryStatus => "registry_status",
            Self::Suppress => "suppress",
            Self::Unsuppress => "unsuppress",
            Self::Erase => "erase",
            Self::Profile => "profile",
            Self::Sent => "sent",
            Self::AddressChanged => "address_changed",
        }
    }
}

listed! {
    /// The legal basis an event claims.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub enum Basis {
        /// A clear affirmative act. The default of the express actions.
        #[default]
        Express,
        /// Signed agreement naming seller and number (47 CFR 64.1200(f)).
        ExpressWritten,
        /// Existing customer exception.
        SoftOptIn,
        /// Its charity form (GB, from 2026-02-05).
        CharitySoftOptIn,
        /// Permission the law reads from a relationship.
        Implied,
        /// GDPR art. 6(1)(f); never replaces ePrivacy consent.
        LegitimateInterest,
    }
}

impl Basis {
    /// The basis of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|basis| basis.as_str() == name)
    }

    /// The name used on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Express => "express",
            Self::ExpressWritten => "express_written",
            Self::SoftOptIn => "soft_opt_in",
            Self::CharitySoftOptIn => "charity_soft_opt_in",
            Self::Implied => "implied",
            Self::LegitimateInterest => "legitimate_interest",
        }
    }
}

listed! {
    /// The kind of a relationship event.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum RelationshipKind {
        /// A concluded sale.
        Purchase,
        /// Negotiation of a sale.
        Negotiation,
        /// A running contract.
        Contract,
        /// A request for information.
        Inquiry,
        /// A donation.
        Donation,
        /// Volunteer work.
        Volunteer,
        /// Other support of a charity.
        Support,
        /// Expressed interest in a charity.
        Interest,
        /// Membership.
        Membership,
        /// A free account.
        AccountFree,
    }
}

impl RelationshipKind {
    /// The kind of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The name used on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Purchase => "purchase",
            Self::Negotiation => "negotiation",
            Self::Contract => "contract",
            Self::Inquiry => "inquiry",
            Self::Donation => "donation",
            Self::Volunteer => "volunteer",
            Self::Support => "support",
            Self::Interest => "interest",
            Self::Membership => "membership",
            Self::AccountFree => "account_free",
        }
    }
}

/// What an operator suppression stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuppressionScope {
    /// Every message. What a `suppress` without a scope means.
    All,
    /// Marketing only.
    Marketing,
}

/// Proof of consent, reduced to what the gate judges. `method` and `notice_version` are required to grant.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Evidence<'a> {
    /// How consent was given, e.g. `web_form`.
    pub method: Option<Cow<'a, str>>,
    /// The version of the text the person saw.
    pub notice_version: Option<Cow<'a, str>>,
    /// Signature present (US written consent).
    pub signature: bool,
    /// The number was named (US written consent).
    pub number_named: bool,
    /// Consent was no condition of purchase (US written consent).
    pub not_condition_of_purchase: bool,
    /// A hash of the text the person saw is on file.
    pub has_notice_text: bool,
    /// It says where consent was given.
    pub has_source: bool,
    /// It names the language of the text.
    pub has_locale: bool,
    /// It names the registered template (IN).
    pub has_template_id: bool,
}

/// One event about one person's consent. `Debug` shows only what comes from closed sets: every free text
/// may hold personal data (a mail server's answer quotes the address, an event id may be made of one).
#[derive(Clone, PartialEq, Eq)]
pub struct ConsentChange<'a> {
    /// Unique per event; redelivery is a no-op.
    pub event_id: Cow<'a, str>,
    /// When the person acted.
    pub occurred_at: Timestamp,
    /// What happened.
    pub action: Action,
    /// Who, by the sender's id. At least one of this and `address` is present.
    pub contact_id: Option<ContactId<'a>>,
    /// Who, by address.
    pub address: Option<Address<'a>>,
    /// ISO country to read a national number with.
    pub region: Option<Cow<'a, str>>,
    /// Which channel it speaks about.
    pub channel: ChannelScope,
    /// Which purpose, a dotted path.
    pub purpose: Option<Name<'a>>,
    /// The legal entity responsible.
    pub controller: Option<Name<'a>>,
    /// The trade name; `any` means all brands of the controller.
    pub brand: Option<Name<'a>>,
    /// The legal basis claimed.
    pub basis: Option<Basis>,
    /// For `relationship`.
    pub kind: Option<RelationshipKind>,
    /// For `relationship`: the named boolean flags of docs/law.md section 4 that were `true` ([`crate::flags`]).
    pub context_flags: u64,
    /// For `relationship`: what was bought; for `sent`: what was advertised.
    pub product_group: Option<Name<'a>>,
    /// Proof of consent.
    pub evidence: Option<Evidence<'a>>,
    /// For `inbound_sms`: what the person wrote.
    pub text: Option<Cow<'a, str>>,
    /// For `inbound_sms`: our number.
    pub to: Option<Sender<'a>>,
    /// For `registry_status`: which registry.
    pub registry: Option<Name<'a>>,
    /// For `registry_status`: whether the number is listed. Unknown counts as listed.
    pub listed: Option<bool>,
    /// For `hard_bounce`: the enhanced status code (RFC 3463), alone or within what the mail server said.
    pub smtp: Option<Cow<'a, str>>,
    /// For `complaint`: the feedback type of the report (RFC 5965), or `arf`.
    pub format: Option<Cow<'a, str>>,
    /// For `suppress` and `unsuppress`.
    pub scope: Option<SuppressionScope>,
    /// For `erase`: leave the keyed hash that keeps the address blocked. Default true.
    pub keep_suppression: bool,
    /// For `profile`: days since 1970-01-01 of the birth date.
    pub birth_date_days: Option<i32>,
    /// For `sent`: the id of the message that went out.
    pub message_id: Option<Cow<'a, str>>,
    /// For what permits, and relationships: first instant at which it no longer counts.
    pub expires_at: Option<Timestamp>,
    /// For `address_changed` and `profile`: the address that takes the place of `address`.
    pub new_address: Option<Address<'a>>,
    /// For `profile`: a person or a business.
    pub recipient_kind: Option<RecipientKind>,
}

impl fmt::Debug for Evidence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evidence")
            .field("has_method", &self.method.is_some())
            .field("has_notice_version", &self.notice_version.is_some())
            .field("signature", &self.signature)
            .field("number_named", &self.number_named)
            .field("not_condition_of_purchase", &self.not_condition_of_purchase)
            .field("has_notice_text", &self.has_notice_text)
            .field("has_source", &self.has_source)
            .field("has_locale", &self.has_locale)
            .field("has_template_id", &self.has_template_id)
            .finish()
    }
}

impl fmt::Debug for ConsentChange<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsentChange")
            .field("action", &self.action)
            .field("occurred_at", &self.occurred_at)
            .field("contact_id", &self.contact_id)
            .field("address", &self.address)
            .field("channel", &self.channel)
            .field("basis", &self.basis)
            .field("kind", &self.kind)
            .field("scope", &self.scope)
            .field("listed", &self.listed)
            .field("keep_suppression", &self.keep_suppression)
            .field("evidence", &self.evidence)
            .finish_non_exhaustive()
    }
}

impl ConsentChange<'_> {
    /// One of its addresses as it means it, by its channel and region; `None` when nobody can use it.
    #[must_use]
    pub fn canonical(&self, address: &Address<'_>) -> Option<CanonicalAddress> {
        let (channel, region) = (self.channel.channel(), self.region.as_deref());
        CanonicalAddress::parse(address.expose(), channel, region).ok()
    }
}

impl<'a> ConsentChange<'a> {
    /// A change with only the required fields set.
    #[must_use]
    pub fn new(event_id: impl Into<Cow<'a, str>>, occurred_at: Timestamp, action: Action) -> Self {
        Self {
            event_id: event_id.into(),
            occurred_at,
            action,
            contact_id: None,
            address: None,
            region: None,
            channel: ChannelScope::Any,
            purpose: None,
            controller: None,
            brand: None,
            basis: None,
            kind: None,
            context_flags: 0,
            product_group: None,
            evidence: None,
            text: None,
            to: None,
            registry: None,
            listed: None,
            smtp: None,
            format: None,
            scope: None,
            keep_suppression: true,
            birth_date_days: None,
            message_id: None,
            expires_at: None,
            new_address: None,
            recipient_kind: None,
        }
    }
}
