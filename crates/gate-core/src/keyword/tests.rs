//! Examples of each way a text is read; the many are in `tests/texts`.

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
        ("e\u{301}nd", Keyword::Stop),
        ("arre\u{302}t", Keyword::Stop),
        ("停止", Keyword::Stop),
        ("INFO", Keyword::Help),
        ("", Keyword::None),
    ] {
        assert_eq!(classify(text), expected, "{text:?}");
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
