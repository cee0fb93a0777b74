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
        // "please cancel": politeness goes until what is left is a keyword, which may begin like a polite word
        ("제발 해지", Keyword::Stop),
        ("INFO", Keyword::Help),
        ("", Keyword::None),
    ] {
        assert_eq!(classify(text), expected, "{text:?}");
    }
}

/// Who repeats what senders write under their texts asks for nothing; who only does what it says, does.
#[test]
fn instructions_of_senders() {
    for (text, expected) in [
        ("reply stop", Keyword::Stop),
        ("text stop", Keyword::Stop),
        ("Reply STOP 2 quit", Keyword::None),
        ("Text the word STOP 2 end", Keyword::None),
        ("New tents! Reply STOP", Keyword::None),
        ("new tents reply UNSUBSCRIBE", Keyword::None),
    ] {
        assert_eq!(classify(text), expected, "{text:?}");
    }
}

/// By blanks or dots, and whatever the pieces would be alone: "re" heads a subject, "dé" gives, "u" is you.
#[test]
fn a_word_written_apart_is_the_word() {
    for text in ["can cel", "qui t", "un.subscribe", "st.op", "re.voke", "dé.sabonner", "u.nsub"] {
        assert_eq!(classify(text), Keyword::Stop, "{text:?}");
    }
    // three letters are enough, and a digit is none
    for text in ["E N D these texts", "S T O P 4 U"] {
        assert_eq!(classify(text), Keyword::Stop, "{text:?}");
    }
    assert_eq!(classify("so.on"), Keyword::None);
}

/// Letters of two scripts in one word are there for their looks, in keywords and in every other word.
#[test]
fn a_word_of_two_scripts_is_read_by_its_looks() {
    // Cyrillic а and о
    let (a, o) = ('\u{430}', '\u{43e}');
    assert_eq!(classify(&format!("t{a}ke me {o}ff this list")), Keyword::Stop);
    assert_eq!(classify(&format!("d{o}n't stop")), Keyword::None);
    assert_eq!(classify(&format!("st{o}p")), Keyword::Stop);
}

/// A text of any length costs at most the bound; what stands after it is not looked at.
#[test]
fn only_the_beginning_of_a_long_text_is_read() {
    let within = format!("{}remove me", "x ".repeat(TEXT_CHARS_MAX / 2 - 5));
    let beyond = format!("{}remove me", "x ".repeat(TEXT_CHARS_MAX / 2));
    assert_eq!(classify(&within), Keyword::Stop);
    assert_eq!(classify(&beyond), Keyword::None);
}
