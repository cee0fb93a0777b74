//! Lines that answer to several E.164 numbers.
//!
//! Brazil put a 9 before its mobile numbers (2012 to 2016), Argentina writes a 9 after the country code from abroad,
//! Mexico dropped a 1 there (2019). Sources keep the form they learnt. One form stands for the line and is the
//! key of its state, so a refusal in any form is found by each; a permission remembers the form it was
//! given for and counts for no other (`Fact::variant`).

/// The line of an E.164 number, and which of its numbers it was: 0 is the form the line is known by.
pub(super) fn line(e164: String) -> (String, u8) {
    let Some((country, national)) = e164.split_at_checked(3) else { return (e164, 0) };
    let other = match (country, national.as_bytes()) {
        // +55, two digits of area, eight digits of a mobile number; fixed lines begin with 2 to 5
        ("+55", [_, _, b'6'..=b'9', ..]) if national.len() == 10 => {
            national.split_at_checked(2).map(|(area, number)| format!("+55{area}9{number}"))
        }
        // +54, ten digits of area and number; areas begin with 1 to 3
        ("+54", [b'1'..=b'3', ..]) if national.len() == 10 => Some(format!("+549{national}")),
        _ => None,
    };
    other.map_or((e164, 0), |line| (line, 1))
}

/// The number of this line that sources wrote before it had its present form; `None` when it has no other. Mexico's
/// is not among them: no library took it for a number.
pub(super) fn former(line: &str) -> Option<String> {
    let (country, national) = line.split_at_checked(3)?;
    let (before, after) = match country {
        "+55" => national.split_at_checked(2)?,
        "+54" => ("", national),
        _ => return None,
    };
    let other = format!("{country}{before}{}", after.strip_prefix('9')?);
    (self::line(other.clone()) == (line.to_owned(), 1)).then_some(other)
}

/// A Mexican number without the former mobile 1, which libphonenumber takes for a digit too many; `None` when
/// it is none with it.
pub(super) fn without_mexican_one(international: &str) -> Option<String> {
    if !international.starts_with('+') {
        return None;
    }
    let digits: String = international.chars().filter(char::is_ascii_digit).collect();
    let national = digits.strip_prefix("521").filter(|national| national.len() == 10)?;
    Some(format!("+52{national}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_one_line() {
        for (e164, expected, variant) in [
            ("+5511987654321", "+5511987654321", 0),
            ("+551187654321", "+5511987654321", 1),
            ("+551132654321", "+551132654321", 0), // a fixed line
            ("+5491123456789", "+5491123456789", 0),
            ("+541123456789", "+5491123456789", 1),
            ("+548001234567", "+548001234567", 0),
            ("+54112345678", "+54112345678", 0), // too short for an area and a number
            ("+525555550199", "+525555550199", 0),
            ("+447700900456", "+447700900456", 0),
            ("+1", "+1", 0),
            ("", "", 0),
        ] {
            let (found, found_variant) = line(e164.to_owned());
            assert_eq!((found.as_str(), found_variant), (expected, variant), "{e164}");
            assert_eq!(line(found.clone()), (found, 0), "{e164}");
        }
        for (line, expected) in [
            ("+5511987654321", Some("+551187654321")),
            ("+5491123456789", Some("+541123456789")),
            ("+551132654321", None),
            ("+5511932654321", None), // that would be a fixed line
            ("+447700900456", None),
            ("+5", None),
            ("", None),
        ] {
            assert_eq!(former(line).as_deref(), expected, "{line}");
        }
        let mexican = Some(String::from("+525555550199"));
        assert_eq!(without_mexican_one("+52 (1) 55 5555-0199"), mexican);
        for other in ["+525555550199", "5215555550199", "+52155555501990", "+1"] {
            assert_eq!(without_mexican_one(other), None, "{other}");
        }
    }
}
