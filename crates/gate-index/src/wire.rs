//! Numbers and texts as bytes of values. Reading is strict: what ends too early or goes on is damage.

/// Appends a number in as few bytes as it needs.
pub(crate) fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        // the low seven bits, and a sign that more comes
        out.push((number & 0x7F) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Appends a number that may be negative.
pub(crate) fn put_signed(out: &mut Vec<u8>, number: i64) {
    put_number(out, ((number << 1) ^ (number >> 63)).cast_unsigned());
}

/// Appends bytes with their length.
pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends a text that may be absent.
pub(crate) fn put_text(out: &mut Vec<u8>, text: Option<&str>) {
    match text {
        None => out.push(0),
        Some(text) => {
            put_number(out, text.len() as u64 + 1);
            out.extend_from_slice(text.as_bytes());
        }
    }
}

/// Reads from the front of a value.
pub(crate) struct Wire<'a>(pub(crate) &'a [u8]);

impl<'a> Wire<'a> {
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    pub(crate) fn number(&mut self) -> Option<u64> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7F);
            // the tenth byte has room for one bit
            if shift == 63 && bits > 1 {
                return None;
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    pub(crate) fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    pub(crate) fn small(&mut self) -> Option<u32> {
        self.number()?.try_into().ok()
    }

    pub(crate) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let len = usize::try_from(self.number()?).ok()?;
        self.take(len)
    }

    /// A text that may be absent.
    pub(crate) fn text(&mut self) -> Option<Option<&'a str>> {
        let Some(len) = self.number()?.checked_sub(1) else {
            return Some(None);
        };
        let text = self.take(usize::try_from(len).ok()?)?;
        std::str::from_utf8(text).ok().map(Some)
    }

    /// `Some` when nothing is left.
    pub(crate) fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts_read_back_and_no_prefix_of_them_does() {
        let mut out = Vec::new();
        let numbers = [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX];
        let signed = [0, -1, 1, i64::MIN, i64::MAX, -1_000_000];
        numbers.iter().for_each(|number| put_number(&mut out, *number));
        signed.iter().for_each(|number| put_signed(&mut out, *number));
        put_text(&mut out, None);
        put_text(&mut out, Some("é"));
        put_bytes(&mut out, b"xy");
        let read = |bytes: &[u8]| -> Option<()> {
            let mut wire = Wire(bytes);
            for number in numbers {
                (wire.number()? == number).then_some(())?;
            }
            for number in signed {
                (wire.signed()? == number).then_some(())?;
            }
            (wire.text()?.is_none() && wire.text()? == Some("é")).then_some(())?;
            (wire.bytes()? == b"xy").then_some(())?;
            wire.end()
        };
        assert_eq!(read(&out), Some(()));
        for end in 0..out.len() {
            assert_eq!(read(&out[..end]), None, "{end}");
        }
        assert_eq!(Wire(&[0xFF; 11]).number(), None);
    }
}
