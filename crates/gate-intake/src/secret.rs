//! Secrets of a source: zeroised when dropped, never printed, read from the configuration or from a file beside it.

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;
use zeroize::Zeroizing;

/// A secret as configured: the text itself, or where it stands.
#[derive(Clone, PartialEq, Eq)]
pub enum SecretSpec {
    /// The secret.
    Text(Secret),
    /// A file that holds it: `{file: PATH}`. The caller reads it ([`crate::Source::new`]).
    File(String),
}

/// A secret. `Debug` is redacted and the memory is zeroised.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// A secret from its text; blanks and line breaks around it, as an editor leaves them in a file, are none of it.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.trim().to_owned()))
    }

    /// The text. Never log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

impl fmt::Debug for SecretSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(_) => f.write_str("SecretSpec(redacted)"),
            Self::File(_) => f.write_str("SecretSpec(file)"),
        }
    }
}

impl<'de> Deserialize<'de> for SecretSpec {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(OneSecret)
    }
}

/// Takes a text or `{file: PATH}`; says no word of what it found instead, since that may be the secret.
struct OneSecret;

impl<'de> Visitor<'de> for OneSecret {
    type Value = SecretSpec;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a secret as text in quotes, or `{file: PATH}`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<SecretSpec, E> {
        Ok(SecretSpec::Text(Secret::new(text)))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<SecretSpec, E> {
        Err(E::custom("a secret is text: put it in quotes"))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<SecretSpec, E> {
        Err(E::custom("a secret is text: put it in quotes"))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<SecretSpec, E> {
        Err(E::custom("a secret is text: put it in quotes"))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<SecretSpec, E> {
        Err(E::custom("a secret is text: put it in quotes"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SecretSpec, A::Error> {
        let mut file = None;
        while let Some(key) = map.next_key::<String>()? {
            if key != "file" || file.is_some() {
                return Err(A::Error::custom(
                    "a secret is text, or `{file: PATH}` and nothing else",
                ));
            }
            file = Some(map.next_value::<String>()?);
        }
        file.map(SecretSpec::File).ok_or_else(|| A::Error::custom("`{file: PATH}` has no `file`"))
    }
}

/// The keys of one kind: one, or a list while they change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys(pub Vec<SecretSpec>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(SomeSecrets)
    }
}

struct SomeSecrets;

impl<'de> Visitor<'de> for SomeSecrets {
    type Value = Keys;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a secret, or a list of at most two")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Keys, E> {
        OneSecret.visit_str(text).map(|one| Keys(vec![one]))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Keys, E> {
        OneSecret.visit_u64(number).map(|one| Keys(vec![one]))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Keys, E> {
        OneSecret.visit_i64(number).map(|one| Keys(vec![one]))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Keys, E> {
        OneSecret.visit_f64(number).map(|one| Keys(vec![one]))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Keys, E> {
        OneSecret.visit_bool(value).map(|one| Keys(vec![one]))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Keys, A::Error> {
        OneSecret.visit_map(map).map(|one| Keys(vec![one]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Keys, A::Error> {
        let mut keys = Vec::new();
        while let Some(key) = items.next_element()? {
            keys.push(key);
        }
        Ok(Keys(keys))
    }
}
