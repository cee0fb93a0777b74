//! How far a word is from one of ours: the same with letters held down, or one misspelling away.

/// Whether `word` is `keyword` with letters written more often: `STOPPPP`, `stooop`.
pub(super) fn is_lengthened(word: &str, keyword: &str) -> bool {
    let (mut letters, mut expected) = (word.chars().peekable(), keyword.chars().peekable());
    while let Some(letter) = expected.next() {
        let mut n_expected = 1;
        while expected.next_if_eq(&letter).is_some() {
            n_expected += 1;
        }
        let mut n_written = 0;
        while letters.next_if_eq(&letter).is_some() {
            n_written += 1;
        }
        if n_written < n_expected {
            return false;
        }
    }
    letters.peek().is_none()
}

/// Each run of one letter as that letter: what all lengthened spellings of a word share.
pub(super) fn shortened(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    for letter in word.chars() {
        if !out.ends_with(letter) {
            out.push(letter);
        }
    }
    out
}

/// Whether one letter too many, too few, wrong, or in the other's place makes `word` of `keyword`.
pub(super) fn is_one_edit_away(word: &[char], keyword: &[char]) -> bool {
    let n_common = word.iter().zip(keyword).take_while(|(a, b)| a == b).count();
    let (a, b) = (tail(word, n_common), tail(keyword, n_common));
    match (a, b) {
        (rest, [_, missing @ ..]) if rest == missing => true,
        ([_, surplus @ ..], rest) if rest == surplus => true,
        ([_, a @ ..], [_, b @ ..]) if a == b => true,
        ([a0, a1, a @ ..], [b0, b1, b @ ..]) => a0 == b1 && a1 == b0 && a == b,
        _ => false,
    }
}

fn tail(letters: &[char], from: usize) -> &[char] {
    letters.get(from..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_held_down() {
        for (word, keyword, is) in [
            ("stop", "stop", true),
            ("stopppp", "stop", true),
            ("ssttoopp", "stop", true),
            ("stopp", "stopp", true),
            ("stop", "stopp", false),
            ("stopped", "stop", false),
            ("stpp", "stop", false),
            ("top", "stop", false),
            ("", "stop", false),
            ("стооп", "стоп", true),
        ] {
            assert_eq!(is_lengthened(word, keyword), is, "{word} {keyword}");
            assert!(!is || shortened(word) == shortened(keyword), "{word} {keyword}");
        }
        // by which a word finds ours without being compared with each
        assert_eq!(shortened("ssttoopp"), "stop");
    }

    #[test]
    fn one_misspelling() {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        for (word, is) in [
            ("unsubscribe", false),
            ("unsubcribe", true),
            ("unsubscribee", true),
            ("unsubscripe", true),
            ("unsubsrcibe", true),
            ("nsubscribe", true),
            ("unsubscrib", true),
            ("ubsubscribe", true),
            ("subscribe", false),
            ("unsubsribbe", false),
            ("resubscribe", false),
            ("", false),
        ] {
            assert_eq!(is_one_edit_away(&chars(word), &chars("unsubscribe")), is, "{word}");
            assert_eq!(is_one_edit_away(&chars("unsubscribe"), &chars(word)), is, "{word}");
        }
    }
}
