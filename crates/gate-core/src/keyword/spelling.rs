//! How the letters of a text compare: without accents, in one script where two look alike, apostrophes gone.

use crate::canonical::fold;
use icu_normalizer::{
    ComposingNormalizer, ComposingNormalizerBorrowed, DecomposingNormalizer,
    DecomposingNormalizerBorrowed,
};

const NFD: DecomposingNormalizerBorrowed<'static> = DecomposingNormalizer::new_nfd();
const NFC: ComposingNormalizerBorrowed<'static> = ComposingNormalizer::new_nfc();

/// The spelling that words compare by: [`fold`]ed, accents and points dropped, letters with a stroke made plain. Who
/// types `ARRET`, `Odhlasit` or `الغاء` means what the accents say.
pub(super) fn spelled(word: &str) -> String {
    if word.is_ascii() {
        return word.chars().filter(|c| *c != '\'').map(|c| c.to_ascii_lowercase()).collect();
    }
    let folded = fold(word);
    let plain: String = NFD
        .normalize(&folded)
        .chars()
        .filter(|c| !is_accent(*c) && *c != '\'')
        .map(plain)
        .collect();
    NFC.normalize(&plain).into_owned()
}

/// Marks that people leave out: Latin, Greek and Cyrillic accents, Hebrew points, Arabic vowels, hamza and tatweel.
pub(super) fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5c7}' | '\u{610}'..='\u{61a}' | '\u{640}'
        | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{20d0}'..='\u{20ff}')
}

fn plain(c: char) -> char {
    match c {
        'ł' => 'l',
        'ø' => 'o',
        'đ' | 'ð' => 'd',
        'ħ' => 'h',
        'ŧ' => 't',
        'ة' => 'ه',
        'ى' | 'ی' => 'ي',
        'ک' => 'ك',
        c => c,
    }
}

/// The Latin letter a reader takes this one for: Cyrillic and Greek capitals and small letters, small capitals, letters
/// in boxes and circles. A word that mixes scripts is read by the look of its letters.
pub(super) fn look_alike(c: char) -> Option<char> {
    Some(match c {
        'А' | 'а' | 'Α' | 'α' | 'ᴀ' => 'a',
        'В' | 'Β' | 'в' | 'ʙ' => 'b',
        'С' | 'с' | 'Ϲ' | 'ϲ' | 'ᴄ' => 'c',
        'ᴅ' => 'd',
        'Е' | 'е' | 'Ε' | 'ё' | 'Ё' | 'ᴇ' => 'e',
        'Н' | 'Η' | 'н' | 'ʜ' => 'h',
        'І' | 'і' | 'Ι' | 'ι' | 'ɪ' | 'Ӏ' => 'i',
        'Ј' | 'ј' | 'ᴊ' => 'j',
        'К' | 'к' | 'Κ' | 'κ' | 'ᴋ' => 'k',
        'ʟ' => 'l',
        'М' | 'м' | 'Μ' | 'ᴍ' => 'm',
        'Ν' | 'ɴ' => 'n',
        'О' | 'о' | 'Ο' | 'ο' | 'ᴏ' | 'Օ' | 'օ' | 'σ' => 'o',
        'Р' | 'р' | 'Ρ' | 'ρ' | 'ᴘ' => 'p',
        'ʀ' => 'r',
        'Ѕ' | 'ѕ' | 'Տ' | 'Ꮪ' | 'ꜱ' | 'ʂ' => 's',
        'Т' | 'т' | 'Τ' | 'τ' | 'ᴛ' => 't',
        'υ' | 'ᴜ' => 'u',
        'ᴠ' | 'ѵ' | 'ν' => 'v',
        'ᴡ' | 'ԝ' => 'w',
        'Х' | 'х' | 'Χ' | 'χ' => 'x',
        'У' | 'у' | 'Υ' | 'ʏ' => 'y',
        'Ζ' | 'ᴢ' => 'z',
        _ => return None,
    })
}

/// Letters in boxes and dark circles, which NFKC leaves as they are.
pub(super) fn unboxed(c: char) -> char {
    let from = |start: u32| {
        u8::try_from(u32::from(c) - start).map_or(c, |n| char::from(b'a'.saturating_add(n)))
    };
    match c {
        '\u{1f150}'..='\u{1f169}' => from(0x1_f150),
        '\u{1f170}'..='\u{1f189}' => from(0x1_f170),
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings() {
        for (word, expected) in [
            ("ARRÊT", "arret"),
            ("arre\u{302}t", "arret"),
            ("UNSUBSCRİBE", "unsubscribe"),
            ("ÇIK", "cik"),
            ("Größe", "grosse"),
            ("don't", "dont"),
            ("don’t", "dont"),
            ("إلغاء", "الغاء"),
            ("ΣΤΟΠ", "στοπ"),
            ("Διαγραφή", "διαγραφη"),
            ("ｓｔｏｐ", "stop"),
            ("ガ", "ガ"),
            ("각", "각"),
            ("łøđðħŧ", "loddht"),
            ("ةىیک", "هييك"),
        ] {
            assert_eq!(spelled(word), expected, "{word}");
            assert_eq!(spelled(&spelled(word)), spelled(word), "{word}");
        }
        let small_capitals = "ᴀʙᴄᴅᴇʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡХʏᴢ";
        let read: Option<String> = small_capitals.chars().map(look_alike).collect();
        assert_eq!(read.as_deref(), Some("abcdehijklmnoprstuvwxyz"));
        assert_eq!((unboxed('🅂'), unboxed('🅢'), unboxed('🆂')), ('🅂', 's', 's'));
    }
}
