//! Canonical addresses: the form that is hashed, so that every spelling of an address finds the same state.
//!
//! docs/law.md section 7. Changing what comes out of here changes every stored key: golden tests freeze it, and
//! a change raises the store's format version. Never logged; the error carries no address.
//!
//! `wrapping.rs` takes away what stands around an address, `email.rs`, `phone.rs`, `user.rs` and `push.rs` read
//! what is left, `line.rs` joins the numbers of one line.

mod email;
mod line;
mod phone;
mod push;
mod user;
mod wrapping;

use self::wrapping::{Wrapper, unwrapped};
use super::{clean, fold};
use crate::Channel;
use std::borrow::Cow;

/// What kind of address it is; part of the hashed key, so equal texts of two kinds stay apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressKind {
    /// An e-mail address.
    Email,
    /// A phone number.
    Phone,
    /// A push token, an app install id or a Web Push endpoint.
    Push,
    /// A WhatsApp user id or user name: a person who shows no number.
    User,
}

impl AddressKind {
    /// The kind of address a channel delivers to; WhatsApp also delivers to a [`AddressKind::User`].
    #[must_use]
    pub const fn of_channel(channel: Channel) -> Self {
        match channel {
            Channel::Email => Self::Email,
            Channel::Push => Self::Push,
            Channel::Sms
            | Channel::Mms
            | Channel::Rcs
            | Channel::Whatsapp
            | Channel::VoiceLive
            | Channel::VoiceAuto => Self::Phone,
        }
    }

    /// The prefix of the hashed key.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Push => "push",
            Self::User => "user",
        }
    }
}

/// An address in the form that is hashed. Personal data: `Debug` is redacted.
#[derive(Clone, PartialEq, Eq)]
pub struct CanonicalAddress {
    kind: AddressKind,
    text: String,
    variant: u8,
}

/// Why an address cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Longer than any real address.
    #[error("address longer than any of its kind (4096 bytes, 320 for e-mail)")]
    TooLong,
    /// Nothing but white space and characters nobody sees.
    #[error("address is blank")]
    Empty,
    /// Not a deliverable e-mail address.
    #[error("not a valid e-mail address")]
    Email,
    /// The domain is no valid international domain name.
    #[error("not a valid e-mail domain")]
    Domain,
    /// No country code and no region, or a length that no number has.
    #[error("not a valid phone number; write it as +<country code><number> or give `region`")]
    Phone,
}

/// Longest address looked at, in bytes: a Web Push endpoint may have 4 KiB. E-mail addresses end at 320.
pub const ADDRESS_BYTES_MAX: usize = 4096;

type Read = Result<CanonicalAddress, AddressError>;

impl CanonicalAddress {
    /// Canonicalises the address of a consent change. It says *who* as often as *where*: an e-mail address is
    /// one and a leading `+` makes a phone number, whatever channel the change speaks about.
    ///
    /// Without a channel, what reads as neither and looks like a token is a push token. Bare digits are a number
    /// with its country code on WhatsApp, a token on push, and anywhere else nothing without a region: a
    /// national number taken for an international one would be somebody else's.
    ///
    /// # Errors
    /// When it cannot be an address of that kind.
    pub fn parse(raw: &str, channel: Option<Channel>, region: Option<&str>) -> Read {
        let cleaned = cleaned(raw)?;
        let found = unwrapped(&cleaned);
        let text = found.text.trim();
        match found.wrapper {
            Some(Wrapper::Email) => return Self::email(text),
            Some(Wrapper::Phone) => return Self::phone(text, region),
            Some(Wrapper::Whatsapp) => return Self::whatsapp(text, region),
            None if push::is_endpoint(text) => return Self::push(&cleaned),
            None => {}
        }
        match channel {
            Some(Channel::Whatsapp) if user::number_of_jid(text).is_some() => {
                Self::whatsapp(text, region)
            }
            Some(Channel::Whatsapp) if text.starts_with('@') => Self::whatsapp(text, region),
            _ if text.contains('@') => Self::email(text).or_else(|error| match channel {
                Some(Channel::Push) => Self::push(&cleaned),
                None if text.contains([':', '/']) && push::is_token(text) => Self::push(&cleaned),
                Some(_) | None => Err(error),
            }),
            Some(Channel::Push) if text.starts_with('+') => {
                Self::phone(text, region).or_else(|_| Self::push(&cleaned))
            }
            Some(Channel::Push) => Self::push(&cleaned),
            Some(Channel::Whatsapp) => Self::whatsapp(text, region),
            None if user::is_id(text) => Self::whatsapp(text, region),
            None if push::is_token(text) => Self::push(&cleaned),
            Some(_) | None => Self::phone(text, region),
        }
    }

    /// Canonicalises the address a message goes to: only one that its channel can deliver to.
    ///
    /// # Errors
    /// When it cannot be an address of the channel's kind.
    pub fn of_recipient(raw: &str, channel: Channel, region: Option<&str>) -> Read {
        let cleaned = cleaned(raw)?;
        if channel == Channel::Push {
            return Self::push(&cleaned);
        }
        let found = unwrapped(&cleaned);
        let text = found.text.trim();
        match (AddressKind::of_channel(channel), found.wrapper) {
            (AddressKind::Email, None | Some(Wrapper::Email)) => Self::email(text),
            (AddressKind::Email, Some(_)) => Err(AddressError::Email),
            (_, Some(Wrapper::Email)) => Err(AddressError::Phone),
            (_, None | Some(Wrapper::Whatsapp)) if channel == Channel::Whatsapp => {
                Self::whatsapp(text, region)
            }
            // a user of WhatsApp has no number that another channel could deliver to
            (_, Some(Wrapper::Whatsapp)) => Self::of_line(phone::with_country_code(text, region)?),
            (_, None | Some(Wrapper::Phone)) => Self::phone(text, region),
        }
    }

    fn email(text: &str) -> Read {
        Self::of_kind(AddressKind::Email, email::email(text)?)
    }

    fn phone(text: &str, region: Option<&str>) -> Read {
        Self::of_line(phone::phone(text, region)?)
    }

    fn whatsapp(text: &str, region: Option<&str>) -> Read {
        if let Some(digits) = user::number_of_jid(text) {
            return Self::of_line(phone::with_country_code(digits, None)?);
        }
        let named = user::user(text);
        if let Ok(user) = named {
            // a name may end in digits that a region would make a number of
            return Self::of_kind(AddressKind::User, user);
        }
        Self::of_line(phone::with_country_code(text, region)?)
    }

    fn push(cleaned: &str) -> Read {
        Self::of_kind(AddressKind::Push, push::token(cleaned))
    }

    fn of_line((text, variant): (String, u8)) -> Read {
        Ok(Self { variant, ..Self::of_kind(AddressKind::Phone, text)? })
    }

    fn of_kind(kind: AddressKind, text: String) -> Read {
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        Ok(Self { kind, text, variant: 0 })
    }

    /// What kind of address it is.
    #[must_use]
    pub fn kind(&self) -> AddressKind {
        self.kind
    }

    /// The E.164 number its line is known by, when it is one: its prefix says where the holder may be.
    #[must_use]
    pub fn e164(&self) -> Option<&str> {
        (self.kind == AddressKind::Phone).then_some(self.text.as_str())
    }

    /// Which of the numbers of its line it is; 0 is the one the line is known by, and every other kind of
    /// address. A refusal reaches the line, a permission only the number it was given for.
    #[must_use]
    pub fn variant(&self) -> u8 {
        self.variant
    }

    /// The address under which a number of this line was known before lines were joined; `None` when it was this one.
    /// For what was noted of it then.
    #[must_use]
    pub fn former(&self) -> Option<Self> {
        let text = self.e164().and_then(line::former)?;
        Some(Self { kind: self.kind, text, variant: 0 })
    }

    /// The canonical text, for hashing only.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }
}

impl std::fmt::Debug for CanonicalAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CanonicalAddress({}, redacted)", self.kind.as_str())
    }
}

/// What a sender's number or name comes down to, see [`Sender`](super::Sender).
pub(super) fn sender(text: &str) -> Cow<'_, str> {
    let is_plain = |text: &str| {
        // two zeros may stand for a plus
        !text.starts_with("00")
            && text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
    };
    let bare = text.strip_prefix('+').filter(|digits| phone::is_settled(digits)).unwrap_or(text);
    if is_plain(bare) {
        return Cow::Borrowed(bare);
    }
    let mut sender = letters_of_sender(text);
    // what is left out may have stood between letters that compose, or digits that make a number
    for _ in 0..SENDER_READINGS_MAX {
        let again = letters_of_sender(&sender);
        if again == sender {
            break;
        }
        sender = again;
    }
    Cow::Owned(sender)
}

/// How often what is left of a sender may read as another one; one more than any does.
const SENDER_READINGS_MAX: usize = 4;

fn letters_of_sender(text: &str) -> String {
    let cleaned = clean(text);
    let found = unwrapped(&cleaned);
    let text = found.text.trim();
    let is_number = text.chars().find(|c| c.is_alphanumeric()).is_some_and(char::is_numeric);
    let number = match user::number_of_jid(text) {
        Some(digits) => phone::with_country_code(digits, None),
        None if is_number => phone::phone(text, None),
        None => Err(AddressError::Phone),
    };
    let written = number.map_or_else(|_| phone::in_plain_digits(text), |(number, _)| number.into());
    fold(&written).chars().filter(|c| c.is_alphanumeric()).collect()
}

/// The text as a reader sees it, if it is short enough to be an address.
fn cleaned(raw: &str) -> Result<Cow<'_, str>, AddressError> {
    let is_short = |text: &str| text.len() <= ADDRESS_BYTES_MAX;
    if !is_short(raw) {
        return Err(AddressError::TooLong);
    }
    let cleaned = clean(raw);
    match cleaned.is_empty() {
        true => Err(AddressError::Empty),
        false if !is_short(&cleaned) => Err(AddressError::TooLong),
        false => Ok(cleaned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Golden keys: state is stored under these texts, so none may ever change silently.
    #[test]
    fn golden_forms() {
        for (raw, channel, region, expected) in [
            ("Ben@Example.NET", Channel::Email, None, "ben@example.net"),
            ("  Ben O'Neil <ben@example.net> ", Channel::Email, None, "ben@example.net"),
            ("ben@example.net.", Channel::Email, None, "ben@example.net"),
            ("ben+tag@gmail.com", Channel::Email, None, "ben+tag@gmail.com"),
            ("b.e.n@gmail.com", Channel::Email, None, "b.e.n@gmail.com"),
            ("jose\u{301}@example.com", Channel::Email, None, "jos\u{e9}@example.com"),
            ("anna@Bücher.example", Channel::Email, None, "anna@xn--bcher-kva.example"),
            ("+44 7700 900456", Channel::Sms, None, "+447700900456"),
            ("0044 7700 900456", Channel::Sms, None, "+447700900456"),
            ("+44 (0)7700 900456", Channel::Sms, None, "+447700900456"),
            ("07700 900456", Channel::Sms, Some("GB"), "+447700900456"),
            ("(312) 555-0147", Channel::VoiceLive, Some("US"), "+13125550147"),
            ("+1 312 555 0147 ext. 12", Channel::Sms, None, "+13125550147"),
            (" 9f3c-install ", Channel::Push, None, "9f3c-install"),
            ("07700 900456", Channel::Sms, Some(" gb "), "+447700900456"),
            ("+49 (0)30 123456", Channel::VoiceAuto, None, "+4930123456"),
            ("011 44 7700 900456", Channel::Sms, Some("US"), "+447700900456"),
            ("tel:+44-7700-900456", Channel::Rcs, None, "+447700900456"),
            ("\"Ben, B.\" <Ben@example.net>", Channel::Email, None, "ben@example.net"),
            // joined since store format 2
            ("\u{2066}ben@example.com\u{2069}", Channel::Email, None, "ben@example.com"),
            ("\u{2060}be\u{200c}n@example.com", Channel::Email, None, "ben@example.com"),
            ("MailTo:Ben%40example.com?subject=no", Channel::Email, None, "ben@example.com"),
            ("'ben@example.com';", Channel::Email, None, "ben@example.com"),
            ("\"ben\"@example.com (Ben)", Channel::Email, None, "ben@example.com"),
            ("(Ben (B.)) ben @ example.com.", Channel::Email, None, "ben@example.com"),
            ("\"b n\"@example.com", Channel::Email, None, "\"b n\"@example.com"),
            ("hanako..k.@example.com", Channel::Email, None, "hanako..k.@example.com"),
            ("ben@in--box.mx_1.example.com", Channel::Email, None, "ben@in--box.mx_1.example.com"),
            ("Gro\u{df}@example.com", Channel::Email, None, "gross@example.com"),
            ("a@B\u{fc}cher.example", Channel::Email, None, "a@xn--bcher-kva.example"),
            ("a@XN--BCHER-KVA.example", Channel::Email, None, "a@xn--bcher-kva.example"),
            ("a@example\u{3002}com", Channel::Email, None, "a@example.com"),
            ("\u{202d}0044 7700 900456\u{202c}", Channel::Sms, None, "+447700900456"),
            ("\u{660}\u{660}\u{664}\u{664}7700900456", Channel::Sms, None, "+447700900456"),
            ("\u{ff0b}44 7700 900456", Channel::Sms, None, "+447700900456"),
            ("\u{2795}44 7700 900456", Channel::Sms, None, "+447700900456"),
            ("tel:07700900456;phone-context=+44", Channel::Sms, None, "+447700900456"),
            ("07700 900456", Channel::Sms, Some("UK"), "+447700900456"),
            ("07700 900456", Channel::Sms, Some("gbr"), "+447700900456"),
            ("447700900456", Channel::Whatsapp, None, "+447700900456"),
            ("447700900456", Channel::Whatsapp, Some("US"), "+447700900456"),
            ("07700 900456", Channel::Whatsapp, Some("GB"), "+447700900456"),
            ("447700900456:2@s.whatsapp.net", Channel::Whatsapp, None, "+447700900456"),
            ("whatsapp:+44 7700 900456", Channel::Sms, None, "+447700900456"),
            ("US.13491208655302741918", Channel::Whatsapp, None, "us.13491208655302741918"),
            ("@Jasper.Market", Channel::Whatsapp, None, "jasper.market"),
            ("+551187654321", Channel::Sms, None, "+5511987654321"),
            ("+54 11 15 2345 6789", Channel::Sms, None, "+5491123456789"),
            ("+52 1 55 5555 0199", Channel::Whatsapp, None, "+525555550199"),
            (
                "https://push.example.com/s/u@1:abc",
                Channel::Push,
                None,
                "https://push.example.com/s/u@1:abc",
            ),
            ("tok@1:AbC", Channel::Push, None, "tok@1:AbC"),
            ("<740F4707 BEBCF74F>", Channel::Push, None, "740F4707BEBCF74F"),
        ] {
            let canonical = CanonicalAddress::parse(raw, Some(channel), region);
            let text = canonical.as_ref().map(CanonicalAddress::expose);
            assert_eq!(text, Ok(expected), "{raw}");
        }
    }

    #[test]
    fn refused() {
        for (raw, channel) in [
            ("ben", Channel::Email),
            ("ben@", Channel::Email),
            ("@example.net", Channel::Email),
            ("ben@localhost", Channel::Email),
            ("ben@[127.0.0.1]", Channel::Email),
            ("a b@example.net", Channel::Email),
            ("07700 900456", Channel::Sms),
            ("+999 123456789", Channel::Sms),
            ("+44", Channel::Sms),
            ("+44 7700 900456 900456 900456", Channel::Sms),
            ("hello", Channel::Sms),
            ("+1 555 0147", Channel::Sms), // can be dialled only locally
            ("  ", Channel::Push),
            ("Ben <ben>", Channel::Email),
            ("ben@exa mple.net", Channel::Email),
            ("ben@-example.net", Channel::Email),
            ("ben@example.com, eva@example.com", Channel::Email),
            ("mailto:ben@example.com?to=eva@example.com", Channel::Email),
            ("ben@example..com", Channel::Email),
            ("ben@example.com (Ben", Channel::Email),
            ("\u{200b}@example.com", Channel::Email),
            ("\"\"@example.com", Channel::Email),
            ("447700900456", Channel::Sms), // which country?
            ("07700 900456", Channel::Whatsapp),
            ("\u{200b}\u{feff}", Channel::Push),
        ] {
            assert!(CanonicalAddress::parse(raw, Some(channel), None).is_err(), "{raw}");
        }
    }

    /// A change says who by whatever address it has: an opt-out from push named by an e-mail address
    /// belongs to the e-mail address.
    #[test]
    fn a_change_is_told_by_its_address_not_by_its_channel() {
        for (raw, channel, kind, expected) in [
            ("ben@example.net", Channel::Sms, AddressKind::Email, "ben@example.net"),
            ("ben@example.net", Channel::Push, AddressKind::Email, "ben@example.net"),
            ("+44 7700 900456", Channel::Email, AddressKind::Phone, "+447700900456"),
            ("+44 7700 900456", Channel::Push, AddressKind::Phone, "+447700900456"),
            ("447700900456", Channel::Push, AddressKind::Push, "447700900456"),
        ] {
            let canonical = CanonicalAddress::parse(raw, Some(channel), None).unwrap();
            assert_eq!((canonical.kind(), canonical.expose()), (kind, expected), "{raw}");
        }
    }

    /// Without a channel, what is neither an e-mail address nor a number but looks like a token is one.
    #[test]
    fn a_token_is_known_without_its_channel() {
        for raw in [
            "dGhpc2lz-token_1234:APA91bxxxx",
            "9f3c-install",
            "550e8400-e29b-41d4-a716-446655440000",
            "https://push.example.com/s/u@1:abc",
            "ExponentPushToken[xxxxxxxxxxxxxxxxxxxxxx]",
        ] {
            let found = CanonicalAddress::parse(raw, None, None).unwrap();
            let of_message = CanonicalAddress::of_recipient(raw, Channel::Push, None).unwrap();
            assert_eq!((found.kind(), &found), (AddressKind::Push, &of_message), "{raw}");
        }
        for raw in ["unknown", "n/a", "hello", "447700900456", "07700900456", "ben@localhost1"] {
            assert!(CanonicalAddress::parse(raw, None, None).is_err(), "{raw}");
        }
        let id = CanonicalAddress::parse("US.13491208655302741918", None, None).unwrap();
        assert_eq!(id.kind(), AddressKind::User);
    }

    /// A message goes only where its channel can deliver.
    #[test]
    fn a_recipient_fits_the_channel() {
        for channel in Channel::ALL {
            let fits = |raw| {
                let found = CanonicalAddress::of_recipient(raw, channel, None);
                found.is_ok_and(|address| address.kind() == AddressKind::of_channel(channel))
            };
            let is_email = channel == Channel::Email;
            let is_push = channel == Channel::Push;
            assert_eq!(fits("ben@example.net"), is_email || is_push, "{channel:?}");
            assert_eq!(fits("+44 7700 900456"), !is_email, "{channel:?}");
            assert_eq!(fits("9f3c-install"), is_push, "{channel:?}");
            assert!(!fits("  "), "{channel:?}");
            assert!(!fits(&"9".repeat(ADDRESS_BYTES_MAX + 1)), "{channel:?}");
        }
        let user = CanonicalAddress::of_recipient("wa:jasper.market", Channel::Whatsapp, None);
        assert_eq!(user.map(|user| user.kind()), Ok(AddressKind::User));
        assert!(CanonicalAddress::of_recipient("wa:jasper.market", Channel::Sms, None).is_err());
        let longest = "9".repeat(ADDRESS_BYTES_MAX);
        assert!(CanonicalAddress::of_recipient(&longest, Channel::Push, None).is_ok());
        assert!(CanonicalAddress::parse(&longest, Some(Channel::Push), None).is_ok());
    }

    /// The canonical form is its own canonical form, whatever the alphabet.
    #[test]
    fn canonical_forms_are_stable() {
        for raw in [
            "BEN@EXAMPLE.NET",
            "İstanbul@example.com",
            "ΑΣ@example.com",
            "\u{212a}elvin@example.com",
            "STRASSE@Straße.example",
            "A\u{30a}ke@example.com",
            "退订@例え.example",
            // found by fuzzing: each reading takes a zero away
            "+2000040A113-5-527a",
            "+39 06 1234567",
            "+7 8 800 123 45 67",
        ] {
            let Ok(once) = CanonicalAddress::parse(raw, None, None) else {
                assert!(raw.starts_with('+'), "{raw}");
                continue;
            };
            let twice = CanonicalAddress::parse(once.expose(), None, None).unwrap();
            assert_eq!(once.expose(), twice.expose(), "{raw}");
        }
        let upper = CanonicalAddress::parse("ΑΣ@example.com", None, None).unwrap();
        let lower = CanonicalAddress::parse("ασ@example.com", None, None).unwrap();
        assert_eq!(upper, lower);
    }

    /// A number in its canonical form is read once: no region can make it another one.
    #[test]
    fn a_region_does_not_change_a_canonical_number() {
        let numbers = ["+447700900456", "+13125550147", "+4930123456", "+390612345678", "+2000040"];
        for raw in numbers {
            let plain = CanonicalAddress::parse(raw, Some(Channel::Sms), None);
            for region in ["GB", "US", "DE", "IT", "EG", "XX"] {
                let with_region = CanonicalAddress::parse(raw, Some(Channel::Sms), Some(region));
                assert_eq!(with_region, plain, "{raw} {region}");
            }
        }
    }

    /// What was noted of a line under its older number is looked up under it; nothing else had another form.
    #[test]
    fn a_line_knows_its_former_number() {
        let former = |raw| {
            let line = CanonicalAddress::parse(raw, None, None).unwrap();
            line.former().map(|it| (it.kind(), it.expose().to_owned(), it.variant()))
        };
        let older = Some((AddressKind::Phone, String::from("+551187654321"), 0));
        assert_eq!(former("+5511987654321"), older);
        assert_eq!(former("+551187654321"), older);
        for raw in ["+447700900456", "ben@example.net", "9f3c-install"] {
            assert_eq!(former(raw), None, "{raw}");
        }
    }

    /// One sign of Unicode can stand for a whole sentence: what is short as written may be too long as read.
    #[test]
    fn an_address_is_bounded_as_it_is_read() {
        let written = |n| "\u{fdfa}".repeat(n);
        let read = clean("\u{fdfa}").len();
        let parse = |raw: &str| CanonicalAddress::parse(raw, Some(Channel::Push), None);
        let n_max = ADDRESS_BYTES_MAX / read;
        assert!(parse(&written(n_max)).is_ok());
        assert_eq!(parse(&written(n_max + 1)), Err(AddressError::TooLong));
        assert!(written(n_max + 1).len() < ADDRESS_BYTES_MAX);
    }

    /// Most senders are read without a copy.
    #[test]
    fn a_plain_sender_is_borrowed() {
        for text in ["18005550199", "+18005550199", "acme"] {
            assert!(matches!(sender(text), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn debug_shows_no_address() {
        let canonical = CanonicalAddress::parse("ben@example.net", None, None).unwrap();
        assert!(!format!("{canonical:?}").contains("ben"));
    }
}
