//! Bytes of a file as UTF-8: a byte order mark is taken away, and UTF-16 that has one is turned into UTF-8.

/// The encoding, once it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Encoding {
    /// Too little was seen.
    #[default]
    Unknown,
    Utf8,
    Utf16 {
        is_big: bool,
    },
}

/// Decodes pieces of any length.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    encoding: Encoding,
    /// Bytes of a unit or pair that is not whole yet.
    rest: Vec<u8>,
}

impl Decoder {
    /// The next piece as UTF-8; what is UTF-8 already is passed on and judged field by field.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Vec<u8>, &'static str> {
        let mut input = std::mem::take(&mut self.rest);
        input.extend_from_slice(bytes);
        if self.encoding == Encoding::Unknown {
            let (encoding, n_mark) = match input.as_slice() {
                [0xff, 0xfe, ..] => (Encoding::Utf16 { is_big: false }, 2),
                [0xfe, 0xff, ..] => (Encoding::Utf16 { is_big: true }, 2),
                [0xef, 0xbb, 0xbf, ..] => (Encoding::Utf8, 3),
                // a mark may still come
                [] | [0xff | 0xfe | 0xef] | [0xef, 0xbb] => {
                    self.rest = input;
                    return Ok(Vec::new());
                }
                _ => (Encoding::Utf8, 0),
            };
            self.encoding = encoding;
            input.drain(..n_mark);
        }
        match self.encoding {
            Encoding::Utf16 { is_big } => self.utf16(&input, is_big),
            Encoding::Utf8 | Encoding::Unknown => Ok(input),
        }
    }

    fn utf16(&mut self, input: &[u8], is_big: bool) -> Result<Vec<u8>, &'static str> {
        let unit = |pair: &[u8]| match pair {
            [a, b] if is_big => u16::from_be_bytes([*a, *b]),
            [a, b] => u16::from_le_bytes([*a, *b]),
            _ => 0,
        };
        let mut whole = input.len() - input.len() % 2;
        let is_high = |unit: u16| (0xd800..0xdc00).contains(&unit);
        let last = whole.checked_sub(2).and_then(|at| input.get(at..whole)).map(unit);
        if last.is_some_and(is_high) {
            whole -= 2; // its other half is still to come
        }
        let (now, later) = input.split_at_checked(whole).unwrap_or((input, &[]));
        self.rest = later.to_vec();
        let text: Result<String, _> = char::decode_utf16(now.chunks_exact(2).map(unit)).collect();
        text.map(String::into_bytes).map_err(|_| "it is no UTF-16, though it begins so")
    }

    /// Whether something is left that is no whole character.
    pub(super) fn is_cut(&self) -> bool {
        !self.rest.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_in_any_pieces() {
        let text = "email\n\u{e9}\u{1f600}@example.com\n";
        let utf16: Vec<u16> = std::iter::once(0xfeff).chain(text.encode_utf16()).collect();
        let files: [Vec<u8>; 4] = [
            text.as_bytes().to_vec(),
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            utf16.iter().flat_map(|unit| unit.to_le_bytes()).collect(),
            utf16.iter().flat_map(|unit| unit.to_be_bytes()).collect(),
        ];
        for file in &files {
            for size in 1..6 {
                let mut decoder = Decoder::default();
                let pieces = file.chunks(size).map(|piece| decoder.push(piece).unwrap());
                let whole = pieces.collect::<Vec<_>>().concat();
                assert_eq!(whole, text.as_bytes(), "{size}");
                assert!(!decoder.is_cut());
            }
        }
        let mut decoder = Decoder::default();
        assert!(decoder.push(b"\xff\xfe\x00\xdc\x00\xdc").is_err());
    }
}
