//! The languages of the door, and which of them a browser gets.

use serde::{Deserialize, Serialize};

/// A language that every text of the door exists in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Language {
    /// English.
    #[serde(rename = "en")]
    English,
    /// German.
    #[serde(rename = "de")]
    German,
    /// Arabic, written from right to left.
    #[serde(rename = "ar")]
    Arabic,
}

impl Language {
    /// All of them, in the order of the switch.
    pub const ALL: [Self; 3] = [Self::English, Self::German, Self::Arabic];

    /// The code of `html lang`, of the query field `lang`, of configuration and of `evidence.locale`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::Arabic => "ar",
        }
    }

    /// What the language calls itself.
    #[must_use]
    pub fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
            Self::Arabic => "العربية",
        }
    }

    /// The value of `dir`: `ltr` or `rtl`.
    #[must_use]
    pub fn dir(self) -> &'static str {
        match self {
            Self::English | Self::German => "ltr",
            Self::Arabic => "rtl",
        }
    }

    /// The language with this code, if it is one of ours.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.code() == code)
    }

    /// The codes of all of them, for error texts.
    pub(crate) fn codes() -> String {
        Self::ALL.map(|language| format!("`{}`", language.code())).join(", ")
    }
}

/// As many languages of an `Accept-Language` header are read.
const WANTED_MAX: usize = 16;

/// The weightiest language of an `Accept-Language` header that is among `offered` (RFC 4647 lookup: `de-AT` finds `de`; weight 0
/// refuses). A header that names none, `*` alone, or no header at all: none.
pub(crate) fn wanted(header: &str, offered: &[Language]) -> Option<Language> {
    let mut best: Option<(f32, Language)> = None;
    for range in header.split(',').take(WANTED_MAX) {
        let mut parts = range.split(';');
        let tag = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
        let weight = parts
            .find_map(|p| p.trim().strip_prefix("q=").map(str::to_owned))
            .map_or(1.0, |q| q.parse().unwrap_or(0.0));
        let ours = tag.split('-').next().and_then(Language::from_code);
        let ours = ours.filter(|language| offered.contains(language));
        if let Some(language) = ours.filter(|_| weight > best.map_or(0.0, |(most, _)| most)) {
            best = Some((weight, language));
        }
    }
    best.map(|(_, language)| language)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Language::{Arabic, English, German};

    #[test]
    fn the_weightiest_that_is_offered_is_taken() {
        let all = |header| wanted(header, &Language::ALL);
        assert_eq!(all("de-AT,de;q=0.9,en;q=0.8"), Some(German));
        assert_eq!(all("fr, en;q=0.3, AR-eg;q=0.4"), Some(Arabic));
        assert_eq!(all("ar;q=0, en;q=0.1"), Some(English));
        assert_eq!(wanted("ar, de;q=0.2", &[English, German]), Some(German));
        for none in ["", "*", "fr", "de;q=nothing", "en;q=0", "\u{0}", "en;q=NaN"] {
            assert_eq!(all(none), None, "{none}");
        }
    }

    #[test]
    fn a_header_of_any_length_is_read_to_the_bound() {
        let header = format!("{}de", "fr,".repeat(WANTED_MAX));
        assert_eq!(wanted(&header, &Language::ALL), None);
    }

    #[test]
    fn codes_are_those_of_configuration() {
        for language in Language::ALL {
            assert_eq!(serde_json::to_value(language).unwrap(), language.code());
        }
    }
}
