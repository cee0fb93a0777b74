//! The languages of the desk.

use serde::{Deserialize, Serialize};

/// A language that every text of the desk exists in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Language {
    /// English, also for whoever asks for another one.
    #[default]
    English,
    /// German.
    German,
}

impl Language {
    /// All of them, in the order of the switch.
    pub const ALL: [Self; 2] = [Self::English, Self::German];

    /// The code of `html lang`, of the query field `lang` and of a cookie.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// What the language calls itself.
    #[must_use]
    pub fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
        }
    }

    /// The language with this code, if it is one of ours.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.code() == code)
    }

    /// The best of ours for an `Accept-Language` header; English when it names none.
    #[must_use]
    pub fn from_accept_language(header: &str) -> Self {
        let mut best = (0.0_f32, Self::default());
        for wanted in header.split(',').take(WANTED_MAX) {
            let mut parts = wanted.split(';');
            let tag = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
            let weight = parts
                .find_map(|p| p.trim().strip_prefix("q=").map(str::to_owned))
                .map_or(1.0, |q| q.parse().unwrap_or(0.0));
            let ours = tag.split('-').next().and_then(Self::from_code);
            if let Some(language) = ours.filter(|_| weight > best.0) {
                best = (weight, language);
            }
        }
        best.1
    }
}

/// As many languages of an `Accept-Language` header are read.
const WANTED_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weightiest_of_ours_is_taken() {
        let language = Language::from_accept_language;
        assert_eq!(language("de-AT,de;q=0.9,en;q=0.8"), Language::German);
        assert_eq!(language("fr, en;q=0.3, de;q=0.2"), Language::English);
        assert_eq!(language("fr;q=1, DE;q=0.2"), Language::German);
        assert_eq!(language(""), Language::English);
        assert_eq!(language("de;q=nothing, xx"), Language::English);
    }
}
