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
const NEGATED: [&str; 5] = ["don't stop", "dont stop", "do not stop", "never stop", "can't stop"];
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
const FIRST_WORDS_STOP: [&str; 7] =
    ["stop", "stopall", "unsubscribe", "optout", "revoke", "arret", "arrêt"];
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
    // what permits is compared as written: "un stop" is Spanish, not UNSTOP
    match text.as_str() {
        "start" | "unstop" => return Keyword::Start,
        "yes" => return Keyword::Yes,
        "help" | "info" => return Keyword::Help,
        _ => {}
    }
    let is_refusal = REFUSALS.iter().any(|phrase| text.contains(phrase));
    if NEGATED.iter().any(|phrase| text.contains(phrase)) {
        // "I can't stop getting these, remove me": a person should look
        return if is_refusal { Keyword::Review } else { Keyword::None };
    }
    if is_refusal {
        return Keyword::Stop;
    }
    by_first_word(&text)
}

/// Words end at anything that is no letter, so "stop,please" and "stop-texting" begin with STOP; the two
/// words of "opt out" and "stop all" count as one.
fn by_first_word(text: &str) -> Keyword {
    let mut words =
        text.split(|c: char| !c.is_alphanumeric() && !is_mark(c)).filter(|w| !w.is_empty());
    let first = words.next().unwrap_or_default();
    match (first, words.next()) {
        ("stop", Some("all")) => Keyword::StopAll,
        ("opt", Some("out")) => Keyword::Stop,
        ("stopall", _) => Keyword::StopAll,
        _ if FIRST_WORDS_STOP.contains(&first) => Keyword::Stop,
        _ if FIRST_WORDS_REVIEW.contains(&first) => Keyword::Review,
        _ => Keyword::None,
    }
}

/// NFKC, lower case without locale, emoji and format characters dropped, every apostrophe made the same,
/// white space collapsed, surrounding punctuation stripped.
fn normalize(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(TEXT_CHARS_MAX));
    for c in text
        .chars()
        .take(TEXT_CHARS_MAX)
        .map(|c| if is_apostrophe(c) { '\'' } else { c })
        .nfkc()
        .flat_map(char::to_lowercase)
    {
        if c.is_whitespace() || c.is_control() {
            if !out.ends_with(' ') {
                out.push(' ');
            }
        } else if c.is_alphanumeric() || c.is_ascii_punctuation() || is_mark(c) {
            out.push(c);
        }
    }
    let edge = |c: char| c.is_whitespace() || (!c.is_alphanumeric() && !is_mark(c));
    out.trim_matches(edge).to_owned()
}

/// What phones write for an apostrophe: curly by default, or a backtick or accent.
fn is_apostrophe(c: char) -> bool {
    matches!(c, '’' | '‘' | 'ʼ' | '´' | '`' | '＇' | '‛' | '′')
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
            // phones type curly apostrophes
            ("Don’t text me again", Keyword::Stop),
            ("don‘t stop", Keyword::None),
            ("don´t text me", Keyword::Stop),
            // punctuation ends a word
            ("Stop,please", Keyword::Stop),
            ("stop-texting", Keyword::Stop),
            ("STOP: wrong number", Keyword::Stop),
            ("STOP\nSent from my phone", Keyword::Stop),
            ("opt out of this", Keyword::Stop),
            ("Opt-out now", Keyword::Stop),
            ("stop all of it", Keyword::StopAll),
            ("STOPALL now", Keyword::StopAll),
            ("optimal", Keyword::None),
            ("stopover in Oslo", Keyword::None),
            // permission is never read generously
            ("un stop", Keyword::None),
            ("ye s", Keyword::None),
            ("start again", Keyword::None),
            // both a negated stop and a refusal: nobody can tell
            ("I can't stop getting these, remove me", Keyword::Review),
            ("remove me", Keyword::Stop),
            ("remove the tent from my order", Keyword::Review),
            ("quit", Keyword::Stop),
            ("e\u{301}nd", Keyword::None),
            ("arre\u{302}t", Keyword::Stop),
            ("停止", Keyword::Stop),
            ("INFO", Keyword::Help),
            ("", Keyword::None),
        ] {
            assert_eq!(classify(text), expected, "{text:?}");
        }
    }

    /// Every word of the lists, in any case and dressed up, means what its list says.
    #[test]
    fn every_listed_word() {
        let dressed = |word: &str| [word.to_owned(), word.to_uppercase(), format!(" *{word}!* ")];
        for (words, expected) in [(&STOP[..], Keyword::Stop), (&STOP_ALL[..], Keyword::StopAll)] {
            for text in words.iter().flat_map(|word| dressed(word)) {
                assert_eq!(classify(&text), expected, "{text:?}");
            }
        }
        for phrase in REFUSALS {
            assert_eq!(classify(&format!("hey, {phrase} ok?")), Keyword::Stop, "{phrase}");
        }
        for phrase in NEGATED {
            assert_eq!(classify(&format!("oh {phrase} now")), Keyword::None, "{phrase}");
        }
        for word in FIRST_WORDS_STOP.iter().filter(|word| **word != "stopall") {
            assert_eq!(classify(&format!("{word} now")), Keyword::Stop, "{word}");
        }
        for word in FIRST_WORDS_REVIEW {
            assert_eq!(classify(&format!("{word} my order")), Keyword::Review, "{word}");
        }
    }

    /// A text of any length costs at most the bound; what stands after it is not looked at.
    #[test]
    fn only_the_beginning_of_a_long_text_is_read() {
        let within = format!("{}remove me", "x ".repeat(TEXT_CHARS_MAX / 2 - 5));
        let beyond = format!("{}remove me", "x ".repeat(TEXT_CHARS_MAX / 2));
        assert_eq!(classify(&within), Keyword::Stop);
        assert_eq!(classify(&beyond), Keyword::None);
    }
}
