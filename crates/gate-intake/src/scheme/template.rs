//! What a signature covers, written as `{id}.{timestamp}.{body}`.

use serde::de::{Deserialize, Deserializer, Error};

/// A piece of what is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Bytes as they stand in the template.
    Text(String),
    /// The id of the message.
    Id,
    /// The time of signing, as its header has it.
    Timestamp,
    /// The word used once.
    Nonce,
    /// The body.
    Body,
    /// The method in capitals.
    Method,
    /// The configured public URL with the raw query.
    Url,
    /// The same with `: / ? @ ! $ ' ( ) * , ;` unescaped, as HubSpot signs it.
    UrlDecoded,
    /// The fields of the form by name: name and value, without separators.
    SortedForm,
}

/// What is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(pub Vec<Part>);

impl Template {
    /// Reads a template; `None` when it names something there is not, or does not cover the body.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, from)) = rest.split_once('{') {
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            let (name, after) = from.split_once('}')?;
            parts.push(part(name)?);
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        let covers = parts.iter().any(|part| matches!(part, Part::Body | Part::SortedForm));
        covers.then_some(Self(parts))
    }

    /// Whether a part is in it.
    #[must_use]
    pub fn has(&self, part: &Part) -> bool {
        self.0.contains(part)
    }

    /// Whether it needs the public URL of the source.
    #[must_use]
    pub fn needs_url(&self) -> bool {
        self.has(&Part::Url) || self.has(&Part::UrlDecoded)
    }
}

fn part(name: &str) -> Option<Part> {
    Some(match name {
        "id" => Part::Id,
        "timestamp" => Part::Timestamp,
        "nonce" => Part::Nonce,
        "body" => Part::Body,
        "method" => Part::Method,
        "url" => Part::Url,
        "url_decoded" => Part::UrlDecoded,
        "sorted_form" => Part::SortedForm,
        _ => return None,
    })
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = String::deserialize(input)?;
        Self::parse(&text).ok_or_else(|| {
            D::Error::custom(
                "a template has {body} or {sorted_form}, and besides {id} {timestamp} {nonce} {method} {url} {url_decoded}",
            )
        })
    }
}
