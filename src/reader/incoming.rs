//! A record of the consent topic as it is understood: out of a batch, or kept while its partition stands at it.

use crate::kafka::native::Record;
use crate::reader::dead_letter::Place;
use crate::records::{Headers, KeptHeaders, Origin};
use gate_codec::{KEY_BYTES_MAX, Unreadable, told_by_headers};

/// Bytes of kept values altogether. A record beyond that is looked at again for its key alone, until a restart.
const KEPT_BYTES_MAX: usize = 16 << 20;

/// A record that is looked at.
#[derive(Clone, Copy)]
pub(super) struct Incoming<'r> {
    pub(super) partition: i32,
    pub(super) offset: i64,
    pub(super) timestamp_ms: i64,
    pub(super) is_dated_by_broker: bool,
    pub(super) key: Option<&'r [u8]>,
    pub(super) value: Option<&'r [u8]>,
    look: Look<'r>,
}

/// Whether it is looked at for the first time.
#[derive(Clone, Copy)]
enum Look<'r> {
    First(Record<'r>),
    /// It is in the dead letter topic and counted. Why at the first look, and whether value and headers are at hand.
    Again {
        why: Unreadable,
        is_whole: bool,
        headers: &'r KeptHeaders,
    },
}

impl Headers for Incoming<'_> {
    fn get(&self, at: usize) -> Option<(&str, Option<&[u8]>)> {
        match &self.look {
            Look::First(record) => record.get(at),
            Look::Again { headers, .. } => headers.get(at),
        }
    }
}

impl<'r> Incoming<'r> {
    pub(super) fn of(record: &Record<'r>) -> Self {
        Self {
            partition: record.partition,
            offset: record.offset,
            timestamp_ms: record.timestamp_ms,
            is_dated_by_broker: record.is_dated_by_broker,
            key: record.key,
            value: record.value,
            look: Look::First(*record),
        }
    }

    /// What its value came with.
    pub(super) fn origin(&self) -> Origin<'_> {
        Origin { key: self.key, headers: self }
    }

    pub(super) fn place(&self) -> Place {
        (self.partition, self.offset)
    }

    /// Whether it has been looked at before: then it is put aside and counted.
    pub(super) fn is_again(&self) -> bool {
        matches!(self.look, Look::Again { .. })
    }

    /// Why it cannot be read when its value is not at hand.
    pub(super) fn why_without_value(&self) -> Option<Unreadable> {
        match self.look {
            Look::Again { why, is_whole: false, .. } => Some(why),
            Look::Again { is_whole: true, .. } | Look::First(_) => None,
        }
    }

    /// The same with what its headers tell.
    pub(super) fn told(&self, why: Unreadable) -> Unreadable {
        match self.look {
            Look::First(record) => told_by_headers(why, |name| record.header(name).is_some()),
            Look::Again { why, .. } => why,
        }
    }
}

/// A record that is kept while its partition stands at it, because nobody knows whose it is.
pub(super) struct Kept {
    offset: i64,
    timestamp_ms: i64,
    is_dated_by_broker: bool,
    why: Unreadable,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: KeptHeaders,
    is_whole: bool,
}

impl Kept {
    /// Keeps what may be of use later, beside so many bytes that are kept already.
    pub(super) fn of(record: &Incoming<'_>, why: Unreadable, n_bytes_kept: usize) -> Self {
        let key = record.key.filter(|key| key.len() <= KEY_BYTES_MAX);
        let headers = KeptHeaders::of(record);
        let n_bytes = record.value.map_or(0, <[u8]>::len) + headers.n_bytes();
        // without its key a mapping might read it as something else
        let is_whole =
            n_bytes_kept + n_bytes <= KEPT_BYTES_MAX && key.is_some() == record.key.is_some();
        Self {
            offset: record.offset,
            timestamp_ms: record.timestamp_ms,
            is_dated_by_broker: record.is_dated_by_broker,
            why,
            key: key.map(<[u8]>::to_vec),
            value: record.value.filter(|_| is_whole).map(<[u8]>::to_vec),
            headers: if is_whole { headers } else { KeptHeaders::default() },
            is_whole,
        }
    }

    pub(super) fn n_bytes(&self) -> usize {
        self.value.as_ref().map_or(0, Vec::len) + self.headers.n_bytes()
    }

    pub(super) fn offset(&self) -> i64 {
        self.offset
    }

    /// The record once more.
    pub(super) fn incoming(&self, partition: i32) -> Incoming<'_> {
        Incoming {
            partition,
            offset: self.offset,
            timestamp_ms: self.timestamp_ms,
            is_dated_by_broker: self.is_dated_by_broker,
            key: self.key.as_deref(),
            value: self.value.as_deref(),
            look: Look::Again { why: self.why, is_whole: self.is_whole, headers: &self.headers },
        }
    }
}
