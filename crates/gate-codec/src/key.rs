//! What a record key may say about whose record it is: the text itself, and what is inside of the wrappings that
//! converters and proxies put around it.
//!
//! These are guesses. Whoever uses one must know its subject from records that could be read, or nobody knows whose
//! the record is.

use crate::json;
use std::borrow::Cow;

/// Longest key that may name somebody, in bytes: an address of 4 KiB, escaped and wrapped.
pub const KEY_BYTES_MAX: usize = 16 * 1024;

/// The contacts or addresses a key may mean, most literal first; none when it is no text.
#[must_use]
pub fn named_by_key(key: &[u8]) -> Vec<Cow<'_, str>> {
    let is_possible = |key: &&[u8]| key.len() <= KEY_BYTES_MAX;
    let Some(text) = Some(key).filter(is_possible).and_then(|key| std::str::from_utf8(key).ok())
    else {
        return Vec::new();
    };
    let text = text.trim();
    let mut names = vec![Cow::Borrowed(text)];
    names.extend(in_json(text).or_else(|| in_struct(text).map(Cow::Borrowed)));
    // the bytes of a number or of a framing are often text as well, and without their control characters might be
    // somebody's id
    names.retain(|name| !name.trim().is_empty() && !name.contains(char::is_control));
    names
}

/// A JSON string, an object with one `contact_id` (or, without it, one `address`), and either of them in the envelope
/// of Connect's JSON converter.
fn in_json(text: &str) -> Option<Cow<'_, str>> {
    if !text.starts_with(['"', '{']) {
        return None;
    }
    if let Ok(inner) = serde_json::from_str::<String>(text) {
        return Some(Cow::Owned(inner));
    }
    let who = json::who(text.as_bytes())?;
    if let Some(named) = who.contact_id.or(who.address) {
        return Some(named);
    }
    let mut whole: serde_json::Value = serde_json::from_str(text).ok()?;
    let payload = whole.get_mut("payload")?.take();
    match payload {
        serde_json::Value::String(inner) => Some(Cow::Owned(inner)),
        serde_json::Value::Object(_) => {
            let inner = payload.to_string();
            let who = json::who(inner.as_bytes())?;
            Some(Cow::Owned(who.contact_id.or(who.address)?.into_owned()))
        }
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::Array(_) => None,
    }
}

/// `Struct{contact_id=ana,shop=7}`, as Connect's string converter writes a structure. One whose parts cannot be told
/// apart says nothing.
fn in_struct(text: &str) -> Option<&str> {
    let inner = text.strip_prefix("Struct{")?.strip_suffix('}')?;
    let mut found = None;
    for part in inner.split(',') {
        let (name, value) = part.split_once('=')?;
        if name.trim() == "contact_id" && found.replace(value.trim()).is_some() {
            return None;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_literal_text_comes_first_and_wrappings_are_looked_into() {
        for (key, names) in [
            ("ana", &["ana"][..]),
            (" ana\n", &["ana"]),
            ("\"ana\"", &["\"ana\"", "ana"]),
            (r#""a\u006ea""#, &[r#""a\u006ea""#, "ana"]),
            (r#"{"contact_id":"ana"}"#, &[r#"{"contact_id":"ana"}"#, "ana"]),
            (r#"{"contact_id":"ana","shop":7}"#, &[r#"{"contact_id":"ana","shop":7}"#, "ana"]),
            (r#"{"address":"a@b.example"}"#, &[r#"{"address":"a@b.example"}"#, "a@b.example"]),
            (r#"{"contact_id":9}"#, &[r#"{"contact_id":9}"#, "9"]),
            ("Struct{contact_id=ana}", &["Struct{contact_id=ana}", "ana"]),
            ("Struct{shop=7,contact_id=ana}", &["Struct{shop=7,contact_id=ana}", "ana"]),
        ] {
            assert_eq!(named_by_key(key.as_bytes()), names, "{key}");
        }
        let wrapped = br#"{"schema":{"type":"string"},"payload":"ana"}"#;
        assert_eq!(named_by_key(wrapped)[1], "ana");
        let wrapped = br#"{"schema":{},"payload":{"contact_id":"ana"}}"#;
        assert_eq!(named_by_key(wrapped)[1], "ana");
    }

    #[test]
    fn what_cannot_be_told_for_certain_is_not_unwrapped() {
        for key in [
            r#"{"id":9}"#,
            r#"{"contact_id":"ana","contact_id":"ben"}"#,
            r#"{"contact_id":0}"#,
            r#"{"contact_id":9.5}"#,
            r#"{"contact_id":""}"#,
            "Struct{id=9}",
            "Struct{contact_id=ana,contact_id=ben}",
            "Struct{contact_id=a,b}",
            "\"ana",
            "4711",
        ] {
            assert_eq!(named_by_key(key.as_bytes()), [key], "{key}");
        }
    }

    #[test]
    fn what_is_no_text_names_nobody() {
        for key in
            [&b""[..], b"  ", &[0xff, 0xfe], &[0, 0, 0, 0, 9, 0xc8], &[b'a'; KEY_BYTES_MAX + 1]]
        {
            assert!(named_by_key(key).is_empty(), "{} bytes", key.len());
        }
    }
}
