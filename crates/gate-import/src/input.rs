//! The bytes of a file as UTF-8: unpacked by their magic, hashed as they come, decoded.
//!
//! The digest covers what is unpacked, before decoding: that of `sha256sum FILE`, of a packed file that of `zcat FILE |
//! sha256sum`, so a list is the same list however it was packed.

use crate::limits::{CHUNK_BYTES, UNPACKED_BYTES_MAX};
use crate::problem::ImportError;
use encoding_rs::Encoding;
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::io::{self, BufReader, Cursor, Read};

/// What a file holds: the SHA-256 of its unpacked bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl TryFrom<String> for Digest {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let mut bytes = [0; 32];
        let is_hex = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_hex {
            return Err("a digest is 64 hexadecimal digits");
        }
        for (at, byte) in bytes.iter_mut().enumerate() {
            let pair = text.get(2 * at..2 * at + 2).unwrap_or_default();
            *byte = u8::from_str_radix(pair, 16).map_err(|_| "no digest")?;
        }
        Ok(Self(bytes))
    }
}

/// A reader that counts.
struct Counted<R> {
    inner: R,
    n_bytes: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(into)?;
        self.n_bytes = self.n_bytes.saturating_add(n as u64);
        Ok(n)
    }
}

type Begun<R> = io::Chain<Cursor<Vec<u8>>, Counted<R>>;

enum Packed<R: Read> {
    Plain(Begun<R>),
    Gzip(Box<flate2::read::MultiGzDecoder<Begun<R>>>),
    Zstd(Box<zstd::stream::read::Decoder<'static, BufReader<Begun<R>>>>),
}

impl<R: Read> Packed<R> {
    fn of(mut inner: R) -> io::Result<Self> {
        let mut magic = Vec::with_capacity(4);
        inner.by_ref().take(4).read_to_end(&mut magic)?;
        let is_gzip = magic.starts_with(&[0x1f, 0x8b]);
        let is_zstd = magic.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]);
        let is_zip = magic.starts_with(b"PK\x03\x04");
        let n_bytes = magic.len() as u64;
        let begun = Cursor::new(magic).chain(Counted { inner, n_bytes });
        Ok(match (is_gzip, is_zstd) {
            (true, _) => Self::Gzip(Box::new(flate2::read::MultiGzDecoder::new(begun))),
            (_, true) => Self::Zstd(Box::new(zstd::stream::read::Decoder::new(begun)?)),
            _ if is_zip => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "it is a ZIP archive or an Excel workbook; unpack it, or save it as CSV UTF-8",
                ));
            }
            _ => Self::Plain(begun),
        })
    }

    fn counted(&self) -> &Counted<R> {
        let begun = match self {
            Self::Plain(begun) => begun,
            Self::Gzip(packed) => packed.get_ref(),
            Self::Zstd(packed) => packed.get_ref().get_ref(),
        };
        begun.get_ref().1
    }
}

impl<R: Read> Read for Packed<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(inner) => inner.read(into),
            Self::Gzip(inner) => inner.read(into),
            Self::Zstd(inner) => inner.read(into),
        }
    }
}

/// The unpacked and decoded bytes of a file, in pieces.
pub(crate) struct Input<R: Read> {
    packed: Packed<R>,
    hasher: Sha256,
    n_unpacked: u64,
    chunk: Vec<u8>,
    /// `None` for UTF-8, which is passed on as it is: a row that is none is that row's problem.
    decoder: Option<encoding_rs::Decoder>,
    is_begun: bool,
    is_over: bool,
}

impl<R: Read> Input<R> {
    /// Looks at the magic. `encoding` is the one that was named; a byte order mark says it as well.
    pub(crate) fn open(inner: R, encoding: Option<&'static Encoding>) -> Result<Self, ImportError> {
        let decoder = encoding
            .filter(|encoding| *encoding != encoding_rs::UTF_8)
            .map(Encoding::new_decoder_with_bom_removal);
        Ok(Self {
            packed: Packed::of(inner)?,
            hasher: Sha256::new(),
            n_unpacked: 0,
            chunk: vec![0; CHUNK_BYTES],
            decoder,
            is_begun: false,
            is_over: false,
        })
    }

    /// Bytes that were read of the file itself, packed as it is: for progress.
    pub(crate) fn n_bytes_read(&self) -> u64 {
        self.packed.counted().n_bytes
    }

    /// The digest of all that was read.
    pub(crate) fn digest(&self) -> Digest {
        Digest(self.hasher.clone().finalize().into())
    }

    /// Appends the next piece to `out`; `false` at the end.
    pub(crate) fn fill(&mut self, out: &mut Vec<u8>) -> Result<bool, ImportError> {
        if self.is_over {
            return Ok(false);
        }
        let n = self.read_chunk()?;
        let piece = self.chunk.get(..n).unwrap_or_default();
        self.hasher.update(piece);
        self.n_unpacked = self.n_unpacked.saturating_add(n as u64);
        if self.n_unpacked > UNPACKED_BYTES_MAX {
            return Err(ImportError::Other("the file unpacks to more than a terabyte; split it"));
        }
        self.is_over = n == 0;
        let n_mark = if std::mem::replace(&mut self.is_begun, true) { 0 } else { self.begin(n)? };
        let rest = self.chunk.get(n_mark..n).unwrap_or_default();
        match &mut self.decoder {
            None => out.extend_from_slice(rest),
            Some(decoder) => decode(decoder, rest, self.is_over, out),
        }
        Ok(!self.is_over)
    }

    /// A whole chunk, unless the file ends: what a mark or a header says must lie in the first.
    fn read_chunk(&mut self) -> Result<usize, ImportError> {
        let mut n = 0;
        while let Some(rest) = self.chunk.get_mut(n..).filter(|rest| !rest.is_empty()) {
            match self.packed.read(rest) {
                Ok(0) => break,
                Ok(more) => n += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(n)
    }

    /// What the first bytes say about the encoding, and how many of them do.
    fn begin(&mut self, n: usize) -> Result<usize, ImportError> {
        let piece = self.chunk.get(..n).unwrap_or_default();
        if self.decoder.is_some() {
            return Ok(0);
        }
        let Some((encoding, n_mark)) = Encoding::for_bom(piece) else {
            // one or two are a row's problem; in UTF-16 every other byte of plain text is one
            let looked_at = piece.get(..512).unwrap_or(piece);
            if looked_at.iter().filter(|byte| **byte == 0).count() > looked_at.len() / 4 {
                return Err(ImportError::shape(
                    "the file holds zero bytes: it is UTF-16 without a mark, or no text",
                    "name `encoding: utf-16le` or `utf-16be`, or export it as UTF-8",
                ));
            }
            return Ok(0);
        };
        if encoding != encoding_rs::UTF_8 {
            self.decoder = Some(encoding.new_decoder_without_bom_handling());
        }
        Ok(n_mark)
    }
}

/// Appends a piece as UTF-8; what is no text becomes U+FFFD, which a row is refused for.
fn decode(decoder: &mut encoding_rs::Decoder, mut piece: &[u8], is_last: bool, out: &mut Vec<u8>) {
    let mut text = String::with_capacity(
        decoder.max_utf8_buffer_length(piece.len()).unwrap_or(piece.len().saturating_mul(3)),
    );
    loop {
        let (result, n_read, _) = decoder.decode_to_string(piece, &mut text, is_last);
        piece = piece.get(n_read..).unwrap_or_default();
        if result == encoding_rs::CoderResult::InputEmpty {
            break;
        }
        text.reserve(CHUNK_BYTES);
    }
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn read(bytes: &[u8], encoding: Option<&'static Encoding>) -> (Vec<u8>, String) {
        let mut input = Input::open(bytes, encoding).unwrap();
        let mut out = Vec::new();
        while input.fill(&mut out).unwrap() {}
        assert_eq!(input.n_bytes_read(), bytes.len() as u64);
        (out, input.digest().to_string())
    }

    #[test]
    fn a_list_is_the_same_however_it_is_packed() {
        let plain = "mail\nana@example.net\n".repeat(40_000).into_bytes();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&plain[..100_000]).unwrap();
        let mut members = gzip.finish().unwrap();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&plain[100_000..]).unwrap();
        members.extend(gzip.finish().unwrap());
        let zstd = zstd::encode_all(&plain[..], 1).unwrap();
        let expected = read(&plain, None);
        assert_eq!(expected.0, plain);
        assert!(read(&members, None) == expected);
        assert!(read(&zstd, None) == expected);
    }

    #[test]
    fn encodings() {
        let utf16 = |big: bool, mark: bool| -> Vec<u8> {
            let text = if mark { "\u{feff}M\u{fc}ller" } else { "M\u{fc}ller" };
            let unit = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
            text.encode_utf16().flat_map(unit).collect()
        };
        let expected = "M\u{fc}ller".as_bytes();
        assert_eq!(read(&utf16(true, true), None).0, expected);
        assert_eq!(read(&utf16(false, true), None).0, expected);
        assert_eq!(read(&utf16(false, false), Some(encoding_rs::UTF_16LE)).0, expected);
        assert_eq!(read(b"\xef\xbb\xbfM\xc3\xbcller", None).0, expected);
        assert_eq!(read(b"M\xfcller", Some(encoding_rs::WINDOWS_1252)).0, expected);
        assert_eq!(read(b"M\xfcller", None).0, b"M\xfcller");
        let unmarked = utf16(false, false);
        let mut input = Input::open(&unmarked[..], None).unwrap();
        assert!(matches!(input.fill(&mut Vec::new()), Err(ImportError::Shape { .. })));
    }

    #[test]
    fn damage_is_an_error() {
        let mut packed = zstd::encode_all(&b"mail\n"[..], 1).unwrap();
        packed.truncate(packed.len() - 2);
        let mut input = Input::open(&packed[..], None).unwrap();
        let mut out = Vec::new();
        assert!(matches!(
            std::iter::repeat_with(|| input.fill(&mut out)).find(|it| !matches!(it, Ok(true))),
            Some(Err(ImportError::Read(_)))
        ));
        assert!(Input::open(&b"PK\x03\x04rest"[..], None).is_err());
    }

    #[test]
    fn a_digest_as_text() {
        let digest = Digest([0xa7; 32]);
        assert_eq!(Digest::try_from(digest.to_string()), Ok(digest));
        for text in ["", "a7", &"g7".repeat(32), &"\u{e9}".repeat(32)] {
            assert!(Digest::try_from(text.to_owned()).is_err());
        }
    }
}
