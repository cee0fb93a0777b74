//! How far a statement reaches: whether a refusal covers a message, and whether a permission does.
//!
//! The two are not mirror images (docs/law.md section 10, state rules 5 and 6). A refusal covers everything it
//! does not exclude and covers what the message leaves open. A permission covers only what it names, and needs
//! the message to say what it is. Names come in their canonical form on both sides ([`crate::canonical`]).
//!
//! Deliberately absent: time, facts and state; this file compares names.

use crate::fact::Scope;
use crate::{Channel, ChannelScope, OutboundMessage, covers};

/// The root of every marketing purpose. A refusal of it reaches each message that is judged as marketing,
/// whatever purpose the message claims: mixed and undeclared content counts as marketing.
pub(crate) const MARKETING: &str = "marketing";
/// The purpose of selling or sharing data (CCPA, 1798.120; a Global Privacy Control signal is a refusal of it). It
/// can only be refused, and refusing it is no refusal of marketing.
const SALE_SHARE: &str = "sale_share";
/// A brand or controller that stands for all of them.
pub(crate) const ANY: &str = "any";

/// What a message says about itself, without blanks: a field that holds only white space says nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addressed<'a> {
    channel: Channel,
    controller: Option<&'a str>,
    brand: Option<&'a str>,
    purpose: Option<&'a str>,
    number: Option<&'a str>,
}

impl<'a> Addressed<'a> {
    pub(crate) fn new(channel: Channel, message: &'a OutboundMessage<'_>) -> Self {
        Self {
            channel,
            controller: named(message.controller.as_deref()),
            brand: named(message.brand.as_deref()),
            purpose: named(message.purpose.as_deref()),
            number: named(message.sender_number.as_deref()),
        }
    }

    /// State rule 5, for a message judged as marketing.
    pub(crate) fn is_refused_by(&self, scope: &Scope<'_>) -> bool {
        let purpose = match (named(scope.purpose), self.purpose) {
            (Some(refused), Some(purpose)) => {
                let is_all = refused == ANY || refused == MARKETING;
                is_all || covers(refused, purpose)
            }
            (Some(_), None) => !is_sale_share(scope),
            (None, _) => true,
        };
        purpose && self.sender_is_refused_by(scope)
    }

    /// Whether this is about selling or sharing data, and refused by name.
    pub(crate) fn sale_is_refused_by(&self, scope: &Scope<'_>) -> bool {
        is_sale_share(scope) && self.purpose.is_some() && self.is_refused_by(scope)
    }

    /// Whether this is an automated call of whom a texted keyword refused: a revocation reaches robocalls and
    /// robotexts alike, whatever medium carried it (47 CFR 64.1200(a)(10), FCC 24-24). It does not reach a person
    /// who calls.
    pub(crate) fn is_call_stopped_by(&self, scope: &Scope<'_>) -> bool {
        let is_by_text = match scope.channel {
            ChannelScope::Any => false,
            ChannelScope::One(channel) => channel.family() == crate::Family::Text,
        };
        let any = Scope { channel: ChannelScope::Any, ..*scope };
        self.channel == Channel::VoiceAuto && is_by_text && self.is_refused_by(&any)
    }

    /// State rule 5 without the purpose: channel family, controller and brand.
    pub(crate) fn sender_is_refused_by(&self, scope: &Scope<'_>) -> bool {
        let reaches = |refused: Option<&str>, named_by_message: Option<&str>| match (
            named(refused),
            named_by_message,
        ) {
            (Some(refused), Some(name)) => refused == ANY || name == ANY || refused == name,
            (None, _) | (Some(_), None) => true,
        };
        scope.channel.refuses(self.channel)
            && reaches(scope.controller, self.controller)
            && reaches(scope.brand, self.brand)
    }

    /// Whether a refusal is one of this message's controller, whatever else it names.
    pub(crate) fn controller_is_refused_by(&self, scope: &Scope<'_>) -> bool {
        let any = Scope { channel: ChannelScope::Any, brand: None, ..*scope };
        self.sender_is_refused_by(&any)
    }

    /// State rule 6: exactly the channel, the brand or all brands of the controller, the purpose or its
    /// parent.
    pub(crate) fn is_permitted_by(&self, scope: &Scope<'_>) -> bool {
        let purpose = match (named(scope.purpose), self.purpose) {
            (Some(permitted), Some(purpose)) => covers(permitted, purpose),
            (None, _) | (Some(_), None) => false,
        };
        purpose && self.is_sender_permitted_by(scope)
    }

    /// A field without which no consent can name this message, if it is absent.
    pub(crate) fn unnamed(&self) -> Option<&'static str> {
        let fields =
            [("controller", self.controller), ("brand", self.brand), ("purpose", self.purpose)];
        fields.into_iter().find(|(_, value)| value.is_none()).map(|(field, _)| field)
    }

    /// The first field in which a permission that does not cover this message differs from it. An express act must
    /// name the channel, a relationship need not.
    pub(crate) fn differs_from(&self, scope: &Scope<'_>, is_act: bool) -> &'static str {
        let brand = named(scope.brand);
        let on_channel =
            if is_act { scope.channel.permits(self.channel) } else { self.may_be_on(scope) };
        if !on_channel {
            "channel"
        } else if named(scope.controller) != self.controller {
            "controller"
        } else if brand != Some(ANY) && brand != self.brand {
            "brand"
        } else {
            "purpose"
        }
    }

    /// Whether a relationship is one with the sender of this message: the controller and brand are named, and
    /// a channel or purpose that is named as well fits.
    pub(crate) fn is_related_by(&self, scope: &Scope<'_>) -> bool {
        self.may_be_on(scope) && self.may_be_for(scope) && self.sender_is_named_by(scope)
    }

    /// Whether a relationship is one with the controller of this message, for texts about it: a brand, channel or
    /// purpose that is named as well fits.
    pub(crate) fn is_served_by(&self, scope: &Scope<'_>) -> bool {
        let controller = named(scope.controller);
        let brand = match named(scope.brand) {
            None | Some(ANY) => true,
            brand => brand == self.brand,
        };
        let is_sender = controller.is_some() && controller == self.controller && brand;
        is_sender && self.may_be_on(scope) && self.may_be_for(scope)
    }

    /// Whether a channel that a relationship names is the message's.
    fn may_be_on(&self, scope: &Scope<'_>) -> bool {
        scope.channel == ChannelScope::Any || scope.channel.permits(self.channel)
    }

    /// Whether a channel is named that is of the message's family.
    fn is_in_family_of(&self, scope: &Scope<'_>) -> bool {
        scope.channel != ChannelScope::Any && scope.channel.refuses(self.channel)
    }

    /// Whether a purpose that a relationship names is the message's or its parent.
    fn may_be_for(&self, scope: &Scope<'_>) -> bool {
        match (named(scope.purpose), self.purpose) {
            (Some(named), Some(purpose)) => covers(named, purpose) && !is_sale_share(scope),
            (Some(_), None) => false,
            (None, _) => true,
        }
    }

    /// Whether a permission names the sender and channel of this message, whatever the purpose.
    pub(crate) fn is_sender_permitted_by(&self, scope: &Scope<'_>) -> bool {
        scope.channel.permits(self.channel)
            && self.sender_is_named_by(scope)
            && !is_sale_share(scope)
    }

    /// State rule 5 for a service message: a refusal of marketing leaves it alone.
    pub(crate) fn service_is_refused_by(&self, scope: &Scope<'_>) -> bool {
        let purpose = match (named(scope.purpose), self.purpose) {
            (Some(refused), Some(purpose)) => refused == ANY || covers(refused, purpose),
            (Some(refused), None) => !covers(MARKETING, refused) && !is_sale_share(scope),
            (None, _) => true,
        };
        purpose && self.sender_is_refused_by(scope)
    }

    /// START covers its brand and controller in its channel's family, whatever the purpose: it undoes what
    /// STOP did there.
    pub(crate) fn is_restarted_by(&self, scope: &Scope<'_>) -> bool {
        self.is_in_family_of(scope) && self.sender_is_named_by(scope)
    }

    /// Whether a START without a controller means this sender all the same: it was texted to the number of the
    /// message or the one that was stopped, and names the brand of the message. Providers' webhooks know our number,
    /// not the company behind it.
    pub(crate) fn is_restarted_at(
        &self,
        scope: &Scope<'_>,
        started: Option<&str>,
        stopped: Option<&str>,
    ) -> bool {
        let brand = named(scope.brand).is_some_and(|brand| self.brand == Some(brand));
        let number = self.number_is_restarted_by(started, stopped);
        named(scope.controller).is_none() && self.is_in_family_of(scope) && brand && number
    }

    pub(crate) fn sender_is_named_by(&self, scope: &Scope<'_>) -> bool {
        let controller = named(scope.controller);
        let brand = match named(scope.brand) {
            Some(ANY) => true,
            Some(brand) => self.brand == Some(brand),
            None => false,
        };
        controller.is_some() && controller == self.controller && brand
    }

    /// Whether a STOP to `stopped` reaches this message. STOP stops everything from that number on any
    /// channel; where one of the two numbers is unknown, every text message may come from it.
    pub(crate) fn number_is_stopped_by(&self, stopped: Option<&str>) -> bool {
        match (named(stopped), self.number) {
            (Some(stopped), Some(number)) => may_be_same_number(stopped, number),
            (None, _) | (Some(_), None) => self.channel.family() == crate::Family::Text,
        }
    }

    /// Whether a START to `started` undoes a STOP to `stopped` for this message: the number must be named,
    /// and be the one that was stopped or the one the message is sent from.
    pub(crate) fn number_is_restarted_by(
        &self,
        started: Option<&str>,
        stopped: Option<&str>,
    ) -> bool {
        named(started).is_some_and(|started| {
            let is_started = |number: Option<&str>| number == Some(started);
            is_started(named(stopped)) || is_started(self.number)
        })
    }
}

/// Whether a statement is about selling or sharing data.
pub(crate) fn is_sale_share(scope: &Scope<'_>) -> bool {
    named(scope.purpose).is_some_and(|purpose| covers(SALE_SHARE, purpose))
}

/// A canonical text that says something; an empty one counts as absent.
pub(crate) fn named(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

/// Fewest digits by which a number without its country code is recognised; short codes are shorter.
const NATIONAL_DIGITS_MIN: usize = 7;

/// Whether both are the same sender, or one may be the other written without its country code.
fn may_be_same_number(a: &str, b: &str) -> bool {
    a == b || ends_with_national(a, b) || ends_with_national(b, a)
}

fn ends_with_national(whole: &str, part: &str) -> bool {
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let part = part.trim_start_matches('0');
    is_number(whole)
        && is_number(part)
        && part.len() >= NATIONAL_DIGITS_MIN
        && whole.ends_with(part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sender;

    #[test]
    fn numbers_that_may_be_the_same() {
        for (a, b, may_be, is) in [
            ("+18005550199", "1 (800) 555-0199", true, true),
            ("+18005550199", "800 555 0199", true, false),
            ("+448005550199", "0800 555 0199", true, false),
            ("+441632960961", "01632 960961", true, false),
            ("+441632960961", "01632960961", true, false),
            ("+18005550199", "900 555 0199", false, false),
            ("+18005550199", "+18005550198", false, false),
            ("80123", "80123", true, true),
            ("4480123", "80123", false, false), // short codes have no country code
            ("ACME", "acme", true, true),
            ("ACME1234567", "1234567", false, false),
            ("АКМЕ", "ДРУГ", false, false),
        ] {
            let (one, other) = (Sender::from(a), Sender::from(b));
            assert_eq!(may_be_same_number(&one, &other), may_be, "{a} {b}");
            assert_eq!(may_be_same_number(&other, &one), may_be, "{b} {a}");
            assert_eq!(one == other, is, "{a} {b}");
        }
    }
}
