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
