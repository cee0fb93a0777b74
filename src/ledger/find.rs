//! An entry by what it is about, and its proof.

use super::follow::raw;
use super::leaf::content_of;
use super::{LedgerError, Storage};
use crate::config::Config;
use crate::kafka::observer::Observer;
use gate_ledger::{
    Checkpoint, Entry, Kind, Ledger, Proof, PublicKey, Signed, TILE_WIDTH, inclusion_path,
};
use std::time::Duration;

/// Longest wait for the record of an entry.
const RECORD_MAX: Duration = Duration::from_secs(20);

/// What an entry is looked for by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The message that was decided about: `outbound-message/3/42`.
    Source(String),
    /// The consent change: topic, partition, offset.
    Change(String, i32, i64),
}

impl Wanted {
    fn is(&self, entry: &Entry) -> bool {
        match self {
            Self::Source(source) => {
                entry.kind == Kind::Decision && entry.about.as_ref() == Some(source)
            }
            Self::Change(topic, partition, offset) => {
                let place = &entry.place;
                entry.kind == Kind::Change
                    && (&place.topic, place.partition, place.offset) == (topic, *partition, *offset)
            }
        }
    }

    /// Bytes that its line has in it, which is looked for before a line is read.
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Source(source) => format!(" {source} ").into_bytes(),
            Self::Change(topic, partition, offset) => {
                format!("change {topic}/{partition}/{offset}/0 ").into_bytes()
            }
        }
    }
}

/// The proof of the newest such entry; `None` when the ledger has none. `kafka`: with what it says, if that is still there.
///
/// # Errors
/// The ledger cannot be read, or Kafka.
pub fn prove(
    store: &Storage,
    key: &PublicKey,
    wanted: &Wanted,
    kafka: Option<&Config>,
) -> Result<Option<Proof>, LedgerError> {
    let ledger = Ledger::new(store, key);
    let Some(newest) = ledger.latest()? else { return Ok(None) };
    let size = newest.checkpoint.size;
    let Some((index, entry)) = find(&ledger, wanted, size)? else { return Ok(None) };
    let number = index / TILE_WIDTH;
    let width = (size - number * TILE_WIDTH).min(TILE_WIDTH);
    let nth = usize::try_from(index % TILE_WIDTH).unwrap_or(usize::MAX);
    let salt = ledger.salts(number, width)?.get(nth).copied().filter(|salt| !salt.is_deleted());
    let mut said = None;
    if let Some(config) = kafka {
        let place = &entry.place;
        let observer = Observer::of(config);
        observer.first_shown(
            &place.topic,
            place.partition,
            place.offset,
            RECORD_MAX,
            &mut |record| {
                if record.offset == place.offset {
                    said = content_of(&entry, &raw(record));
                }
            },
        )?;
    }
    // what does not fit is no part of a proof; `verify` says what was done
    let said = said.filter(|said| salt.is_some_and(|salt| said.is_said_by(&entry, &salt)));
    let content = said.and_then(|said| serde_json::from_slice(&said.content).ok());
    let path = inclusion_path(&ledger, index, size)?;
    Ok(Some(Proof { index, entry, salt, content, path, checkpoint: newest, key: key.clone() }))
}

fn find(
    ledger: &Ledger<'_>,
    wanted: &Wanted,
    size: u64,
) -> Result<Option<(u64, Entry)>, LedgerError> {
    let bytes = wanted.bytes();
    let (from, to) = match wanted {
        Wanted::Source(_) => (0, size),
        Wanted::Change(topic, partition, offset) => {
            match covering(ledger, &(topic.clone(), *partition), *offset)? {
                Some((before, covers)) => (before, covers.size),
                None => return Ok(None),
            }
        }
    };
    // from the end: of several the newest counts, and what is asked for is mostly young
    for number in (from / TILE_WIDTH..to.div_ceil(TILE_WIDTH)).rev() {
        let width = (size - number * TILE_WIDTH).min(TILE_WIDTH);
        let lines = ledger.entries(number, width)?;
        for (nth, line) in lines.into_iter().enumerate().rev() {
            let has = line.windows(bytes.len()).any(|window| window == bytes);
            if let Some(entry) =
                has.then(|| Entry::parse(&line)).flatten().filter(|it| wanted.is(it))
            {
                return Ok(Some((number * TILE_WIDTH + nth as u64, entry)));
            }
        }
    }
    Ok(None)
}

/// The first checkpoint that covers an offset, and the leaves before it.
fn covering(
    ledger: &Ledger<'_>,
    partition: &(String, i32),
    offset: i64,
) -> Result<Option<(u64, Checkpoint)>, LedgerError> {
    let Some(Signed { checkpoint: newest, .. }) = ledger.latest()? else { return Ok(None) };
    let covers = |it: &Checkpoint| it.positions.get(partition).is_some_and(|next| *next > offset);
    if !covers(&newest) {
        return Ok(None);
    }
    let (mut low, mut high, mut found) = (0, newest.ordinal, newest);
    while low < high {
        let middle = low + (high - low) / 2;
        match ledger.checkpoint(middle)? {
            Some(Signed { checkpoint, .. }) if covers(&checkpoint) => {
                (high, found) = (middle, checkpoint);
            }
            _ => low = middle + 1,
        }
    }
    let before = match found.ordinal.checked_sub(1) {
        Some(before) => ledger.checkpoint(before)?.map_or(0, |it| it.checkpoint.size),
        None => 0,
    };
    Ok(Some((before, found)))
}
