//! Phone numbers: E.164, by libphonenumber's rules.

use super::AddressError;
use super::line::{line, without_mexican_one};
use crate::canonical::country;
use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;
use rlibphonenumber::enums::{NumberLengthType, Region};
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat};
use std::borrow::Cow;

/// How often a number may read as another one.
const READINGS_MAX: usize = 4;
/// Fewest digits of a number that is written without plus and without a region.
const INTERNATIONAL_DIGITS_MIN: usize = 8;

/// The line of a number by E.164, and which of its numbers it is ([`line`]).
///
/// Impossible lengths and unknown country codes are refused, unassigned but well-formed ranges are not. A number
/// that can only be dialled locally reaches nobody. A region nobody knows reads nothing.
pub(super) fn phone(written: &str, region: Option<&str>) -> Result<(String, u8), AddressError> {
    let written = in_plain_digits(written);
    let international = with_plus(&written);
    let written = international.as_deref().unwrap_or(&written);
    if let Some(number) = without_mexican_one(written) {
        return Ok((settled(&number, None)?, 1));
    }
    Ok(line(settled(written, region.and_then(known_region))?))
}

/// A form that reads as yet another number (`+20 00 40…` loses a zero with each reading) would be found under
/// two keys: what it settles on is the number, and what does not settle is none.
fn settled(written: &str, region: Option<Region>) -> Result<String, AddressError> {
    let mut text = e164(written, region)?;
    if text == written {
        // begins with `+`, so no region had a part in it: reading it again would be the same reading
        return Ok(text);
    }
    for _ in 0..READINGS_MAX {
        let again = e164(&text, None)?;
        if again == text {
            return Ok(text);
        }
        text = again;
    }
    Err(AddressError::Phone)
}

/// Whether digits behind a `+` are an E.164 number for certain, without asking libphonenumber: no trunk prefix may
/// stand behind the country code, and the line has no other number.
pub(super) fn is_settled(digits: &str) -> bool {
    let bytes = digits.as_bytes();
    let is_number = (8..=15).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_digit);
    let behind = match bytes {
        [b'1', national @ ..] => national,
        // Brazil, Argentina and Mexico have lines of two numbers; the other trunk prefixes that are no zero
        [b'5', b'2' | b'4' | b'5', ..]
        | [b'7' | b'0', ..]
        | [b'3', b'7', ..]
        | [b'9', b'9', ..] => {
            return false;
        }
        [b'2', b'0' | b'7', national @ ..]
        | [b'3', b'0'..=b'4' | b'6' | b'9', national @ ..]
        | [b'4', b'0' | b'1' | b'3'..=b'9', national @ ..]
        | [b'5', b'1'..=b'8', national @ ..]
        | [b'6', b'0'..=b'6', national @ ..]
        | [b'8', b'1' | b'2' | b'4' | b'6', national @ ..]
        | [b'9', b'0'..=b'5' | b'8', national @ ..] => national,
        [_, _, _, national @ ..] => national,
        _ => return false,
    };
    is_number && !matches!(behind, [b'0', ..] | []) && !bytes.starts_with(b"11")
}

/// A number where digits without plus have their country code, as WhatsApp's ids do. A region reads it first,
/// if that makes a number that exists.
pub(super) fn with_country_code(
    written: &str,
    region: Option<&str>,
) -> Result<(String, u8), AddressError> {
    let plain = in_plain_digits(written);
    let digits: String = plain.chars().filter(char::is_ascii_digit).collect();
    let is_national = region.and_then(known_region).is_some()
        && phone(&plain, region).is_ok_and(|(number, _)| exists(&number));
    let is_bare = digits.len() >= INTERNATIONAL_DIGITS_MIN
        && !digits.starts_with('0')
        && !plain.chars().any(|c| c == '+' || c.is_alphabetic());
    let international = (is_bare && !is_national).then(|| phone(&format!("+{digits}"), None));
    match international {
        Some(Ok(number)) => Ok(number),
        Some(Err(_)) | None => phone(&plain, region),
    }
}

fn known_region(region: &str) -> Option<Region> {
    let country = country(region)?;
    Region::try_from(std::str::from_utf8(&country).ok()?).ok()
}

/// `+` for the `00` a number begins with, whatever stands between; also for both.
fn with_plus(written: &str) -> Option<String> {
    let start = written.find(|c: char| c == '+' || c.is_ascii_digit())?;
    let mut n_zeros = 0;
    let begun = written.get(start..)?;
    for (at, c) in begun.char_indices() {
        match c {
            '0' => n_zeros += 1,
            c if c.is_ascii_digit() => {
                return (n_zeros == 2).then(|| format!("+{}", begun.get(at..).unwrap_or_default()));
            }
            c if c.is_alphabetic() => return None,
            // `+44 (0)…` begins with 4; `00 (44)` and `+00 44` with two zeros
            _ => {}
        }
    }
    None
}

/// The digits of all scripts as ASCII, and the plus signs NFKC leaves alone.
pub(super) fn in_plain_digits(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let plain = |c: char| match digit_of(c) {
        Some(digit) => digit,
        None if c == '\u{2795}' => '+',
        None => c,
    };
    Cow::Owned(text.chars().map(plain).collect())
}

/// The ASCII digit of a decimal digit in any script. Unicode encodes each set of ten in a row from zero (The
/// Unicode Standard, section 4.6), so the place in its row is the value.
fn digit_of(c: char) -> Option<char> {
    const ROW: u32 = 10;
    if c.is_ascii() {
        return None;
    }
    let general = CodePointMapData::<GeneralCategory>::new();
    let is_digit = |code: u32| general.get32(code) == GeneralCategory::DecimalNumber;
    let code = u32::from(c);
    is_digit(code)
        .then(|| (1..=code).take_while(|back| is_digit(code - back)).count())
        .and_then(|before| char::from_digit(u32::try_from(before).ok()? % ROW, ROW))
}

fn exists(e164: &str) -> bool {
    PHONE_NUMBER_UTIL
        .parse(e164, None)
        .is_ok_and(|number| PHONE_NUMBER_UTIL.is_valid_number(&number))
}

fn e164(raw: &str, region: Option<Region>) -> Result<String, AddressError> {
    let mut number = PHONE_NUMBER_UTIL.parse(raw, region).map_err(|_| AddressError::Phone)?;
    match PHONE_NUMBER_UTIL.is_possible_number_with_reason(&number) {
        Ok(NumberLengthType::IsPossible) => {}
        Ok(NumberLengthType::IsPossibleLocalOnly) | Err(_) => return Err(AddressError::Phone),
    }
    number.extension = None;
    Ok(PHONE_NUMBER_UTIL.format(&number, PhoneNumberFormat::E164).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every decimal digit of Unicode: ten in a row, each its place.
    #[test]
    fn digits_of_every_script() {
        let general = CodePointMapData::<GeneralCategory>::new();
        let digits: Vec<char> = ('\u{80}'..=char::MAX)
            .filter(|c| general.get(*c) == GeneralCategory::DecimalNumber)
            .collect();
        assert!(digits.len() > 600 && digits.len().is_multiple_of(10));
        for row in digits.chunks(10) {
            let plain: String = row.iter().filter_map(|c| digit_of(*c)).collect();
            assert_eq!(plain, "0123456789", "{:?}", row.first());
        }
        assert_eq!(digit_of('5'), None);
        assert_eq!(digit_of('\u{4e94}'), None);
    }

    /// What is taken as it is must be what libphonenumber makes of it.
    #[test]
    fn settled_numbers_stay() {
        let mut n_settled = 0;
        for start in 100..1000 {
            for rest in ["20212345", "70012345678", "512345678"] {
                let digits = format!("{start}{rest}");
                let written = format!("+{digits}");
                if is_settled(&digits)
                    && let Ok((number, variant)) = phone(&written, None)
                {
                    n_settled += 1;
                    assert_eq!((number, variant), (written, 0));
                }
            }
        }
        assert!(n_settled > 500, "{n_settled}");
        for digits in ["", "4", "4407700900456", "5215555550199", "0447700900456", "4477x0900456"] {
            assert!(!is_settled(digits), "{digits}");
        }
        assert!(is_settled("447700900456") && is_settled("18005550199"));
        assert!(is_settled("353871234567"), "a country code of three digits");
    }

    /// Every reading of `+20 00…` has a zero less; the number is what the last one makes of it.
    #[test]
    fn a_number_is_what_its_readings_settle_on() {
        let written = "+2000040123456";
        assert_eq!(e164(written, None).as_deref(), Ok("+200040123456"));
        assert_eq!(settled(written, None).as_deref(), Ok("+2040123456"));
    }

    /// Digits without plus: what exists in the region is a number of the region, else they have their country code.
    #[test]
    fn bare_digits_have_their_country_code() {
        for (written, region, expected) in [
            ("447700900456", None, Some("+447700900456")),
            ("2025550123", Some("US"), Some("+12025550123")), // not +20, Egypt
            ("2025550123", None, Some("+2025550123")),
            ("12025550123", Some("DE"), Some("+12025550123")), // possible in Germany, but no number
            ("4930123", None, None), // too few digits to begin with a country
            ("493012345678 x9", None, None),
            ("49301234+5678", None, None),
        ] {
            let number = with_country_code(written, region).map(|(number, _)| number).ok();
            assert_eq!(number.as_deref(), expected, "{written} {region:?}");
        }
    }

    #[test]
    fn zeros_for_a_plus() {
        for (written, expected) in [
            ("0044 7700", Some("+44 7700")),
            ("(00) 44 7700", Some("+44 7700")),
            ("00-44", Some("+44")),
            ("+00 44 7700", Some("+44 7700")),
            ("Tel. 0044 7700", Some("+44 7700")),
            ("00 ext 44", None),
            ("+44 0077", None),
            ("+44 (0)7700", None),
            ("07700 900456", None),
            ("000 44", None),
            ("", None),
            ("00", None),
        ] {
            assert_eq!(with_plus(written).as_deref(), expected, "{written}");
        }
    }
}
