//! A candidate message, reduced to what a decision looks at. Its body is never read.

use crate::canonical::{Name, Sender};
use crate::listed::listed;
use crate::{Address, CanonicalAddress, Channel, ContactId, Timestamp};
use std::borrow::Cow;
use std::fmt;

/// What kind of message it claims to be. Anything unknown is marketing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Category {
    /// Promotes goods, services, aims or fundraising; also everything unknown.
    #[default]
    Marketing,
    /// Needed for something the person already has or asked for.
    Transactional,
    /// About a running service.
    Service,
    /// Danger to life, health or property.
    Emergency,
    /// A notice the law demands.
    LegalNotice,
    /// The one confirmation of an opt-out.
    OptoutConfirmation,
    /// The request to confirm a subscription.
    ConsentRequest,
}

impl Category {
    /// The category of that name; unknown names count as marketing (docs/schemas.md, OutboundMessage).
    #[must_use]
    pub fn parse(name: &str) -> Self {
        match name {
            "transactional" => Self::Transactional,
            "service" => Self::Service,
            "emergency" => Self::Emergency,
            "legal_notice" => Self::LegalNotice,
            "optout_confirmation" => Self::OptoutConfirmation,
            "consent_request" => Self::ConsentRequest,
            _ => Self::Marketing,
        }
    }
}

listed! {
    /// Whether a recipient is a person or acts in business: some rules spare companies, few spare sole traders.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum RecipientKind {
        /// A private person; also everything unknown, since it is protected most.
        #[default]
        Person,
        /// A company or another body.
        Business,
        /// A person who trades under their own name, or an unincorporated partnership.
        SoleTrader,
    }
}

impl RecipientKind {
    /// The kind of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The name used on the wire and in packs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Business => "business",
            Self::SoleTrader => "sole_trader",
        }
    }
}

/// What the sender says the content holds. `None` is unknown and counts against sending.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// Promotional content of any amount.
    pub promotional: Option<bool>,
    /// The sender is named.
    pub sender_identity: Option<bool>,
    /// A postal address is given.
    pub postal_address: Option<bool>,
    /// A free way to refuse is given.
    pub unsubscribe: Option<bool>,
    /// RFC 8058 one-click unsubscribe.
    pub one_click: Option<bool>,
    /// A way to reach the sender is given.
    pub contact_address: Option<bool>,
    /// It is labelled as advertising.
    pub ad_label: Option<bool>,
    /// It uses a registered template (IN).
    pub template_id: Option<bool>,
    /// It uses a registered header (IN).
    pub header_id: Option<bool>,
    /// It is part of a bulk mailing.
    pub bulk: Option<bool>,
}

/// A message waiting for a decision. `Debug` shows only what comes from closed sets.
#[derive(Clone, PartialEq, Eq)]
pub struct OutboundMessage<'a> {
    /// The sender's id of the message.
    pub message_id: Cow<'a, str>,
    /// The channel; `None` when the name is unknown to us.
    pub channel: Option<Channel>,
    /// What kind of message it claims to be.
    pub category: Category,
    /// Dotted purpose path.
    pub purpose: Option<Name<'a>>,
    /// Legal entity responsible.
    pub controller: Option<Name<'a>>,
    /// Trade name shown to the person.
    pub brand: Option<Name<'a>>,
    /// The number it is sent from.
    pub sender_number: Option<Sender<'a>>,
    /// What it advertises.
    pub product_group: Option<Name<'a>>,
    /// For the charity soft opt-in.
    pub sole_charitable_purpose: Option<bool>,
    /// After this instant it must not be sent.
    pub expires_at: Option<Timestamp>,
    /// Declared content.
    pub content: Content,
    /// Recipient: the sender's id.
    pub contact_id: Option<ContactId<'a>>,
    /// Recipient: address.
    pub address: Option<Address<'a>>,
    /// Recipient: ISO country to read a national number with.
    pub region: Option<Cow<'a, str>>,
    /// Recipient: IANA time zone.
    pub tz: Option<Cow<'a, str>>,
    /// Recipient: ISO 3166-1 or -2 code.
    pub jurisdiction: Option<Cow<'a, str>>,
    /// The jurisdiction was verified.
    pub jurisdiction_verified: bool,
    /// When it was verified. What was verified counts for twelve months; absent, without end.
    pub jurisdiction_verified_at: Option<Timestamp>,
    /// Recipient: a person or a business, as the sender says; unknown is a person.
    pub kind: Option<RecipientKind>,
    /// The campaign it belongs to, for people and counters: no rule looks at it.
    pub campaign: Option<Cow<'a, str>>,
}

impl fmt::Debug for OutboundMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboundMessage")
            .field("channel", &self.channel)
            .field("category", &self.category)
            .field("content", &self.content)
            .field("expires_at", &self.expires_at)
            .field("contact_id", &self.contact_id)
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl OutboundMessage<'_> {
    /// The recipient's address as it is meant, by channel and region; `None` when there is none, or none that the channel
    /// can deliver to. Of a message whose channel is unknown, which is blocked for that, it may be of any.
    #[must_use]
    pub fn canonical(&self) -> Option<CanonicalAddress> {
        let (raw, region) = (self.address.as_ref()?.expose(), self.region.as_deref());
        let canonical = match self.channel {
            Some(channel) => CanonicalAddress::of_recipient(raw, channel, region),
            None => CanonicalAddress::parse(raw, None, region),
        };
        canonical.ok()
    }
}

impl<'a> OutboundMessage<'a> {
    /// A marketing message with only the required fields set.
    #[must_use]
    pub fn new(message_id: impl Into<Cow<'a, str>>, channel: Option<Channel>) -> Self {
        Self {
            message_id: message_id.into(),
            channel,
            category: Category::Marketing,
            purpose: None,
            controller: None,
            brand: None,
            sender_number: None,
            product_group: None,
            sole_charitable_purpose: None,
            expires_at: None,
            content: Content::default(),
            contact_id: None,
            address: None,
            region: None,
            tz: None,
            jurisdiction: None,
            jurisdiction_verified: false,
            jurisdiction_verified_at: None,
            campaign: None,
            kind: None,
        }
    }

    /// Whether it is judged as marketing: an exempt category counts only when the content is declared
    /// free of promotion (docs/law.md section 10, step 6: "promotional or unknown → marketing").
    #[must_use]
    pub fn is_marketing(&self) -> bool {
        self.category == Category::Marketing || self.content.promotional != Some(false)
    }
}
