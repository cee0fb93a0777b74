//! Colours and their contrast as WCAG 2.2 computes it.

use std::fmt;
use std::str::FromStr;

/// The least contrast of text (WCAG 2.2, 1.4.3).
pub const CONTRAST_MIN: f64 = 4.5;

/// An opaque colour: `#0b5a55`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour {
    red: u8,
    green: u8,
    blue: u8,
}

/// A text is no `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a colour is `#` and six hexadecimal digits")]
pub struct NoColour;

impl FromStr for Colour {
    type Err = NoColour;

    fn from_str(text: &str) -> Result<Self, NoColour> {
        let digits = text.strip_prefix('#').ok_or(NoColour)?;
        if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(NoColour);
        }
        let part = |from: usize| {
            let two = digits.get(from..from + 2).ok_or(NoColour)?;
            u8::from_str_radix(two, 16).map_err(|_| NoColour)
        };
        Ok(Self { red: part(0)?, green: part(2)?, blue: part(4)? })
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

impl Colour {
    pub(crate) const fn rgb(red: u8, green: u8, blue: u8) -> Self {
        Self { red, green, blue }
    }

    /// Relative luminance (WCAG 2.2), 0 to 1.
    fn luminance(self) -> f64 {
        0.2126 * linear(self.red) + 0.7152 * linear(self.green) + 0.0722 * linear(self.blue)
    }

    /// Contrast with another colour, 1 to 21.
    #[must_use]
    pub fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// This colour with `percent` of itself and the rest of another, as `color-mix(in srgb, …)` mixes.
    pub(crate) fn mixed(self, percent: u16, other: Self) -> Self {
        let percent = percent.min(100);
        let mix = |a: u8, b: u8| {
            let sum = u16::from(a) * percent + u16::from(b) * (100 - percent);
            u8::try_from((sum + 50) / 100).unwrap_or(u8::MAX)
        };
        Self::rgb(
            mix(self.red, other.red),
            mix(self.green, other.green),
            mix(self.blue, other.blue),
        )
    }
}

/// One part of sRGB without its gamma.
fn linear(part: u8) -> f64 {
    let part = f64::from(part) / 255.0;
    if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn contrast(a: &str, b: &str) -> f64 {
        a.parse::<Colour>().unwrap().contrast(b.parse().unwrap())
    }

    #[test]
    fn known_pairs_have_their_contrast() {
        // WebAIM and the WCAG techniques give these to two digits: #767676 is the lightest grey that passes on white.
        for (a, b, known) in [
            ("#000000", "#ffffff", 21.0),
            ("#ffffff", "#ffffff", 1.0),
            ("#767676", "#ffffff", 4.54),
            ("#777777", "#ffffff", 4.48),
            ("#ff0000", "#ffffff", 4.00),
            ("#0000ff", "#ffffff", 8.59),
            ("#00ff00", "#000000", 15.30),
        ] {
            assert!((contrast(a, b) - known).abs() < 0.005, "{a} {b} {}", contrast(a, b));
        }
    }

    #[test]
    fn mixing_is_that_of_the_browser() {
        let mixed = Colour::rgb(0x0b, 0x5a, 0x55).mixed(86, Colour::rgb(0x14, 0x19, 0x1a));
        assert_eq!(mixed.to_string(), "#0c514d");
    }

    #[test]
    fn only_six_digits_are_a_colour() {
        for no in ["", "#fff", "fff000", "#ffff000", "#gggggg", "red", "#+12345", "#ééé"] {
            assert_eq!(no.parse::<Colour>(), Err(NoColour), "{no}");
        }
    }

    proptest! {
        #[test]
        fn contrast_is_the_same_both_ways(a in any::<[u8; 3]>(), b in any::<[u8; 3]>()) {
            let (a, b) = (Colour::rgb(a[0], a[1], a[2]), Colour::rgb(b[0], b[1], b[2]));
            prop_assert!((1.0..=21.000_1).contains(&a.contrast(b)));
            prop_assert!((a.contrast(b) - b.contrast(a)).abs() < 1e-12);
            prop_assert_eq!(a.to_string().parse(), Ok(a));
        }
    }
}
