//! A table of values: what the producer writes, and what that is for us.

use crate::raw::Raw;
use crate::target::Set;
use gate_codec::Class;

/// What a row gives.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Given {
    /// A text.
    Text(Box<str>),
    /// A flag.
    Flag(bool),
    /// Nothing: the field stays absent.
    Absent,
}

/// A table.
#[derive(Clone, Debug)]
pub(crate) enum Table {
    /// Rows in the order of their values, and what stands for any other.
    Rows { rows: Vec<(Box<str>, Given)>, otherwise: Option<Given> },
    /// Our own names stand for themselves.
    Ours(Set),
}

/// What a table says of a value.
pub(crate) enum Said<'t> {
    Given(&'t Given),
    Own(&'static str),
}

impl Table {
    pub(crate) fn look_up(&self, raw: &Raw<'_>) -> Result<Said<'_>, Class> {
        let mut digits = [0; DIGITS];
        let text = written(raw, &mut digits).ok_or(Class::WrongType)?;
        match self {
            Self::Ours(set) => set.own(text).map(Said::Own).ok_or(Class::UnknownSymbol),
            Self::Rows { rows, otherwise } => {
                let row = rows.binary_search_by(|(value, _)| (**value).cmp(text));
                let given = row.ok().and_then(|at| rows.get(at)).map(|(_, given)| given);
                given.or(otherwise.as_ref()).map(Said::Given).ok_or(Class::UnknownSymbol)
            }
        }
    }
}

/// Digits of the longest number, with its sign.
const DIGITS: usize = 20;

/// A value as it is written in a table; `None` when it cannot stand there.
fn written<'r>(raw: &'r Raw<'_>, digits: &'r mut [u8; DIGITS]) -> Option<&'r str> {
    match raw {
        Raw::Text(text) => Some(text.trim()),
        Raw::Flag(true) => Some("true"),
        Raw::Flag(false) => Some("false"),
        Raw::Unwritten => Some("0"),
        Raw::Whole(number) => digits_of(number.unsigned_abs(), *number < 0, digits),
        Raw::Great(number) => digits_of(*number, false, digits),
        Raw::Absent | Raw::Fraction(_) | Raw::Structure | Raw::Elsewhere => None,
    }
}

/// Whether a value is one of these.
pub(crate) fn is_one_of(raw: &Raw<'_>, values: &[Box<str>]) -> Option<bool> {
    let mut digits = [0; DIGITS];
    let text = written(raw, &mut digits)?;
    Some(values.iter().any(|value| **value == *text))
}

fn digits_of(mut number: u64, is_negative: bool, digits: &mut [u8; DIGITS]) -> Option<&str> {
    let mut at = DIGITS;
    loop {
        at = at.checked_sub(1)?;
        let digit = u8::try_from(number % 10).ok()?;
        *digits.get_mut(at)? = b'0' + digit;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    if is_negative {
        at = at.checked_sub(1)?;
        *digits.get_mut(at)? = b'-';
    }
    std::str::from_utf8(digits.get(at..)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_write_them() {
        for number in [0, 7, -1, i64::MAX, i64::MIN, 1_000_000] {
            let mut digits = [0; DIGITS];
            assert_eq!(written(&Raw::Whole(number), &mut digits), Some(&*number.to_string()));
        }
        let mut digits = [0; DIGITS];
        assert_eq!(written(&Raw::Great(u64::MAX), &mut digits), Some("18446744073709551615"));
    }
}
