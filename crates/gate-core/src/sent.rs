//! Messages that went out to a recipient: what frequency caps and "once" rules count.
//!
//! The gate keeps a few bytes per approval (names as hashes, no address); senders outside the gate report
//! theirs with `sent` events. Both are counted, one message once.

use crate::canonical::fold;
use crate::covers;
use crate::fact::{Fact, FactKind};
use crate::listed::listed;
use crate::policy::{Cap, PerSender, Rule};
use crate::reach::{ANY, named};
use crate::{Category, Channel, ChannelScope, EventKey, OutboundMessage, Timestamp};

/// Approvals remembered per recipient. With so many in the windows of the caps nobody can count further, and
/// a capped message is blocked.
pub const SENT_MESSAGES_MAX: usize = 128;

listed! {
    /// Why a message was counted.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    #[repr(u8)]
    pub enum SentKind {
        /// Marketing, for frequency caps.
        Marketing = 1,
        /// The confirmation of an opt-out.
        Confirmation = 2,
        /// A request for consent.
        Request = 3,
        /// Nothing that went out: whatever did up to this instant may have been taken out of the memory by a
        /// stranger. It counts as much as any cap asks for, as a confirmation and as a request.
        Unknown = 4,
    }
}

impl SentKind {
    /// What an approval of this message counts as.
    #[must_use]
    pub const fn of(message: &OutboundMessage<'_>) -> Self {
        match message.category {
            Category::OptoutConfirmation => Self::Confirmation,
            Category::ConsentRequest => Self::Request,
            Category::Marketing
            | Category::Transactional
            | Category::Service
            | Category::Emergency
            | Category::LegalNotice => Self::Marketing,
        }
    }

    /// The kind with that code in stored records.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == code)
    }
}

/// A name, as a hash that says nothing outside the gate; 0 is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct NameHash(pub u32);

impl NameHash {
    /// The hash of a name in its canonical form (FNV-1a, frozen: it is stored).
    #[must_use]
    pub fn of(name: Option<&str>) -> Self {
        let name = fold(name.unwrap_or_default());
        if name.is_empty() {
            return Self::default();
        }
        let hash = name
            .bytes()
            .fold(0x811c_9dc5u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        Self(hash.max(1))
    }

    /// Whether both may be the same: one that is not known may be any.
    fn may_be(self, other: Self) -> bool {
        self.0 == 0 || other.0 == 0 || self == other
    }
}

/// A message that was approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentMessage {
    /// When it was decided.
    pub at: Timestamp,
    /// The message's key: hashed like an event id.
    pub message: EventKey,
    /// Why it counts.
    pub kind: SentKind,
    /// Its channel.
    pub channel: Channel,
    /// Its controller.
    pub controller: NameHash,
    /// Its brand.
    pub brand: NameHash,
    /// Its product group.
    pub subject: NameHash,
}

impl SentMessage {
    /// What a message leaves when it is approved at `at`.
    #[must_use]
    pub fn new(
        message: &OutboundMessage<'_>,
        channel: Channel,
        key: EventKey,
        kind: SentKind,
        at: Timestamp,
    ) -> Self {
        Self {
            at,
            message: key,
            kind,
            channel,
            controller: NameHash::of(message.controller.as_deref()),
            brand: NameHash::of(message.brand.as_deref()),
            subject: NameHash::of(message.product_group.as_deref()),
        }
    }

    /// No message: up to `at` nobody knows what went out. `place` tells where that was found.
    #[must_use]
    pub fn unknown(at: Timestamp, place: EventKey) -> Self {
        let nobody = NameHash::default();
        Self {
            at,
            message: place,
            kind: SentKind::Unknown,
            // any: it stands for all of them
            channel: Channel::Email,
            controller: nobody,
            brand: nobody,
            subject: nobody,
        }
    }

    /// A reported message; `None` for one that is no marketing by its purpose.
    fn reported(fact: &Fact<'_>, now: Timestamp) -> Option<Reported> {
        let is_service = named(fact.scope.purpose).is_some_and(|purpose| {
            ["service", "transactional"].iter().any(|root| covers(root, purpose))
        });
        (fact.kind == FactKind::Sent && !is_service).then(|| Reported {
            at: fact.effective_at(now),
            message: fact.event,
            channel: fact.scope.channel,
            controller: NameHash::of(one(fact.scope.controller)),
            brand: NameHash::of(one(fact.scope.brand)),
            subject: NameHash::of(fact.detail),
        })
    }
}

/// A name of one; `any` names none in particular.
fn one(name: Option<&str>) -> Option<&str> {
    named(name).filter(|name| *name != ANY)
}

/// A message some other program reported; its channel may be open.
struct Reported {
    at: Timestamp,
    message: EventKey,
    channel: ChannelScope,
    controller: NameHash,
    brand: NameHash,
    subject: NameHash,
}

/// Counts what went out to one recipient, one message once.
#[derive(Clone, Copy)]
pub(crate) struct History<'a> {
    /// The gate's own approvals.
    pub(crate) approved: &'a [SentMessage],
    /// Facts about the address.
    pub(crate) address: &'a [Fact<'a>],
    /// Facts about the contact.
    pub(crate) contact: &'a [Fact<'a>],
}

impl History<'_> {
    /// How many messages that count together with `this` are in the rolling window `(now - window, now]`,
    /// without itself. `None` when nobody knows, because a part of the window was lost.
    pub(crate) fn count(&self, cap: &Cap, rule: &Rule, this: &SentMessage) -> Option<u32> {
        let since = this.at.saturating_sub(cap.window);
        if self.is_unknown(|lost_at| lost_at > since) {
            return None;
        }
        let is_counted = |at: Timestamp, message: EventKey, controller, brand, subject| {
            at > since
                && message != this.message
                && this.controller.may_be(controller)
                && match cap.per {
                    PerSender::Controller => true,
                    PerSender::Brand => this.brand.may_be(brand),
                    PerSender::Subject => this.subject.may_be(subject),
                }
        };
        let own = self.approved.iter().filter(|sent| {
            sent.kind == SentKind::Marketing
                && rule.channels.contains(sent.channel)
                && is_counted(sent.at, sent.message, sent.controller, sent.brand, sent.subject)
        });
        let reported = self.reported(this.at).filter(|sent| {
            let on_channel = match sent.channel {
                ChannelScope::Any => true,
                ChannelScope::One(channel) => rule.channels.contains(channel),
            };
            on_channel
                && is_counted(sent.at, sent.message, sent.controller, sent.brand, sent.subject)
        });
        Some(u32::try_from(own.count() + reported.count()).unwrap_or(u32::MAX))
    }

    /// Whether the memory was lost at an instant that counts.
    fn is_unknown(&self, counts: impl Fn(Timestamp) -> bool) -> bool {
        self.approved.iter().any(|sent| sent.kind == SentKind::Unknown && counts(sent.at))
    }

    /// Whether a confirmation of an opt-out of `since` went out: the gate's own, or anything that was
    /// reported, since nothing else may follow a STOP.
    pub(crate) fn has_confirmed(&self, since: Timestamp, this: &SentMessage) -> bool {
        self.has_gone_out(SentKind::Confirmation, since, this, |_| true)
    }

    /// Whether a request for consent went out since `since`: the gate's own, or one that was reported for the
    /// purpose of this message.
    pub(crate) fn has_requested(
        &self,
        since: Timestamp,
        purpose: Option<&str>,
        this: &SentMessage,
    ) -> bool {
        self.has_gone_out(SentKind::Request, since, this, |fact| {
            let (reported, asked) = (named(fact.scope.purpose), named(purpose));
            reported.is_none() || asked.is_none() || reported == asked
        })
    }

    fn has_gone_out(
        &self,
        kind: SentKind,
        since: Timestamp,
        this: &SentMessage,
        is_meant: impl Fn(&Fact<'_>) -> bool,
    ) -> bool {
        let own = self.approved.iter().any(|sent| {
            sent.kind == kind
                && sent.at >= since
                && sent.message != this.message
                && sent.channel.family() == this.channel.family()
                && this.controller.may_be(sent.controller)
        });
        let is_lost = self.is_unknown(|lost_at| lost_at >= since);
        own || is_lost
            || self.address.iter().chain(self.contact).any(|fact| {
                fact.kind == FactKind::Sent
                    && fact.effective_at(this.at) >= since
                    && fact.event != this.message
                    && fact.scope.channel.refuses(this.channel)
                    && this.controller.may_be(NameHash::of(one(fact.scope.controller)))
                    && is_meant(fact)
            })
    }

    /// Reported messages, each once, without those the gate has counted itself.
    fn reported(&self, now: Timestamp) -> impl Iterator<Item = Reported> {
        let of_contact = self.contact.iter().filter(|fact| {
            let is_same =
                |other: &Fact<'_>| other.kind == FactKind::Sent && other.event == fact.event;
            !self.address.iter().any(is_same)
        });
        self.address
            .iter()
            .chain(of_contact)
            .filter_map(move |fact| SentMessage::reported(fact, now))
            .filter(|sent| !self.approved.iter().any(|approved| approved.message == sent.message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_hash_alike_whatever_their_case() {
        assert_eq!(NameHash::of(Some(" Acme ")), NameHash::of(Some("ACME")));
        assert_ne!(NameHash::of(Some("acme")), NameHash::of(Some("acne")));
        assert_eq!(NameHash::of(Some("  ")), NameHash(0));
        assert_eq!(NameHash::of(None), NameHash(0));
        // frozen: it is stored
        assert_eq!(NameHash::of(Some("acme")), NameHash(0x45fd_71af));
        assert!(NameHash(0).may_be(NameHash(7)) && NameHash(7).may_be(NameHash(0)));
        assert!(!NameHash(7).may_be(NameHash(8)));
    }
}
