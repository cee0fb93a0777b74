//! WhatsApp's names for a person who shows no number: user ids (`US.13491208655302741918`) and user names.

use super::AddressError;
use crate::canonical::fold;

/// Fewest and most letters and digits of a user id behind its country; fewer would be a domain name.
const ID_BYTES: std::ops::RangeInclusive<usize> = 10..=128;
/// Fewest and most characters of a user name.
const NAME_BYTES: std::ops::RangeInclusive<usize> = 3..=35;

/// A user id or user name, folded.
pub(super) fn user(text: &str) -> Result<String, AddressError> {
    let folded = fold(text);
    let name = folded.strip_prefix('@').unwrap_or(&folded);
    if is_id(name) || is_name(name) { Ok(name.to_owned()) } else { Err(AddressError::Phone) }
}

/// Two letters of a country, a dot and the id of the person there, in any case.
pub(super) fn is_id(text: &str) -> bool {
    let Some((country, id)) = text.split_once('.') else { return false };
    let id = match id.split_at_checked(4) {
        Some((parent, rest)) if parent.eq_ignore_ascii_case("ent.") => rest,
        _ => id,
    };
    country.len() == 2
        && country.bytes().all(|byte| byte.is_ascii_alphabetic())
        && ID_BYTES.contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && id.bytes().any(|byte| byte.is_ascii_digit())
}

fn is_name(text: &str) -> bool {
    NAME_BYTES.contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._".contains(&byte))
        && text.bytes().any(|byte| byte.is_ascii_lowercase())
}

/// The number in an id of WhatsApp's own network (`447700900456@s.whatsapp.net`, `…:2@c.us`).
pub(super) fn number_of_jid(text: &str) -> Option<&str> {
    let (user, server) = text.rsplit_once('@')?;
    let is_server =
        ["s.whatsapp.net", "c.us"].iter().any(|known| server.eq_ignore_ascii_case(known));
    let digits = user.split([':', '.']).next().unwrap_or_default();
    (is_server && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
        .then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids() {
        let of_digits = |n| format!("us.{}", "1".repeat(n));
        assert!(is_id(&of_digits(*ID_BYTES.start())) && is_id(&of_digits(*ID_BYTES.end())));
        assert!(!is_id(&of_digits(ID_BYTES.start() - 1)) && !is_id(&of_digits(ID_BYTES.end() + 1)));
        for id in ["US.13491208655302741918", "us.ENT.1234567890", "us.abcdefghi1"] {
            assert!(is_id(id), "{id}");
        }
        for other in [
            "us",
            "usa.1234567890",
            "u1.1234567890",
            "us.abcdefghij",
            "us.12345-67890",
            "us.ent.123456789",
            "us.ext.1234567890",
        ] {
            assert!(!is_id(other), "{other}");
        }
    }

    #[test]
    fn names() {
        let of_letters = |n| is_name(&"a".repeat(n));
        assert!(of_letters(*NAME_BYTES.start()) && of_letters(*NAME_BYTES.end()));
        assert!(!of_letters(NAME_BYTES.start() - 1) && !of_letters(NAME_BYTES.end() + 1));
        assert_eq!(user("@Jasper.Market_1").as_deref(), Ok("jasper.market_1"));
        assert_eq!(user("US.13491208655302741918").as_deref(), Ok("us.13491208655302741918"));
        for other in ["123", "1_2.3", "be-n", "b n", "@@ben"] {
            assert_eq!(user(other), Err(AddressError::Phone), "{other}");
        }
    }

    #[test]
    fn numbers_of_the_own_network() {
        let number = Some("447700900456");
        for jid in ["447700900456@s.whatsapp.net", "447700900456:2@C.US", "447700900456.1@c.us"] {
            assert_eq!(number_of_jid(jid), number, "{jid}");
        }
        for other in ["447700900456", "447700900456@example.com", "@c.us", "44x@c.us", ":2@c.us"] {
            assert_eq!(number_of_jid(other), None, "{other}");
        }
    }
}
