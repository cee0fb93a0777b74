//! A statement about one person in one lane, of either side: what is sorted, spilled to files and merged.
//!
//! A row takes 33 bytes on disk, and its address: 50 million people with a refusal and a consent each are 3.3 GB, and memory
//! holds one run ([`crate::RUN_BYTES_MAX`]) whatever the number. Rows order by person first.

use crate::entry::Entry;
use crate::frame::{Frame, Lane};
use crate::kind::Kind;
use crate::limits::SMTP_BYTES_MAX;
use gate_core::{ADDRESS_BYTES_MAX, CanonicalAddress, SubjectKey, Timestamp};
use std::fmt;
use std::io::{self, Read};

/// Who says what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Said {
    /// The provider's list.
    There = 1,
    /// We: refused.
    Refused = 2,
    /// We: consent was proven; in lane `Closed`: that the address reaches the person.
    Agreed = 3,
    /// We: the address of this person.
    Known = 4,
}

/// One statement. `Debug` shows nobody.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    /// Whom it is about.
    pub key: SubjectKey,
    /// Who says what.
    pub said: Said,
    /// What about.
    pub lane: Lane,
    /// Why.
    pub kind: Kind,
    /// Of a refusal of ours: it reaches messages that are no marketing too.
    pub is_whole: bool,
    /// Of a refusal of ours: it may be written to the provider.
    pub is_writable: bool,
    /// When.
    pub at: Option<Timestamp>,
    /// The address, where it is known. Personal data.
    pub address: Option<Box<str>>,
    /// Of a bounce: what the mail server said.
    pub smtp: Option<Box<str>>,
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row")
            .field("said", &self.said)
            .field("lane", &self.lane)
            .field("kind", &self.kind)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

impl Row {
    /// A statement of ours.
    #[must_use]
    pub const fn ours(
        key: SubjectKey,
        said: Said,
        lane: Lane,
        kind: Kind,
        at: Option<Timestamp>,
    ) -> Self {
        Self {
            key,
            said,
            lane,
            kind,
            is_whole: false,
            is_writable: false,
            at,
            address: None,
            smtp: None,
        }
    }

    /// That this address is a person's: without it nothing can be written to the provider. It is kept in the spelling that
    /// the gate compares by (a number as `+` and digits, a mail address without its name and brackets), which providers take.
    /// `None` when it is none of the channel's.
    pub fn known(
        frame: &Frame,
        address: &str,
        key: impl FnOnce(&CanonicalAddress) -> SubjectKey,
    ) -> Option<Self> {
        let canonical = frame.canonical(address)?;
        let row =
            Self::ours(key(&canonical), Said::Known, Lane::Everything, Kind::Unsubscribe, None);
        Some(Self { address: Some(canonical.expose().into()), ..row })
    }

    /// An entry of the provider's. `None` when its address is none of the channel's: count those, for they cannot be compared.
    pub fn there(
        frame: &Frame,
        entry: &Entry,
        key: impl FnOnce(&CanonicalAddress) -> SubjectKey,
    ) -> Option<Self> {
        let canonical = frame.canonical(&entry.address)?;
        let lane = frame.lane(entry);
        let kind = Kind::of(entry.reason, lane);
        let row = Self::ours(key(&canonical), Said::There, lane, kind, entry.at);
        let cut = |text: &str| {
            text.get(..text.floor_char_boundary(SMTP_BYTES_MAX)).unwrap_or_default().into()
        };
        let smtp = entry.smtp.as_deref().map(cut);
        Some(Self { address: Some(entry.address.clone()), smtp, ..row })
    }

    /// What it takes in memory, in bytes.
    pub(crate) fn size(&self) -> usize {
        let text = |text: &Option<Box<str>>| text.as_ref().map_or(0, |text| text.len() + 16);
        size_of::<Self>() + text(&self.address) + text(&self.smtp)
    }

    /// Appends it as [`Rows`] reads it.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.key.0);
        out.push(self.said as u8);
        out.extend_from_slice(&self.lane.code().to_le_bytes());
        out.push(self.kind as u8);
        let flags = [
            self.is_whole,
            self.is_writable,
            self.at.is_some(),
            self.address.is_some(),
            self.smtp.is_some(),
        ];
        out.push((0..).zip(flags).fold(0, |bits, (place, is)| bits | u8::from(is) << place));
        out.extend_from_slice(&self.at.unwrap_or_default().as_micros().to_le_bytes());
        for text in [&self.address, &self.smtp] {
            let text = text.as_deref().unwrap_or_default();
            // no address is longer than its bound, so nothing is cut that was canonical
            let text = text.get(..text.floor_char_boundary(ADDRESS_BYTES_MAX)).unwrap_or_default();
            out.extend_from_slice(&u16::try_from(text.len()).unwrap_or_default().to_le_bytes());
            out.extend_from_slice(text.as_bytes());
        }
    }
}

/// Rows as they were encoded, out of whatever the caller kept them in.
pub struct Rows<R>(R);

impl<R: Read> Rows<R> {
    /// Of a buffered reader.
    pub const fn new(input: R) -> Self {
        Self(input)
    }

    fn array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.0.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn text(&mut self) -> io::Result<Box<str>> {
        let length = usize::from(u16::from_le_bytes(self.array()?));
        if length > ADDRESS_BYTES_MAX {
            return Err(damaged());
        }
        let mut bytes = vec![0; length];
        self.0.read_exact(&mut bytes)?;
        String::from_utf8(bytes).map(Into::into).map_err(|_| damaged())
    }

    /// The next row; `None` at the end.
    fn row(&mut self) -> io::Result<Option<Row>> {
        let mut key = [0; 16];
        let mut filled = 0;
        while let Some(rest) = key.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.0.read(rest) {
                Ok(0) if filled == 0 => return Ok(None),
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(n) => filled += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let [said] = self.array()?;
        let lane = Lane::of_code(u16::from_le_bytes(self.array()?)).ok_or_else(damaged)?;
        let [kind, flags] = self.array()?;
        let at = i64::from_le_bytes(self.array()?);
        let (address, smtp) = (self.text()?, self.text()?);
        let has = |place: u8| flags & 1 << place != 0;
        let said = match said {
            1 => Said::There,
            2 => Said::Refused,
            3 => Said::Agreed,
            4 => Said::Known,
            _ => return Err(damaged()),
        };
        Ok(Some(Row {
            key: SubjectKey(key),
            said,
            lane,
            kind: Kind::of_code(kind).ok_or_else(damaged)?,
            is_whole: has(0),
            is_writable: has(1),
            at: has(2).then(|| Timestamp::from_micros(at)),
            address: has(3).then_some(address),
            smtp: has(4).then_some(smtp),
        }))
    }
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a spilled row is damaged: begin again")
}

impl<R: Read> Iterator for Rows<R> {
    type Item = io::Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        self.row().transpose()
    }
}
