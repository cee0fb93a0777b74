//! An unsubscribe link for an approved e-mail, or a short one for a text, made while it is judged.

use gate_core::{CanonicalAddress, Category, Channel, Name, OutboundMessage};
use gate_intake::{ShortSender, TokenContent, TokenKeys, TokenKind};
use std::fmt;

/// Seals links of approved e-mail. Cloned for each lane; the keys are read once, at the start.
pub(crate) struct Minter {
    base: String,
    keys: TokenKeys,
    short: Option<ShortLinks>,
}

/// Short links, for texts.
struct ShortLinks {
    base: String,
    senders: Vec<ShortSender>,
}

/// What became of one message.
#[derive(PartialEq, Eq)]
pub(crate) enum Minted {
    /// Its link.
    Link(String),
    /// It is none that carries one.
    NotWanted,
    /// It names more than fits into a link.
    TooLong,
}

impl Minter {
    /// Links below `{public_url}/u/`.
    pub(crate) fn new(public_url: &str, keys: TokenKeys) -> Self {
        Self { base: format!("{public_url}/u/"), keys, short: None }
    }

    /// The same, and short links below `{short_url}/` for texts of these senders.
    pub(crate) fn with_short(self, short_url: &str, senders: Vec<ShortSender>) -> Self {
        Self { short: Some(ShortLinks { base: format!("{short_url}/"), senders }), ..self }
    }

    /// The link that stops what this approved message is, for its recipient.
    ///
    /// Marketing carries one everywhere, service messages in some places (CASL s. 6(2)(c)); what the person needs or the
    /// law demands carries none, since nobody should stop it by a mail program's button (RFC 8058 section 3.1 is about list
    /// mail).
    pub(crate) fn link(&self, message: &OutboundMessage<'_>) -> Minted {
        let is_list_mail = matches!(message.category, Category::Marketing | Category::Service);
        match message.channel {
            Some(Channel::Email) if is_list_mail => {}
            Some(channel) if is_list_mail => return self.short_link(message, channel),
            _ => return Minted::NotWanted,
        }
        let content = TokenContent {
            contact_id: message.contact_id.as_ref().map(|id| id.expose().to_owned()),
            address: message.address.as_ref().map(|address| address.expose().to_owned()),
            controller: message.controller.as_ref().map(|name| name.to_string()),
            brand: message.brand.as_ref().map(|name| name.to_string()),
            channel: Some(Channel::Email.as_str().to_owned()),
            purpose: message.purpose.as_ref().map(|name| name.to_string()),
            message_id: Some(message.message_id.clone().into_owned()),
            jurisdiction: message.jurisdiction.clone().map(std::borrow::Cow::into_owned),
            ..TokenContent::default()
        };
        match self.keys.mint(TokenKind::Unsubscribe, &content) {
            Ok(token) => Minted::Link(format!("{}{token}", self.base)),
            Err(_) => Minted::TooLong,
        }
    }
}

impl Minter {
    /// For a text: it names the number and who writes, and stops all of that brand on its channel.
    fn short_link(&self, message: &OutboundMessage<'_>, channel: Channel) -> Minted {
        let Some(short) = &self.short else { return Minted::NotWanted };
        let name = |name: &Option<Name<'_>>| name.as_ref().map(|name| name.to_string());
        let sender =
            ShortSender { controller: name(&message.controller), brand: name(&message.brand) };
        let address = message.canonical();
        let number = address.as_ref().and_then(CanonicalAddress::e164);
        let token = number
            .filter(|_| short.senders.contains(&sender))
            .and_then(|number| self.keys.mint_short(number, channel.as_str(), &sender));
        token.map_or(Minted::NotWanted, |token| Minted::Link(format!("{}{token}", short.base)))
    }
}

impl fmt::Debug for Minted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // whoever has a link may stop what somebody gets
        f.write_str(match self {
            Self::Link(_) => "Link(redacted)",
            Self::NotWanted => "NotWanted",
            Self::TooLong => "TooLong",
        })
    }
}

impl fmt::Debug for Minter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Minter").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_core::{Address, ContactId, Timestamp};
    use gate_intake::{IdKey, Source, SourceSpec, can_be_followed};

    fn keys() -> TokenKeys {
        TokenKeys::new(&[(1, [7; 32])], 1).unwrap()
    }

    fn mail() -> OutboundMessage<'static> {
        let mut message = OutboundMessage::new("m-1", Some(Channel::Email));
        message.contact_id = ContactId::new("Ana-42".into());
        message.address = Address::new("Ana <ana@example.com>".into());
        message.brand = Some("Acme".into());
        message.purpose = Some("marketing.offers".into());
        message.jurisdiction = Some("GB".into());
        message
    }

    /// What the link of a message says, as the door reads it.
    fn said(message: &OutboundMessage<'_>) -> TokenContent {
        let Minted::Link(link) = Minter::new("https://door.example", keys()).link(message) else {
            panic!("no link");
        };
        let token = link.strip_prefix("https://door.example/u/").unwrap();
        keys().open(token).unwrap().content
    }

    #[test]
    fn a_link_says_whom_and_what_the_message_names_and_can_be_followed() {
        let content = said(&mail());
        let texts = [&content.contact_id, &content.brand, &content.purpose, &content.jurisdiction];
        let texts = texts.map(|text| text.as_deref().unwrap_or_default());
        assert_eq!(texts, ["ana-42", "acme", "marketing.offers", "GB"]);
        assert_eq!(content.message_id.as_deref(), Some("m-1"));
        let spec =
            SourceSpec { name: "x".into(), provider: "one-click".into(), ..SourceSpec::default() };
        let source = Source::new(spec, &|_| Err(String::new())).unwrap();
        let ids = IdKey::new([1; 32]);
        assert!(can_be_followed(
            &source,
            &content,
            &ids,
            Timestamp::from_millis(1_790_000_000_000)
        ));
        // the address alone will do
        let anonymous = OutboundMessage { contact_id: None, ..mail() };
        assert!(can_be_followed(
            &source,
            &said(&anonymous),
            &ids,
            Timestamp::from_millis(1_790_000_000_000)
        ));
    }

    #[test]
    fn only_mail_that_may_be_stopped_carries_one() {
        let minter = Minter::new("https://door.example", keys());
        let of = |category, channel| {
            let message = OutboundMessage { category, channel: Some(channel), ..mail() };
            !matches!(minter.link(&message), Minted::NotWanted)
        };
        assert!(of(Category::Marketing, Channel::Email) && of(Category::Service, Channel::Email));
        assert!(!of(Category::Marketing, Channel::Sms));
        for needed in [
            Category::Transactional,
            Category::Emergency,
            Category::LegalNotice,
            Category::OptoutConfirmation,
            Category::ConsentRequest,
        ] {
            assert!(!of(needed, Channel::Email), "{needed:?}");
        }
    }

    #[test]
    fn a_text_of_a_listed_sender_carries_a_short_link() {
        let acme = ShortSender { controller: None, brand: Some("acme".to_owned()) };
        let minter = Minter::new("https://door.example", keys());
        let text = |address: &'static str| OutboundMessage {
            channel: Some(Channel::Sms),
            address: Address::new(address.into()),
            region: Some("GB".into()),
            ..mail()
        };
        assert_eq!(minter.link(&text("07700 900123")), Minted::NotWanted, "none is configured");
        let minter = minter.with_short("https://s.example", vec![acme.clone()]);
        for address in ["07700 900123", "+44 7700 900123"] {
            let Minted::Link(link) = minter.link(&text(address)) else { panic!("no link") };
            let token = link.strip_prefix("https://s.example/").unwrap();
            assert_eq!(token.len(), 22);
            let content = keys().open_short(token, std::slice::from_ref(&acme)).unwrap();
            assert_eq!(content.address.as_deref(), Some("+447700900123"));
            assert_eq!(
                (content.brand.as_deref(), content.channel.as_deref()),
                (Some("acme"), Some("sms"))
            );
        }
        let other = OutboundMessage { brand: Some("other".into()), ..text("+447700900123") };
        assert_eq!(minter.link(&other), Minted::NotWanted);
        let needed = OutboundMessage { category: Category::Transactional, ..text("+447700900123") };
        assert_eq!(minter.link(&needed), Minted::NotWanted);
        let push = OutboundMessage { channel: Some(Channel::Push), ..text("+447700900123") };
        assert_eq!(minter.link(&push), Minted::NotWanted);
        assert!(
            matches!(minter.link(&mail()), Minted::Link(link) if link.starts_with("https://door.example/u/"))
        );
    }

    #[test]
    fn what_does_not_fit_is_said_and_shows_nobody() {
        let long = OutboundMessage { message_id: "m".repeat(3_000).into(), ..mail() };
        let minter = Minter::new("https://door.example", keys());
        assert_eq!(minter.link(&long), Minted::TooLong);
        assert!(!format!("{minter:?}").contains("door"));
    }
}
