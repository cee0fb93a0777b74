//! A record that is kept beyond its batch, with everything that reading it looks at.

use super::{Headers, Origin};
use crate::kafka::native::{Message, Record, header_of};
use rdkafka::message::{BorrowedMessage, Message as _};

/// Headers that are kept of one record.
const HEADERS_MAX: usize = 1_000;

/// The headers of a record.
#[derive(Clone, Default)]
pub struct KeptHeaders(Vec<KeptHeader>);

type KeptHeader = (Box<str>, Option<Box<[u8]>>);

impl KeptHeaders {
    /// All of them, in their order.
    #[must_use]
    pub fn of(headers: &dyn Headers) -> Self {
        let all = (0..HEADERS_MAX).map_while(|at| headers.get(at));
        Self(all.map(|(name, value)| (name.into(), value.map(Into::into))).collect())
    }

    /// The bytes of names and values.
    #[must_use]
    pub fn n_bytes(&self) -> usize {
        let bytes =
            |(name, value): &KeptHeader| name.len() + value.as_ref().map_or(0, |value| value.len());
        self.0.iter().map(bytes).sum()
    }
}

impl Headers for KeptHeaders {
    fn get(&self, at: usize) -> Option<(&str, Option<&[u8]>)> {
        self.0.get(at).map(|(name, value)| (&**name, value.as_deref()))
    }
}

impl Headers for Record<'_> {
    fn get(&self, at: usize) -> Option<(&str, Option<&[u8]>)> {
        self.header_at(at).map(named)
    }
}

impl Headers for Message<'_> {
    fn get(&self, at: usize) -> Option<(&str, Option<&[u8]>)> {
        self.header(at).map(named)
    }
}

struct Borrowed<'m>(&'m BorrowedMessage<'m>);

impl Headers for Borrowed<'_> {
    fn get(&self, at: usize) -> Option<(&str, Option<&[u8]>)> {
        header_of(self.0, at).map(named)
    }
}

/// What the value of a record came with.
pub(crate) fn origin_of<'r>(record: &'r Record<'_>) -> Origin<'r> {
    Origin { key: record.key, headers: record }
}

/// What is no text is the name of no header that anybody looks for.
fn named<'b>((name, value): (&'b [u8], Option<&'b [u8]>)) -> (&'b str, Option<&'b [u8]>) {
    (std::str::from_utf8(name).unwrap_or_default(), value)
}

/// A record. It holds what people say, so it has no `Debug`.
#[derive(Clone, Default)]
pub struct KeptRecord {
    /// Key; `None` is null, not empty.
    pub key: Option<Vec<u8>>,
    /// Value; `None` is null, not empty.
    pub value: Option<Vec<u8>>,
    /// Headers.
    pub headers: KeptHeaders,
}

impl KeptRecord {
    /// A copy.
    #[must_use]
    pub fn of(value: Option<&[u8]>, origin: Origin<'_>) -> Self {
        Self {
            key: origin.key.map(<[u8]>::to_vec),
            value: value.map(<[u8]>::to_vec),
            headers: KeptHeaders::of(origin.headers),
        }
    }

    /// A copy of a message that rdkafka handed out.
    #[must_use]
    pub fn of_message(message: &BorrowedMessage<'_>) -> Self {
        Self::of(message.payload(), Origin { key: message.key(), headers: &Borrowed(message) })
    }

    /// Hands out the record as its readers take it.
    pub fn read<'a, T>(&'a self, read: impl FnOnce(Option<&'a [u8]>, Origin<'a>) -> T) -> T {
        read(self.value.as_deref(), Origin { key: self.key.as_deref(), headers: &self.headers })
    }
}
