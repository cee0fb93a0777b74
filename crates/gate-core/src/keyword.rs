//! What a text message from a person means: rules section 5, "Matching".
//!
//! Wider than provider defaults on purpose: those take exact single words and miss "STOP PLEASE".
//! Sources: 47 CFR 64.1200(a)(10) for the legal list, provider documentation for the rest.

use unicode_normalization::UnicodeNormalization;

/// The meaning of an inbound text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyword {
    /// Opt-out from this number and brand.
    Stop,
    /// Opt-out from all brands of the controller.
    StopAll,
    /// Lifts a STOP.
    Start,
    /// Lifts a STOP or confirms a pending request, and nothing otherwise.
    Yes,
    /// Asks for help; no state change.
    Help,
    /// Possibly a refusal; a person should look. No state change.
    Review,
    /// No keyword.
    None,
}

/// Longest text that is looked at, in characters: a concatenated SMS has at most 255 parts of 153.
const TEXT_CHARS_MAX: usize = 2_000;

const STOP: [&str; 24] = [
    "stop",
    "quit",
    "end",
    "revoke",
    "optout",
    "cancel",
    "unsubscribe",
    "remove",
    "arret",
    "arrêt",
    "td",
    "stopp",
    "abmelden",
    "alto",
    "baja",
    "parar",
    "pare",
    "sair",
    "annulla",
    "afmelden",
    "退订",
    "停止",
    "stopplease",
    "pleasestop",
];
const STOP_ALL: [&str; 1] = ["stopall"];
const NEGATED: [&str; 6] = [
    "don't stop",
    "dont stop",
    "do not stop",
    "never stop",
    "don’t stop",
    "can't stop",
];
const REFUSALS: [&str; 14] = [
    "please stop",
    "stop texting",
    "stop sending",
    "stop messaging",
    "remove me",
    "no more texts",
    "no more messages",
    "opt me out",
    "don't text me",
    "dont text me",
    "do not text me",
    "leave me alone",
    "unsubscribe me",
    "take me off",
];
const FIRST_WORDS_STOP: [&str; 7] = [
    "stop",
    "stopall",
    "unsubscribe",
    "optout",
    "revoke",
    "arret",
    "arrêt",
];
const FIRST_WORDS_REVIEW: [&str; 4] = ["cancel", "end", "quit", "remove"];

/// Classifies a text.
///
/// ```
/// use gate_core::{Keyword, classify};
/// assert_eq!(classify("Stop!"), Keyword::Stop);
/// assert_eq!(classify("don't stop"), Keyword::None);
/// assert_eq!(classify("cancel my order"), Keyword::Review);
/// ```
#[must_use]
pub fn classify(text: &str) -> Keyword {
    let text = normalize(text);
    let joined: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    if STOP_ALL.contains(&joined.as_str()) {
        return Keyword::StopAll;
    }
    if STOP.contains(&joined.as_str()) {
        return Keyword::Stop;
    }
    match joined.as_str() {
        "start" | "unstop" => return Keyword::Start,
        "yes" => return Keyword::Yes,
        "help" | "info" => return Keyword::Help,
        _ => {}
    }
    if NEGATED.iter().any(|phrase| text.contains(phrase)) {
        return Keyword::None;
    }
    if REFUSALS.iter().any(|phrase| text.contains(phrase)) {
        return Keyword::Stop;
    }
    let first = text.split(' ').next().unwrap_or_default();
    let first = first
        .trim_matches(|c: char| !c.is_alphanumeric())
        .replace('-', "");
    if first == "stopall" {
        Keyword::StopAll
    } else if FIRST_WORDS_STOP.contains(&first.as_str()) {
        Keyword::Stop
    } else if FIRST_WORDS_REVIEW.contains(&first.as_str()) {
        Keyword::Review
    } else {
        Keyword::None
    }
}

/// NFKC, lower case without locale, emoji and format characters dropped, white space collapsed,
/// surrounding punctuation stripped.
fn normalize(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(TEXT_CHARS_MAX));
    for c in text
        .chars()
        .take(TEXT_CHARS_MAX)
        .nfkc()
        .flat_map(char::to_lowercase)
    {
        if c.is_whitespace() || c.is_control() {
            if !out.ends_with(' ') {
                out.push(' ');
            }
        } else if c.is_alphanumeric() || c.is_ascii_punctuation() || c == '’' || is_mark(c) {
            out.push(c);
        }
    }
    let edge = |c: char| c.is_whitespace() || (!c.is_alphanumeric() && !is_mark(c));
    out.trim_matches(edge).to_owned()
}

/// Combining marks that NFKC could not compose; they belong to their letter.
fn is_mark(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_phrases_negations() {
        for (text, expected) in [
            ("STOP", Keyword::Stop),
            ("stop!", Keyword::Stop),
            ("  Stop.  ", Keyword::Stop),
            ("ＳＴＯＰ", Keyword::Stop),
            ("🛑 STOP 🛑", Keyword::Stop),
            ("ST\u{200b}OP", Keyword::Stop),
            ("opt out", Keyword::Stop),
            ("Opt-Out", Keyword::Stop),
            ("ARRÊT", Keyword::Stop),
            ("退订", Keyword::Stop),
            ("stop all", Keyword::StopAll),
            ("STOPALL", Keyword::StopAll),
            ("stop please", Keyword::Stop),
            ("Please stop texting me", Keyword::Stop),
            ("STOP sending this", Keyword::Stop),
            ("don't stop", Keyword::None),
            ("Never stop!", Keyword::None),
            ("cancel", Keyword::Stop),
            ("cancel my order", Keyword::Review),
            ("end of the world", Keyword::Review),
            ("START", Keyword::Start),
            ("unstop", Keyword::Start),
            ("yes", Keyword::Yes),
            ("yes please", Keyword::None),
            ("help", Keyword::Help),
            ("bus stop?", Keyword::None),
            ("", Keyword::None),
        ] {
            assert_eq!(classify(text), expected, "{text:?}");
        }
    }
}
