//! Addresses as a page may show them: enough for their owner to know them again, too little for anybody else.
//!
//! `ana@example.com` becomes `a•••@e•••.com`, `+44 7700 900101` becomes `•••101`. The number of dots says nothing about the
//! length. Nothing else makes a [`Masked`], so no page can show an address: what is read from anywhere is masked again, and a
//! masked address stays as it is.

use std::fmt;

use serde::{Deserialize, Serialize};

const DOTS: &str = "•••";
/// The end of a number is shown if at least twice as many digits stay hidden.
const DIGITS_SHOWN: usize = 3;
const DIGITS_MIN: usize = 3 * DIGITS_SHOWN - 2;

/// A masked address.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Masked {
    text: String,
    phone: bool,
}

/// An e-mail address or a phone number, masked. What is neither becomes `•••`.
#[must_use]
pub fn mask_address(address: &str) -> Masked {
    let address = address.trim();
    if let Some((local, domain)) = address.rsplit_once('@') {
        return Masked {
            text: format!("{}@{}", first(local), masked_domain(domain)),
            phone: false,
        };
    }
    let digits: Vec<char> = address.chars().filter(char::is_ascii_digit).collect();
    let already = address.strip_prefix(DOTS).is_some_and(|end| end.len() == DIGITS_SHOWN);
    let phone = address.chars().all(|c| c.is_ascii_digit() || "+ -./()•\u{a0}".contains(c));
    let shown = phone && (digits.len() >= DIGITS_MIN || (already && digits.len() == DIGITS_SHOWN));
    let end: String = if shown {
        digits.iter().skip(digits.len().saturating_sub(DIGITS_SHOWN)).collect()
    } else {
        String::new()
    };
    Masked { text: format!("{DOTS}{end}"), phone: shown }
}

/// The first letter or digit and dots; a single sign is not shown: it would be all of it.
fn first(text: &str) -> String {
    let mut signs = text.chars();
    match (signs.next(), signs.next()) {
        (Some(sign), Some(_)) if sign.is_alphanumeric() => format!("{sign}{DOTS}"),
        _ => DOTS.to_owned(),
    }
}

fn masked_domain(domain: &str) -> String {
    match domain.rsplit_once('.') {
        Some((before, top)) if is_top(top) => format!("{}.{top}", first(before)),
        _ => DOTS.to_owned(),
    }
}

/// A top-level domain tells nothing about a person; anything else at the end might.
fn is_top(text: &str) -> bool {
    (2..=TOP_CHARS_MAX).contains(&text.len())
        && (text.starts_with("xn--") || text.bytes().all(|b| b.is_ascii_alphabetic()))
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

const TOP_CHARS_MAX: usize = 24;

impl Masked {
    /// The masked address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is a number of which the end is shown.
    pub(crate) fn is_phone(&self) -> bool {
        self.phone
    }

    /// The end of a number, without dots.
    pub(crate) fn end(&self) -> &str {
        self.text.trim_start_matches('•')
    }
}

impl From<String> for Masked {
    fn from(address: String) -> Self {
        mask_address(&address)
    }
}

impl From<Masked> for String {
    fn from(masked: Masked) -> Self {
        masked.text
    }
}

impl fmt::Debug for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Masked(…)")
    }
}

/// Whom a page is about. With neither (a contact id alone) the page names nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Who {
    /// The address that is no number.
    pub email: Option<Masked>,
    /// The number.
    pub phone: Option<Masked>,
}

impl Who {
    /// Of these addresses the first e-mail address and the first number.
    #[must_use]
    pub fn of(addresses: &[Masked]) -> Self {
        let one = |phone| addresses.iter().find(|a| a.is_phone() == phone).cloned();
        Self { email: one(false), phone: one(true) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_owner_knows_it_again() {
        for (address, masked) in [
            ("ana@example.com", "a•••@e•••.com"),
            ("Zoë.K+news@mail.example.co.uk", "Z•••@m•••.uk"),
            ("a@b.io", "•••@•••.io"),
            ("\"odd@local\"@example.org", "•••@e•••.org"),
            ("ana@localhost", "a•••@•••"),
            ("ana@[192.0.2.1]", "a•••@•••"),
            ("ana@müller.example", "a•••@m•••.example"),
            ("ana@example.xn--p1ai", "a•••@e•••.xn--p1ai"),
            ("+44 7700 900101", "•••101"),
            ("(555) 010-0199", "•••199"),
            ("12345", "•••"),
            ("ana", "•••"),
            ("ana1234567", "•••"),
            ("", "•••"),
        ] {
            assert_eq!(mask_address(address).as_str(), masked, "{address}");
        }
    }

    proptest! {
        #[test]
        fn masking_twice_is_masking_once(address in "\\PC{0,40}|[a-z.]{1,9}@[a-z.]{1,20}|[+0-9 ]{0,15}") {
            let once = mask_address(&address);
            prop_assert_eq!(&mask_address(once.as_str()), &once);
        }

        #[test]
        fn little_of_an_address_is_left(local in "[a-z0-9.]{2,20}", host in "[a-z0-9]{2,20}") {
            let masked = mask_address(&format!("{local}@{host}.example"));
            let shown: String = masked.as_str().chars().filter(|c| *c != '•').collect();
            prop_assert!(shown.len() <= 2 + "@.example".len(), "{}", shown);
        }
    }

    #[test]
    fn nothing_of_it_is_in_debug() {
        assert_eq!(format!("{:?}", mask_address("ana@example.com")), "Masked(…)");
    }
}
