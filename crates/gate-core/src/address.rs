//! Canonical addresses: the form that is hashed, so that every spelling of an address finds the same state.
//!
//! Rules section 7. Changing what comes out of here changes every stored key: golden tests freeze it, and
//! a change raises the store's format version. Never logged; the error carries no address.

use crate::Channel;
use rlibphonenumber::enums::{NumberLengthType, Region};
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat};
use unicode_normalization::UnicodeNormalization;

/// What kind of address it is; part of the hashed key, so equal texts of two kinds stay apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressKind {
    /// An e-mail address.
    Email,
    /// A phone number.
    Phone,
    /// An app install id.
    Push,
}

impl AddressKind {
    /// The kind of address a channel delivers to.
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
        }
    }
}

/// An address in the form that is hashed. Personal data: `Debug` is redacted.
#[derive(Clone, PartialEq, Eq)]
pub struct CanonicalAddress {
    kind: AddressKind,
    text: String,
}

/// Why an address cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Longer than any real address.
    #[error("address longer than {ADDRESS_BYTES_MAX} bytes")]
    TooLong,
    /// Nothing but white space.
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

/// Longest address looked at, in bytes; RFC 5321 allows 254 for e-mail.
pub(crate) const ADDRESS_BYTES_MAX: usize = 320;

impl CanonicalAddress {
    /// Canonicalises the address of a consent change. It says *who* as often as *where*: an `@` makes it
    /// an e-mail address and a leading `+` a phone number, whatever channel the change speaks about.
    ///
    /// # Errors
    /// When it cannot be an address of that kind.
    pub fn parse(
        raw: &str,
        channel: Option<Channel>,
        region: Option<&str>,
    ) -> Result<Self, AddressError> {
        if raw.len() > ADDRESS_BYTES_MAX {
            return Err(AddressError::TooLong);
        }
        match channel {
            _ if raw.contains('@') => Self::of_kind(AddressKind::Email, raw, region),
            Some(Channel::Push) if raw.trim().starts_with('+') => {
                Self::of_kind(AddressKind::Phone, raw, region)
                    .or_else(|_| Self::of_kind(AddressKind::Push, raw, region))
            }
            Some(Channel::Push) => Self::of_kind(AddressKind::Push, raw, region),
            Some(_) | None => Self::of_kind(AddressKind::Phone, raw, region),
        }
    }

    /// Canonicalises the address a message goes to: only one that its channel can deliver to.
    ///
    /// # Errors
    /// When it cannot be an address of the channel's kind.
    pub fn of_recipient(
        raw: &str,
        channel: Channel,
        region: Option<&str>,
    ) -> Result<Self, AddressError> {
        if raw.len() > ADDRESS_BYTES_MAX {
            return Err(AddressError::TooLong);
        }
        Self::of_kind(AddressKind::of_channel(channel), raw, region)
    }

    fn of_kind(kind: AddressKind, raw: &str, region: Option<&str>) -> Result<Self, AddressError> {
        let text = match kind {
            AddressKind::Email => email(raw)?,
            AddressKind::Phone => phone(raw, region)?,
            AddressKind::Push => raw.trim().to_owned(),
        };
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        Ok(Self { kind, text })
    }

    /// What kind of address it is.
    #[must_use]
    pub fn kind(&self) -> AddressKind {
        self.kind
    }

    /// The E.164 number, when it is one: its prefix says where the holder may be.
    #[must_use]
    pub fn e164(&self) -> Option<&str> {
        (self.kind == AddressKind::Phone).then_some(self.text.as_str())
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

/// Trim, drop a display name, NFC; domain to lower-case A-labels without trailing dot; local part
/// lower-cased for matching (over-blocking is the safe side). No provider folding.
fn email(raw: &str) -> Result<String, AddressError> {
    let raw = raw.trim();
    let bare = match (raw.rfind('<'), raw.strip_suffix('>')) {
        (Some(open), Some(inner)) => inner.get(open + 1..).unwrap_or_default(),
        _ => raw,
    };
    // plain ASCII is already NFC and its domain already an A-label: the common case allocates once
    let nfc: String = if bare.is_ascii() { bare.to_owned() } else { bare.nfc().collect() };
    let (local, domain) = nfc.rsplit_once('@').ok_or(AddressError::Email)?;
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    let domain = idna::domain_to_ascii_strict(domain).map_err(|_| AddressError::Domain)?;
    // letter by letter, so that none depends on its neighbours; lower case may need composing again
    let local: String = if local.is_ascii() {
        local.to_ascii_lowercase()
    } else {
        local.chars().flat_map(char::to_lowercase).nfc().collect()
    };
    let canonical = format!("{local}@{domain}");
    let options = email_address::Options::default()
        .without_display_text()
        .without_domain_literal()
        .with_required_tld();
    email_address::EmailAddress::parse_with_options(&canonical, options)
        .map_err(|_| AddressError::Email)?;
    Ok(canonical)
}

/// E.164 through libphonenumber's rules: impossible lengths and unknown country codes are refused,
/// unassigned but well-formed ranges are not. A number that can only be dialled locally reaches nobody.
fn phone(raw: &str, region: Option<&str>) -> Result<String, AddressError> {
    let region = region.map(|region| region.trim().to_ascii_uppercase());
    let region = region.and_then(|region| Region::try_from(region.as_str()).ok());
    let trimmed = raw.trim();
    let international = trimmed.strip_prefix("00").map(|rest| format!("+{rest}"));
    let written = international.as_deref().unwrap_or(trimmed);
    let mut text = e164(written, region)?;
    if text == written {
        // begins with `+`, so no region had a part in it: reading it again would be the same reading
        return Ok(text);
    }
    // a form that reads as yet another number (`+20 00 40…` loses a zero with each reading) would be found
    // under two keys: what it settles on is the number, and what does not settle is none
    for _ in 0..READINGS_MAX {
        let again = e164(&text, None)?;
        if again == text {
            return Ok(text);
        }
        text = again;
    }
    Err(AddressError::Phone)
}

/// How often a number may read as another one.
const READINGS_MAX: usize = 4;

fn e164(raw: &str, region: Option<Region>) -> Result<String, AddressError> {
    let mut number = PHONE_NUMBER_UTIL.parse(raw, region).map_err(|_| AddressError::Phone)?;
    match PHONE_NUMBER_UTIL.is_possible_number_with_reason(&number) {
        Ok(NumberLengthType::IsPossible) => {}
        Ok(NumberLengthType::IsPossibleLocalOnly) | Err(_) => return Err(AddressError::Phone),
    }
    number.extension = None;
    Ok(PHONE_NUMBER_UTIL.format(&number, PhoneNumberFormat::E164).into_owned())
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
        ] {
            let canonical = CanonicalAddress::parse(raw, Some(channel), region).unwrap();
            assert_eq!(canonical.expose(), expected, "{raw}");
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

    #[test]
    fn debug_shows_no_address() {
        let canonical = CanonicalAddress::parse("ben@example.net", None, None).unwrap();
        assert!(!format!("{canonical:?}").contains("ben"));
    }
}
